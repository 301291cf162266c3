//! What a signal's values from frame to frame say: autocorrelation, blocks.

use segmeter_core::drift::{Cusum, Detector};
use segmeter_core::num::Q16;

use super::stream::Stream;

/// Above it a signal hardly changes within any recording; below the other hardly any recording lasts. Between 0 and
/// there, chance alone makes neighbours look opposed as often as alike: without it, thresholds of independent frames
/// would be too high.
pub(super) const RANGE: [f64; 2] = [-0.25, 0.995];

/// Blocks of a reference that a block length leaves at least.
const BLOCKS: usize = 8;

/// Values of a signal in consecutive frames, drive by drive.
pub(super) type Drives = [Vec<Option<Q16>>];

/// The values of a drive, less their mean.
fn centred(drive: &[Option<Q16>]) -> impl Iterator<Item = Option<f64>> + Clone + '_ {
    let mean = mean(drive);
    drive.iter().map(move |value| value.map(|x| x.to_f64() - mean))
}

fn mean(drive: &[Option<Q16>]) -> f64 {
    let present = || drive.iter().flatten();
    present().map(|x| x.to_f64()).sum::<f64>() / present().count() as f64
}

fn squares(drives: &Drives) -> (f64, f64) {
    let all = drives.iter().flat_map(|drive| centred(drive).flatten());
    all.fold((0.0, 0.0), |(squares, count), off| (squares + off * off, count + 1.0))
}

/// Autocorrelation from frame to frame within a drive, in [-0.25, 0.995]; 0 where nothing changes.
///
/// The mean of the products of neighbours over the mean square is too small, for the mean itself was taken from the same
/// frames: its expectation is `rho - (1 + 3 rho) / n` (Kendall 1954, Marriott and Pope 1954), which is solved for `rho`.
pub(super) fn correlation(drives: &Drives) -> f64 {
    let (squares, count) = squares(drives);
    let (mut products, mut pairs) = (0.0, 0.0);
    for drive in drives {
        for pair in centred(drive).zip(centred(drive).skip(1)) {
            if let (Some(a), Some(b)) = pair {
                products += a * b;
                pairs += 1.0;
            }
        }
    }
    let found = products / pairs / (squares / count);
    // Without pairs or changes there is no number.
    if !found.is_finite() {
        return 0.0;
    }
    let n = count / drives.len() as f64;
    ((found + 1.0 / n) / (1.0 - 3.0 / n).max(0.5)).clamp(RANGE[0], RANGE[1])
}

/// How lopsided the values of a drive are: their third central moment in deviations, in [-2, 2]; 0 where nothing changes.
pub(super) fn skewness(drives: &Drives) -> f64 {
    let (squares, count) = squares(drives);
    let cubes: f64 =
        drives.iter().flat_map(|drive| centred(drive).flatten()).map(|off| off * off * off).sum();
    let deviation = libm::sqrt(squares / count);
    let found = cubes / count / (deviation * deviation * deviation);
    if found.is_finite() { found.clamp(-2.0, 2.0) } else { 0.0 }
}

/// Variance of a frame within its drive: the mean square, and what the means of the drives have taken of it.
pub(super) fn variance(drives: &Drives) -> f64 {
    let (squares, count) = squares(drives);
    if count == 0.0 {
        return 0.0;
    }
    let block = libm::round(count / drives.len() as f64).clamp(1.0, f64::from(u16::MAX)) as u16;
    let taken = Stream { correlation: correlation(drives), block }.block_variance();
    squares / count / (1.0 - taken).max(0.5)
}

/// Variance of what the drives lie around, in units of that within them: of their means, less what their frames explain
/// (analysis of variance). 0 for a single drive, or where nothing changes.
pub(super) fn between(drives: &Drives, within: f64, long_run_variance: f64) -> f64 {
    let means: Vec<f64> = drives.iter().map(|drive| mean(drive)).filter(|mean| mean.is_finite()).collect();
    let count = means.len() as f64;
    if means.len() < 2 || within <= 0.0 {
        return 0.0;
    }
    let middle = means.iter().sum::<f64>() / count;
    let found = means.iter().map(|mean| (mean - middle) * (mean - middle)).sum::<f64>() / (count - 1.0);
    let frames = drives.iter().map(Vec::len).sum::<usize>() as f64 / count;
    (found / within - long_run_variance / frames).max(0.0)
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

/// Means of the blocks of all drives.
pub(super) fn means(drives: &Drives, block: u16) -> Vec<Q16> {
    drives.iter().flat_map(|drive| block_means(drive, block)).collect()
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

/// The highest sum of a CUSUM that never alarms.
pub(super) fn highest_sum(scores: impl Iterator<Item = Q16>, slack: Q16) -> Q16 {
    // Sums stop at twice the threshold: none does at this one.
    let cusum = Cusum { slack, threshold: Q16::MAX };
    let mut state = <Cusum as Detector>::State::default();
    scores.fold(Q16::ZERO, |highest, score| {
        cusum.update(&mut state, score);
        highest.max(state.up).max(state.down)
    })
}
