//! Ways from labelled pixels to the probability of road of each code.

use segmeter_core::sketch::{CODES, Sketch};

/// How probabilities of road come of codes, the simplest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibration {
    /// Those of the network.
    Network,
    /// `sigmoid(a z + b)` of the logit `z` (Platt 1999): a temperature and a bias.
    Platt,
    /// `sigmoid(a ln p - b ln(1 - p) + c)` of the probability `p` (Kull, Silva Filho and Flach 2017).
    Beta,
    /// The rising ones that fit the labels best, by pooling adjacent violators (Ayer et al. 1955).
    Isotonic,
}

impl Calibration {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Network, Self::Platt, Self::Beta, Self::Isotonic];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Platt => "platt",
            Self::Beta => "beta",
            Self::Isotonic => "isotonic",
        }
    }

    /// The probability of road of each code.
    pub(super) fn fit(self, counts: &Counts, logits: &[f64; CODES]) -> [f64; CODES] {
        match self {
            Self::Network => logits.map(sigmoid),
            Self::Platt => logistic(counts, &logits.map(|z| [z, 1.0])),
            // ln p and -ln(1 - p).
            Self::Beta => logistic(counts, &logits.map(|z| [-softplus(-z), softplus(z), 1.0])),
            Self::Isotonic => isotonic(counts),
        }
    }
}

/// Labelled pixels of each code.
#[derive(Clone)]
pub(super) struct Counts {
    pub(super) background: [f64; CODES],
    pub(super) road: [f64; CODES],
}

impl Counts {
    /// One pixel's worth of what the network itself says, so that a code that never occurred has a value.
    pub(super) fn of_network(logits: &[f64; CODES]) -> Self {
        Self { background: logits.map(|z| sigmoid(-z)), road: logits.map(sigmoid) }
    }

    pub(super) fn of_frame(sketch: &Sketch) -> Self {
        let counts = |label: u8| {
            let mut counts = [0.0; CODES];
            for (index, count) in (0u8..=255).zip(&mut counts) {
                *count = sketch.count(label, index) as f64;
            }
            counts
        };
        Self { background: counts(0), road: counts(1) }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let background = self.background.iter_mut().zip(&other.background);
        background.chain(self.road.iter_mut().zip(&other.road)).for_each(|(sum, more)| *sum += more);
    }

    pub(super) fn pixels(&self) -> impl Iterator<Item = f64> + '_ {
        self.background.iter().zip(&self.road).map(|(background, road)| background + road)
    }
}

/// Of a probability that may be 0 or 1.
pub(super) fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p) - libm::log1p(-p)
}

pub(super) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

/// `ln(1 + e^z)`.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + libm::log1p(libm::exp(-z.abs()))
}

/// Logistic regression of the label on what is known of a code, by Newton's method; no weight but the last is below 0, so
/// that probabilities rise.
fn logistic<const N: usize>(counts: &Counts, features: &[[f64; N]; CODES]) -> [f64; CODES] {
    let mut weights = [0.0; N];
    let mut is_free = [true; N];
    for _ in 0..N {
        weights = newton(counts, features, &is_free);
        let Some(worst) = (0..N - 1).find(|place| weights[*place] < 0.0) else { break };
        is_free[worst] = false;
    }
    features.each_ref().map(|row| sigmoid(dot(row, &weights)))
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Steps of Newton's method; the counts of [`Counts::of_network`] keep it from running away.
const STEPS: usize = 50;

fn newton<const N: usize>(counts: &Counts, features: &[[f64; N]; CODES], is_free: &[bool; N]) -> [f64; N] {
    let loss = |weights: &[f64; N]| -> f64 {
        let of = |((row, road), background): ((&[f64; N], &f64), &f64)| {
            let z = dot(row, weights);
            road * softplus(-z) + background * softplus(z)
        };
        features.iter().zip(&counts.road).zip(&counts.background).map(of).sum()
    };
    let mut weights = [0.0; N];
    let mut least = loss(&weights);
    for _ in 0..STEPS {
        let (mut slope, mut curve) = ([0.0; N], [[0.0; N]; N]);
        for ((row, road), background) in features.iter().zip(&counts.road).zip(&counts.background) {
            let (p, pixels) = (sigmoid(dot(row, &weights)), road + background);
            for i in (0..N).filter(|i| is_free[*i]) {
                slope[i] += (pixels * p - road) * row[i];
                for j in (0..N).filter(|j| is_free[*j]) {
                    curve[i][j] += pixels * p * (1.0 - p) * row[i] * row[j];
                }
            }
        }
        (0..N).for_each(|i| curve[i][i] += if is_free[i] { 1e-9 } else { 1.0 });
        let step = solve(curve, slope);
        // Half of the step, and half of that, until it leads down.
        let shorter = (0..30).map(|halvings| libm::ldexp(1.0, -halvings)).find_map(|share| {
            let next = std::array::from_fn(|i| weights[i] - share * step[i]);
            let found = loss(&next);
            (found < least).then_some((next, found))
        });
        let Some((next, found)) = shorter else { break };
        (weights, least) = (next, found);
    }
    weights
}

/// Solves a system with a positive definite matrix, by elimination.
fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for pivot in 0..N {
        for row in pivot + 1..N {
            let above = matrix[pivot];
            let share = matrix[row][pivot] / above[pivot];
            matrix[row].iter_mut().zip(above).skip(pivot).for_each(|(x, above)| *x -= share * above);
            right[row] -= share * right[pivot];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

/// The rising sequence nearest to the shares of road, weighted by the pixels.
fn isotonic(counts: &Counts) -> [f64; CODES] {
    // A stack of pools: road, pixels and codes of each.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(CODES);
    for (road, pixels) in counts.road.iter().zip(counts.pixels()) {
        let mut pool = (*road, pixels, 1);
        while let Some(before) = pools.pop_if(|before| before.0 * pool.1 >= pool.0 * before.1) {
            pool = (before.0 + pool.0, before.1 + pool.1, before.2 + pool.2);
        }
        pools.push(pool);
    }
    let mut fitted =
        pools.iter().flat_map(|(road, pixels, codes)| std::iter::repeat_n(road / pixels, *codes));
    std::array::from_fn(|_| fitted.next().unwrap_or(1.0))
}
