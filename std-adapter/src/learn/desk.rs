//! From the values of a signal to its chart.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use segmeter_core::drift::{Baseline, Rules, SIGNALS, Signal};
use segmeter_core::num::Q16;

use super::fleet::{Fleet, Learnt, Stream};
use super::{Settings, interval_frames, series};
use crate::threads::share;

/// Steps of an autocorrelation: charts that share one share a simulation.
const STEPS: f64 = 128.0;

/// Steps of a skewness.
const SKEWNESS: f64 = 8.0;

/// Standard errors of a reference's mean that the slack has to cover.
const ERRORS: f64 = 3.0;

/// The chart of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chart {
    /// How its block means lie.
    pub baseline: Baseline,
    /// [`segmeter_core::drift::Cusum::threshold`].
    pub threshold: Q16,
    /// [`segmeter_core::drift::Cusum::slack`].
    pub slack: Q16,
    /// Frames of a block.
    pub block_frames: u16,
    /// Blocks of the reference.
    pub blocks: usize,
    /// Autocorrelation from frame to frame.
    pub correlation: f64,
    /// The highest sum that the values themselves reach.
    pub highest: Q16,
    /// The interval was too long to count alarms.
    pub extrapolated: bool,
}

/// What a threshold depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    /// In [`STEPS`].
    correlation: i32,
    /// In [`SKEWNESS`].
    skewness: i32,
    block_frames: u16,
    frames: usize,
    blocks: usize,
    slack: Q16,
    release_blocks: u16,
    /// Blocks, as bits.
    interval: u64,
}

impl Question {
    fn answer(self) -> (Q16, bool) {
        let stream = Stream { correlation: f64::from(self.correlation) / STEPS, block: self.block_frames };
        let skewness = f64::from(self.skewness) / SKEWNESS;
        let learnt = Learnt { stream, skewness, frames: self.frames, blocks: self.blocks };
        let fleet = Fleet::new(&learnt, self.slack, self.release_blocks);
        fleet.threshold(f64::from_bits(self.interval))
    }
}

/// Where thresholds are simulated, and remembered.
#[derive(Default)]
pub struct Desk {
    known: BTreeMap<Question, (Q16, bool)>,
}

/// A signal before its threshold is known.
struct Draft {
    means: Vec<Q16>,
    baseline: Baseline,
    /// In [`STEPS`].
    correlation: i32,
    /// In [`SKEWNESS`].
    skewness: i32,
    frames: usize,
}

impl Draft {
    fn new(values: &[Option<Q16>], correlation: i32, block_frames: u16) -> Result<Self, usize> {
        let means = series::block_means(values, block_frames);
        let baseline = Baseline::of(means.iter().copied()).ok_or(means.len())?;
        let skewness = libm::round(series::skewness(values) * SKEWNESS) as i32;
        Ok(Self { means, baseline, correlation, skewness, frames: values.iter().flatten().count() })
    }

    fn question(&self, rules: &Rules, blocks: usize, interval_frames: f64) -> Question {
        Question {
            correlation: self.correlation,
            skewness: self.skewness,
            block_frames: rules.block_frames,
            frames: self.frames,
            blocks,
            slack: rules.slack,
            release_blocks: rules.release_blocks,
            interval: (interval_frames / f64::from(rules.block_frames)).to_bits(),
        }
    }

    fn chart(&self, rules: &Rules, (threshold, extrapolated): (Q16, bool)) -> Chart {
        let highest = series::highest_score(&self.means, &self.baseline, rules.slack);
        Chart {
            baseline: self.baseline,
            threshold: threshold.max(highest.plus(Q16::from_raw(1))),
            slack: rules.slack,
            block_frames: rules.block_frames,
            blocks: self.means.len(),
            correlation: f64::from(self.correlation) / STEPS,
            highest,
            extrapolated,
        }
    }
}

/// In [`STEPS`], between -1 and 1.
fn stepped(correlation: f64) -> i32 {
    libm::round(correlation * STEPS).clamp(1.0 - STEPS, STEPS - 1.0) as i32
}

/// The least slack for a reference of as many blocks.
fn least_slack(correlation: i32, block: u16, blocks: usize) -> Q16 {
    let stream = Stream { correlation: f64::from(correlation) / STEPS, block };
    let error = libm::sqrt(stream.long_run_variance() / stream.block_variance() / blocks as f64);
    Q16::from_f32((ERRORS * error) as f32)
}

