//! A wire that is bad all the time: what comes through is right, however little it is, and nothing is stuck afterwards.

use std::cell::RefCell;
use std::rc::Rc;

use segmeter::device::{ClassDeviceFrame, Device, DeviceFrame, PATIENCE};
use segmeter_core::upsample::Interpolation;
use segmeter_core::view::{Encoding, Quantiser, Shape};
use segmeter_firmware::app::{ClassMemory, Memory};
use segmeter_firmware::evaluator::{ClassFrames, Evaluator, codes};
use segmeter_firmware::protocol::Configuration;
use segmeter_tests::Random;

use super::bits;
use super::pair::{End, Noise, Pair, below};

/// Of each kind of frame at each rate.
const FRAMES: usize = 200;
const RATES: [f64; 6] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

/// What is sent.
#[derive(Clone, Copy)]
enum Kind {
    /// Rows of as many pixels as there are, a score each, and labels.
    Binary(u32, u32),
    /// Scores of 8x8 of 5 classes, and the labels of 32x32.
    Classes,
}

const KINDS: [Kind; 3] = [Kind::Binary(120, 160), Kind::Binary(32, 32), Kind::Classes];

/// The desk's end, and the same evaluation without a line.
struct Desk<'p> {
    device: Device<End<'p>>,
    quantiser: Quantiser,
    evaluator: Evaluator,
    classes: ClassFrames,
    random: Random,
}

impl Desk<'_> {
    fn bytes(&mut self, count: usize, below_what: usize) -> Vec<u8> {
        (0..count).map(|_| below(&mut self.random, below_what) as u8).collect()
    }

    /// Whether a new frame came through. A wrong report fails the test.
    fn deliver(&mut self, kind: Kind, number: u32) -> bool {
        match kind {
            Kind::Binary(height, width) => {
                let (height, width) = (height as usize, width as usize);
                let codes = self.bytes(height * width, 256);
                let plane = height * width.div_ceil(8);
                let planes = [self.bytes(plane, 256), self.bytes(plane, 256)];
                let labels = Some((&planes[0][..], &planes[1][..]));
                let frame = DeviceFrame { number, width: width as u16, codes: &codes, labels };
                let Ok(report) = self.device.evaluate(frame) else { return false };
                let expected = frame.evaluate(&mut self.evaluator).unwrap();
                assert_eq!(bits(&report, true), bits(&expected, true), "{report:?} is not {expected:?}");
            }
            Kind::Classes => {
                let (shape, interpolation) = (Shape::new(8, 8).unwrap(), Interpolation::AlignedCorners);
                let (codes, labels) = (self.bytes(8 * 8 * 5, 256), self.bytes(32 * 32, 5));
                let (classes, factor) = (5, 4);
                let frame = ClassDeviceFrame {
                    number,
                    shape,
                    classes,
                    factor,
                    interpolation,
                    codes: &codes,
                    labels: Some(&labels),
                };
                let Ok(found) = self.device.evaluate_classes(frame) else { return false };
                assert_eq!(found, frame.evaluate(&self.quantiser, &mut self.classes).unwrap());
            }
        }
        true
    }
}

/// How many of [`FRAMES`] came through a wire with this noise in both directions. The wire is clean before and after: what
/// was configured is not what is measured, and both ends must be in step again.
fn delivered(kind: Kind, noise: Noise, seed: u64) -> usize {
    let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let end = End(Rc::new(RefCell::new(Pair::new(&mut memory, seed))));
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 15).unwrap();
    let configuration = Configuration { codes: codes(&quantiser), profile: None };
    let mut device = Device::connect_as(end.clone(), 1, PATIENCE).unwrap();
    device.configure(configuration).unwrap();
    let mut evaluator = Evaluator::new();
    evaluator.configure(&configuration).unwrap();
    let mut desk = Desk { device, quantiser, evaluator, classes: ClassFrames::new(), random: Random(seed) };
    {
        let mut pair = end.0.borrow_mut();
        (pair.to_device.noise, pair.to_host.noise) = (Some(noise), Some(noise));
    }
    let count = (0..FRAMES as u32).filter(|number| desk.deliver(kind, *number)).count();
    end.0.borrow_mut().clean();
    desk.deliver(kind, 1);
    assert!(desk.deliver(kind, 2), "{noise:?}: stuck");
    count
}

/// The numbers are those of `firmware/README.md`: the noise is made, so they are the same on every run.
#[test]
fn noise_costs_frames_and_makes_no_wrong_report() {
    let readme = segmeter_tests::path("../firmware/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut wrong = String::new();
    for (place, rate) in RATES.into_iter().enumerate() {
        let mut line = format!("| {rate:e} |");
        for noise in [Noise::Bits(rate), Noise::Bytes(rate)] {
            let counts = KINDS.map(|kind| delivered(kind, noise, 0x9E37_79B9 + place as u64));
            line.extend(counts.map(|count| format!(" {count} |")));
            // As many messages as that without a fault would be a wonder.
            let most = if rate > 0.05 { 0 } else { FRAMES };
            assert!(counts.iter().all(|count| *count <= most), "{noise:?}: {counts:?}");
        }
        if !readme.contains(&line) {
            wrong += &line;
            wrong.push('\n');
        }
    }
    assert!(wrong.is_empty(), "firmware/README.md must have the lines\n{wrong}");
}
