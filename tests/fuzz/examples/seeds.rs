//! Writes the seeds of the protocol's targets: a whole conversation, as the line's bytes and as records.
//! Run: `cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds`, after a change of the messages.

use std::io;
use std::path::Path;

use segmeter::core::drift::{Baseline, Cusum, PageHinkley, Profile, Reference};
use segmeter::core::num::Q16;
use segmeter::core::sketch::CODES;
use segmeter::core::view::{Encoding, Quantiser};
use segmeter_firmware::app::App;
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::evaluator::{Evaluator, configuration};
use segmeter_firmware::protocol::{Receiver, Request, RowLabels, send};
use segmeter_fuzz::{NOISE, RECORDS};

fn main() -> io::Result<()> {
    let heard = requests();
    let mut said = Vec::new();
    let mut evaluator = Evaluator::new();
    let line = Line::new(&heard[..], &mut said);
    App::new("host", &mut evaluator, line, Lamp::default(), Lamp::default(), Clock).run();
    for (target, line) in [("protocol", heard), ("answers", said)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("bytes"), [&[0], &line[..]].concat())?;
        // A seed that is not zero: small chunks, and bytes reported as lost.
        std::fs::write(folder.join("chunks"), [&[0x2a], &line[..]].concat())?;
        std::fs::write(folder.join("records"), records(&line))?;
    }
    Ok(())
}

/// Greeting, configuration, a frame in each state, a row too many, an end.
fn requests() -> Vec<u8> {
    let q = Q16::from_f32;
    let profile = Profile {
        quantiser: Quantiser::logits(Encoding::Signed, 0.1, 15).expect("a quantiser"),
        block_frames: 1,
        baselines: [Baseline { mean: q(0.3), deviation: q(0.1) }; 6],
        cusum: Cusum { slack: q(0.5), threshold: q(5.0) },
        page_hinkley: PageHinkley { tolerance: q(0.25), threshold: q(10.0) },
        reference: Reference::new([3; CODES]).expect("a reference"),
    };
    let mut room = [0; 4 * CODES];
    let configuration = configuration(&profile, &mut room);
    let mut line = Vec::new();
    let mut say = |request: Request<'_>| send(&mut line, &request).expect("memory takes all");
    say(Request::Hello);
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
    say(Request::Stack);
    say(Request::Shutdown);
    line
}

/// The same conversation as records, with noise in front.
fn records(line: &[u8]) -> Vec<u8> {
    let mut bytes = vec![RECORDS];
    bytes.extend((NOISE | 5).to_le_bytes());
    bytes.extend(b"noise");
    let mut receiver = Receiver::<2048>::new();
    let mut chunk = line;
    while let Some(payload) = receiver.feed(&mut chunk) {
        let payload = payload.expect("sound frames");
        bytes.extend((payload.len() as u16).to_le_bytes());
        bytes.extend(payload);
    }
    bytes
}
