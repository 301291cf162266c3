//! What the numbers of a prediction are, and the ids that they come to.

use std::path::Path;

use segmeter::core::view::{Activation, Code, Quantiser};
use segmeter::files::{Elements, Image};

use super::Failure;
use super::decide::{above, highest};
use crate::command::input::{Ids, Input};
use crate::command::upsample::Enlarged;

/// What the numbers of a prediction are.
pub(super) enum Prediction {
    /// Class ids.
    Mask,
    /// Binary logits or probabilities; foreground above this one.
    Scores(f64),
    /// 8-bit binary logits or probabilities; foreground above this code index.
    Quantised(Quantiser, Option<u8>),
    /// Scores of this many classes, or codes for them; the highest wins, the lowest id where several are.
    Classes(usize, Option<Quantiser>),
    /// Codes for classes at a fraction of the labels' size.
    Enlarged(Enlarged),
}

impl Prediction {
    /// What numbers such as those of `image` are, by what was said of them. `threshold` is the probability above which a pixel
    /// of one score is foreground.
    pub(super) fn of(image: &Image, input: &Input, path: &Path, threshold: f64) -> Result<Self, Failure> {
        if !(threshold > 0.0 && threshold < 1.0) {
            return Err(Failure::Input(format!(
                "found --threshold {threshold}, expected a probability in (0,1)"
            )));
        }
        let logit = libm::log(threshold / (1.0 - threshold));
        let Image { elements, channels, .. } = image;
        Ok(match elements {
            Elements::U8(_) | Elements::U16(_) if *channels > 1 && !input.is_quantised() => {
                let (path, found) = (path.display(), elements.type_name());
                return Err(Failure::Input(format!(
                    "{path}: found {found} of {channels} channels, expected one class id a pixel; of scores say what they \
                     are (--scale and --zero-point, --probabilities), and --layout hwc if classes come last"
                )));
            }
            _ if *channels > 1 => Self::Classes(*channels, input.quantiser(elements, path)?),
            Elements::U8(_) | Elements::U16(_) if !input.is_quantised() => Self::Mask,
            _ => match input.quantiser(elements, path)? {
                Some(quantiser) => {
                    // Probabilities are compared as such: 0 and 255 have no logit.
                    let is_above = |index: &u8| match (quantiser.activation(), quantiser.affine()) {
                        (Activation::Logits, _) => f64::from(quantiser.logit(*index)) > logit,
                        (Activation::Probabilities, None) => f64::from(*index) / 255.0 > threshold,
                        (Activation::Probabilities, Some(_)) => quantiser.score(*index) > threshold as f32,
                    };
                    let above = (0u8..=255).find(is_above);
                    // All codes are background if even the highest is not above.
                    Self::Quantised(quantiser, above)
                }
                // In f32 a probability that is written as the threshold is, is that.
                None if input.is_probability() => Self::Scores(match elements {
                    Elements::F32(_) => f64::from(threshold as f32),
                    _ => threshold,
                }),
                None => Self::Scores(logit),
            },
        })
    }

    /// The ids of an image's pixels, or `None` if its numbers are of another type. Those of a mask are taken out of it.
    pub(super) fn ids(&self, image: &mut Image) -> Option<Ids<u16>> {
        fn codes<Q: Code>(codes: &[Q], quantiser: Quantiser, above: Option<u8>) -> Ids<u16> {
            let is_foreground = |code: &Q| above.is_some_and(|above| quantiser.index(code.byte()) >= above);
            Ids::Each(codes.iter().map(|code| u16::from(is_foreground(code))).collect())
        }
        Some(match (self, &image.elements) {
            (Self::Classes(..), _) => Ids::Each(highest(image)),
            (Self::Mask, Elements::U8(_) | Elements::U16(_)) => {
                // They are no scores, which are kept as well.
                return Ids::of(std::mem::replace(&mut image.elements, Elements::U16(Vec::new()))).ok();
            }
            (Self::Scores(least), Elements::F32(scores)) => Ids::Each(above(scores, *least)),
            (Self::Scores(least), Elements::F64(scores)) => Ids::Each(above(scores, *least)),
            (Self::Quantised(quantiser, above), Elements::I8(numbers)) => codes(numbers, *quantiser, *above),
            (Self::Quantised(quantiser, above), Elements::U8(numbers)) => codes(numbers, *quantiser, *above),
            _ => return None,
        })
    }

    /// What codes stand for, if these are some.
    pub(super) const fn quantiser(&self) -> Option<Quantiser> {
        match self {
            Self::Quantised(quantiser, _) => Some(*quantiser),
            Self::Classes(_, quantiser) => *quantiser,
            _ => None,
        }
    }
}
