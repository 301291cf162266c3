//! The drift monitor, what it is told, and what of it is kept and sent.

use core::convert::Infallible;
use core::hint::black_box;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use segmeter_core::Result;
use segmeter_core::drift::gate::{fingerprint, sketch_is_valid};
use segmeter_core::drift::{
    Baseline, CalibrationMap, EstimatedIou, Facts, Invalid, Monitor, Outline, Packet, Profile, Reasons,
    Reference, Schedule, Signal, Signals, Site, Snapshot, State, Verdict, against_rest,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::pack_codes;
use segmeter_core::sketch::CODES;
use segmeter_core::view::Quantised;
use segmeter_firmware::persistence::Store;

use super::{either, quantiser, shape, sketch, unknown, unknown_mut};

/// A flash that forgets.
struct Flash;

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;
    fn read(&mut self, _: u32, bytes: &mut [u8]) -> core::result::Result<(), Infallible> {
        black_box(bytes);
        Ok(())
    }
    fn capacity(&self) -> usize {
        black_box(1 << 20)
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;
    fn erase(&mut self, _: u32, _: u32) -> core::result::Result<(), Infallible> {
        Ok(())
    }
    fn write(&mut self, _: u32, bytes: &[u8]) -> core::result::Result<(), Infallible> {
        black_box(bytes);
        Ok(())
    }
}

pub(super) fn all() -> Result<()> {
    let profile = profile()?;
    let mut monitor = black_box(Monitor::new());
    observe(&mut monitor, &profile)?;
    orders(&mut monitor, &profile)?;
    kept(&monitor, &profile)?;
    sent(&monitor, profile.fingerprint())
}

fn profile() -> Result<Profile> {
    let mut record = black_box([0; Profile::RECORD_LEN]);
    let mut profile = Profile::read(unknown(&record))?;
    profile.set(unknown(&record))?;
    black_box(Profile::quantiser_of(unknown(&record))?);
    let (_, table) = sketch()?;
    profile.calibration = if either() {
        CalibrationMap::network(&table)
    } else {
        CalibrationMap::from_parts(black_box([0; CODES]), black_box([0; CODES]), either())?
    };
    let map = &profile.calibration;
    black_box((map.probability(), map.deviation(), map.is_learnt()));
    profile.reference = Reference::new(black_box([1; CODES]))?;
    profile.quantiser = quantiser()?;
    let blocks = unknown(&[Q16::ZERO; 4]).iter().copied();
    for baseline in &mut profile.baselines {
        *baseline = Baseline::of(blocks.clone()).unwrap_or_default();
    }
    profile.check()?;
    profile.write(unknown_mut(&mut record))?;
    Ok(profile)
}

fn observe(monitor: &mut Monitor, profile: &Profile) -> Result<()> {
    let (sketch, table) = sketch()?;
    let mut outline = Outline::new(shape()?);
    let (above, mut row) = ([0; 4], [0; 4]);
    pack_codes(unknown(&[0_i8; 99]), &profile.quantiser, unknown_mut(&mut row))?;
    outline.push_row(unknown(&above), unknown(&row));
    let frame = Quantised::new(shape()?, unknown(&[0_i8; 15]), profile.quantiser)?;
    black_box((Outline::of(&frame, unknown_mut(&mut row))?, Outline::scratch_len(black_box(9))));
    let sum = || black_box(1_u32);
    black_box(Outline::from_sums(shape()?, sum(), sum(), sum().into())?);
    black_box((
        outline.road(),
        outline.boundary(),
        outline.boundary_density(),
        outline.relative_centroid_row(),
        outline.rows(),
        outline.shape(),
    ));
    let signals = Signals::new(&sketch, &outline, &table, profile).unwrap_or_default();
    let signal = black_box(Signal::RoadMargin);
    black_box((
        signals.get(signal),
        signal.side().of(black_box(Q16::ONE)),
        signal.charted(black_box(Q16::ONE)),
    ));
    let mut codes = [0; 15];
    against_rest(unknown(&[0_i8; 15]), black_box(3), unknown_mut(&mut codes))?;
    black_box(profile.identity.fits(black_box(1), black_box(2)));
    let facts =
        Facts { fingerprint: fingerprint(&sketch), time_ms: black_box(Some(1)), exposure_fault: either() };
    let valid = sketch_is_valid(&sketch);
    black_box(monitor.admit(&profile.rules, &facts).and(valid).is_ok());
    let estimate = EstimatedIou::new(&sketch, &profile.calibration, &table);
    black_box(EstimatedIou::mean(unknown(&[estimate; 3]).iter().copied()));
    black_box(Verdict::of_classes(unknown(&[monitor.verdict(); 3]).iter().copied()));
    let frame = if either() { Ok((&signals, estimate.as_ref())) } else { Err(Invalid::Missing) };
    monitor.observe(profile, frame);
    black_box(monitor.harm(profile));
    let verdict = monitor.watch(profile, &table, &sketch, &outline, facts).verdict;
    black_box((monitor.verdict(), monitor.scores(), monitor.valid_frames(), monitor.invalid_frames()));
    black_box((monitor.alarms(), verdict.state.name(), Invalid::name(black_box(Invalid::Gap))));
    black_box(Reasons::signals(verdict.reasons.factory).map(|s| (s.name().len(), s.group(), s.bit())).last());
    Ok(())
}

fn orders(monitor: &mut Monitor, profile: &Profile) -> Result<()> {
    monitor.acknowledge();
    monitor.capture_site();
    monitor.seal_site(profile)?;
    black_box((monitor.site() == Site::Sealed, monitor.site_blocks()));
    black_box(
        monitor.site_baseline(black_box(Signal::MeanEntropy)).map(|b| b.standardise(black_box(Q16::ONE))),
    );
    Ok(())
}

fn kept(monitor: &Monitor, profile: &Profile) -> Result<()> {
    let snapshot = Snapshot { sequence: black_box(7), profile: profile.fingerprint(), monitor: *monitor };
    let mut record = [0; Snapshot::LEN];
    snapshot.write(unknown_mut(&mut record))?;
    black_box(Snapshot::read(unknown(&record))?.is_newer(&snapshot));
    black_box(Monitor::lost());
    if let Ok(mut store) = Store::new(Flash, black_box([0, 4096])) {
        let _ = black_box(
            store.restore(Profile::fingerprint_of(unknown(&record))).map(|restored| restored == *monitor),
        );
        let _ = black_box(store.save(black_box(9), monitor));
    }
    Ok(())
}

fn sent(monitor: &Monitor, profile: u32) -> Result<()> {
    let packet = Packet::new(monitor, profile, black_box(Some(Q16::ONE)), black_box(1), black_box(2));
    black_box(packet.worst());
    black_box(Packet::read(unknown(&packet.bytes()))?);
    let mut schedule = black_box(Schedule::new(1000));
    black_box(schedule.is_due(black_box(9), black_box(State::Alarm)));
    Ok(())
}
