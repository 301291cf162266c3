//! Components, holes, centre lines, corridors and segments against brute force.

use std::collections::BTreeMap;

use segmeter_core::Error;
use segmeter_core::metric::road::{Corridor, Deviation, NONE, Profile};
use segmeter_core::metric::topology::{
    Components, Connectivity, Topology, centreline_dice, centreline_scratch_len,
};
use segmeter_core::metric::{
    Confusion, Empties, Empty, InstanceIou, LesionReport, LesionWise, Overlap, Overlaps, PanopticQuality,
    Score, Segment,
};
use segmeter_core::plane::{Bits, components, skeleton};
use segmeter_core::view::{IGNORE, Shape};
use segmeter_tests::{Demo, Random};

/// The areas of the regions of equal pixels by flood fill, and whether each touches the frame.
fn regions(mask: &[bool], width: usize, of: bool, corners: bool) -> Vec<(usize, bool, Vec<usize>)> {
    let height = mask.len() / width;
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if seen[start] || mask[start] != of {
            continue;
        }
        let (mut stack, mut pixels, mut outer) = (vec![start], Vec::new(), false);
        seen[start] = true;
        while let Some(pixel) = stack.pop() {
            let (y, x) = (pixel / width, pixel % width);
            outer |= y == 0 || x == 0 || y + 1 == height || x + 1 == width;
            pixels.push(pixel);
            for (dy, dx) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)] {
                if dy != 0 && dx != 0 && !corners {
                    continue;
                }
                let (y, x) = (y.wrapping_add_signed(dy), x.wrapping_add_signed(dx));
                if y < height && x < width && mask[y * width + x] == of && !seen[y * width + x] {
                    seen[y * width + x] = true;
                    stack.push(y * width + x);
                }
            }
        }
        found.push((pixels.len(), outer, pixels));
    }
    found
}

/// By flood fill: small components are taken out of the mask, then holes are background that the frame does not touch.
fn flooded(mask: &[bool], width: usize, connectivity: Connectivity, least: usize) -> Topology {
    let corners = connectivity == Connectivity::Eight;
    let (mut kept, mut found) = (mask.to_vec(), Topology::default());
    for (area, _, pixels) in regions(mask, width, true, corners) {
        if area < least {
            found.removed += 1;
            pixels.into_iter().for_each(|pixel| kept[pixel] = false);
        } else {
            found.components += 1;
            found.largest = found.largest.max(area as u32);
        }
    }
    let holes = regions(&kept, width, false, !corners);
    found.holes = holes.iter().filter(|(_, outer, _)| !outer).count() as u32;
    found
}

fn streamed(mask: &[bool], width: usize, connectivity: Connectivity, least: u16) -> Topology {
    let mut scratch = vec![0xaaaa; Components::scratch_len(width)];
    let mut components = Components::new(width, connectivity, least, &mut scratch).unwrap();
    mask.chunks(width).for_each(|row| components.push_row(|column| row[column]));
    components.finish()
}

fn check(mask: &[bool], width: usize, least: u16) {
    for connectivity in [Connectivity::Four, Connectivity::Eight] {
        let (found, expected) =
            (streamed(mask, width, connectivity, least), flooded(mask, width, connectivity, least.into()));
        assert_eq!(found, expected, "{connectivity:?}, width {width}, {mask:?}");
        assert_eq!(found.euler(), i64::from(found.components) - i64::from(found.holes));
    }
}

#[test]
fn every_mask_of_4_by_4() {
    for code in 0..1_u32 << 16 {
        let mask: Vec<bool> = (0..16).map(|bit| code >> bit & 1 == 1).collect();
        check(&mask, 4, 0);
        if code % 7 == 0 {
            check(&mask, 4, 3);
            check(&mask, 2, 2);
            check(&mask, 16, 1);
            check(&mask, 1, 2);
        }
    }
}

/// Noise of any density, and areas with noise in them.
#[test]
fn random_masks() {
    let mut random = Random(3);
    for round in 0..600_usize {
        let (width, height) =
            (1 + (random.uniform() * 64.0) as usize, 1 + (random.uniform() * 64.0) as usize);
        let density = [0.3, 0.45, 0.55, 0.7, 0.9][round % 5];
        let mask: Vec<bool> = (0..width * height)
            .map(|pixel| (round % 2 == 0 && pixel % width > width / 3) != (random.uniform() < density))
            .collect();
        check(&mask, width, [0, 1, 2, 9, 100, 8191][round % 6]);
    }
}

