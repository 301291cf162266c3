//! Which instructions, how many threads.

use std::num::NonZero;

use segmeter_core::loss::{Execute, Job};
use segmeter_core::simd::Scalar;

use crate::LevelName;
use crate::wide::Machine;

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
    /// A line that says which levels there are, if this machine does not have `level`.
    pub fn new(level: LevelName, threads: NonZero<usize>) -> Result<Self, String> {
        match (level, Machine::new(level)) {
            (LevelName::Scalar, _) => Ok(Self { machine: None, threads }),
            // Of a build without vector instructions the best is scalar code.
            (LevelName::Auto, machine) => Ok(Self { machine, threads }),
            (_, Some(machine)) => Ok(Self { machine: Some(machine), threads }),
            (_, None) => Err(format!("this machine has no {level} instructions")),
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
        let mut total = J::Partial::default();
        std::thread::scope(|scope| {
            let mut rest: Vec<&mut [f32]> = out.iter_mut().map(|plane| &mut **plane).collect();
            let mut workers = Vec::with_capacity(threads);
            for start in (0..rows).step_by(chunk) {
                let range = start..(start + chunk).min(rows);
                let mut parts = Vec::with_capacity(rest.len());
                for (plane, width) in rest.iter_mut().zip(&widths) {
                    let (part, more) = std::mem::take(plane).split_at_mut(range.len() * width);
                    parts.push(part);
                    *plane = more;
                }
                workers.push(scope.spawn(move || self.run(job, range, &mut parts)));
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
