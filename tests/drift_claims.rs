//! What is claimed of drift monitoring, measured: `examples/drift_table.rs` prints the same at length.
#![allow(clippy::disallowed_methods, reason = "streams are input, not results")]

#[path = "examples/drift_table"]
mod drift_table {
    pub(crate) mod bootstrap;
    pub(crate) mod packs;
    pub(crate) mod streams;
}

use drift_table::packs::{self, Pack};
use drift_table::streams::{self, CORRELATIONS, INTERVAL, Size, Textbook};

/// With `SEGMETER_LONG=1` as many monitors as the table has.
fn size() -> Size {
    let monitors = if std::env::var_os("SEGMETER_LONG").is_some() { 1000 } else { 200 };
    Size { reference_frames: 2000, monitors, watched: 50_000 }
}

/// A third of a minute, of a camera at 25 frames a second, will do. With `SEGMETER_LONG=1`: the scatter is wide.
#[test]
fn a_short_reference_keeps_the_interval_as_well() {
    if std::env::var_os("SEGMETER_LONG").is_none() {
        eprintln!("skipped: short references take SEGMETER_LONG=1");
        return;
    }
    for correlation in CORRELATIONS {
        let size = Size { reference_frames: 500, monitors: 1000, watched: 50_000 };
        let row = streams::own(correlation, 0.0, size);
        assert!((0.8..=1.2).contains(&(row.run_length / INTERVAL)), "{row:?}");
    }
}

#[test]
fn false_alarms_are_as_far_apart_as_asked_for() {
    for correlation in CORRELATIONS {
        let row = streams::own(correlation, 0.0, size());
        let ratio = row.run_length / INTERVAL;
        assert!((0.8..=1.2).contains(&ratio), "{row:?}");
        // A shift of three deviations is seen in a hundredth of that.
        assert!(row.delays[3].missed == 0.0 && row.delays[3].mean < INTERVAL / 100.0, "{row:?}");
    }
}

/// Distances are lopsided: never below zero, and far above it at times.
#[test]
fn lopsided_signals_keep_the_interval_too() {
    for correlation in [0.0, 0.6] {
        let row = streams::own(correlation, 0.7, size());
        assert!((0.8..=1.2).contains(&(row.run_length / INTERVAL)), "{row:?}");
    }
}

/// The streams are what they are said to be: independent frames have the run lengths of the books.
#[test]
fn textbook_charts_keep_their_interval_until_frames_are_correlated() {
    let size = Size { reference_frames: 100_000, monitors: 60, watched: 50_000 };
    for kind in [Textbook::Shewhart, Textbook::Cusum, Textbook::Ewma] {
        let row = streams::textbook(kind, 0.0, size);
        assert!((row.run_length / INTERVAL - 1.0).abs() < 4.0 * row.standard_error / INTERVAL, "{row:?}");
        assert!(row.standard_error < 0.1 * INTERVAL, "{row:?}");
    }
    let row = streams::textbook(Textbook::Cusum, 0.6, size);
    assert!(row.run_length < INTERVAL / 50.0, "{row:?}");
}

#[test]
fn the_demo_alarms_in_fog_and_not_before() {
    let found = packs::demo();
    assert_eq!(found.false_alarms, 0, "{found:?}");
    // From frame 109 the IoU against the mask without fog is below 0.95, from frame 117 below 0.8.
    assert!((100..=109).contains(&found.first_alarm.unwrap()), "{found:?}");
}

#[test]
fn camvid_frames_that_cannot_be_trusted_are_told_apart() {
    let Some(pack) = Pack::camvid() else { return };
    let found = packs::camvid(&pack);
    let calm = &found.false_alarms[0];
    assert!(calm.learnt_on == "first half" && (calm.alarms, calm.normal) == (0, 17), "{found:?}");
    let dusk = &found.delays[0];
    assert!(dusk.change == "dusk" && dusk.frames.is_some_and(|frames| frames <= 4), "{dusk:?}");
    let single = &found.single;
    assert_eq!((single.frames, single.undefined), (61, 0));
    let (name, auroc) = &single.auroc[0];
    assert!(name == "1 - estimated_iou" && auroc.value >= 0.95, "{single:?}");
    assert!(single.mean_absolute_error.value <= 0.08, "{single:?}");
    // Half a drive says little of how drives differ: what costs less than a quarter of the IoU may go unseen.
    for delay in found.delays.iter().filter(|delay| delay.iou < 0.7) {
        assert!(delay.frames.is_some(), "{delay:?}");
    }
}
