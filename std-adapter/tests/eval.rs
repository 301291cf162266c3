//! `segmeter eval`: every family of metrics against the library, files of every kind, and what does not change a digit.

mod support;

use std::cmp::Ordering;

use segmeter::core::metric::calibration::{
    Edges, Probabilities, brier, classwise_expected_error, negative_log_likelihood,
};
use segmeter::core::metric::road::{Deviation, Profile};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Spacing, Surface, SurfaceReport, Trimap};
use segmeter::core::metric::topology::{
    Components, Connectivity, Topology, centreline_dice, centreline_scratch_len,
};
use segmeter::core::metric::{
    Averages, Averaging, Calibration, ClassMetric, Confidence, Confusion, Disagreement, Empties, Mean,
    Preset, Reliability, Score, Volume, threshold,
};
use segmeter::core::plane::{Bits, Row};
use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, IGNORE, Labels, Quantised, Quantiser, Shape};
use serde_json::Value;
use support::{Bench, DEMO, LABELLED, SCALE, ZERO_POINT, assert_keys, demo, keys, npy, npy_f32, png_grey};

const HEIGHT: usize = 120;
const WIDTH: usize = 160;
const PIXELS: usize = HEIGHT * WIDTH;

/// The demo's labelled frames.
struct Frames {
    codes: Vec<Vec<i8>>,
    /// 255 where nothing is scored.
    labels: Vec<Vec<u8>>,
}

impl Frames {
    fn load() -> Self {
        let bytes = |name: &str| std::fs::read(demo(name)).unwrap();
        let (codes, labels, valid) = (bytes("road_i8.bin"), bytes("label_bits.bin"), bytes("valid_bits.bin"));
        let frames = LABELLED.split(',').map(|frame| frame.parse::<usize>().unwrap());
        let codes = frames.map(|frame| {
            let codes = &codes[frame * PIXELS..(frame + 1) * PIXELS];
            codes.iter().map(|code| code.cast_signed()).collect()
        });
        let bit = |bits: &[u8], pixel: usize| bits[pixel / 8] >> (pixel % 8) & 1;
        let of = |frame: usize| {
            let pixels = frame * PIXELS..(frame + 1) * PIXELS;
            pixels.map(|pixel| if bit(&valid, pixel) == 1 { bit(&labels, pixel) } else { IGNORE }).collect()
        };
        Self { codes: codes.collect(), labels: (0..18).map(of).collect() }
    }

    fn shape() -> Shape {
        Shape::new(HEIGHT as u32, WIDTH as u32).unwrap()
    }

    fn quantiser() -> Quantiser {
        Quantiser::logits(Encoding::Signed, SCALE, ZERO_POINT).unwrap()
    }

    /// Labels and predicted ids of every frame.
    fn pairs(&self) -> impl Iterator<Item = (Vec<u8>, &Vec<u8>)> {
        self.codes.iter().zip(&self.labels).map(|(codes, labels)| (ids(codes), labels))
    }

    fn sketch(&self) -> Sketch<u64> {
        let mut all = Sketch::new(&Self::quantiser());
        for (codes, labels) in self.codes.iter().zip(&self.labels) {
            let labels = Labels::new(Self::shape(), labels, IGNORE).unwrap();
            let frame = Quantised::new(Self::shape(), codes, Self::quantiser()).unwrap();
            all.merge(&Sketch::of(&frame, Some(&labels)).unwrap()).unwrap();
        }
        all
    }
}

fn ids(codes: &[i8]) -> Vec<u8> {
    codes.iter().map(|code| u8::from(i32::from(*code) > ZERO_POINT)).collect()
}

/// The mean over the images.
fn mean(scores: impl Iterator<Item = Score>) -> Option<f64> {
    let mut mean = Mean::default();
    scores.for_each(|score| mean.push(score));
    mean.value()
}

fn demo_line() -> String {
    format!("eval @road_i8.bin @label_bits.bin {DEMO} --frames {LABELLED} --valid @valid_bits.bin")
}

/// The numbers of an object are these, to the last bit.
fn assert_numbers(object: &Value, expected: &[(&str, Option<f64>)]) {
    for (name, value) in expected {
        assert_eq!(object[name], value.map_or(Value::Null, Value::from), "{name}");
    }
}

