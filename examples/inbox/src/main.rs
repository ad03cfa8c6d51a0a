//! A mail catcher for developers: takes every message, and shows it on a web page with the session that brought it.
//!
//! `cargo run -p inbox`, then send mail to 127.0.0.1:1025 and open <http://127.0.0.1:8025>.

mod explain;
mod flags;
mod follow;
mod message;
mod release;
mod rfc;
mod run;
mod service;
mod session;
mod store;
mod time;
mod view;
mod warnings;
mod web;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;

/// The exit code for flags that cannot be used (`EX_USAGE` of `sysexits.h`).
const USAGE: u8 = 64;

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn main() -> ExitCode {
    let flags = match flags::Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            // Help is printed this way, too.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let ran = tokio::runtime::Runtime::new()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(run::run(flags)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("inbox: {problem}");
            ExitCode::from(USAGE)
        }
    }
}
