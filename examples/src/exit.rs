//! Exit codes, as in `sysexits.h`.

use std::{error::Error, process::ExitCode};

use clap::Parser;

/// How an example ended, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "these are all that the examples have")]
pub enum Exit {
    /// All is well (0).
    Success,
    /// Trying again later may help, or the outcome is not known (75, `EX_TEMPFAIL`).
    Temporary,
    /// Something was refused for good (1).
    Refused,
    /// The flags cannot be used (64, `EX_USAGE`).
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Refused => 1,
            Exit::Temporary => 75,
            Exit::Usage => 64,
        })
    }
}

/// The flags of this process, or the code to exit with after help or a fault has been printed.
///
/// # Errors
///
/// [`Exit::Usage`] when the flags are at fault, and success when they asked for help.
pub fn flags<F: Parser>() -> Result<F, ExitCode> {
    F::try_parse().map_err(|error| {
        let _ = error.print();
        if error.use_stderr() {
            Exit::Usage.into()
        } else {
            ExitCode::SUCCESS
        }
    })
}

/// An error and its sources in one line, separated by colons.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
