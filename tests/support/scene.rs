//! Frames of every kind that a loss may meet, and one way to evaluate any loss on any of them.
//!
//! Nothing here is generic over losses: scalar code is compiled once, here, for all test files, and what an engine runs
//! with the library.

use std::sync::atomic::{AtomicU32, Ordering};

use segmeter::catalogue::{AnyFrame, ChosenLoss, Entry, loss as entry};
use segmeter_core::loss::{Evaluation, Execute, Job, Loss, Serial};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Activation, Frame, IGNORE, Labels, Layout, Quantiser, Shape, Weights};
use segmeter_core::{Error, Result};

use crate::{Random, bits, interleave, takes};

/// What tells one frame from another, but for its size and numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// Scores of a pixel: 1 if binary.
    pub channels: usize,
    /// Classes side by side, not in planes.
    pub interleaved: bool,
    /// Shares of classes in place of ids.
    pub soft: bool,
    /// With pixel weights, some of them 0.
    pub weighted: bool,
    /// With class weights.
    pub class_weighted: bool,
    /// Probabilities in place of logits.
    pub probabilities: bool,
}

impl Kind {
    /// Hard labels beside logits.
    #[must_use]
    pub fn plain(channels: usize) -> Self {
        Self { channels, ..Self::default() }
    }
    /// Every combination for this number of channels.
    #[must_use]
    pub fn all(channels: usize) -> Vec<Self> {
        let bit = |set: u8, place: u8| set >> place & 1 == 1;
        let layouts = if channels == 1 { 1 } else { 2 };
        let of = |set: u8| Self {
            channels,
            soft: bit(set, 0),
            weighted: bit(set, 1),
            class_weighted: bit(set, 2),
            probabilities: bit(set, 3),
            interleaved: bit(set, 4),
        };
        (0..16 * layouts).map(of).collect()
    }
    /// Whether a loss has to take such frames: hard labels and logits of what it takes always; anything, unless it
    /// sorts or looks at the neighbourhood of a pixel.
    #[must_use]
    pub fn must_be_taken(self, name: &str) -> bool {
        if !takes(name, if self.channels == 1 { "binary" } else { "multiclass" }) {
            return false;
        }
        let entry = entry(name.split(' ').next().unwrap_or_default());
        let by_pixel = |entry: &Entry| entry.quantised && ["distribution", "region"].contains(&entry.family);
        !(self.soft || self.probabilities) || entry.is_some_and(by_pixel)
    }
}

/// A frame that owns its data. Soft labels are beside hard ones, and used if the kind says so.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Rows and columns.
    pub shape: Shape,
    /// What it is.
    pub kind: Kind,
    /// In the kind's layout.
    pub scores: Vec<f32>,
    /// Class ids.
    pub ids: Vec<u8>,
    /// Shares of classes, in the kind's layout.
    pub shares: Vec<f32>,
    /// Pixel weights.
    pub weights: Vec<f32>,
    /// Of background and foreground, or of every class.
    pub class_weights: Vec<f32>,
}

impl Scene {
    /// Logits spread over [-spread, spread], or the probabilities of such; a tenth of the pixels has no label, or a
    /// weight of 0. The same seed gives the same pixels in both layouts.
    ///
    /// # Panics
    /// If there is no pixel.
    #[must_use]
    pub fn random(kind: Kind, seed: u64, (height, width): (u32, u32), spread: f32) -> Self {
        let shape = Shape::new(height, width).expect("a shape");
        let (pixels, channels) = (shape.pixels(), kind.channels);
        let classes = channels.max(2);
        let mut random = Random(seed | 1);
        // The first numbers of neighbouring seeds are alike.
        (0..8).for_each(|_| _ = random.uniform());
        let mut scores: Vec<f32> =
            (0..pixels * channels).map(|_| (random.uniform() * 2.0 - 1.0) * spread).collect();
        if kind.probabilities {
            scores = activate(&scores, channels);
        }
        let mut id = || match random.uniform() {
            u if u < 0.1 => IGNORE,
            _ => (random.uniform() * classes as f32) as u8,
        };
        let ids: Vec<u8> = (0..pixels).map(|_| id()).collect();
        let mut shares = vec![0.0; pixels * channels];
        for pixel in 0..pixels {
            // Every third label is sharp.
            let parts: Vec<f32> = (0..classes).map(|_| random.uniform() + 0.01).collect();
            let total: f32 = parts.iter().sum();
            let sharp = random.uniform() < 0.33;
            let main = (random.uniform() * classes as f32) as usize;
            let share = |class: usize| match sharp {
                true => f32::from(u8::from(class == main)),
                false => parts[class] / total,
            };
            for channel in 0..channels {
                shares[channel * pixels + pixel] = share(if channels == 1 { 1 } else { channel });
            }
        }
        if kind.interleaved {
            scores = interleave(&scores, channels);
            shares = interleave(&shares, channels);
        }
        let weights = (0..pixels).map(|_| (random.uniform() * 8.0).floor() / 3.0).collect();
        let class_weights = (0..classes).map(|_| 0.25 + random.uniform() * 2.0).collect();
        Self { shape, kind, scores, ids, shares, weights, class_weights }
    }

