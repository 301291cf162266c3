//! Images as predictions beside their labels.

use std::path::Path;

use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Code, Labels, Quantised, Quantiser};
use segmeter::files::{Elements, Image, Slot, Source};

use super::{Arguments, Failure};
use crate::command::input::LabelReader;

/// Reads predictions and labels image by image.
pub(super) struct Reader {
    source: Source,
    slots: Vec<Slot>,
    labels: LabelReader,
    kind: Prediction,
}

/// What the numbers of a prediction are.
enum Prediction {
    /// Class ids.
    Mask,
    /// Binary logits; foreground above this one.
    Logits(f32),
    /// 8-bit binary logits or probabilities; foreground above this code index.
    Quantised(Quantiser, Option<u8>),
}

/// One image.
pub(super) struct Pair {
    pub(super) name: String,
    /// Class ids.
    pub(super) prediction: Vec<u8>,
    pub(super) labels: Vec<u8>,
    /// Of 8-bit binary outputs.
    pub(super) sketch: Option<Sketch>,
}

impl Reader {
    pub(super) fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let (source, slots) = arguments.input.open(&arguments.prediction)?;
        let labels = arguments.label_input.open(&arguments.labels, &source, slots.len())?;
        let threshold = arguments.threshold;
        if !(threshold > 0.0 && threshold < 1.0) {
            return Err(Failure::Input(format!(
                "found --threshold {threshold}, expected a probability in (0,1)"
            )));
        }
        let logit = (threshold / (1.0 - threshold)).ln() as f32;
        let first = slots.first().map_or(0, |slot| slot.index);
        let elements = source.image(first)?.elements;
        let kind = match &elements {
            Elements::U8(_) if !arguments.input.is_quantised() => Prediction::Mask,
            _ => match arguments.input.quantiser(&elements, source.path())? {
                Some(quantiser) => {
                    let above = (0u8..=255).find(|index| quantiser.logit(*index) > logit);
                    // All codes are background if even the highest is not above.
                    Prediction::Quantised(quantiser, above)
                }
                None => Prediction::Logits(logit),
            },
        };
        let is_mask = matches!(kind, Prediction::Mask);
        super::refuse(
            is_mask && threshold.to_bits() != 0.5f64.to_bits(),
            "--threshold",
            "for class-id masks",
        )?;
        super::refuse(
            is_mask && labels.is_mapped(),
            "--foreground",
            "for class-id masks: every class is reported",
        )?;
        Ok(Self { source, slots, labels, kind })
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether predictions are binary logits.
    pub(super) fn is_binary(&self) -> bool {
        !matches!(self.kind, Prediction::Mask)
    }

    pub(super) fn labels(&self) -> &LabelReader {
        &self.labels
    }

    pub(super) fn path(&self) -> &Path {
        self.source.path()
    }

    /// The table of the codes, if predictions are 8-bit.
    pub(super) fn table(&self) -> Option<(Quantiser, SigmoidTable)> {
        match self.kind {
            Prediction::Quantised(quantiser, _) => Some((quantiser, SigmoidTable::new(&quantiser))),
            _ => None,
        }
    }

    /// Every image in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Result<Pair, Failure>> + '_ {
        self.slots.iter().map(|slot| self.pair(*slot))
    }

    /// The highest class id of labels and predictions, at least 1.
    pub(super) fn highest_id(&self) -> Result<usize, Failure> {
        let ignore = self.labels.ignore();
        let mut highest = 1;
        for pair in self.pairs() {
            let Pair { prediction, labels, .. } = pair?;
            let ids = prediction.iter().chain(&labels).filter(|id| **id != ignore);
            highest = highest.max(ids.copied().max().unwrap_or(0));
        }
        Ok(usize::from(highest))
    }

    fn pair(&self, slot: Slot) -> Result<Pair, Failure> {
        let image = self.source.image(slot.index)?;
        let name = self.source.name(slot.index);
        let labels = self.labels.ids(&self.source, slot, image.shape)?;
        let (prediction, sketch) = match (&self.kind, &image.elements) {
            (Prediction::Mask, Elements::U8(ids)) => (ids.clone(), None),
            (Prediction::Logits(logit), Elements::F32(logits)) => {
                if let Some(pixel) = logits.iter().position(|z| z.is_nan()) {
                    let path = self.path().display();
                    return Err(Failure::Input(format!(
                        "{path}: found NaN at pixel {pixel} of image {name}, expected a logit"
                    )));
                }
                (logits.iter().map(|z| u8::from(z > logit)).collect(), None)
            }
            (Prediction::Quantised(quantiser, above), Elements::I8(codes)) => {
                self.quantised(&image, codes, &labels, &name, *quantiser, *above)?
            }
            (Prediction::Quantised(quantiser, above), Elements::U8(codes)) => {
                self.quantised(&image, codes, &labels, &name, *quantiser, *above)?
            }
            (_, other) => {
                let line = format!(
                    "found {} in image {name}, expected the type of the first image",
                    other.type_name()
                );
                return Err(Failure::Input(format!("{}: {line}", self.path().display())));
            }
        };
        Ok(Pair { name, prediction, labels, sketch })
    }

    fn quantised<Q: Code>(
        &self,
        image: &Image,
        codes: &[Q],
        labels: &[u8],
        name: &str,
        quantiser: Quantiser,
        above: Option<u8>,
    ) -> Result<(Vec<u8>, Option<Sketch>), Failure> {
        let explain = |e| self.labels.explain(e, name, "0, 1");
        let checked = Labels::new(image.shape, labels, self.labels.ignore()).map_err(explain)?;
        let frame = Quantised::new(image.shape, codes, quantiser).map_err(explain)?;
        let foreground = |code: &Q| above.is_some_and(|above| quantiser.index(code.byte()) >= above);
        let prediction = codes.iter().map(|code| u8::from(foreground(code))).collect();
        Ok((prediction, Some(Sketch::of(&frame, Some(&checked)).map_err(explain)?)))
    }
}