#[test]
fn overlap_is_what_the_library_counts() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&format!("{} --per-image --threshold 0.5", demo_line()));
    let (mut pooled, mut images) = (Confusion::<2>::new(IGNORE), Vec::new());
    for (prediction, labels) in frames.pairs() {
        let mut image = Confusion::<2>::new(IGNORE);
        image.push_row(&prediction, labels).unwrap();
        pooled.merge(&image);
        images.push(image);
    }
    let of_matrix = |c: &Confusion<2>| {
        [
            ("mean_iou", c.mean_iou()),
            ("frequency_weighted_iou", c.frequency_weighted_iou()),
            ("pixel_accuracy", c.pixel_accuracy().value()),
            ("mean_accuracy", c.mean_accuracy()),
            ("mcc", c.mcc()),
            ("kappa", c.kappa()),
            ("weighted_kappa", c.weighted_kappa(Disagreement::Linear)),
            ("weighted_kappa_quadratic", c.weighted_kappa(Disagreement::Quadratic)),
            ("generalised_dice", c.generalised_dice(Volume::Square, 0)),
        ]
    };
    assert_numbers(&report["pooled"], &of_matrix(&pooled));
    for (image, found) in images.iter().zip(report["per_image"].as_array().unwrap()) {
        assert_numbers(found, &of_matrix(image));
    }
    let of_images = mean(images.iter().map(|image| image.kappa().into()));
    assert_numbers(&report["per_image_mean"], &[("kappa", of_images)]);
    let metrics = [
        ("iou", ClassMetric::Iou),
        ("dice", ClassMetric::Dice),
        ("f_beta", ClassMetric::FBeta { beta: 2.0 }),
        ("tversky_index", ClassMetric::TverskyIndex { fp_weight: 0.3, fn_weight: 0.7 }),
        ("precision", ClassMetric::Precision),
        ("recall", ClassMetric::Recall),
        ("specificity", ClassMetric::Specificity),
        ("negative_predictive_value", ClassMetric::NegativePredictiveValue),
        ("false_positive_rate", ClassMetric::FalsePositiveRate),
        ("false_negative_rate", ClassMetric::FalseNegativeRate),
        ("false_discovery_rate", ClassMetric::FalseDiscoveryRate),
        ("false_omission_rate", ClassMetric::FalseOmissionRate),
        ("accuracy", ClassMetric::Accuracy),
        ("balanced_accuracy", ClassMetric::BalancedAccuracy),
        ("informedness", ClassMetric::Informedness),
        ("markedness", ClassMetric::Markedness),
        ("mcc", ClassMetric::Mcc),
        ("volume_overlap_error", ClassMetric::VolumeOverlapError),
        ("volume_similarity", ClassMetric::VolumeSimilarity),
        ("relative_volume_difference", ClassMetric::RelativeVolumeDifference),
        ("absolute_relative_volume_difference", ClassMetric::AbsoluteRelativeVolumeDifference),
        ("net_benefit", ClassMetric::NetBenefit { threshold: 0.5 }),
    ];
    assert_eq!(keys(&report["averages"]).len(), metrics.len());
    for (name, metric) in metrics {
        let mut averages = Averages::<2>::new(metric, Empties::FORMULA, IGNORE);
        images.iter().for_each(|image| averages.push(image));
        let of = |averaging| averages.value(averaging);
        let expected = [
            ("pooled", of(Averaging::Pooled)),
            ("per_image_mean", of(Averaging::PerImage)),
            ("per_class_mean", of(Averaging::PerClass)),
            ("per_pair_mean", of(Averaging::PerPair)),
        ];
        assert_numbers(&report["averages"][name], &expected);
        for class in 0..2 {
            assert_numbers(&report["classes"][class], &[(name, metric.of(pooled.class(class)))]);
        }
    }
}

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
fn thresholds_and_calibration_are_the_sketch() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&demo_line());
    let (sketch, table) = (frames.sketch(), SigmoidTable::new(&Frames::quantiser()));
    let best = threshold::max_f(&sketch).unwrap();
    let expected = [
        ("auroc", threshold::auroc(&sketch)),
        ("average_precision", threshold::average_precision(&sketch)),
        ("average_precision_trapezoid", threshold::average_precision_trapezoid(&sketch)),
        ("average_precision_eleven_point", threshold::average_precision_eleven_point(&sketch)),
        ("average_precision_interpolated", threshold::average_precision_interpolated(&sketch)),
        ("max_f1", best.counts.dice().value()),
        ("threshold_at_max_f1", Some(table.probability[usize::from(best.threshold)].into())),
        ("precision_at_max_f1", best.counts.precision().value()),
        ("recall_at_max_f1", best.counts.recall().value()),
        ("false_positive_rate_at_max_f1", best.counts.false_positive_rate().value()),
        ("false_negative_rate_at_max_f1", best.counts.false_negative_rate().value()),
        ("iou_at_max_f1", best.counts.iou().value()),
        ("sensitivity_at_specificity", threshold::sensitivity_at_specificity(&sketch, 0.95)),
        ("specificity_at_sensitivity", threshold::specificity_at_sensitivity(&sketch, 0.95)),
        ("precision_at_recall", threshold::precision_at_recall(&sketch, 0.95)),
        ("false_positive_rate_at_recall", threshold::false_positive_rate_at_recall(&sketch, 0.95)),
    ];
    assert_numbers(&report["threshold"], &expected);
    assert_eq!(keys(&report["threshold"]).len(), expected.len());
    let wide = Calibration::new(&sketch, &table, Confidence::TopLabel);
    let equal = Calibration::equal_mass(&sketch, &table, Confidence::TopLabel);
    let classes = std::slice::from_ref(&sketch);
    let expected = [
        ("ece", wide.expected_error()),
        ("mce", wide.maximum_error()),
        ("ace", equal.expected_error()),
        ("classwise_ece", classwise_expected_error::<15, _>(classes, &table, Default::default())),
        ("rms_calibration_error", wide.root_mean_square_error()),
        ("brier", brier(&sketch, &table)),
        ("nll", negative_log_likelihood(&sketch, &table, 1e-7)),
    ];
    assert_numbers(&report["calibration"], &expected);
    assert_eq!(keys(&report["calibration"]).len(), expected.len());
}

