//! The maps against their definitions.

extern crate std;
use std::vec;
use std::vec::Vec;

use super::super::maps::{self, Convention};
use super::Case;
use crate::error::Error;
use crate::view::{IGNORE, Shape};

/// Maps of random labels with ignored pixels against their definitions.
#[test]
fn maps_agree_with_the_reference() {
    for seed in 0..150 {
        let case = Case::random(seed);
        let shape = Shape::new(case.height as u32, case.width as u32).unwrap();
        let classes = 1 + (seed % 4) as u8;
        let id = |pixel: usize| match (case.w[pixel], case.p[pixel]) {
            (0.0, _) => IGNORE,
            (_, p) => (p * f64::from(classes)) as u8,
        };
        let to = |pixel: usize, own: bool, class: u8| {
            case.nearest(pixel, |other| id(other) != IGNORE && (id(other) == class) == own)
        };
        let mut scratch = vec![3; maps::distance_scratch_len(shape)];
        let mut map = vec![f32::NAN; shape.pixels()];
        for class in 0..classes {
            for (convention, inner) in [(Convention::Kervadec, 1.0), (Convention::Plain, 0.0)] {
                maps::signed_distance(shape, id, class, convention, &mut scratch, &mut map).unwrap();
                let present = (0..map.len()).any(|pixel| id(pixel) == class);
                for (pixel, phi) in map.iter().enumerate() {
                    let expected = match id(pixel) {
                        IGNORE => 0.0,
                        own if own == class => to(pixel, false, class).map_or(0.0, |d| inner - d),
                        _ if present => to(pixel, true, class).unwrap(),
                        _ => 0.0,
                    };
                    assert!((f64::from(*phi) - expected).abs() < 1e-5, "{seed} {pixel} {phi} {expected}");
                }
            }
        }
        maps::distance_penalty(shape, id, classes, &mut scratch, &mut map).unwrap();
        for (pixel, phi) in map.iter().enumerate() {
            let class = id(pixel);
            let own = (0..map.len()).filter(|other| class != IGNORE && id(*other) == class);
            let distances: Vec<f64> = own.filter_map(|other| to(other, false, class)).collect();
            let furthest = distances.iter().copied().fold(0.0, f64::max);
            let range = distances.iter().map(|d| furthest - d).fold(0.0, f64::max);
            let own = to(pixel, false, class).filter(|_| range > 0.0);
            let expected = own.map_or(0.0, |d| (furthest - d) / range);
            assert!((f64::from(*phi) - expected).abs() < 1e-5, "{seed} {pixel} {phi} {expected}");
        }
    }
}

/// The tube of a class lies inside its mask, holds its skeleton, and does not depend on the other classes.
#[test]
fn tubes_of_several_classes_share_a_map() {
    let shape = Shape::new(12, 70).unwrap();
    let id = |pixel: usize| match (pixel / 70, pixel % 70) {
        (0, _) => IGNORE,
        (_, column) => (column / 20) as u8,
    };
    let tube = |classes: core::ops::Range<u8>, dilations: u32| {
        let (mut scratch, mut map) = (vec![5; maps::tube_scratch_len(shape)], vec![f32::NAN; 840]);
        maps::tubes(shape, id, classes, dilations, &mut scratch, &mut map).unwrap();
        map
    };
    let all = tube(1..4, 2);
    let each = [tube(1..2, 2), tube(2..3, 2), tube(3..4, 2)];
    for (pixel, value) in all.iter().enumerate() {
        assert_eq!(value.to_bits(), each.iter().map(|map| map[pixel]).sum::<f32>().to_bits());
        assert!(*value == 0.0 || (1..4).contains(&id(pixel)));
        assert!(tube(1..4, 0)[pixel] <= *value);
    }
    assert!(all.iter().sum::<f32>() > 50.0);
}

#[test]
fn maps_refuse_wrong_lengths() {
    let shape = Shape::new(2, 3).unwrap();
    let need = maps::distance_scratch_len(shape);
    let (mut scratch, mut map) = (vec![0; need], vec![0.0; 6]);
    let id = |pixel: usize| u8::from(pixel == 1);
    let plain = Convention::Plain;
    let short = &mut scratch[..need - 1];
    assert_eq!(maps::signed_distance(shape, id, 1, plain, short, &mut map), Err(Error::Scratch { need }));
    assert_eq!(maps::distance_penalty(shape, id, 2, short, &mut map), Err(Error::Scratch { need }));
    let length = Err(Error::Length { expected: 6, found: 5 });
    assert_eq!(maps::signed_distance(shape, id, 1, plain, &mut scratch, &mut map[..5]), length);
    assert_eq!(maps::distance_penalty(shape, id, 2, &mut scratch, &mut map[..5]), length);
    assert_eq!(maps::edges(shape, id, &mut map[..5]), length);
    assert_eq!(maps::tubes(shape, id, 0..2, 1, &mut vec![0; 99], &mut map[..5]), length);
    let need = maps::tube_scratch_len(shape);
    assert_eq!(
        maps::tubes(shape, id, 0..2, 1, &mut vec![0; need - 1], &mut map),
        Err(Error::Scratch { need })
    );
}
