//! Components as segments, road graphs, and categories.

use std::collections::BTreeSet;

use segmeter::apls::Apls;
use segmeter::core::plane::Bits;
use serde_json::Value;

use super::demo::{Frames, assert_numbers, demo_line, mean, several};
use super::support::{Bench, npy};

const WIDTH: usize = 24;
const HEIGHT: usize = 18;

/// Blocks of three classes, some of them shifted, some pixels wrong, some ignored.
fn blocks(seed: usize) -> [Vec<u8>; 2] {
    let at = |row: usize, column: usize| ((row / 4 * 5 + column / 5 * 3 + seed) * 7 % 11 % 3) as u8;
    let (mut prediction, mut labels) = (Vec::new(), Vec::new());
    for pixel in 0..WIDTH * HEIGHT {
        let (row, column) = (pixel / WIDTH, pixel % WIDTH);
        let noise = pixel * 31 % (17 + seed) == 3;
        labels.push(if (row + seed) % 9 == 4 && column > 11 { 255 } else { at(row, column) });
        prediction.push(if noise { 1 } else { at(row + usize::from(column > 9), column) });
    }
    [prediction, labels]
}

/// Components by sides and corners, by flooding.
fn components(set: impl Fn(usize) -> bool) -> Vec<BTreeSet<usize>> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for start in (0..WIDTH * HEIGHT).filter(|pixel| set(*pixel)) {
        let (mut component, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(pixel) = open.pop() {
            if !set(pixel) || !seen.insert(pixel) {
                continue;
            }
            component.insert(pixel);
            let (row, column) = (pixel / WIDTH, pixel % WIDTH);
            for row in row.saturating_sub(1)..(row + 2).min(HEIGHT) {
                open.extend((column.saturating_sub(1)..(column + 2).min(WIDTH)).map(|c| row * WIDTH + c));
            }
        }
        if !component.is_empty() {
            found.push(component);
        }
    }
    found
}

/// The IoU of the segments found, false positives and false negatives of a class.
fn panoptic([prediction, labels]: &[Vec<u8>; 2], class: u8) -> (Vec<f64>, usize, usize) {
    let void: BTreeSet<usize> = (0..labels.len()).filter(|pixel| labels[*pixel] == 255).collect();
    let truth = components(|pixel| labels[pixel] == class);
    let (mut found, mut missed, mut alarms) = (Vec::new(), truth.len(), 0);
    for segment in components(|pixel| prediction[pixel] == class) {
        let scored: BTreeSet<_> = segment.difference(&void).copied().collect();
        let iou = |other: &BTreeSet<usize>| {
            scored.intersection(other).count() as f64 / scored.union(other).count() as f64
        };
        if let Some(iou) = truth.iter().map(iou).find(|iou| *iou > 0.5) {
            found.push(iou);
            missed -= 1;
        } else if 2 * scored.len() >= segment.len() {
            alarms += 1;
        }
    }
    (found, alarms, missed)
}

/// IoU in which every component of the labels weighs the same, in all of these images.
fn instances(images: &[[Vec<u8>; 2]], class: u8) -> f64 {
    let (mut parts, mut alarms) = (Vec::new(), 0.0);
    for [prediction, labels] in images {
        for component in components(|pixel| labels[pixel] == class) {
            let hits = component.iter().filter(|pixel| prediction[**pixel] == class).count();
            parts.push((component.len() as f64, hits as f64));
        }
        let alarm = |pixel: &usize| prediction[*pixel] == class && ![class, 255].contains(&labels[*pixel]);
        alarms += (0..labels.len()).filter(alarm).count() as f64;
    }
    let size = average(parts.iter().map(|(size, _)| *size));
    let weighted = |of: fn(f64, f64) -> f64| -> f64 {
        parts.iter().map(|(own, hits)| size / own * of(*own, *hits)).sum()
    };
    let (found, missed) = (weighted(|_, hits| hits), weighted(|own, hits| own - hits));
    found / (found + alarms + missed)
}

