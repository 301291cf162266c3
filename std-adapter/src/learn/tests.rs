//! Streams against their double sums, thresholds against textbooks and against being counted again.
#![allow(clippy::disallowed_methods, reason = "scenes and references are input, not results")]
#![allow(clippy::float_cmp, reason = "a number that is set, not computed")]

use super::fleet::{Fleet, Learnt as Source, Spread, Watched};
use super::random::Random;
use super::stream::{Blocks, Stream};
use super::*;
use segmeter_core::drift::{Cusum, Monitor, State};
use segmeter_core::view::{Encoding, Shape};

/// Half a deviation.
const SLACK: Q16 = Q16::from_raw(1 << 15);

/// The covariance of two block means of a first-order process, frame by frame.
fn covariance(stream: Stream, apart: i32) -> f64 {
    let frames = i32::from(stream.block);
    let of = |i: i32, j: i32| stream.correlation.powi((apart * frames + j - i).abs());
    let sum: f64 = (0..frames).flat_map(|i| (0..frames).map(move |j| of(i, j))).sum();
    sum / f64::from(frames * frames)
}

#[test]
fn block_means_have_the_moments_of_their_frames() {
    for (correlation, block) in [(0.0, 1), (0.0, 4), (0.3, 2), (0.9, 20), (-0.2, 3), (0.995, 7)] {
        let stream = Stream { correlation, block };
        let (variance, neighbours) = (covariance(stream, 0), covariance(stream, 1));
        assert!((stream.block_variance() / variance - 1.0).abs() < 1e-9, "{stream:?}");
        let long: f64 =
            (1..4000).map(|apart| 2.0 * covariance(stream, apart)).take_while(|c| c.abs() > 1e-9).sum();
        assert!((stream.long_run_variance() / (variance + long) - 1.0).abs() < 1e-4, "{stream:?}");
        let (mut squares, mut products, mut count) = (0.0, 0.0, 0.0);
        let mut random = Random::new(7);
        for _ in 0..20_000 {
            // The mean is known to be zero: short runs from anew scatter least.
            let mut blocks = Blocks::new(stream);
            blocks.begin(&mut random);
            let mut before = blocks.next(&mut random);
            for _ in 0..10 {
                let mean = blocks.next(&mut random);
                squares += mean * mean;
                products += mean * before;
                before = mean;
                count += 1.0;
            }
        }
        assert!(
            (squares / count / variance - 1.0).abs() < 0.03,
            "{stream:?}: {} {variance}",
            squares / count
        );
        assert!((products / count - neighbours).abs() < 0.02 * variance, "{stream:?}: {}", products / count);
    }
}

/// A drive of a first-order process with variance 1.
fn drive(correlation: f64, frames: usize, random: &mut Random) -> Vec<Option<Q16>> {
    let mut blocks = Blocks::new(Stream { correlation, block: 1 });
    blocks.begin(random);
    (0..frames).map(|_| Some(Q16::from_f32(blocks.next(random) as f32))).collect()
}

#[test]
fn the_variance_of_a_short_drive_is_not_too_small() {
    let mut random = Random::new(3);
    for (correlation, frames) in [(0.0, 20), (0.6, 60), (0.9, 300)] {
        let drives: Vec<_> = (0..2000).map(|_| [drive(correlation, frames, &mut random)]).collect();
        let mean = drives.iter().map(|drive| series::variance(drive)).sum::<f64>() / 2000.0;
        assert!((mean - 1.0).abs() < 0.02, "{correlation} {frames}: {mean}");
    }
}

/// Variance and autocorrelation err together: worlds have to scatter as references do.
#[test]
fn worlds_scatter_as_references_of_one_world_do() {
    let deviation = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    };
    let mut random = Random::new(5);
    for (correlation, frames) in [(0.0, 500), (0.6, 500), (0.9, 1000)] {
        let stream = Stream { correlation, block: 1 };
        let found: Vec<f64> = (0..2000)
            .map(|_| {
                let drive = [drive(correlation, frames, &mut random)];
                let stream = Stream { correlation: series::correlation(&drive), block: 1 };
                (series::variance(&drive) * stream.long_run_variance()).ln()
            })
            .collect();
        let known = source(stream, 0.0, frames, frames);
        let worlds = (0..2000).map(|_| known.stream(&mut random));
        let worlds: Vec<f64> =
            worlds.map(|(stream, variance)| (variance * stream.long_run_variance()).ln()).collect();
        let [found, worlds] = [found, worlds].map(|values| deviation(&values));
        assert!((worlds / found - 1.0).abs() < 0.1, "{correlation}: references {found}, worlds {worlds}");
    }
}

