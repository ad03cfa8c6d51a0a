//! Exit codes, as in `sysexits.h`.

use std::{error::Error, fmt, process::ExitCode};

use clap::Parser;

/// The outcome of an example, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "these are all that the examples have")]
pub enum Exit {
    /// Success (0).
    Success,
    /// Trying again later may help, or the outcome is unknown (75, `EX_TEMPFAIL`).
    Temporary,
    /// A permanent refusal (1).
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

/// Parses the flags of this process, and runs the program. Prints an error of the program, which is about its flags, after
/// its name.
#[expect(clippy::print_stderr, reason = "a program for the terminal")]
pub fn run<F: Parser>(program: &str, main: impl FnOnce(F) -> Result<Exit, String>) -> ExitCode {
    match F::try_parse() {
        Ok(flags) => match main(flags) {
            Ok(exit) => exit.into(),
            Err(problem) => {
                eprintln!("{program}: {problem}");
                Exit::Usage.into()
            }
        },
        // This prints the help, too.
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            exit.into()
        }
    }
}

/// An error for `main`: the program prints it with its sources in one line, and exits with 1.
///
/// `main` prints the `Debug` form of an error; for this type it is the text.
pub struct Failure(Box<dyn Error>);

impl<E: Into<Box<dyn Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
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

#[cfg(test)]
mod tests;
