//! Numbers in `f64` with their derivatives.

use std::ops::{Add, Div, Mul, Sub};

/// Variables that a number can depend on.
pub(crate) const VARIABLES: usize = 5;

/// A number and its derivatives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) value: f64,
    pub(crate) slopes: [f64; VARIABLES],
}

impl Dual {
    pub(crate) fn variable(value: f64, place: usize) -> Self {
        let mut slopes = [0.0; VARIABLES];
        slopes[place] = 1.0;
        Self { value, slopes }
    }

    /// A function of it, given with its derivative.
    pub(crate) fn through(self, value: f64, derivative: f64) -> Self {
        Self { value, slopes: self.slopes.map(|slope| slope * derivative) }
    }

    pub(crate) fn power(self, exponent: f64) -> Self {
        // Towards 0 the slope of a root is beyond bounds, and taken as 0.
        let slope = if self.value > 0.0 { exponent * self.value.powf(exponent - 1.0) } else { 0.0 };
        self.through(self.value.powf(exponent), slope)
    }
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self { value, slopes: [0.0; VARIABLES] }
    }
}

fn both(a: Dual, b: Dual, value: f64, by_a: f64, by_b: f64) -> Dual {
    Dual { value, slopes: std::array::from_fn(|i| by_a * a.slopes[i] + by_b * b.slopes[i]) }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        both(self, other, self.value + other.value, 1.0, 1.0)
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        both(self, other, self.value - other.value, 1.0, -1.0)
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        both(self, other, self.value * other.value, other.value, self.value)
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        both(self, other, value, 1.0 / other.value, -value / other.value)
    }
}

impl Mul<Dual> for f64 {
    type Output = Dual;
    fn mul(self, other: Dual) -> Dual {
        other.through(self * other.value, self)
    }
}