#[test]
fn spirals_and_combs_join_late() {
    let rows = [
        b"#########",
        b"........#",
        b"#######.#",
        b"#.....#.#",
        b"#.###.#.#",
        b"#.#...#.#",
        b"#.#####.#",
        b"#.......#",
        b"#########",
    ];
    let mask: Vec<bool> = rows.iter().flat_map(|row| row.iter().map(|c| *c == b'#')).collect();
    check(&mask, 9, 0);
    let comb: Vec<bool> = (0..63 * 9).map(|pixel| pixel / 63 == 8 || pixel % 63 % 2 == 0).collect();
    check(&comb, 63, 9);
    // Areas above what 16 bits hold.
    let large = vec![true; 300 * 300];
    let expected = Topology { components: 1, holes: 0, removed: 0, largest: 90_000 };
    assert_eq!(streamed(&large, 300, Connectivity::Four, 8191), expected);
}

#[test]
fn topology_of_road_masks_and_refusals() {
    let (demo, width) = (Demo::load(), Demo::shape().width());
    let mut error = 0;
    for frame in (0..221).step_by(20) {
        let mask: Vec<bool> = demo.reference(frame).iter().map(|id| *id == 1).collect();
        let predicted: Vec<bool> =
            demo.codes(frame).iter().map(|code| code ^ 0x80 > Demo::quantiser().threshold()).collect();
        check(&mask, width, 0);
        check(&predicted, width, 20);
        let of = |mask| streamed(mask, width, Connectivity::Four, 0);
        error += of(&mask).betti_error(of(&predicted));
    }
    assert!(error > 0, "some prediction differs in shape");
    let a = Topology { components: 3, holes: 1, removed: 0, largest: 0 };
    let b = Topology { components: 1, holes: 4, removed: 9, largest: 0 };
    assert_eq!((a.betti_error(b), b.betti_error(a), a.betti_error(a)), (5, 5, 0));
    let mut scratch = [0; 100];
    let refused = |width, least, scratch: &mut [u32]| {
        Components::new(width, Connectivity::Four, least, scratch).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(0, 0, &mut scratch), Error::Parameter("width"));
    assert_eq!(refused(65_535, 0, &mut scratch), Error::Parameter("width"));
    assert_eq!(refused(9, 8192, &mut scratch), Error::Parameter("least"));
    let need = Components::scratch_len(9);
    assert_eq!(refused(9, 0, &mut scratch[..need - 1]), Error::Scratch { need });
    for width in [8, 160, 512, 1024, 2048] {
        assert!(4 * Components::scratch_len(width) <= 9 * width, "more than 9 bytes a column");
    }
}

#[test]
fn centre_lines() {
    let mut random = Random(9);
    for round in 0..60_u32 {
        let shape = Shape::new(1 + round % 23, 1 + round * 7 % 41).unwrap();
        let pixels = shape.pixels();
        let [label, prediction] = [(); 2].map(|()| {
            let (bar, density) = ((random.uniform() * 9.0) as usize, random.uniform());
            (0..pixels)
                .map(|pixel| pixel / 3 % 9 < bar || random.uniform() < density * 0.2)
                .collect::<Vec<_>>()
        });
        let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| vec![0; Bits::words(shape)]);
        let label_bits = Bits::new(shape, &mut a, |pixel| label[pixel]).unwrap();
        let prediction_bits = Bits::new(shape, &mut b, |pixel| prediction[pixel]).unwrap();
        let mut scratch = vec![7; centreline_scratch_len(shape)];
        let found = centreline_dice(&prediction_bits, &label_bits, &mut scratch).unwrap();
        let part = |words, of: &[bool], other: &[bool]| {
            let mut line = Bits::new(shape, words, |pixel| of[pixel]).unwrap();
            skeleton::thin(&mut line, &mut vec![0; skeleton::scratch_len(shape)]).unwrap();
            let on = (0..pixels).filter(|p| line.get(p / shape.width(), p % shape.width()));
            let on: Vec<_> = on.collect();
            (on.iter().filter(|pixel| other[**pixel]).count() as u64, on.len() as u64)
        };
        let expected = [part(&mut c, &prediction, &label), part(&mut d, &label, &prediction)];
        let ratios = [found.precision, found.sensitivity].map(|r| (r.numerator, r.denominator));
        assert_eq!(ratios, expected);
        let harmonic = found
            .precision
            .value()
            .zip(found.sensitivity.value())
            .map(|(p, s)| if p + s == 0.0 { 0.0 } else { 2.0 / (1.0 / p + 1.0 / s) });
        assert!(match (found.value(), harmonic) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-15,
            (a, b) => a.is_none() && b.is_none(),
        });
        let need = scratch.len();
        let refused = centreline_dice(&prediction_bits, &label_bits, &mut scratch[..need - 1]);
        assert_eq!(refused, Err(Error::Scratch { need }));
    }
}