/// Probabilities of exactly 0 and 1, which libraries put into different bins, and bins as they have them.
#[test]
fn calibration_has_the_bins_of_the_library() {
    let bench = Bench::new();
    let quantiser = Quantiser::logits(Encoding::Signed, 0.5, 0).unwrap();
    // What is certain is wrong, what is nearly so is right: in one bin they cancel, as do 0.82 and 0.88.
    let codes: Vec<i8> = (0..200).map(|pixel| [120, -120, 8, -9, 7, 3, -2, 0, 4][pixel % 9]).collect();
    let label = |(pixel, code): (usize, &i8)| {
        u8::from((*code > 0) != (code.abs() > 99 || *code == 3 && pixel % 2 == 0))
    };
    let labels: Vec<u8> = codes.iter().enumerate().map(label).collect();
    let logits: Vec<f32> = codes.iter().map(|code| 0.5 * f32::from(*code)).collect();
    bench.file("z.npy", &npy_f32(&[10, 20], &logits));
    let codes: Vec<u8> = codes.into_iter().map(i8::cast_unsigned).collect();
    bench.file("c.npy", &npy("|i1", &[10, 20], &codes));
    bench.file("g.npy", &npy("|u1", &[10, 20], &labels));
    let mut sketch = Sketch::<u32>::new(&quantiser);
    let codes: Vec<i8> = codes.into_iter().map(u8::cast_signed).collect();
    sketch.push_row(&codes, &labels);
    let table = SigmoidTable::new(&quantiser);
    let positive = Confidence::Positive;
    let torchmetrics = Reliability::<15>::with_edges(&sketch, &table, positive, Edges::Torchmetrics);
    let reloaded = Reliability::<10>::with_edges(&sketch, &table, positive, Edges::MetricsReloaded);
    let closed = Calibration::new(&sketch, &table, Confidence::TopLabel);
    let equal = [
        Reliability::<15>::equal_mass(&sketch, &table, Confidence::TopLabel).expected_error(),
        Reliability::<15>::equal_mass(&sketch, &table, positive).expected_error(),
        Reliability::<10>::equal_mass(&sketch, &table, positive).expected_error(),
    ];
    let cases = [
        ("", closed.expected_error(), closed.maximum_error(), equal[0]),
        ("--preset torchmetrics", torchmetrics.expected_error(), torchmetrics.maximum_error(), equal[1]),
        ("--preset metrics_reloaded", reloaded.expected_error(), reloaded.maximum_error(), equal[2]),
    ];
    for (flags, ece, mce, ace) in cases {
        for file in ["z.npy", "c.npy --scale 0.5 --zero-point 0"] {
            let report = bench.json(&format!("eval {file} --metrics ece,mce,ace g.npy {flags}"));
            assert_numbers(&report["calibration"], &[("ece", ece), ("mce", mce), ("ace", ace)]);
        }
    }
    let joined = Reliability::<15>::new(&sketch, &table, positive).expected_error();
    assert_ne!(joined, torchmetrics.expected_error(), "nothing cancels");
}

/// The numbers of logits that are the codes of an 8-bit output are those of the output, to the last bit.
#[test]
fn f32_logits_are_exact() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let logits: Vec<f32> = frames
        .codes
        .iter()
        .flatten()
        .map(|code| Frames::quantiser().logit(code.cast_unsigned() ^ 0x80))
        .collect();
    bench.file("z.npy", &npy_f32(&[18, HEIGHT, WIDTH], &logits));
    bench.file("g.npy", &npy("|u1", &[18, HEIGHT, WIDTH], &frames.labels.concat()));
    for flags in ["", "--preset torchmetrics", "--preset metrics_reloaded"] {
        let exact = bench.json(&format!("eval z.npy g.npy {flags}"));
        let eight = bench.json(&format!("{} {flags}", demo_line()));
        for family in ["pooled", "averages", "surface", "topology", "road", "threshold", "calibration"] {
            for (key, value) in exact[family].as_object().unwrap() {
                let expected = &eight[family][key];
                match key.as_str() {
                    // Codes that no pixel has are thresholds as well.
                    "threshold_at_max_f1" => {
                        let (found, lowest) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
                        assert!(found >= lowest && found < lowest + 0.03, "{found} {lowest}");
                    }
                    // Of the logits themselves, not of probabilities in steps of 2^-24.
                    "nll" => {
                        let (found, expected) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
                        assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
                    }
                    _ => assert_eq!(value, expected, "{flags} {key}"),
                }
            }
        }
    }
}

