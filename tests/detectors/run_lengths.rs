//! How long detectors run until an alarm: against textbooks, papers and sorted values.

use segmeter_core::drift::detector::{AdwinState, BocpdState, CusumState, PageHinkleyState, TrendState};
use segmeter_core::drift::{
    Adwin, Bocpd, Cusum, Detector, EwmaChart, GeometricMovingAverage, Kswin, Level, PageHinkley, Shewhart,
    Stepd, Trend,
};
use segmeter_core::num::Q16;
use segmeter_tests::vectors;

use super::{Delay, Lcg, Stream, Vectors, levels};

/// Normal numbers by Box and Muller.
struct Normal(Lcg);

impl Normal {
    fn uniform(&mut self) -> f64 {
        ((self.0.next() << 16 | self.0.next()) as f64 + 0.5) / 4_294_967_296.0
    }

    fn next(&mut self) -> f64 {
        let (radius, angle) = (-2.0 * self.uniform().ln(), std::f64::consts::TAU * self.uniform());
        radius.sqrt() * angle.cos()
    }

    fn q16(&mut self, mean: f64, deviation: f64) -> Q16 {
        Q16::from_f32((mean + deviation * self.next()) as f32)
    }
}

/// Mean and standard error.
fn moments(lengths: &[f64]) -> (f64, f64) {
    let n = lengths.len() as f64;
    let mean = lengths.iter().sum::<f64>() / n;
    let squares: f64 = lengths.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// The step at which a detector alarms, over many runs.
fn run_length_of<D: Detector>(detector: &D, next: impl Fn(&mut Normal) -> Q16, runs: usize) -> (f64, f64) {
    let mut random = Normal(Lcg(77));
    let one = |_| {
        let mut state = D::State::default();
        let mut alarms = (1..).filter(|_| detector.update(&mut state, next(&mut random)) == Level::Drift);
        f64::from(alarms.next().unwrap_or(i32::MAX))
    };
    moments(&(0..runs).map(one).collect::<Vec<_>>())
}

/// The same for standardised values with that shift.
fn run_length<D: Detector>(detector: &D, shift: f64, runs: usize) -> (f64, f64) {
    run_length_of(detector, |random| random.q16(shift, 1.0), runs)
}

#[test]
fn charts_run_as_long_as_the_textbooks_say() {
    let q = Q16::from_f32;
    let check = |what: &str, (mean, error): (f64, f64), low: f64, high: f64| {
        println!("{what}: {mean:.2} ({error:.2}), the books {low} to {high}");
        // Four standard errors: one in 16 000 runs of a test that has one fixed seed.
        assert!(mean > low - 4.0 * error && mean < high + 4.0 * error, "{what}: {mean} {error}");
    };
    let shewhart = Shewhart { limit: q(3.0) };
    let cusum = |h| Cusum { slack: q(0.5), threshold: q(h) };
    let ewma = EwmaChart { weight: q(0.2), limit: q(2.962) };
    check("Shewhart", run_length(&shewhart, 0.0, 4000), 368.0, 370.4);
    check("CUSUM 4", run_length(&cusum(4.0), 0.0, 4000), 164.0, 168.0);
    check("CUSUM 5", run_length(&cusum(5.0), 0.0, 4000), 465.0, 475.0);
    check("EWMA", run_length(&ewma, 0.0, 4000), 485.0, 500.0);
    let tables = [[160.6, 42.7, 6.3, 2.0], [38.6, 10.4, 4.0, 2.6], [40.6, 9.6, 2.9, 1.6]];
    for (place, shift) in [0.5, 1.0, 2.0, 3.0].into_iter().enumerate() {
        let found = [
            run_length(&shewhart, shift, 4000),
            run_length(&cusum(5.0), shift, 4000),
            run_length(&ewma, shift, 4000),
        ];
        for ((found, table), name) in found.into_iter().zip(tables).zip(["Shewhart", "CUSUM 5", "EWMA"]) {
            // Printed to a tenth, and themselves the mean of 4000 runs.
            let room = 0.05 + 2.0 * found.1;
            check(&format!("{name} at {shift}"), found, table[place] - room, table[place] + room);
        }
    }
}

/// The table in the documentation of the detectors, which was made with another generator.
#[test]
fn false_alarms_are_as_rare_as_the_table_says() {
    let q = Q16::from_f32;
    let average = GeometricMovingAverage { memory: q(0.9), threshold: q(0.7) };
    let trend = Trend { limit: q(2.576), slope: q(0.1) };
    let kswin = Kswin::at(Q16::ratio(5, 1000)).unwrap();
    let errors = |random: &mut Normal| if random.uniform() < 0.1 { Q16::ONE } else { Q16::ZERO };
    for (name, (mean, error), table) in [
        ("average", run_length(&average, 0.0, 400), 980.0),
        ("trend", run_length(&trend, 0.0, 400), 300.0),
        ("BOCPD", run_length(&Bocpd { hazard: 0.01, prior: 1.0 }, 0.0, 400), 670.0),
        ("KSWIN", run_length(&kswin, 0.0, 400), 1030.0),
        ("STEPD", run_length_of(&Stepd::DEFAULT, errors, 400), 1980.0),
    ] {
        println!("{name}: {mean:.1} ({error:.1})");
        // The table has an error of its own, of 3000 runs.
        assert!((mean - table).abs() < 4.0 * 1.2 * error, "{name}: {mean} {error}");
    }
}

/// A step of one deviation of 0.02 after 2000 values, found by looking at all buckets and without the last of every row.
#[test]
fn adwin_looks_at_every_bucket() {
    let Vectors { adwin_delays, .. } = vectors("detectors.json");
    let adwin = Adwin { confidence: Q16::ratio(2, 1000) };
    let q = |x: f64| (x * 65536.0).round() as i64;
    for row in &adwin_delays {
        let segments = vec![(2000, q(0.5), q(0.02)), (3000, q(0.52), q(0.02))];
        let values = Stream { kind: "normal".to_owned(), seed: row.seed, segments }.values();
        let alarm = levels(&adwin, &values).iter().skip(2000).position(|level| *level == Level::Drift);
        assert_eq!(alarm.map(|after| after + 1), Some(row.all), "seed {}", row.seed);
    }
    // The published loop: 513 in 200 runs of another generator; the short one: 1088.
    let mean =
        |of: fn(&Delay) -> usize| moments(&adwin_delays.iter().map(|row| of(row) as f64).collect::<Vec<_>>());
    for ((mean, error), book) in [(mean(|row| row.all), 513.0), (mean(|row| row.short), 1088.0)] {
        println!("ADWIN: {mean:.1} ({error:.1})");
        assert!((mean - book).abs() < 4.0 * error, "{mean} {error} {book}");
    }
}

/// The step of 0.1 that the published test of Page and Hinkley finds within 540 values; without a stop at zero the sum
/// has sunk to -50 by then, and it takes 912.
#[test]
fn page_hinkley_does_not_sink() {
    let test = PageHinkley { tolerance: Q16::from_f32(0.005), threshold: Q16::from_f32(50.0) };
    let mut random = Normal(Lcg(10));
    let mut delays = [Vec::new(), Vec::new()];
    for _ in 0..20 {
        let (mut state, mut sum, mut total) = (PageHinkleyState::default(), 0.0, 0.0);
        let mut found = [None; 2];
        for step in 1..20_000 {
            let value = random.q16(if step > 10_000 { 0.6 } else { 0.5 }, 0.02);
            let x = f64::from(value.to_f32());
            total += x;
            sum = 0.9999 * sum + x - total / f64::from(step) - 0.005;
            let alarms = [test.update(&mut state, value) == Level::Drift, sum > 50.0];
            for (found, alarm) in found.iter_mut().zip(alarms) {
                if alarm && found.is_none() {
                    *found = Some(f64::from(step) - 10_000.0);
                }
            }
        }
        delays.iter_mut().zip(found).for_each(|(delays, found)| delays.push(found.unwrap()));
    }
    for (delays, book) in delays.iter().zip([540.0, 912.0]) {
        let (mean, error) = moments(delays);
        println!("Page-Hinkley: {mean:.1} ({error:.1})");
        // Printed without a fraction.
        assert!((mean - book).abs() < 1.0 + 4.0 * error, "{mean} {error}");
    }
}

/// The window is the newest values, however they are bucketed, also where the last row overflows and after alarms.
#[test]
fn the_window_of_adwin_is_exact() {
    for (confidence, steps) in [(2, 400_000), (500, 30_000)] {
        let adwin = Adwin { confidence: Q16::ratio(confidence, 1000) };
        let (mut state, mut random) = (AdwinState::default(), Normal(Lcg(6)));
        let (mut prefix, mut longest, mut alarms) = (vec![0_i64], 0, 0);
        for step in 0..steps {
            // A mean that moves, where the confidence lets it be seen.
            let mean = if confidence == 500 && step / 700 % 2 == 1 { 0.7 } else { 0.4 };
            let value = random.q16(mean, 0.2);
            let kept = value.raw().clamp(0, 1 << 16);
            prefix.push(prefix[step] + i64::from(kept));
            alarms += u32::from(adwin.update(&mut state, value) == Level::Drift);
            longest = longest.max(state.width());
            let sum = prefix[step + 1] - prefix[step + 1 - state.width() as usize];
            assert_eq!(state.mean(), Q16::ratio(sum, u64::from(state.width()) << 16), "step {step}");
        }
        println!("longest {longest}, {alarms} alarms");
        assert_eq!(alarms > 40, confidence == 500, "{alarms}");
        if confidence == 2 {
            assert_eq!(longest, 327_675);
        }
    }
}

/// Alarms by chance on 200 000 independent values: below its confidence per look at the window.
#[test]
fn adwin_is_quiet_on_independent_values() {
    let adwin = Adwin { confidence: Q16::ratio(2, 1000) };
    let (mut state, mut random) = (AdwinState::default(), Normal(Lcg(8)));
    let alarms = (0..200_000).filter(|_| adwin.update(&mut state, random.q16(0.5, 0.02)) == Level::Drift);
    assert_eq!(alarms.count(), 0);
}

/// Medians and signs by sorting, with ties.
#[test]
fn the_trend_is_that_of_sorted_slopes() {
    let trend = Trend { limit: Q16::ONE, slope: Q16::ZERO };
    let mut random = Lcg(4);
    for spread in [1, 3, 1 << 12, 1 << 20, 1 << 31] {
        let (mut state, mut values) = (TrendState::default(), Vec::new());
        for _ in 0..100 {
            let wide = ((random.next() << 16 | random.next()) % spread) - spread / 2;
            let value = Q16::from_raw(wide as i32);
            trend.update(&mut state, value);
            values.push(f64::from(value.raw()));
            let Some(last) = values.last_chunk::<16>() else { continue };
            let pairs = || (0..16).flat_map(|j| (0..j).map(move |i| (i, j)));
            let mut slopes: Vec<_> = pairs().map(|(i, j)| (last[j] - last[i]) / (j - i) as f64).collect();
            slopes.sort_by(f64::total_cmp);
            let median = f64::midpoint(slopes[59], slopes[60]);
            let limit = f64::from(i32::MAX);
            let error = (f64::from(state.slope().raw()) - median.clamp(-limit, limit)).abs();
            assert!(error <= 1.5, "{median} {error}");
            let rises = pairs().map(|(i, j)| (last[j] > last[i]) as i32 - (last[j] < last[i]) as i32);
            assert_eq!(state.rises(), rises.sum::<i32>());
        }
    }
}

/// Probabilities of all run lengths in `f64`, without an end.
#[test]
fn run_lengths_have_the_probabilities_of_the_paper() {
    let bocpd = Bocpd { hazard: 0.02, prior: 2.0 };
    let (mut state, mut random) = (BocpdState::default(), Normal(Lcg(9)));
    let (mut probability, mut sums) = (vec![1.0_f64], vec![0.0_f64]);
    for step in 0..300 {
        let z = random.q16(if step / 60 % 2 == 0 { 0.0 } else { 2.0 }, 1.0);
        bocpd.update(&mut state, z);
        let z = f64::from(z.raw()) / 65536.0;
        let joint = probability.iter().zip(&sums).enumerate().map(|(r, (p, sum))| {
            // Precision and mean from the sum of the run, not step by step.
            let precision = 0.25 + r as f64;
            let (distance, variance) = (z - sum / precision, 1.0 + 1.0 / precision);
            p * (-distance * distance / (2.0 * variance)).exp() / variance.sqrt()
        });
        let joint: Vec<_> = joint.collect();
        let total: f64 = joint.iter().sum();
        probability = std::iter::once(0.02).chain(joint.iter().map(|p| 0.98 * p / total)).collect();
        sums = std::iter::once(0.0).chain(sums.iter().map(|sum| sum + z)).collect();
        for (r, expected) in probability.iter().enumerate().take(127) {
            let error = (f64::from(state.probability(r)) - expected).abs();
            assert!(error < 2e-4, "step {step}, run length {r}: {} {expected}", state.probability(r));
        }
        let rest: f64 = probability.iter().skip(127).sum();
        assert!((f64::from(state.probability(127)) - rest).abs() < 2e-4, "step {step}");
    }
}

/// However long and far a disturbance was, by counting.
#[test]
fn a_chart_is_calm_within_a_bound() {
    for (slack, threshold) in
        [(0.5, 8.0), (0.5, 0.1875), (1.25, 10.0), (28.83, 48.36), (0.25, 1000.0), (4.0, 0.5)]
    {
        let cusum = Cusum { slack: Q16::from_f32(slack), threshold: Q16::from_f32(threshold) };
        for z in [Q16::MAX, Q16::from_f32(-1e4)] {
            let mut state = CusumState::default();
            (0..300).for_each(|_| _ = cusum.update_forgetful(&mut state, z));
            assert_eq!(cusum.update_forgetful(&mut state, z), Level::Drift, "{cusum:?}");
            let steps = (1..).find(|_| cusum.update_forgetful(&mut state, Q16::ZERO) == Level::Stable);
            assert_eq!(cusum.calm_after(), steps, "{cusum:?}");
        }
        assert!(
            f64::from(cusum.calm_after().unwrap()) <= 0.626 * f64::from(threshold) / f64::from(slack) + 1.0
        );
    }
    assert_eq!(Cusum { slack: Q16::ZERO, threshold: Q16::ONE }.calm_after(), None);
}
