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

/// For the nine pixels of a neighbourhood in row order, lowest bit first: which sub-iterations remove the centre, 1 the
/// first, 2 the second, 3 both.
fn turns(nine: u32) -> u8 {
    // Once around from the north, clockwise.
    let (n, ne, e, se) = (nine >> 1 & 1, nine >> 2 & 1, nine >> 5 & 1, nine >> 8 & 1);
    let (s, sw, w, nw) = (nine >> 7 & 1, nine >> 6 & 1, nine >> 3 & 1, nine & 1);
    let ring = n | ne << 1 | e << 2 | se << 3 | s << 4 | sw << 5 | w << 6 | nw << 7;
    let next = ring >> 1 | n << 7;
    let (neighbours, strokes) = (ring.count_ones(), (!ring & next).count_ones());
    match ring {
        // Where scikit-image departs from the paper.
        24 | 192 => 0,
        3 | 6 | 7 | 67 | 97 | 99 | 129 | 133 | 193 | 208 => 1,
        12 | 13 | 28 | 48 | 52 | 54 | 88 | 96 | 112 => 2,
        5 | 20 | 65 | 80 => 3,
        _ if !(2..=6).contains(&neighbours) || strokes != 1 => 0,
        _ => {
            let first = n * e * s == 0 && e * s * w == 0;
            let second = n * e * w == 0 && n * s * w == 0;
            first as u8 | (second as u8) << 1
        }
    }
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

/// Every neighbourhood, at every place of a word.
#[test]
fn equals_the_table() {
    for nine in 0..512 {
        for place in 0..32 {
            let rows = [0, 3, 6].map(|first| {
                let at = |column: u32| (nine >> (first + column) & 1) << place;
                [at(0), at(1), at(2)]
            });
            let centre = nine >> 4 & 1 == 1;
            for (second, turn) in [(false, 1), (true, 2)] {
                let gone = u32::from(centre && turns(nine) & turn != 0) << place;
                assert_eq!(removable(rows, second), gone, "{nine:09b}, {second}");
            }
        }
    }
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
    let wide =
        [(1, 1), (1, 70), (2, 31), (3, 32), (20, 64), (17, 65), (64, 131), (9, 1060), (5, 1024), (6, 2049)];
    let tall = [
        (70, 1),
        (33, 33),
        (63, 32),
        (65, 3),
        (127, 63),
        (128, 64),
        (129, 65),
        (255, 31),
        (256, 34),
        (257, 2),
    ];
    let shapes = wide.into_iter().zip(tall).flat_map(|(wide, tall)| [wide, tall]).cycle();
    for (seed, (height, width)) in (0..60).zip(shapes) {
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
