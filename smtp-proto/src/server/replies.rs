//! Replies in the order of the commands (RFC 2920 section 3.2). The answers may come in another order.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{
    question::{Question, RcptQuestion},
    ticket::{StaleTicket, Ticket},
};
use crate::{
    output::{Output, Sink},
    time::Instant,
    types::{self, Code, EnhancedCode, Rejection, Text},
};

/// Sessions so far in this process. A ticket has the number of its session.
static SESSIONS: AtomicUsize = AtomicUsize::new(0);

/// The output queue, the open questions, and the replies that wait for them.
#[derive(Debug)]
pub(super) struct Replies {
    pub(super) output: Output,
    /// The oldest open question, and its time. Usually it is the only one.
    front: Option<(Question, Instant)>,
    /// The RCPT questions after it, and replies that wait for an earlier question.
    behind: VecDeque<Slot>,
    /// The number of the question in front, or of the next one.
    first: u32,
    /// The number of this session.
    session: u32,
    /// Open questions.
    open: u32,
    /// Replies carry enhanced status codes (RFC 2034).
    pub(super) enhanced: bool,
}

#[derive(Debug)]
enum Slot {
    /// A question, and its time.
    Open(RcptQuestion, Instant),
    /// A reply that waits for its turn.
    Done(Box<[u8]>),
}

/// The number of a question that was taken out of the queue: the place of its reply.
#[derive(Debug)]
#[must_use = "the replies after it wait for this one"]
pub(super) struct Turn(u32);

impl Replies {
    pub(super) fn new(enhanced: bool) -> Self {
        Self {
            output: Output::default(),
            front: None,
            behind: VecDeque::new(),
            first: 0,
            session: SESSIONS.fetch_add(1, Ordering::Relaxed) as u32,
            open: 0,
            enhanced,
        }
    }

    /// Questions and replies that are waiting.
    pub(super) fn len(&self) -> usize {
        match self.front {
            Some(_) => 1 + self.behind.len(),
            None => 0,
        }
    }

    /// Returns `true` if no question is open; then no reply is waiting either.
    pub(super) const fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    /// Open questions.
    pub(super) const fn open(&self) -> u32 {
        self.open
    }

    /// Returns `true` if a question is open that must be answered before the next command is read.
    pub(super) const fn is_blocked(&self) -> bool {
        match &self.front {
            Some((question, _)) => !matches!(question, Question::Recipient(_)),
            None => false,
        }
    }

    /// The oldest open question, and its time.
    pub(super) const fn oldest(&self) -> Option<&(Question, Instant)> {
        self.front.as_ref()
    }

    /// Asks a question that holds up the session.
    #[inline]
    pub(super) fn ask<Q>(&mut self, question: Question, now: Instant) -> Ticket<Q> {
        self.front = Some((question, now));
        self.open += 1;
        Ticket::new(self.session, self.first)
    }

    /// Asks about a recipient, beside the questions about earlier ones.
    #[inline]
    pub(super) fn ask_recipient<Q>(&mut self, question: RcptQuestion, now: Instant) -> Ticket<Q> {
        if self.front.is_none() {
            return self.ask(Question::Recipient(question), now);
        }
        let number = self.first.wrapping_add(self.len() as u32);
        self.behind.push_back(Slot::Open(question, now));
        self.open += 1;
        Ticket::new(self.session, number)
    }

    /// Queues a reply after those to all commands before.
    #[inline(always)] // or the kind of reply is not known in `write`
    pub(super) fn reply(&mut self, reply: &Reply<'_>) {
        match self.front {
            None => reply.write(self.enhanced, &mut self.output),
            Some(_) => self.behind.push_back(Slot::Done(reply.render(self.enhanced))),
        }
    }

    /// Takes the question of a ticket.
    #[inline]
    pub(super) fn take<Q>(&mut self, ticket: &Ticket<Q>) -> Result<(Question, Turn), StaleTicket> {
        if ticket.session() != self.session {
            return Err(StaleTicket);
        }
        if ticket.number() == self.first {
            self.take_oldest().ok_or(StaleTicket)
        } else {
            self.take_behind(ticket.number())
        }
    }

    /// Takes the oldest open question.
    #[inline]
    pub(super) fn take_oldest(&mut self) -> Option<(Question, Turn)> {
        let (question, _) = self.front.take()?;
        self.open -= 1;
        Some((question, Turn(self.first)))
    }

