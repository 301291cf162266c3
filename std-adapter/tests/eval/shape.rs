//! Contours, components and the road.

use segmeter::core::metric::Score;
use segmeter::core::metric::road::{Deviation, RoadProfile};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Spacing, Surface, SurfaceReport, Trimap};
use segmeter::core::metric::topology::{
    Components, Connectivity, Topology, centreline_dice, centreline_scratch_len,
};
use segmeter::core::plane::{Bits, Row};
use segmeter::core::view::IGNORE;
use serde_json::Value;

use super::demo::{Frames, HEIGHT, WIDTH, assert_numbers, demo_line, mean};
use super::support::{Bench, assert_keys, keys, png_grey};

/// The distances of every demo frame.
fn surfaces(frames: &Frames, surface: Surface) -> Vec<SurfaceReport> {
    let shape = Frames::shape();
    let mut scratch = vec![0; surface.scratch_len(shape)];
    let mut of = |(prediction, labels): (Vec<u8>, &Vec<u8>)| {
        let mut rows = surface.rows(shape, &mut scratch).unwrap();
        for (prediction, label) in prediction.chunks(WIDTH).zip(labels.chunks(WIDTH)) {
            rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE }).unwrap();
        }
        rows.finish().unwrap()
    };
    frames.pairs().map(&mut of).collect()
}

#[test]
fn distances_are_what_the_library_measures() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let spaced = Surface { spacing: Spacing::new(0.5, 0.25).unwrap(), tolerance: 0.75, ..Surface::SEGMETER };
    let cases = [
        ("", Surface::SEGMETER),
        ("--spacing 0.5,0.25 --tolerance 0.75", spaced),
        ("--preset monai", Surface::MONAI),
        ("--preset medpy", Surface::MEDPY),
        ("--preset panoptica", Surface::PANOPTICA),
        ("--preset surface_distance", Surface::SURFACE_DISTANCE),
        ("--preset metrics_reloaded", Surface::METRICS_RELOADED),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (flags, surface) in cases {
        let report = bench.json(&format!("{} --metrics hausdorff,hd95,assd,masd,nsd {flags}", demo_line()));
        let reports = surfaces(&frames, surface);
        let of = |value: fn(&SurfaceReport) -> Score| mean(reports.iter().map(value));
        let expected = [
            ("hausdorff", of(SurfaceReport::hausdorff)),
            ("hd95", of(|report| report.percentile().unwrap())),
            ("assd", of(SurfaceReport::assd)),
            ("masd", of(SurfaceReport::masd)),
            ("nsd", of(SurfaceReport::nsd)),
        ];
        assert_numbers(&report["surface"], &expected);
        assert_numbers(&report["classes"][1]["surface"], &expected);
        assert_eq!(report["classes"][0].get("surface"), None);
        // What was not asked for is not computed.
        assert_eq!((keys(&report["topology"]).len(), keys(&report["surface"]).len()), (0, 5));
        let definition = report["definition"]["hd95"].as_str().unwrap().to_owned();
        seen.insert((definition, report["surface"]["hd95"].to_string()));
    }
    // MetricsReloaded has MONAI's distances, but not its empties.
    assert_eq!(seen.len(), cases.len());
}

#[test]
fn boundaries_are_what_the_library_measures() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&format!("{} --trimap-radius 4", demo_line()));
    let shape = Frames::shape();
    let distance = BoundaryIou::of_diagonal(BoundaryIou::COCO, shape).distance;
    let boundary = |iou: BoundaryIou| {
        let of = |(prediction, labels): (Vec<u8>, &Vec<u8>)| {
            let mut scratch = vec![0; iou.scratch_len(WIDTH)];
            let mut rows = iou.rows(WIDTH, &mut scratch).unwrap();
            for (prediction, label) in prediction.chunks(WIDTH).zip(labels.chunks(WIDTH)) {
                rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE }).unwrap();
            }
            rows.finish().iou().value().into()
        };
        mean(frames.pairs().map(of))
    };
    let matched = |matching: Matching| {
        let of = |(prediction, labels): (Vec<u8>, &Vec<u8>)| {
            let mut scratch = vec![0; matching.scratch_len(WIDTH).unwrap()];
            let mut rows = matching.rows(WIDTH, &mut scratch).unwrap();
            for (prediction, label) in prediction.chunks(WIDTH).zip(labels.chunks(WIDTH)) {
                rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE }).unwrap();
            }
            rows.finish().f_score()
        };
        mean(frames.pairs().map(of))
    };
    let trimap = frames.pairs().map(|(prediction, labels)| {
        let trimap = Trimap::new(4.0);
        let mut scratch = vec![0; trimap.scratch_len(WIDTH).unwrap()];
        let mut rows = trimap.rows(WIDTH, &mut scratch).unwrap();
        for (prediction, label) in prediction.chunks(WIDTH).zip(labels.chunks(WIDTH)) {
            rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE }).unwrap();
        }
        rows.finish()
    });
    let trimap: Vec<_> = trimap.collect();
    let expected = [
        ("boundary_iou", boundary(BoundaryIou { distance, frame_counts: false })),
        ("boundary_f", matched(Matching::new(2.0))),
        ("trimap", mean(trimap.iter().map(|counts| counts.report().iou().value().into()))),
        ("trimap_accuracy", mean(trimap.iter().map(|counts| counts.accuracy().value().into()))),
    ];
    assert_numbers(&report["surface"], &expected);
    let by = |preset: &str| {
        bench.json(&format!("{} --metrics boundary_iou,boundary_f --preset {preset}", demo_line()))
    };
    let cityscapes = BoundaryIou::of_diagonal(BoundaryIou::CITYSCAPES, shape);
    let coco = BoundaryIou { distance, frame_counts: true };
    assert_numbers(&by("boundary_iou_coco")["surface"], &[("boundary_iou", boundary(coco))]);
    assert_numbers(&by("boundary_iou_cityscapes")["surface"], &[("boundary_iou", boundary(cityscapes))]);
    let davis = by("davis_f");
    // What the preset does not concern is as ever.
    assert_numbers(&davis["surface"], &[("boundary_f", matched(Matching::davis(shape))), expected[0]]);
    assert!(davis["definition"]["boundary_f"].as_str().unwrap().contains("preset davis_f: half-pixel"));
}

