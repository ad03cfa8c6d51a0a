//! Runs one case for a number of rounds, and says how many units of work one round is. Without arguments it lists
//! the cases. `instructions.sh` runs this under callgrind.

use std::process::ExitCode;

fn main() -> ExitCode {
    smtp_bench::run(&smtp_bench::cases())
}
