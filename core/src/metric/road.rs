//! The shape of a road for the vehicle on it: the free corridor in every row, and how far down the road comes in every
//! column. Streaming, a `u16` per row or column in buffers of the caller.

use crate::error::{Error, Result};

/// A row or column without road.
pub const NONE: u16 = u16::MAX;

/// The corridor of a row: the run of road that holds the ego column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Corridor {
    /// Pixels of road in a row from the ego column to the left, itself not counted; [`NONE`] without a corridor.
    pub left: u16,
    /// The same to the right.
    pub right: u16,
}

impl Corridor {
    /// No road at the ego column.
    pub const EMPTY: Self = Self { left: NONE, right: NONE };

    /// The corridor of a row of `width` pixels; `road` says of a column whether it is road.
    #[must_use]
    pub fn of(width: usize, ego: usize, road: impl Fn(usize) -> bool) -> Self {
        if ego >= width || !road(ego) {
            return Self::EMPTY;
        }
        let count = |pixels: usize| pixels.min(usize::from(NONE - 1)) as u16;
        let left = (0..ego).rev().take_while(|column| road(*column)).count();
        let right = (ego + 1..width).take_while(|column| road(*column)).count();
        Self { left: count(left), right: count(right) }
    }

    /// Pixels of the corridor; 0 without one.
    #[must_use]
    pub const fn width(self) -> u16 {
        if self.left == NONE { 0 } else { self.left.saturating_add(self.right).saturating_add(1) }
    }
}

/// Takes a mask row by row, and writes the profile of its road.
///
/// ```
/// use segmeter_core::metric::road::{NONE, RoadProfile};
/// let (mut left, mut right, mut lowest) = ([0; 3], [0; 3], [0; 5]);
/// let mut profile = RoadProfile::new(2, [&mut left, &mut right], &mut lowest)?;
/// for row in [b".....", b"..##.", b".###."] {
///     profile.push_row(|column| row[column] == b'#')?;
/// }
/// assert_eq!((left, right), ([NONE, 0, 1], [NONE, 1, 1]));
/// assert_eq!(lowest, [NONE, 2, 2, 2, NONE]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RoadProfile<'a> {
    ego: usize,
    offsets: [&'a mut [u16]; 2],
    lowest: &'a mut [u16],
    row: usize,
}

impl<'a> RoadProfile<'a> {
    /// No row yet. `offsets` are those of the left and right boundary, an element per row; `lowest`, with an element
    /// per column, takes the lowest row with road. The vehicle drives in column `ego`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `ego` is no column, or the frame has more than 65,535 rows or columns.
    pub fn new(ego: usize, offsets: [&'a mut [u16]; 2], lowest: &'a mut [u16]) -> Result<Self> {
        let limit = usize::from(NONE);
        if ego >= lowest.len() {
            return Err(Error::Parameter("ego"));
        }
        if lowest.len() > limit || offsets.iter().any(|rows| rows.len() > limit) {
            return Err(Error::Parameter("shape"));
        }
        lowest.fill(NONE);
        let offsets = offsets.map(|rows| {
            rows.fill(NONE);
            rows
        });
        Ok(Self { ego, offsets, lowest, row: 0 })
    }

    /// Adds the next row: `road` says of every column whether it is road. Returns its corridor.
    ///
    /// # Errors
    /// [`Error::Length`] if the boundaries have no room for another row.
    pub fn push_row(&mut self, road: impl Fn(usize) -> bool) -> Result<Corridor> {
        let corridor = Corridor::of(self.lowest.len(), self.ego, &road);
        for (rows, offset) in self.offsets.iter_mut().zip([corridor.left, corridor.right]) {
            let length = Error::Length { expected: self.row.saturating_add(1), found: rows.len() };
            *rows.get_mut(self.row).ok_or(length)? = offset;
        }
        for (column, lowest) in self.lowest.iter_mut().enumerate() {
            if road(column) {
                *lowest = self.row as u16;
            }
        }
        self.row = self.row.saturating_add(1);
        Ok(corridor)
    }
}

/// How far two profiles are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Deviation {
    /// Elements that both have.
    pub both: u32,
    /// Elements that only one of them has.
    pub one: u32,
    /// Sum of the absolute differences, in pixels.
    pub sum: u64,
    /// Sum of the differences, first less second.
    pub signed: i64,
    /// The largest absolute difference.
    pub largest: u16,
}

impl Deviation {
    /// Compares two profiles, of a prediction and a label, element by element as far as both go.
    ///
    /// ```
    /// use segmeter_core::metric::road::{Deviation, NONE};
    /// let found = Deviation::of(&[4, 7, NONE, NONE], &[5, 3, 2, NONE]);
    /// assert_eq!((found.mean_absolute(), found.mean(), found.largest), (Some(2.5), Some(1.5), 4));
    /// assert_eq!((found.both, found.one), (2, 1));
    /// ```
    #[must_use]
    pub fn of(prediction: &[u16], label: &[u16]) -> Self {
        let mut found = Self::default();
        for (a, b) in prediction.iter().zip(label) {
            if *a == NONE || *b == NONE {
                found.one = found.one.saturating_add(u32::from(a != b));
                continue;
            }
            found.both = found.both.saturating_add(1);
            found.sum = found.sum.saturating_add(a.abs_diff(*b).into());
            found.signed = found.signed.saturating_add(i64::from(*a) - i64::from(*b));
            found.largest = found.largest.max(a.abs_diff(*b));
        }
        found
    }

    /// Adds the differences of another image.
    pub fn merge(&mut self, other: &Self) {
        self.both = self.both.saturating_add(other.both);
        self.one = self.one.saturating_add(other.one);
        self.sum = self.sum.saturating_add(other.sum);
        self.signed = self.signed.saturating_add(other.signed);
        self.largest = self.largest.max(other.largest);
    }

    /// Mean absolute difference in pixels; `None` if there is no element that both have.
    #[must_use]
    pub fn mean_absolute(&self) -> Option<f64> {
        (self.both != 0).then(|| self.sum as f64 / f64::from(self.both))
    }

    /// Mean difference in pixels; `None` if there is no element that both have.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.both != 0).then(|| self.signed as f64 / f64::from(self.both))
    }
}
