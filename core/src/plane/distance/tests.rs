//! Against the distances to all set pixels.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

extern crate std;
use std::vec;

use super::*;

fn brute(shape: Shape, set: &[bool]) -> vec::Vec<u32> {
    let at = |pixel: usize| ((pixel / shape.width()) as i64, (pixel % shape.width()) as i64);
    let sites: vec::Vec<_> =
        set.iter().enumerate().filter(|(_, set)| **set).map(|(pixel, _)| at(pixel)).collect();
    let distance = |(y, x): (i64, i64)| {
        sites.iter().map(|(v, u)| ((y - v) * (y - v) + (x - u) * (x - u)) as u32).min().unwrap_or(NONE)
    };
    (0..shape.pixels()).map(at).map(distance).collect()
}

fn check(height: u32, width: u32, set: &[bool]) {
    let shape = Shape::new(height, width).unwrap();
    let (mut scratch, mut out) = (vec![7; scratch_len(shape)], vec![9; shape.pixels()]);
    let any = squared(shape, |pixel| set[pixel], &mut scratch, &mut out).unwrap();
    assert_eq!(any, set.contains(&true));
    assert_eq!(out, brute(shape, set), "{height}x{width} {set:?}");
    let mut plane: vec::Vec<u32> = set.iter().map(|set| if *set { 0 } else { 77 }).collect();
    assert_eq!(squared_in_place(shape, &mut scratch, &mut plane), Ok(any));
    assert_eq!(plane, out);
}

#[test]
fn agrees_with_brute_force() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |range: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % range
    };
    for case in 0..1500 {
        let (height, width) = match case % 5 {
            0 => (1, 1 + next(70)),
            1 => (1 + next(70), 1),
            _ => (1 + next(40), 1 + next(40)),
        };
        let sparse = [1, 2, 3, 20, 300, 5000][case % 6];
        let set: vec::Vec<bool> = (0..height * width).map(|_| next(sparse) == 0).collect();
        check(height as u32, width as u32, &set);
        let inverse: vec::Vec<bool> = set.iter().map(|set| !set).collect();
        check(height as u32, width as u32, &inverse);
    }
}

#[test]
fn empty_and_full() {
    for (height, width) in [(1, 1), (1, 9), (9, 1), (5, 7)] {
        check(height, width, &vec![false; (height * width) as usize]);
        check(height, width, &vec![true; (height * width) as usize]);
    }
}

/// Where distances are too long for the sums of squares that leave points of the hull out: a pixel beside columns whose
/// own are as far as the frame is tall.
#[test]
fn tall_frames() {
    for height in [NEAR - 1, NEAR, NEAR + 1, NEAR + 2] {
        let mut set = vec![false; height * 7];
        for pixel in [2, 4, 7 * (height - 1) + 3] {
            set[pixel] = true;
        }
        check(height as u32, 7, &set);
        set[2] = false;
        check(height as u32, 7, &set);
    }
}

/// The square of 65 536 is more than a `u32` holds.
#[test]
fn long_distances_saturate() {
    let shape = Shape::new(1, 100_000).unwrap();
    let (mut scratch, mut out) = (vec![0; scratch_len(shape)], vec![0; 100_000]);
    squared(shape, |pixel| pixel == 0, &mut scratch, &mut out).unwrap();
    assert_eq!(out[65_535], 65_535 * 65_535);
    assert_eq!(out[65_536], NONE);
    assert_eq!(out[99_999], NONE);
}

#[test]
fn refuses() {
    let shape = Shape::new(3, 4).unwrap();
    let (mut scratch, mut out) = ([0; 8], [0; 12]);
    assert_eq!(squared(shape, |_| true, &mut scratch[..7], &mut out), Err(Error::Scratch { need: 8 }));
    let wrong = Err(Error::Length { expected: 12, found: 11 });
    assert_eq!(squared(shape, |_| true, &mut scratch, &mut out[..11]), wrong);
    let long = Shape::new(1, 1 << 21).unwrap();
    let (mut scratch, mut out) = (vec![0; scratch_len(long)], vec![0; 1 << 21]);
    assert!(matches!(squared(long, |_| true, &mut scratch, &mut out), Err(Error::Unsupported(_))));
}
