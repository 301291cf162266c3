//! Every detector, with any parameters and any value.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::drift::{
    Adwin, Bocpd, Cusum, Ddm, Detector, Eddm, EwmaChart, GeometricMovingAverage, HddmA, HddmW, Kswin,
    PageHinkley, Shewhart, Stepd, Trend,
};
use segmeter_core::num::Q16;

use super::x;

pub(super) fn all() -> Result<()> {
    let q = || black_box(Q16::ONE);
    updated(&Shewhart { limit: q() })?;
    let cusum = Cusum { slack: q(), threshold: q() };
    let mut sums = updated(&cusum)?;
    black_box((cusum.update_forgetful(&mut sums, q()), cusum.calm_after()));
    black_box(updated(&PageHinkley { tolerance: q(), threshold: q() })?.scores());
    black_box(updated(&EwmaChart { weight: q(), limit: q() })?.average());
    black_box(updated(&GeometricMovingAverage { memory: q(), threshold: q() })?.average());
    let window = updated(&Adwin { confidence: q() })?;
    black_box((window.width(), window.mean()));
    updated(&Ddm { warm_up: black_box(3), errors: black_box(1), warning: q(), drift: q() })?;
    updated(&Eddm { warning: q(), drift: q() })?;
    updated(&Stepd { warning: q(), drift: q() })?;
    updated(&HddmA { warning: q(), drift: q() })?;
    updated(&HddmW { weight: q(), warning: q(), drift: q() })?;
    black_box(updated(&Kswin::at(q())?)?.distance());
    let trend = updated(&Trend { limit: q(), slope: q() })?;
    black_box((trend.rises(), trend.slope()));
    let posterior = updated(&Bocpd { hazard: x(), prior: x() })?;
    black_box((posterior.run_length(), posterior.probability(black_box(5))));
    Ok(())
}

/// A state that may be anything, after one more value.
fn updated<D: Detector>(detector: &D) -> Result<D::State> {
    let detector = black_box(detector);
    let mut state = black_box(D::State::default());
    black_box(detector.update(&mut state, black_box(Q16::ONE)));
    black_box(detector.check())?;
    Ok(black_box(state))
}
