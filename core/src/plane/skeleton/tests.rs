//! Against scikit-image 0.26 on small masks, and against thinning one byte at a time on larger ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::float_cmp, reason = "a test may panic")]

extern crate std;
use std::vec;
use std::vec::Vec;

use super::*;

/// Masks, rows divided by `/`, and what `skimage.morphology.skeletonize` makes of them.
const GOLDEN: [[&str; 2]; 3] = [
    [
        "#.#####.....#######.##......########.#/\
         ..#####......########........#######../\
         ..#...........######........########../\
         ..#####.......#####.........########../\
         ..##..........######..........##.#####/\
         ..##..#..........###...........#.###../\
         ..##.......####............#.#########/\
         ######......#.#..#.#.#........##.#####/\
         ####.#........##########......#..#####/\
         ..##.......#################.#...###../\
         #.......#..#..##############.....#####/\
         ##......#####..##############.##.###../\
         ...##..######..#.###################../\
         .......######..#####..################",
        "#..####.....###.....##.......#.......#/\
         ..#............#..##..........#......./\
         ..#.............##.............###..../\
         ..#####...........#............#..#.../\
         ..#............................#...###/\
         ..#...#........................#...#../\
         ..#........###.............#..#####.../\
         #####.........#...............#...#.../\
         ..............#...............#...#.../\
         ............####.............#....#.../\
         #.......#..#....########..........####/\
         .#......#..#...###......##........#.../\
         ...##....##....#.#........#########.../\
         ................#..................###",
    ],
    [
        "..#######..##...##.###.#..#..#.####/\
         #.##.#.##.####.#.#.#.##...##.#..#.#/\
         #.#......#..###.####...#.#.###..###/\
         ###.######..##..#.##.#..#######..##/\
         #...#.#.#.#.#######.####.###.##.#../\
         .######.#.###.#####.#.####.######../\
         .#..#.#.#.##..##.#.###########.##.#/\
         #.##..###..####..####..####.##.#.##/\
         .#.#.##.####.#.#...#.######.#.###../\
         #.####.####..##..#.#######.##....##/\
         ##.##.##.#########...#####...##..##/\
         ...####.###.#.######..#.#####..####",
        "...#####........#...##.#..#..#...#./\
         #.#.....#.##...#.#.#..#...##.#..#.#/\
         #.#......#..###.####...#.#.###...#./\
         ##...#####...#..#.##....######...#./\
         #...#.#.#.#.###.###.####.###.#..#../\
         .######.#..#..#####.#.####.######../\
         .#..#.#.#..#..#..#.###...####..##.#/\
         #.##..###..####...###....#..##.#.#./\
         .#.#..#.#.#..#.#...#.#..###.#.###../\
         #.####.####..##.....####...##....#./\
         .#..#.##.#########......#....##..#./\
         .....#..#.........##.....####..##..",
    ],
    [
        ".................###................/\
         .................###................/\
         .................####.............../\
         ................######............../\
         ................#######............./\
         ...............#########............/\
         ...............#########............/\
         ...............##########.........../\
         ..............############........../\
         ..............#############........./\
         .............###############......../\
         .............###############......../\
         .............################......./\
         ............##################....../\
         ............###################...../\
         ...........#####################..../\
         ...........#####################..../\
         ...........######################.../\
         ..........########################../\
         ..........#########################.",
        "..................#................./\
         ..................#................./\
         ..................#................./\
         ..................#................./\
         ..................#................./\
         ..................#................./\
         ..................#................./\
         ...................#................/\
         ...................#................/\
         ...................#................/\
         ...................#................/\
         ...................#................/\
         ...................#................/\
         ...................#................/\
         ..................#####............./\
         ................##.....##.........../\
         ...............#.........###......../\
         .............##.............##....../\
         ..............................###.../\
         .................................##.",
    ],
];

fn mask(text: &str) -> (Shape, Vec<bool>) {
    let rows: Vec<_> = text.split('/').collect();
    let shape = Shape::new(rows.len() as u32, rows[0].len() as u32).unwrap();
    (shape, rows.concat().bytes().map(|byte| byte == b'#').collect())
}

fn thinned(shape: Shape, mask: &[bool]) -> Vec<bool> {
    let (mut words, mut scratch) = (vec![7; Bits::words(shape)], vec![9; scratch_len(shape)]);
    let mut bits = Bits::new(shape, &mut words, |pixel| mask[pixel]).unwrap();
    thin(&mut bits, &mut scratch).unwrap();
    unpack(&bits)
}

