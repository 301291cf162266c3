//! Real frames of a real network, more than the repository may carry: `CamVid` labels with the 8-bit road logits of a
//! small model, in daylight, at dusk and with a spoilt camera.
//!
//! Its licence keeps the pack out of the repository. It is looked for in `../shared/data/camvid`, next to
//! the clone, or in the folder that `SEGMETER_CAMVID` names; without it these tests skip.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;

use segmeter::catalogue::AnyFrame;
use segmeter::{Engine, LevelName};
use segmeter_core::drift::Statistics;
use segmeter_core::loss::Loss;
use segmeter_core::metric::{Confusion, threshold};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter_tests::{binary_losses, close, path};
use serde::Deserialize;

#[derive(Deserialize)]
struct Manifest {
    width: u32,
    height: u32,
    void: u8,
    road_class: u8,
    frames: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    group: String,
    road_i8: Part,
    gt_u8: Part,
    /// What the program that made the pack counted.
    reference: BTreeMap<String, f64>,
}

/// A frame's bytes in a file.
#[derive(Deserialize)]
struct Part {
    file: String,
    offset: usize,
    bytes: usize,
    scale: Option<f32>,
    zero_point: Option<i32>,
}

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

struct Pack {
    manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
}

impl Pack {
    /// `None`, with a line that says so, where there is no pack. One that is asked for by name must be there.
    fn find() -> Option<Self> {
        let named = std::env::var_os("SEGMETER_CAMVID").map(PathBuf::from);
        let folder = named.clone().unwrap_or_else(|| path("../../shared/data/camvid"));
        if named.is_none() && !folder.join("manifest.json").is_file() {
            eprintln!("skipped: camvid tests need its frames in ../shared/data/camvid, or SEGMETER_CAMVID");
            return None;
        }
        let read = |name: &str| {
            std::fs::read(folder.join(name))
                .unwrap_or_else(|e| panic!("{}: {e}", folder.join(name).display()))
        };
        let manifest: Manifest = serde_json::from_slice(&read("manifest.json")).unwrap();
        let names = manifest.frames.iter().flat_map(|entry| [&entry.road_i8.file, &entry.gt_u8.file]);
        let files = names.map(|name| (name.clone(), read(name))).collect();
        Some(Self { manifest, files })
    }

    fn bytes(&self, part: &Part) -> &[u8] {
        &self.files[&part.file][part.offset..part.offset + part.bytes]
    }

    fn picture(&self, entries: &[&Entry]) -> Picture {
        let part = &entries[0].road_i8;
        let (scale, zero_point) = (part.scale.unwrap(), part.zero_point.unwrap());
        let label = |id: &u8| match *id {
            id if id == self.manifest.void => IGNORE,
            id => u8::from(id == self.manifest.road_class),
        };
        let mut picture = Picture {
            shape: Shape::new(self.manifest.height * entries.len() as u32, self.manifest.width).unwrap(),
            quantiser: Quantiser::logits(Encoding::Signed, scale, zero_point).unwrap(),
            codes: entries.iter().flat_map(|entry| self.bytes(&entry.road_i8)).copied().collect(),
            labels: entries.iter().flat_map(|entry| self.bytes(&entry.gt_u8)).map(label).collect(),
            logits: Vec::new(),
        };
        let mut logits = vec![0.0; picture.shape.pixels()];
        picture.quantised().dequantise(&mut logits).unwrap();
        picture.logits = logits;
        picture
    }

    fn group(&self, name: &str) -> Vec<&Entry> {
        self.manifest.frames.iter().filter(|entry| entry.group == name).collect()
    }
}

#[test]
fn counts_are_those_of_the_pack() {
    let Some(pack) = Pack::find() else { return };
    assert!(pack.manifest.frames.len() >= 78, "the pack is not whole");
    for entry in &pack.manifest.frames {
        let picture = pack.picture(&[entry]);
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
    let Some(pack) = Pack::find() else { return };
    for entry in &pack.manifest.frames {
        let picture = pack.picture(&[entry]);
        let (sketch, table, frame) =
            (picture.sketch(), SigmoidTable::new(&picture.quantiser), picture.frame());
        for (name, loss) in binary_losses() {
            let mut scratch = vec![0; loss.scratch_len(frame.shape())];
            let mut gradient = vec![0.0; frame.shape().pixels()];
            let whole = loss.value_and_gradient(&frame, &mut scratch, &mut gradient).unwrap();
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
    let Some(pack) = Pack::find() else { return };
    for group in ["day", "dusk", "corrupt"] {
        let picture = pack.picture(&pack.group(group)[..2]);
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
    let Some(pack) = Pack::find() else { return };
    for group in ["day", "corrupt"] {
        let picture = pack.picture(&pack.group(group)[..1]);
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
    let Some(pack) = Pack::find() else { return };
    // Of each frame: its share of road, its mean entropy.
    let statistics = |group: &str| -> Vec<(f32, f32)> {
        let pictures = pack.group(group).into_iter().map(|entry| pack.picture(&[entry]));
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
