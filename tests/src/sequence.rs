//! Sequence diagrams of stories, for Mermaid.
//!
//! The story runs against the server machine. So the diagram has the lines of both sides, the states of the server, and the
//! events of its application.

use std::{fmt::Write as _, time::Duration};

use smtp_proto::State;

use crate::{
    application::{Answers, Application},
    octets::{escape, unescape},
    seat::{Driver, Seat as _, Writes},
    story::{Action, Role, Story},
};

/// Maximum characters of a line; longer lines are cut.
const MAX_LINE: usize = 56;

/// Maximum lines of message data that are drawn.
const MAX_DATA_LINES: usize = 5;

/// Draws a story with a server. Commands of one flight have a common background.
///
/// # Errors
///
/// The action that cannot be drawn, or the reply that differs from the story.
pub fn sequence(story: &Story) -> Result<String, String> {
    let mut drawing = Drawing::new(story);
    let mut actions = story.actions.iter().map(|(_, action)| action).peekable();
    while let Some(action) = actions.next() {
        match action {
            Action::Say(by, octets) => {
                let mut flight = octets.clone();
                while let Some(Action::Say(_, more)) =
                    actions.next_if(|next| matches!(next, Action::Say(other, _) if other == by))
                {
                    flight.extend_from_slice(more);
                }
                match by {
                    Role::Client => drawing.client(&flight)?,
                    Role::Server => drawing.server(&flight)?,
                }
            }
            Action::EndOfInput(Role::Client) => {
                drawing.driver.receive_end();
                drawing.note("the client closes its half of the stream");
            }
            Action::Lost(_) => {
                drawing.driver.seat.connection_lost();
                drawing.note("the connection is lost");
            }
            Action::Time(span) => drawing.pass(*span)?,
            Action::Handshake(done) => {
                drawing.note(if *done {
                    "TLS handshake"
                } else {
                    "TLS handshake fails"
                });
                drawing.driver.seat.shake_hands(*done);
            }
            Action::Shutdown(how) => {
                drawing.driver.seat.server.shutdown(*how);
                drawing.note("the server shuts down");
            }
            // The other side's application.
            Action::Client(_) => continue,
            other => return Err(format!("this cannot be drawn: {other:?}")),
        }
        drawing.drive()?;
        let replies_follow = matches!(actions.peek(), Some(Action::Say(Role::Server, _)));
        if !replies_follow {
            drawing.state();
        }
    }
    Ok(drawing.finish())
}

struct Drawing {
    text: String,
    driver: Driver<Application>,
    /// The last drawn state.
    state: State,
    /// Remaining octets of a chunk.
    chunk: usize,
    /// True with a reply for each recipient, for which the application is asked.
    each: bool,
    /// Octets of a message that are drawn, and are not in the log yet.
    given: usize,
}

impl Drawing {
    fn new(story: &Story) -> Self {
        let driver = Driver::new(Application::new(&story.settings, Answers::Now), Writes::First);
        Self {
            text: String::new(),
            state: driver.seat.server.state(),
            driver,
            chunk: 0,
            each: false,
            given: 0,
        }
    }

    fn finish(self) -> String {
        let mut head =
            "sequenceDiagram\n    participant C as client\n    participant S as server\n".to_owned();
        if self.text.contains("S->>A: ") || self.text.contains("A->>S: ") {
            head.push_str("    participant A as application\n");
        }
        head + &self.text
    }

    fn drive(&mut self) -> Result<(), String> {
        self.driver
            .drive()
            .map(drop)
            .map_err(|_| "the server goes on and on".to_owned())
    }

    fn pass(&mut self, span: Duration) -> Result<(), String> {
        self.note(&format!("{} seconds pass", span.as_secs()));
        self.driver
            .pass(span)
            .map_err(|_| "the server goes on and on".to_owned())?;
        self.events();
        Ok(())
    }

    /// Draws the output of the client, and the events of the application.
    fn client(&mut self, flight: &[u8]) -> Result<(), String> {
        let lines = self.units(flight);
        let group = lines.len() > 1;
        if group {
            self.line("rect rgba(110, 150, 210, 0.16)");
        }
        for line in lines {
            self.line(&format!("C->>S: {line}"));
        }
        if group {
            self.line("end");
        }
        self.driver.receive([flight.to_vec()]);
        self.drive()?;
        self.events();
        let come = self.driver.seat.unlogged_octets();
        if come > self.given {
            self.line(&format!("S->>A: Body({} octets)", come - self.given));
            self.given = come;
        }
        Ok(())
    }