impl Desk {
    /// Learns the chart of one signal from its values in consecutive in-control frames.
    ///
    /// *Blocks* are twice as long as the decorrelation time, so that their means are nearly independent, but eight
    /// at least are left; [`Rules::block_frames`] other than 0 is taken as it is.
    ///
    /// *The slack* of the rules is raised to three standard errors of the reference's mean. With less, monitors whose few frames
    /// lay off their mean by chance would climb into alarm whatever the threshold.
    ///
    /// *The threshold* is found by simulation. A thousand monitors each learn their own mean and deviation, from as many blocks
    /// as there are here, of frames with the autocorrelation and the skewness that were measured (a first-order process), give
    /// or take their standard errors; the chart of the device then watches other blocks of such frames. The threshold is that at
    /// which the blocks without an alarm, divided by the alarms entered, are the interval asked for: monitors that have
    /// learnt from as little as this one keep it together. An interval of more than 500 blocks is extrapolated, by the
    /// exponent of each simulated monitor. And no threshold is below what the values reach themselves.
    ///
    /// Measured (`tests/drift_claims.rs`): within 20 % of 10,000 frames for references of 2000 frames and of 500, but half
    /// of it for 160 that are much alike. What the frames do not show it cannot know, such as a drift over hours.
    ///
    /// # Errors
    /// A line that says what was found and what was expected.
    pub fn chart(&mut self, values: &[Q16], rules: &Rules, interval_frames: f64) -> Result<Chart, String> {
        let values: Vec<Option<Q16>> = values.iter().copied().map(Some).collect();
        let correlation = stepped(series::correlation(&values));
        let mut rules = *rules;
        if rules.block_frames == 0 {
            let time = series::decorrelation(f64::from(correlation) / STEPS);
            rules.block_frames = series::block_frames(time, values.len()).0;
        }
        let draft = Draft::new(&values, correlation, rules.block_frames)
            .map_err(|found| format!("found {found} blocks, expected 2 at least"))?;
        let blocks = draft.means.len();
        rules.slack = rules.slack.max(least_slack(correlation, rules.block_frames, blocks));
        let question = draft.question(&rules, blocks, interval_frames);
        Ok(draft.chart(&rules, *self.known.entry(question).or_insert_with(|| question.answer())))
    }

    /// The charts of all signals with one length of block and one slack, and the thresholds for a site reference.
    pub(super) fn charts(
        &mut self,
        values: &[Vec<Option<Q16>>; SIGNALS],
        settings: &Settings,
        rules: &mut Rules,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<Chart>, Vec<Q16>), String> {
        let correlations = values.each_ref().map(|values| stepped(series::correlation(values)));
        choose_block(rules, &correlations, values[0].len(), notes);
        let mut drafts = Vec::with_capacity(SIGNALS);
        for (signal, (values, correlation)) in Signal::ALL.iter().zip(values.iter().zip(correlations)) {
            drafts.push(Draft::new(values, correlation, rules.block_frames).map_err(|found| {
                let why = if matches!(signal, Signal::RelativeCentroidRow | Signal::RoadMargin) {
                    "; no frame has road there: are the scale and the zero point right?"
                } else {
                    ""
                };
                format!("{}: found values in {found} blocks, expected 2 at least{why}", signal.name())
            })?);
        }
        choose_slack(rules, &drafts, settings.site, notes);
        let interval = interval_frames(settings);
        let factory = |draft: &Draft| draft.question(rules, draft.means.len(), interval);
        let site = |draft: &Draft| draft.question(rules, rules.site_blocks.into(), interval);
        self.answer(drafts.iter().flat_map(|draft| [factory(draft), site(draft)]).collect());
        let charts: Vec<Chart> =
            drafts.iter().map(|draft| draft.chart(rules, self.known[&factory(draft)])).collect();
        for (signal, (chart, draft)) in Signal::ALL.iter().zip(charts.iter().zip(&drafts)) {
            let simulated = self.known[&factory(draft)].0;
            if chart.threshold > simulated {
                let (name, highest) = (signal.name(), chart.highest);
                notes.push(format!(
                    "{name}: the frames themselves reach {highest}, more than the threshold of {simulated} for the interval"
                ));
            }
        }
        Ok((charts, drafts.iter().map(|draft| self.known[&site(draft)].0).collect()))
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

/// Frames from which on the interval was measured to be kept: 0.86 to 1.06 of it for 500, 0.5 to 1.2
/// for 160, 0.3 to 0.8 for 16.
const FRAMES: usize = 500;

fn choose_block(rules: &mut Rules, correlations: &[i32], frames: usize, notes: &mut Vec<String>) {
    let longest = f64::from(correlations.iter().copied().max().unwrap_or(0)) / STEPS;
    let (chosen, wanted) = series::block_frames(series::decorrelation(longest), frames);
    if rules.block_frames == 0 {
        rules.block_frames = chosen;
    }
    if frames < FRAMES {
        notes.push(format!(
            "{frames} frames say little of how frames differ: false alarms may come two or three times as often as asked for; with {FRAMES} they would not"
        ));
    }
    if rules.block_frames < wanted {
        notes.push(format!(
            "blocks of {} frames are shorter than twice the decorrelation time, {wanted} frames: {} frames would do",
            rules.block_frames,
            8 * usize::from(wanted)
        ));
    }
}

fn choose_slack(rules: &mut Rules, drafts: &[Draft], site: bool, notes: &mut Vec<String>) {
    let blocks = |draft: &Draft| {
        let own = draft.means.len();
        if site { own.min(rules.site_blocks.into()) } else { own }
    };
    let least = |draft: &Draft| least_slack(draft.correlation, rules.block_frames, blocks(draft));
    let least = drafts.iter().map(least).max().unwrap_or(rules.slack);
    if least > rules.slack {
        let fewest = drafts.iter().map(blocks).min().unwrap_or(0);
        notes.push(format!(
            "slack raised from {} to {least}: the mean of {fewest} blocks is not known any better",
            rules.slack
        ));
        rules.slack = least;
    }
}
