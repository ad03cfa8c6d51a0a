//! A comparison of `smtp-proto` with other implementations on the same octets. Each difference must be listed in `JUDGED.md`.
//!
//! See README.md. `--table` prints the result of each implementation for each input, `--differences` the differences.

use std::{env, fs, path::Path, process::ExitCode};

use crate::{judged::Judged, kind::Kind, outcome::Difference};

mod codec;
mod escape;
mod judged;
mod kind;
mod mailin_session;
mod mailrs;
mod message;
mod mutate;
mod ours;
mod outcome;
mod registry;
mod run;

fn main() -> ExitCode {
    match compare(env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}

fn compare(wish: Option<&str>) -> Result<(), String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(here.join(name)).map_err(|error| format!("{name}: {error}"));
    let mut judged = Judged::parse(&read("JUDGED.md")?)?;
    let mut problems = Vec::new();
    run::silence_panics_of_others();
    for kind in Kind::ALL {
        let given = escape::inputs(&read(kind.inputs())?)?;
        let inputs = mutate::with_mutations(&given, kind.mutations());
        let mut differences = 0;
        for input in &inputs {
            let ours = kind.ours(input);
            if wish == Some("--table") {
                println!("{} {}\n    ours: {ours}", kind.name(), escape::escaped(input));
            }
            for peer in kind.peers() {
                let theirs = run::guarded(peer.read, input);
                if wish == Some("--table") {
                    println!("    {}: {theirs}", peer.name);
                }
                let Some(does) = outcome::difference(&ours, &theirs) else {
                    continue;
                };
                differences += 1;
                let difference = Difference {
                    kind: kind.name(),
                    input: escape::escaped(input),
                    who: peer.name,
                    does,
                };
                if wish == Some("--differences") {
                    println!("{difference}\n    ours: {ours}\n    theirs: {theirs}");
                }
                if !judged.knows(&difference) {
                    problems.push(format!(
                        "not in JUDGED.md: {difference}\n    ours: {ours}\n    theirs: {theirs}"
                    ));
                }
            }
        }
        println!(
            "{}: {} inputs ({} of them mutations), {} implementations, {differences} differences",
            kind.inputs(),
            inputs.len(),
            inputs.len() - given.len(),
            kind.peers().len() + 1,
        );
    }
    problems.extend(judged.unused(&Kind::ALL.map(Kind::name)));
    println!("{} problems", problems.len());
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}
