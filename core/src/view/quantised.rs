//! 8-bit network outputs.

use super::{Activation, Result, Shape};
use crate::error::Error;

/// A stored 8-bit number: `i8`, or `u8` (which may also carry the bytes of an `i8`, see [`Encoding`]).
pub trait Code: Copy {
    /// The stored byte.
    fn byte(self) -> u8;
}

impl Code for u8 {
    #[inline(always)]
    fn byte(self) -> u8 {
        self
    }
}

impl Code for i8 {
    #[inline(always)]
    fn byte(self) -> u8 {
        self.cast_unsigned()
    }
}

/// How a byte is read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Encoding {
    /// 0 to 255.
    Unsigned,
    /// Two's complement, -128 to 127.
    Signed,
}

/// What the 8-bit codes of a network mean: logits, or probabilities.
///
/// Everywhere in this crate codes are counted from 0 to 255 in rising order ([`Quantiser::index`]), whatever their encoding.
///
/// ```
/// use segmeter_core::view::{Encoding, Quantiser};
/// // A sigmoid's int8 output as TensorFlow Lite has it: p = (code + 128) / 256.
/// let outputs = Quantiser::scaled_probabilities(Encoding::Signed, 1.0 / 256.0, -128)?;
/// assert_eq!([0, 64, 255].map(|index| outputs.score(index)), [0.0, 0.25, 0.99609375]);
/// assert_eq!([0, 51, 255].map(|index| Quantiser::probabilities().score(index)), [0.0, 0.2, 1.0]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantiser {
    encoding: Encoding,
    activation: Activation,
    /// `None`: steps of 1/255 from 0.
    affine: Option<(f32, i32)>,
}

impl Quantiser {
    /// Logits: `logit = scale * (code - zero_point)`, as TensorFlow Lite and ONNX define it.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `scale` is finite, above zero and below 1e6, and `zero_point` a code.
    pub const fn logits(encoding: Encoding, scale: f32, zero_point: i32) -> Result<Self> {
        Self::affine_codes(encoding, Activation::Logits, scale, zero_point)
    }

    /// Probabilities: `p = code / 255` of unsigned codes, so that 0 is 0 and 255 is 1.
    #[must_use]
    pub const fn probabilities() -> Self {
        Self { encoding: Encoding::Unsigned, activation: Activation::Probabilities, affine: None }
    }

    /// Probabilities: `p = scale * (code - zero_point)`, what is below 0 or above 1 taken as 0 or 1.
    ///
    /// # Errors
    /// As [`Quantiser::logits`].
    pub const fn scaled_probabilities(encoding: Encoding, scale: f32, zero_point: i32) -> Result<Self> {
        Self::affine_codes(encoding, Activation::Probabilities, scale, zero_point)
    }

    const fn affine_codes(
        encoding: Encoding,
        activation: Activation,
        scale: f32,
        zero_point: i32,
    ) -> Result<Self> {
        let (low, high) = match encoding {
            Encoding::Signed => (-128, 127),
            Encoding::Unsigned => (0, 255),
        };
        if !(scale > 0.0 && scale < 1e6) {
            return Err(Error::Parameter("scale"));
        }
        if zero_point < low || zero_point > high {
            return Err(Error::Parameter("zero_point"));
        }
        Ok(Self { encoding, activation, affine: Some((scale, zero_point)) })
    }

    /// How the stored bytes are read.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What the numbers are that codes stand for.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Scale and zero point; `None` for probabilities in steps of 1/255.
    #[must_use]
    pub const fn affine(&self) -> Option<(f32, i32)> {
        self.affine
    }

    /// Turns a stored byte into the index of its code: 0 for the lowest, 255 for the highest.
    #[inline(always)]
    #[must_use]
    pub const fn index(&self, byte: u8) -> u8 {
        match self.encoding {
            Encoding::Signed => byte ^ 0x80,
            Encoding::Unsigned => byte,
        }
    }

    /// Steps from the code of 0 to code `index`.
    const fn steps(&self, index: u8) -> i32 {
        let first = match self.encoding {
            Encoding::Signed => -128,
            Encoding::Unsigned => 0,
        };
        match self.affine {
            Some((_, zero_point)) => first + index as i32 - zero_point,
            None => index as i32,
        }
    }

    /// The logit or the probability, as [`Quantiser::activation`] says, that code `index` stands for, rounded once.
    #[must_use]
    pub const fn score(&self, index: u8) -> f32 {
        let steps = self.steps(index) as f32;
        match (self.affine, self.activation) {
            (Some((scale, _)), Activation::Logits) => scale * steps,
            (Some((scale, _)), Activation::Probabilities) => (scale * steps).clamp(0.0, 1.0),
            (None, _) => steps / 255.0,
        }
    }

    /// The logit that code `index` stands for, rounded once or twice in `f32`. Of a probability of 0 or 1 it is that with a
    /// logarithm of -100, the floor under logarithms of probabilities.
    #[must_use]
    pub fn logit(&self, index: u8) -> f32 {
        let score = self.score(index);
        if self.activation == Activation::Logits {
            return score;
        }
        let p = f64::from(score);
        (libm::log(p / (1.0 - p)) as f32).clamp(-100.0, 100.0)
    }

    /// The highest index whose probability is not above one half: a pixel is foreground if its index is greater.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        let zero = match (self.affine, self.encoding) {
            (Some((_, zero_point)), Encoding::Signed) => (zero_point + 128).clamp(0, 255) as u8,
            (Some((_, zero_point)), Encoding::Unsigned) => zero_point.clamp(0, 255) as u8,
            (None, _) => 0,
        };
        if self.activation == Activation::Logits {
            return zero;
        }
        // Scores rise with the index, and that of the code of 0 is not above one half.
        (zero..=u8::MAX).take_while(|index| self.score(*index) <= 0.5).last().unwrap_or(zero)
    }
}

/// One frame of 8-bit outputs.
#[derive(Clone, Copy, Debug)]
pub struct Quantised<'a, Q> {
    shape: Shape,
    codes: &'a [Q],
    quantiser: Quantiser,
}

impl<'a, Q: Code> Quantised<'a, Q> {
    /// Checks the length.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn new(shape: Shape, codes: &'a [Q], quantiser: Quantiser) -> Result<Self> {
        shape.check(codes.len())?;
        Ok(Self { shape, codes, quantiser })
    }
    /// The shape of the frame.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// Every code, row-major.
    #[must_use]
    pub const fn codes(&self) -> &'a [Q] {
        self.codes
    }
    /// What the codes mean.
    #[must_use]
    pub const fn quantiser(&self) -> &Quantiser {
        &self.quantiser
    }
    /// The frame as `f32` logits or probabilities, as [`Quantiser::activation`] says, for losses that need the place of a
    /// pixel or its weight: see [`super::Frame::with_activation`].
    ///
    /// # Errors
    /// [`Error::Length`] if `out` does not hold one `f32` per pixel.
    pub fn dequantise(&self, out: &mut [f32]) -> Result<()> {
        self.shape.check(out.len())?;
        for (score, code) in out.iter_mut().zip(self.codes) {
            *score = self.quantiser.score(self.quantiser.index(code.byte()));
        }
        Ok(())
    }
}
