//! Subcommands, what they share, and how they end.

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::error::ErrorKind;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use segmeter::{Engine, LevelName, files};

use crate::failure::Failure;
use crate::text;

mod bench;
mod device;
mod eval;
mod formula;
mod input;
mod list;
mod loss;
mod measure;
mod profile;
mod registry;
mod require;
mod shell;
mod upsample;
mod watch;

/// Segmentation losses, metrics and drift monitoring: the same numbers as on the device.
#[derive(Parser)]
#[command(name = "segmeter", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Command {
    /// List losses, metrics, detectors and statistics with their definitions
    List(list::Arguments),
    /// Evaluate a loss, and write its gradient
    Loss(loss::Arguments),
    /// Compare predictions with labels
    Eval(Box<eval::Arguments>),
    /// Put the states of `eval --partial` together, and report them as one evaluation
    Merge(eval::merge::Arguments),
    /// Compare what two builds of a network gave, such as one on a host and its port to a device
    Agree(Box<eval::agree::Arguments>),
    /// Learn a drift reference from in-control frames
    Profile(profile::Arguments),
    /// Watch frames for drift from a profile
    Watch(watch::Arguments),
    /// Have a device evaluate frames, in QEMU or on a serial port
    Device(device::Arguments),
    /// Measure what losses and metrics cost on this machine, in nanoseconds per pixel
    Bench(bench::Arguments),
    /// Print what completes this command in a shell
    Completions(shell::CompletionsArguments),
    /// Print the manual page, in roff
    Man(shell::ManArguments),
}

/// What every subcommand takes.
#[derive(Args)]
#[command(next_help_heading = "Everywhere")]
struct Common {
    /// Print JSON on stdout and nothing else there: one document, of watch and device a line for each frame and one at the end
    #[arg(long, global = true)]
    json: bool,
    /// Most threads to use [default: all cores]; no result depends on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Vector instructions: auto, scalar, sse2, avx2, avx512, neon (those that the machine has); no result depends on it
    #[arg(long, global = true, value_name = "LEVEL", default_value = "auto")]
    level: LevelName,
    /// Refuse a PNG of more pixels, before it is decoded
    #[arg(long, global = true, value_name = "N", default_value_t = files::MOST_PIXELS)]
    max_pixels: u64,
}

impl Common {
    fn engine(&self) -> Result<Engine, Failure> {
        let threads = match self.threads.and_then(|n| NonZero::new(usize::from(n))) {
            Some(threads) => threads,
            None => std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        };
        Engine::new(self.level, threads).map_err(|error| Failure::Input(error.to_string()))
    }
}

/// How a subcommand ends if nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// The verdict that was asked for is negative.
    Negative,
}

/// Runs the command line `arguments`, printing to `out`.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>, out: &mut dyn Write) -> ExitCode {
    // What begins with a hyphen and a digit is a value: whether it is a good one says its range.
    let negative = |argument: Arg| {
        let takes_value = argument.get_action().takes_values();
        argument.allow_negative_numbers(takes_value)
    };
    let command = Cli::command().mut_subcommands(|command| command.mut_args(negative));
    let parsed = command.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found));
    let outcome = match parsed {
        Ok(cli) => dispatch(&cli, out),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            write!(out, "{}", error.render()).map(|()| Outcome::Done).map_err(Failure::Output)
        }
        // Nothing was asked for.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(io::stderr(), "{}", error.render());
            return ExitCode::from(2);
        }
        Err(error) => Err(Failure::Input(usage(&error))),
    };
    let outcome = outcome.and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    let line = match outcome {
        Ok(outcome) => {
            let notes = NOTES.lock().map(|mut notes| std::mem::take(&mut *notes)).unwrap_or_default();
            notes.into_iter().for_each(|line| say(format!("note: {line}")));
            return ExitCode::from(u8::from(outcome == Outcome::Negative));
        }
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(Failure::Output(error)) => format!("stdout: {error}"),
        Err(Failure::Input(line)) => line,
    };
    say(line);
    ExitCode::from(2)
}

/// Says a line on stderr, whatever it is made of.
fn say(line: String) {
    // Nothing is left to do if stderr is closed as well.
    let _ = writeln!(io::stderr(), "segmeter: {}", text::printable(&files::Error::new(line).to_string()));
}

/// What is not wrong and yet should be known: said at the end, unless something is wrong, which is one line.
static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(line: impl std::fmt::Display) {
    if let Ok(mut notes) = NOTES.lock() {
        let line = line.to_string();
        if !notes.contains(&line) {
            notes.push(line);
        }
    }
}

fn dispatch(cli: &Cli, out: &mut dyn Write) -> Result<Outcome, Failure> {
    // Made for every subcommand: a level that this machine does not have is never accepted in silence.
    let engine = cli.common.engine()?;
    files::limit_pixels(cli.common.max_pixels);
    match &cli.command {
        Command::List(arguments) => list::run(arguments, &cli.common, out),
        Command::Loss(arguments) => loss::run(arguments, &cli.common, &engine, out),
        Command::Eval(arguments) => eval::run(arguments, &cli.common, &engine, out),
        Command::Merge(arguments) => eval::merge::run(arguments, &cli.common, out),
        Command::Agree(arguments) => eval::agree::run(arguments, &cli.common, &engine, out),
        Command::Profile(arguments) => profile::run(arguments, &cli.common, out),
        Command::Watch(arguments) => watch::run(arguments, &cli.common, out),
        Command::Device(arguments) => device::run(arguments, &cli.common, out),
        Command::Bench(arguments) => bench::run(arguments, &cli.common, &engine, out),
        Command::Completions(arguments) => shell::completions(arguments, Cli::command(), out),
        Command::Man(arguments) => shell::man(arguments, Cli::command(), out),
    }
}

/// What clap explains over several lines, in one.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let is_end = |line: &str| line.starts_with("Usage:") || line.starts_with("For more information");
    let lines = text.lines().map(str::trim).take_while(|line| !is_end(line));
    let line = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{line} (see segmeter --help)")
}

/// Refuses a flag of the contract that nothing chosen here can follow; ignoring it would give a wrong number.
fn refuse(given: bool, flag: &str, why: &str) -> Result<(), Failure> {
    if given { Err(Failure::Input(format!("{flag} is not available {why}"))) } else { Ok(()) }
}
