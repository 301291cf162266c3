//! Who walks the rows of a frame. The only thing about a loss that the desktop adapter replaces.

use core::ops::Range;

use crate::simd::{Scalar, Simd};

/// Work over a range of rows, for any machine.
pub trait Job: Sync {
    /// What a range of rows gives. Merging is exact, so ranges may be cut and merged in any way.
    type Partial: Default + Send;

    /// Numbers that a row is made of: what an executor needs to judge whether another thread is worth its start.
    fn row_len(&self) -> usize;

    /// Does the rows of `rows`; every plane of `out` holds its part of them (there may be no planes).
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) -> Self::Partial;

    /// Adds what other rows gave.
    fn merge(total: &mut Self::Partial, part: &Self::Partial);
}

/// Runs jobs.
pub trait Execute: Sync {
    /// Runs `job` over `rows` rows. Every plane of `out` is empty or has the same number of elements in each row.
    fn execute<J: Job>(&self, job: &J, rows: usize, out: &mut [&mut [f32]]) -> J::Partial;
}

/// All rows in order on the calling thread, by one machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial<S>(pub S);

impl Serial<Scalar> {
    /// Scalar code: what a microcontroller runs.
    pub const SCALAR: Self = Self(Scalar);
}

impl<S: Simd> Execute for Serial<S> {
    #[inline(always)]
    fn execute<J: Job>(&self, job: &J, rows: usize, out: &mut [&mut [f32]]) -> J::Partial {
        job.run(self.0, 0..rows, out)
    }
}
