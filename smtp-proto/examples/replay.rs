//! Plays the client's side of a recorded session to a server machine, and shows what both say. There are no sockets
//! and there is no clock: what the machine waits for happens at once.
//!
//! ```sh
//! cargo run -p smtp-proto --example replay -- smtp-proto/examples/replay/recording.txt
//! cargo run -p smtp-proto --example replay -- - 1 <recording   # an octet at a time, and not a line
//! ```
//!
//! The recording holds the octets as they were sent, so its lines end in CRLF.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a program reads files"
)]

use std::{
    error::Error,
    io::{self, Read, Write},
    num::NonZeroUsize,
    process::ExitCode,
};

use smtp_proto::{
    Instant, Machine, Step,
    server::{Closed, Config, Event, Server},
    types::Host,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("replay: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("name a recording, or - for the standard input")?;
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

/// Offers the recording to a server, in pieces of so many octets or line by line, and says yes to whatever it asks.
/// `C:` lines are what the machine took, `S:` lines what it said.
pub(crate) fn replay(
    config: Config,
    recording: &[u8],
    piece: Option<NonZeroUsize>,
    out: &mut impl Write,
) -> io::Result<Closed> {
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    let mut said = Line::default();
    // The octets that the machine has seen and not used, and those that it has not seen.
    let (mut seen, mut unseen) = recording.split_at(0);
    let mut used = 0;
    loop {
        let before = seen.len();
        let step = server.poll(&mut seen, now);
        let taken = recording
            .get(used..used + before - seen.len())
            .unwrap_or_default();
        used += taken.len();
        said.show("C", taken, out)?;
        match step {
            Step::Event(Event::Closed(why)) => return said.finish("C", out).map(|()| why),
            // No answer is late here.
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
            // Nothing but time helps: a reply is held back after many errors.
            Step::Wait(wait) => now = wait.deadline.map_or(now, |due| due.at),
        }
    }
}

/// A line that has not come to its end.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    /// Shows the lines that these octets complete.
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

    /// Shows what there is of a line that has no end.
    fn finish(&mut self, who: &str, out: &mut impl Write) -> io::Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => self.print(who, out),
        }
    }

    /// Control characters are not for a terminal, and are shown as in Rust.
    fn print(&mut self, who: &str, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{who}: ")?;
        for char in String::from_utf8_lossy(&self.0).chars() {
            match char.is_control() {
                true => write!(out, "{}", char.escape_default())?,
                false => write!(out, "{char}")?,
            }
        }
        self.0.clear();
        writeln!(out)
    }
}
