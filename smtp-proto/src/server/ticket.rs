//! Tickets: the right to answer one question, once.

use core::{fmt, marker::PhantomData};

/// The right to answer one question of a [`Server`](super::Server).
///
/// A ticket cannot be copied and is used up by answering. It may be sent to another task and come back in any
/// order, to the session that gave it: a ticket does not know its session, so keep them together. `Q` names the question, so that an answer which fits only some questions takes only their tickets;
/// [`Ticket<AnyQuestion>`](Any) fits the answers that every question has. A ticket that is never used is answered by
/// the machine itself, with 451, after [`Timeouts::application`](super::Timeouts::application).
#[must_use = "an unanswered question is refused when its time is over"]
pub struct Ticket<Q = AnyQuestion> {
    pub(super) number: u32,
    pub(super) kind: Kind,
    question: PhantomData<fn(Q)>,
}

impl<Q> Ticket<Q> {
    pub(super) const fn new(number: u32, kind: Kind) -> Self {
        Self {
            number,
            kind,
            question: PhantomData,
        }
    }
}

impl<Q: Acceptable> Ticket<Q> {
    /// Forgets which question this is a ticket for.
    pub const fn into_any(self) -> Ticket {
        Ticket::new(self.number, self.kind)
    }
}

impl<Q> fmt::Debug for Ticket<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:?} #{})", self.kind, self.number)
    }
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    Hello,
    Auth,
    Mail,
    Recipient,
    Data,
    EndOfData,
    Verify,
    Expand,
    Help,
    Command,
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[expect(clippy::exhaustive_enums, reason = "a name, there are no values")]
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
    /// The question of [`Event::Command`](super::Event::Command).
    Command
}

/// A question that can be answered with a plain yes: every one but [`Auth`], so that code which accepts whatever it is
/// asked lets nobody in.
pub trait Acceptable: sealed::Sealed {}
macro_rules! acceptable {
    ($($name:ident)*) => {$(
        impl Acceptable for $name {}
        impl sealed::Sealed for $name {}
    )*};
}
acceptable! { AnyQuestion Connect Hello Mail Recipient Data EndOfData Verify Expand Help Command }

/// A question that 251 and its forward-path can answer: RCPT and VRFY.
pub trait Forwardable: Acceptable {}
impl Forwardable for Recipient {}
impl Forwardable for Verify {}

mod sealed {
    #[expect(unnameable_types, reason = "that is the point")]
    pub trait Sealed {}
}

/// The question is not open any more: its time was over, or the session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the question is closed: answer sooner, or undo what was done for it")]
#[expect(clippy::exhaustive_structs, reason = "says all there is")]
pub struct StaleTicket;