#[test]
fn centre_lines_of_empty_masks() {
    let shape = Shape::new(3, 5).unwrap();
    let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
    let nothing = Bits::new(shape, &mut a, |_| false).unwrap();
    let something = Bits::new(shape, &mut b, |pixel| pixel / 5 == 1).unwrap();
    let mut scratch = vec![0; centreline_scratch_len(shape)];
    let empties =
        Empties { both: Empty::One, labels: Empty::Zero, predictions: Empty::Worst, ..Empties::FORMULA };
    for (prediction, label, expected) in [
        (&nothing, &nothing, Score::Value(1.0)),
        (&something, &nothing, Score::Value(0.0)),
        (&nothing, &something, Score::Value(0.0)),
        (&something, &something, Score::Value(1.0)),
    ] {
        let found = centreline_dice(prediction, label, &mut scratch).unwrap();
        assert_eq!(found.score(empties), expected);
        let defined = prediction.count() != 0 && label.count() != 0;
        assert_eq!(found.score(Empties::FORMULA), if defined { expected } else { Score::Undefined });
    }
    let mut words = vec![0; 99];
    let other = Bits::new(Shape::new(5, 3).unwrap(), &mut words, |_| true).unwrap();
    let length = centreline_dice(&something, &other, &mut scratch).map(|_| ());
    assert_eq!(length, Err(Error::Unsupported("masks of two shapes")), "as many pixels, but another frame");
}

#[test]
fn corridors() {
    let mut random = Random(21);
    for round in 0..200_usize {
        let (width, height) = (1 + round % 17, 1 + round % 11);
        let ego = round % width;
        let mask: Vec<bool> = (0..width * height).map(|_| random.uniform() < 0.7).collect();
        let [mut left, mut right] = [(); 2].map(|()| vec![1; height]);
        let mut lowest = vec![1; width];
        let mut profile = Profile::new(ego, [&mut left, &mut right], &mut lowest).unwrap();
        let rows = mask.chunks(width).map(|row| profile.push_row(|column| row[column]).unwrap());
        let corridors: Vec<Corridor> = rows.collect();
        assert!(matches!(profile.push_row(|_| true), Err(Error::Length { .. })));
        for (y, (row, corridor)) in mask.chunks(width).zip(corridors).enumerate() {
            // The run that holds the ego column, of all runs.
            let start = row[..ego].iter().rposition(|road| !road).map_or(0, |x| x + 1);
            let end = row[ego..].iter().position(|road| !road).map_or(width, |x| ego + x);
            let expected = if row[ego] { [ego - start, end - 1 - ego] } else { [usize::from(NONE); 2] };
            assert_eq!([left[y], right[y]].map(usize::from), expected);
            assert_eq!(usize::from(corridor.width()), if row[ego] { end - start } else { 0 });
        }
        for (x, lowest) in lowest.iter().enumerate() {
            let expected = (0..height).rev().find(|y| mask[y * width + x]);
            // The row too many has been refused, and changed nothing.
            assert_eq!(usize::from(*lowest), expected.unwrap_or(usize::from(NONE)));
        }
    }
    let (mut a, mut b, mut c) = ([0; 2], [0; 2], [0; 2]);
    assert_eq!(Profile::new(2, [&mut a, &mut b], &mut c).unwrap_err(), Error::Parameter("ego"));
}

#[test]
fn deviations_add_up() {
    let (a, b) = ([1, 9, NONE, 4, 0], [4, 2, 3, NONE, 0]);
    let whole = Deviation::of(&a, &b);
    let mut parts = Deviation::of(&a[..2], &b[..2]);
    parts.merge(&Deviation::of(&a[2..], &b[2..]));
    assert_eq!(parts, whole);
    assert_eq!((whole.both, whole.one, whole.sum, whole.signed, whole.largest), (3, 2, 10, 4, 7));
    assert_eq!((Deviation::default().mean(), Deviation::default().mean_absolute()), (None, None));
}

