//! Prints a story as a sequence diagram for Mermaid.
//!
//! `cargo run -p smtp-tests --example sequence -- tests/transcripts/server/prdr/message.smtp`

#![expect(clippy::print_stdout, reason = "the diagram is the output")]

use std::{env, error::Error, fs, path::PathBuf};

use smtp_tests::{Story, sequence};

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(env::args().nth(1).ok_or("name the file of a story")?);
    let story = Story::parse(&path, &fs::read_to_string(&path)?)?;
    print!("{}", sequence(&story)?);
    Ok(())
}
