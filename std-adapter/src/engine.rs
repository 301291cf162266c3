//! Which instructions, how many threads.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use segmeter_core::loss::{Execute, Job};
use segmeter_core::simd::Scalar;

use crate::threads::share;
use crate::wide::Machine;
use crate::{LevelName, Unavailable};

/// Walks the rows of a frame with vector instructions and threads.
///
/// Neither changes a bit of any result: rows add up exactly, in any order.
///
/// ```
/// use segmeter::{Engine, core::{loss::{CrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let mut gradient = [0.0; 3];
/// let engine = Engine::default();
/// let loss = CrossEntropy::MEAN.accumulate(&engine, &frame, 1.0, &mut [], Some(&mut gradient))?;
/// assert_eq!(loss.value, CrossEntropy::MEAN.value(&frame, &mut [])?.value);
/// # Ok::<(), segmeter::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// `None` is scalar code.
    machine: Option<Machine>,
    threads: NonZero<usize>,
}

impl Default for Engine {
    /// The best instructions of this machine, on all of its cores.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self { machine: Machine::new(LevelName::Auto), threads }
    }
}

impl Engine {
    /// Scores below which another thread costs more than it saves.
    const NUMBERS_PER_THREAD: usize = 1 << 15;

    /// # Errors
    /// If this machine, or this build, does not have `level`.
    pub fn new(level: LevelName, threads: NonZero<usize>) -> Result<Self, Unavailable> {
        match (level, Machine::new(level)) {
            (LevelName::Scalar, _) => Ok(Self { machine: None, threads }),
            // Of a build without vector instructions the best is scalar code.
            (LevelName::Auto, machine) => Ok(Self { machine, threads }),
            (_, Some(machine)) => Ok(Self { machine: Some(machine), threads }),
            (_, None) if !Machine::IS_BUILT => Err(Unavailable { level, is_built: false }),
            (_, None) => Err(Unavailable { level, is_built: true }),
        }
    }

    /// The instructions in use.
    #[must_use]
    pub fn level(&self) -> LevelName {
        self.machine.map_or(LevelName::Scalar, Machine::name)
    }

    /// The most threads that may be used.
    #[must_use]
    pub const fn threads(&self) -> NonZero<usize> {
        self.threads
    }

    fn run<J: Job>(&self, job: &J, rows: std::ops::Range<usize>, out: &mut [&mut [f32]]) -> J::Partial {
        match self.machine {
            Some(machine) => machine.run(job, rows, out),
            None => job.run(Scalar, rows, out),
        }
    }
}

impl Execute for Engine {
    fn execute<J: Job>(&self, job: &J, rows: usize, out: &mut [&mut [f32]]) -> J::Partial {
        let useful = (rows * job.row_len()).div_ceil(Self::NUMBERS_PER_THREAD);
        let threads = self.threads.get().min(useful).min(rows).max(1);
        if threads == 1 {
            return self.run(job, 0..rows, out);
        }
        let chunk = rows.div_ceil(threads);
        let widths: Vec<usize> = out.iter().map(|plane| plane.len() / rows).collect();
        let mut rest: Vec<&mut [f32]> = out.iter_mut().map(|plane| &mut **plane).collect();
        let chunks = (0..rows).step_by(chunk).map(|start| {
            let range = start..(start + chunk).min(rows);
            let parts = rest.iter_mut().zip(&widths).map(|(plane, width)| {
                let (part, more) = std::mem::take(plane).split_at_mut(range.len() * width);
                *plane = more;
                part
            });
            let parts: Vec<_> = parts.collect();
            (range, parts)
        });
        let chunks = Mutex::new(chunks.collect::<Vec<_>>());
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let work = || {
            let mut total = J::Partial::default();
            while let Some((range, mut parts)) = next() {
                J::merge(&mut total, &self.run(job, range, &mut parts));
            }
            total
        };
        let mut total = J::Partial::default();
        share(threads, work).iter().for_each(|part| J::merge(&mut total, part));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_vector_instructions_says_so() {
        let one = NonZero::<usize>::MIN;
        let refused = Engine::new(LevelName::Sse2, one).unwrap_err().to_string();
        assert!(refused.contains("this build has no sse2 instructions"), "{refused}");
        assert_eq!(Engine::new(LevelName::Auto, one).unwrap().level(), LevelName::Scalar);
    }
}