/// A definition of the area under the ROC curve that has nothing in common with the sums: all pairs.
#[test]
fn f32_ties_count_half() {
    let bench = Bench::new();
    let (z, g) = ([0.5f32, -0.0, 0.0, 3.5, 0.5, -1.0, 7.25, 0.25], [1, 0, 1, 1, 0, 0, 1, 255]);
    bench.file("z.npy", &npy_f32(&[2, 4], &z));
    bench.file("g.npy", &npy("|u1", &[2, 4], &g));
    let report = bench.json("eval z.npy g.npy");
    let (mut pairs, mut sum) = (0.0, 0.0);
    for (a, _) in z.iter().zip(g).filter(|(_, label)| *label == 1) {
        for (b, _) in z.iter().zip(g).filter(|(_, label)| *label == 0) {
            pairs += 1.0;
            sum += match a.partial_cmp(b).unwrap() {
                Ordering::Greater => 1.0,
                Ordering::Equal => 0.5,
                Ordering::Less => 0.0,
            };
        }
    }
    assert_eq!(report["threshold"]["auroc"], sum / pairs);
    let nll = |z: f32, g: u8| {
        let z = f64::from(z);
        (1.0 + (-z.abs()).exp()).ln() + z.max(0.0) - z * f64::from(g)
    };
    let scored = z.iter().zip(g).filter(|(_, label)| *label != 255);
    let expected = scored.map(|(z, g)| nll(*z, g)).sum::<f64>() / 7.0;
    let found = report["calibration"]["nll"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    // Of thresholds that tie, the lowest.
    bench.file("tie.npy", &npy_f32(&[1, 4], &[3.0, 2.0, 1.0, -4.0]));
    bench.file("tied.npy", &npy("|u1", &[1, 4], &[1, 0, 0, 1]));
    let tie = bench.json("eval tie.npy tied.npy");
    let expected = [("max_f1", Some(2.0 / 3.0)), ("recall_at_max_f1", Some(1.0))];
    assert_numbers(&tie["threshold"], &expected);
    // One side only: nothing to tell apart.
    bench.file("ones.npy", &npy("|u1", &[2, 4], &[1; 8]));
    let one = bench.json("eval z.npy ones.npy");
    assert_eq!((&one["threshold"]["auroc"], &one["undefined"]["auroc"]), (&Value::Null, &1.into()));
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
            let mut profile = Profile::new(70, [&mut left, &mut right], &mut lowest).unwrap();
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

/// Three classes in images of two sizes, one of them absent, with names, another ignore id, and a stray prediction.
fn several(bench: &Bench) -> Vec<(Shape, Vec<u8>, Vec<u8>)> {
    let sizes = [(9, 14), (12, 7), (9, 14)];
    let images = sizes.into_iter().zip(0_usize..).map(|((height, width), image)| {
        let pixels = height * width;
        let label =
            |pixel: usize| if pixel % 11 == 3 { 7 } else { (pixel % width / 3 % (3 - image / 2)) as u8 };
        let labels: Vec<u8> = (0..pixels).map(label).collect();
        let prediction = |pixel: usize| {
            if pixel % 5 == image { (pixel % (3 - image / 2)) as u8 } else { labels[pixel] % 3 }
        };
        let mut prediction: Vec<u8> = (0..pixels).map(prediction).collect();
        prediction[2] = 9;
        (Shape::new(height as u32, width as u32).unwrap(), prediction, labels)
    });
    let images: Vec<_> = images.collect();
    for ((shape, prediction, labels), name) in images.iter().zip(["a", "b", "c"]) {
        let png = |ids: &[u8]| png_grey(shape.width() as u32, shape.height() as u32, ids);
        bench.file(&format!("p/{name}.png"), &png(prediction));
        bench.file(&format!("g/{name}.png"), &png(labels));
    }
    images
}

#[test]
fn several_classes() {
    let bench = Bench::new();
    let images = several(&bench);
    let line = "eval p g --classes road,sidewalk,car --ignore 7";
    let report = bench.json(&format!("{line} --per-image --background"));
    assert_eq!(report["classes"][1]["name"], "sidewalk");
    let confusions = images.iter().map(|(_, prediction, labels)| {
        let mut confusion = Confusion::<3>::new(7);
        confusion.push_row(prediction, labels).unwrap();
        confusion
    });
    let confusions: Vec<_> = confusions.collect();
    let averages = |metric, empties| {
        let mut averages = Averages::<3>::new(metric, empties, 7);
        confusions.iter().for_each(|confusion| averages.push(confusion));
        averages
    };
    let iou = averages(ClassMetric::Iou, Empties::FORMULA);
    assert_numbers(&report["pooled"], &[("mean_iou", iou.value(Averaging::Pooled))]);
    assert_numbers(&report["per_image_mean"], &[("mean_iou", iou.value(Averaging::PerImage))]);
    assert_numbers(&report["averages"]["iou"], &[("per_class_mean", iou.value(Averaging::PerClass))]);
    assert_eq!(report["undefined"]["averages.iou"], iou.undefined());
    assert!(report["undefined"].get("iou").is_none() && report["road"].is_null());
    // A prediction is no class: how wrong it is is not known.
    assert_eq!(report["pooled"]["weighted_kappa"], Value::Null);
    // Per image the mean over the classes, then over the images.
    let shape = |(shape, prediction, labels): &(Shape, Vec<u8>, Vec<u8>), class: u8| {
        let mut scratch = vec![0; Surface::SEGMETER.scratch_len(*shape)];
        let mut rows = Surface::SEGMETER.rows(*shape, &mut scratch).unwrap();
        let width = shape.width();
        for (prediction, label) in prediction.chunks(width).zip(labels.chunks(width)) {
            rows.push_row(&Row::Ids { prediction, label, class, ignore: 7 }).unwrap();
        }
        rows.finish().unwrap().assd()
    };
    let of =
        |first: u8| mean(images.iter().map(|image| mean((first..3).map(|class| shape(image, class))).into()));
    assert_numbers(&report["surface"], &[("assd", of(0))]);
    let without = bench.json(line);
    assert_numbers(&without["surface"], &[("assd", of(1))]);
    let class = mean(images.iter().map(|image| shape(image, 2)));
    assert_numbers(&without["classes"][2]["surface"], &[("assd", class)]);
    assert_ne!(of(0), of(1));
    for (preset, metric, name) in [
        ("monai", ClassMetric::Dice, "dice"),
        ("medpy", ClassMetric::Dice, "dice"),
        ("mmseg", ClassMetric::Iou, "iou"),
        ("cityscapes_pixel", ClassMetric::Iou, "iou"),
        ("metrics_reloaded", ClassMetric::Dice, "dice"),
        ("torchmetrics", ClassMetric::Iou, "iou"),
        ("torchmetrics", ClassMetric::Dice, "dice"),
    ] {
        let core = match (preset, name) {
            ("torchmetrics", "iou") => Preset::TorchmetricsMeanIou,
            ("torchmetrics", _) => Preset::TorchmetricsDiceScore,
            _ => Preset::ALL.into_iter().find(|(known, _)| *known == preset).unwrap().1,
        };
        let report = bench.json(&format!("{line} --metrics iou,dice,kappa --preset {preset}"));
        let expected = averages(metric, core.empties(metric)).value(core.averaging());
        assert_numbers(&report["averages"][name], &[("preset", expected)]);
        assert!(report["definition"][name].as_str().unwrap().contains(&format!("preset {preset}: ")));
        assert_eq!(report["definition"]["kappa"], without["definition"]["kappa"]);
        assert_eq!(report["pooled"]["kappa"], without["pooled"]["kappa"]);
    }
}

/// Logits of every class: the highest wins, the lowest id where several are, whatever the layout and the type.
#[test]
fn logits_of_classes() {
    let bench = Bench::new();
    let z = support::logits(2 * 3 * 20).into_iter().map(|z| z.round()).collect::<Vec<_>>();
    let labels: Vec<u8> = (0..40).map(|pixel| if pixel % 9 == 0 { 255 } else { (pixel % 3) as u8 }).collect();
    let at = |pixel: usize, class: usize| z[(pixel / 20 * 3 + class) * 20 + pixel % 20];
    let mut ties = 0;
    let highest = |pixel: usize| {
        let best = (0..3).map(|class| at(pixel, class)).fold(f32::MIN, f32::max);
        ties += usize::from((0..3).filter(|class| at(pixel, *class) >= best).count() > 1);
        (0..3).position(|class| at(pixel, class) >= best).unwrap() as u8
    };
    let masks: Vec<u8> = (0..40).map(highest).collect();
    assert!(ties > 0, "no tie to break");
    bench.file("g.npy", &npy("|u1", &[2, 4, 5], &labels));
    bench.file("p.npy", &npy("|u1", &[2, 4, 5], &masks));
    let swapped: Vec<f32> = z.chunks(60).flat_map(|z| segmeter::files::transposed(z, 3, 20, 1)).collect();
    bench.file("chw.npy", &npy_f32(&[2, 3, 4, 5], &z));
    bench.file("hwc.npy", &npy_f32(&[2, 4, 5, 3], &swapped));
    let codes: Vec<u8> = z.iter().map(|z| (*z as i8).cast_unsigned()).collect();
    bench.file("i8.npy", &npy("|i1", &[2, 3, 4, 5], &codes));
    let expected = bench.json("eval p.npy g.npy --classes 3");
    assert_eq!(bench.json("eval chw.npy g.npy"), expected);
    assert_eq!(bench.json("eval hwc.npy g.npy --layout hwc --classes 3"), expected);
    assert_eq!(bench.json("eval i8.npy g.npy --layout chw --scale 0.5 --zero-point 0"), expected);
    for (line, found) in [
        ("eval chw.npy g.npy --classes a,b", "found 2 classes, expected 3 for logits of as many channels"),
        ("eval chw.npy g.npy --layout hw", "chw.npy: found axes (2,3,4,5), expected (H,W) or (N,H,W)"),
        ("eval chw.npy g.npy --threshold 0.7", "--threshold is not available"),
        ("eval i8.npy g.npy", "i8.npy: found i8, which needs --scale"),
    ] {
        let stderr = bench.refusal(line);
        assert!(stderr.contains(found), "{line}: {stderr}");
    }
}

#[test]
fn kitti_road_is_the_benchmark() {
    let bench = Bench::new();
    let (codes, labels) = ([10_u8, 200, 200, 250, 0, 255, 128, 40], [0, 0, 1, 1, 0, 1, 255, 1]);
    bench.file("p.npy", &npy("|u1", &[2, 4], &codes));
    bench.file("g.npy", &npy("|u1", &[2, 4], &labels));
    let line = "eval p.npy g.npy --probabilities";
    let report = bench.json(&format!("{line} --preset kitti_road"));
    let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
    sketch.push_row(&codes, &labels);
    let road = threshold::kitti_road(&sketch).unwrap();
    let expected = [
        ("max_f1", Some(road.max_f)),
        ("average_precision_eleven_point", Some(road.average_precision)),
        ("recall_at_max_f1", Some(road.recall)),
        ("false_positive_rate_at_max_f1", road.false_positive_rate),
        ("iou_at_max_f1", Some(road.quality)),
        ("threshold_at_max_f1", Some(f64::from(road.threshold) / 255.0)),
    ];
    assert_numbers(&report["threshold"], &expected);
    assert!(report["definition"]["max_f1"].as_str().unwrap().contains("preset kitti_road: 1e-10"));
    let plain = bench.json(line);
    assert_ne!(plain["threshold"]["max_f1"], report["threshold"]["max_f1"]);
    assert_eq!(plain["threshold"]["auroc"], report["threshold"]["auroc"]);
    // Stored probabilities are exact: 0 and 255 are certain.
    let expected = [("brier", brier(&sketch, Probabilities::Stored))];
    assert_numbers(&plain["calibration"], &expected);
}

#[test]
fn no_digit_depends_on_threads_or_level() {
    let bench = Bench::new();
    several(&bench);
    for line in [demo_line(), "eval p g --classes 3 --ignore 7".to_owned()] {
        let run = |flags: &str| {
            let text =
                bench.stdout(&format!("{line} --per-image --json --csv e.csv --report r.html {flags}"), 0);
            let file = |name: &str| std::fs::read(bench.path(name)).unwrap();
            (text, file("e.csv"), file("r.html"))
        };
        let expected = run("--threads 1");
        for flags in ["--threads 2", "--threads 5", "--level scalar", ""] {
            assert!(run(flags) == expected, "{flags}");
        }
    }
}

#[test]
fn metrics_by_name() {
    let bench = Bench::new();
    several(&bench);
    let report = bench.json("eval p g --classes 3 --ignore 7 --metrics iou,hd95,betti_error,max_f");
    assert_eq!(keys(&report["surface"]), ["hd95"]);
    assert_eq!(keys(&report["topology"]), ["betti_error"]);
    assert_eq!(keys(&report["averages"]), ["iou"]);
    assert_eq!(keys(&report["pooled"]).len(), 0);
    assert_eq!(keys(&report["definition"]), ["iou", "max_f1", "hd95", "betti_error"]);
    let table = bench.stdout("eval p g --classes 3 --ignore 7 --metrics iou,hd95", 0);
    assert!(table.contains("hd95") && !table.contains("dice"), "{table}");
    // Whatever eval computes is listed, and whatever is listed is computed or said to be for the library.
    let all = bench.json(&demo_line());
    for entry in bench.json("list metrics").as_array().unwrap() {
        let (name, definition) = (entry["name"].as_str().unwrap(), entry["definition"].as_str().unwrap());
        let is_library_only = definition.ends_with("library only");
        assert_ne!(is_library_only, all["definition"].get(name).is_some(), "{name}");
        let families = ["pooled", "averages", "surface", "threshold", "calibration", "topology", "road"];
        let found = families.iter().any(|family| all[family].get(name).is_some());
        assert_ne!(is_library_only, found, "{name}");
    }
}

/// A definition says what a preset changes wherever the list says that it changes something, and nowhere else.
#[test]
fn presets_are_where_the_list_has_them() {
    let bench = Bench::new();
    bench.file("p.npy", &npy("|u1", &[1, 2], &[0, 200]));
    bench.file("g.npy", &npy("|u1", &[1, 2], &[0, 1]));
    let listed = bench.json("list metrics");
    let refusal = bench.refusal("eval p.npy g.npy --preset x");
    let presets: Vec<_> = refusal.split_once("one of ").unwrap().1.trim().split(", ").collect();
    let asked = "monai metrics_reloaded medpy panoptica surface_distance boundary_iou_coco boundary_iou_cityscapes \
                 davis_f kitti_road cityscapes_pixel mmseg torchmetrics";
    assert!(asked.split(' ').all(|preset| presets.contains(&preset)), "{refusal}");
    for preset in presets {
        let report = bench.json(&format!("eval p.npy g.npy --probabilities --preset {preset}"));
        assert_eq!(report["preset"], preset);
        for entry in listed.as_array().unwrap() {
            let Some(definition) = report["definition"].get(entry["name"].as_str().unwrap()) else {
                continue;
            };
            let is_said = definition.as_str().unwrap().contains(&format!("preset {preset}: "));
            let is_listed = entry["presets"].as_array().unwrap().contains(&preset.into());
            assert_eq!(is_said, is_listed, "{preset} {}: {definition}", entry["name"]);
        }
    }
}

/// What is computed beside a metric does not change it.
#[test]
fn a_metric_alone_is_the_same() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[2, 9, 14], &support::logits(252)));
    let labels: Vec<u8> =
        (0..252).map(|pixel| if pixel % 17 == 0 { 255 } else { (pixel / 5 % 2) as u8 }).collect();
    bench.file("g.npy", &npy("|u1", &[2, 9, 14], &labels));
    let all = bench.json("eval z.npy g.npy");
    for name in keys(&all["definition"]) {
        let one = bench.json(&format!("eval z.npy g.npy --metrics {name}"));
        assert_eq!(keys(&one["definition"]), [name]);
        let mut found = 0;
        for family in ["pooled", "averages", "surface", "threshold", "calibration", "topology", "road"] {
            for (key, value) in one[family].as_object().unwrap() {
                assert_eq!(value, &all[family][key], "{name} {key}");
                found += 1;
            }
        }
        assert!(found > 0, "{name}");
    }
}

