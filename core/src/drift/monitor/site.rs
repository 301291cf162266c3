//! The reference of the place where a monitor works.

use super::{Charts, Monitor};
use crate::drift::detector::CusumState;
use crate::drift::profile::Moments;
use crate::drift::{Baseline, Profile, SIGNALS, Signal, Site, State};
use crate::error::{Error, Result};
use crate::num::Q16;

impl Monitor {
    /// What is known of this place.
    #[must_use]
    pub const fn site(&self) -> Site {
        self.site
    }

    /// Blocks captured for the site reference.
    #[must_use]
    pub fn site_blocks(&self) -> u32 {
        self.site_moments.iter().map(|moments| moments.count).max().unwrap_or(0)
    }

    /// Starts to collect a site reference; one that there is is forgotten. Only on somebody's order: what a broken model says
    /// must not become normal by itself.
    pub fn capture_site(&mut self) {
        self.site = Site::Capturing;
        self.site_moments = [Moments::default(); SIGNALS];
        self.site_charts = [CusumState::default(); SIGNALS];
    }

    /// Seals the site reference: from now on, charts against it count as well.
    ///
    /// # Errors
    /// [`Error::Parameter`] if none is being captured, if it has fewer than [`super::Rules::site_blocks`] blocks, or if the
    /// monitor is in alarm.
    pub fn seal_site(&mut self, profile: &Profile) -> Result<()> {
        if self.site != Site::Capturing {
            return Err(Error::Parameter("site"));
        }
        if self.site_blocks() < profile.rules.site_blocks.into() {
            return Err(Error::Parameter("site_blocks"));
        }
        if matches!(self.verdict.state, State::Alarm | State::Acknowledged) {
            return Err(Error::Parameter("state"));
        }
        self.site = Site::Sealed;
        Ok(())
    }

    /// The site reference of a signal, once sealed; its difference from the factory's is worth a look.
    #[must_use]
    pub fn site_baseline(&self, signal: Signal) -> Option<Baseline> {
        let sealed = self.site == Site::Sealed;
        self.site_moments.get(signal as usize).filter(|_| sealed)?.baseline()
    }

    pub(super) fn site_charts(&mut self, profile: &Profile, means: &[Option<Q16>; SIGNALS]) -> Charts {
        let mut charts = Charts::default();
        let own = self.site_moments.iter_mut().zip(&mut self.site_charts);
        for ((signal, mean), (cusum, (moments, chart))) in
            Signal::ALL.into_iter().zip(means).zip(profile.site_charts.iter().zip(own))
        {
            match (self.site, mean) {
                (Site::Capturing, Some(mean)) => moments.add(*mean),
                (Site::Sealed, Some(mean)) => {
                    if let Some(baseline) = moments.baseline() {
                        charts.update(signal, profile, cusum, chart, baseline.standardise(*mean));
                    }
                }
                _ => {}
            }
        }
        charts
    }
}
