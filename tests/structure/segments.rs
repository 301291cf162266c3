//! Panoptic quality, instances and lesions against sets.

use std::collections::BTreeMap;

use segmeter_core::Error;
use segmeter_core::metric::topology::Connectivity;
use segmeter_core::metric::{
    Confusion, InstanceIou, LesionReport, LesionWise, Overlap, Overlaps, PanopticClass, PanopticQuality,
    Segment, SegmentArea,
};
use segmeter_core::plane::Bits;
use segmeter_core::plane::components::{self, Run};
use segmeter_core::view::{IGNORE, Shape};
use segmeter_tests::Random;

use super::regions;

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

/// Segments given by their areas, as by callers that keep them in tables of their own, are those of the slots.
#[test]
fn segments_by_their_areas_are_those_of_slots() {
    let mut random = Random(78);
    let (width, height) = (17, 11);
    let (mut quality, mut instances) =
        (PanopticQuality::<3>::default(), InstanceIou::<3>::new([0.0, 12.5, 9.0]));
    let (mut classes, mut other) = ([PanopticClass::default(); 3], instances.clone());
    for _ in 0..60 {
        let labels = segments(&mut random, width, height);
        let noise = segments(&mut random, width, height);
        let keep = |(l, n): (&Segment, &Segment)| if random.uniform() < 0.3 { *n } else { *l };
        let predictions: Vec<Segment> = labels.iter().zip(&noise).map(keep).collect();
        let mut slots = [Overlap::EMPTY; 300];
        let mut overlaps = Overlaps::new(&mut slots);
        overlaps.push_row(&predictions, &labels).unwrap();
        quality.push(&overlaps);
        instances.push(&overlaps);
        let void = |segment: &Segment| segment.category >= 3;
        let key = |segment: &Segment| (segment.category, segment.instance);
        let areas = |own: &[Segment], other: &[Segment]| {
            let mut areas = BTreeMap::<_, SegmentArea>::new();
            for (own, other) in own.iter().zip(other).filter(|(own, _)| !void(own)) {
                let area = areas.entry(key(own)).or_default();
                (area.pixels, area.void) = (area.pixels + 1, area.void + u64::from(void(other)));
            }
            areas
        };
        let [mut missed, mut alarms] = [areas(&labels, &predictions), areas(&predictions, &labels)];
        for (label, area) in &missed {
            let is_label = |(l, _): &(&Segment, &Segment)| key(l) == *label;
            let hit = |(l, p): &(&Segment, &Segment)| l.category == p.category;
            let hits = labels.iter().zip(&predictions).filter(is_label).filter(hit).count();
            if label.1 != 0 {
                other.push_instance(label.0.into(), area.pixels, hits as u64);
            }
        }
        let mut both = BTreeMap::<_, u64>::new();
        for (label, prediction) in labels.iter().zip(&predictions).filter(|(l, p)| l.category == p.category) {
            *both.entry((key(label), key(prediction))).or_default() += 1;
        }
        for ((label, prediction), pixels) in both.into_iter().filter(|((label, _), _)| label.0 < 3) {
            let pair = (missed.get(&label).copied(), alarms.get(&prediction).copied());
            let (Some(a), Some(b)) = pair else { continue };
            if classes[usize::from(label.0)].push_pair(a, b, pixels) {
                missed.remove(&label);
                alarms.remove(&prediction);
            }
        }
        missed
            .iter()
            .for_each(|(label, area)| classes[usize::from(label.0)].push_unmatched(Some(*area), None));
        alarms
            .iter()
            .for_each(|(label, area)| classes[usize::from(label.0)].push_unmatched(None, Some(*area)));
    }
    assert_eq!([0, 1, 2].map(|class| quality.class(class)), classes);
    assert_eq!(instances, other);
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
            let name = format!("{connectivity:?} {width}x{height}");
            assert_eq!((count as usize, &out), (found.len(), &expected), "{name}");
            let mut words = vec![0; Bits::words(shape)];
            let bits = Bits::new(shape, &mut words, |pixel| mask[pixel]).unwrap();
            let mut runs = vec![Run::default(); components::run_count(&bits)];
            let mut numbers = vec![9; runs.len()];
            assert_eq!(
                components::label_runs(&bits, connectivity, &mut runs, &mut numbers),
                Ok(count),
                "{name}"
            );
            out.fill(0);
            for (run, number) in runs.iter().zip(&numbers) {
                let first = run.row as usize * width;
                out[first + run.start as usize..first + run.end as usize].fill(*number);
            }
            assert_eq!(out, expected, "{name}");
            let one_more = components::label_runs(
                &bits,
                connectivity,
                &mut [runs, vec![Run::default()]].concat(),
                &mut numbers,
            );
            let expected = numbers.len();
            assert_eq!(one_more, Err(Error::Length { expected, found: expected + 1 }));
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
