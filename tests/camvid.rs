//! Real frames of a real network, more than the repository may carry: `CamVid` labels with the 8-bit road logits of a
//! small model, in daylight, at dusk and with a spoilt camera.
//!
//! Its licence keeps the pack out of the repository. It is looked for in `../shared/data/camvid`, next to
//! the clone, or in the folder that `SEGMETER_CAMVID` names; without it these tests skip.

use std::num::NonZero;

use segmeter::catalogue::AnyFrame;
use segmeter::{Engine, LevelName};
use segmeter_core::drift::Statistics;
use segmeter_core::loss::Loss as _;
use segmeter_core::metric::{Confusion, threshold};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter_tests::{Camvid, CamvidFrame, binary_losses, close, value_and_gradient};

/// Frames in one, below each other: one of the pack, or many, for as many rows as an engine needs to use its threads.
struct Picture {
    shape: Shape,
    quantiser: Quantiser,
    codes: Vec<u8>,
    labels: Vec<u8>,
    logits: Vec<f32>,
}

impl Picture {
    fn quantised(&self) -> Quantised<'_, u8> {
        Quantised::new(self.shape, &self.codes, self.quantiser).unwrap()
    }
    fn labels(&self) -> Labels<'_> {
        Labels::new(self.shape, &self.labels, IGNORE).unwrap()
    }
    fn frame(&self) -> Frame<'_> {
        Frame::new(&self.logits, self.labels()).unwrap()
    }
    fn sketch(&self) -> Sketch {
        Sketch::of(&self.quantised(), Some(&self.labels())).unwrap()
    }
}

fn picture(pack: &Camvid, frames: &[&CamvidFrame]) -> Picture {
    let (height, width) = (pack.shape.height() * frames.len(), pack.shape.width());
    let mut picture = Picture {
        shape: Shape::new(height as u32, width as u32).unwrap(),
        quantiser: pack.quantiser,
        codes: frames.iter().flat_map(|frame| &frame.codes).copied().collect(),
        labels: frames.iter().flat_map(|frame| &frame.labels).copied().collect(),
        logits: Vec::new(),
    };
    let mut logits = vec![0.0; picture.shape.pixels()];
    picture.quantised().dequantise(&mut logits).unwrap();
    picture.logits = logits;
    picture
}

/// The first frames of a group as one.
fn first(pack: &Camvid, group: &str, count: usize) -> Picture {
    picture(pack, &pack.group(group).take(count).collect::<Vec<_>>())
}

#[test]
fn counts_are_those_of_the_pack() {
    let Some(pack) = Camvid::find() else { return };
    assert!(pack.frames.len() >= 78, "the pack is not whole");
    for entry in &pack.frames {
        let picture = picture(&pack, &[entry]);
        let table = SigmoidTable::new(&picture.quantiser);
        let road = Confusion::of_sketch(&picture.sketch(), &table).class(1);
        let found = [road.true_positive, road.false_positive, road.false_negative, road.true_negative];
        let names = ["road_tp", "road_fp", "road_fn", "road_tn"];
        assert_eq!(found, names.map(|name| entry.reference[name] as u64), "{}", entry.id);
        // The pack has six decimals.
        let off = road.iou().value().unwrap() - entry.reference["road_iou"];
        assert!(off.abs() <= 5.001e-7, "{}: the ratio is off by {off:e}", entry.id);
    }
}

/// Losses that a good prediction makes negative.
fn signed(name: &str) -> bool {
    ["combo", "boundary", "cbdice"].iter().any(|part| name.contains(part))
}

