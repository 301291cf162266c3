//! The outline of the predicted road, from its rows alone.

use crate::error::{Error, Result};
use crate::num::Q16;
use crate::plane::pack_codes;
use crate::view::{Code, Quantised, Shape};

/// Area, boundary and centroid of a mask, row by row; plain data, 32 bytes.
///
/// Two rows of bits are all it needs to see: a row and the one above, 32 pixels to a word, pixel `x` in bit `x % 32` of
/// word `x / 32`, the bits past the width zero. Per word two population counts of differences and one of the row: on a
/// microcontroller about two instructions a pixel.
///
/// ```
/// use segmeter_core::{drift::Outline, view::Shape};
/// let mut outline = Outline::new(Shape::new(3, 4)?);
/// for [above, row] in [[0b0000, 0b0110], [0b0110, 0b0111], [0b0111, 0b0000]] {
///     outline.push_row(&[above], &[row]);
/// }
/// assert_eq!((outline.road(), outline.boundary()), (5, 7));
/// // (0 + 0 + 1 + 1 + 1) / 5 of 3 rows, in steps of 2^-16.
/// assert_eq!(outline.relative_centroid_row().unwrap().raw(), 65536 / 5);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    shape: Shape,
    row: u32,
    road: u32,
    boundary: u32,
    rows: u64,
}

impl Outline {
    /// No row yet.
    #[must_use]
    pub const fn new(shape: Shape) -> Self {
        Self { shape, row: 0, road: 0, boundary: 0, rows: 0 }
    }

    /// An outline that was measured elsewhere, from what [`Outline::road`], [`Outline::boundary`] and [`Outline::rows`] gave.
    ///
    /// # Errors
    /// [`Error::Parameter`]: `road`, `boundary` or `rows` if no frame of this shape has so many.
    pub fn from_sums(shape: Shape, road: u32, boundary: u32, rows: u64) -> Result<Self> {
        let (height, width, pixels) = (shape.height() as u64, shape.width() as u64, shape.pixels() as u64);
        // Between neighbours in a row, and in a column.
        let sides = (height * (width - 1)).saturating_add((height - 1) * width);
        let named = [
            (u64::from(road) <= pixels, "road"),
            (u64::from(boundary) <= sides, "boundary"),
            (rows <= u64::from(road) * (height - 1), "rows"),
        ];
        match named.iter().find(|(holds, _)| !holds) {
            Some((_, name)) => Err(Error::Parameter(name)),
            None => Ok(Self { shape, row: u32::try_from(height).unwrap_or(u32::MAX), road, boundary, rows }),
        }
    }

    /// Words of scratch that [`Outline::of`] needs: two rows of bits.
    #[must_use]
    pub const fn scratch_len(width: usize) -> usize {
        2 * width.div_ceil(32)
    }

    /// The outline of "logit above 0" of a whole frame.
    ///
    /// # Errors
    /// [`Error::Scratch`].
    pub fn of<Q: Code>(frame: &Quantised<'_, Q>, scratch: &mut [u32]) -> Result<Self> {
        let (mut outline, width) = (Self::new(frame.shape()), frame.shape().width());
        let need = Self::scratch_len(width);
        let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
        let (mut above, mut row) = scratch.split_at_mut_checked(need / 2).ok_or(Error::Scratch { need })?;
        for codes in frame.codes().chunks(width.max(1)) {
            pack_codes(codes, frame.quantiser(), row)?;
            outline.push_row(above, row);
            core::mem::swap(&mut above, &mut row);
        }
        Ok(outline)
    }

    /// Adds the next row; of the first one nothing is above.
    pub fn push_row(&mut self, above: &[u32], row: &[u32]) {
        let (mut road, mut sides, mut before) = (0u32, 0u32, 0u32);
        for (word, above) in row.iter().zip(above) {
            road += word.count_ones();
            // Where a pixel differs from the one to its left. The frame is no boundary.
            sides += (word ^ (word << 1 | before)).count_ones();
            before = word >> 31;
            if self.row != 0 {
                sides += (word ^ above).count_ones();
            }
        }
        let last = self.shape.width() - 1;
        let set = |x: usize| row.get(x / 32).map_or(0, |word| word >> (x % 32) & 1);
        // The right end of a row that fills its last word was not counted.
        let right = if last % 32 == 31 { 0 } else { set(last) };
        self.boundary = self.boundary.saturating_add(sides.saturating_sub(set(0) + right));
        self.road = self.road.saturating_add(road);
        self.rows = self.rows.saturating_add(u64::from(road) * u64::from(self.row));
        self.row = self.row.saturating_add(1);
    }

    /// The shape of the frame.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Pixels of road.
    #[must_use]
    pub const fn road(&self) -> u32 {
        self.road
    }

    /// Sides of pixels between road and what is none, inside the frame.
    #[must_use]
    pub const fn boundary(&self) -> u32 {
        self.boundary
    }

    /// Sum of the rows of pixels of road, counted from 0.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// [`Outline::boundary`] per pixel of the frame, in [0, 2): it grows with ragged edges and with fragments.
    #[must_use]
    pub fn boundary_density(&self) -> Q16 {
        Q16::ratio(self.boundary.into(), self.shape.pixels() as u64)
    }

    /// The mean row of the road as a share of the height, in [0, 1); `None` without road. It moves with the pitch of the
    /// camera and with hills.
    #[must_use]
    pub fn relative_centroid_row(&self) -> Option<Q16> {
        let pixels = u64::from(self.road) * self.shape.height() as u64;
        (pixels != 0).then(|| Q16::ratio(self.rows.cast_signed(), pixels))
    }
}
