//! 8-bit network outputs.

use super::{Result, Shape};
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

/// What the 8-bit codes of a network mean.
///
/// Everywhere in this crate codes are counted from 0 to 255 in rising order ([`Quantiser::index`]), whatever their encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantiser {
    encoding: Encoding,
    /// `None`: the code is a probability in steps of 1/255.
    affine: Option<(f32, i32)>,
}

impl Quantiser {
    /// Logits: `logit = scale * (code - zero_point)`, as TensorFlow Lite and ONNX define it.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `scale` is finite, above zero and below 1e6, and `zero_point` a code.
    pub const fn logits(encoding: Encoding, scale: f32, zero_point: i32) -> Result<Self> {
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
        Ok(Self { encoding, affine: Some((scale, zero_point)) })
    }

    /// Probabilities: `p = code / 255` of unsigned codes. 0 and 255 stand for half a step from the edge
    /// (p = 0.5/255 and 254.5/255), so that their logit is finite.
    #[must_use]
    pub const fn probabilities() -> Self {
        Self { encoding: Encoding::Unsigned, affine: None }
    }

    /// How the stored bytes are read.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Scale and zero point; `None` for probabilities.
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

    /// The logit that code `index` stands for, rounded once or twice in `f32`.
    #[must_use]
    pub fn logit(&self, index: u8) -> f32 {
        match self.affine {
            Some((scale, zero_point)) => {
                let first = match self.encoding {
                    Encoding::Signed => -128,
                    Encoding::Unsigned => 0,
                };
                scale * (first + i32::from(index) - zero_point) as f32
            }
            None => {
                let p = f64::from(index).clamp(0.5, 254.5);
                libm::log(p / (255.0 - p)) as f32
            }
        }
    }

    /// The highest index whose logit is not above zero: a pixel is foreground if its index is greater.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        match (self.affine, self.encoding) {
            (Some((_, zero_point)), Encoding::Signed) => (zero_point + 128).clamp(0, 255) as u8,
            (Some((_, zero_point)), Encoding::Unsigned) => zero_point.clamp(0, 255) as u8,
            (None, _) => 127,
        }
    }
}

/// One frame of 8-bit logits.
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
    /// The frame as `f32` logits, for losses that need the place of a pixel or its weight.
    ///
    /// # Errors
    /// [`Error::Length`] if `out` does not hold one `f32` per pixel.
    pub fn dequantise(&self, out: &mut [f32]) -> Result<()> {
        self.shape.check(out.len())?;
        for (logit, code) in out.iter_mut().zip(self.codes) {
            *logit = self.quantiser.logit(self.quantiser.index(code.byte()));
        }
        Ok(())
    }
}
