//! Probabilities that are written as a threshold or an edge of bins is, in every type.

use super::edges::{near, npy_f64};
use super::support::{Bench, npy, npy_f32};

/// A probability that is written as the threshold is not above it, whatever its type makes of the decimal.
#[test]
fn a_threshold_means_the_decimal_number() {
    let bench = Bench::new();
    let steps: Vec<f64> = (0..21).map(|step| f64::from(step) / 20.0).collect();
    bench.file("p32.npy", &npy_f32(&[1, 21], &steps.iter().map(|p| *p as f32).collect::<Vec<_>>()));
    bench.file("p64.npy", &npy_f64(&[1, 21], &steps));
    bench.file("g.npy", &npy("|u1", &[1, 21], &[1; 21]));
    for step in 1..20 {
        let above = 20 - step;
        for file in ["p32", "p64"] {
            let threshold = f64::from(step) / 20.0;
            let report = bench.json(&format!(
                "eval {file}.npy g.npy --probabilities --threshold {threshold} --metrics iou"
            ));
            near(&report["classes"][1]["iou"], f64::from(above) / 21.0, 1e-6);
        }
    }
}

/// Likewise the edges of bins: a tenth is in the second of ten bins, in either type; of Metrics Reloaded in the first.
#[test]
fn a_probability_on_an_edge_of_bins() {
    let bench = Bench::new();
    for bins in [10, 15, 20] {
        for edge in 1..bins {
            let on = f64::from(edge) / f64::from(bins);
            // One beside it in the bin above, one in the bin below; labels 1, 0, 0.
            let p = [on, on + 0.01, on - 0.01];
            bench.file("p32.npy", &npy_f32(&[1, 3], &p.map(|p| p as f32)));
            bench.file("p64.npy", &npy_f64(&[1, 3], &p));
            bench.file("g.npy", &npy("|u1", &[1, 3], &[1, 0, 0]));
            let gap = |members: &[(f64, f64)]| {
                (members.iter().map(|(p, label)| p - label).sum::<f64>() / 3.0).abs()
            };
            let above = gap(&[(p[0], 1.0), (p[1], 0.0)]) + gap(&[(p[2], 0.0)]);
            let below = gap(&[(p[1], 0.0)]) + gap(&[(p[0], 1.0), (p[2], 0.0)]);
            for file in ["p32", "p64"] {
                for (preset, expected) in [("torchmetrics", above), ("metrics_reloaded", below)] {
                    let report = bench.json(&format!(
                        "eval {file}.npy g.npy --probabilities --metrics ece --bins {bins} --preset {preset}"
                    ));
                    near(&report["calibration"]["ece"], expected, 1e-6);
                }
            }
        }
    }
}

/// Codes of a scale that no type has exactly: an edge of ten bins is every fifth of them.
#[test]
fn a_code_on_an_edge_of_bins() {
    let bench = Bench::new();
    bench.file("g.npy", &npy("|u1", &[1, 3], &[1, 0, 0]));
    for edge in 1..10 {
        let code = 5 * edge;
        bench.file("c.npy", &npy("|u1", &[1, 3], &[code, code + 1, code - 1]));
        let p = [code, code + 1, code - 1].map(|code| 0.02 * f64::from(code));
        let gap = |members: &[f64]| (members.iter().sum::<f64>() / 3.0).abs();
        let above = gap(&[p[0] - 1.0, p[1]]) + gap(&[p[2]]);
        let below = gap(&[p[1]]) + gap(&[p[0] - 1.0, p[2]]);
        for (preset, expected) in [("torchmetrics", above), ("metrics_reloaded", below)] {
            let report = bench.json(&format!(
                "eval c.npy g.npy --probabilities --scale 0.02 --zero-point 0 --metrics ece --bins 10 --preset {preset}"
            ));
            near(&report["calibration"]["ece"], expected, 1e-6);
        }
    }
}