/// Rectangles of segments; some of them void or of a category that is none.
fn segments(random: &mut Random, width: usize, height: usize) -> Vec<Segment> {
    let mut map = vec![Segment { category: 0, instance: 0 }; width * height];
    for _ in 0..9 {
        let mut pick = |n: usize| (random.uniform() * n as f32) as usize;
        let (x, y, w, h) = (pick(width), pick(height), 1 + pick(width), 1 + pick(height));
        let segment = match pick(12) {
            0 => Segment::VOID,
            1 => Segment { category: 7, instance: 0 },
            _ => Segment { category: pick(3) as u16, instance: pick(4) as u16 },
        };
        for (row, line) in map.chunks_mut(width).enumerate() {
            if (y..y + h).contains(&row) {
                line[x..(x + w).min(width)].fill(segment);
            }
        }
    }
    map
}

/// The definition, with sets: (sum of IoU, true positives, false positives, false negatives) of a category.
fn panoptic(predictions: &[Segment], labels: &[Segment], category: u16) -> (f64, u64, u64, u64) {
    let void = |s: &Segment| s.category >= 3;
    let key = |s: &Segment| (s.category, s.instance);
    let pick = |map: &[Segment]| -> BTreeMap<(u16, u16), Vec<usize>> {
        let mut found = BTreeMap::<_, Vec<usize>>::new();
        map.iter().enumerate().filter(|(_, s)| s.category == category).for_each(|(pixel, s)| {
            found.entry(key(s)).or_default().push(pixel);
        });
        found
    };
    let (mut ours, truth) = (pick(predictions), pick(labels));
    let (mut sum, mut found, mut missed) = (0.0, 0, 0);
    for pixels in truth.values() {
        let seen: Vec<_> = pixels.iter().filter(|p| !void(&predictions[**p])).copied().collect();
        let best = ours.iter().find_map(|(id, other)| {
            let judged = other.iter().filter(|p| !void(&labels[**p])).count();
            let both = pixels.iter().filter(|p| other.contains(p)).count();
            let iou = both as f64 / (seen.len() + judged - both) as f64;
            (iou > 0.5).then_some((*id, iou))
        });
        match best {
            Some((id, iou)) => {
                ours.remove(&id);
                (sum, found) = (sum + iou, found + 1);
            }
            None if 2 * (pixels.len() - seen.len()) <= pixels.len() => missed += 1,
            None => {}
        }
    }
    let alarms = ours
        .values()
        .filter(|pixels| 2 * pixels.iter().filter(|p| void(&labels[**p])).count() <= pixels.len());
    (sum, found, alarms.count() as u64, missed)
}

#[test]
fn panoptic_quality_by_sets() {
    let mut random = Random(77);
    let (mut whole, mut parts) =
        (PanopticQuality::<3>::default(), [(); 2].map(|()| PanopticQuality::default()));
    let mut expected = [(0.0, 0, 0, 0); 3];
    for image in 0..150_usize {
        let (width, height) = (3 + image % 14, 2 + image % 9);
        let (labels, mut predictions) =
            (segments(&mut random, width, height), segments(&mut random, width, height));
        if image % 3 != 0 {
            // Mostly right.
            predictions = predictions
                .iter()
                .zip(&labels)
                .map(|(p, l)| if random.uniform() < 0.2 { *p } else { *l })
                .collect();
        }
        let mut slots = [Overlap::EMPTY; 300];
        let mut overlaps = Overlaps::new(&mut slots);
        for (p, l) in predictions.chunks(width).zip(labels.chunks(width)) {
            overlaps.push_row(p, l).unwrap();
        }
        assert_eq!(overlaps.pairs().iter().map(|pair| pair.pixels as usize).sum::<usize>(), width * height);
        whole.push(&overlaps);
        parts[image % 2].push(&overlaps);
        for (category, sums) in (0..).zip(&mut expected) {
            let (sum, found, alarms, missed) = panoptic(&predictions, &labels, category);
            *sums = (sums.0 + sum, sums.1 + found, sums.2 + alarms, sums.3 + missed);
        }
    }
    let [mut a, mut b] = parts.clone();
    a.merge(&parts[1]);
    b.merge(&parts[0]);
    assert!(a == whole && b == whole);
    for (category, (sum, found, alarms, missed)) in expected.into_iter().enumerate() {
        let class = whole.class(category);
        assert_eq!(
            (class.true_positive(), class.false_positive, class.false_negative),
            (found, alarms, missed),
            "category {category}"
        );
        assert!(found > 0 && alarms > 0 && missed > 0);
        let weight = found as f64 + (alarms + missed) as f64 / 2.0;
        let [pq, sq, rq] =
            [class.panoptic_quality(), class.segmentation_quality(), class.recognition_quality()]
                .map(Option::unwrap);
        assert!((pq - sum / weight).abs() < 1e-14 && (sq - sum / found as f64).abs() < 1e-14);
        assert!((pq - sq * rq).abs() < 1e-15);
    }
}

