//! Numbers that a seed decides, and the same ones on every machine.

/// Seconds between two frames.
pub(crate) const STEP: f32 = 0.2;

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    /// Of a purpose, so that one that is asked for more leaves the others as they are.
    pub(crate) const fn new(seed: u64, purpose: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ purpose.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// In `[low, high)`.
    pub(crate) fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub(crate) fn chance(&mut self, share: f32) -> bool {
        self.unit() < share
    }

    /// Of mean 0 and deviation 1: the sum of twelve uniform numbers less six, which has no tail beyond 6.
    pub(crate) fn normal(&mut self) -> f32 {
        // Three numbers of 21 bits from each of four.
        let sum: u64 = (0..4)
            .map(|_| self.next())
            .map(|n| (n & 0x1f_ffff) + (n >> 21 & 0x1f_ffff) + (n >> 42 & 0x1f_ffff))
            .sum();
        sum as f32 / 2_097_152.0 - 6.0
    }
}

/// A number that wanders about its mean and keeps its spread.
pub(crate) struct Walk {
    mean: f32,
    spread: f32,
    keep: f32,
    value: f32,
}

impl Walk {
    pub(crate) fn new(random: &mut Random, mean: f32, spread: f32, seconds: f32) -> Self {
        Self { mean, spread, keep: libm::expf(-STEP / seconds), value: spread * random.normal() }
    }

    pub(crate) fn next(&mut self, random: &mut Random) -> f32 {
        let fresh = self.spread * libm::sqrtf(1.0 - self.keep * self.keep);
        self.value = self.keep * self.value + fresh * random.normal();
        self.mean + self.value
    }
}

/// A number in `[0, 1)` for a place.
pub(crate) fn hashed(x: i64, y: i64, seed: u64) -> f32 {
    let n = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ seed;
    let n = (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((n ^ (n >> 32)) & 0xff_ffff) as f32 / 16_777_216.0
}

/// Smooth noise in `[0, 1)` with a grain of 1.
pub(crate) fn noise(x: f32, y: f32, seed: u64) -> f32 {
    let (i, j) = (libm::floorf(x), libm::floorf(y));
    let smooth = |u: f32| u * u * (3.0 - 2.0 * u);
    let (u, v) = (smooth(x - i), smooth(y - j));
    let (i, j) = (i as i64, j as i64);
    let row = |j: i64| hashed(i, j, seed) * (1.0 - u) + hashed(i + 1, j, seed) * u;
    row(j) * (1.0 - v) + row(j + 1) * v
}