#[test]
fn csv_has_every_metric_of_a_class() {
    let bench = Bench::new();
    several(&bench);
    let report = bench.json("eval p g --classes a,b,c --ignore 7 --csv e.csv --per-image");
    let text = std::fs::read_to_string(bench.path("e.csv")).unwrap();
    let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 4 * 3);
    let column =
        |name: &str| head.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name}"));
    for (row, place) in rows.iter().zip(0_usize..) {
        let (image, class) = (place / 3, place % 3);
        let scores = if image == 3 { &report } else { &report["per_image"][image] };
        let class = &scores["classes"][class];
        for (key, value) in class.as_object().unwrap() {
            match value {
                Value::Object(shapes) => shapes.iter().for_each(|(key, value)| {
                    assert_eq!(row[column(key)].parse::<f64>().ok(), value.as_f64(), "{key}");
                }),
                Value::String(_) => {}
                value => assert_eq!(row[column(key)].parse::<f64>().ok(), value.as_f64(), "{key}"),
            }
        }
    }
}

#[test]
fn a_report_needs_nothing_else() {
    let bench = Bench::new();
    several(&bench);
    let cases = [
        (demo_line(), 8),
        ("eval p g --classes a<b>,c&d,e\"f --ignore 7 --worst-by hd95 --preset monai".to_owned(), 3),
    ];
    for (line, maps) in cases {
        let report = bench.json(&format!("{line} --report r.html"));
        let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
        for start in ["src=\"", "href=\"", "url("] {
            for (place, _) in html.match_indices(start) {
                let rest = &html[place + start.len()..];
                assert!(rest.starts_with("data:image/png;base64,"), "{}", &rest[..rest.len().min(60)]);
            }
        }
        // A name of a namespace is the only address.
        assert!(!html.replace("http://www.w3.org/2000/svg", "").contains("http"));
        assert!(!html.contains("<script") && !html.contains("@import"));
        assert_eq!(html.matches("data:image/png").count(), maps);
        for (name, definition) in report["definition"].as_object().unwrap() {
            let escaped =
                definition.as_str().unwrap().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(html.contains(&format!("<td>{name}</td><td>{escaped}</td>")), "{name}");
        }
        for (name, times) in report["undefined"].as_object().unwrap() {
            assert!(html.contains(&format!("<td>{name}</td><td>{times}</td>")), "{name}");
        }
        let curves = if report["threshold"].is_null() { 0 } else { 3 };
        assert_eq!(html.matches("<svg ").count(), 2 + curves);
    }
    let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
    let bars = &html[html.find("<svg").unwrap()..html.find("</svg>").unwrap()];
    for (raw, escaped) in [("a<b>", "a&lt;b&gt;"), ("c&d", "c&amp;d"), ("e\"f", "e&quot;f")] {
        assert!(
            html.contains(&format!("<td>{escaped}</td>")) || html.contains(&format!("<th>{escaped}</th>"))
        );
        assert!(bars.contains(escaped), "{escaped}: {bars}");
        assert!(raw == "e\"f" || !html.contains(raw), "{raw}");
    }
}

