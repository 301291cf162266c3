//! `segmeter completions` and `segmeter man`: what a shell and a reader of manuals ask for.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use super::registry::nearest;
use super::{Failure, Outcome};

#[derive(Args)]
pub(super) struct CompletionsArguments {
    /// The shell that completes the words of a command
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub(super) struct ManArguments {
    /// Of which subcommand [default: of segmeter itself]
    command: Option<String>,
}

/// Prints the script of a shell.
pub(super) fn completions(
    arguments: &CompletionsArguments,
    mut command: Command,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    // In memory first: what writes them takes no error.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "segmeter", &mut script);
    out.write_all(&script)?;
    Ok(Outcome::Done)
}

/// Prints a page in roff.
pub(super) fn man(
    arguments: &ManArguments,
    mut command: Command,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    command.build();
    let page = match arguments.command.as_deref() {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let near = nearest(name, names.iter().copied());
            let all = if near.is_empty() { format!(", expected one of {}", names.join(", ")) } else { near };
            let title = format!("segmeter-{name}");
            found
                .ok_or_else(|| Failure::Input(format!("found no subcommand `{name}`{all}")))?
                .display_name(title)
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    out.write_all(&text)?;
    Ok(Outcome::Done)
}
