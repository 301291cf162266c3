//! Every detector against plain Python and against river and frouros (`vectors/detectors.py`), against textbook run
//! lengths, and against parameters and values of no sense.
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]

use std::collections::{BTreeMap, BTreeSet};

use segmeter_core::drift::detector::{
    AdwinState, BocpdState, CusumState, DdmState, EddmState, EwmaState, GmaState, HddmAState, HddmWState,
    KswinState, PageHinkleyState, StepdState, TrendState,
};
use segmeter_core::drift::{
    Adwin, Bocpd, Cusum, Ddm, Detector, Eddm, EwmaChart, GeometricMovingAverage, HddmA, HddmW, Kswin, Level,
    PageHinkley, Shewhart, Stepd, Trend,
};
use segmeter_core::num::Q16;
use segmeter_tests::vectors;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    streams: BTreeMap<String, Stream>,
    kswin_limits: Vec<KswinLimit>,
    adwin_delays: Vec<Delay>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Stream {
    kind: String,
    seed: u64,
    segments: Vec<(usize, i64, i64)>,
}

#[derive(Deserialize)]
struct KswinLimit {
    confidence: i32,
    limit: u16,
}

#[derive(Deserialize)]
struct Delay {
    seed: u64,
    all: usize,
    short: usize,
}

#[derive(Deserialize)]
struct Case {
    detector: String,
    stream: String,
    parameters: BTreeMap<String, f64>,
    changes: Vec<(usize, u8)>,
    libraries: BTreeMap<String, Option<usize>>,
}

/// The generator of `vectors/detectors.py`.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 48) as i64
    }

    /// Twelve uniform numbers less six: nearly normal, with deviation 1.
    fn normal(&mut self) -> i64 {
        (0..12).map(|_| self.next()).sum::<i64>() - (6 << 16)
    }
}

impl Stream {
    fn values(&self) -> Vec<Q16> {
        let (mut random, mut values) = (Lcg(self.seed), Vec::new());
        for (length, mean, deviation) in &self.segments {
            for _ in 0..*length {
                let value = match &self.kind[..] {
                    "normal" => mean + ((random.normal() * deviation) >> 16),
                    _ => i64::from(random.next() < *mean) << 16,
                };
                values.push(Q16::from_raw(value.try_into().unwrap()));
            }
        }
        values
    }
}

fn levels<D: Detector>(detector: &D, values: &[Q16]) -> Vec<Level> {
    detector.check().expect("parameters that make sense");
    let mut state = D::State::default();
    values.iter().map(|value| detector.update(&mut state, *value)).collect()
}

impl Case {
    fn q(&self, name: &str) -> Q16 {
        let raw = self.parameters[name] * 65536.0;
        assert_eq!(raw, raw.round(), "{name}");
        Q16::from_raw(raw as i32)
    }

    fn whole(&self, name: &str) -> u32 {
        self.parameters[name] as u32
    }

    fn levels(&self, z: &[Q16]) -> Vec<Level> {
        let (warning, drift) = (|| self.q("warning"), || self.q("drift"));
        match &self.detector[..] {
            "shewhart" => levels(&Shewhart { limit: self.q("limit") }, z),
            "ewma_chart" => levels(&EwmaChart { weight: self.q("weight"), limit: self.q("limit") }, z),
            "geometric_moving_average" => levels(
                &GeometricMovingAverage { memory: self.q("memory"), threshold: self.q("threshold") },
                z,
            ),
            "adwin" => levels(&Adwin { confidence: self.q("confidence") }, z),
            "ddm" => {
                let (warm_up, errors) = (self.whole("warm_up"), self.whole("errors"));
                levels(&Ddm { warm_up, errors, warning: warning(), drift: drift() }, z)
            }
            "eddm" => levels(&Eddm { warning: warning(), drift: drift() }, z),
            "stepd" => levels(&Stepd { warning: warning(), drift: drift() }, z),
            "hddm_a" => levels(&HddmA { warning: warning(), drift: drift() }, z),
            "hddm_w" => levels(&HddmW { weight: self.q("weight"), warning: warning(), drift: drift() }, z),
            "kswin" => levels(&Kswin { limit: self.whole("limit") as u16 }, z),
            "trend" => levels(&Trend { limit: self.q("limit"), slope: self.q("slope") }, z),
            "bocpd" => {
                let [hazard, prior] = ["hazard", "prior"].map(|name| self.parameters[name] as f32);
                levels(&Bocpd { hazard, prior }, z)
            }
            other => panic!("no detector {other}"),
        }
    }

