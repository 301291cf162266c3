//! A drift profile for the bundled frames.

use segmeter_core::drift::{Baseline, Cusum, PageHinkley, Profile, Reference};
use segmeter_core::num::Q16;

use crate::Demo;

impl Demo {
    /// A profile of the pack's first frames; short blocks, so that a few frames reach the detectors. `deviations` are
    /// those of the six signals, `thresholds` those of CUSUM and Page-Hinkley: they say how soon there is an alarm.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn profile(&self, deviations: [f32; 6], thresholds: [f32; 2]) -> Profile {
        let q = Q16::from_f32;
        let means = [0.45, 0.04, 0.97, 0.02, 0.05, 2.0];
        let mut baselines = means.map(|mean| Baseline { mean: q(mean), deviation: Q16::ONE });
        for (baseline, deviation) in baselines.iter_mut().zip(deviations) {
            baseline.deviation = q(deviation);
        }
        Profile {
            quantiser: Self::quantiser(),
            block_frames: 2,
            baselines,
            cusum: Cusum { slack: q(0.5), threshold: q(thresholds[0]) },
            page_hinkley: PageHinkley { tolerance: q(0.25), threshold: q(thresholds[1]) },
            reference: Reference::new(self.counts(0..80)).expect("frames with pixels"),
        }
    }
}
