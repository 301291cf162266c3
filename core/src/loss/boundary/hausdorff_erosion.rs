//! Hausdorff distance by erosion: how many erosions the error survives.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::grid::{get, pixels, scored, split, start};
use crate::loss::{ClassPlane, SpatialLoss};
use crate::num::ExactSum;
use crate::view::Shape;
use bytemuck::must_cast_slice_mut;

/// `sum(w sum over k of k^exponent e_k) / sum(w)` for `k` from 1 to `erosions`.
///
/// `e_0 = (p - g)^2`. Each soft erosion takes a fifth of the sum over a pixel and its 4 neighbours, less a half,
/// 0 where negative, and then maps the frame's minimum to 0 and its maximum to 1 (`e_k = (r - min) / (max - min)`,
/// as it is if they are equal). Outside the frame, and where a pixel is not scored, every `e_k` is 0; such pixels
/// take no part in minimum, maximum and mean.
///
/// The derivative goes through all of it, minimum and maximum included (to their first place in row order). Each
/// erosion magnifies what comes in at least twofold, rounding errors too: the recursion is in `f64`. Its stages
/// are kept in scratch, as `f32`, for the way back.
///
/// Range `[0, inf)`. Scratch: `erosions + 6` words per pixel and 4 per erosion. Passes: 2, and 2 per erosion that
/// leaves anything; 3 more per such erosion with derivative. Source: Karimi and Salcudean 2019, in the form of
/// kornia.
///
/// ```
/// use segmeter_core::{loss::{ClassPlane, HausdorffErosion, SpatialLoss}, view::Shape};
/// let (shape, mut slope) = (Shape::new(3, 3)?, [0.0; 9]);
/// let plane = ClassPlane::checked(shape, &[-0.125; 9], &[0.0; 9], &[1.0; 9])?;
/// let loss = HausdorffErosion::PAPER;
/// let value = loss.evaluate(&plane, &mut [0; 9 * 14 + 40], Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(0.74379086));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HausdorffErosion {
    exponent: f32,
    erosions: u32,
}

impl HausdorffErosion {
    /// Exponent 2, 10 erosions.
    pub const PAPER: Self = Self { exponent: 2.0, erosions: 10 };
    /// The most erosions.
    pub const MAX_EROSIONS: u32 = 64;

    /// `exponent` in `[0, 8]`, `erosions` in `[1, MAX_EROSIONS]`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32, erosions: u32) -> Result<Self> {
        if !(exponent >= 0.0 && exponent <= 8.0) {
            return Err(Error::Parameter("exponent"));
        }
        if erosions == 0 || erosions > Self::MAX_EROSIONS {
            return Err(Error::Parameter("erosions"));
        }
        Ok(Self { exponent, erosions })
    }

    fn factor(&self, stage: usize) -> f64 {
        libm::pow(stage as f64 + 1.0, f64::from(self.exponent))
    }
}

/// Words of a [`Record`].
const RECORD: usize = 4;

/// How a stage was normalised.
#[derive(Clone, Copy)]
struct Record {
    greatest: u32,
    /// `u32::MAX` if the minimum is 0, which nothing passes.
    least: u32,
    /// 0 if the stage was left as it is.
    range: f64,
}

impl Record {
    fn pack(self) -> [u32; RECORD] {
        let [low, high] = pack(self.range);
        [self.greatest, self.least, low, high]
    }
    fn unpack([greatest, least, low, high]: [u32; RECORD]) -> Self {
        Self { greatest, least, range: unpack([low, high]) }
    }
}

fn pack(x: f64) -> [u32; 2] {
    let bits = x.to_bits();
    [bits as u32, (bits >> 32) as u32]
}

fn unpack([low, high]: [u32; 2]) -> f64 {
    f64::from_bits(u64::from(high) << 32 | u64::from(low))
}

/// A plane of `f64`.
type Wide<'a> = &'a mut [[u32; 2]];

fn at(plane: &[[u32; 2]], pixel: usize) -> f64 {
    unpack(get(plane, pixel))
}

/// A fifth of the sum over a pixel and its 4 neighbours.
fn blur(plane: &[[u32; 2]], shape: Shape, (y, x): (usize, usize)) -> f64 {
    let (width, pixel) = (shape.width(), y * shape.width() + x);
    let beside = |inside: bool, place: usize| if inside { at(plane, place) } else { 0.0 };
    let row = at(plane, pixel) + beside(x > 0, pixel.wrapping_sub(1)) + beside(x + 1 < width, pixel + 1);
    0.2 * (row + beside(y > 0, pixel.wrapping_sub(width)) + at(plane, pixel + width))
}

/// `p - g` of a pixel.
fn error(plane: &ClassPlane<'_>, pixel: usize) -> f64 {
    let (p, c) = (f64::from(plane.probability(pixel)), f64::from(plane.complement(pixel)));
    let g = f64::from(plane.target(pixel));
    if c < 0.5 { (1.0 - g) * (1.0 - c) - g * c } else { (1.0 - g) * p - g * (1.0 - p) }
}

