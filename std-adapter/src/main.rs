//! The `segmeter` command: losses, metrics and drift monitoring on files.
//!
//! Exit code 0: done; 1: a verdict that was asked for is negative; 2: bad usage or bad input, one line on stderr.
#![forbid(unsafe_code)]

mod command;
mod failure;
mod output;
mod report;
mod text;

use std::process::ExitCode;

fn main() -> ExitCode {
    output::prepare();
    command::run(std::env::args_os(), &mut std::io::stdout().lock())
}
