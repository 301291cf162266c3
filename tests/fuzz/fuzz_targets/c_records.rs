//! Any bytes as a profile or a snapshot, through the interface for C: refused with a status, or a monitor that goes on. The
//! first byte chooses which of the two they are.
#![no_main]

use std::mem::{MaybeUninit, size_of};
use std::ptr::{null, null_mut};

use libfuzzer_sys::fuzz_target;
use segmeter_c::memory::{In, Out};
use segmeter_c::monitor::{
    Facts, Monitor, Observation, SGM_PACKET_SIZE, SGM_SNAPSHOT_SIZE, sgm_monitor_init, sgm_monitor_packet,
    sgm_monitor_restore, sgm_monitor_save, sgm_monitor_watch, sgm_profile_quantiser,
};
use segmeter_c::sketch::{Quantiser, Sketch, Table, sgm_sketch_init, sgm_table_init};
use segmeter_c::status::Status;
use segmeter_fuzz::seal;

const PROFILE: &[u8] = include_bytes!("../seeds/c_records/profile");

fn to<T>(value: &mut MaybeUninit<T>) -> Out<T> {
    // SAFETY: it outlives the call, and nothing else looks at it.
    unsafe { Out::new(value.as_mut_ptr()) }
}

fn of<T>(values: &[T]) -> In<T> {
    // SAFETY: they outlive the call.
    unsafe { In::new(values.as_ptr()) }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let mut record = bytes.to_vec();
    // A fuzzer does not guess checksums.
    seal(&mut record);
    // A seed is a byte and a profile.
    let profile = if first & 1 == 0 { &record[..] } else { &PROFILE[1..] };
    let mut quantiser = MaybeUninit::<Quantiser>::uninit();
    let mut monitor = Box::new(MaybeUninit::<Monitor>::uninit());
    let (mut table, mut sketch) =
        (Box::new(MaybeUninit::<Table>::uninit()), Box::new(MaybeUninit::<Sketch>::uninit()));
    let made = sgm_monitor_init(to(&mut monitor), size_of::<Monitor>(), of(profile), profile.len());
    if made != Status::Ok {
        return;
    }
    assert_eq!(sgm_profile_quantiser(of(profile), profile.len(), to(&mut quantiser)), Status::Ok);
    // SAFETY: it was written.
    let quantiser = [unsafe { quantiser.assume_init() }];
    assert_eq!(sgm_table_init(to(&mut table), size_of::<Table>(), of(&quantiser)), Status::Ok);
    assert_eq!(sgm_sketch_init(to(&mut sketch), size_of::<Sketch>(), of(&quantiser)), Status::Ok);
    // SAFETY: null is allowed.
    let nobody = || unsafe { Out::<u32>::new(null_mut()) };
    let _ = sgm_monitor_restore(to(&mut monitor), of(&record), record.len(), nobody());
    let mut seen = MaybeUninit::<Observation>::uninit();
    for frame in 0..12_u8 {
        let codes: Vec<u8> = (0..120 * 160).map(|pixel| (pixel as u8).wrapping_mul(frame)).collect();
        // SAFETY: they outlive the call; null is allowed.
        let (codes, facts) = unsafe { (In::new(codes.as_ptr().cast()), In::<Facts>::new(null())) };
        // SAFETY: it was initialised above.
        let table = unsafe { In::new(table.as_ptr()) };
        let _ = sgm_monitor_watch(
            to(&mut monitor),
            to(&mut sketch),
            table,
            codes,
            120,
            160,
            facts,
            to(&mut seen),
        );
    }
    let (mut snapshot, mut packet) = ([0_u8; SGM_SNAPSHOT_SIZE], [0_u8; SGM_PACKET_SIZE]);
    // SAFETY: all of them outlive the calls.
    let (kept, watched, sent) = unsafe {
        (Out::new(snapshot.as_mut_ptr()), In::new(monitor.as_ptr()), Out::new(packet.as_mut_ptr()))
    };
    assert_eq!(sgm_monitor_save(watched, 1, kept, SGM_SNAPSHOT_SIZE), Status::Ok);
    assert_eq!(sgm_monitor_packet(to(&mut monitor), 0, sent, SGM_PACKET_SIZE), Status::Ok);
    assert_eq!(sgm_monitor_restore(to(&mut monitor), of(&snapshot), snapshot.len(), nobody()), Status::Ok);
});
