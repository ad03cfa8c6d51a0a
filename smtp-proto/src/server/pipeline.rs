//! Replies in the order of commands (RFC 2920 section 3.2), whatever the order of the answers.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use super::ticket::{Kind, Stale, Ticket};
use crate::{
    output::{Output, Sink},
    time::Instant,
    types::{self, Code, EnhancedCode, Rejection, Text},
};

/// The outgoing queue, and the questions whose replies hold back those behind them.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) output: Output,
    /// Open questions, and finished replies that wait for an earlier question.
    slots: VecDeque<Slot>,
    /// The number of the slot in front.
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
            slots: VecDeque::new(),
            first: 0,
            enhanced,
        }
    }

    /// How many questions and replies are waiting.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether a question is open that must be answered before the next command is looked at.
    pub(super) fn blocked(&self) -> bool {
        matches!(self.slots.back(), Some(Slot::Open(kind, _)) if *kind != Kind::Recipient)
    }

    /// How many questions of this kind are open.
    pub(super) fn open(&self, kind: Kind) -> usize {
        self.slots
            .iter()
            .filter(|slot| matches!(slot, Slot::Open(open, _) if *open == kind))
            .count()
    }

    /// Opens a question behind all that came before.
    pub(super) fn ask<Q>(&mut self, kind: Kind, now: Instant) -> Ticket<Q> {
        let number = self.first.wrapping_add(self.slots.len() as u32);
        self.slots.push_back(Slot::Open(kind, now));
        Ticket::new(number, kind)
    }

    /// Queues a reply behind all that came before.
    pub(super) fn reply(&mut self, reply: &Reply<'_>) {
        if self.slots.is_empty() {
            reply.write(self.enhanced, &mut self.output);
        } else {
            self.slots.push_back(Slot::Done(reply.render(self.enhanced)));
        }
    }

    /// Whether the question of this ticket is still open.
    pub(super) fn check<Q>(&self, ticket: &Ticket<Q>) -> Result<(), Stale> {
        match self.slots.get(self.index(ticket.number)) {
            Some(Slot::Open(kind, _)) if *kind == ticket.kind => Ok(()),
            _ => Err(Stale),
        }
    }

    /// Puts the reply to an open question in its place.
    pub(super) fn answer<Q>(&mut self, ticket: &Ticket<Q>, reply: &Reply<'_>) {
        self.fill(self.index(ticket.number), reply);
    }

    /// The question that is open for the longest time, and when it was asked.
    pub(super) fn oldest(&self) -> Option<(Kind, Instant)> {
        // What is in front is open: a reply does not wait once its turn has come.
        match self.slots.front() {
            Some(Slot::Open(kind, asked)) => Some((*kind, *asked)),
            _ => None,
        }
    }

    /// Gives a reply to the question that is open for the longest time.
    pub(super) fn answer_oldest(&mut self, reply: &Reply<'_>) {
        if self.oldest().is_some() {
            self.fill(0, reply);
        }
    }

    /// Drops all questions; replies that waited behind them go with them.
    pub(super) fn abandon(&mut self) {
        self.first = self.first.wrapping_add(self.slots.len() as u32);
        self.slots.clear();
    }

    fn index(&self, number: u32) -> usize {
        number.wrapping_sub(self.first) as usize
    }

    fn fill(&mut self, index: usize, reply: &Reply<'_>) {
        if index > 0 {
            if let Some(slot) = self.slots.get_mut(index) {
                *slot = Slot::Done(reply.render(self.enhanced));
            }
            return;
        }
        reply.write(self.enhanced, &mut self.output);
        self.leave();
        while let Some(Slot::Done(octets)) = self.slots.front() {
            self.output.put(octets);
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.slots.pop_front();
        self.first = self.first.wrapping_add(1);
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

/// Writes what stands before the text of a reply line.
pub(super) fn begin_line(code: Code, enhanced: Option<EnhancedCode>, last: bool, sink: &mut impl Sink) {
    sink.put(&code.digits());
    sink.put(if last { b" " } else { b"-" });
    if let Some(enhanced) = enhanced {
        sink.put(enhanced.encode(&mut [0; EnhancedCode::MAX_LEN]));
        sink.put(b" ");
    }
}
