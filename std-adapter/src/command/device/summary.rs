//! What all frames amounted to.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::command::{Failure, Outcome};
use crate::report;
use crate::text::printable;

/// What all frames amounted to.
pub(super) struct Summary {
    pub(super) frames: usize,
    pixels: u64,
    instructions: Option<u64>,
    pub(super) stack_bytes: Option<u32>,
    /// `None` unless the reports were to be verified.
    equal_to_host: Option<bool>,
    first_difference: Option<u32>,
}

impl Summary {
    pub(super) fn new(verify: bool) -> Self {
        let (instructions, equal_to_host) = (Some(0), verify.then_some(true));
        Self { frames: 0, pixels: 0, instructions, stack_bytes: None, equal_to_host, first_difference: None }
    }

    pub(super) fn add(&mut self, pixels: u32, instructions: Option<u64>) {
        self.frames += 1;
        self.pixels += u64::from(pixels);
        self.instructions = self.instructions.zip(instructions).map(|(sum, more)| sum + more);
    }

    /// Whether the report of a frame is that of the desk.
    pub(super) fn verified(&mut self, is_same: bool, frame: u32) {
        if !is_same {
            self.equal_to_host = Some(false);
            self.first_difference.get_or_insert(frame);
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.equal_to_host == Some(false) { Outcome::Negative } else { Outcome::Done }
    }

    /// Prints it. `alarm`: the first frame that ended in one, if there is a monitor.
    pub(super) fn print(
        &self,
        out: &mut dyn Write,
        board: &str,
        json: bool,
        alarm: Option<u32>,
    ) -> Result<(), Failure> {
        // For each pixel, where the board can count them.
        let per_pixel =
            self.instructions.filter(|_| self.pixels != 0).map(|sum| sum as f64 / self.pixels as f64);
        if json {
            let line = json!({
                "frames": self.frames,
                "board": board,
                "instructions_per_pixel": report::number(per_pixel),
                "stack_bytes": self.stack_bytes,
                "first_alarm": alarm.map_or(Value::Null, Value::from),
                "equal_to_host": self.equal_to_host,
            });
            return Ok(report::json_line(out, &line)?);
        }
        write!(out, "{} frames on {}", self.frames, printable(board))?;
        if let Some(instructions) = per_pixel {
            write!(out, ", {instructions:.1} instructions per pixel from rows to report")?;
        }
        if let Some(bytes) = self.stack_bytes {
            write!(out, ", {bytes} bytes of stack at most")?;
        }
        writeln!(out)?;
        Ok(self.print_equality(out)?)
    }

    fn print_equality(&self, out: &mut dyn Write) -> io::Result<()> {
        match (self.equal_to_host, self.first_difference) {
            (Some(true), _) => writeln!(out, "EQUAL: every number is the desktop's, bit for bit"),
            (Some(false), Some(frame)) => {
                writeln!(
                    out,
                    "DIFFERENT: the first report that is not the desktop's is that of frame {frame}"
                )
            }
            _ => Ok(()),
        }
    }
}
