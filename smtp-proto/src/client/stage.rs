//! The stages of a client session, and the table of moves between them.
//!
//! A stage owns the data that is valid during it. Every change of stage goes through [`Client::enter`], and every change of
//! step through [`Sending::enter`]: debug builds check it against [`MOVES`]. [`State`] is derived from the stage.

use alloc::boxed::Box;

use super::{
    Client, Closed, MessageOutcome, Outcome, ReplyTo,
    exchange::Exchange,
    transaction::{Leftover, Transaction},
    xclient::Passing,
};
use crate::{state::State, types::Verb};

/// The activity of a session, with the data that it needs.
#[derive(Debug)]
pub(super) enum Stage {
    /// Awaiting the greeting.
    Greeting,
    /// Awaiting the reply to EHLO, LHLO or, after a refused EHLO, HELO.
    Hello(Verb),
    /// Awaiting the reply to STARTTLS.
    StartTls,
    /// The server accepted STARTTLS.
    Handshake(Handshake),
    /// Awaiting the reply to AUTH, or to a response of its exchange.
    Auth(Exchange),
    /// [`Event::Ready`](super::Event::Ready) is due.
    Welcome,
    /// Awaiting a request of the application.
    Ready(Leftover),
    /// Awaiting the reply to a command of the application.
    Command(ReplyTo, Leftover),
    /// Awaiting the reply to XCLIENT or XFORWARD.
    Passing(Box<Passing>),
    /// A transaction is open.
    Sending(Sending),
    /// [`Event::Finished`](super::Event::Finished) is due.
    Finished(Finished),
    /// Awaiting the reply to QUIT.
    Quitting(Quitting),
    /// [`Event::Closed`](super::Event::Closed) is due, or was reported.
    Over(Closed, MessageOutcome),
}

/// Progress of the TLS handshake.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handshake {
    /// [`Event::StartTls`](super::Event::StartTls) is due.
    Due,
    /// The driver performs the handshake.
    UnderWay,
}

/// An open transaction, and the one announced after it.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) transaction: Box<Transaction>,
    pub(super) next: Option<Box<Transaction>>,
    step: Step,
}

/// Progress of an open transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Awaiting the reply to RSET, which precedes MAIL.
    Reset(Leftover),
    /// MAIL, RCPT and DATA are sent and answered.
    Envelope,
    /// [`Event::Body`](super::Event::Body) is due.
    Permit,
    /// The application passes the message.
    Content,
    /// A chunk was refused. The chunks that have begun must be completed and answered.
    ChunkRefused,
    /// The message is complete: awaiting its final reply or replies.
    EndOfData {
        /// Octets queued after the end of the message: commands of the next transaction.
        behind: usize,
    },
    /// An empty message was sent because every recipient was refused (RFC 2920 section 3.1).
    LoneDot(ReplyTo),
    /// Awaiting the reply to RSET, with which the application cancels the transaction.
    Abandon,
}

/// A transaction that is over.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    pub(super) leftover: Leftover,
    pub(super) next: Option<Box<Transaction>>,
    /// The session ends after the event, for this reason.
    pub(super) then: Option<Closed>,
}

/// A session that ends with QUIT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quitting {
    pub(super) why: Closed,
    /// The state in which QUIT was sent.
    pub(super) state: State,
}

/// The name of a stage, or of a step of [`Stage::Sending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Greeting,
    Hello,
    StartTls,
    Handshake,
    Auth,
    Welcome,
    Ready,
    Command,
    Passing,
    Reset,
    Envelope,
    Permit,
    Content,
    ChunkRefused,
    EndOfData,
    LoneDot,
    Abandon,
    Finished,
    Quitting,
    Over,
}