/// The Dice of the components of the labels, those not found and the false alarms in their place as 0.
fn lesions([prediction, labels]: &[Vec<u8>; 2], class: u8) -> Vec<f64> {
    let is = |ids: &[u8], pixel: usize| ids[pixel] == class && labels[pixel] != 255;
    let parts = components(|pixel| is(prediction, pixel));
    let truth = components(|pixel| is(labels, pixel));
    let dice = |lesion: &BTreeSet<usize>| {
        let touching = parts.iter().filter(|part| !part.is_disjoint(lesion));
        let predicted: BTreeSet<_> = touching.flatten().copied().collect();
        2.0 * predicted.intersection(lesion).count() as f64 / (predicted.len() + lesion.len()) as f64
    };
    let alarms = parts.iter().filter(|part| truth.iter().all(|lesion| part.is_disjoint(lesion)));
    truth.iter().map(dice).chain(alarms.map(|_| 0.0)).collect()
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn segments_by_sets() {
    let bench = Bench::new();
    let images = [blocks(0), blocks(4), blocks(7)];
    for (name, place) in [("p", 0), ("g", 1)] {
        let ids: Vec<u8> = images.iter().flat_map(|image| image[place].clone()).collect();
        bench.file(&format!("{name}.npy"), &npy("|u1", &[3, HEIGHT, WIDTH], &ids));
    }
    let line = "eval p.npy g.npy --classes 3";
    let report = bench.json(&format!("{line} --per-image"));
    let (mut all, mut several) = (Vec::new(), 0);
    for class in 1..3_u8 {
        let of_class = images.iter().map(|image| panoptic(image, class));
        let of_class: Vec<_> = of_class.collect();
        let quality = |images: &[(Vec<f64>, usize, usize)]| {
            let found: Vec<f64> = images.iter().flat_map(|(found, ..)| found.clone()).collect();
            let errors: usize = images.iter().map(|(_, alarms, missed)| alarms + missed).sum();
            let recognition = found.len() as f64 / (found.len() as f64 + errors as f64 / 2.0);
            let segmentation = average(found.into_iter());
            [segmentation * recognition, segmentation, recognition]
        };
        several += of_class
            .iter()
            .filter(|(found, alarms, missed)| !found.is_empty() && alarms * missed > 0)
            .count();
        all.push(quality(&of_class));
        let names = ["panoptic_quality", "segmentation_quality", "recognition_quality"];
        for (name, value) in names.into_iter().zip(quality(&of_class)) {
            near(&report["classes"][usize::from(class)]["panoptic"][name], value);
        }
        // Weights are in steps of 2^-32.
        let found = report["classes"][usize::from(class)]["panoptic"]["instance_iou"].as_f64().unwrap();
        let expected = instances(&images, class);
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        for (image, of_image) in of_class.iter().enumerate() {
            let found = &report["per_image"][image]["classes"][usize::from(class)]["panoptic"];
            near(&found["recognition_quality"], quality(std::slice::from_ref(of_image))[2]);
        }
    }
    assert!(several > 1, "too easy");
    near(&report["panoptic"]["panoptic_quality"], average(all.iter().map(|[quality, ..]| *quality)));
    let of_image = |image| average((1..3).map(|class| average(lesions(image, class).into_iter())));
    near(&report["panoptic"]["lesion_wise_dice"], average(images.iter().map(of_image)));
    let page = bench.stdout(&format!("{line} --metrics panoptic_quality --report r.html"), 0);
    assert!(page.contains("panoptic_quality"), "{page}");
}

/// Dots that touch nowhere, of which the prediction misses every seventh and has some of its own: as many segments as there
/// are, beyond what 16 bits number.
#[test]
fn any_number_of_segments() {
    let bench = Bench::new();
    let (side, mut found, mut missed, mut alarms) = (560, 0.0, 0.0, 0.0);
    let (mut prediction, mut labels) = (vec![0; side * side], vec![0; side * side]);
    for (dot, (row, column)) in
        (0..side / 2).flat_map(|row| (0..side / 2).map(move |column| (2 * row, 2 * column))).enumerate()
    {
        let pixel = row * side + column;
        (labels[pixel], prediction[pixel]) = (u8::from(dot % 11 != 5), u8::from(dot % 7 != 3));
        match (labels[pixel], prediction[pixel]) {
            (1, 1) => found += 1.0,
            (1, _) => missed += 1.0,
            (_, 1) => alarms += 1.0,
            _ => {}
        }
    }
    assert!(found > 60_000.0);
    bench.file("p.npy", &npy("|u1", &[side, side], &prediction));
    bench.file("g.npy", &npy("|u1", &[side, side], &labels));
    let names = "panoptic_quality,segmentation_quality,recognition_quality,instance_iou,lesion_wise_dice";
    let report = bench.json(&format!("eval p.npy g.npy --metrics {names}"));
    let quality = 2.0 * found / (2.0 * found + missed + alarms);
    let iou = found / (found + missed + alarms);
    for (name, expected) in names.split(',').zip([quality, 1.0, quality, iou, iou]) {
        near(&report["panoptic"][name], expected);
    }
}

#[test]
fn road_graphs_are_what_the_library_compares() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let shape = Frames::shape();
    for (flags, spacing) in [("", 1.0), ("--spacing 2,2", 2.0)] {
        let of = |(prediction, labels): (Vec<u8>, &Vec<u8>)| {
            let scored = |ids: &[u8], pixel: usize| ids[pixel] == 1 && labels[pixel] != 255;
            let apls = Apls { spacing, ..Apls::PAPER };
            let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
            let prediction = Bits::new(shape, &mut a, |pixel| scored(&prediction, pixel)).unwrap();
            let labels = Bits::new(shape, &mut b, |pixel| scored(labels, pixel)).unwrap();
            apls.report(&prediction, &labels).unwrap().value.into()
        };
        let report = bench.json(&format!("{} --metrics apls {flags}", demo_line()));
        assert_numbers(&report["topology"], &[("apls", mean(frames.pairs().map(of)))]);
        let said = format!("pixel {spacing}");
        assert!(report["definition"]["apls"].as_str().unwrap().contains(&said), "{report}");
    }
    // It is slow, and has to be asked for.
    assert!(bench.json(&demo_line())["topology"].get("apls").is_none());
}

