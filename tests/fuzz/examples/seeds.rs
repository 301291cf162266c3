//! Writes the seeds of the targets of records, also those through the interface for C, and of the protocol: a whole
//! conversation, as the line's bytes and as records. Run: `cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds`,
//! after a change of records or messages; the test `seeds` of `segmeter-tests` fails until then.

use std::path::Path;
use std::{fs, io};

use segmeter::core::drift::{
    Baseline, CalibrationMap, Cusum, Identity, Monitor, Packet, Profile, Reference, Rules, SIGNALS, Snapshot,
};
use segmeter::core::metric::calibration::Bin;
use segmeter::core::metric::{InstanceIou, PanopticClass, Score};
use segmeter::core::num::Q16;
use segmeter::core::sketch::{CODES, SigmoidTable};
use segmeter::core::view::{Encoding, Quantiser};
use segmeter::files::partial::{self, ImageState, Partial, Sides, SoftmaxState};
use segmeter_firmware::app::{App, ClassMemory, Memory};
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::evaluator::{ClassFrames, configuration};
use segmeter_firmware::protocol::{
    ClassBegin, HostMessage, Interpolated, Order, Receiver, Request, RowLabels, Tag, send,
};
use segmeter_fuzz::{NOISE, RECORDS};

fn main() -> io::Result<()> {
    let heard = requests();
    let mut said = Vec::new();
    let (mut memory, mut classes) = (Box::new(Memory::new()), Box::new(ClassFrames::new()));
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let line = Line::new(&heard[..], &mut said);
    App::new("host", &mut memory, line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock);
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let (own, of_c) = (profile(2, 9), profile(120, 160));
    write(&seeds.join("profile/demo.profile"), &record(&own))?;
    write(&seeds.join("records/snapshot"), &snapshot(&own))?;
    write(&seeds.join("records/packet"), &Packet::new(&Monitor::new(), 1, None, 2, 3).bytes())?;
    write(&seeds.join("partial/two_images"), &state()?)?;
    // The first byte chooses which of the two they are; frames there are of this size.
    write(&seeds.join("c_records/profile"), &[&[0], &record(&of_c)[..]].concat())?;
    write(&seeds.join("c_records/snapshot"), &[&[1], &snapshot(&of_c)[..]].concat())?;
    for (target, line) in [("protocol", heard), ("answers", said)] {
        let folder = seeds.join(target);
        write(&folder.join("bytes"), &[&[0], &line[..]].concat())?;
        // A seed that is not zero: small chunks, and bytes reported as lost.
        write(&folder.join("chunks"), &[&[0x2a], &line[..]].concat())?;
        write(&folder.join("records"), &records(&line))?;
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(file.parent().expect("a folder"))?;
    fs::write(file, bytes)
}

/// Of two images of two classes, with something of everything that may be in it.
fn state() -> io::Result<Vec<u8>> {
    let mut bin = Bin::default();
    bin.push(3, 2, 1000);
    let image = |name: &str| ImageState {
        name: name.to_owned(),
        counts: vec![(0, 0, 5), (0, 1, 2), (1, 1, 300), (u16::MAX, 0, 1)],
        shapes: vec![vec![], vec![Score::Value(0.5), Score::Undefined, Score::Skipped]],
        segments: vec![(PanopticClass::default(), InstanceIou::new([0.0, 1.0])); 2],
        road: vec![Score::Value(2.0)],
        softmax: SoftmaxState { bins: vec![vec![bin]; 2], squares: 9, nats: 0.25, pixels: 3 },
        codes: vec![(7, [1, 2]), (250, [0, 9])],
        scores: Sides::F32([vec![-1.0], vec![0.5, 2.0]]),
        classes: vec![Sides::F32([vec![], vec![1.0]]); 2],
        ranges: [Some((-1.0, 2.0)), None],
        highest_code: Some(250),
    };
    let settings = [("classes", "[\"road\",\"car\"]"), ("threshold", "0.5")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let mut bytes = Vec::new();
    partial::write(&mut bytes, &Partial { settings, images: vec![image("im2"), image("im10")] })?;
    Ok(bytes)
}

fn record(profile: &Profile) -> [u8; Profile::RECORD_LEN] {
    let mut record = [0; Profile::RECORD_LEN];
    profile.write(&mut record).expect("the right length");
    record
}

/// Of a monitor that has seen nothing yet.
fn snapshot(profile: &Profile) -> [u8; Snapshot::LEN] {
    let mut record = [0; Snapshot::LEN];
    let snapshot = Snapshot { sequence: 1, profile: profile.fingerprint(), monitor: Monitor::new() };
    snapshot.write(&mut record).expect("the right length");
    record
}

fn profile(height: u16, width: u16) -> Profile {
    let q = Q16::from_f32;
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 15).expect("a quantiser");
    Profile {
        identity: Identity { model: 1, mounting: 2, height, width, frames: 7, ..Identity::default() },
        quantiser,
        rules: Rules {
            block_frames: 1,
            invalid_frames: 2,
            frozen_frames: 3,
            site_blocks: 2,
            ..Rules::DEFAULT
        },
        baselines: [Baseline { mean: q(0.3), deviation: q(0.1) }; SIGNALS],
        charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(5.0) }; SIGNALS],
        site_charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(6.0) }; SIGNALS],
        watching: u8::MAX,
        correlations: [q(0.5); SIGNALS],
        calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
        reference: Reference::new([3; CODES]).expect("a reference"),
    }
}