    /// Where a library does otherwise, and why its first drift need not be ours.
    fn differs(&self, library: &str) -> Option<&'static str> {
        match (&self.detector[..], library) {
            ("adwin", "frouros") => Some("leaves out the last bucket of every row"),
            ("ddm", _) if self.parameters["errors"] > 0.0 => Some("takes a minimum of zero"),
            ("eddm", "river") => Some("divides the variance by one less"),
            ("geometric_moving_average", "frouros") => Some("looks upward only"),
            ("hddm_a", "frouros") => Some("takes ln(1/a) where others have ln(2/a)"),
            ("hddm_w", "river") => Some("an average of zero jumps to the next value"),
            ("hddm_w", "frouros") => Some("takes the weight for a confidence"),
            ("stepd", "frouros") => Some("alarms at fewer errors, too"),
            ("bocpd", "frouros") => Some("keeps all run lengths"),
            _ => None,
        }
    }
}

#[test]
fn every_level_of_every_stream() {
    let Vectors { streams, cases, .. } = vectors("detectors.json");
    let (mut detectors, mut differed) = (BTreeSet::new(), BTreeSet::new());
    for case in &cases {
        let found = case.levels(&streams[&case.stream].values());
        let mut changes = Vec::new();
        let mut before = Level::Stable;
        for (step, level) in found.iter().enumerate() {
            if *level != before {
                changes.push((step, *level as u8));
            }
            before = *level;
        }
        let what = format!("{} {} {:?}", case.detector, case.stream, case.parameters);
        assert_eq!(changes, case.changes, "{what}");
        let first = found.iter().position(|level| *level == Level::Drift);
        for (library, theirs) in &case.libraries {
            match case.differs(library) {
                None => assert_eq!(first, *theirs, "{what} {library}"),
                Some(why) if first != *theirs => _ = differed.insert((&case.detector, why)),
                Some(_) => {}
            }
        }
        detectors.insert(&case.detector);
    }
    assert_eq!(detectors.len(), 12);
    // Every difference that the documentation names is seen on one of the streams.
    let named: BTreeSet<_> = cases
        .iter()
        .flat_map(|c| c.libraries.keys().filter_map(|l| Some((&c.detector, c.differs(l)?))))
        .collect();
    assert_eq!(differed, named);
}

#[test]
fn the_limit_of_kswin_is_that_of_counted_paths() {
    let Vectors { kswin_limits, .. } = vectors("detectors.json");
    for row in kswin_limits {
        let found = Kswin::at(Q16::from_raw(row.confidence)).unwrap();
        assert_eq!(found.limit, row.limit, "{}", row.confidence);
    }
    assert!(Kswin::at(Q16::ZERO).is_err() && Kswin::at(Q16::ONE).is_err());
}

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

#[test]
fn states_are_as_large_as_the_table_says() {
    let sizes = [
        size_of::<CusumState>(),
        size_of::<EwmaState>(),
        size_of::<GmaState>(),
        size_of::<PageHinkleyState>(),
        size_of::<TrendState>(),
        size_of::<BocpdState>(),
        size_of::<KswinState>(),
        size_of::<AdwinState>(),
        size_of::<DdmState>(),
        size_of::<EddmState>(),
        size_of::<StepdState>(),
        size_of::<HddmAState>(),
        size_of::<HddmWState>(),
    ];
    println!("{sizes:?}");
    assert_eq!(sizes, [8, 16, 24, 32, 68, 1028, 404, 1304, 32, 40, 12, 24, 56]);
}

