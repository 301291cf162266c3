//! One direction of the image: between which scores a pixel lies, and where.

use super::Interpolation;

/// The pixels of one direction. A cell lies between a score and the next; there is at least one, whose ends are the same if
/// there is one score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Scores, at least 1.
    length: u32,
    factor: u32,
    aligned: bool,
}

impl Axis {
    /// Image sides fit 16 bits, so that nothing here leaves 32.
    pub(super) const fn new(length: usize, factor: usize, interpolation: Interpolation) -> Self {
        let aligned = matches!(interpolation, Interpolation::AlignedCorners);
        Self { length: length as u32, factor: factor as u32, aligned }
    }

    /// Cells.
    pub(super) const fn cells(&self) -> usize {
        if self.length < 2 { 1 } else { self.length as usize - 1 }
    }

    /// Parts that the way from a score to the next is divided into: two for every pixel, of which one lies between
    /// half-pixel centres, or one for every step of the whole image.
    pub(super) const fn parts(&self) -> u32 {
        let parts = if self.aligned { self.length * self.factor - 1 } else { 2 * self.factor };
        if parts == 0 { 1 } else { parts }
    }

    /// Parts from a pixel to the next.
    const fn step(&self) -> u32 {
        if self.aligned { self.length - 1 } else { 2 }
    }

    /// Parts from the first score to a pixel; those outside are as far as the outermost score.
    const fn place(&self, pixel: usize) -> u32 {
        let place = self.step() * pixel as u32;
        if self.aligned {
            return place;
        }
        let (place, last) = ((place + 1).saturating_sub(self.factor), self.parts() * (self.length - 1));
        if place < last { place } else { last }
    }

    /// The cell of a pixel, and the parts from its first score.
    pub(super) fn at(&self, pixel: usize) -> (usize, u32) {
        let (place, parts) = (self.place(pixel), self.parts());
        let cell = (place / parts.max(1)).min(self.cells() as u32 - 1);
        (cell as usize, place - cell * parts)
    }

    /// The first pixel after a cell.
    pub(super) const fn end(&self, cell: usize) -> usize {
        let next = cell as u32 + 1;
        if next as usize >= self.cells() {
            return (self.length * self.factor) as usize;
        }
        let end = if self.aligned {
            (next * self.parts()).div_ceil(if self.step() == 0 { 1 } else { self.step() })
        } else {
            self.factor * (2 * next + 1) / 2
        };
        end as usize
    }

    /// Where the pixels of a cell lie between its ends, of which the first is `start`.
    #[inline(always)]
    pub(super) const fn weights(&self, cell: usize, start: usize) -> Weights {
        let (parts, step) = (self.parts() as i32, self.step() as i32);
        let behind = if self.aligned { 0 } else { self.factor as i32 - 1 };
        Weights { first: step * start as i32 - behind - parts * cell as i32, step, parts }
    }
}

/// Parts from the first score of a cell to its pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Of the first pixel; below 0 if it lies outside of all scores.
    pub(super) first: i32,
    pub(super) step: i32,
    pub(super) parts: i32,
}

impl Weights {
    /// To a pixel, counted from the first of the cell.
    #[inline(always)]
    pub(super) fn at(&self, pixel: usize) -> i32 {
        (self.first + self.step * pixel as i32).clamp(0, self.parts.max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definitions, in fractions.
    #[test]
    fn pixels_lie_where_they_should() {
        for interpolation in [Interpolation::HalfPixel, Interpolation::AlignedCorners] {
            for (length, factor) in (1..6).flat_map(|length| (1..17).map(move |factor| (length, factor))) {
                let axis = Axis::new(length, factor, interpolation);
                let size = length * factor;
                let mut ended = 0;
                for pixel in 0..size {
                    let (cell, weight) = axis.at(pixel);
                    let found = cell as f64 + f64::from(weight) / f64::from(axis.parts());
                    let source = match interpolation {
                        Interpolation::HalfPixel => (pixel as f64 + 0.5) / factor as f64 - 0.5,
                        _ if size == 1 => 0.0,
                        _ => pixel as f64 * (length as f64 - 1.0) / (size as f64 - 1.0),
                    };
                    let expected = source.clamp(0.0, length as f64 - 1.0);
                    assert!((found - expected).abs() < 1e-12, "{interpolation:?} {length}x{factor} {pixel}");
                    assert!(cell < axis.cells() && weight <= axis.parts());
                    while pixel >= axis.end(ended) {
                        ended += 1;
                    }
                    assert_eq!(ended, cell, "{interpolation:?} {length}x{factor} {pixel}");
                    // Both ends of the cell of a single score are the same.
                    assert!(length == 1 || axis.weights(cell, pixel).at(0) == weight as i32);
                }
                assert_eq!(axis.end(axis.cells() - 1), size);
            }
        }
    }
}
