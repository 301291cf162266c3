//! Maps that losses weigh pixels by: functions of the labels, written once per frame as one `f32` per pixel.
//!
//! Labels come as ids from a closure; [`IGNORE`] stands for a pixel without a label, which belongs to no
//! class, which nothing is measured to, and where every map is 0.

use core::ops::Range;

use crate::error::{Error, Result};
use crate::plane::{Bits, distance, edge, ones, skeleton};
use crate::view::{IGNORE, Shape};

/// What the inside of a signed distance holds; outside it is the distance `d` to the nearest pixel of the
/// class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Convention {
    /// `-(d - 1)`, so that it is 0 on the innermost side of the contour (Kervadec et al. 2019).
    #[default]
    Kervadec,
    /// `-d`, so that it steps from -1 to 1 across the contour.
    Plain,
}

/// Scratch words of [`signed_distance`] and [`distance_penalty`]: one per pixel and two per column.
#[must_use]
pub const fn distance_scratch_len(shape: Shape) -> usize {
    shape.pixels().saturating_add(distance::scratch_len(shape))
}

/// Scratch words of [`tubes`]: one bit per pixel, and what thinning needs.
#[must_use]
pub const fn tube_scratch_len(shape: Shape) -> usize {
    Bits::words(shape).saturating_add(skeleton::scratch_len(shape))
}

/// The signed distance of every pixel to the contour of a class: positive outside, negative inside.
///
/// 0 everywhere if the class has no pixel, or no other class has one. Two distance transforms.
///
/// # Errors
/// [`Error::Length`], [`Error::Scratch`], and [`Error::Unsupported`] from [`distance::squared`].
///
/// ```
/// use segmeter_core::{loss::boundary::maps::{self, Convention}, view::{IGNORE, Shape}};
/// let shape = Shape::new(1, 7)?;
/// let ids = |pixel: usize| [0, 0, 0, 1, 1, IGNORE, 1][pixel];
/// let (mut scratch, mut map) = (vec![0; maps::distance_scratch_len(shape)], [0.0; 7]);
/// maps::signed_distance(shape, ids, 1, Convention::Kervadec, &mut scratch, &mut map)?;
/// assert_eq!(map, [3.0, 2.0, 1.0, 0.0, -1.0, 0.0, -3.0]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn signed_distance(
    shape: Shape,
    ids: impl Fn(usize) -> u8,
    class: u8,
    convention: Convention,
    scratch: &mut [u32],
    out: &mut [f32],
) -> Result<()> {
    let (plane, rest) = distance_scratch(shape, scratch)?;
    check(shape, out)?;
    out.fill(0.0);
    let other = |pixel: usize| !matches!(ids(pixel), id if id == class || id == IGNORE);
    let inner = match convention {
        Convention::Kervadec => 1.0,
        Convention::Plain => 0.0,
    };
    if !distance::squared(shape, other, rest, plane)? {
        return Ok(());
    }
    for (pixel, (slot, square)) in out.iter_mut().zip(plane.iter()).enumerate() {
        if ids(pixel) == class {
            *slot = inner - root(*square);
        }
    }
    if !distance::squared(shape, |pixel| ids(pixel) == class, rest, plane)? {
        return Ok(());
    }
    for (pixel, (slot, square)) in out.iter_mut().zip(plane.iter()).enumerate() {
        if other(pixel) {
            *slot = root(*square);
        }
    }
    Ok(())
}

/// How near every pixel is to another class, from 0 in the depth of its own to 1 at the contour.
///
/// With the distance `d` to the nearest pixel of another class, `(max d - d) / max (max d - d)`, both maxima
/// over the pixels of the class; 0 where that is 0/0 or there is no other class. Binary labels are two
/// classes. One distance transform per class that has pixels. Source: Caliva et al. 2019.
///
/// # Errors
/// As for [`signed_distance`].
///
/// ```
/// use segmeter_core::{loss::boundary::maps, view::Shape};
/// let shape = Shape::new(1, 8)?;
/// let ids = |pixel: usize| [0, 0, 0, 0, 0, 1, 1, 1][pixel];
/// let (mut scratch, mut map) = (vec![0; maps::distance_scratch_len(shape)], [0.0; 8]);
/// maps::distance_penalty(shape, ids, 2, &mut scratch, &mut map)?;
/// assert_eq!(map, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.0]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn distance_penalty(
    shape: Shape,
    ids: impl Fn(usize) -> u8,
    classes: u8,
    scratch: &mut [u32],
    out: &mut [f32],
) -> Result<()> {
    let (plane, rest) = distance_scratch(shape, scratch)?;
    check(shape, out)?;
    out.fill(0.0);
    for class in 0..classes {
        let own = |pixel: usize| ids(pixel) == class;
        let other = |pixel: usize| !matches!(ids(pixel), id if id == class || id == IGNORE);
        if !(0..shape.pixels()).any(own) || !distance::squared(shape, other, rest, plane)? {
            continue;
        }
        let (mut nearest, mut furthest) = (distance::NONE, 0);
        for (_, square) in plane.iter().enumerate().filter(|(pixel, _)| own(*pixel)) {
            (nearest, furthest) = (nearest.min(*square), furthest.max(*square));
        }
        if nearest == furthest {
            continue;
        }
        let (depth, range) = (root(furthest), root(furthest) - root(nearest));
        for (pixel, (slot, square)) in out.iter_mut().zip(plane.iter()).enumerate() {
            if own(pixel) {
                *slot = (depth - root(*square)) / range;
            }
        }
    }
    Ok(())
}

