//! From the values of a signal to its chart.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use segmeter_core::drift::{Baseline, Cusum, Group, Rules, SIGNALS, Side, Signal};
use segmeter_core::num::Q16;

use super::belief::{BELIEF, Belief};
use super::fleet::{Fall, Fleet, Learnt, Spread, Watched};
use super::series::Drives;
use super::stream::Stream;
use super::{Error, Settings, fleet, interval_frames, series};
use crate::threads::share;

/// Steps of an autocorrelation: charts that share one share a simulation.
const STEPS: f64 = 128.0;

/// Steps of a skewness, and of the deviation between drives.
const COARSE: f64 = 8.0;

/// Standard errors of a reference's mean that the slack has to cover.
const ERRORS: f64 = 3.0;

/// Monitors of ten that are to see a shift that is called seen.
const SEEN: f64 = 0.9;

/// The chart of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chart {
    /// How its block means lie.
    pub baseline: Baseline,
    /// Slack and threshold, in deviations of a block mean.
    pub cusum: Cusum,
    /// Frames of a block.
    pub block_frames: u16,
    /// Blocks of the reference.
    pub blocks: usize,
    /// Autocorrelation from frame to frame.
    pub correlation: f64,
    /// How far drives lie apart, in deviations of a frame within its drive.
    pub spread: f64,
    /// The highest sum that the values themselves reach.
    pub highest: Q16,
    /// The interval was too long to count alarms.
    pub extrapolated: bool,
    /// The least shift that nine monitors of ten see within [`Chart::seen_frames`] frames.
    pub shift_seen: f64,
    /// Three blocks: a change begins anywhere in one, and two whole ones follow.
    pub seen_frames: u16,
}

/// What a threshold depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    kind: Kind,
    /// In [`STEPS`].
    correlation: i32,
    /// In [`COARSE`].
    skewness: i32,
    spread: i32,
    spread_skewness: i32,
    freedom: u16,
    /// Of a block mean of the reference in those of a frame, as bits.
    deviation: u64,
    block_frames: u16,
    frames: usize,
    drives: usize,
    /// Of a drive.
    blocks: usize,
    side: Side,
    release_blocks: u16,
    /// Blocks, as bits.
    interval: u64,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The threshold of a CUSUM of this slack.
    Cusum(Q16),
    /// How far a value may fall.
    Fall,
}

/// A threshold, whether it was extrapolated, and the shift that is seen with it, in deviations of a frame.
type Answer = (Q16, bool, f64);

impl Question {
    fn learnt(self) -> Learnt {
        let spread = f64::from(self.spread) / COARSE;
        Learnt {
            stream: Stream { correlation: f64::from(self.correlation) / STEPS, block: self.block_frames },
            skewness: f64::from(self.skewness) / COARSE,
            frames: self.frames,
            drives: self.drives,
            blocks: self.blocks,
            spread: Spread {
                variance: spread * spread,
                freedom: self.freedom,
                skewness: f64::from(self.spread_skewness) / COARSE,
            },
            deviation: f64::from_bits(self.deviation),
            side: self.side,
        }
    }

    fn answer(self) -> Answer {
        let fleet = Fleet::new(&self.learnt(), self.release_blocks);
        let interval = f64::from_bits(self.interval);
        match self.kind {
            Kind::Cusum(slack) => {
                let chart = |threshold| Watched(Cusum { slack, threshold });
                let highest = |scores: &mut dyn Iterator<Item = Q16>| series::highest_sum(scores, slack);
                let (threshold, extrapolated) = fleet.threshold(interval, highest, chart);
                (threshold, extrapolated, fleet.shift_seen(&chart(threshold), 2, SEEN))
            }
            Kind::Fall => {
                let (limit, extrapolated) = fleet.threshold(interval, Fall::deepest, Fall);
                (limit, extrapolated, 0.0)
            }
        }
    }
}

/// Where thresholds are simulated, and remembered.
#[derive(Default)]
pub struct Desk {
    known: BTreeMap<Question, Answer>,
}

/// A signal before its threshold is known.
struct Draft {
    means: Vec<Q16>,
    baseline: Baseline,
    /// The same of these very frames.
    own: Baseline,
    /// Of a frame within its drive.
    deviation: f64,
    /// All but the kind and the interval.
    question: Question,
}

