//! Replies in the order of commands (RFC 2920 section 3.2), whatever the order of the answers.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use super::ticket::{Kind, StaleTicket, Ticket};
use crate::{
    output::{Output, Sink},
    time::Instant,
    types::{self, Code, EnhancedCode, Rejection, Text},
};

/// The outgoing queue, and the questions whose replies hold back those behind them.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) output: Output,
    /// The question that is open for the longest time, and when it was asked. Most of the time there is no other.
    front: Option<(Kind, Instant)>,
    /// The questions behind it, and finished replies that wait for an earlier question.
    behind: VecDeque<Slot>,
    /// The number of the question in front, or of the next one.
    first: u32,
    /// Whether replies carry enhanced status codes (RFC 2034).
    pub(super) enhanced: bool,
}

#[derive(Debug)]
enum Slot {
    /// A question, and when it was asked.
    Open(Kind, Instant),
    /// A reply that waits for its turn.
    Done(Box<[u8]>),
}

impl Pipeline {
    pub(super) fn new(enhanced: bool) -> Self {
        Self {
            output: Output::default(),
            front: None,
            behind: VecDeque::new(),
            first: 0,
            enhanced,
        }
    }

    /// How many questions and replies are waiting.
    pub(super) fn len(&self) -> usize {
        match self.front {
            Some(_) => 1 + self.behind.len(),
            None => 0,
        }
    }

    /// Whether no question is open; then no reply is waiting either.
    pub(super) const fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    /// Whether a question is open that must be answered before the next command is looked at.
    pub(super) fn blocked(&self) -> bool {
        match (&self.front, self.behind.back()) {
            (Some((last, _)), None) | (Some(_), Some(Slot::Open(last, _))) => *last != Kind::Recipient,
            _ => false,
        }
    }

    /// How many questions of this kind are open.
    pub(super) fn open(&self, kind: Kind) -> usize {
        let behind = self.behind.iter().filter_map(|slot| match slot {
            Slot::Open(open, _) => Some(*open),
            Slot::Done(_) => None,
        });
        let front = self.front.map(|(open, _)| open);
        front
            .into_iter()
            .chain(behind)
            .filter(|open| *open == kind)
            .count()
    }

    /// Opens a question behind all that came before.
    pub(super) fn ask<Q>(&mut self, kind: Kind, now: Instant) -> Ticket<Q> {
        let number = self.first.wrapping_add(self.len() as u32);
        match self.front {
            None => self.front = Some((kind, now)),
            Some(_) => self.behind.push_back(Slot::Open(kind, now)),
        }
        Ticket::new(number, kind)
    }

    /// Queues a reply behind all that came before.
    pub(super) fn reply(&mut self, reply: &Reply<'_>) {
        match self.front {
            None => reply.write(self.enhanced, &mut self.output),
            Some(_) => self.behind.push_back(Slot::Done(reply.render(self.enhanced))),
        }
    }

    /// Whether the question of this ticket is still open.
    pub(super) fn check<Q>(&self, ticket: &Ticket<Q>) -> Result<(), StaleTicket> {
        let open = match self.place(ticket) {
            None => self.front.map(|(kind, _)| kind),
            Some(index) => match self.behind.get(index) {
                Some(Slot::Open(kind, _)) => Some(*kind),
                _ => None,
            },
        };
        if open == Some(ticket.kind) {
            Ok(())
        } else {
            Err(StaleTicket)
        }
    }

    /// Puts the reply to an open question in its place.
    pub(super) fn answer<Q>(&mut self, ticket: &Ticket<Q>, reply: &Reply<'_>) {
        match self.place(ticket) {
            None => self.answer_oldest(reply),
            Some(index) => {
                if let Some(slot) = self.behind.get_mut(index) {
                    *slot = Slot::Done(reply.render(self.enhanced));
                }
            }
        }
    }

    /// The question that is open for the longest time, and when it was asked.
    pub(super) const fn oldest(&self) -> Option<(Kind, Instant)> {
        self.front
    }

    /// Gives a reply to the question that is open for the longest time, and says what waited for it.
    pub(super) fn answer_oldest(&mut self, reply: &Reply<'_>) {
        if self.front.take().is_none() {
            return;
        }
        reply.write(self.enhanced, &mut self.output);
        self.first = self.first.wrapping_add(1);
        if !self.behind.is_empty() {
            self.move_up();
        }
    }

    /// Says what waits for no answer any more, up to the next question.
    #[inline(never)]
    fn move_up(&mut self) {
        while let Some(slot) = self.behind.pop_front() {
            match slot {
                Slot::Done(octets) => self.output.put(&octets),
                Slot::Open(kind, asked) => {
                    self.front = Some((kind, asked));
                    return;
                }
            }
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Drops all questions; replies that waited behind them go with them.
    pub(super) fn abandon(&mut self) {
        self.first = self.first.wrapping_add(self.len() as u32);
        self.front = None;
        self.behind.clear();
    }

    /// Where the question of this ticket is among those behind; `None` if it is the one in front.
    fn place<Q>(&self, ticket: &Ticket<Q>) -> Option<usize> {
        let place = ticket.number.wrapping_sub(self.first) as usize;
        place.checked_sub(1)
    }
}

/// One reply to be written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply<'a> {
    /// A whole line without its CRLF: code, enhanced code of five characters, text.
    Fixed(&'static str),
    /// The same, without its enhanced code whatever was offered.
    Uncoded(&'static str),
    /// A whole line without its CRLF that has no enhanced code: 3yz, 220, replies to EHLO.
    Bare(&'static str),
    /// Code and text, which may have several lines.
    Lines(Code, Option<EnhancedCode>, &'a Text<'a>),
    /// What the application said.
    Rejection(&'a Rejection),
    /// Whole lines with their CRLF.
    Ready(&'a [u8]),
}

impl Reply<'_> {
    fn render(&self, enhanced: bool) -> Box<[u8]> {
        let mut octets = Vec::new();
        self.write(enhanced, &mut octets);
        octets.into_boxed_slice()
    }

    fn write(&self, enhanced: bool, sink: &mut impl Sink) {
        match *self {
            Self::Fixed(line) | Self::Uncoded(line) if !enhanced || matches!(self, Self::Uncoded(_)) => {
                let (code, rest) = line.split_at_checked(4).unwrap_or((line, ""));
                sink.put(code.as_bytes());
                sink.put(rest.get(6..).unwrap_or(rest).as_bytes());
                sink.put(b"\r\n");
            }
            Self::Fixed(line) | Self::Uncoded(line) | Self::Bare(line) => {
                sink.put(line.as_bytes());
                sink.put(b"\r\n");
            }
            Self::Lines(code, status, text) => {
                types::write_reply(sink, code, status.filter(|_| enhanced), text);
            }
            Self::Rejection(rejection) => {
                let status = Some(rejection.enhanced()).filter(|_| enhanced);
                types::write_reply(sink, rejection.code(), status, rejection.text());
            }
            Self::Ready(octets) => sink.put(octets),
        }
    }
}