/// All moves: in this stage, this cause leads to that stage. Every stage but [`Name::Finished`] can also end in
/// [`Name::Over`] at any time; see [`CLOSING`].
pub(super) const MOVES: &[(Name, &str, Name)] = &[
    (Name::Greeting, "2yz", Name::Hello),
    (Name::Greeting, "4yz, 5yz", Name::Quitting),
    (Name::Hello, "5yz to EHLO", Name::Hello),
    (Name::Hello, "4yz, 5yz; TLS missing; no mechanism", Name::Quitting),
    (Name::Hello, "2yz, STARTTLS wanted", Name::StartTls),
    (Name::Hello, "2yz, login wanted", Name::Auth),
    (Name::Hello, "2yz", Name::Welcome),
    (Name::StartTls, "2yz", Name::Handshake),
    (Name::StartTls, "refused, login wanted", Name::Auth),
    (Name::StartTls, "refused, TLS optional", Name::Welcome),
    (
        Name::StartTls,
        "refused, TLS required; no mechanism",
        Name::Quitting,
    ),
    (Name::Handshake, "Event::StartTls", Name::Handshake),
    (Name::Handshake, "tls_established", Name::Hello),
    (Name::Auth, "refused, next mechanism", Name::Auth),
    (Name::Auth, "235 to a login", Name::Welcome),
    (Name::Auth, "235 or refusal, authenticate", Name::Ready),
    (Name::Auth, "refused; cancelled", Name::Quitting),
    (Name::Welcome, "Event::Ready", Name::Ready),
    (Name::Ready, "authenticate", Name::Auth),
    (Name::Ready, "noop, verify, reset ...", Name::Command),
    (Name::Ready, "deliver, mail; RSET is due", Name::Reset),
    (Name::Ready, "deliver, mail", Name::Envelope),
    (Name::Ready, "quit", Name::Quitting),
    (Name::Command, "any reply", Name::Ready),
    (Name::Ready, "xclient, xforward", Name::Passing),
    (Name::Passing, "2yz to XCLIENT", Name::Hello),
    (Name::Passing, "2yz to XFORWARD; refused", Name::Ready),
    (Name::Passing, "554 or 521 to XCLIENT", Name::Quitting),
    (Name::Reset, "2yz", Name::Envelope),
    (Name::Reset, "4yz, 5yz", Name::Finished),
    (Name::Envelope, "354; RCPT accepted and BDAT", Name::Permit),
    (Name::Envelope, "354, all RCPT refused", Name::LoneDot),
    (Name::Envelope, "refused", Name::Finished),
    (Name::Envelope, "reset", Name::Abandon),
    (Name::Abandon, "any reply", Name::Finished),
    (Name::Permit, "Event::Body", Name::Content),
    (Name::Content, "end_body; last chunk given", Name::EndOfData),
    (Name::Content, "chunk refused", Name::ChunkRefused),
    (Name::ChunkRefused, "all chunks answered", Name::Finished),
    (Name::EndOfData, "next commands queued", Name::EndOfData),
    (
        Name::EndOfData,
        "chunk refused, last one unsent",
        Name::ChunkRefused,
    ),
    (Name::EndOfData, "final reply", Name::Finished),
    (Name::LoneDot, "any reply", Name::Finished),
    (Name::Finished, "Event::Finished", Name::Ready),
    (Name::Finished, "Event::Finished, next; RSET is due", Name::Reset),
    (Name::Finished, "Event::Finished, next", Name::Envelope),
    (
        Name::Finished,
        "Event::Finished after 421 or a lost connection",
        Name::Over,
    ),
    (Name::Quitting, "any reply", Name::Over),
];

/// The causes that end a session in any stage.
pub(super) const CLOSING: &str = "421, deadline, connection closed or lost, malformed reply, abort";

/// The moves of a client session as (stage, cause, next stage): the table that the machine follows, for diagrams and
/// for study. The stage `*` means every stage but `Finished`, whose event comes first.
///
/// ```
/// let moves: Vec<_> = smtp_proto::client::moves().collect();
/// assert!(moves.contains(&("Welcome", "Event::Ready", "Ready")));
/// ```
pub fn moves() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    MOVES
        .iter()
        .map(|(from, cause, to)| (from.as_str(), *cause, to.as_str()))
        .chain([("*", CLOSING, Name::Over.as_str())])
}

impl Client {
    /// Changes the stage.
    pub(super) fn enter(&mut self, stage: Stage) {
        check(self.stage.name(), stage.name());
        self.stage = stage;
    }
}

impl Stage {
    /// The name of the stage, or of the step of an open transaction.
    pub(super) const fn name(&self) -> Name {
        match self {
            Self::Greeting => Name::Greeting,
            Self::Hello(_) => Name::Hello,
            Self::StartTls => Name::StartTls,
            Self::Handshake(_) => Name::Handshake,
            Self::Auth(_) => Name::Auth,
            Self::Welcome => Name::Welcome,
            Self::Ready(_) => Name::Ready,
            Self::Command(..) => Name::Command,
            Self::Passing(_) => Name::Passing,
            Self::Sending(sending) => sending.step.name(),
            Self::Finished(_) => Name::Finished,
            Self::Quitting(_) => Name::Quitting,
            Self::Over(..) => Name::Over,
        }
    }

