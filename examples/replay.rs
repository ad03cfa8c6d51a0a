//! Replays the client's side of a recorded session to a server machine, and prints both sides. It needs no sockets and no
//! clock: each event that the machine waits for happens at once.
//!
//! ```sh
//! cargo run -p examples --example replay -- examples/replay/recording.txt
//! cargo run -p examples --example replay -- - 1 <recording   # octet by octet instead of line by line
//! ```
//!
//! The recording contains the octets as sent, so its lines end with CRLF.
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::{
    error::Error,
    io::{self, Read, Write},
    num::NonZeroUsize,
    process::ExitCode,
};

use smtp_proto::{
    Instant, Machine, Step,
    server::{Closed, Config, Event, Server},
    types::{Host, Printable},
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("recording missing: name a file, or - for the standard input")?;
    let piece = arguments.next().map(|octets| octets.parse()).transpose()?;
    let recording = match file.as_str() {
        "-" => io::stdin().lock().bytes().collect::<io::Result<Vec<u8>>>()?,
        file => std::fs::read(file)?,
    };
    let mut out = io::stdout().lock();
    let config = Config::new(Host::parse("mx.example.org")?);
    let why = replay(config, &recording, piece, &mut out)?;
    Ok(writeln!(out, "-- {why}")?)
}

/// Passes the recording to a server, in pieces of `piece` octets or line by line, and accepts every question. Prints the
/// consumed input as `C:` lines, and the output as `S:` lines.
pub(crate) fn replay(
    config: Config,
    recording: &[u8],
    piece: Option<NonZeroUsize>,
    out: &mut impl Write,
) -> io::Result<Closed> {
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    let mut input = Line::default();
    // Octets passed to the machine but not used, and octets not passed yet.
    let (mut seen, mut unseen) = recording.split_at(0);
    let mut used = 0;
    loop {
        let before = seen.len();
        let step = server.poll(&mut seen, now);
        let taken = recording
            .get(used..used + before - seen.len())
            .unwrap_or_default();
        used += taken.len();
        input.show("C", taken, out)?;
        match step {
            Step::Event(Event::Closed(why)) => return input.finish("C", out).map(|()| why),
            // No answer can be late in a replay.
            Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
            Step::Event(event) => drop(server.proceed(event)),
            Step::Wait(wait) if wait.want_write => {
                Line::default().show("S", server.output(), out)?;
                server.advance_output(server.output().len());
            }
            Step::Wait(wait) if wait.want_read && unseen.is_empty() => server.end_of_input(),
            Step::Wait(wait) if wait.want_read => {
                let line = unseen
                    .split_inclusive(|octet| *octet == b'\n')
                    .next()
                    .unwrap_or_default();
                unseen = unseen
                    .get(piece.map_or(line.len(), NonZeroUsize::get)..)
                    .unwrap_or_default();
                seen = recording
                    .get(used..recording.len() - unseen.len())
                    .unwrap_or_default();
            }
            // Advance the time, because a reply is delayed after many errors.
            Step::Wait(wait) => now = wait.deadline.map_or(now, |due| due.at),
        }
    }
}

/// A line without its end.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    /// Prints the lines that these octets complete.
    fn show(&mut self, who: &str, octets: &[u8], out: &mut impl Write) -> io::Result<()> {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            self.0.extend_from_slice(part);
            if self.0.ends_with(b"\r\n") {
                self.0.truncate(self.0.len() - 2);
                self.print(who, out)?;
            }
        }
        Ok(())
    }

    /// Prints a last line without an end.
    fn finish(&mut self, who: &str, out: &mut impl Write) -> io::Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => self.print(who, out),
        }
    }

    /// Prints the line, with control characters escaped as in Rust.
    fn print(&mut self, who: &str, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{who}: ")?;
        for char in String::from_utf8_lossy(&self.0).chars() {
            match Printable::allows(char) {
                true => write!(out, "{char}")?,
                false => write!(out, "{}", char.escape_default())?,
            }
        }
        self.0.clear();
        writeln!(out)
    }
}
