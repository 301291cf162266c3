//! Learning the profile of a drift monitor from frames that are in control.

use segmeter_core::drift::{Baseline, Cusum, PageHinkley, Profile, Reference, SIGNALS, Signals};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::Quantiser;

/// How a monitor is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Frames of a block.
    pub block_frames: u16,
    /// Sees levels.
    pub cusum: Cusum,
    /// Sees changes.
    pub page_hinkley: PageHinkley,
}

/// Textbook values, in deviations of a block mean, chosen on the road demo (`tests/data/demo`, 25 frames a second).
///
/// Learnt from its frames 0..80, of the clean frames after them no block makes an alarm (highest CUSUM 5.8), and
/// the alarm comes after frame 109: fog begins to build up at 100, and the IoU against the undegraded mask falls
/// below 0.95 at 109. Blocks of 8 alarm at frame 95 already: three seconds of video say little about how block
/// means scatter. Take minutes for a profile, and blocks of seconds, where they are to be had.
impl Settings {
    /// Frames of a block.
    pub const BLOCK_FRAMES: u16 = 10;
    /// [`Cusum::slack`]: finds shifts of two deviations soonest.
    pub const CUSUM_SLACK: f32 = 1.0;
    /// [`Cusum::threshold`].
    pub const CUSUM_THRESHOLD: f32 = 8.0;
    /// [`PageHinkley::tolerance`].
    pub const PAGE_HINKLEY_TOLERANCE: f32 = 1.0;
    /// [`PageHinkley::threshold`].
    pub const PAGE_HINKLEY_THRESHOLD: f32 = 8.0;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            block_frames: Self::BLOCK_FRAMES,
            cusum: Cusum {
                slack: Q16::from_f32(Self::CUSUM_SLACK),
                threshold: Q16::from_f32(Self::CUSUM_THRESHOLD),
            },
            page_hinkley: PageHinkley {
                tolerance: Q16::from_f32(Self::PAGE_HINKLEY_TOLERANCE),
                threshold: Q16::from_f32(Self::PAGE_HINKLEY_THRESHOLD),
            },
        }
    }
}

/// Learns from the sketches of consecutive in-control frames.
///
/// First all codes become the reference. Then the signals of every frame are measured and averaged over blocks as
/// the monitor does it; distances are measured to the reference *without* the frame's own block, because frames
/// that are part of a reference are closer to it than any frame that will ever be watched. Frames after the last
/// complete block only count for the reference. Of 2^32 pixels and more the counts are halved until they fit.
///
/// # Errors
/// A line that says what is wrong: fewer than two blocks, or a setting out of range.
pub fn learn(quantiser: Quantiser, frames: &[Sketch], settings: &Settings) -> Result<Profile, String> {
    let length = usize::from(settings.block_frames.max(1));
    if frames.len() < 2 * length {
        return Err(format!(
            "found {} frames, expected at least {} for two blocks of {length}, and better eight blocks",
            frames.len(),
            2 * length
        ));
    }
    let all = pooled(frames);
    let table = SigmoidTable::new(&quantiser);
    let mut means = Vec::with_capacity(frames.len() / length);
    for block in frames.chunks_exact(length) {
        let own = pooled(block);
        let others = reference(std::array::from_fn(|code| all[code] - own[code]))?;
        let signals = block.iter().map(|frame| Signals::new(frame, &table, &others));
        let signals: Vec<Signals> = signals.collect::<Option<_>>().ok_or("found a frame without pixels")?;
        means.push(mean(&signals));
    }
    let mut baselines = [Baseline::default(); SIGNALS];
    for (signal, baseline) in baselines.iter_mut().enumerate() {
        *baseline =
            Baseline::of(means.iter().map(|mean| mean[signal])).ok_or("found fewer than two blocks")?;
    }
    let Settings { block_frames, cusum, page_hinkley } = *settings;
    let profile =
        Profile { quantiser, block_frames, baselines, cusum, page_hinkley, reference: reference(all)? };
    profile.check().map_err(|e| e.to_string())?;
    Ok(profile)
}

/// The mean of each signal, rounded as the monitor rounds the mean of a block.
fn mean(block: &[Signals]) -> [Q16; SIGNALS] {
    let sum = |signal: usize| block.iter().map(|frame| i64::from(frame.0[signal].raw())).sum();
    std::array::from_fn(|signal| Q16::ratio(sum(signal), (block.len() as u64) << 16))
}

fn pooled(frames: &[Sketch]) -> [u64; CODES] {
    let mut counts = [0; CODES];
    for frame in frames {
        for (index, count) in (0u8..=255).zip(&mut counts) {
            *count += frame.pixels_at(index);
        }
    }
    counts
}

fn reference(mut counts: [u64; CODES]) -> Result<Reference, String> {
    while counts.iter().sum::<u64>() > u64::from(u32::MAX) {
        counts = counts.map(|n| n / 2);
    }
    Reference::new(counts.map(|n| n as u32)).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use segmeter_core::drift::{Monitor, State};
    use segmeter_core::view::Encoding;

    /// Frames of 100 pixels whose codes lie around `centre` and wander a little.
    fn frames(centre: i8, count: i8) -> Vec<Sketch> {
        let quantiser = quantiser();
        let frame = |i: i8| {
            let mut sketch = Sketch::new(&quantiser);
            let wander = |pixel: i32| ((pixel * 7 + i32::from(i) * 13) % 40) as i8;
            let codes: Vec<i8> = (0..100).map(|pixel| centre + wander(pixel)).collect();
            sketch.push_unlabelled(&codes);
            sketch
        };
        (0..count).map(frame).collect()
    }

    fn quantiser() -> Quantiser {
        Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap()
    }

    #[test]
    fn in_control_is_normal_and_a_shift_is_an_alarm() {
        let settings = Settings { block_frames: 4, ..Settings::default() };
        let profile = learn(quantiser(), &frames(-20, 9), &settings).unwrap();
        let table = SigmoidTable::new(&quantiser());
        let state = |frames: &[Sketch]| {
            let mut monitor = Monitor::default();
            let signals = frames.iter().map(|frame| Signals::new(frame, &table, &profile.reference));
            signals.map(|signals| monitor.observe(&profile, signals.as_ref()).state).last()
        };
        assert_eq!(state(&frames(-20, 8)), Some(State::Normal));
        assert_eq!(state(&frames(40, 8)), Some(State::Alarm));
    }

    #[test]
    fn too_few_frames() {
        let line = learn(quantiser(), &frames(0, 19), &Settings::default()).unwrap_err();
        assert!(line.contains("found 19 frames, expected at least 20"), "{line}");
    }

    #[test]
    fn counts_that_do_not_fit_are_halved() {
        let mut counts = [0; CODES];
        counts[0] = 1 << 33;
        counts[9] = 3 << 33;
        let reference = reference(counts).unwrap();
        assert_eq!(reference.counts()[0] * 3, reference.counts()[9]);
    }
}