#[test]
fn categories_take_classes_as_one() {
    let bench = Bench::new();
    let images = several(&bench);
    let line = "eval p g --classes road,sidewalk,car --ignore 7";
    let iou = |classes: &[u8]| {
        let pixels = || images.iter().flat_map(|(_, p, g)| p.iter().zip(g)).filter(|(_, g)| **g != 7);
        let count = |is: fn(bool, bool) -> bool| {
            pixels().filter(|(p, g)| is(classes.contains(p), classes.contains(g))).count() as f64
        };
        count(|p, g| p && g) / count(|p, g| p || g)
    };
    let report = bench.json(&format!("{line} --categories flat=road,sidewalk;object=car"));
    let expected = [("flat", Some(iou(&[0, 1]))), ("object", Some(iou(&[2])))];
    assert_numbers(&report["categories"], &expected);
    near(&report["pooled"]["category_iou"], f64::midpoint(iou(&[0, 1]), iou(&[2])));
    // A class of no category is in none of them.
    let without = bench.json(&format!("{line} --categories vehicle=car --metrics category_iou"));
    assert_numbers(&without["categories"], &[("vehicle", Some(iou(&[2])))]);
    assert_numbers(&without["pooled"], &[("category_iou", Some(iou(&[2])))]);
    let table =
        bench.stdout(&format!("{line} --categories flat=road,sidewalk;object=car --report r.html"), 0);
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    for name in ["flat", "object", "category_iou"] {
        assert!(table.contains(name) && page.contains(&format!("<td>{name}</td>")), "{name}: {table}");
    }
    assert!(bench.json(line)["categories"].is_null());
    for (flags, found) in [
        ("--metrics category_iou", "found metric `category_iou` without categories, expected --categories"),
        ("--categories flat", "found --categories flat, expected NAME=CLASS,CLASS;..."),
        ("--categories flat=tram", "in which `tram` is none of the classes road, sidewalk, car"),
        ("--categories flat=road;more=road", "in which `road` is more than once"),
        ("--categories flat=road;flat=car", "in which `flat` is more than once"),
        ("--metrics apls --spacing 1,2", "--spacing 1,2: apls is defined for square pixels only"),
    ] {
        let stderr = bench.refusal(&format!("{line} {flags}"));
        assert!(stderr.contains(found), "{flags}: {stderr}");
    }
}