impl Draft {
    fn new(
        values: &Drives,
        rules: &Rules,
        block_frames: u16,
        (belief, side): (Belief, Side),
    ) -> Result<Self, usize> {
        let means = series::means(values, block_frames);
        let own = Baseline::of(means.iter().copied()).ok_or(means.len())?;
        let mut baseline = own;
        let correlation = stepped(series::correlation(values));
        let stream = Stream { correlation: f64::from(correlation) / STEPS, block: 1 };
        let others = values.len() - 1;
        let within = series::variance(values);
        let found = series::between(values, within, stream.long_run_variance());
        let deviation = libm::sqrt(within);
        let frame = deviation.max(1e-9);
        // In deviations of a frame.
        let believed = (belief.spread / frame).max(1.0);
        let weight = if belief.spread > 0.0 { f64::from(BELIEF) } else { 0.0 };
        let freedom = weight + others as f64;
        // Without a belief and another drive there is no variance.
        let variance = (weight * believed * believed + others as f64 * found) / freedom.max(1.0);
        let coarse = |x: f64| libm::round(x * COARSE) as i32;
        if others == 0 {
            baseline.mean = baseline.mean.plus(Q16::from_f32(belief.remove as f32));
        }
        let question = Question {
            kind: Kind::Fall,
            deviation: (baseline.deviation.to_f64() / frame).to_bits(),
            correlation,
            skewness: coarse(series::skewness(values)),
            spread: coarse(libm::sqrt(variance)),
            spread_skewness: coarse(belief.skewness),
            freedom: freedom as u16,
            block_frames,
            frames: values.iter().flatten().flatten().count(),
            drives: values.len(),
            blocks: (means.len() / values.len()).max(1),
            side,
            release_blocks: rules.release_blocks,
            interval: 0,
        };
        Ok(Self { means, baseline, own, deviation, question })
    }

    /// The least slack for this reference.
    fn slack(&self, asked: Q16) -> Q16 {
        let learnt = self.question.learnt();
        asked.max(Q16::from_f32((ERRORS * learnt.mean_error() / learnt.deviation) as f32))
    }

    fn ask(&self, kind: Kind, interval_frames: f64) -> Question {
        let interval = (interval_frames / f64::from(self.question.block_frames)).to_bits();
        Question { kind, interval, ..self.question }
    }

    /// The same of a reference of one drive with as many blocks.
    fn of_site(&self, blocks: u16, question: Question) -> Question {
        Question { drives: 1, blocks: blocks.into(), ..question }
    }

    fn chart(&self, slack: Q16, (threshold, extrapolated, shift): Answer) -> Chart {
        let scores = self.means.iter().map(|mean| self.question.side.of(self.own.standardise(*mean)));
        let highest = series::highest_sum(scores, slack);
        let threshold = threshold.max(highest.plus(Q16::from_raw(1)));
        Chart {
            baseline: self.baseline,
            cusum: Cusum { slack, threshold },
            block_frames: self.question.block_frames,
            blocks: self.means.len(),
            correlation: f64::from(self.question.correlation) / STEPS,
            spread: f64::from(self.question.spread) / COARSE,
            highest,
            extrapolated,
            shift_seen: shift * self.deviation,
            seen_frames: self.question.block_frames.saturating_mul(3),
        }
    }
}

/// In [`STEPS`], between -1 and 1.
fn stepped(correlation: f64) -> i32 {
    libm::round(correlation * STEPS).clamp(1.0 - STEPS, STEPS - 1.0) as i32
}

