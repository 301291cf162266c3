//! Metrics, and losses of 8 bits, a pixel each.

use std::hint::black_box;

use segmeter::core::loss::{Loss, LovaszHinge};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Surface, Trimap};
use segmeter::core::metric::{Calibration, Confidence, Confusion, LesionWise, Overlap, threshold};
use segmeter::core::plane::components::{self, Connectivity, Run};
use segmeter::core::plane::{Bits, Row, distance, skeleton};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, IGNORE, Labels, Quantised, Quantiser};

use super::scene::{Scene, road};
use super::{Bench, Failure};

const CLASSES: usize = 19;

pub(super) fn measure(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let [height, width] = bench.arguments.size.unwrap_or([1024, 2048]);
    let scene = Scene::binary(height, width);
    bench.start(&format!("8 bits and metrics, {height}x{width}, ns per pixel"));
    quantised(bench, &scene)?;
    confusion(bench, &scene)?;
    surfaces(bench, &scene)
}

fn codes(scene: &Scene) -> Vec<i8> {
    scene.logits.iter().map(|z| (z * 10.0).round().clamp(-128.0, 127.0) as i8).collect()
}

fn quantised(bench: &mut Bench<'_>, scene: &Scene) -> Result<(), Failure> {
    let (shape, codes) = (scene.shape()?, codes(scene));
    let size = [shape.height(), shape.width()];
    let labels = Labels::new(shape, &scene.labels, IGNORE)?;
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
    let frame = Quantised::new(shape, &codes, quantiser)?;
    let table = SigmoidTable::new(&quantiser);
    let mut gradient = vec![0.0; codes.len()];
    let sketch = || Sketch::<u32>::of(&frame, Some(&labels));
    bench.single("8 bits: sketch", size, || {
        let _ = black_box(sketch());
    })?;
    bench.single("8 bits: lovasz_hinge with gradient", size, || {
        let mut slopes = GradientTable::default();
        let value = sketch().and_then(|sketch| {
            let value = LovaszHinge.accumulate_sketch(&sketch, &table, 1.0, Some(&mut slopes))?;
            slopes.add_to(&frame, &labels, &mut gradient)?;
            Ok(value)
        });
        let _ = black_box(value);
    })?;
    bench.single("8 bits: auroc, average precision, ece", size, || {
        let scores = sketch().map(|sketch| {
            let ece = Calibration::new(&sketch, &table, Confidence::TopLabel).expected_error();
            (threshold::auroc(&sketch), threshold::average_precision(&sketch), ece)
        });
        let _ = black_box(scores);
    })
}