    #[inline(never)]
    fn take_behind(&mut self, number: u32) -> Result<(Question, Turn), StaleTicket> {
        match self.behind.get(self.place(number)) {
            Some(Slot::Open(question, _)) => {
                self.open -= 1;
                Ok((Question::Recipient(*question), Turn(number)))
            }
            _ => Err(StaleTicket),
        }
    }

    /// Puts the reply to a question in its place, and queues the replies that waited for it.
    #[inline(always)] // or the kind of reply is not known in `write`
    pub(super) fn answer(&mut self, Turn(number): Turn, reply: &Reply<'_>) {
        if number != self.first {
            return self.fill(number, reply);
        }
        reply.write(self.enhanced, &mut self.output);
        self.first = self.first.wrapping_add(1);
        if !self.behind.is_empty() {
            self.move_up();
        }
    }

    #[inline(never)]
    fn fill(&mut self, number: u32, reply: &Reply<'_>) {
        let octets = reply.render(self.enhanced);
        let place = self.place(number);
        if let Some(slot) = self.behind.get_mut(place) {
            *slot = Slot::Done(octets);
        }
    }

    /// The place of a question among those after the first. The first has none.
    const fn place(&self, number: u32) -> usize {
        number.wrapping_sub(self.first).wrapping_sub(1) as usize
    }

    /// Queues the replies up to the next question.
    #[inline(never)]
    fn move_up(&mut self) {
        while let Some(slot) = self.behind.pop_front() {
            match slot {
                Slot::Done(octets) => self.output.put(&octets),
                Slot::Open(question, asked) => {
                    self.front = Some((Question::Recipient(question), asked));
                    return;
                }
            }
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Drops all questions, and the replies that waited for them. Their tickets are stale from now on.
    pub(super) fn abandon(&mut self) {
        self.first = self.first.wrapping_add(1 + self.behind.len() as u32);
        self.front = None;
        self.behind.clear();
        self.open = 0;
    }
}

/// One reply to be written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply<'a> {
    /// A whole line without its CRLF: code, enhanced code of five characters, text.
    Fixed(&'static str),
    /// The same, always without its enhanced code.
    Uncoded(&'static str),
    /// A whole line without its CRLF that has no enhanced code: 3yz, 220, replies to EHLO.
    Bare(&'static str),
    /// Code and text, which may have several lines.
    Lines(Code, Option<EnhancedCode>, &'a Text<'a>),
    /// A refusal.
    Rejection(&'a Rejection),
    /// Whole lines with their CRLF, possibly none.
    Ready(&'a [u8]),
}

impl Reply<'_> {
    fn render(&self, enhanced: bool) -> Box<[u8]> {
        let mut octets = Vec::new();
        self.write(enhanced, &mut octets);
        octets.into_boxed_slice()
    }

    #[inline(always)] // the kind of reply is known where it is made
    fn write(&self, enhanced: bool, sink: &mut impl Sink) {
        match *self {
            Self::Fixed(line) if enhanced => sink.put_line(line.as_bytes()),
            Self::Bare(line) => sink.put_line(line.as_bytes()),
            Self::Fixed(line) | Self::Uncoded(line) => write_uncoded(sink, line),
            Self::Lines(code, status, text) => match status.filter(|_| enhanced) {
                Some(status) => write_coded(sink, code, status, text),
                None => write_lines(sink, code, None, text),
            },
            Self::Rejection(rejection) => {
                let status = Some(rejection.enhanced()).filter(|_| enhanced);
                write_lines(sink, rejection.code(), status, rejection.text());
            }
            Self::Ready(octets) => sink.put(octets),
        }
    }
}

/// Writes a fixed line without its enhanced code.
#[cold]
fn write_uncoded(sink: &mut impl Sink, line: &str) {
    let (code, rest) = line.split_at_checked(4).unwrap_or((line, ""));
    sink.put(code.as_bytes());
    sink.put_line(rest.get(6..).unwrap_or(rest).as_bytes());
}

#[cold]
fn write_lines(sink: &mut impl Sink, code: Code, status: Option<EnhancedCode>, text: &Text<'_>) {
    types::write_reply(sink, code, status, text);
}

/// Writes a reply with an enhanced code on each line that does not have one of the same class already.
#[cold]
fn write_coded(sink: &mut impl Sink, code: Code, status: EnhancedCode, text: &Text<'_>) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let own = EnhancedCode::parse(line.as_bytes()).is_some_and(|(own, _)| own.fits(code));
        types::begin_line(sink, code, Some(status).filter(|_| !own), lines.peek().is_none());
        sink.put(line.as_bytes());
        sink.put(b"\r\n");
    }
}
