//! Vectors of losses: `vectors/losses.json`.

use std::collections::BTreeMap;

#[cfg(feature = "adapter")]
use segmeter::catalogue::ChosenLoss;
use segmeter_core::view::{Activation, Frame, IGNORE, Labels, Layout, Shape, Weights};
use serde::Deserialize;

#[cfg(feature = "adapter")]
use crate::named;

/// `vectors/losses.json`.
#[derive(Deserialize)]
pub struct LossVectors {
    /// Frames by name.
    pub fixtures: BTreeMap<String, Fixture>,
    /// Expected results.
    pub cases: Vec<LossCase>,
}

/// One frame.
#[derive(Deserialize)]
pub struct Fixture {
    /// Rows.
    pub height: u32,
    /// Pixels of a row.
    pub width: u32,
    /// 1 for a binary frame.
    #[serde(default)]
    pub classes: usize,
    /// `logits` or `probabilities`.
    #[serde(default)]
    pub input: String,
    /// Planar.
    pub logits: Vec<f32>,
    /// Class ids, 255 without a label.
    pub labels: Option<Vec<u8>>,
    /// Soft labels, planar.
    pub targets: Option<Vec<f32>>,
    /// Pixel weights.
    pub weights: Option<Vec<f32>>,
    /// Of background and foreground, or of every class.
    pub class_weights: Option<Vec<f32>>,
    /// The 8-bit codes behind the logits.
    pub quantised: Option<Codes>,
}

/// 8-bit codes of a frame.
#[derive(Deserialize)]
pub struct Codes {
    /// Planar.
    pub codes: Vec<i8>,
    /// Logit of a step.
    pub scale: f32,
    /// Code of logit zero.
    pub zero_point: i32,
}

/// What a reference computed.
#[derive(Deserialize)]
pub struct LossCase {
    /// Name of the loss.
    pub loss: String,
    /// Its parameters.
    pub parameters: serde_json::Value,
    /// Name of the frame.
    pub fixture: String,
    /// The loss.
    pub value: f64,
    /// Its derivative with respect to each score.
    pub gradient: Vec<f64>,
    /// The loss has no value here.
    #[serde(default)]
    pub undefined: bool,
}

#[cfg(feature = "adapter")]
impl LossCase {
    /// The loss.
    ///
    /// # Panics
    /// If there is no such loss.
    #[must_use]
    pub fn loss(&self) -> ChosenLoss {
        named(&self.loss, &self.parameters)
    }
}

/// Room for the classes of every multiclass fixture.
pub const ROOM: usize = 32;

impl Fixture {
    /// Its shape.
    ///
    /// # Panics
    /// If the vectors are damaged; so do the others.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape::new(self.height, self.width).expect("a shape")
    }
    /// Whether it has one score per pixel.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        self.classes < 2
    }
    /// Its hard binary labels.
    #[must_use]
    pub fn labels(&self) -> Labels<'_> {
        Labels::new(self.shape(), self.labels.as_ref().expect("labels"), IGNORE).expect("labels")
    }
    /// The binary frame.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        self.dress(match &self.targets {
            Some(targets) => Frame::soft(self.shape(), &self.logits, targets).expect("soft labels"),
            None => Frame::new(&self.logits, self.labels()).expect("logits"),
        })
    }
    /// The multiclass frame; `scores` and `targets` are its own or the same in another layout.
    #[must_use]
    pub fn multiclass<'a>(
        &'a self,
        layout: Layout,
        scores: &'a [f32],
        targets: Option<&'a [f32]>,
    ) -> Frame<'a, ROOM> {
        let (shape, classes) = (self.shape(), self.classes);
        self.dress(match targets {
            Some(targets) => {
                Frame::multiclass_soft(shape, classes, layout, scores, targets).expect("soft labels")
            }
            None => {
                let ids = self.labels.as_ref().expect("labels");
                Frame::multiclass(shape, classes, layout, scores, ids, IGNORE).expect("logits")
            }
        })
    }
    fn dress<'a, const C: usize>(&'a self, mut frame: Frame<'a, C>) -> Frame<'a, C> {
        if self.input == "probabilities" {
            frame = frame.with_activation(Activation::Probabilities);
        }
        if let Some(weights) = &self.weights {
            let weights = Weights::new(self.shape(), weights).expect("weights");
            frame = frame.with_weights(weights).expect("as many weights");
        }
        if let Some(weights) = &self.class_weights {
            frame = frame.with_class_weights(weights).expect("class weights");
        }
        frame
    }
}
