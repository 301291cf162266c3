//! What is known of single images, to be kept, and the evaluation that it makes again.

use std::num::NonZero;

use segmeter::core::sketch::Sketch;
use segmeter::core::view::Quantiser;
use segmeter::files::partial::{ImageState, Sides as Stored};

use super::super::Failure;
use super::super::choice::Choice;
use super::super::count::{Counter, Counts};
use super::super::predict::Reader;
use super::super::segment::Segments;
use super::super::{shape, softmax};
use super::{Evaluated, Sums, finish, one};
use segmeter::scores::Sides;

/// Counts and measures an image by itself.
pub(in crate::command::eval) fn state(
    reader: &Reader,
    choice: &Choice,
    counter: &mut Counter,
    classes: usize,
    image: usize,
) -> Result<ImageState, Failure> {
    let mut sums = Sums::with(choice, classes, std::mem::take(counter));
    let (scores, counts) = one(reader, choice, &mut sums, image, NonZero::<usize>::MIN)?;
    *counter = sums.counter;
    let mut counts: Vec<_> = counts.each().collect();
    counts.sort_unstable();
    let (ranges, highest_code) = sums.seen.parts();
    let codes = choice.outputs.quantiser.zip(sums.sketch).map(|(_, sketch)| codes(&sketch));
    Ok(ImageState {
        name: scores.name,
        counts,
        shapes: scores.shapes,
        segments: scores.segments.into_iter().map(Segments::into_parts).collect(),
        road: scores.road,
        softmax: scores.softmax.into_state(),
        codes: codes.unwrap_or_default(),
        scores: stored(sums.logits),
        classes: sums.classes.into_iter().map(stored).collect(),
        ranges,
        highest_code,
    })
}

/// The evaluation of images in the order of their names.
///
/// # Errors
/// A state that is not of this choice: its file may say anything.
pub(in crate::command::eval) fn of_states(
    choice: &Choice,
    classes: usize,
    states: Vec<ImageState>,
    threads: NonZero<usize>,
) -> Result<Evaluated, Failure> {
    let mut all = Sums::new(choice, classes);
    let (shapes, road) = (shape::keys(choice).len(), shape::road_keys(choice).len());
    let (mut codes, mut images) = ([[0_u64; 2]; 256], Vec::with_capacity(states.len()));
    for (place, state) in states.into_iter().enumerate() {
        let name = state.name.clone();
        let bad = |what: &str| {
            let line = format!(
                "image {name}: found {what} that its settings do not make: make its state again with --partial"
            );
            Failure::Input(line)
        };
        let counts = Counts::of(&state.counts);
        let mut scores = all.count(choice, (place, state.name), &counts).ok_or_else(|| bad("a label"))?;
        let is_shape = |of: &Vec<_>| of.is_empty() || of.len() == shapes;
        if state.shapes.len() != classes || !state.shapes.iter().all(is_shape) {
            return Err(bad("metrics of shapes"));
        }
        if !(state.road.is_empty() || state.road.len() == road) {
            return Err(bad("metrics of a road"));
        }
        if !(state.classes.is_empty() || state.classes.len() == classes) {
            return Err(bad("scores of classes"));
        }
        if !state.codes.is_empty() && choice.outputs.quantiser.is_none() {
            return Err(bad("codes"));
        }
        scores.shapes = state.shapes;
        scores.segments = state.segments.into_iter().map(Segments::of_parts).collect();
        scores.road = state.road;
        scores.softmax = softmax::Sums::of_state(state.softmax);
        for (index, pixels) in state.codes {
            codes[usize::from(index)].iter_mut().zip(pixels).for_each(|(all, more)| *all += more);
        }
        all.seen.add_parts(state.ranges, state.highest_code);
        all.make_room(state.classes.len());
        let sides = all.classes.iter_mut().zip(state.classes).chain([(&mut all.logits, state.scores)]);
        for (all, more) in sides {
            append(all, more).ok_or_else(|| bad("scores"))?;
        }
        all.means.push(choice, &scores);
        images.push(scores);
    }
    all.sketch = choice.outputs.quantiser.map(|quantiser| sketch(&quantiser, &codes));
    Ok(finish(choice, all, images, threads))
}

fn stored(sides: Sides) -> Stored {
    match sides {
        Sides::F32(sides) => Stored::F32(sides),
        Sides::F64(sides) => Stored::F64(sides),
    }
}

/// Adds scores of the same type.
fn append(all: &mut Sides, more: Stored) -> Option<()> {
    match (&*all, more) {
        (Sides::F32(_), Stored::F32(sides)) => all.append(&mut Sides::F32(sides)),
        (Sides::F64(_), Stored::F64(sides)) => all.append(&mut Sides::F64(sides)),
        _ => return None,
    }
    Some(())
}

/// The pixels of every code that there is, background and foreground.
fn codes(sketch: &Sketch<u64>) -> Vec<(u8, [u64; 2])> {
    let counts = (0..=u8::MAX).map(|index| (index, [0, 1].map(|label| sketch.count(label, index))));
    counts.filter(|(_, pixels)| *pixels != [0; 2]).collect()
}

/// The sketch of so many pixels, doubled bit by bit.
fn sketch(quantiser: &Quantiser, codes: &[[u64; 2]; 256]) -> Sketch<u64> {
    let mut all = Sketch::<u64>::new(quantiser);
    for bit in (0..u64::BITS).rev() {
        let (half, mut ones) = (all.clone(), Sketch::<u32>::new(quantiser));
        for byte in 0..=u8::MAX {
            for (label, count) in (0_u8..).zip(codes[usize::from(quantiser.index(byte))]) {
                if count >> bit & 1 == 1 {
                    ones.push_row(&[byte], &[label]);
                }
            }
        }
        // All are of the same codes, which is what it asks for.
        let _ = all.merge(&half).and_then(|()| all.merge(&ones));
    }
    all
}