fn unpack(bits: &Bits<'_>) -> Vec<bool> {
    let width = bits.shape().width();
    (0..bits.shape().pixels()).map(|pixel| bits.get(pixel / width, pixel % width)).collect()
}

/// Whether a pixel at an offset is set; outside the frame none is.
fn at(shape: Shape, mask: &[bool], pixel: usize, (down, right): (isize, isize)) -> bool {
    let row = (pixel / shape.width()).checked_add_signed(down);
    let column = (pixel % shape.width()).checked_add_signed(right);
    matches!((row, column), (Some(row), Some(column)) if row < shape.height() && column < shape.width()
        && mask[row * shape.width() + column])
}

fn naive(shape: Shape, mask: &[bool]) -> Vec<bool> {
    let mut mask = mask.to_vec();
    let entry = |mask: &[bool], pixel: usize| {
        let nine = (-1..2).flat_map(|down| (-1..2).map(move |right| (down, right)));
        nine.zip(0..).fold(0, |index, (offset, bit)| index | u32::from(at(shape, mask, pixel, offset)) << bit)
    };
    loop {
        let start = mask.clone();
        for turn in [1, 2] {
            let old = mask.clone();
            for (pixel, set) in mask.iter_mut().enumerate() {
                *set &= turns(entry(&old, pixel)) & turn == 0;
            }
        }
        if mask == start {
            return mask;
        }
    }
}

/// Blobs: a random field, averaged a few times.
fn blobs(shape: Shape, seed: u64) -> Vec<bool> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut field: Vec<bool> = (0..shape.pixels())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 40 & 127 < 62
        })
        .collect();
    for _ in 0..seed % 5 {
        let old = field.clone();
        for (pixel, set) in field.iter_mut().enumerate() {
            let nine = (-1..2).flat_map(|down| (-1..2).map(move |right| (down, right)));
            *set = nine.filter(|offset| at(shape, &old, pixel, *offset)).count() > 4;
        }
    }
    field
}

#[test]
fn equals_scikit_image() {
    for [before, after] in GOLDEN {
        let (shape, before) = mask(before);
        assert_eq!(thinned(shape, &before), mask(after).1);
    }
}

#[test]
fn equals_one_pixel_at_a_time() {
    let shapes =
        [(1, 1), (1, 70), (70, 1), (2, 31), (3, 32), (33, 33), (20, 64), (17, 65), (64, 131), (9, 1060)];
    for (seed, (height, width)) in (0..60).zip(shapes.into_iter().cycle()) {
        let shape = Shape::new(height, width).unwrap();
        let before = blobs(shape, seed);
        assert_eq!(thinned(shape, &before), naive(shape, &before), "{height}x{width}, seed {seed}");
        let full = vec![true; shape.pixels()];
        assert_eq!(thinned(shape, &full), naive(shape, &full));
    }
}

#[test]
fn dilates_by_the_cross() {
    for (seed, (height, width)) in (0..).zip([(1, 1), (1, 33), (6, 1), (9, 64), (8, 45), (5, 97)]) {
        let shape = Shape::new(height, width).unwrap();
        let before = blobs(shape, seed);
        let (mut words, mut scratch) = (vec![0; Bits::words(shape)], vec![9; scratch_len(shape)]);
        let mut bits = Bits::new(shape, &mut words, |pixel| before[pixel]).unwrap();
        dilate(&mut bits, &mut scratch).unwrap();
        let cross = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)];
        let grown = |pixel| cross.into_iter().any(|offset| at(shape, &before, pixel, offset));
        assert_eq!(unpack(&bits), (0..shape.pixels()).map(grown).collect::<Vec<_>>());
        assert_eq!(bits.count(), unpack(&bits).into_iter().filter(|set| *set).count());
    }
}

#[test]
fn refuses_short_scratch() {
    let shape = Shape::new(2, 2).unwrap();
    let mut words = [0; 2];
    let need = scratch_len(shape);
    let mut bits = Bits::new(shape, &mut words, |_| true).unwrap();
    let mut scratch = vec![0; need - 1];
    assert_eq!(thin(&mut bits, &mut scratch), Err(Error::Scratch { need }));
    assert_eq!(dilate(&mut bits, &mut scratch), Err(Error::Scratch { need }));
    assert!(matches!(Bits::new(shape, &mut [0], |_| true), Err(Error::Scratch { need: 2 })));
}
