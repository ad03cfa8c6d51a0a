//! Tickets: the right to answer one question, once.

use core::{fmt, marker::PhantomData};

/// The right to answer one question of a [`Server`](super::Server).
///
/// A ticket cannot be copied and is used up by answering. It may be sent to another task and come back in any order. `Q` names
/// the question, so that an answer which fits only some questions takes only their tickets;
/// [`Ticket<AnyQuestion>`](AnyQuestion) fits the answers that every question has.
///
/// A ticket knows its session: another session gives [`StaleTicket`]. Sessions are numbered as they are made, with 32 bits, so
/// two sessions of one process have the same number only if 4,294,967,296 sessions were made between them.
///
/// The machine itself answers a question with 451 after [`Timeouts::application`](super::Timeouts::application), also if its
/// ticket was dropped.
#[must_use = "an unanswered question is refused when its time is over"]
pub struct Ticket<Q = AnyQuestion> {
    session: u32,
    number: u32,
    question: PhantomData<fn(Q)>,
}

impl<Q> Ticket<Q> {
    pub(super) const fn new(session: u32, number: u32) -> Self {
        Self {
            session,
            number,
            question: PhantomData,
        }
    }

    /// The same for code that serves every question.
    pub(super) const fn without_question(self) -> Ticket {
        Ticket::new(self.session, self.number)
    }

    /// The number of the session.
    pub(super) const fn session(&self) -> u32 {
        self.session
    }

    /// The number of the question in its session.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }
}

impl<Q: Acceptable> Ticket<Q> {
    /// Makes a ticket for the answers that every question has.
    pub const fn into_any(self) -> Ticket {
        Ticket::new(self.session, self.number)
    }
}

/// Shows the number of the question, and not that of the session, which differs from run to run.
impl<Q> fmt::Debug for Ticket<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket(#{})", self.number)
    }
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[expect(clippy::exhaustive_enums, reason = "a name without values")]
        pub enum $name {}
    )*};
}

questions! {
    /// Any question.
    AnyQuestion
    /// The question of [`Event::Connect`](super::Event::Connect).
    Connect
    /// The question of [`Event::Hello`](super::Event::Hello).
    Hello
    /// The question of [`Event::Auth`](super::Event::Auth).
    Auth
    /// The question of [`Event::Mail`](super::Event::Mail).
    Mail
    /// The question of [`Event::Recipient`](super::Event::Recipient).
    Recipient
    /// The question of [`Event::Data`](super::Event::Data).
    Data
    /// The question of [`Event::EndOfData`](super::Event::EndOfData).
    EndOfData
    /// The question of [`Event::Verify`](super::Event::Verify).
    Verify
    /// The question of [`Event::Expand`](super::Event::Expand).
    Expand
    /// The question of [`Event::Help`](super::Event::Help).
    Help
    /// The question of [`Event::Xclient`](super::Event::Xclient).
    Xclient
    /// The question of [`Event::Xforward`](super::Event::Xforward).
    Xforward
    /// The question of [`Event::Etrn`](super::Event::Etrn).
    Etrn
    /// The question of [`Event::Command`](super::Event::Command).
    Command
}

/// A question that can be accepted: every one but [`Auth`] and [`Etrn`], so that code that accepts all questions
/// authenticates nobody and starts no delivery.
pub trait Acceptable: sealed::Sealed {}
macro_rules! acceptable {
    ($($name:ident)*) => {$(
        impl Acceptable for $name {}
        impl sealed::Sealed for $name {}
    )*};
}
acceptable! { AnyQuestion Connect Hello Mail Recipient Data EndOfData Verify Expand Help Xclient Xforward Command }

/// A question with the answer 251 and a forward-path: RCPT and VRFY.
pub trait Forwardable: Acceptable {}
impl Forwardable for Recipient {}
impl Forwardable for Verify {}

mod sealed {
    #[expect(unnameable_types, reason = "sealed on purpose")]
    pub trait Sealed {}
}

/// The question is not open: its time is over, the session has ended, or the ticket belongs to another session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the question is closed: it was answered with 451 in time, its session ended, or the ticket is of another session"
)]
#[expect(clippy::exhaustive_structs, reason = "nothing can be added")]
pub struct StaleTicket;