    /// Its layout.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        if self.kind.interleaved { Layout::Interleaved } else { Layout::Planar }
    }

    /// Where the score of a channel of a pixel stands.
    #[must_use]
    pub const fn place(&self, pixel: usize, channel: usize) -> usize {
        match self.layout() {
            Layout::Planar => channel * self.shape.pixels() + pixel,
            Layout::Interleaved => pixel * self.kind.channels + channel,
        }
    }

    /// The pixel that a score belongs to.
    #[must_use]
    pub const fn pixel(&self, place: usize) -> usize {
        match self.layout() {
            Layout::Planar => place % self.shape.pixels(),
            Layout::Interleaved => place / self.kind.channels,
        }
    }

    /// Whether a pixel counts.
    #[must_use]
    pub fn is_scored(&self, pixel: usize) -> bool {
        (self.kind.soft || self.ids[pixel] != IGNORE) && (!self.kind.weighted || self.weights[pixel] > 0.0)
    }

    /// The frame; an oversight in a test panics.
    ///
    /// # Panics
    /// If lengths or values are wrong.
    #[must_use]
    pub fn frame(&self) -> AnyFrame<'_> {
        let Kind { channels, soft, .. } = self.kind;
        if channels == 1 {
            let frame = match soft {
                true => Frame::soft(self.shape, &self.scores, &self.shares).expect("soft labels"),
                false => {
                    let labels = Labels::new(self.shape, &self.ids, IGNORE).expect("labels");
                    Frame::new(&self.scores, labels).expect("scores")
                }
            };
            return AnyFrame::Binary(self.dress(frame));
        }
        AnyFrame::Multiclass(self.multiclass())
    }

    /// The multiclass frame, with any room for classes.
    ///
    /// # Panics
    /// As [`Scene::frame`].
    #[must_use]
    pub fn multiclass<const C: usize>(&self) -> Frame<'_, C> {
        let (shape, channels, layout) = (self.shape, self.kind.channels, self.layout());
        self.dress(
            match self.kind.soft {
                true => Frame::multiclass_soft(shape, channels, layout, &self.scores, &self.shares),
                false => Frame::multiclass(shape, channels, layout, &self.scores, &self.ids, IGNORE),
            }
            .expect("a multiclass frame"),
        )
    }

    fn dress<'a, const C: usize>(&'a self, mut frame: Frame<'a, C>) -> Frame<'a, C> {
        if self.kind.probabilities {
            frame = frame.with_activation(Activation::Probabilities);
        }
        if self.kind.weighted {
            let weights = Weights::new(self.shape, &self.weights).expect("weights");
            frame = frame.with_weights(weights).expect("as many weights");
        }
        if self.kind.class_weighted {
            frame = frame.with_class_weights(&self.class_weights).expect("class weights");
        }
        frame
    }

    /// Value and gradient in scalar code; `None` if the loss does not take such frames and need not.
    ///
    /// # Panics
    /// If the loss refuses what it has to take, or the value alone is another one.
    #[must_use]
    pub fn evaluate(&self, name: &str, loss: &ChosenLoss) -> Option<Outcome> {
        let frame = self.frame();
        let mut scratch = vec![0; scratch_len(loss, &frame)];
        let mut gradient = vec![0.0; self.scores.len()];
        let found = accumulate(loss, &frame, 1.0, &mut scratch, Some(&mut gradient));
        if let Err(Error::Unsupported(_)) = found {
            assert!(!self.kind.must_be_taken(name), "{name}: {found:?} of {:?}", self.kind);
            return None;
        }
        let found = found.unwrap_or_else(|error| panic!("{name} of {:?}: {error}", self.kind));
        assert_eq!(bits(found.value), bits(self.value(loss)), "{name} of {:?}: value alone", self.kind);
        Some(Outcome { value: found.value, undefined: found.undefined, gradient })
    }

    /// The value in scalar code.
    ///
    /// # Panics
    /// If the loss does not take it.
    #[must_use]
    pub fn value(&self, loss: &ChosenLoss) -> f32 {
        let frame = self.frame();
        let mut scratch = vec![0; scratch_len(loss, &frame)];
        accumulate(loss, &frame, 1.0, &mut scratch, None).expect("a value").value
    }
}

