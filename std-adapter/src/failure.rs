//! Why a command failed.

use std::io;

use segmeter::files;

/// Why a subcommand ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Bad usage or bad input, in one line.
    Input(String),
    /// Stdout takes no more.
    Output(io::Error),
}

impl From<files::Error> for Failure {
    fn from(error: files::Error) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<segmeter::core::Error> for Failure {
    fn from(error: segmeter::core::Error) -> Self {
        Self::Input(error.to_string())
    }
}

/// Files have errors of their own; a bare one comes from stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}
