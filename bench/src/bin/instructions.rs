//! Runs one case for a number of rounds, and says how many units of work one round is. Without arguments it lists
//! the cases. `instructions.sh` runs this under callgrind.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (name, rounds) = (arguments.next(), arguments.next());
    let Some(name) = name else {
        smtp_bench::cases()
            .iter()
            .for_each(|case| println!("{} {}", case.name, case.unit));
        return ExitCode::SUCCESS;
    };
    let (Some(case), Some(Ok(rounds))) = (smtp_bench::case(&name), rounds.map(|rounds| rounds.parse()))
    else {
        eprintln!("usage: instructions [CASE ROUNDS]");
        return ExitCode::FAILURE;
    };
    let mut round = (case.start)();
    let rounds: u32 = rounds;
    let units = (0..rounds).fold(0, |_, _| round());
    println!("{units}");
    ExitCode::SUCCESS
}
