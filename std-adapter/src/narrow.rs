//! In the place of `wide.rs` without the feature `simd`, and for the library's unit tests: no vector instructions at all.

use core::ops::Range;

use segmeter_core::loss::Job;

use crate::LevelName;

/// There is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Machine {}

impl Machine {
    /// Whether this build has any.
    pub(crate) const IS_BUILT: bool = false;

    pub(crate) const fn new(_: LevelName) -> Option<Self> {
        None
    }

    pub(crate) const fn name(self) -> LevelName {
        match self {}
    }

    pub(crate) const fn run<J: Job>(self, _: &J, _: Range<usize>, _: &mut [&mut [f32]]) -> J::Partial {
        match self {}
    }
}
