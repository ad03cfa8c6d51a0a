//! The measured cases: one list, for instruction counts (`src/bin/instructions.rs`) and for time
//! (`benches/wall.rs`) alike.
//!
//! A case is set up once and then run round after round. Each side of a comparison gets the same octets.

mod bodies;
mod clients;
mod commands;
pub mod floor;
mod replies;
mod routes;
mod sessions;

use std::{env, process::ExitCode};

pub use sessions::{EHLO, MESSAGE, Session};

/// One round of a case; gives how many units of work it did.
pub type Round = Box<dyn FnMut() -> u64>;

/// Something that is measured.
#[derive(Clone, Copy)]
pub struct Case {
    /// The name on the command line and in tables: `group/case/side`.
    pub name: &'static str,
    /// The divisor of the cost.
    pub unit: &'static str,
    /// Sets it up.
    pub start: fn() -> Round,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All cases, in the order of the tables.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        commands::CASES,
        replies::CASES,
        bodies::CASES,
        sessions::CASES,
        clients::CASES,
        routes::CASES,
    ]
    .concat()
}

/// Runs the case that the arguments name for a number of rounds, and prints its units of work. Without arguments it lists the cases.
#[must_use]
pub fn run(cases: &[Case]) -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (name, rounds) = (arguments.next(), arguments.next());
    let Some(name) = name else {
        cases
            .iter()
            .for_each(|case| println!("{} {}", case.name, case.unit));
        return ExitCode::SUCCESS;
    };
    let case = cases.iter().find(|case| case.name == name);
    let (Some(case), Some(Ok(rounds))) = (case, rounds.map(|rounds| rounds.parse())) else {
        eprintln!("usage: PROGRAM [CASE ROUNDS]");
        return ExitCode::FAILURE;
    };
    let mut round = (case.start)();
    let rounds: u32 = rounds;
    let units = (0..rounds).fold(0, |_, _| round());
    println!("{units}");
    ExitCode::SUCCESS
}
