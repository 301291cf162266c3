//! Any bytes as a snapshot or a packet of the monitor: refused, or one that is written as it was read, and a monitor that
//! works.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::core::drift::{EstimatedIou, Facts, Invalid, Packet, Profile, Signals, Snapshot};
use segmeter::core::num::Q16;
use segmeter_fuzz::seal;

const PROFILE: &[u8] = include_bytes!("../seeds/profile/demo.profile");

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = Packet::read(bytes) {
        assert_eq!(&packet.bytes()[..], bytes);
        let _ = packet.worst();
    }
    let mut record = bytes.to_vec();
    seal(&mut record);
    let Ok(snapshot) = Snapshot::read(&record) else { return };
    let mut written = vec![0; Snapshot::LEN];
    snapshot.write(&mut written).expect("the right length");
    assert_eq!(written, record[..Snapshot::LEN]);
    let profile = Profile::read(PROFILE).expect("the seed is a profile");
    let mut monitor = snapshot.monitor;
    for frame in 0..100 {
        let facts = Facts { fingerprint: frame, time_ms: Some(frame.into()), exposure_fault: false };
        let signals = Signals::default();
        let admitted = monitor.admit(&profile.rules, &facts);
        // An estimate of any height in every other frame.
        let [value, low, high] = [700, 650, 800].map(|step| Q16::from_raw(step * frame as i32));
        let estimate = EstimatedIou { value, low, high };
        let seen = if frame % 3 == 0 {
            Err(Invalid::Missing)
        } else {
            admitted.map(|()| (&signals, (frame % 2 == 0).then_some(&estimate)))
        };
        let _ = monitor.observe(&profile, seen);
        monitor.acknowledge();
        let _ = monitor.seal_site(&profile);
    }
    let _ = Packet::new(&monitor, 1, None, 2, 3).bytes();
});
