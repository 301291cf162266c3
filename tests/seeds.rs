//! The seeds of the fuzz targets are of the formats that are read: a fuzzer that starts from a record of another version finds
//! the check of the version, and nothing behind it. `cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds` makes them.

use std::fs;
use std::path::Path;

use segmeter_core::drift::{Packet, Profile, Snapshot};
use segmeter_firmware::protocol::{DeviceMessage, HostMessage, Receiver, Request, Response, decode};

fn seed(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

const STALE: &str = "stale: run the example `seeds` of tests/fuzz";

#[test]
fn records_are_read_and_written_as_they_are() {
    let is_profile = |record: &[u8]| {
        let profile = Profile::read(record).expect(STALE);
        profile.check().expect(STALE);
        let mut written = vec![0; Profile::RECORD_LEN];
        profile.write(&mut written).unwrap();
        assert_eq!(written, record, "{STALE}");
        Profile::fingerprint_of(record)
    };
    let is_snapshot = |record: &[u8], profile: u32| {
        let snapshot = Snapshot::read(record).expect(STALE);
        assert_eq!((record.len(), snapshot.profile), (Snapshot::LEN, profile), "{STALE}");
    };
    is_snapshot(&seed("records/snapshot"), is_profile(&seed("profile/demo.profile")));
    assert_eq!(
        Packet::read(&seed("records/packet")).expect(STALE).bytes()[..],
        seed("records/packet"),
        "{STALE}"
    );
    // The first byte chooses which they are.
    let (profile, snapshot) = (seed("c_records/profile"), seed("c_records/snapshot"));
    assert_eq!((profile[0], snapshot[0]), (0, 1));
    is_snapshot(&snapshot[1..], is_profile(&profile[1..]));
}

/// The messages of a line, in order.
fn messages<T>(line: &[u8], decoded: fn(&[u8]) -> Option<T>) -> Vec<T> {
    let (mut receiver, mut chunk, mut all) = (Receiver::<4096>::new(), line, Vec::new());
    while let Some(payload) = receiver.feed(&mut chunk) {
        all.push(payload.ok().and_then(decoded).expect(STALE));
    }
    all
}

#[test]
fn conversations_are_understood() {
    for name in ["bytes", "chunks"] {
        let (asked, answered) = (seed(&format!("protocol/{name}")), seed(&format!("answers/{name}")));
        let is_row = |payload: &[u8]| match decode(payload).ok()? {
            HostMessage::Request(_, request) => Some(matches!(request, Request::Row { .. })),
            HostMessage::Hello => Some(false),
        };
        let is_report = |payload: &[u8]| match decode(payload).ok()? {
            DeviceMessage::Response(_, response) => Some(matches!(response, Response::Report(_))),
            _ => Some(false),
        };
        let count = |all: Vec<bool>| all.into_iter().filter(|is| *is).count();
        // Two rows of each of three frames, and one too many; the frames were evaluated.
        assert_eq!(count(messages(&asked[1..], is_row)), 7, "{name}: {STALE}");
        assert_eq!(count(messages(&answered[1..], is_report)), 3, "{name}: {STALE}");
    }
}
