//! How the cost of a pixel depends on how many there are, on classes, threads and frames.

use segmeter::catalogue::{AnyFrame, LOSSES};
use segmeter::core::list::Entry;

use super::scene::Scene;
use super::{Bench, Failure, Kind, column};
use crate::report;

/// Sides of square frames.
const SIDES: [u32; 5] = [64, 256, 1024, 4096, 8192];
const CLASSES: [u8; 5] = [2, 4, 8, 19, 32];
/// Side of the frames of several classes, and of those of a batch.
const SIDE: u32 = 256;
const BATCHES: [usize; 4] = [1, 4, 16, 64];

/// Losses that are measured without `--filter`.
const USUAL: [&str; 4] = ["cross_entropy", "dice", "dice_cross_entropy", "lovasz_hinge"];

/// Frames that are walked one after the other, each with its own gradient.
struct Input {
    scene: Scene,
    frames: usize,
}

pub(super) fn measure(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let text = "binary frames by size, value and gradient, ns per pixel";
    bench.table((text, Kind::Binary), &SIDES.map(|side| (format!("{side}^2"), side)), |side| Input {
        scene: Scene::binary(side, side),
        frames: 1,
    })?;
    let text = format!("{SIDE}x{SIDE} by classes, ns per pixel and class");
    bench.table(
        (&text, Kind::Classes),
        &CLASSES.map(|classes| (classes.to_string(), classes)),
        |classes| Input { scene: Scene::multiclass(SIDE, SIDE, classes), frames: 1 },
    )?;
    let text = format!("binary {SIDE}x{SIDE} by frames, ns per pixel");
    bench.table((&text, Kind::Binary), &BATCHES.map(|frames| (frames.to_string(), frames)), |frames| Input {
        scene: Scene::binary(SIDE, SIDE),
        frames,
    })
}

impl Bench<'_> {
    /// Rows of every loss that is wanted, a column for each input. An input is made once, and only one is there at a time.
    fn table<T: Copy>(
        &mut self,
        (text, kind): (&str, Kind),
        columns: &[(String, T)],
        input: impl Fn(T) -> Input,
    ) -> Result<(), Failure> {
        let losses: Vec<_> = LOSSES.iter().filter(|entry| self.is_scaled(entry, kind)).collect();
        if losses.is_empty() {
            return Ok(());
        }
        let heads: String = columns.iter().map(|(head, _)| format!(" {head:>9}")).collect();
        self.start(&format!("{text}\n{:<30}{heads}", ""));
        let progress = report::progress_of(columns.len(), "columns");
        let mut rows = vec![String::new(); losses.len() * self.engines.len()];
        for (_, value) in columns {
            let Input { scene, frames } = input(*value);
            let (frame, of, numbers) = match kind {
                Kind::Classes => (
                    AnyFrame::Multiclass(scene.classes()?),
                    format!("{} classes", scene.classes),
                    scene.classes,
                ),
                Kind::Binary | Kind::Metrics => (AnyFrame::Binary(scene.frame()?), "binary".to_owned(), 1),
            };
            let mut row = rows.iter_mut();
            for entry in &losses {
                for engine in self.engines.clone() {
                    let cost = self.cost(entry.name, &of, (&frame, frames), &engine)?;
                    let cell = match cost {
                        Some(cost) => format!(" {:>9.2}", cost / f64::from(numbers)),
                        None => format!(" {:>9}", "-"),
                    };
                    row.next().into_iter().for_each(|row| *row += &cell);
                }
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        let mut rows = rows.into_iter();
        for entry in losses {
            for engine in self.engines.clone() {
                let cells = rows.next().unwrap_or_default();
                self.line(&format!("{:<20} {:>9}{cells}", entry.name, column(&engine)))?;
            }
        }
        Ok(())
    }

    fn is_scaled(&mut self, entry: &Entry, kind: Kind) -> bool {
        let takes = if kind == Kind::Binary { "binary" } else { "multiclass" };
        let is_usual = !self.arguments.filter.is_empty() || USUAL.contains(&entry.name);
        is_usual && entry.inputs.contains(&takes) && self.is_wanted(entry.name, kind)
    }
}