/// Greeting, configuration, a frame in each state, a row too many, frames of several classes, an end.
fn requests() -> Vec<u8> {
    let profile = profile(2, 9);
    let mut room = [0; Profile::RECORD_LEN];
    let configuration = configuration(&profile, &mut room);
    let mut line = Vec::new();
    send(&mut line, &HostMessage::Hello).expect("memory takes all");
    let mut tag = Tag { session: 1, number: 0 };
    let mut say = |request: Request<'_>| {
        tag = tag.next();
        send(&mut line, &HostMessage::Request(tag, request)).expect("memory takes all");
    };
    say(Request::Open);
    say(Request::Configure(configuration));
    for frame in 0..3 {
        let labelled = frame != 1;
        say(Request::Begin { frame, height: 2, width: 9, labelled });
        for row in 0..2 {
            let codes = [0, 14, 15, 16, 127, 128, 255, 40 * row as u8, 7];
            let labels = RowLabels { foreground: &[0b0101_1100, 0], valid: &[0xff, row as u8] };
            say(Request::Row { frame, row, codes: &codes, labels: labelled.then_some(labels) });
        }
        say(Request::End { frame });
    }
    say(Request::Row { frame: 2, row: 2, codes: &[], labels: None });
    for (frame, interpolation) in [(3, Interpolated::HalfPixel), (4, Interpolated::Nearest)] {
        let (height, width, classes, factor, labelled) = (1, 3, 4, 2, frame == 3);
        let begin = ClassBegin { frame, height, width, classes, factor, interpolation, labelled };
        say(Request::BeginClasses(begin));
        say(Request::ClassScores { frame, row: 0, codes: &[9, 0, 1, 2, 3, 250, 4, 5, 128, 127, 6, 0] });
        for row in 0..if labelled { 2 } else { 0 } {
            say(Request::ClassLabels { frame, row, ids: &[0, 1, 2, 3, 255, 3] });
        }
        say(Request::End { frame });
        (0..5).for_each(|class| say(Request::ClassCounts(class)));
    }
    say(Request::Order(Order::CaptureSite));
    say(Request::Order(Order::SealSite));
    say(Request::Order(Order::Acknowledge));
    say(Request::Telemetry);
    say(Request::Stack);
    say(Request::Shutdown);
    line
}

/// The same conversation as records, with noise in front.
fn records(line: &[u8]) -> Vec<u8> {
    let mut bytes = vec![RECORDS];
    bytes.extend((NOISE | 5).to_le_bytes());
    bytes.extend(b"noise");
    let mut receiver = Receiver::<4096>::new();
    let mut chunk = line;
    while let Some(payload) = receiver.feed(&mut chunk) {
        let payload = payload.expect("sound frames");
        bytes.extend((payload.len() as u16).to_le_bytes());
        bytes.extend(payload);
    }
    bytes
}
