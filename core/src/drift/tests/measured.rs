//! What is measured of a frame for the monitor alone: calibration, estimate, outline.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

#[test]
fn a_map_is_learnt_from_labels() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let frame = |codes: &[u8], labels: &[u8]| {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_row(codes, labels);
        sketch
    };
    // Code 200 is road in 3 of 4 pixels, code 210 in 1 of 2, fewer: they become one, with those between and some below.
    let frames = [frame(&[200, 200, 210, 9], &[1, 1, 1, 0]), frame(&[200, 200, 210, 9], &[1, 0, 0, 255])];
    let map = CalibrationMap::learn(frames.iter(), &table).unwrap();
    let at = |index: usize| f64::from(map.probability()[index]) / 65535.0;
    let (mut road, mut pixels) = (table.probability.map(f64::from), [1.0; 256]);
    for (code, ones, all) in [(200, 3.0, 4.0), (210, 1.0, 2.0), (9, 0.0, 1.0)] {
        road[code] += ones;
        pixels[code] += all;
    }
    // The least of the means to the right, of which the greatest to the left.
    let mean =
        |from: usize, to: usize| road[from..=to].iter().sum::<f64>() / pixels[from..=to].iter().sum::<f64>();
    for index in (0..256).step_by(5) {
        let least = |from: usize| (index..256).map(|to| mean(from, to)).fold(f64::MAX, f64::min);
        let expected = (0..=index).map(least).fold(f64::MIN, f64::max);
        assert!((at(index) - expected).abs() < 1e-5, "{index}: {} {expected}", at(index));
    }
    assert!(map.probability()[200] == map.probability()[210] && at(200) < at(215));
    assert!((at(255) - f64::from(table.probability[255])).abs() < 1e-4, "never seen: what the network says");
    assert!(map.is_learnt());
    assert_eq!(CalibrationMap::learn(frames[..1].iter(), &table), Err(Error::Parameter("labels")));
    let mut falling = *map.probability();
    falling[7] = u16::MAX;
    assert_eq!(CalibrationMap::from_parts(falling, [0; 256], true), Err(Error::Parameter("calibration")));
}

/// The deviation of a code, by its definition: between frames, of the share of road in the sixteenth that it is in, rounded up
/// to steps of 2^-8.
#[test]
fn deviations_are_rounded_up() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let mut seed = 9u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let frames: Vec<Vec<(u8, u8)>> = (0..5)
        .map(|frame| (0..400).map(|_| (random(), u8::from(random() > 90 + 10 * frame))).collect())
        .collect();
    let sketch = |pixels: &Vec<(u8, u8)>| {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        pixels.iter().for_each(|(code, label)| sketch.push_row(&[*code], &[*label]));
        sketch
    };
    let sketches: Vec<_> = frames.iter().map(sketch).collect();
    let map = CalibrationMap::learn(sketches.iter(), &table).unwrap();
    // With the pixel that every code starts with.
    let mut counts = [1.0; 256];
    frames.iter().flatten().for_each(|(code, _)| counts[usize::from(*code)] += 1.0);
    let total: f64 = counts.iter().sum();
    let ranges: Vec<usize> = (0..256)
        .map(|code| {
            let middle = counts[..code].iter().sum::<f64>() + counts[code] / 2.0;
            (middle * 16.0 / total) as usize
        })
        .collect();
    let range = |code: u8| ranges[usize::from(code)];
    let (mut exact, mut away) = (0, 0);
    for code in 0..=255u8 {
        let inside: Vec<u8> = (0..=255).filter(|other| range(*other) == range(code)).collect();
        let ones = |pixels: &[(u8, u8)]| -> (f64, f64) {
            let here = pixels.iter().filter(|(other, _)| inside.contains(other));
            (here.clone().filter(|(_, label)| *label == 1).count() as f64, here.count() as f64)
        };
        let start: f64 = inside.iter().map(|other| f64::from(table.probability[usize::from(*other)])).sum();
        let (road, pixels) = ones(&frames.concat());
        let mean = (road + start) / (pixels + inside.len() as f64);
        let (mut squares, mut weights) = (0.0, 0.0);
        for (road, pixels) in frames.iter().map(|frame| ones(frame)) {
            let away = road / pixels - mean;
            squares += pixels * (away * away);
            weights += pixels;
        }
        let deviation = 256.0 * (squares / weights).sqrt();
        assert_eq!(map.deviation()[usize::from(code)], deviation.ceil() as u8, "{code}: {deviation}");
        (exact, away) =
            (exact + u32::from(deviation.fract() < 0.5), away + u32::from(deviation.fract() > 0.5));
    }
    assert!(exact > 20 && away > 20, "rounding up is told from rounding: {exact}, {away}");
}

#[test]
fn an_estimate_lies_in_its_interval() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let network = CalibrationMap::network(&table);
    let map = CalibrationMap::from_parts(*network.probability(), [32; 256], true).unwrap();
    let mut sketch = Sketch::<u32>::new(&quantiser);
    assert_eq!(EstimatedIou::new(&sketch, &map, &table), None);
    sketch.push_unlabelled(&[255u8, 204, 51, 0]);
    let iou = EstimatedIou::new(&sketch, &map, &table).unwrap();
    // An eighth less inside (of 1.8, where the first cannot fall below 0.875), an eighth more outside.
    assert!((iou.low.to_f64() - (1.8 - 0.25) / (2.0 + 0.2 + 0.25)).abs() < 2e-3, "{iou:?}");
    assert!((iou.high.to_f64() - (1.0 + 0.925) / (2.0 + 0.075)).abs() < 2e-3, "{iou:?}");
    let certain = EstimatedIou::new(&sketch, &network, &table).unwrap();
    assert!(certain.low == certain.value && certain.value == certain.high && certain.value == iou.value);
}

#[test]
fn an_outline_is_that_of_brute_force() {
    let mut seed = 1u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for width in [1usize, 2, 31, 32, 33, 64, 65] {
        let (height, words) = (5usize, width.div_ceil(32));
        let mask: Vec<Vec<bool>> =
            (0..height).map(|_| (0..width).map(|_| random() & 3 != 0).collect()).collect();
        let mut outline = Outline::new(Shape::new(5, width as u32).unwrap());
        let mut above = vec![0; words];
        for row in &mask {
            let mut bits = vec![0u32; words];
            row.iter().enumerate().for_each(|(x, set)| bits[x / 32] |= u32::from(*set) << (x % 32));
            outline.push_row(&above, &bits);
            above = bits;
        }
        let (mut road, mut sides, mut rows) = (0, 0, 0);
        for y in 0..height {
            for x in 0..width {
                road += u32::from(mask[y][x]);
                rows += y * usize::from(mask[y][x]);
                sides += u32::from(x > 0 && mask[y][x] != mask[y][x - 1]);
                sides += u32::from(y > 0 && mask[y][x] != mask[y - 1][x]);
            }
        }
        assert_eq!((outline.road(), outline.boundary()), (road, sides), "{width}");
        let centroid = rows as f64 / f64::from(road) / height as f64;
        assert!((outline.relative_centroid_row().unwrap().to_f64() - centroid).abs() < 1e-5, "{width}");
    }
    assert_eq!(Outline::new(Shape::new(1, 1).unwrap()).relative_centroid_row(), None);
}
