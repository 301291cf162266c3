//! Numbers compared as the decimals that people read and write.

use std::cmp::Ordering;

/// How a number as it is printed is to a bound as it is written: 0.1 is 0.1, and 0.10000000000000001, which is the same `f64`,
/// is more.
pub(super) fn compare(printed: &str, bound: &str) -> Ordering {
    Decimal::new(printed).cmp(&Decimal::new(bound))
}

/// Digits without zeros around them, and the power of ten of the first.
struct Decimal {
    is_negative: bool,
    exponent: i64,
    digits: Vec<u8>,
}

impl Decimal {
    /// Of a text that `f64` can be parsed from.
    fn new(text: &str) -> Self {
        let is_negative = text.starts_with('-');
        let text = text.trim_start_matches(['+', '-']);
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
        let zeros = all.iter().take_while(|digit| **digit == b'0').count();
        let end = all.iter().rposition(|digit| *digit != b'0').map_or(zeros, |last| last + 1);
        let places = whole.len() as i64 - zeros as i64;
        Self { is_negative, exponent: exponent.saturating_add(places), digits: all[zeros..end].to_vec() }
    }

    /// -1, 0 or 1.
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let size = self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        match (self.sign(), other.sign()) {
            (1, 1) => size,
            (-1, -1) => size.reverse(),
            (own, other) => own.cmp(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_what_is_written() {
        use Ordering::{Equal, Greater, Less};
        for (value, bound, expected) in [
            (0.9, "0.9", Equal),
            (0.9, "0.90", Equal),
            (0.9, "9e-1", Equal),
            (0.9, ".9", Equal),
            (0.9, "+0.9", Equal),
            (0.9, "0.90000000000000001", Less),
            (0.9, "0.89999999999999999", Greater),
            // One step of f64 away.
            (0.900_000_000_000_000_1, "0.9", Greater),
            (0.1 + 0.2, "0.3", Greater),
            (3.0, "3", Equal),
            (3.0, "3.0000000000000000001", Less),
            (100.0, "1e2", Equal),
            (1e300, "1E300", Equal),
            (0.0, "0", Equal),
            (-0.0, "0.000", Equal),
            (0.0, "1e-999", Less),
            (0.0, "-1e-999", Greater),
            (5e-324, "5e-324", Equal),
            (5e-324, "4.9e-324", Greater),
            (-0.5, "-0.5", Equal),
            (-0.5, "-0.50000000000000000001", Greater),
            (-0.5, "0.5", Less),
            (1.0, "0.5", Greater),
            (12.0, "012", Equal),
        ] {
            let printed = serde_json::Value::from(value).to_string();
            assert_eq!(compare(&printed, bound), expected, "{printed} {bound}");
        }
        // Counts are whole, however many digits they have.
        assert_eq!(compare("9007199254740993", "9007199254740992"), Greater);
    }
}
