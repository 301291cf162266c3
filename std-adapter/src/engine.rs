//! Which instructions, how many threads.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use segmeter_core::loss::{Execute, Job};
use segmeter_core::simd::Scalar;

use crate::wide;

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelName {
    /// The best this machine has.
    #[default]
    Auto,
    /// One `f32` at a time: what a microcontroller runs.
    Scalar,
    /// x86-64's baseline.
    Sse2,
    /// x86-64-v2.
    Sse4_2,
    /// x86-64-v3.
    Avx2,
    /// x86-64-v4.
    Avx512,
    /// `AArch64`'s baseline.
    Neon,
}

impl LevelName {
    /// Every name but [`LevelName::Auto`].
    pub const ALL: [Self; 6] = [Self::Scalar, Self::Sse2, Self::Sse4_2, Self::Avx2, Self::Avx512, Self::Neon];

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self == Self::Scalar || wide::level(self).is_some()
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::Sse2 => "sse2",
            Self::Sse4_2 => "sse4.2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl FromStr for LevelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Auto].into_iter().chain(Self::ALL).find(|name| name.text() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().filter(|n| n.is_available()).map(|n| n.text()).collect();
            format!("no level `{text}`; this machine has auto, {}", names.join(", "))
        })
    }
}

/// Walks the rows of a frame with vector instructions and threads.
///
/// Neither changes a bit of any result: rows add up exactly, in any order.
///
/// ```
/// use segmeter::{Engine, core::{loss::{BinaryCrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let mut gradient = [0.0; 3];
/// let engine = Engine::default();
/// let loss = BinaryCrossEntropy.accumulate(&engine, &frame, 1.0, &mut [], Some(&mut gradient))?;
/// assert_eq!(loss.value, BinaryCrossEntropy.value(&frame, &mut [])?.value);
/// # Ok::<(), segmeter::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// `None` is scalar code.
    level: Option<fearless_simd::Level>,
    threads: NonZero<usize>,
}

impl Default for Engine {
    /// The best instructions of this machine, on all of its cores.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self { level: wide::level(LevelName::Auto), threads }
    }
}

impl Engine {
    /// Pixels below which another thread costs more than it saves.
    const PIXELS_PER_THREAD: usize = 1 << 15;

    /// # Errors
    /// A line that says which levels there are, if this machine does not have `level`.
    pub fn new(level: LevelName, threads: NonZero<usize>) -> Result<Self, String> {
        match (level, wide::level(level)) {
            (LevelName::Scalar, _) => Ok(Self { level: None, threads }),
            (_, Some(level)) => Ok(Self { level: Some(level), threads }),
            (_, None) => Err(format!("this machine has no {level} instructions")),
        }
    }

    /// The instructions in use.
    #[must_use]
    pub fn level(&self) -> LevelName {
        self.level.map_or(LevelName::Scalar, wide::name)
    }

    /// The most threads that may be used.
    #[must_use]
    pub const fn threads(&self) -> NonZero<usize> {
        self.threads
    }

    fn run<J: Job>(&self, job: &J, rows: std::ops::Range<usize>, out: &mut [f32]) -> J::Partial {
        match self.level {
            Some(level) => wide::run(level, job, rows, out),
            None => job.run(Scalar, rows, out),
        }
    }
}

impl Execute for Engine {
    fn execute<J: Job>(&self, job: &J, rows: usize, out: &mut [f32]) -> J::Partial {
        let useful = (rows * job.row_pixels()).div_ceil(Self::PIXELS_PER_THREAD);
        let threads = self.threads.get().min(useful).min(rows).max(1);
        if threads == 1 {
            return self.run(job, 0..rows, out);
        }
        let chunk = rows.div_ceil(threads);
        let width = out.len() / rows;
        let mut total = J::Partial::default();
        std::thread::scope(|scope| {
            let mut rest = out;
            let mut workers = Vec::with_capacity(threads);
            for start in (0..rows).step_by(chunk) {
                let range = start..(start + chunk).min(rows);
                let part;
                (part, rest) = rest.split_at_mut(range.len() * width);
                workers.push(scope.spawn(move || self.run(job, range, part)));
            }
            for worker in workers {
                match worker.join() {
                    Ok(part) => J::merge(&mut total, &part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        total
    }
}
