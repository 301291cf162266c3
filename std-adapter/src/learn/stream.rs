//! First-order processes, and the means of their blocks.

use super::random::Random;

/// Frames whose neighbours are correlated (AR(1), variance 1), in blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stream {
    /// Autocorrelation from frame to frame.
    pub(super) correlation: f64,
    /// Frames of a block.
    pub(super) block: u16,
}

impl Stream {
    /// Variance of a block mean, times the number of blocks, for very many blocks: more than that of one block, as neighbours
    /// resemble each other.
    pub(super) fn long_run_variance(self) -> f64 {
        (1.0 + self.correlation) / (1.0 - self.correlation) / f64::from(self.block)
    }

    /// Variance of the mean of one block: `(K + 2 sum_j (K - j) rho^j) / K^2`.
    pub(super) fn block_variance(self) -> f64 {
        let (rho, frames) = (self.correlation, f64::from(self.block));
        let sum = rho * (frames - (1.0 - power(rho, self.block)) / (1.0 - rho)) / (1.0 - rho);
        (frames + 2.0 * sum) / (frames * frames)
    }
}

fn power(x: f64, exponent: u16) -> f64 {
    libm::pow(x, f64::from(exponent))
}

/// Block means of a stream, without a loop over its frames: the last frame and the mean of a block, given the last frame of
/// the block before, are two numbers with a joint normal distribution.
pub(super) struct Blocks {
    last: f64,
    /// Of the mean and of the last frame: what the last frame before adds, then what two normal numbers add.
    mean: [f64; 3],
    next: [f64; 2],
}

impl Blocks {
    pub(super) fn new(stream: Stream) -> Self {
        let (rho, frames) = (stream.correlation, f64::from(stream.block));
        let far = power(rho, stream.block);
        // Given the frame before it, a block's mean has this weight of it.
        let weight = rho * (1.0 - far) / (1.0 - rho) / frames;
        let variance = stream.block_variance() - weight * weight;
        // The last frame has covariance sum_j rho^j / K with the mean of its block.
        let covariance = (1.0 - far) / (1.0 - rho) / frames - weight * far;
        let own = libm::sqrt(1.0 - far * far);
        let shared = covariance / own;
        let rest = libm::sqrt((variance - shared * shared).max(0.0));
        Self { last: 0.0, mean: [weight, shared, rest], next: [far, own] }
    }

    /// Nothing is known of the frame before the first.
    pub(super) fn begin(&mut self, random: &mut Random) {
        self.last = random.normal();
    }

    pub(super) fn next(&mut self, random: &mut Random) -> f64 {
        let (first, second) = (random.normal(), random.normal());
        let [weight, shared, rest] = self.mean;
        let mean = weight * self.last + shared * first + rest * second;
        self.last = self.next[0] * self.last + self.next[1] * first;
        mean
    }
}
