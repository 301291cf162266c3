//! A drift profile for the bundled frames.

use segmeter_core::drift::{
    Baseline, CalibrationMap, Cusum, Identity, Outline, Profile, Reference, Rules, SIGNALS,
};
use segmeter_core::num::Q16;
use segmeter_core::sketch::SigmoidTable;
use segmeter_core::view::Quantised;

use crate::Demo;

impl Demo {
    /// A profile of the pack's first frames, for frames of any size; short blocks, so that a few frames reach the charts.
    /// `deviations` are those of the signals, `threshold` says how soon there is an alarm.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn profile(&self, deviations: [f32; SIGNALS], threshold: f32) -> Profile {
        let q = Q16::from_f32;
        let means = [0.45, 0.011, 0.77, 0.035, 0.97, 0.97, 0.05, 2.0];
        let mut baselines = means.map(|mean| Baseline { mean: q(mean), deviation: Q16::ONE });
        for (baseline, deviation) in baselines.iter_mut().zip(deviations) {
            baseline.deviation = q(deviation);
        }
        Profile {
            identity: Identity { model: 1, mounting: 2, frames: 80, ..Identity::default() },
            quantiser: Self::quantiser(),
            rules: Rules {
                block_frames: 2,
                invalid_frames: 1000,
                frozen_frames: 1000,
                site_blocks: 2,
                ..Rules::DEFAULT
            },
            baselines,
            charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(threshold) }; SIGNALS],
            site_charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(threshold) }; SIGNALS],
            watching: u8::MAX,
            correlations: [Q16::ZERO; SIGNALS],
            calibration: CalibrationMap::network(&SigmoidTable::new(&Self::quantiser())),
            reference: Reference::new(self.counts(0..80)).expect("frames with pixels"),
        }
    }

    /// The outline of what is predicted in a frame.
    ///
    /// # Panics
    /// If there is no such frame.
    #[must_use]
    pub fn outline(&self, frame: usize) -> Outline {
        let frame = Quantised::new(Self::shape(), self.codes(frame), Self::quantiser()).expect("a frame");
        Outline::of(&frame, &mut [0; Outline::scratch_len(160)]).expect("two rows")
    }
}