    /// Cuts a flight into commands and message data.
    fn units(&mut self, mut flight: &[u8]) -> Vec<String> {
        let mut units = Vec::new();
        let mut in_text = self.driver.seat.server.state() == State::Data;
        while !flight.is_empty() {
            let octets = if in_text {
                in_text = false;
                end_of_text(flight)
            } else if self.chunk > 0 {
                let octets = self.chunk.min(flight.len());
                self.chunk -= octets;
                octets
            } else {
                let end = end_of_line(flight);
                let line = escape(&flight[..end]);
                let line = line.strip_suffix("\\r\\n").unwrap_or(&line);
                let mut words = line.split(' ');
                if words.next().is_some_and(|verb| verb.eq_ignore_ascii_case("BDAT")) {
                    self.chunk = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
                }
                units.push(shown(line));
                flight = &flight[end..];
                continue;
            };
            units.push(data(&flight[..octets]));
            flight = &flight[octets..];
        }
        units
    }

    /// Draws replies; a reply with several lines is one arrow.
    fn server(&mut self, expected: &[u8]) -> Result<(), String> {
        self.drive()?;
        let said = std::mem::take(&mut self.driver.said);
        if said != expected {
            return Err(format!("the server said {:?}", escape(&said)));
        }
        let mut reply = Vec::new();
        for line in escape(&said).split_terminator("\\r\\n") {
            let last = line.as_bytes().get(3) != Some(&b'-');
            reply.push(shown(line));
            if last {
                self.line(&format!("S-->>C: {}", reply.join("<br/>")));
                reply.clear();
            }
        }
        Ok(())
    }

    /// Draws the events of the application that are of interest to a reader.
    fn events(&mut self) {
        let log: Vec<String> = self.driver.seat.log.drain(..).collect();
        self.each |= log.iter().filter(|sight| sight.starts_with("verdict ")).count() > 1;
        for sight in log {
            let (kind, rest) = sight.split_once(' ').unwrap_or((&sight, ""));
            let arrow = match kind {
                "body" | "part" => {
                    let new = octets(rest) - std::mem::take(&mut self.given);
                    let end = if kind == "body" && !self.each {
                        "EndOfData"
                    } else {
                        ""
                    };
                    match (new, end) {
                        (0, "") => continue,
                        (0, end) => format!("S->>A: {end}"),
                        (new, "") => format!("S->>A: Body({new} octets)"),
                        (new, end) => format!("S->>A: Body({new} octets), {end}"),
                    }
                }
                "verdict" if self.each => format!("S->>A: EndOfData(recipient {})", index(rest)),
                "reset" => format!("S->>A: Reset({})", shown(rest)),
                "authenticated" => format!("A->>S: accept {}", shown(rest)),
                "closed" => format!("S->>A: Closed({})", shown(rest)),
                _ => continue,
            };
            self.line(&arrow);
        }
    }

    /// Draws the state if it has changed.
    fn state(&mut self) {
        self.events();
        let state = self.driver.seat.server.state();
        if state != self.state {
            self.state = state;
            self.line(&format!("Note over S: {state:?}"));
        }
    }

    fn note(&mut self, text: &str) {
        self.line(&format!("Note over C,S: {text}"));
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "    {line}");
    }
}

fn index(verdict: &str) -> usize {
    verdict
        .split(' ')
        .next()
        .and_then(|index| index.parse().ok())
        .unwrap_or(0)
}

/// The number of octets, from their text in the log.
fn octets(text: &str) -> usize {
    unescape(text).map_or(0, |octets| octets.len())
}

/// Returns the octets up to the end of the message.
fn end_of_text(octets: &[u8]) -> usize {
    if octets.starts_with(b".\r\n") {
        return 3;
    }
    let end = octets.windows(5).position(|five| five == b"\r\n.\r\n");
    end.map_or(octets.len(), |at| at + 5)
}

fn end_of_line(octets: &[u8]) -> usize {
    let end = octets.windows(2).position(|two| two == b"\r\n");
    end.map_or(octets.len(), |at| at + 2)
}

/// Returns message data line by line; only a bare CR or LF is visible.
fn data(octets: &[u8]) -> String {
    let text = escape(octets);
    let mut lines: Vec<&str> = text.split_terminator("\\r\\n").collect();
    let last = lines.pop().unwrap_or_default();
    let mut shown_lines: Vec<String> = lines
        .iter()
        .take(MAX_DATA_LINES - 1)
        .map(|line| shown(line))
        .collect();
    if lines.len() > shown_lines.len() {
        shown_lines.push("…".to_owned());
    }
    shown_lines.push(shown(last));
    shown_lines.join("<br/>")
}

/// Returns text without markup and statement ends of Mermaid, cut if it is long.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (number, letter) in text.chars().enumerate() {
        if number == MAX_LINE {
            shown.push('…');
            break;
        }
        match letter {
            '<' => shown.push_str("#lt;"),
            '>' => shown.push_str("#gt;"),
            ';' => shown.push_str("#59;"),
            '#' => shown.push_str("#35;"),
            '&' => shown.push_str("#amp;"),
            letter => shown.push(letter),
        }
    }
    shown
}