/// What is known of one drive, as if all drives were alike.
fn source(stream: Stream, skewness: f64, frames: usize, blocks: usize) -> Source {
    let (spread, deviation) =
        (Spread { variance: 0.0, freedom: 0, skewness: 0.0 }, stream.block_variance().sqrt());
    Source { stream, skewness, frames, drives: 1, blocks, spread, deviation, side: Side::Both }
}

fn cusum(slack: f32) -> impl Fn(Q16) -> Watched {
    move |threshold| Watched(Cusum { slack: Q16::from_f32(slack), threshold })
}

fn threshold(fleet: &Fleet, interval: f64, slack: f32) -> (Q16, bool) {
    let highest = |scores: &mut dyn Iterator<Item = Q16>| series::highest_sum(scores, Q16::from_f32(slack));
    fleet.threshold(interval, highest, cusum(slack))
}

/// A fleet that knows everything about frames without correlation.
fn textbook() -> Fleet {
    let stream = Stream { correlation: 0.0, block: 1 };
    Fleet::new(&source(stream, 0.0, usize::MAX, 20_000), 2)
}

#[test]
fn independent_frames_give_the_textbook_thresholds() {
    let fleet = textbook();
    // Two-sided, slack 1/2: run lengths 168 and 465 at 4 and 5 (Lucas 1976), from sums of zero.
    for (interval, expected) in [(168.0, 4.0), (465.0, 5.0)] {
        let (threshold, extrapolated) = threshold(&fleet, interval, 0.5);
        assert!(!extrapolated && (threshold.to_f64() - expected).abs() < 0.15, "{interval}: {threshold}");
    }
}

#[test]
fn an_extrapolated_threshold_holds_when_it_is_counted() {
    let known = textbook();
    let stream = Stream { correlation: 0.9, block: 20 };
    let short = Fleet::new(&source(stream, 0.0, 1000, 50), 2);
    let stream = Stream { correlation: 0.3, block: 2 };
    let skewed = Fleet::new(&source(stream, 1.0, 4000, 2000), 2);
    for (name, fleet, slack) in [("long", known, 0.5), ("short", short, 0.75), ("skewed", skewed, 0.5)] {
        let (threshold, extrapolated) = threshold(&fleet, 40_000.0, slack);
        let counted = fleet.interval(&cusum(slack)(threshold));
        assert!(
            extrapolated && (counted / 40_000.0 - 1.0).abs() < 0.3,
            "{name}: {threshold}, counted {counted}"
        );
    }
}

#[test]
fn skewness_is_the_third_moment() {
    let values = [0.0, 0.0, 0.0, 4.0].map(|x| Some(Q16::from_f32(x)));
    // Off the mean by -1, -1, -1, 3: cubes 24 / 4, squares 12 / 4.
    assert!((series::skewness(&[values.to_vec()]) - 6.0 / 27f64.sqrt()).abs() < 1e-12);
    assert_eq!(series::skewness(&[vec![Some(Q16::ONE); 9]]), 0.0, "nothing changes");
    assert_eq!(series::skewness(&[vec![None; 9]]), 0.0);
}

fn stream(correlation: f64, frames: usize, seed: u64) -> Vec<Q16> {
    let mut random = Random::new(seed);
    let mut blocks = Blocks::new(Stream { correlation, block: 1 });
    blocks.begin(&mut random);
    (0..frames).map(|_| Q16::from_f32(blocks.next(&mut random) as f32)).collect()
}

#[test]
fn autocorrelation_is_not_biased() {
    for correlation in [0.0, 0.3, 0.6, 0.9] {
        for frames in [100, 400] {
            let found: f64 = (0..2000)
                .map(|seed| {
                    let values: Vec<_> = stream(correlation, frames, seed).into_iter().map(Some).collect();
                    series::correlation(&[values])
                })
                .sum();
            let bias = found / 2000.0 - correlation;
            assert!(bias.abs() < 0.8 / frames as f64 + 0.004, "{correlation} of {frames}: {bias}");
        }
    }
    assert_eq!(series::correlation(&[vec![Some(Q16::ONE); 9]]), 0.0, "nothing changes");
    assert_eq!(series::correlation(&[vec![None; 9]]), 0.0);
}

/// A series that ends within a block: as the monitor, which never decides on part of one.
#[test]
fn a_part_of_a_block_has_no_mean() {
    let means = |values: &[Option<i32>], block| -> Vec<i32> {
        let values: Vec<_> = values.iter().map(|value| value.map(Q16::from_raw)).collect();
        series::block_means(&values, block).into_iter().map(Q16::raw).collect()
    };
    let seven = [3, 6, 9, 12, 15, 18, 1000].map(Some);
    assert_eq!(means(&seven, 3), [6, 15]);
    assert_eq!(means(&seven, 7), [152], "1063 / 7, rounded");
    assert_eq!((means(&seven, 8), means(&[], 3)), (vec![], vec![]));
    // Of the values that are there; a block without any is none.
    assert_eq!(means(&[Some(4), None, None, None, None, Some(8), Some(9), Some(1), None], 2), [4, 8, 5]);
}