impl Desk {
    /// Learns the chart of one signal from its values in the consecutive in-control frames of drives, how which
    /// differ is believed beforehand.
    ///
    /// *Blocks* are twice as long as the decorrelation time, but eight at least are left; [`Rules::block_frames`] other than
    /// 0 is taken as it is.
    ///
    /// *The slack* is raised to three standard errors of what separates the reference's mean from that of the next drive. With
    /// less, monitors on a drive that lies off by chance would climb into alarm whatever the threshold.
    ///
    /// *The threshold* is found by simulation. A thousand worlds in which this reference may have been learnt each have an
    /// autocorrelation, a skewness, a variance within a drive and one between drives, a middle: those that were
    /// measured, give or take their standard errors (a first-order process around the middle of its drive). How far
    /// drives lie apart is what was found, and what was believed counts as eight degrees of freedom of it. In each
    /// world the chart watches other drives, as long as those that it learnt from. The threshold is that at which the
    /// blocks without an alarm, divided by the alarms entered, are the interval asked for: all of these worlds keep it
    /// together. Where fewer than 50 alarms are left to count, it is extrapolated. And no threshold is below what the
    /// values reach themselves.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn chart(
        &mut self,
        values: &[Vec<Q16>],
        belief: Belief,
        rules: &Rules,
        slack: Q16,
        interval_frames: f64,
    ) -> Result<Chart, Error> {
        let values: Vec<Vec<Option<Q16>>> =
            values.iter().map(|drive| drive.iter().copied().map(Some).collect()).collect();
        let mut block = rules.block_frames;
        if block == 0 {
            let time = series::decorrelation(series::correlation(&values));
            block = series::block_frames(time, values.iter().map(Vec::len).sum()).0;
        }
        let draft = Draft::new(&values, rules, block, (belief, Side::Both))
            .map_err(|found| Error::Blocks { signal: None, found })?;
        let slack = draft.slack(slack);
        let question = draft.ask(Kind::Cusum(slack), interval_frames);
        Ok(draft.chart(slack, *self.known.entry(question).or_insert_with(|| question.answer())))
    }

    /// The charts of all signals with one length of block, those for a site reference, and how far the estimated IoU falls
    /// where nothing is wrong.
    pub(super) fn charts(
        &mut self,
        values: &[Vec<Vec<Option<Q16>>>; SIGNALS],
        settings: &Settings,
        rules: &mut Rules,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<Chart>, Vec<Cusum>, Q16), Error> {
        let correlations = values.each_ref().map(|values| series::correlation(values));
        let frames = values[0].iter().map(Vec::len).sum();
        choose_block(rules, &correlations, frames, notes);
        let mut drafts = Vec::with_capacity(SIGNALS);
        let beliefs = if settings.fixed { [Belief::default(); SIGNALS] } else { Belief::ALL };
        for (signal, (values, belief)) in Signal::ALL.iter().zip(values.iter().zip(beliefs)) {
            let draft = Draft::new(values, rules, rules.block_frames, (belief, signal.side()));
            drafts.push(draft.map_err(|found| Error::Blocks { signal: Some(*signal), found })?);
        }
        let iou = &values[Signal::EstimatedIou as usize];
        let fall = Draft::new(
            iou,
            rules,
            rules.harm_frames.into(),
            (beliefs[Signal::EstimatedIou as usize], Side::Down),
        )
        .map_err(|_| Error::Estimates)?;
        let interval = interval_frames(settings);
        let factory = |draft: &Draft| draft.ask(Kind::Cusum(draft.slack(settings.slack)), interval);
        let site = |draft: &Draft| draft.of_site(rules.site_blocks, factory(draft));
        // Harm needs no other signal beside it.
        let harm = fall.ask(Kind::Fall, interval * f64::from(settings.rules.required.max(1)));
        let charts = drafts.iter().flat_map(|draft| [factory(draft), site(draft)]);
        self.answer(charts.chain([harm]).collect());
        let (limit, ..) = self.known[&harm];
        let fall = Q16::from_f32((limit.to_f64() * fall.baseline.deviation.to_f64()) as f32);
        let site = drafts
            .iter()
            .map(|draft| Cusum { slack: draft.slack(settings.slack), threshold: self.known[&site(draft)].0 });
        let answers = drafts.iter().map(|draft| self.known[&factory(draft)]);
        let charts: Vec<Chart> = drafts
            .iter()
            .zip(answers)
            .map(|(draft, answer)| draft.chart(draft.slack(settings.slack), answer))
            .collect();
        let is_rarer = |(signal, (chart, draft)): &(Signal, (&Chart, &Draft))| {
            let (wanted, ..) = self.known[&factory(draft)];
            signal.group() == Group::Confidence
                && (chart.cusum.threshold > wanted || wanted.raw() <= fleet::LOWEST)
        };
        let rarer = Signal::ALL.into_iter().zip(charts.iter().zip(&drafts)).filter(is_rarer);
        let rarer: Vec<_> = rarer.map(|(signal, _)| signal.name()).collect();
        if !rarer.is_empty() {
            notes.push(format!(
                "false alarms will be rarer than one in {} frames: thresholds are as low as these frames let them be ({})",
                settings.false_alarm_frames,
                rarer.join(", ")
            ));
        }
        Ok((charts, site.collect(), fall))
    }

    /// Simulates what is not known yet, on all processors: an answer depends on its question alone.
    fn answer(&mut self, mut questions: Vec<Question>) {
        questions.retain(|question| !self.known.contains_key(question));
        questions.sort_unstable();
        questions.dedup();
        let threads = thread::available_parallelism().map_or(1, usize::from).min(questions.len().max(1));
        let next = AtomicUsize::new(0);
        let work = || {
            let ask = || questions.get(next.fetch_add(1, Ordering::Relaxed)).copied();
            std::iter::from_fn(ask).map(|question| (question, question.answer())).collect::<Vec<_>>()
        };
        self.known.extend(share(threads, work).into_iter().flatten());
    }
}

fn choose_block(rules: &mut Rules, correlations: &[f64], frames: usize, notes: &mut Vec<String>) {
    let longest = correlations.iter().copied().fold(0.0, f64::max);
    let (chosen, wanted) = series::block_frames(series::decorrelation(longest), frames);
    if rules.block_frames == 0 {
        rules.block_frames = chosen;
    }
    if rules.block_frames < wanted {
        notes.push(format!(
            "blocks of {} frames are shorter than twice the decorrelation time, {wanted} frames: {} frames would do",
            rules.block_frames,
            8 * usize::from(wanted)
        ));
    }
}