/// What an evaluation found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The loss.
    pub value: f32,
    /// Whether there is none.
    pub undefined: bool,
    /// With respect to the scores.
    pub gradient: Vec<f32>,
}

impl Outcome {
    /// Value and gradient as bits, a negative zero as zero.
    #[must_use]
    pub fn bits(&self) -> (u32, Vec<u32>) {
        (bits(self.value), self.gradient.iter().map(|g| bits(*g)).collect())
    }
    /// The largest derivative.
    #[must_use]
    pub fn largest(&self) -> f32 {
        self.gradient.iter().fold(0.0, |a, g| a.max(g.abs()))
    }
}

/// Scratch words that a loss needs for a frame.
#[must_use]
pub fn scratch_len(loss: &ChosenLoss, frame: &AnyFrame<'_>) -> usize {
    match frame {
        AnyFrame::Binary(frame) => loss.scratch_len(frame.shape()),
        AnyFrame::Multiclass(frame) => loss.scratch_len(frame.shape()),
    }
}

/// [`Loss::value`] by scalar code, with scratch of its own. A test that called the generic function would compile every
/// loss for itself.
///
/// # Errors
/// As there.
pub fn value<'a>(loss: &ChosenLoss, frame: impl Into<AnyFrame<'a>>) -> Result<Evaluation> {
    let frame = &frame.into();
    accumulate(loss, frame, 1.0, &mut vec![0; scratch_len(loss, frame)], None)
}

/// Likewise [`Loss::value_and_gradient`].
///
/// # Errors
/// As there.
pub fn value_and_gradient<'a>(
    loss: &ChosenLoss,
    frame: impl Into<AnyFrame<'a>>,
    gradient: &mut [f32],
) -> Result<Evaluation> {
    let frame = &frame.into();
    gradient.fill(0.0);
    accumulate(loss, frame, 1.0, &mut vec![0; scratch_len(loss, frame)], Some(gradient))
}

/// [`Loss::accumulate`] by scalar code on this thread, as a microcontroller has it.
///
/// # Errors
/// As there.
pub fn accumulate(
    loss: &ChosenLoss,
    frame: &AnyFrame<'_>,
    weight: f32,
    scratch: &mut [u32],
    gradient: Option<&mut [f32]>,
) -> Result<Evaluation> {
    accumulate_by(&Walks::default(), loss, frame, weight, scratch, gradient)
}

/// [`accumulate`], by an executor that counts.
///
/// # Errors
/// As there.
pub fn accumulate_by(
    executor: &Walks,
    loss: &ChosenLoss,
    frame: &AnyFrame<'_>,
    weight: f32,
    scratch: &mut [u32],
    gradient: Option<&mut [f32]>,
) -> Result<Evaluation> {
    match frame {
        AnyFrame::Binary(frame) => loss.accumulate(executor, frame, weight, scratch, gradient),
        AnyFrame::Multiclass(frame) => loss.accumulate(executor, frame, weight, scratch, gradient),
    }
}

/// Walks rows by scalar code on this thread, and counts how often it did.
#[derive(Debug, Default)]
pub struct Walks(AtomicU32);

impl Walks {
    /// How often, so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Execute for Walks {
    fn execute<J: Job>(&self, job: &J, rows: usize, out: &mut [&mut [f32]]) -> J::Partial {
        self.0.fetch_add(1, Ordering::Relaxed);
        Serial::SCALAR.execute(job, rows, out)
    }
}

/// Whether a loss depends on where pixels are: then it has no value for a histogram.
///
/// # Panics
/// If it and the catalogue do not agree.
#[must_use]
pub fn depends_on_place(name: &str, loss: &ChosenLoss) -> bool {
    let empty = Sketch::new(&Quantiser::probabilities());
    let found = loss.sketch_value(&empty, &SigmoidTable::zeros());
    let refused = matches!(found, Err(Error::Unsupported(_)));
    if let Some(entry) = entry(name.split(' ').next().unwrap_or_default()) {
        let claimed = entry.quantised || !entry.inputs.contains(&"binary");
        assert_eq!(
            claimed, !refused,
            "{name}: the catalogue and the loss do not agree about sketches: {found:?}"
        );
    }
    refused
}

/// Sigmoid, or softmax of planes of classes.
fn activate(logits: &[f32], channels: usize) -> Vec<f32> {
    if channels == 1 {
        return logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    }
    let pixels = logits.len() / channels;
    let mut out = vec![0.0; logits.len()];
    for pixel in 0..pixels {
        let places = (0..channels).map(|channel| channel * pixels + pixel);
        let best = places.clone().map(|place| logits[place]).fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = places.clone().map(|place| (logits[place] - best).exp()).sum();
        places.for_each(|place| out[place] = (logits[place] - best).exp() / total);
    }
    out
}
