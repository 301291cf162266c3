//! Frames that teach nothing, little, or what is wrong.

use super::*;
use crate::learn::tests::{frames, learn_one, quantiser, settings};
use crate::learn::{Learnt, learn};

/// Frames that a monitor would not measure teach nothing.
#[test]
fn invalid_frames_are_left_out() {
    let good = frames(0, 60, 1);
    let mut with_frozen = good.clone();
    // Ten times the same one: the first four of them are frames as any other.
    let copies = vec![good[59].clone(); 9];
    with_frozen.extend(copies);
    let learnt = learn_one(quantiser(), &with_frozen, &settings()).unwrap();
    assert_eq!(learnt.profile.identity.frames, 63);
    assert!(
        learnt.notes.iter().any(|note| note.contains("6 of 69 frames are invalid: 6 frozen")),
        "{:?}",
        learnt.notes
    );
    let line = learn_one(quantiser(), &vec![good[0].clone(); 40], &settings()).unwrap_err().to_string();
    assert!(line.contains("36 of 40 frames are invalid: 36 frozen, of the same content"), "{line}");
}

#[test]
fn frames_that_cannot_be_learnt_from() {
    let line = |frames: &[Frame], change: &dyn Fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        learn_one(quantiser(), frames, &settings).map(|_| ()).unwrap_err().to_string()
    };
    let few = frames(0, 19, 1);
    assert_eq!(
        line(&few, &|s| s.rules.block_frames = 10),
        "found 19 frames, expected at least 20 for two blocks of 10, and better eight blocks"
    );
    assert_eq!(line(&few[..3], &|_| {}), "found 3 frames, expected at least 4, and better hundreds");
    assert_eq!(line(&few, &|s| s.identity.width = 9), "found a frame of 100 pixels, expected 90");
    assert!(line(&few, &|s| s.false_alarm_frames = f64::NAN).contains("NaN frames between false alarms"));
    assert!(line(&few, &|s| s.rules.release_blocks = 0).contains("release_blocks"));
    assert!(line(&frames(-127, 20, 1), &|_| {}).contains("relative_centroid_row: found values in 0 blocks"));
    assert!(learn_one(quantiser(), &few, &settings()).is_ok());
}

/// A drive that is given twice would say that drives do not differ.
#[test]
fn the_same_drive_twice() {
    let [one, other] = [1, 2].map(|seed| frames(0, 40, seed));
    let line =
        learn(quantiser(), &[one.clone(), other.clone(), one.clone()], &settings()).unwrap_err().to_string();
    assert_eq!(
        line,
        "found the same frames in drives 1 and 3, expected each drive once: nothing differs between them"
    );
    assert!(learn(quantiser(), &[one, other], &settings()).is_ok());
}

fn has_note(learnt: &Learnt, text: &str) -> bool {
    learnt.notes.iter().any(|note| note.contains(text))
}

#[test]
fn labels_that_contradict_the_masks() {
    for (is_right, expected) in [(true, false), (false, true)] {
        let mut labelled = frames(0, 12, 1);
        for (number, frame) in labelled.iter_mut().enumerate() {
            frame.sketch.clear();
            for row in 0..10 {
                // Nine of ten are as they look.
                let code = |x: usize| if (row < 5) == (x > 0) { -30i8 - number as i8 } else { 30 };
                let codes: Vec<i8> = (0..10).map(code).collect();
                frame.sketch.push_row(&codes, &[u8::from((row >= 5) == is_right); 10]);
            }
        }
        let learnt = learn_one(quantiser(), &labelled, &settings()).unwrap();
        assert_eq!(has_note(&learnt, "the IoU of masks and labels is 0.0"), expected, "{:?}", learnt.notes);
    }
}

/// No threshold is below what the frames reach themselves.
#[test]
fn an_interval_too_short_to_be_reached_is_said() {
    let frames = frames(0, 200, 1);
    for (interval, expected) in [(100_000.0, false), (2.0, true)] {
        let settings = Settings { false_alarm_frames: interval, ..settings() };
        let learnt = learn_one(quantiser(), &frames, &settings).unwrap();
        assert_eq!(
            has_note(&learnt, "false alarms will be rarer than one in 2 frames"),
            expected,
            "{:?}",
            learnt.notes
        );
    }
}
