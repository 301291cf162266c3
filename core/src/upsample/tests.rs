//! Every class at every pixel, by the definition.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

extern crate std;

use std::vec;
use std::vec::Vec;

use super::*;

/// A frame of scores, all classes of a pixel side by side, and how it is to become ids.
struct Case {
    shape: [usize; 2],
    classes: usize,
    factor: usize,
    interpolation: Interpolation,
    scores: Vec<i8>,
}

impl Case {
    fn upsampling(&self) -> Upsampling {
        let [height, width] = self.shape.map(|side| side as u32);
        let shape = Shape::new(height, width).unwrap();
        Upsampling::new(shape, self.classes, self.factor, self.interpolation).unwrap()
    }

    /// The ids, and how many rows of them came after each row of scores.
    fn ids(&self) -> (Vec<u8>, Vec<usize>) {
        let of = self.upsampling();
        let mut scratch = vec![0xaa; of.scratch_len()];
        let mut rows = of.rows(Encoding::Signed, &mut scratch).unwrap();
        let (mut ids, mut came) = (Vec::new(), Vec::new());
        for row in self.scores.chunks(self.shape[1] * self.classes) {
            rows.push_interleaved(row).unwrap();
            let before = ids.len();
            while let Some(row) = rows.next_row() {
                ids.extend(row);
            }
            assert_eq!(of.ready(rows.progress().taken()), rows.progress().given());
            came.push((ids.len() - before) / of.width());
        }
        (ids, came)
    }

    /// Where pixel `pixel` of a side lies among its scores, in parts of the second number.
    fn source(&self, pixel: usize, length: usize) -> (i64, i64) {
        let (pixel, factor, length) = (pixel as i64, self.factor as i64, length as i64);
        match self.interpolation {
            Interpolation::Nearest => (pixel / factor, 1),
            Interpolation::HalfPixel => {
                ((2 * pixel + 1 - factor).clamp(0, 2 * factor * (length - 1)), 2 * factor)
            }
            Interpolation::AlignedCorners => (pixel * (length - 1), (length * factor - 1).max(1)),
        }
    }

    /// The ids by the definition, of every class at every pixel.
    fn expected(&self) -> Vec<u8> {
        let [height, width] = self.shape;
        let at = |row: i64, column: i64, class: usize| {
            let row = (row as usize).min(height - 1);
            let column = (column as usize).min(width - 1);
            i64::from(self.scores[(row * width + column) * self.classes + class])
        };
        let mut ids = Vec::new();
        for y in 0..height * self.factor {
            for x in 0..width * self.factor {
                let ((top, rows), (left, columns)) = (self.source(y, height), self.source(x, width));
                let (row, down, column, right) = (top / rows, top % rows, left / columns, left % columns);
                let score = |class: usize| {
                    let line = |row: i64| {
                        at(row, column, class) * (columns - right) + at(row, column + 1, class) * right
                    };
                    line(row) * (rows - down) + line(row + 1) * down
                };
                // The last of the highest, counted from the back.
                ids.push((0..self.classes).rev().max_by_key(|class| score(*class)).unwrap() as u8);
            }
        }
        ids
    }
}

/// Whole numbers below a bound, from a linear congruence.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn cases(mut visit: impl FnMut(&Case)) {
    let mut random = Random(1);
    let factors = [1, 2, 3, 4, 5, 8, 15, 16];
    for (shape, factor) in [[1, 1], [1, 2], [2, 1], [1, 5], [4, 1], [2, 2], [3, 4], [6, 7]]
        .into_iter()
        .flat_map(|shape| factors.map(|factor| (shape, factor)))
    {
        for interpolation in Interpolation::ALL {
            for (classes, levels) in [(2, 2), (2, 256), (3, 3), (4, 256), (19, 6), (32, 256), (32, 1)] {
                let score = |_| (random.below(levels) as i64 - if levels > 200 { 128 } else { 1 }) as i8;
                let scores = (0..shape[0] * shape[1] * classes).map(score).collect();
                visit(&Case { shape, classes, factor, interpolation, scores });
            }
        }
    }
}

/// Every class at every pixel gives the same, ties and all; in whole numbers.
#[test]
fn ids_are_those_of_the_definition() {
    cases(|case| {
        let (found, came) = case.ids();
        let what = (case.shape, case.classes, case.factor, case.interpolation);
        assert_eq!(found, case.expected(), "{what:?}");
        // Half a row of cells is above the first scores, and half of one below the last.
        let [height, factor] = [case.shape[0], case.factor];
        if case.interpolation == Interpolation::HalfPixel && height > 2 {
            assert_eq!(came[..2], [0, factor + factor / 2], "{what:?}");
            assert_eq!(came[height - 1], factor + factor - factor / 2, "{what:?}");
        }
    });
}

/// Regions with noise between them: most cells have one winner, which is another way through the code.
#[test]
fn regions_are_those_of_the_definition() {
    let mut random = Random(7);
    for interpolation in Interpolation::ALL {
        for (factor, classes) in [(8, 19), (4, 3), (7, 5)] {
            let shape = [12, 17];
            let mut scores = Vec::new();
            for pixel in 0..shape[0] * shape[1] {
                let (row, column) = (pixel / shape[1], pixel % shape[1]);
                let region = (row / 4 + column / 5 * 2) % classes;
                for class in 0..classes {
                    let noise = random.below(40) as i8;
                    scores.push(if class == region { 20 + noise } else { noise - 20 });
                }
            }
            let case = Case { shape, classes, factor, interpolation, scores };
            assert_eq!(case.ids().0, case.expected(), "{factor} {interpolation:?}");
        }
    }
}

