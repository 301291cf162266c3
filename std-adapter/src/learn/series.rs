//! What a signal's values from frame to frame say: autocorrelation, blocks.

use segmeter_core::drift::{Baseline, Cusum, Detector};
use segmeter_core::num::Q16;

/// Above it a signal hardly changes within any recording; below the other hardly any recording lasts. Between 0 and there,
/// chance alone makes neighbours look opposed as often as alike: without it, thresholds of independent frames would be too high.
pub(super) const RANGE: [f64; 2] = [-0.25, 0.995];

/// Blocks of a reference that a block length leaves at least.
const BLOCKS: usize = 8;

/// Autocorrelation from frame to frame, in [-0.25, 0.995]; 0 where nothing changes.
///
/// The mean of the products of neighbours over the mean square is too small, for the mean itself was taken from the same
/// frames: its expectation is `rho - (1 + 3 rho) / n` (Kendall 1954, Marriott and Pope 1954), which is solved for `rho`.
pub(super) fn correlation(values: &[Option<Q16>]) -> f64 {
    let present: Vec<f64> = values.iter().flatten().map(|x| x.to_f64()).collect();
    let n = present.len() as f64;
    let mean = present.iter().sum::<f64>() / n;
    let square = present.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let (mut products, mut pairs) = (0.0, 0.0);
    for pair in values.windows(2) {
        if let [Some(a), Some(b)] = pair {
            products += (a.to_f64() - mean) * (b.to_f64() - mean);
            pairs += 1.0;
        }
    }
    let found = products / pairs / square;
    // Without pairs or changes there is no number.
    if !found.is_finite() {
        return 0.0;
    }
    ((found + 1.0 / n) / (1.0 - 3.0 / n).max(0.5)).clamp(RANGE[0], RANGE[1])
}

/// How lopsided the values are: their third central moment in deviations, in [-2, 2]; 0 where nothing changes.
pub(super) fn skewness(values: &[Option<Q16>]) -> f64 {
    let present: Vec<f64> = values.iter().flatten().map(|x| x.to_f64()).collect();
    let n = present.len() as f64;
    let mean = present.iter().sum::<f64>() / n;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for x in &present {
        let off = x - mean;
        squares += off * off;
        cubes += off * off * off;
    }
    let deviation = libm::sqrt(squares / n);
    let found = cubes / n / (deviation * deviation * deviation);
    if found.is_finite() { found.clamp(-2.0, 2.0) } else { 0.0 }
}

/// Frames in which the autocorrelation falls to 1/e.
pub(super) fn decorrelation(correlation: f64) -> f64 {
    if correlation > 0.0 { -1.0 / libm::log(correlation) } else { 0.0 }
}

/// Frames of a block: twice the decorrelation time, but at least eight blocks; and what it should have been.
pub(super) fn block_frames(decorrelation: f64, frames: usize) -> (u16, u16) {
    let wanted = libm::ceil(2.0 * decorrelation).clamp(1.0, f64::from(u16::MAX)) as u16;
    let most = u16::try_from(frames / BLOCKS).unwrap_or(u16::MAX).max(1);
    (wanted.min(most), wanted)
}

/// Means of blocks, as the monitor takes them; a block without a value has none.
pub(super) fn block_means(values: &[Option<Q16>], block: u16) -> Vec<Q16> {
    let mean = |block: &[Option<Q16>]| {
        let (mut total, mut count) = (0i64, 0u64);
        for value in block.iter().flatten() {
            total += i64::from(value.raw());
            count += 1;
        }
        (count != 0).then(|| Q16::ratio(total, count << 16))
    };
    values.chunks_exact(usize::from(block.max(1))).filter_map(mean).collect()
}

/// The highest sum of a CUSUM over the blocks that the baseline was learnt from.
pub(super) fn highest_score(means: &[Q16], baseline: &Baseline, slack: Q16) -> Q16 {
    // Sums stop at twice the threshold: none does at this one.
    let cusum = Cusum { slack, threshold: Q16::MAX };
    let mut state = <Cusum as Detector>::State::default();
    let mut highest = Q16::ZERO;
    for mean in means {
        cusum.update(&mut state, baseline.standardise(*mean));
        highest = highest.max(state.up).max(state.down);
    }
    highest
}
