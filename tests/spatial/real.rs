//! Losses of differences between neighbours on real frames of three sizes, where many neighbours are nearly alike: against
//! `f64` from the logits on.

use segmeter_core::loss::{ActiveContour, Elastica, Loss, Serial};
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Shape};
use segmeter_tests::{DEMO_SHAPE, Demo};

use crate::oracle::{Case, Oracle};

/// How far a gradient is off, in its largest entry, and the value, in itself.
type Off = (f64, f64);

/// Outputs of frame `number` in another size, between neighbours as a straight line is.
fn resized(demo: &Demo, number: usize, height: usize, width: usize) -> Vec<f32> {
    let (old_height, old_width) = (DEMO_SHAPE.0 as usize, DEMO_SHAPE.1 as usize);
    let codes = demo.codes(number);
    let logit =
        |y: usize, x: usize| 0.101_869_74 * (f64::from(codes[y * old_width + x].cast_signed()) - 15.0);
    let along = |place: usize, new: usize, old: usize| {
        let at = (((place as f64 + 0.5) * old as f64 / new as f64) - 0.5).clamp(0.0, (old - 1) as f64);
        let first = (at as usize).min(old - 2);
        (first, at - first as f64)
    };
    (0..height * width)
        .map(|pixel| {
            let ((y, v), (x, u)) =
                (along(pixel / width, height, old_height), along(pixel % width, width, old_width));
            let line = |y: usize| (1.0 - u) * logit(y, x) + u * logit(y, x + 1);
            ((1.0 - v) * line(y) + v * line(y + 1)) as f32
        })
        .collect()
}

/// The softmax of planes, class by class; of one plane the sigmoid.
fn probabilities(planes: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let score = |class: usize, pixel: usize| match planes {
        [plane] => {
            if class == 0 {
                0.0
            } else {
                f64::from(plane[pixel])
            }
        }
        planes => f64::from(planes[class][pixel]),
    };
    let classes = planes.len().max(2);
    let power = |class: usize, pixel: usize| score(class, pixel).exp();
    let one = |class: usize, pixel: usize| {
        power(class, pixel) / (0..classes).map(|class| power(class, pixel)).sum::<f64>()
    };
    (0..classes).map(|class| (0..planes[0].len()).map(|pixel| one(class, pixel)).collect()).collect()
}

/// Value and gradient of one class after the other by the oracle, and their mean.
fn expected(oracle: &Oracle, shape: (usize, usize), planes: &[Vec<f32>], ids: &[u8]) -> (f64, Vec<Vec<f64>>) {
    let p = probabilities(planes);
    let wanted = (p.len() - 1) as f64;
    let (mut value, mut slopes) = (0.0, vec![vec![0.0; ids.len()]; p.len()]);
    for class in 1..p.len() {
        let case = Case {
            name: format!("class {class}"),
            height: shape.0,
            width: shape.1,
            folded: vec![0.0; ids.len()],
            targets: ids.iter().map(|id| f32::from(u8::from(usize::from(*id) == class))).collect(),
            weights: vec![1.0; ids.len()],
        };
        let (of_class, by_p) = oracle.evaluate(&case, &p[class]);
        value += of_class / wanted;
        for (pixel, by_p) in by_p.iter().enumerate() {
            for (other, slopes) in slopes.iter_mut().enumerate() {
                let own = f64::from(u8::from(other == class));
                slopes[pixel] += by_p / wanted * p[class][pixel] * (own - p[other][pixel]);
            }
        }
    }
    // One logit stands for the difference of two.
    (value, if planes.len() == 1 { slopes.split_off(1) } else { slopes })
}

fn measure(loss: &impl Loss, oracle: &Oracle, (height, width): (usize, usize), channels: usize) -> Off {
    let demo = Demo::load();
    let shape = Shape::new(height as u32, width as u32).unwrap();
    let planes: Vec<_> = (0..channels).map(|n| resized(&demo, 40 * n, height, width)).collect();
    let scores: Vec<f32> = planes.concat();
    let labels: Vec<u8> = resized(&demo, 3, height, width)
        .iter()
        .zip(resized(&demo, 90, height, width))
        .map(|(a, b)| if channels > 1 { u8::from(*a > 0.0) + u8::from(b > 2.0) } else { u8::from(*a > 0.0) })
        .collect();
    let (mut gradient, mut scratch) = (vec![0.0; scores.len()], vec![0; loss.scratch_len(shape)]);
    let found = if channels == 1 {
        let frame = Frame::new(&scores, Labels::new(shape, &labels, IGNORE).unwrap()).unwrap();
        loss.accumulate(&Serial::SCALAR, &frame, 1.0, &mut scratch, Some(&mut gradient)).unwrap()
    } else {
        let frame: Frame<'_, 4> =
            Frame::multiclass(shape, channels, Layout::Planar, &scores, &labels, IGNORE).unwrap();
        loss.accumulate(&Serial::SCALAR, &frame, 1.0, &mut scratch, Some(&mut gradient)).unwrap()
    };
    let (value, slopes) = expected(oracle, (height, width), &planes, &labels);
    let slopes = slopes.concat();
    let largest = slopes.iter().fold(0.0_f64, |largest, slope| largest.max(slope.abs()));
    let off = gradient.iter().zip(&slopes).fold(0.0_f64, |off, (a, b)| off.max((f64::from(*a) - b).abs()));
    (off / largest, (f64::from(found.value) / value - 1.0).abs())
}

/// Where two neighbours are nearly alike, the direction of the contour is in digits that rounding takes.
#[test]
fn contours_of_real_frames() {
    let tiny = f64::from(1e-8_f32);
    let contour = Oracle::Contour { length: 1.0, region: 1.0, length_smooth: tiny, mean: false };
    let elastica =
        Oracle::Elastica { length: f64::from(0.001_f32), curvature: 2.0, region: 1.0, length_smooth: tiny };
    for size in [(60, 80), (120, 160), (240, 320)] {
        for channels in [1, 3] {
            let found = [
                measure(&ActiveContour::PAPER, &contour, size, channels),
                measure(&Elastica::PAPER, &elastica, size, channels),
            ];
            eprintln!("{size:?}, {channels} channels: active_contour, elastica (gradient, value): {found:?}");
            for (gradient, value) in found {
                assert!(
                    gradient < 1e-6 && value < 1e-6,
                    "{size:?}, {channels}: {gradient:e}, value {value:e}"
                );
            }
        }
    }
}