/// Highest sum of a two-sided CUSUM over whole blocks, with their own mean and deviation; and the block that twice the
/// decorrelation time asks for.
fn chart_oracle(values: &[Q16], block: usize, slack: f64) -> f64 {
    let means: Vec<f64> = values
        .chunks_exact(block)
        .map(|block| block.iter().map(|x| x.to_f64()).sum::<f64>() / block.len() as f64)
        .collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let deviation = (means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let (mut up, mut down, mut highest) = (0.0f64, 0.0f64, 0.0f64);
    for x in means {
        let z = (x - mean) / deviation;
        (up, down) = ((up + z - slack).max(0.0), (down - z - slack).max(0.0));
        highest = highest.max(up).max(down);
    }
    highest
}

#[test]
fn a_chart_is_the_same_everywhere() {
    let rules = Settings::default().rules;
    let values = stream(0.6, 403, 3);
    let chart = Desk::default()
        .chart(std::slice::from_ref(&values), Belief::default(), &rules, SLACK, 10_000.0)
        .unwrap();
    // Twice -1 / ln 0.6 is 3.9; three frames are left over. The threshold is 11.2 deviations: the simulation's, whose claim is
    // measured by `tests/drift_claims.rs`; here only that no machine finds another.
    assert_eq!((chart.block_frames, chart.blocks, chart.cusum.threshold.raw()), (4, 100, 735_232));
    assert!((chart.highest.to_f64() - chart_oracle(&values, 4, chart.cusum.slack.to_f64())).abs() < 1e-3);
    // Never below what the values reach themselves.
    let values = stream(0.0, 400, 3);
    let chart =
        Desk::default().chart(std::slice::from_ref(&values), Belief::default(), &rules, SLACK, 10.0).unwrap();
    let highest = chart_oracle(&values, 1, chart.cusum.slack.to_f64());
    assert_eq!((chart.block_frames, chart.blocks), (1, 400));
    assert!(highest > 1.0 && (chart.highest.to_f64() - highest).abs() < 0.02, "{highest} {}", chart.highest);
    assert_eq!(chart.cusum.threshold.raw(), chart.highest.raw() + 1);
}

pub(super) fn learn_one(
    quantiser: Quantiser,
    frames: &[Frame],
    settings: &Settings,
) -> Result<Learnt, Error> {
    learn(quantiser, &[frames.to_vec()], settings)
}

pub(super) fn quantiser() -> Quantiser {
    Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap()
}

/// Frames of 10 x 10 pixels whose codes lie around `centre` and wander a little; the lower ones are road.
pub(super) fn frames(centre: i8, count: usize, seed: u64) -> Vec<Frame> {
    let mut random = Random::new(seed);
    let mut frame = || {
        let mut sketch = Sketch::new(&quantiser());
        let mut outline = Outline::new(Shape::new(10, 10).unwrap());
        let mut above = 0;
        for row in 0..10 {
            let middle = if row < 5 { -30.0 } else { 30.0 };
            let codes: Vec<i8> =
                (0..10).map(|_| ((middle + 9.0 * random.normal()) as i8).saturating_add(centre)).collect();
            let mask = codes.iter().enumerate().map(|(x, code)| u32::from(*code > 0) << x).sum();
            sketch.push_unlabelled(&codes);
            outline.push_row(&[above], &[mask]);
            above = mask;
        }
        Frame { sketch, outline }
    };
    (0..count).map(|_| frame()).collect()
}

pub(super) fn settings() -> Settings {
    let identity = Identity { height: 10, width: 10, ..Identity::default() };
    Settings { identity, ..Settings::default() }
}

#[test]
fn in_control_is_normal_and_a_shift_is_an_alarm() {
    let learnt = learn_one(quantiser(), &frames(0, 400, 1), &settings()).unwrap();
    assert_eq!((learnt.labelled, learnt.profile.identity.frames), (0, 400));
    assert!(!learnt.profile.calibration.is_learnt());
    let profile = learnt.profile;
    let table = SigmoidTable::new(&quantiser());
    let states = |frames: &[Frame]| {
        let mut monitor = Monitor::new();
        let show = |frame: &Frame| {
            let signals = Signals::new(&frame.sketch, &frame.outline, &table, &profile).unwrap();
            monitor.observe(&profile, Ok((&signals, None))).state
        };
        frames.iter().map(show).collect::<Vec<_>>()
    };
    let calm = states(&frames(0, 400, 2));
    assert!(calm.contains(&State::Normal) && !calm.contains(&State::Alarm));
    assert_eq!(states(&frames(-20, 40, 3)).last(), Some(&State::Alarm));
}

/// The size is that of the frames unless it is said.
#[test]
fn default_settings_learn() {
    let frames = frames(0, 40, 1);
    let [said, unsaid] = [settings(), Settings { identity: Identity::default(), ..settings() }]
        .map(|settings| learn_one(quantiser(), &frames, &settings).unwrap());
    assert_eq!(said, unsaid);
    let learnt = learn_one(quantiser(), &frames, &Settings::default()).unwrap();
    let (identity, shape) = (learnt.profile.identity, frames[0].outline.shape());
    assert_eq!((usize::from(identity.height), usize::from(identity.width)), (shape.height(), shape.width()));
}

/// A frame that is part of the reference is nearer to it than the next frame will be.
#[test]
fn distances_are_those_of_frames_that_the_reference_does_not_know() {
    let others = frames(0, 400, 2);
    let own: Vec<Vec<Frame>> = frames(0, 80, 1).chunks(8).map(<[Frame]>::to_vec).collect();
    let profile = learn(quantiser(), &own, &settings()).unwrap().profile;
    let table = SigmoidTable::new(&quantiser());
    let mean = |frames: &[Frame]| {
        let of = |frame: &Frame| Signals::new(&frame.sketch, &frame.outline, &table, &profile).unwrap();
        let signal = Signal::PopulationStability;
        let sum: f64 =
            frames.iter().map(|frame| signal.charted(of(frame).get(signal).unwrap()).to_f64()).sum();
        sum / frames.len() as f64
    };
    let baseline = profile.baselines[Signal::PopulationStability as usize].mean.to_f64();
    let (known, unknown) = (mean(&own.concat()), mean(&others));
    assert!((baseline / unknown - 1.0).abs() < 0.015 && known < baseline, "{known} {baseline} {unknown}");
    // The parts of a single drive are nearer to each other than the next drive will be.
    let single = learn_one(quantiser(), &own.concat(), &settings()).unwrap().profile;
    let far = single.baselines[Signal::PopulationStability as usize].mean.to_f64();
    assert!((far - baseline - 0.27).abs() < 0.02, "{far} {baseline}");
}

#[test]
fn false_alarms_are_shared_by_the_charts_of_confidence() {
    let frames = frames(0, 100, 1);
    let learnt = |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings();
        // Of the frames themselves, so that all is the same but the interval.
        settings.slack = Q16::from_f32(1.5);
        change(&mut settings);
        learn_one(quantiser(), &frames, &settings).unwrap().profile
    };
    let profile = learnt(&|_| {});
    // Five charts and the rule of harm, of which two have to drift together: the same as one of three.
    for change in
        [&(|s: &mut Settings| s.rules.required = 2) as &dyn Fn(&mut Settings), &|s: &mut Settings| {
            s.false_alarm_frames /= 2.0
        }]
    {
        let other = learnt(change);
        assert!(other.charts.iter().zip(&profile.charts).all(|(other, one)| other.threshold < one.threshold));
        assert_eq!(other.charts, learnt(&|s| s.false_alarm_frames /= 2.0).charts);
    }
    let site = learnt(&|s| s.site = true);
    // Eleven instead of six.
    assert_eq!(site.charts, learnt(&|s| s.false_alarm_frames *= 11.0 / 6.0).charts);
    // A site reference has fewer blocks, and is charted with the same slack.
    let pairs = || profile.site_charts.iter().zip(&profile.charts);
    assert!(pairs().all(|(site, factory)| site.slack == factory.slack));
    assert!(pairs().any(|(site, factory)| site.threshold != factory.threshold));
}

#[test]
fn labels_make_a_map() {
    let mut labelled = frames(0, 12, 1);
    for frame in &mut labelled[..2] {
        frame.sketch.clear();
        for row in 0..10 {
            frame.sketch.push_row(&[if row < 5 { -30i8 } else { 30 }; 10], &[u8::from(row < 5); 10]);
        }
    }
    let learnt = learn_one(quantiser(), &labelled, &settings()).unwrap();
    assert_eq!((learnt.labelled, learnt.profile.calibration.is_learnt()), (2, true));
}

#[test]
fn counts_that_do_not_fit_are_halved() {
    let mut counts = [0; CODES];
    counts[0] = 1 << 33;
    counts[9] = 3 << 33;
    let reference = reference(counts).unwrap();
    assert_eq!(reference.counts()[0] * 3, reference.counts()[9]);
}