#[test]
fn pixels_without_a_slot_are_counted() {
    let segment = |instance| Segment { category: 1, instance };
    let mut slots = [Overlap::EMPTY; 2];
    let mut image = Overlaps::new(&mut slots);
    let labels = [1, 1, 2, 3, 3, 1].map(segment);
    image.push_row(&labels, &labels).unwrap();
    assert_eq!((image.pairs().len(), image.lost()), (2, 2));
    assert_eq!(image.push_row(&labels[..2], &labels), Err(Error::Length { expected: 6, found: 2 }));
    let (mut quality, mut instances) = (PanopticQuality::<2>::default(), InstanceIou::<2>::new([0.0, 1.0]));
    quality.push(&image);
    instances.push(&image);
    quality.merge(&quality.clone());
    instances.merge(&instances.clone());
    assert_eq!((quality.lost(), instances.lost(), quality.class(1).true_positive()), (4, 4, 4));
    assert_eq!(
        (quality.class(0).panoptic_quality(), PanopticQuality::<2>::default().panoptic_quality()),
        (None, None)
    );
}

#[test]
fn instances_weigh_the_same() {
    let mut random = Random(5);
    let averages = [0.0, 12.5, 900.0_f32];
    let mut whole = InstanceIou::<3>::new(averages);
    let mut parts = [whole.clone(), whole.clone()];
    let mut pixels = Confusion::<3>::new(IGNORE);
    let mut sums = [(0.0, 0.0); 3];
    for image in 0..40_usize {
        let (labels, predictions) = (segments(&mut random, 20, 12), segments(&mut random, 20, 12));
        let mut slots = [Overlap::EMPTY; 240];
        let mut overlaps = Overlaps::new(&mut slots);
        overlaps.push_row(&predictions, &labels).unwrap();
        whole.push(&overlaps);
        parts[image % 2].push(&overlaps);
        let id = |s: &Segment| if s.category < 3 { s.category as u8 } else { IGNORE };
        let ids = [&predictions, &labels].map(|map| map.iter().map(id).collect::<Vec<_>>());
        pixels.push_row(&ids[0], &ids[1]).unwrap();
        let mut instances = BTreeMap::<_, (f64, f64)>::new();
        for (p, l) in predictions.iter().zip(&labels).filter(|(_, l)| l.category < 3 && l.instance != 0) {
            let counts = instances.entry((l.category, l.instance)).or_default();
            *if p.category == l.category { &mut counts.0 } else { &mut counts.1 } += 1.0;
        }
        for ((category, _), (hits, misses)) in instances {
            let weight = f64::from(averages[usize::from(category)]) / (hits + misses);
            let sum = &mut sums[usize::from(category)];
            *sum = (sum.0 + hits * weight, sum.1 + misses * weight);
        }
    }
    let [mut a, b] = parts;
    a.merge(&b);
    assert!(a == whole);
    assert_eq!(whole.iou(0, &pixels), None, "a class without instances");
    for class in [1, 2] {
        let (hits, misses) = sums[class];
        let expected = hits / (hits + misses + pixels.class(class).false_positive as f64);
        let found = whole.iou(class, &pixels).unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

/// Numbers are those of the flood fill, in the order of first pixels.
#[test]
fn components_are_numbered() {
    let mut random = Random(77);
    for round in 0..400 {
        let (width, height) = (1 + round % 33, 1 + round * 7 % 29);
        let share = random.uniform();
        let mask: Vec<bool> = (0..width * height).map(|_| random.uniform() < share).collect();
        let shape = Shape::new(height as u32, width as u32).unwrap();
        for (connectivity, corners) in [(Connectivity::Four, false), (Connectivity::Eight, true)] {
            let mut expected = vec![0; mask.len()];
            let found = regions(&mask, width, true, corners);
            for (number, (_, _, pixels)) in (1..).zip(&found) {
                pixels.iter().for_each(|pixel| expected[*pixel] = number);
            }
            let mut out = vec![9; mask.len()];
            let count = components::label(shape, |pixel| mask[pixel], connectivity, &mut out).unwrap();
            assert_eq!((count as usize, out), (found.len(), expected), "{connectivity:?} {width}x{height}");
        }
    }
    let short = components::label(Shape::new(2, 2).unwrap(), |_| true, Connectivity::Four, &mut [0; 3]);
    assert_eq!(short, Err(Error::Length { expected: 4, found: 3 }));
}

/// Found, missed, false alarms and the Dice of every lesion found, by sets of pixels.
fn lesions(prediction: &[bool], label: &[bool], width: usize, of: LesionWise) -> (Vec<f64>, usize, usize) {
    let corners = of.connectivity == Connectivity::Eight;
    let mut near = label.to_vec();
    for _ in 0..of.dilation {
        let before = near.clone();
        for pixel in (0..near.len()).filter(|pixel| before[*pixel]) {
            let (y, x) = (pixel / width, pixel % width);
            for (y, x) in [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)] {
                if x < width && y < near.len() / width {
                    near[y * width + x] = true;
                }
            }
        }
    }
    let parts = regions(prediction, width, true, corners);
    let (mut dice, mut missed, mut touching) = (Vec::new(), 0, vec![false; parts.len()]);
    for (_, _, region) in regions(&near, width, true, corners) {
        let mut predicted: Vec<usize> = Vec::new();
        for ((_, _, part), touching) in parts.iter().zip(&mut touching) {
            if part.iter().any(|pixel| region.contains(pixel)) {
                *touching = true;
                predicted.extend(part);
            }
        }
        let labelled = region.iter().filter(|pixel| label[**pixel]);
        let both = labelled.clone().filter(|pixel| predicted.contains(*pixel)).count();
        match predicted.len() {
            0 => missed += 1,
            _ => dice.push(2.0 * both as f64 / (predicted.len() + labelled.count()) as f64),
        }
    }
    (dice, missed, touching.iter().filter(|touching| !**touching).count())
}

#[test]
fn lesions_by_sets() {
    let (mut random, mut all, mut met) = (Random(5), LesionReport::default(), 0);
    for round in 0..200 {
        let (width, height) = (1 + round % 23, 1 + round * 5 % 19);
        let shape = Shape::new(height as u32, width as u32).unwrap();
        let share = 0.05 + 0.3 * random.uniform();
        let label: Vec<bool> = (0..width * height).map(|_| random.uniform() < share).collect();
        let prediction: Vec<bool> = label
            .iter()
            .map(|on| if random.uniform() < 0.4 { random.uniform() < share } else { *on })
            .collect();
        for dilation in 0..3 {
            for connectivity in [Connectivity::Four, Connectivity::Eight] {
                let of = LesionWise { connectivity, dilation };
                let mut scratch = vec![0x5555_5555; LesionWise::scratch_len(shape)];
                let mut slots = vec![Overlap::EMPTY; 4 * width * height + 1];
                let report =
                    of.report(shape, |p| prediction[p], |p| label[p], &mut scratch, &mut slots).unwrap();
                let (dice, missed, false_positive) = lesions(&prediction, &label, width, of);
                let counts = (report.found(), report.missed, report.false_positive, report.lost);
                assert_eq!(counts, (dice.len() as u64, missed as u64, false_positive as u64, 0), "{of:?}");
                let count = dice.len() + missed + false_positive;
                let expected = (count != 0).then(|| dice.iter().sum::<f64>() / count as f64);
                let close = |(a, b): (f64, f64)| (a - b).abs() < 1e-12;
                assert!(report.dice().zip(expected).is_none_or(close), "{:?} {expected:?}", report.dice());
                assert_eq!(report.dice().is_some(), expected.is_some());
                let lesions = dice.len() + missed;
                let found = (lesions != 0).then(|| dice.len() as f64 / lesions as f64);
                assert_eq!(report.sensitivity(), found);
                all.merge(&report);
                met += dice.len();
                // A slot too few: its pixels are counted, nothing else breaks.
                let used = slots.iter().filter(|slot| slot.pixels != 0).count();
                let few =
                    of.report(shape, |p| prediction[p], |p| label[p], &mut scratch, &mut slots[..used - 1]);
                assert!(few.unwrap().lost > 0);
            }
        }
        let short = LesionWise::DEFAULT.report(shape, |_| true, |_| true, &mut [0; 2], &mut []);
        assert_eq!(short, Err(Error::Scratch { need: LesionWise::scratch_len(shape) }));
    }
    assert!(met > 1000 && all.found() == met as u64 && all.missed > 100 && all.false_positive > 100);
}