/// With a lasting value of 100, an average of 16 fraction bits would stall at 99.9999, 99.9995 and 99.998.
#[test]
fn the_average_arrives() {
    for shift in [3, 5, 7] {
        let chart = EwmaChart { weight: Q16::from_raw(1 << (16 - shift)), limit: Q16::ONE };
        for target in [100.0, -100.0, 0.001] {
            let mut state = EwmaState::default();
            for _ in 0..5000 {
                chart.update(&mut state, Q16::from_f32(target));
            }
            assert_eq!(state.average(), Q16::from_f32(target), "{shift}");
        }
    }
}

/// Any parameters, any values: with overflow checks, and over a long time.
#[test]
fn nothing_makes_them_fail() {
    fn hostile<D: Detector>(detector: &D, bad: bool) {
        assert!(!bad || detector.check().is_err());
        let (mut state, mut random) = (D::State::default(), Lcg(11));
        for step in 0..3000 {
            let raw = match step / 500 % 6 {
                0 => i64::from(i32::MIN),
                1 => i64::from(i32::MAX),
                2 => 0,
                3 => random.next(),
                4 => (random.next() << 16 | random.next()) - (1 << 31),
                _ => (random.next() & 1) << 16,
            };
            detector.update(&mut state, Q16::from_raw(raw as i32));
        }
    }
    let one = Q16::ONE;
    for raw in [i32::MIN, -1, 0, 1, 328, 1 << 15, 1 << 16, 1 << 20, i32::MAX] {
        let q = Q16::from_raw(raw);
        let bad = raw <= 0;
        hostile(&Shewhart { limit: q }, bad);
        hostile(&Cusum { slack: q, threshold: q }, bad);
        hostile(&PageHinkley { tolerance: q, threshold: q }, bad);
        hostile(&EwmaChart { weight: q, limit: one }, bad || q > one);
        hostile(&EwmaChart { weight: one, limit: q }, bad);
        hostile(&GeometricMovingAverage { memory: q, threshold: one }, raw < 0 || q >= one);
        hostile(&GeometricMovingAverage { memory: Q16::ZERO, threshold: q }, bad);
        hostile(&Adwin { confidence: q }, bad || q >= one);
        hostile(&Ddm { warning: q, drift: q, ..Ddm::DEFAULT }, bad);
        hostile(&Ddm { warm_up: 0, errors: 0, warning: one, drift: q }, true);
        hostile(&Eddm { warning: q, drift: q }, bad || q > one);
        hostile(&Stepd { warning: q, drift: q }, bad || raw > 16 << 16);
        hostile(&HddmA { warning: q, drift: q }, bad || q >= one);
        hostile(&HddmW { weight: q, warning: one, drift: one }, true);
        hostile(&HddmW { weight: one, warning: q, drift: q }, true);
        hostile(&HddmW { weight: Q16::from_raw(3277), warning: q, drift: q }, bad || q >= one);
        hostile(&Kswin { limit: raw as u16 }, raw as u16 == 0 || raw as u16 > 2100);
        hostile(&Trend { limit: q, slope: q }, bad);
    }
    for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, 1e-38, 1e38] {
        hostile(&Bocpd { hazard: x, prior: 1.0 }, x > 1.0 || x.is_nan() || x <= 0.0);
        hostile(&Bocpd { hazard: 0.5, prior: x }, true);
    }
    // What check lets pass never gives what is no number.
    for hazard in [1e-38, 1e-9, 0.5, 1.0 - f32::EPSILON] {
        for prior in [0.001, 1.0, 1000.0] {
            let (bocpd, mut state) = (Bocpd { hazard, prior }, BocpdState::default());
            bocpd.check().unwrap();
            let mut random = Lcg(12);
            for _ in 0..2000 {
                let raw = (random.next() << 16 | random.next()) - (1 << 31);
                bocpd.update(&mut state, Q16::from_raw((raw >> (random.next() & 31)) as i32));
                let sum: f32 = (0..128).map(|r| state.probability(r)).sum();
                assert!((sum - 1.0).abs() < 1e-3, "{hazard} {prior}: {sum}");
            }
        }
    }
}
