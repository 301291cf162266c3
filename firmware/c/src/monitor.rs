//! Drift without labels: what a monitor is, what is kept of it and what is sent.

use segmeter_core::drift::{
    self, Invalid, Outline, Packet, Profile, Reasons, SIGNALS, Site, Snapshot, State,
};
use segmeter_core::num::Q16;
use segmeter_core::view;

use crate::memory::{In, Out, Storage};
use crate::sketch::Quantiser;
use crate::status::{Status, of_record, status};

mod frame;
mod plain;

pub use frame::*;
pub use plain::*;

/// The widest row of a frame that a monitor takes.
pub const SGM_MAX_WIDTH: u32 = 1024;
/// Bytes of a profile: what `segmeter profile` writes.
pub const SGM_PROFILE_SIZE: usize = 2078;
/// Bytes of a snapshot: a monitor's memory, to be kept where the power may be cut.
pub const SGM_SNAPSHOT_SIZE: usize = 671;
/// Bytes of a packet.
pub const SGM_PACKET_SIZE: usize = 46;
/// Bytes of an `sgm_monitor`.
pub const SGM_MONITOR_SIZE: usize = 3328;

// What the header says must be what core has.
const _: () = {
    assert!(SGM_PROFILE_SIZE == Profile::RECORD_LEN);
    assert!(SGM_SNAPSHOT_SIZE == Snapshot::LEN);
    assert!(SGM_PACKET_SIZE == Packet::LEN);
    assert!(SGM_SIGNAL_COUNT == SIGNALS);
};

/// Words of a row of bits.
const ROW_WORDS: usize = SGM_MAX_WIDTH as usize / 32;

/// Storage for a drift monitor and the profile that it compares with. About 4 KiB.
#[repr(C, align(16))]
pub struct Monitor {
    /// Private.
    opaque: [u8; SGM_MONITOR_SIZE],
}

/// What is in a [`Monitor`].
pub struct MonitorState {
    profile: Profile,
    /// [`Profile::fingerprint`].
    fingerprint: u32,
    monitor: drift::Monitor,
    packets: u16,
    /// Of the last frame.
    estimated: Option<Q16>,
    frame: Option<Frame>,
    /// The mask of the row before, and of the row that is there.
    rows: [[u32; ROW_WORDS]; 2],
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for Monitor {
    type State = MonitorState;
    const KIND: u32 = 0x5347_4d01;
    const EMPTY: &'static MonitorState = &MonitorState {
        profile: Profile::EMPTY,
        fingerprint: 0,
        monitor: drift::Monitor::new(),
        packets: 0,
        estimated: None,
        frame: None,
        rows: [[0; ROW_WORDS]; 2],
    };
}

impl MonitorState {
    /// For codes of which network it is.
    pub(crate) const fn quantiser(&self) -> &view::Quantiser {
        &self.profile.quantiser
    }
}

/// What the codes of a profile's network mean: a device needs to know nothing else of it.
///
/// `profile` is a record of `length` bytes, `SGM_PROFILE_SIZE` or more.
///
/// Errors: of a record.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_profile_quantiser(profile: In<u8>, length: usize, quantiser: Out<Quantiser>) -> Status {
    let read = || {
        let found = Profile::quantiser_of(profile.slice(length)?).map_err(of_record)?;
        quantiser.write(Quantiser::of(&found))
    };
    status(read())
}

/// Makes a monitor in `monitor`, which is `size` bytes long (`sizeof`), with the profile that `segmeter profile` made on the
/// desk: a record of `length` bytes, `SGM_PROFILE_SIZE` or more, which is copied.
///
/// Errors: of storage; of a record: `SGM_ERROR_MAGIC`, `SGM_ERROR_VERSION`, `SGM_ERROR_LENGTH`, `SGM_ERROR_CHECKSUM`,
/// `SGM_ERROR_VALUE`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_init(
    mut monitor: Out<Monitor>,
    size: usize,
    profile: In<u8>,
    length: usize,
) -> Status {
    let mut make = || {
        let record = profile.slice(length)?;
        monitor.init(size, &[profile.span(length)], |state| {
            state.profile.set(record).map_err(of_record)?;
            state.fingerprint = Profile::fingerprint_of(record);
            Ok(())
        })
    };
    status(make())
}

/// The conclusion so far.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_verdict(monitor: In<Monitor>, verdict: Out<Verdict>) -> Status {
    status(monitor.state().and_then(|state| verdict.write(Verdict::of(state.monitor.verdict()))))
}

/// Somebody has seen the alarm. It ends as any alarm does, and is raised again if another signal drifts.
///
/// Errors: `SGM_ERROR_ORDER` if there is no alarm.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_acknowledge(mut monitor: Out<Monitor>) -> Status {
    let mut acknowledge = || {
        let state = monitor.state(&[])?;
        if state.monitor.verdict().state != State::Alarm {
            return Err(Status::ErrorOrder);
        }
        state.monitor.acknowledge();
        Ok(())
    };
    status(acknowledge())
}

