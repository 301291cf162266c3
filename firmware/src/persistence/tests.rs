//! A flash whose power fails at any byte.

use std::vec;
use std::vec::Vec;

use embedded_storage::nor_flash::{ErrorType, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use segmeter_core::drift::{
    Baseline, CalibrationMap, Cusum, Identity, Invalid, Profile, Reasons, Reference, Rules, SIGNALS, Signals,
};
use segmeter_core::num::Q16;
use segmeter_core::sketch::SigmoidTable;
use segmeter_core::view::Quantiser;

use super::*;

/// Two records to a sector.
const SECTOR: usize = 2 * ROOM + 100 - (2 * ROOM + 100) % 4;

struct Flash {
    bytes: Vec<u8>,
    /// Bytes that will still be written or erased.
    power: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Off;

impl NorFlashError for Off {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for &mut Flash {
    type Error = Off;
}

impl ReadNorFlash for &mut Flash {
    const READ_SIZE: usize = 1;
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Off> {
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for &mut Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), Off> {
        self.change(from as usize, &vec![0xff; (to - from) as usize], |_, new| new)
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Off> {
        // Bits only fall.
        self.change(offset as usize, bytes, |old, new| old & new)
    }
}

impl Flash {
    fn new() -> Self {
        Self { bytes: vec![0xff; 4 * SECTOR], power: usize::MAX }
    }

    fn change(&mut self, at: usize, new: &[u8], of: fn(u8, u8) -> u8) -> Result<(), Off> {
        let done = new.len().min(self.power);
        for (byte, new) in self.bytes[at..].iter_mut().zip(&new[..done]) {
            *byte = of(*byte, *new);
        }
        self.power -= done;
        if done == new.len() { Ok(()) } else { Err(Off) }
    }

    fn store(&mut self) -> Store<&mut Self> {
        Store::new(self, [SECTOR as u32, 3 * SECTOR as u32]).unwrap()
    }
}

fn profile() -> Profile {
    let quantiser = Quantiser::probabilities();
    Profile {
        identity: Identity { model: 1, mounting: 2, height: 4, width: 4, frames: 9, ..Identity::default() },
        quantiser,
        rules: Rules { block_frames: 1, ..Rules::DEFAULT },
        baselines: [Baseline { mean: Q16::ONE, deviation: Q16::ONE }; SIGNALS],
        charts: [Cusum { slack: Q16::ZERO, threshold: Q16::ONE }; SIGNALS],
        site_charts: [Cusum { slack: Q16::ZERO, threshold: Q16::ONE }; SIGNALS],
        watching: u8::MAX,
        correlations: [Q16::ZERO; SIGNALS],
        calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
        reference: Reference::new([1; 256]).unwrap(),
    }
}

/// A monitor after this many frames: no two are alike.
fn monitor(frames: u32) -> Monitor {
    let (profile, mut monitor) = (profile(), Monitor::new());
    for frame in 0..frames {
        let signals = Signals([Some(Q16::from_raw(frame as i32 * 1000)); SIGNALS]);
        monitor.observe(&profile, Ok((&signals, None)));
    }
    monitor
}

#[test]
fn what_was_kept_last_is_restored() {
    let (profile, mut flash) = (profile(), Flash::new());
    assert_eq!(
        flash.store().restore(profile.fingerprint()),
        Ok(Monitor::new()),
        "a blank flash has lost nothing"
    );
    for frames in 1..12 {
        let mut store = flash.store();
        store.restore(profile.fingerprint()).unwrap();
        store.save(profile.fingerprint(), &monitor(frames)).unwrap();
        assert_eq!(flash.store().restore(profile.fingerprint()), Ok(monitor(frames)), "{frames}");
    }
    let outside = |byte: &u8| *byte == 0xff;
    assert!(flash.bytes[..SECTOR].iter().chain(&flash.bytes[2 * SECTOR..3 * SECTOR]).all(outside));
}

#[test]
fn the_power_may_fail_at_any_byte() {
    let number = profile().fingerprint();
    // Six saves: two sectors are filled, and erased again.
    for power in 0..6 * ROOM + 3 * SECTOR {
        let mut flash = Flash::new();
        flash.power = power;
        let mut kept = 0;
        let mut store = flash.store();
        store.restore(number).unwrap();
        while kept < 6 && store.save(number, &monitor(kept + 1)).is_ok() {
            kept += 1;
        }
        flash.power = usize::MAX;
        let mut store = flash.store();
        let restored = store.restore(number).unwrap();
        let expected = match kept {
            // A record whose padding alone was cut is whole.
            0 => vec![Monitor::new(), Monitor::lost(), monitor(1)],
            kept => vec![monitor(kept), monitor(kept + 1)],
        };
        assert!(expected.contains(&restored), "{power}: {kept}");
        // And it goes on.
        for frames in 20..25 {
            store.save(number, &monitor(frames)).unwrap();
            assert_eq!(store.restore(number), Ok(monitor(frames)), "{power}");
        }
    }
}

#[test]
fn another_profile_or_damage_is_a_loss() {
    let (profile, mut flash) = (profile(), Flash::new());
    flash.store().save(profile.fingerprint(), &monitor(3)).unwrap();
    let mut other = profile.clone();
    other.identity.model = 99;
    let lost = flash.store().restore(other.fingerprint()).unwrap();
    assert_eq!((lost, lost.verdict().reasons.conditions), (Monitor::lost(), Reasons::STATE_LOST));
    assert_eq!(flash.store().restore(profile.fingerprint()), Ok(monitor(3)));
    flash.bytes[SECTOR + 20] ^= 1;
    flash.bytes[3 * SECTOR + 20] ^= 1;
    assert_eq!(flash.store().restore(profile.fingerprint()), Ok(Monitor::lost()));
}

#[test]
fn impossible_sectors() {
    let mut flash = Flash::new();
    for sectors in [[0, 0], [0, 7], [0, 4 * SECTOR as u32]] {
        assert!(matches!(Store::new(&mut flash, sectors), Err(Error::Layout)), "{sectors:?}");
    }
    let mut silent = monitor(2);
    silent.observe(&profile(), Err(Invalid::Missing));
    assert_ne!(silent, monitor(2), "invalid frames are kept as well");
}