/// 1 at the pixels with a 4-neighbour of another class, 0 elsewhere: [`edge::visit`] as a map.
///
/// # Errors
/// [`Error::Length`].
///
/// ```
/// use segmeter_core::{loss::boundary::maps, view::Shape};
/// let mut map = [0.0; 6];
/// maps::edges(Shape::new(1, 6)?, |pixel| [0, 0, 1, 2, 2, 2][pixel], &mut map)?;
/// assert_eq!(map, [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn edges(shape: Shape, ids: impl Fn(usize) -> u8, out: &mut [f32]) -> Result<()> {
    check(shape, out)?;
    edge::visit(shape, ids, |pixel, _, edge| {
        if let Some(slot) = out.get_mut(pixel) {
            *slot = f32::from(u8::from(edge));
        }
    });
    Ok(())
}

/// 1 in the tube of every class: its skeleton, dilated `dilations` times by the 4-neighbour cross, inside its
/// mask.
///
/// The tubes of different classes do not meet, so one map serves all of `classes`. Source: Kirchhoff et al.
/// 2024.
///
/// # Errors
/// [`Error::Length`], [`Error::Scratch`].
///
/// ```
/// use segmeter_core::{loss::boundary::maps, view::Shape};
/// let shape = Shape::new(5, 6)?;
/// let (mut scratch, mut map) = (vec![0; maps::tube_scratch_len(shape)], [0.0; 30]);
/// maps::tubes(shape, |pixel| u8::from(pixel < 24), 1..2, 0, &mut scratch, &mut map)?;
/// assert_eq!(map.iter().sum::<f32>(), 3.0);
/// maps::tubes(shape, |pixel| u8::from(pixel < 24), 1..2, 1, &mut scratch, &mut map)?;
/// assert_eq!(map.iter().sum::<f32>(), 11.0);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn tubes(
    shape: Shape,
    ids: impl Fn(usize) -> u8,
    classes: Range<u8>,
    dilations: u32,
    scratch: &mut [u32],
    out: &mut [f32],
) -> Result<()> {
    let need = tube_scratch_len(shape);
    let scratch = scratch.get_mut(..need).and_then(|s| s.split_at_mut_checked(Bits::words(shape)));
    let (words, rest) = scratch.ok_or(Error::Scratch { need })?;
    check(shape, out)?;
    out.fill(0.0);
    for class in classes {
        let mut bits = Bits::new(shape, words, |pixel| ids(pixel) == class)?;
        if bits.count() == 0 {
            continue;
        }
        skeleton::thin(&mut bits, rest)?;
        for _ in 0..dilations {
            skeleton::dilate(&mut bits, rest)?;
        }
        for row in 0..shape.height() {
            for (word, first) in bits.row(row).iter().zip((row * shape.width()..).step_by(32)) {
                for pixel in ones(*word).map(|bit| first + bit as usize).filter(|pixel| ids(*pixel) == class)
                {
                    if let Some(slot) = out.get_mut(pixel) {
                        *slot = 1.0;
                    }
                }
            }
        }
    }
    Ok(())
}

fn check(shape: Shape, out: &[f32]) -> Result<()> {
    let (expected, found) = (shape.pixels(), out.len());
    if expected == found { Ok(()) } else { Err(Error::Length { expected, found }) }
}

/// The plane of distances, and the scratch of the transform.
fn distance_scratch(shape: Shape, scratch: &mut [u32]) -> Result<(&mut [u32], &mut [u32])> {
    let need = distance_scratch_len(shape);
    scratch
        .get_mut(..need)
        .and_then(|s| s.split_at_mut_checked(shape.pixels()))
        .ok_or(Error::Scratch { need })
}

/// The distance of its square. Correctly rounded on every machine.
fn root(square: u32) -> f32 {
    libm::sqrtf(square as f32)
}
