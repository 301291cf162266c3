//! A sum of `f32` that does not depend on the order of its terms.

/// Limbs of 32 bits: 256 bits from 2^-149, the smallest `f32`, and one more limb that catches carries.
const LIMBS: usize = 9;
/// Additions after which the limbs are brought back below 2^32, well before an `i64` could overflow.
const CARRY_EVERY: u32 = 1 << 30;

/// The exact sum of any number of finite `f32`, over their whole range.
///
/// Each term is added to the two limbs that its mantissa covers, without rounding; a limb holds 31 bits
/// of carries before they must move on. Addition is therefore associative and commutative, and rows,
/// tiles, threads and devices can be added in any order without changing a bit. 80 bytes.
///
/// ```
/// use segmeter_core::num::ExactSum;
/// let mut sum = ExactSum::default();
/// for x in [1e30, 1.0, -1e30, 1e-30] {
///     sum.add(x);
/// }
/// assert_eq!(sum.value(), 1.0 + 1e-30);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactSum {
    limbs: [i64; LIMBS],
    pending: u32,
    /// Which terms there were that are not finite.
    strange: u8,
}

const NOT_A_NUMBER: u8 = 1;
const POSITIVE_INFINITY: u8 = 2;
const NEGATIVE_INFINITY: u8 = 4;

impl ExactSum {
    /// Adds one term. One that is not finite stays: the value is then infinite, or NaN.
    #[inline]
    pub fn add(&mut self, term: f32) {
        let bits = term.to_bits();
        let exponent = (bits >> 23) & 0xff;
        if exponent == 0xff {
            self.strange |= match (term.is_nan(), bits >> 31) {
                (true, _) => NOT_A_NUMBER,
                (false, 0) => POSITIVE_INFINITY,
                (false, _) => NEGATIVE_INFINITY,
            };
            return;
        }
        let mantissa = (bits & 0x007f_ffff) | (u32::from(exponent != 0) << 23);
        let shift = exponent.max(1) - 1;
        let wide = u64::from(mantissa) << (shift & 31);
        let (low, high) = (i64::from(wide as u32), (wide >> 32) as i64);
        let negative = bits >> 31 != 0;
        let word = (shift >> 5) as usize;
        if let Some([a, b]) = self.limbs.get_mut(word..word + 2) {
            *a = a.wrapping_add(if negative { -low } else { low });
            *b = b.wrapping_add(if negative { -high } else { high });
        }
        self.pending += 1;
        if self.pending >= CARRY_EVERY {
            self.carry();
        }
    }

    /// Adds another sum, exactly.
    pub fn merge(&mut self, other: &Self) {
        let mut other = *other;
        other.carry();
        self.carry();
        for (a, b) in self.limbs.iter_mut().zip(other.limbs) {
            *a = a.wrapping_add(b);
        }
        self.strange |= other.strange;
        self.carry();
    }

    /// The sum, rounded to `f64` (a few units of the last place). Infinite if a term was, NaN if one was, or if there were
    /// infinities of both signs.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self.strange {
            0 => {}
            POSITIVE_INFINITY => return f64::INFINITY,
            NEGATIVE_INFINITY => return f64::NEG_INFINITY,
            _ => return f64::NAN,
        }
        if self.pending == 0 {
            return 0.0;
        }
        let mut sum = *self;
        sum.carry();
        let negative = sum.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            for limb in &mut sum.limbs {
                *limb = -*limb;
            }
            sum.carry();
        }
        let Some(top) = sum.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        // The leading 64 bits, from three limbs, as an integer: `f64` is soft on most devices. The weight of a limb is
        // 2^(32 k - 149); the result is a normal number, so that a power of two goes right into its exponent.
        let limb = |below: usize| {
            let limb = top.checked_sub(below).and_then(|place| sum.limbs.get(place));
            u128::from(limb.map_or(0, |limb| limb.unsigned_abs()))
        };
        let bits = limb(0) << 64 | limb(1) << 32 | limb(2);
        let shift = bits.leading_zeros();
        let leading = ((bits << shift) >> 64) as u64;
        let exponent = 32 * top as i64 - 149 - i64::from(shift);
        let value = f64::from_bits((leading as f64).to_bits().wrapping_add((exponent << 52) as u64));
        if negative { -value } else { value }
    }

    /// Moves everything above 32 bits of a limb into the next: afterwards equal sums have equal limbs.
    fn carry(&mut self) {
        let mut over = 0;
        let last = LIMBS - 1;
        for (k, limb) in self.limbs.iter_mut().enumerate() {
            let sum = limb.wrapping_add(over);
            over = sum >> 32;
            *limb = if k == last { sum } else { sum & 0xffff_ffff };
        }
        self.pending = 1;
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let (mut a, mut b) = (*self, *other);
        a.carry();
        b.carry();
        a.limbs == b.limbs && a.strange == b.strange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limbs carry long before 2^31 additions of the largest low half could overflow one.
    #[test]
    fn limbs_carry_in_time() {
        let mut sum = ExactSum { limbs: [1 << 62; LIMBS], pending: CARRY_EVERY - 1, strange: 0 };
        sum.add(1.0);
        assert_eq!(sum.pending, 1);
        assert!(sum.limbs.iter().take(LIMBS - 1).all(|limb| (0..1 << 32).contains(limb)));
    }

    /// What is too large for a term stays apart from what is no number.
    #[test]
    fn infinities_are_kept() {
        let of = |terms: &[f32]| {
            let mut sum = ExactSum::default();
            terms.iter().for_each(|term| sum.add(*term));
            sum
        };
        let (up, down) = (of(&[f32::INFINITY, -1.0]), of(&[f32::NEG_INFINITY, f32::MAX]));
        assert_eq!(
            [up.value(), down.value()].map(f64::to_bits),
            [f64::INFINITY, f64::NEG_INFINITY].map(f64::to_bits)
        );
        let mut both = up;
        both.merge(&down);
        assert!(both.value().is_nan() && of(&[f32::NAN, f32::INFINITY]).value().is_nan());
        assert!(up != down && up != of(&[-1.0]) && up == of(&[-1.0, f32::INFINITY]));
    }
}