fn confusion(bench: &mut Bench<'_>, scene: &Scene) -> Result<(), Failure> {
    let (shape, codes) = (scene.shape()?, codes(scene));
    let (size, width) = ([shape.height(), shape.width()], shape.width());
    let predictions: Vec<u8> = codes.iter().map(|code| u8::from(*code > 0)).collect();
    bench.single("confusion, 2 classes", size, || counts::<2>(width, &predictions, &scene.labels))?;
    // Areas with a border each, and a network that is wrong here and there; then nothing but noise.
    let areas: Vec<u8> = (0..predictions.len()).map(|i| (i / 97 % 8 + i / 65_536 % 12) as u8).collect();
    let wrong = |(id, code): (&u8, &i8)| if *code % 16 == 5 { (*id + 7) % 19 } else { *id };
    let guessed: Vec<u8> = areas.iter().zip(&codes).map(wrong).collect();
    bench.single("confusion, 19 classes", size, || counts::<CLASSES>(width, &guessed, &areas))?;
    let noise = |salt: u64| {
        let hash = move |i: u64| (i ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (0..predictions.len() as u64).map(|i| (hash(i) % 19) as u8).collect::<Vec<_>>()
    };
    let (guessed, ids) = (noise(0), noise(0x55aa));
    bench.single("confusion, 19 classes, noise", size, || counts::<CLASSES>(width, &guessed, &ids))
}

fn counts<const C: usize>(width: usize, predictions: &[u8], labels: &[u8]) {
    let mut confusion = Confusion::<C>::new(IGNORE);
    for (predictions, labels) in predictions.chunks(width).zip(labels.chunks(width)) {
        let _ = confusion.push_row(black_box(predictions), labels);
    }
    black_box(confusion);
}

/// Contours: a road and the same road a little aside, and the road with the noisy prediction of the scene.
fn surfaces(bench: &mut Bench<'_>, scene: &Scene) -> Result<(), Failure> {
    let shape = scene.shape()?;
    let (height, width) = (scene.height, scene.width);
    let size = [shape.height(), shape.width()];
    let mask = |aside: f32| -> Vec<u8> {
        (0..height * width).map(|pixel| u8::from(road(pixel, height, width, aside) > 0.0)).collect()
    };
    let (labels, near) = (mask(0.0), mask(6.0));
    let noisy: Vec<u8> = codes(scene).iter().map(|code| u8::from(*code > 0)).collect();
    // As much as the largest of these asks for.
    let words = Surface::SEGMETER.rows(shape, &mut []).err().map_or(0, need) + 8 * shape.pixels();
    let (mut scratch, mut out) = (vec![0; words], vec![0; shape.pixels()]);
    bench.single("exact distance transform", size, || {
        let edge = |pixel: usize| labels[pixel] != labels[pixel.saturating_sub(1)];
        let _ = black_box(distance::squared(shape, edge, &mut scratch, &mut out));
    })?;
    let mut bits = vec![0; Bits::words(shape)];
    for (kind, prediction) in [("", &near), (", noisy", &noisy)] {
        macro_rules! rows {
            ($name:expr, $rows:expr) => {
                bench.single(&format!("{}{kind}", $name), size, || {
                    let Ok(mut rows) = $rows else { return };
                    for (prediction, label) in prediction.chunks(size[1]).zip(labels.chunks(size[1])) {
                        let _ = rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE });
                    }
                    let _ = black_box(rows.finish());
                })?;
            };
        }
        let definition = Surface::SEGMETER;
        rows!("hd, assd, nsd", Surface { percentile: None, ..definition }.rows(shape, &mut scratch));
        rows!("hd, hd95, assd, nsd", definition.rows(shape, &mut scratch));
        rows!("the same on corners", Surface::SURFACE_DISTANCE.rows(shape, &mut scratch));
        let boundary = BoundaryIou::of_diagonal(BoundaryIou::COCO, shape);
        rows!("boundary iou", boundary.rows(size[1], &mut scratch));
        rows!("nsd by rows, tolerance 3", Matching::new(3.0).rows(size[1], &mut scratch));
        rows!("davis boundary f", Matching::davis(shape).rows(size[1], &mut scratch));
        rows!("trimap, radius 5", Trimap::new(5.0).rows(size[1], &mut scratch));
        bench.single(&format!("skeleton{kind}"), size, || {
            if let Ok(mut mask) = Bits::of_ids(shape, &mut bits, prediction, 1) {
                let _ = skeleton::thin(&mut mask, &mut scratch);
                black_box(mask.count());
            }
        })?;
        let mut numbers = vec![0; shape.pixels()];
        bench.single(&format!("components{kind}"), size, || {
            if let Ok(mask) = Bits::of_ids(shape, &mut bits, prediction, 1) {
                let _ = black_box(components_of(&mask, &mut numbers));
            }
        })?;
    }
    let (mut scratch, mut slots) = (vec![0; LesionWise::scratch_len(shape)], [Overlap::EMPTY; 64]);
    bench.single("lesions", size, || {
        let (found, lesion) = (|pixel: usize| near[pixel] == 1, |pixel: usize| labels[pixel] == 1);
        let _ = black_box(LesionWise::DEFAULT.report(shape, found, lesion, &mut scratch, &mut slots));
    })
}

/// The number of its component for every pixel, by runs.
fn components_of(mask: &Bits<'_>, plane: &mut [u32]) -> segmeter::core::Result<u32> {
    let runs = components::run_count(mask);
    let (mut runs, mut numbers) = (vec![Run::default(); runs], vec![0; runs]);
    let count = components::label_runs(mask, Connectivity::Four, &mut runs, &mut numbers)?;
    plane.fill(0);
    for (run, number) in runs.iter().zip(numbers) {
        let row = run.row as usize * mask.shape().width();
        plane[row + run.start as usize..row + run.end as usize].fill(number);
    }
    Ok(count)
}

/// Scratch words that an error asks for.
fn need(error: segmeter::core::Error) -> usize {
    if let segmeter::core::Error::Scratch { need } = error { need } else { 0 }
}