/// Planes, and unsigned codes, are the same frame.
#[test]
fn layouts_and_encodings_agree() {
    cases(|case| {
        let of = case.upsampling();
        let [height, width] = case.shape;
        let plane = height * width;
        let mut planar = vec![0u8; plane * case.classes];
        for (place, score) in case.scores.iter().enumerate() {
            planar[place % case.classes * plane + place / case.classes] = score.cast_unsigned() ^ 0x80;
        }
        let mut scratch = vec![0; of.scratch_len()];
        let mut rows = of.rows(Encoding::Unsigned, &mut scratch).unwrap();
        let mut ids: Vec<u8> = Vec::new();
        for row in 0..height {
            rows.push_planar(&planar[row * width..], plane).unwrap();
            while let Some(row) = rows.next_row() {
                ids.extend(row);
            }
        }
        assert_eq!(ids, case.ids().0);
    });
}

/// A frame that is put away after every row, whatever lies elsewhere.
#[test]
fn a_frame_goes_on_where_it_was() {
    cases(|case| {
        let of = case.upsampling();
        let mut scratch = vec![0x55; of.scratch_len() + 3];
        let mut progress = of.rows(Encoding::Signed, &mut scratch).unwrap().progress();
        let mut ids: Vec<u8> = Vec::new();
        for scores in case.scores.chunks(case.shape[1] * case.classes) {
            let mut rows = of.resume(Encoding::Signed, &mut scratch, progress).unwrap();
            rows.push_interleaved(scores).unwrap();
            progress = rows.progress();
            loop {
                let mut rows = of.resume(Encoding::Signed, &mut scratch, progress).unwrap();
                let Some(row) = rows.next_row() else { break };
                ids.extend(row);
                progress = rows.progress();
            }
        }
        assert_eq!(ids, case.ids().0);
        assert_eq!((progress.taken(), progress.given()), (case.shape[0], of.height()));
    });
}

#[test]
fn what_cannot_be_is_refused() {
    let shape = |height, width| Shape::new(height, width).unwrap();
    let of = |shape, classes, factor, by| Upsampling::new(shape, classes, factor, by).unwrap_err();
    let half = Interpolation::HalfPixel;
    assert_eq!(of(shape(2, 2), 1, 8, half), Error::Classes { room: 32 });
    assert_eq!(of(shape(2, 2), 33, 8, half), Error::Classes { room: 32 });
    assert_eq!(of(shape(2, 2), 2, 0, half), Error::Parameter("factor"));
    assert_eq!(of(shape(2, 2), 2, 17, half), Error::Parameter("factor"));
    assert_eq!(of(shape(1, 4096), 2, 16, half), Error::Parameter("factor"));
    assert_eq!(of(shape(4096, 1), 2, 16, Interpolation::Nearest), Error::Parameter("factor"));
    assert!(Upsampling::new(shape(4095, 4095), 32, 16, half).is_ok());
    assert!(Upsampling::new(shape(256, 512), 2, 8, Interpolation::AlignedCorners).is_ok());
    let large = of(shape(257, 512), 2, 8, Interpolation::AlignedCorners);
    assert!(matches!(large, Error::Unsupported(_)), "{large:?}");

    let of = Upsampling::new(shape(2, 3), 2, 2, half).unwrap();
    assert_eq!((of.scratch_len(), of.height(), of.width(), of.classes()), (72, 4, 6, 2));
    let mut scratch = [0; 72];
    assert_eq!(of.rows(Encoding::Signed, &mut scratch[..71]).unwrap_err(), Error::Scratch { need: 72 });
    let mut rows = of.rows(Encoding::Signed, &mut scratch).unwrap();
    assert_eq!(rows.push_interleaved(&[0i8; 5]).unwrap_err(), Error::Length { expected: 6, found: 5 });
    assert_eq!(rows.push_planar(&[0i8; 8], 6).unwrap_err(), Error::Length { expected: 9, found: 8 });
    assert_eq!(rows.push_planar(&[0i8; 6], 2).unwrap_err(), Error::Length { expected: 6, found: 6 });
    assert!(rows.next_row().is_none() && rows.progress().taken() == 0, "nothing came of what was refused");
    rows.push_interleaved(&[0i8; 6]).unwrap();
    assert!(rows.next_row().is_none() && rows.progress().taken() == 1);
    rows.push_planar(&[0i8; 9], 6).unwrap();
    let waiting = rows.push_interleaved(&[0i8; 6]).unwrap_err();
    assert!(matches!(waiting, Error::Unsupported(_)), "{waiting:?}");
    for _ in 0..4 {
        assert_eq!(rows.next_row(), Some(&[0; 6][..]));
    }
    assert_eq!(rows.next_row(), None);
    assert_eq!(rows.push_interleaved(&[0i8; 6]).unwrap_err(), Error::Length { expected: 2, found: 3 });
}

/// The largest scores and weights that aligned corners allow do not pass 32 bits, nor do steps between scores of both ends.
#[test]
fn the_largest_image_is_exact() {
    for (shape, factor) in [([2896, 2896], 1), ([1024, 2048], 2), ([1, 16_384], 2), ([16_384, 1], 2)] {
        let one = |place: usize, low: i8| if (place / 2).is_multiple_of(3) { low } else { 127 };
        let scores = (0..shape[0] * shape[1] * 2)
            .map(|place| if place % 2 == 0 { one(place, -128) } else { one(place + 2, -128) });
        let scores: Vec<i8> = scores.collect();
        let case = Case { shape, classes: 2, factor, interpolation: Interpolation::AlignedCorners, scores };
        assert!(case.ids().0 == case.expected(), "{shape:?}");
    }
}
