#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
extern crate std;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::plane::row::{any, spread};

/// A random source.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, range: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % range
    }
}

/// Two masks pixel by pixel, and what is known of them.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Prediction and label, ids 0 and 1.
    pub(crate) ids: [Vec<u8>; 2],
    pub(crate) valid: Vec<bool>,
}

pub(crate) const IGNORED: u8 = 9;

impl Pair {
    /// Masks with areas: noise, thinned or thickened, with a rectangle; some pixels ignored in some.
    pub(crate) fn random(random: &mut Random, height: usize, width: usize, ignored: bool) -> Self {
        let mut mask = || {
            let percent = [3, 30, 60, 90, 98, 0, 100][random.below(7) as usize];
            let mut mask: Vec<u8> =
                (0..height * width).map(|_| u8::from(random.below(100) < percent)).collect();
            let (top, left) = (random.below(height as u64) as usize, random.below(width as u64) as usize);
            let id = random.below(3) as u8;
            for (pixel, value) in mask.iter_mut().enumerate() {
                if pixel / width >= top && pixel % width >= left && pixel % width < left + width / 2 && id < 2
                {
                    *value = id;
                }
            }
            mask
        };
        let ids = [mask(), mask()];
        let block = (random.below(height as u64) as usize, random.below(width as u64) as usize);
        let valid = (0..height * width)
            .map(|pixel| {
                let beside = (pixel / width).abs_diff(block.0) < 4 && (pixel % width).abs_diff(block.1) < 5;
                !ignored || !beside && random.below(20) != 0
            })
            .collect();
        Self { height, width, ids, valid }
    }

    /// Of a code of two bits a pixel, for small frames.
    pub(crate) fn of_bits(height: usize, width: usize, bits: [u64; 2]) -> Self {
        let ids =
            bits.map(|bits| (0..height * width).map(|pixel| (bits >> pixel.min(63) & 1) as u8).collect());
        Self { height, width, ids, valid: vec![true; height * width] }
    }

    /// Whether a pixel is set; `None` where that is not known.
    fn at(&self, side: usize, outside: Option<bool>, y: isize, x: isize) -> Option<bool> {
        if y < 0 || x < 0 || y >= self.height as isize || x >= self.width as isize {
            return outside;
        }
        let pixel = y as usize * self.width + x as usize;
        self.valid[pixel].then(|| self.ids[side][pixel] == 1)
    }

    /// The elements of a contour as (row, column, kind).
    pub(crate) fn contour(&self, contour: Contour, side: usize) -> Vec<(usize, usize, usize)> {
        let outside = contour.frame_counts.then_some(false);
        let at = |y: isize, x: isize| self.at(side, outside, y, x);
        let mut found = vec![];
        for y in 0..contour.rows(self.height) {
            for x in 0..contour.columns(self.width) {
                let (r, c) = (y as isize, x as isize);
                let kind = match contour.edge {
                    Edge::Inner4 | Edge::Inner8 => {
                        let diagonal = contour.edge == Edge::Inner8;
                        let near = (-1..=1).flat_map(|v| (-1..=1).map(move |u: isize| (v, u)));
                        let background = near
                            .filter(|(v, u): &(isize, isize)| diagonal || v.abs() + u.abs() < 2)
                            .any(|(v, u)| at(r + v, c + u) == Some(false));
                        (at(r, c) == Some(true) && background).then_some(0)
                    }
                    Edge::HalfPixel => at(r, c).and_then(|own| {
                        let others = [at(r, c + 1), at(r + 1, c), at(r + 1, c + 1)];
                        others.contains(&Some(!own)).then_some(0)
                    }),
                    Edge::Corners => corner([at(r - 1, c - 1), at(r - 1, c), at(r, c - 1), at(r, c)]),
                };
                if let Some(kind) = kind {
                    found.push((y, x, kind));
                }
            }
        }
        found
    }

