//! Sessions: their lines, as the driver records them without secrets, each with its time and the state after it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use smtp_driver::Side;
use smtp_proto::State;

use crate::follow::{Asked, Follower, Meaning, reply_code};

/// Maximum lines that are kept of one session. The oldest go, but not the first ones.
const MAX_LINES: usize = 1000;

/// The first lines of a session, which are always kept: greeting and EHLO.
const BEGINNING: usize = 40;

/// The words of the reply to a stored message. The number of the message follows.
pub(crate) const STORED: &str = "stored as message ";

/// A session, open or ended.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) peer: String,
    pub(crate) began: SystemTime,
    clock: Instant,
    lines: VecDeque<Line>,
    next_line: u64,
    follower: Follower,
    state: State,
    /// The messages that were accepted.
    pub(crate) brought: Vec<Brought>,
    /// Replies that refuse, and the last of them.
    pub(crate) refusals: usize,
    pub(crate) last_refusal: Option<String>,
    /// The name in the last EHLO or HELO.
    pub(crate) client: Option<String>,
    pub(crate) is_tls: bool,
    /// The reason for the end.
    pub(crate) closed: Option<String>,
    /// Observations that the lines do not show.
    pub(crate) cut_message: Option<CutMessage>,
}

/// A line of a session.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Counts from 1.
    pub(crate) number: u64,
    /// Time since the session began.
    pub(crate) at: Duration,
    pub(crate) side: Side,
    pub(crate) text: String,
    pub(crate) meaning: Meaning,
}

/// A message of a session, with the lines of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brought {
    pub(crate) message: u64,
    pub(crate) from_line: u64,
    pub(crate) to_line: u64,
}

/// A message that did not end before the session did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CutMessage {
    pub(crate) octets: usize,
    /// It ends with a dot between bare line feeds: the client meant that as its end.
    pub(crate) bare_end: bool,
}

impl Session {
    pub(crate) fn new(id: u64, peer: String) -> Self {
        Self {
            id,
            peer,
            began: SystemTime::now(),
            clock: Instant::now(),
            lines: VecDeque::new(),
            next_line: 1,
            follower: Follower::new(),
            state: State::Connected,
            brought: Vec::new(),
            refusals: 0,
            last_refusal: None,
            client: None,
            is_tls: false,
            closed: None,
            cut_message: None,
        }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, side: Side, text: &str) {
        let number = self.next_line;
        self.next_line += 1;
        let meaning = self.follower.line(number, side, text);
        self.state = meaning.state;
        match side {
            Side::Client => self.note_client(meaning.asked, text),
            Side::Server => self.note_server(number, meaning, text),
            Side::Driver => self.is_tls |= text.starts_with("TLS ") && !text.contains("failed"),
        }
        if self.lines.len() >= MAX_LINES {
            self.lines.remove(BEGINNING);
        }
        self.lines.push_back(Line {
            number,
            at: self.clock.elapsed(),
            side,
            text: text.to_owned(),
            meaning,
        });
    }

    fn note_client(&mut self, asked: Asked, text: &str) {
        if matches!(asked, Asked::Ehlo | Asked::Helo) {
            self.client = text.split_once(' ').map(|(_, name)| name.trim().to_owned());
        }
    }

    fn note_server(&mut self, number: u64, meaning: Meaning, text: &str) {
        if reply_code(text) >= 400 {
            self.refusals += 1;
            self.last_refusal = Some(text.to_owned());
        }
        let stored = text.find(STORED).and_then(|at| text.get(at + STORED.len()..));
        if let (Some(from_line), Some(Ok(message))) = (meaning.ended, stored.map(str::parse)) {
            self.brought.push(Brought {
                message,
                from_line,
                to_line: number,
            });
        }
    }

    /// The lines that are kept.
    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter()
    }

    /// The number of lines that were not kept.
    pub(crate) fn lines_lost(&self) -> u64 {
        (self.next_line - 1).saturating_sub(self.lines.len() as u64)
    }

    /// The state of the server.
    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// One line about the result, for the list.
    pub(crate) fn outcome(&self) -> String {
        let refusal = self.last_refusal.as_deref();
        match (&self.closed, refusal, self.brought.is_empty()) {
            (None, None, _) => "open".into(),
            (_, Some(refusal), true) => refusal.into(),
            (Some(why), _, true) if self.cut_message.is_some() => format!("{why}, within a message"),
            (Some(why), _, true) if !why.ends_with("quit") => why.clone(),
            (_, _, true) => "no message".into(),
            (_, _, false) => "stored".into(),
        }
    }

    /// Returns true if a line, or the address of the client, contains this text, which is in lower case.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let has = |line: &Line| line.text.to_lowercase().contains(text);
        self.peer.contains(text) || self.lines.iter().any(has)
    }
}

#[cfg(test)]
pub(crate) mod tests;
