//! Parsing of transcripts; each is one story.

use std::{path::Path, path::PathBuf, time::Duration};

use smtp_proto::server::Shutdown;

use crate::{octets::unescape, settings::Settings};

/// A parsed transcript.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Story {
    /// The origin.
    pub path: PathBuf,
    /// The machines of the story.
    pub machines: Machines,
    /// The configurations, and the answers of the server application.
    pub settings: Settings,
    /// The actions, in order, with line numbers.
    pub actions: Vec<(usize, Action)>,
    /// The required events of the applications: line number, side, event.
    pub sights: Vec<(usize, Role, String)>,
}

/// The machines of a story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Machines {
    /// Only the server machine.
    pub server: bool,
    /// Only the client machine.
    pub client: bool,
    /// Both machines, connected.
    pub pair: bool,
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Role {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// One action of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "plain data")]
pub enum Action {
    /// This side sends these octets.
    Say(Role, Vec<u8>),
    /// This number of further octets of this side arrive at the other side.
    Arrive(Role, usize),
    /// This side closes its half of the stream, and the other side reads the end.
    EndOfInput(Role),
    /// The stream breaks. In a pair with an explicit link, this side notices it.
    Lost(Role),
    /// Time passes.
    Time(Duration),
    /// The TLS handshake succeeds or fails.
    Handshake(bool),
    /// The server application ends the session.
    Shutdown(Shutdown),
    /// The server application answers the question with this number, counted from 1, by these words. Without words, it
    /// applies the rules.
    Answer(usize, String),
    /// The server application refuses the message while it arrives.
    Fail(String),
    /// The client application acts.
    Client(String),
}

impl Role {
    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl Story {
    /// Parses a transcript.
    ///
    /// # Errors
    ///
    /// The first invalid line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let mut story = Self {
            path: path.to_owned(),
            machines: Machines::default(),
            settings: Settings::default(),
            actions: Vec::new(),
            sights: Vec::new(),
        };
        if !text.starts_with("# ") {
            return Err(format!("{}:1: head the story with a comment", path.display()));
        }
        for (index, line) in text.lines().enumerate() {
            story
                .line(index + 1, line)
                .map_err(|fault| format!("{}:{}: {fault}: {line}", path.display(), index + 1))?;
        }
        if story.machines == Machines::default() {
            return Err(format!("{}: say which machines to run", path.display()));
        }
        Ok(story)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let action = match head {
            "C:" => Action::Say(Role::Client, with_crlf(unescape(rest)?)),
            "S:" => Action::Say(Role::Server, with_crlf(unescape(rest)?)),
            "C>" => Action::Say(Role::Client, unescape(rest)?),
            "S>" => Action::Say(Role::Server, unescape(rest)?),
            "C!" if rest == "eof" => Action::EndOfInput(Role::Client),
            "S!" if rest == "eof" => Action::EndOfInput(Role::Server),
            "C!" if rest == "lost" => Action::Lost(Role::Client),
            "S!" if rest == "lost" => Action::Lost(Role::Server),
            "C<" => Action::Arrive(Role::Client, rest.parse().map_err(|_| "no number")?),
            "S<" => Action::Arrive(Role::Server, rest.parse().map_err(|_| "no number")?),
            "S!" if rest.starts_with("answer ") => told_answer(&rest["answer ".len()..])?,
            "S!" if rest.starts_with("fail ") => Action::Fail(rest["fail ".len()..].to_owned()),
            "S!" if rest == "shutdown gracefully" => Action::Shutdown(Shutdown::Gracefully),
            "S!" if rest == "shutdown now" => Action::Shutdown(Shutdown::Now),
            "T!" if rest == "tls" => Action::Handshake(true),
            "T!" if rest == "tls failed" => Action::Handshake(false),
            "T:" => Action::Time(Duration::from_millis(milliseconds(rest)?)),
            ">" => Action::Client(rest.to_owned()),
            "A:" => {
                self.sights.push((number, Role::Server, rest.to_owned()));
                return Ok(());
            }
            "R:" => {
                self.sights.push((number, Role::Client, rest.to_owned()));
                return Ok(());
            }
            "run" => {
                for machine in rest.split_whitespace() {
                    match machine {
                        "server" => self.machines.server = true,
                        "client" => self.machines.client = true,
                        "pair" => self.machines.pair = true,
                        _ => return Err(format!("no machine {machine}")),
                    }
                }
                return Ok(());
            }
            _ if self.actions.is_empty() => return self.settings.set(head, rest),
            _ => return Err("settings stand before the first line that is said".to_owned()),
        };
        self.actions.push((number, action));
        Ok(())
    }

    /// Returns all output of this side.
    #[must_use]
    pub fn said_by(&self, role: Role) -> Vec<u8> {
        self.actions
            .iter()
            .filter_map(|(_, action)| match action {
                Action::Say(by, octets) if *by == role => Some(octets.as_slice()),
                _ => None,
            })
            .collect::<Vec<_>>()
            .concat()
    }
}

/// `3`, or `3 reject NO_SUCH_USER`.
fn told_answer(text: &str) -> Result<Action, String> {
    let (number, words) = text.split_once(' ').unwrap_or((text, ""));
    let number = number.parse().map_err(|_| "no number")?;
    Ok(Action::Answer(number, words.to_owned()))
}

fn with_crlf(mut octets: Vec<u8>) -> Vec<u8> {
    octets.extend_from_slice(b"\r\n");
    octets
}

/// `300s`, `1ms`, `5min`, with or without a plus sign in front.
fn milliseconds(text: &str) -> Result<u64, String> {
    let text = text.trim_start_matches('+');
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| "no number".to_owned())?;
    match unit {
        "ms" => Ok(number),
        "s" => Ok(number * 1000),
        "min" => Ok(number * 60_000),
        _ => Err("give ms, s or min".to_owned()),
    }
}