    /// The row as ids with [`IGNORED`], or as packed bits.
    pub(crate) fn with_row<T>(&self, y: usize, packed: bool, work: impl FnOnce(&Row<'_>) -> T) -> T {
        let range = y * self.width..(y + 1) * self.width;
        let valid = &self.valid[range.clone()];
        let [prediction, label] = [0, 1].map(|side: usize| self.ids[side][range.clone()].to_vec());
        if packed {
            let pack = |bits: Vec<bool>| -> Vec<u8> {
                let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
                bits.chunks(8).map(byte).collect()
            };
            let of = |ids: &[u8]| pack(ids.iter().map(|id| *id == 1).collect());
            let valid = pack(valid.to_vec());
            let row = Row::Bits { prediction: &of(&prediction), label: &of(&label), valid: Some(&valid) };
            return work(&row);
        }
        let label: Vec<u8> =
            label.iter().zip(valid).map(|(id, valid)| if *valid { *id } else { IGNORED }).collect();
        work(&Row::Ids { prediction: &prediction, label: &label, class: 1, ignore: IGNORED })
    }
}

/// The kind of a corner between pixels that are known or not, written out from the rule.
fn corner(four: [Option<bool>; 4]) -> Option<usize> {
    let [a, b, c, d] = four;
    let (top, bottom) = ([a.or(b), b.or(a)], [c.or(d), d.or(c)]);
    let pick = |own: Option<bool>, other: Option<bool>| own.or(other).unwrap_or(false);
    let [a, b] = [pick(top[0], bottom[0]), pick(top[1], bottom[1])];
    let [c, d] = [pick(bottom[0], top[0]), pick(bottom[1], top[1])];
    match u8::from(a) << 3 | u8::from(b) << 2 | u8::from(c) << 1 | u8::from(d) {
        0b0000 | 0b1111 => None,
        0b0011 | 0b1100 => Some(1),
        0b0101 | 0b1010 => Some(2),
        0b0110 | 0b1001 => Some(3),
        _ => Some(0),
    }
}

pub(crate) fn contours() -> impl Iterator<Item = Contour> {
    [Edge::Inner4, Edge::Inner8, Edge::HalfPixel, Edge::Corners]
        .into_iter()
        .flat_map(|edge| [false, true].map(|frame_counts| Contour { edge, frame_counts }))
}

fn windowed(pair: &Pair, contour: Contour, side: Side, packed: bool) -> Vec<(usize, usize, usize)> {
    let words = words_of(contour.columns(pair.width));
    let mut store = vec![0xa5a5_5a5a; Window::words(pair.width, 3)];
    let mut window = Window::new(contour, pair.width, 3, &mut store);
    let (mut found, mut y) = (vec![], 0);
    let mut take = |window: &Window<'_>| {
        let mut to = vec![0xdead_beef; contour.row_words(pair.width)];
        window.contour(side, &mut to);
        for x in 0..words * 32 {
            if to[x / 32] >> (x % 32) & 1 == 1 {
                found.push((y, x, kind(&to, words, x)));
            }
        }
        y += 1;
    };
    for y in 0..pair.height {
        if pair.with_row(y, packed, |row| window.push(row)).unwrap() {
            take(&window);
        }
    }
    if window.end() {
        take(&window);
    }
    assert_eq!(y, contour.rows(pair.height), "every row of contour");
    found
}

fn check(pair: &Pair, packed: bool) {
    for contour in contours() {
        for (index, side) in [Side::Prediction, Side::Label].into_iter().enumerate() {
            let found = windowed(pair, contour, side, packed);
            assert_eq!(found, pair.contour(contour, index), "{contour:?} {pair:?}");
        }
    }
}

#[test]
fn agrees_with_the_definition() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for case in 0..400 {
        let (height, width) = match case % 4 {
            0 => (1 + random.below(4), 1 + random.below(100)),
            1 => (1 + random.below(9), [31, 32, 33, 64, 65, 96][case / 4 % 6]),
            _ => (1 + random.below(30), 1 + random.below(70)),
        };
        check(&Pair::random(&mut random, height as usize, width as usize, case % 3 == 0), case % 2 == 0);
    }
    // Every 3x3 mask with every set of ignored pixels, and beside it another.
    for code in 0..1 << 18_u64 {
        if code % 7 == 0 {
            let mut pair = Pair::of_bits(3, 3, [code, code.wrapping_mul(0x9e37_79b9) >> 9]);
            pair.valid = (9..18).map(|bit| code >> bit & 1 == 1).collect();
            check(&pair, false);
        }
    }
}

#[test]
fn spreads_and_searches_rows() {
    let mut random = Random(77);
    for case in 0..3000 {
        let columns = 1 + random.below(140) as usize;
        let rare = [2, 9, 60, 1000][case % 4];
        let set: Vec<bool> = (0..columns).map(|_| random.below(rare) == 0).collect();
        let mut row = vec![0; words_of(columns)];
        set.iter().enumerate().for_each(|(x, set)| row[x / 32] |= u32::from(*set) << (x % 32));
        let (reach, outside) = (random.below([3, 34, 200][case % 3]) as usize, random.below(2) == 1);
        let mut to = vec![9; row.len()];
        spread(&row, columns, reach, outside, &mut to);
        let near = |x: usize| {
            let beside = outside && (x < reach || columns - x <= reach);
            beside || set.iter().enumerate().any(|(u, set)| *set && u.abs_diff(x) <= reach)
        };
        for x in 0..to.len() * 32 {
            let expected = x < columns && near(x);
            assert_eq!(to[x / 32] >> (x % 32) & 1 == 1, expected, "{reach} {outside} {x} {set:?}");
        }
        let (a, b) = (random.below(columns as u64) as usize, random.below(columns as u64) as usize);
        let (from, until) = (a.min(b), a.max(b));
        assert_eq!(any(&row, from, until), set[from..=until].contains(&true));
    }
}

#[test]
fn refuses_rows_of_another_length() {
    let mut store = vec![0; Window::words(9, 3)];
    let mut window = Window::new(Contour::default(), 9, 3, &mut store);
    let (nine, eight) = ([0_u8; 9], [0_u8; 8]);
    let ids = |prediction, label| Row::Ids { prediction, label, class: 1, ignore: 255 };
    let wrong = Err(crate::Error::Length { expected: 9, found: 8 });
    assert_eq!(window.push(&ids(&nine, &eight)), wrong);
    assert_eq!(window.push(&ids(&eight, &nine)), wrong);
    let bits = |prediction, label, valid| Row::Bits { prediction, label, valid };
    let wrong = Err(crate::Error::Length { expected: 2, found: 1 });
    assert_eq!(window.push(&bits(&nine[..2], &nine[..1], None)), wrong);
    assert_eq!(window.push(&bits(&nine[..2], &nine[..2], Some(&nine[..1]))), wrong);
    assert_eq!(window.rows(), 0);
    assert_eq!(window.push(&bits(&nine[..2], &nine[..2], None)), Ok(false));
}