/// Erodes `from` to `to` without normalising it; where the extremes are.
fn erode(plane: &ClassPlane<'_>, from: &[[u32; 2]], to: Wide<'_>) -> ([f64; 2], Record) {
    let mut extremes: Option<[(f64, u32); 2]> = None;
    for ((y, x, pixel), slot) in pixels(plane.shape()).zip(to) {
        *slot = [0; 2];
        if !scored(plane, pixel) {
            continue;
        }
        let rest = blur(from, plane.shape(), (y, x)) - 0.5;
        let new = (if rest > 0.0 { rest } else { 0.0 }, pixel as u32);
        *slot = pack(new.0);
        let [least, greatest] = extremes.unwrap_or([new; 2]);
        extremes = Some([
            if new.0 < least.0 { new } else { least },
            if new.0 > greatest.0 { new } else { greatest },
        ]);
    }
    let [least, greatest] = extremes.unwrap_or_default();
    let record = Record {
        greatest: greatest.1,
        least: if least.0 > 0.0 { least.1 } else { u32::MAX },
        range: greatest.0 - least.0,
    };
    ([least.0, greatest.0], record)
}

/// From the derivative with respect to `e_k`, whose values are `kept`, to that with respect to `e_(k-1)`.
fn back(plane: &ClassPlane<'_>, kept: &[f32], record: Record, over: Wide<'_>, earlier: Wide<'_>) {
    let [mut through_greatest, mut through_least] = [0.0; 2];
    let scale = if record.range > 0.0 { 1.0 / record.range } else { 1.0 };
    for (slot, e) in over.iter_mut().zip(kept) {
        let (slope, e) = (unpack(*slot), f64::from(*e));
        through_greatest -= slope * e * scale;
        through_least -= slope * (1.0 - e) * scale;
        let passes = e > 0.0 || record.least != u32::MAX;
        *slot = pack(if passes { slope * scale } else { 0.0 });
    }
    if record.range > 0.0 {
        for (place, through) in [(record.greatest, through_greatest), (record.least, through_least)] {
            if let Some(slot) = over.get_mut(place as usize) {
                *slot = pack(unpack(*slot) + through);
            }
        }
    }
    for ((y, x, pixel), slot) in pixels(plane.shape()).zip(earlier) {
        *slot = if scored(plane, pixel) { pack(blur(over, plane.shape(), (y, x))) } else { [0; 2] };
    }
}

impl SpatialLoss for HausdorffErosion {
    /// Two planes of `f64`, one of `f32` and a record per erosion.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        let erosions = self.erosions as usize;
        (erosions + 4) * shape.pixels() + RECORD * erosions
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let total = match start(plane, slope.as_deref_mut()) {
            Ok(total) => total,
            Err(early) => return early,
        };
        let (length, erosions) = (plane.shape().pixels(), self.erosions as usize);
        let (records, scratch) = scratch.split_at_mut_checked(RECORD * erosions)?;
        let records = records.as_chunks_mut::<RECORD>().0;
        let (wide, kept) = scratch.split_at_mut_checked(4 * length)?;
        let [mut from, mut to] = split(wide, 2 * length)?.map(|words| words.as_chunks_mut::<2>().0);
        let kept = must_cast_slice_mut::<u32, f32>(kept.get_mut(..erosions * length)?);

        for (pixel, slot) in from.iter_mut().enumerate() {
            let e = error(plane, pixel);
            *slot = pack(if scored(plane, pixel) { e * e } else { 0.0 });
        }
        let (mut value, mut stages) = (0.0, 0);
        for (kept, slot) in kept.chunks_exact_mut(length.max(1)).zip(records.iter_mut()) {
            let ([least, greatest], record) = erode(plane, from, to);
            if greatest <= 0.0 {
                break;
            }
            *slot = record.pack();
            let mut sum = ExactSum::default();
            for ((pixel, slot), kept) in to.iter_mut().enumerate().zip(kept) {
                let weight = plane.weight(pixel);
                let rest = unpack(*slot);
                let e = if weight > 0.0 && record.range > 0.0 { (rest - least) / record.range } else { rest };
                *slot = pack(e);
                *kept = e as f32;
                sum.add(weight * *kept);
            }
            value += self.factor(stages) * sum.value();
            stages += 1;
            core::mem::swap(&mut from, &mut to);
        }
        if let Some(slope) = slope {
            from.fill([0; 2]);
            let kept = kept.chunks_exact(length.max(1));
            for (stage, (kept, record)) in kept.zip(records.iter()).enumerate().take(stages).rev() {
                let factor = self.factor(stage) / total;
                for (pixel, slot) in from.iter_mut().enumerate() {
                    *slot = pack(unpack(*slot) + factor * f64::from(plane.weight(pixel)));
                }
                back(plane, kept, Record::unpack(*record), from, to);
                core::mem::swap(&mut from, &mut to);
            }
            for ((pixel, slope), over) in slope.iter_mut().enumerate().zip(from.iter()) {
                let bounded = (2.0 * error(plane, pixel) * unpack(*over)).clamp(-LARGEST, LARGEST);
                *slope = bounded as f32;
            }
        }
        Some(value / total)
    }
}

crate::loss::spatial::spatial_loss!(HausdorffErosion);

/// Small ranges of many stages can make a derivative larger than any `f32`.
const LARGEST: f64 = f32::MAX as f64;

pub(in crate::loss) const HAUSDORFF_EROSION: Listed<HausdorffErosion> = Listed {
    entry: Entry {
        name: "hausdorff_erosion",
        passes: "per class: 2 + 1, and 2 + 3 per erosion that leaves anything",
        quantised: false,
        scratch: "u32[(6+erosions)*pixels+4*erosions]",
        parameters: &[
            Parameter::number("exponent", 2.0, "[0,8]", "power of the number of erosions"),
            Parameter::number("erosions", 10.0, "[1,64]", "how often the error is eroded"),
        ],
        definition: "mean of sum_k k^exponent e_k, e_k the k times eroded squared error, scaled to [0,1]",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    make: |values| HausdorffErosion::new(values.float("exponent")?, values.whole("erosions")?),
};