#[test]
fn a_report_shows_the_worst_images() {
    let bench = Bench::new();
    for (name, wrong) in [("good", 0), ("bad", 5), ("poor", 2)] {
        let labels: Vec<u8> = (0..12).map(|pixel| pixel / 6).collect();
        let flipped = labels.iter().zip(0..).map(|(id, pixel)| if pixel < wrong { 1 - id } else { *id });
        bench.file(&format!("p/{name}.png"), &png_grey(4, 3, &flipped.collect::<Vec<_>>()));
        bench.file(&format!("g/{name}.png"), &png_grey(4, 3, &labels));
    }
    let order = |by: &str| {
        bench.stdout(&format!("eval p g --report r.html {by}"), 0);
        let html = std::fs::read_to_string(bench.path("r.html")).unwrap();
        let maps = html[html.find("class=\"maps\"").unwrap()..].to_owned();
        let mut names = ["good", "bad", "poor"];
        names.sort_by_key(|name| maps.find(&format!("<code>{name}</code>")).unwrap());
        names
    };
    assert_eq!(order(""), ["bad", "poor", "good"]);
    assert_eq!(order("--worst-by false_positive_rate"), ["bad", "poor", "good"]);
    assert_eq!(order("--worst-by hausdorff --background"), ["bad", "poor", "good"]);
}