/// Starts to collect a reference of the place where the monitor works, beside the profile's; one that there is is forgotten.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_capture_site(mut monitor: Out<Monitor>) -> Status {
    status(monitor.state(&[]).map(|state| state.monitor.capture_site()))
}

/// Seals that reference: from here on, charts against it count as well.
///
/// Errors: `SGM_ERROR_ORDER` if none is being collected, if it has too few blocks yet, or in an alarm.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_seal_site(mut monitor: Out<Monitor>) -> Status {
    let mut seal = || {
        let MonitorState { monitor, profile, .. } = monitor.state(&[])?;
        monitor.seal_site(profile).map_err(|_| Status::ErrorOrder)
    };
    status(seal())
}

/// `SGM_SITE_EMPTY`, `SGM_SITE_CAPTURING` or `SGM_SITE_SEALED`, and the blocks that the reference of this place has.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_site(monitor: In<Monitor>, site: Out<u32>, blocks: Out<u32>) -> Status {
    let find = || {
        let state = monitor.state()?;
        blocks.check()?;
        site.write(match state.monitor.site() {
            Site::Empty => SGM_SITE_EMPTY,
            Site::Capturing => SGM_SITE_CAPTURING,
            Site::Sealed => SGM_SITE_SEALED,
        })?;
        blocks.write(state.monitor.site_blocks())
    };
    status(find())
}

/// Writes the monitor's memory as a record, with version and checksum: for a flash, at the end of a block. `length` is that of
/// `bytes`, `SGM_SNAPSHOT_SIZE` exactly. `sequence` is to rise by one with every snapshot: of several, the newest counts.
///
/// Errors: `SGM_ERROR_LENGTH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_save(
    monitor: In<Monitor>,
    sequence: u32,
    mut bytes: Out<u8>,
    length: usize,
) -> Status {
    let mut save = || {
        let state = monitor.state()?;
        let snapshot = Snapshot { sequence, profile: state.fingerprint, monitor: state.monitor };
        snapshot.write(bytes.slice(length, &[monitor.span(1)])?).map_err(of_record)
    };
    status(save())
}

/// Goes on with the memory that a snapshot holds: after `sgm_monitor_init` with the same profile, before the first frame.
/// `sequence`, which may be null, becomes the snapshot's.
///
/// Errors: `SGM_ERROR_ORDER` in a frame, `SGM_ERROR_PROFILE` for that of another profile, those of a record
/// (`sgm_monitor_init`). The monitor is as it was then; `sgm_monitor_lost` lets it say that it began anew.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_restore(
    mut monitor: Out<Monitor>,
    bytes: In<u8>,
    length: usize,
    sequence: Out<u32>,
) -> Status {
    let mut restore = || {
        let record = bytes.slice(length)?;
        let wants_sequence = !sequence.is_null();
        if wants_sequence {
            sequence.check()?;
        }
        let state = monitor.state(&[bytes.span(length)])?;
        if state.frame.is_some() {
            return Err(Status::ErrorOrder);
        }
        let snapshot = Snapshot::read(record).map_err(of_record)?;
        if snapshot.profile != state.fingerprint {
            return Err(Status::ErrorProfile);
        }
        state.monitor = snapshot.monitor;
        Ok((snapshot.sequence, wants_sequence))
    };
    let restored = restore();
    status(restored.and_then(|(number, wanted)| if wanted { sequence.write(number) } else { Ok(()) }))
}

/// Starts the monitor anew, and lets it say so until its first block (`SGM_CONDITION_STATE_LOST`): where there was a snapshot
/// that is of no use.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_lost(mut monitor: Out<Monitor>) -> Status {
    status(monitor.state(&[]).map(|state| {
        state.monitor = drift::Monitor::lost();
        (state.frame, state.estimated) = (None, None);
    }))
}

/// Writes what a device sends of its monitor: a packet with version, number and checksum, which `segmeter` and
/// `segmeter_core::drift::Packet` read. `time_ms` is of the device's clock; `length` is that of `bytes`, `SGM_PACKET_SIZE`
/// exactly.
///
/// Errors: `SGM_ERROR_LENGTH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_monitor_packet(
    mut monitor: Out<Monitor>,
    time_ms: u32,
    mut bytes: Out<u8>,
    length: usize,
) -> Status {
    let mut send = || {
        if length != SGM_PACKET_SIZE {
            return Err(Status::ErrorLength);
        }
        let beside = [bytes.span(length)];
        let room = bytes.slice(length, &[])?;
        let state = monitor.state(&beside)?;
        state.packets = state.packets.wrapping_add(1);
        let packet = Packet::new(&state.monitor, state.fingerprint, state.estimated, state.packets, time_ms);
        room.copy_from_slice(&packet.bytes());
        Ok(())
    };
    status(send())
}