#[test]
fn topology_and_road_are_what_the_library_finds() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&format!("{} --min-area 20 --ego 70", demo_line()));
    let shape = Frames::shape();
    let (mut numbers, mut roads, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (prediction, labels) in frames.pairs() {
        let scored = |ids: &[u8]| -> Vec<bool> {
            ids.iter().zip(labels).map(|(id, label)| *id == 1 && *label != IGNORE).collect()
        };
        let masks = [scored(&prediction), scored(labels)];
        let topology = masks.each_ref().map(|mask| -> Topology {
            let mut scratch = vec![0; Components::scratch_len(WIDTH)];
            let mut components = Components::new(WIDTH, Connectivity::Four, 20, &mut scratch).unwrap();
            mask.chunks(WIDTH).for_each(|row| components.push_row(|column| row[column]));
            components.finish()
        });
        numbers.push(topology);
        let profiles = masks.each_ref().map(|mask| {
            let (mut left, mut right, mut lowest) = (vec![0; HEIGHT], vec![0; HEIGHT], vec![0; WIDTH]);
            let mut profile = RoadProfile::new(70, [&mut left, &mut right], &mut lowest).unwrap();
            for row in mask.chunks(WIDTH) {
                profile.push_row(|column| row[column]).unwrap();
            }
            (left, right, lowest)
        });
        let [(left, right, lowest), (true_left, true_right, true_lowest)] = &profiles;
        let mut offset = Deviation::of(left, true_left);
        offset.merge(&Deviation::of(right, true_right));
        roads.push((offset, Deviation::of(lowest, true_lowest)));
        let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
        let prediction = Bits::new(shape, &mut a, |pixel| masks[0][pixel]).unwrap();
        let labels = Bits::new(shape, &mut b, |pixel| masks[1][pixel]).unwrap();
        let mut scratch = vec![0; centreline_scratch_len(shape)];
        lines.push(centreline_dice(&prediction, &labels, &mut scratch).unwrap());
    }
    let of = |value: fn(&[Topology; 2]) -> f64| mean(numbers.iter().map(|pair| Score::Value(value(pair))));
    let expected = [
        ("components", of(|[prediction, _]| prediction.components.into())),
        ("components_of_labels", of(|[_, labels]| labels.components.into())),
        ("holes", of(|[prediction, _]| prediction.holes.into())),
        ("euler_number_of_labels", of(|[_, labels]| labels.euler() as f64)),
        ("betti_error", of(|[prediction, labels]| prediction.betti_error(*labels) as f64)),
        ("centreline_dice", mean(lines.iter().map(|line| line.value().into()))),
    ];
    assert_numbers(&report["topology"], &expected);
    let expected = [
        ("boundary_offset", mean(roads.iter().map(|(offset, _)| offset.mean_absolute().into()))),
        ("lowest_road", mean(roads.iter().map(|(_, lowest)| lowest.mean_absolute().into()))),
    ];
    assert_numbers(&report["road"], &expected);
    // The corridor is as wide as both sides and the ego column.
    assert!(report["road"]["corridor_width"].as_f64().unwrap() <= 2.0 * expected[0].1.unwrap());
}

#[test]
fn infinite_distances_are_null_and_counted() {
    let bench = Bench::new();
    for (name, prediction) in [("a", [0, 1, 1, 0]), ("b", [0; 4])] {
        bench.file(&format!("p/{name}.png"), &png_grey(4, 1, &prediction));
        bench.file(&format!("g/{name}.png"), &png_grey(4, 1, &[0, 0, 1, 1]));
    }
    let report = bench.json("eval p g --metrics hausdorff,hd95,dice --preset monai");
    // MONAI's Hausdorff distance is infinite where nothing is predicted, and so is its mean.
    assert_eq!(
        (&report["surface"]["hausdorff"], &report["undefined"]["hausdorff"]),
        (&Value::Null, &1.into())
    );
    assert!(report["definition"]["hausdorff"].as_str().unwrap().contains("infinite, printed as null"));
    bench.stdout("eval p g --metrics hausdorff --preset monai --report r.html --worst-by hausdorff", 0);
    let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
    assert!(html.contains("<code>b</code> hausdorff inf") && html.find("<code>b<") < html.find("<code>a<"));
    let plain = bench.json("eval p g --metrics hausdorff");
    assert_eq!((&plain["surface"]["hausdorff"], &plain["undefined"]["hausdorff"]), (&1.0.into(), &1.into()));
    assert_keys(&plain, "images pixels ignored classes pooled per_image_mean surface threshold calibration");
    assert_keys(&plain, "topology undefined definition");
}
