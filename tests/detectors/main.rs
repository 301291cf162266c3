//! Every detector against plain Python and against river and frouros (`vectors/detectors.py`), against textbook run
//! lengths, and against parameters and values of no sense.
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod run_lengths;

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
