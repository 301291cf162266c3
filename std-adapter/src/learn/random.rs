//! Normal numbers that are the same on every platform.

/// `SplitMix64` (Steele, Lea, Flood 2014), and normal numbers of it by the polar method (Marsaglia, Bray 1964).
pub(super) struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed, spare: None }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1).
    pub(super) fn signed(&mut self) -> f64 {
        (self.next().cast_signed() >> 11) as f64 / (1u64 << 52) as f64
    }

    /// Mean 0, variance 1.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.signed(), self.signed());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                // `std` has another logarithm on every platform.
                let scale = libm::sqrt(-2.0 * libm::log(square) / square);
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }
}