#[test]
fn a_sketch_is_as_good_as_its_frame() {
    let Some(pack) = Camvid::find() else { return };
    for entry in &pack.frames {
        let picture = picture(&pack, &[entry]);
        let (sketch, table, frame) =
            (picture.sketch(), SigmoidTable::new(&picture.quantiser), picture.frame());
        for (name, loss) in binary_losses() {
            let mut gradient = vec![0.0; frame.shape().pixels()];
            let whole = value_and_gradient(&loss, frame, &mut gradient).unwrap();
            let what = format!("{name} of {}", entry.id);
            assert!(
                !whole.undefined && whole.value.is_finite() && (whole.value >= 0.0 || signed(&name)),
                "{what}: {whole:?}"
            );
            assert!(gradient.iter().all(|slope| slope.is_finite()), "{what}: a slope is not finite");
            let ignored = picture.labels.iter().zip(&gradient).filter(|(id, _)| **id == IGNORE);
            assert!(
                ignored.into_iter().all(|(_, slope)| slope.to_bits() << 1 == 0),
                "{what}: void has a slope"
            );
            let mut slopes = GradientTable::default();
            let Ok(short) = loss.accumulate_sketch(&sketch, &table, 1.0, Some(&mut slopes)) else { continue };
            let (short, whole) = (f64::from(short.value), f64::from(whole.value));
            assert!(close(short, whole, 1e-6), "{what}: {short:e} of the sketch, {whole:e} of the frame");
        }
    }
}

#[test]
fn bits_are_equal_at_every_level_and_number_of_threads() {
    let Some(pack) = Camvid::find() else { return };
    for group in ["day", "dusk", "corrupt"] {
        let picture = first(&pack, group, 2);
        for (name, loss) in binary_losses() {
            let frame = AnyFrame::Binary(picture.frame());
            let evaluate = |level: LevelName, threads: usize| {
                let engine = Engine::new(level, NonZero::new(threads).unwrap()).unwrap();
                let mut gradient = vec![0.0; picture.labels.len()];
                let value = loss.evaluate(&engine, &frame, 1.0, Some(&mut gradient)).unwrap();
                (value.value.to_bits(), gradient.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            let expected = evaluate(LevelName::Scalar, 1);
            for level in LevelName::ALL.into_iter().filter(|level| level.is_available()) {
                for threads in 1..=2 {
                    let found = evaluate(level, threads);
                    assert!(found == expected, "{name} of {group}, {level}, {threads} threads");
                }
            }
        }
    }
}

/// Every pair of a road pixel and another one, ties counted half.
#[test]
fn auroc_is_the_share_of_pairs_in_order() {
    let Some(pack) = Camvid::find() else { return };
    for group in ["day", "corrupt"] {
        let picture = first(&pack, group, 1);
        let of = |class: u8| -> Vec<i8> {
            let pixels = picture.codes.iter().zip(&picture.labels).filter(|(_, label)| **label == class);
            pixels.map(|(code, _)| code.cast_signed()).collect()
        };
        let (others, road) = (of(0), of(1));
        let halves =
            |code: &i8| others.iter().map(|o| u64::from(o < code) + u64::from(o <= code)).sum::<u64>();
        let expected = road.iter().map(halves).sum::<u64>() as f64 / (2 * others.len() * road.len()) as f64;
        let found = threshold::auroc(&picture.sketch()).unwrap();
        assert!(close(found, expected, 1e-15), "{group}: {found}, pair by pair {expected}");
        assert!((0.9..1.0).contains(&found), "{group}: {found}");
    }
}

/// The model has never seen dusk, and it shows in its outputs alone: less road, and less sure of it.
#[test]
fn dusk_is_not_day() {
    let Some(pack) = Camvid::find() else { return };
    // Of each frame: its share of road, its mean entropy.
    let statistics = |group: &str| -> Vec<(f32, f32)> {
        let pictures = pack.group(group).map(|entry| picture(&pack, &[entry]));
        let of = |picture: Picture| {
            let table = SigmoidTable::new(&picture.quantiser);
            let found = Statistics::new(&picture.sketch(), &table).unwrap();
            (found.road_fraction.to_f32(), found.mean_entropy.to_f32())
        };
        pictures.map(of).collect()
    };
    let (day, dusk) = (statistics("day"), statistics("dusk"));
    let least = day.iter().map(|s| s.0).fold(1.0, f32::min);
    let most = dusk.iter().map(|s| s.0).fold(0.0, f32::max);
    assert!(most < least, "road in daylight from {least}, at dusk up to {most}");
    let mean = |all: &[(f32, f32)]| all.iter().map(|s| s.1).sum::<f32>() / all.len() as f32;
    assert!(mean(&dusk) > 1.5 * mean(&day), "entropy {} in daylight, {} at dusk", mean(&day), mean(&dusk));
}