    /// The state of the session as far as the server has confirmed it.
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Greeting => State::Connected,
            Self::Hello(_) => State::Greeted,
            Self::StartTls | Self::Handshake(_) | Self::Auth(_) | Self::Welcome => State::Ready,
            Self::Ready(leftover) | Self::Command(_, leftover) => leftover.state(),
            Self::Passing(passing) if passing.is_anew() => State::Greeted,
            Self::Passing(passing) => passing.leftover().state(),
            Self::Sending(sending) => sending.state(),
            Self::Finished(finished) => finished.leftover.state(),
            Self::Quitting(quitting) => quitting.state,
            Self::Over(..) => State::Closed,
        }
    }

    /// Octets of the output that follow the end of the message under way.
    pub(super) const fn behind(&self) -> usize {
        match self {
            Self::Sending(Sending {
                step: Step::EndOfData { behind },
                ..
            }) => *behind,
            _ => 0,
        }
    }
}

impl Sending {
    /// A transaction that begins with MAIL, or continues after commands that were sent ahead.
    pub(super) const fn new(transaction: Box<Transaction>) -> Self {
        Self {
            transaction,
            next: None,
            step: Step::Envelope,
        }
    }

    /// A transaction that begins with RSET, which was queued.
    pub(super) const fn after_reset(transaction: Box<Transaction>, leftover: Leftover) -> Self {
        Self {
            transaction,
            next: None,
            step: Step::Reset(leftover),
        }
    }

    pub(super) const fn step(&self) -> Step {
        self.step
    }

    /// Changes the step.
    pub(super) fn enter(&mut self, step: Step) {
        check(self.step.name(), step.name());
        self.step = step;
    }

    /// Ends the transaction. `leftover` is the part of it that the server still holds.
    pub(super) fn finish(&mut self, outcome: Outcome, leftover: Leftover) -> Finished {
        Finished {
            outcome,
            leftover,
            next: self.next.take(),
            then: None,
        }
    }

    const fn state(&self) -> State {
        match self.step {
            Step::Reset(leftover) => leftover.state(),
            Step::Envelope | Step::Abandon => self.transaction.leftover().state(),
            Step::LoneDot(_) => State::Data,
            Step::ChunkRefused => State::Broken,
            Step::Permit | Step::Content | Step::EndOfData { .. } => self.transaction.content_state(),
        }
    }

    /// The outcome for the message when the session ends now, with `unwritten` octets of output left.
    pub(super) const fn message_outcome(&self, unwritten: usize) -> MessageOutcome {
        match self.step {
            // The server cannot have the whole message before its end is written. It cannot accept a message with a
            // refused chunk (RFC 3030 section 2), or one that was refused for every recipient (draft-hall-prdr).
            Step::EndOfData { behind }
                if self.transaction.is_written(unwritten, behind)
                    && self.transaction.refused().is_none()
                    && !self.transaction.was_refused_by_all() =>
            {
                MessageOutcome::Unknown
            }
            _ => MessageOutcome::NotAccepted,
        }
    }
}

impl Step {
    const fn name(&self) -> Name {
        match self {
            Self::Reset(_) => Name::Reset,
            Self::Envelope => Name::Envelope,
            Self::Permit => Name::Permit,
            Self::Content => Name::Content,
            Self::ChunkRefused => Name::ChunkRefused,
            Self::EndOfData { .. } => Name::EndOfData,
            Self::LoneDot(_) => Name::LoneDot,
            Self::Abandon => Name::Abandon,
        }
    }
}

impl Name {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "Greeting",
            Self::Hello => "Hello",
            Self::StartTls => "StartTls",
            Self::Handshake => "Handshake",
            Self::Auth => "Auth",
            Self::Welcome => "Welcome",
            Self::Ready => "Ready",
            Self::Command => "Command",
            Self::Passing => "Passing",
            Self::Reset => "Reset",
            Self::Envelope => "Envelope",
            Self::Permit => "Permit",
            Self::Content => "Content",
            Self::ChunkRefused => "ChunkRefused",
            Self::EndOfData => "EndOfData",
            Self::LoneDot => "LoneDot",
            Self::Abandon => "Abandon",
            Self::Finished => "Finished",
            Self::Quitting => "Quitting",
            Self::Over => "Over",
        }
    }
}

/// Checks a change of stage against the table, in debug builds.
fn check(from: Name, to: Name) {
    debug_assert!(
        to == Name::Over || MOVES.iter().any(|(known, _, next)| (*known, *next) == (from, to)),
        "{from:?} does not lead to {to:?}"
    );
}

#[cfg(test)]
mod tests;