#[test]
fn bad_input_leaves_nothing_behind() {
    let bench = Bench::new();
    let rgb = |depth| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(if depth == png::BitDepth::Sixteen {
            png::ColorType::Grayscale
        } else {
            png::ColorType::Rgb
        });
        encoder.set_depth(depth);
        let size = if depth == png::BitDepth::Sixteen { 4 } else { 6 };
        encoder.write_header().unwrap().write_image_data(&[0; 6][..size]).unwrap();
        bytes
    };
    let two = png_grey(2, 1, &[0, 1]);
    for (directory, files) in [
        ("p", vec![("a", two.clone()), ("b", two.clone())]),
        ("g", vec![("a", two.clone()), ("b", two.clone())]),
        ("few", vec![("a", two.clone())]),
        ("other", vec![("a", two.clone()), ("z", two.clone())]),
        ("wide", vec![("a", two.clone()), ("b", png_grey(3, 1, &[0, 1, 1]))]),
        ("rgb", vec![("a", two.clone()), ("b", rgb(png::BitDepth::Eight))]),
        ("deep", vec![("a", two.clone()), ("b", rgb(png::BitDepth::Sixteen))]),
        ("four", vec![("a", two.clone()), ("b", png_grey(2, 1, &[0, 4]))]),
    ] {
        files.into_iter().for_each(|(name, bytes)| {
            bench.file(&format!("{directory}/{name}.png"), &bytes);
        });
    }
    bench.file("empty/notes.txt", b"");
    bench.file("z.npy", &npy_f32(&[1, 2], &[0.0; 2]));
    bench.file("one.png", &two);
    let cases = [
        ("eval p wide", "wide/b.png: found 1x3 pixels, expected 1x2"),
        ("eval p few", "few: found no mask `b`, expected one for each image of p"),
        ("eval few g", "g/b.png: found no prediction for these labels in few"),
        ("eval p other", "other/z.png: found no prediction"),
        ("eval p rgb", "rgb/b.png: found a 8-bit Rgb PNG, expected grey or palette"),
        ("eval rgb g", "rgb/b.png: found a 8-bit Rgb PNG"),
        ("eval p deep", "deep/b.png: found a 16-bit Grayscale PNG, expected grey or palette of up to 8 bits"),
        ("eval p four --classes 2", "four/b.png: found class id 4 at pixel 1 of image b, expected 0 to 1"),
        ("eval p empty", "empty: found no .npy, .png or .bin"),
        ("eval empty g", "empty: found no .npy, .png or .bin"),
        ("eval p missing", "missing"),
        ("eval p g --csv missing/e.csv", "missing/e.csv: cannot be written"),
        ("eval p g --report missing/r.html", "missing/r.html: cannot be written"),
        ("eval p g --csv e.csv --report g", "g: cannot be written: found a directory"),
        (
            "eval p g --metrics panoptic_quality",
            "found metric `panoptic_quality`, for which eval reads no input",
        ),
        ("eval p g --metrics iuo", "found metric `iuo`, expected all or some of iou, dice,"),
        ("eval p g --preset numpy", "found --preset numpy, expected one of monai,"),
        ("eval p g --worst-by iuo --report r.html", "found --worst-by iuo, expected one of"),
        ("eval p g --spacing 1", "found --spacing 1, expected two numbers"),
        ("eval p g --spacing 1,0", "found --spacing 1,0, expected"),
        ("eval p g --tolerance NaN", "found --tolerance NaN, expected a finite number"),
        ("eval p g --beta inf", "found --beta inf"),
        ("eval p g --ego 2", "ego"),
        ("eval z.npy one.png --preset kitti_road", "z.npy: found f32, expected 8-bit"),
    ];
    for (line, expected) in cases {
        let stderr = bench.refusal(&format!("{line} --threads 2"));
        assert!(stderr.contains(expected), "{line}: {stderr}");
    }
    // An outcome that was there before is still there.
    bench.file("e.csv", b"precious");
    bench.refusal("eval p four --classes 2 --csv e.csv --report r.html");
    assert_eq!(std::fs::read(bench.path("e.csv")).unwrap(), b"precious");
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
