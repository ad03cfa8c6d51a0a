//! Tickets: each is the right to answer one question, once.

use core::{fmt, marker::PhantomData};

/// The right to answer one question of a [`Server`](super::Server).
///
/// A ticket cannot be copied, and an answer consumes it. It may be sent to another task, and tickets may be answered in
/// any order.
///
/// `Q` is the type of the question: a method for some questions accepts only their tickets.
/// [`Ticket<AnyQuestion>`](AnyQuestion) fits the methods that answer every question.
///
/// A ticket belongs to its session: another session returns [`StaleTicket`]. Session numbers have 32 bits, so they
/// repeat in a process only after 4,294,967,296 sessions.
///
/// If the application does not answer in time, or drops the ticket, the machine replies 451 after
/// [`Timeouts::application`](super::Timeouts::application).
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
    /// Converts the ticket for the methods that answer every question.
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
    /// Marker type for any question, for code that answers every question alike.
    AnyQuestion
    /// Marker type for the question of [`Event::Connect`](super::Event::Connect).
    Connect
    /// Marker type for the question of [`Event::Hello`](super::Event::Hello).
    Hello
    /// Marker type for the question of [`Event::Auth`](super::Event::Auth).
    Auth
    /// Marker type for the question of [`Event::Mail`](super::Event::Mail).
    Mail
    /// Marker type for the question of [`Event::Recipient`](super::Event::Recipient).
    Recipient
    /// Marker type for the question of [`Event::Data`](super::Event::Data).
    Data
    /// Marker type for the question of [`Event::EndOfData`](super::Event::EndOfData).
    EndOfData
    /// Marker type for the question of [`Event::Verify`](super::Event::Verify).
    Verify
    /// Marker type for the question of [`Event::Expand`](super::Event::Expand).
    Expand
    /// Marker type for the question of [`Event::Help`](super::Event::Help).
    Help
    /// Marker type for the question of [`Event::Xclient`](super::Event::Xclient).
    Xclient
    /// Marker type for the question of [`Event::Xforward`](super::Event::Xforward).
    Xforward
    /// Marker type for the question of [`Event::Etrn`](super::Event::Etrn).
    Etrn
    /// Marker type for the question of [`Event::Command`](super::Event::Command).
    Command
}

/// A question that can be accepted: every question except [`Auth`] and [`Etrn`]. So code that accepts all questions
/// cannot authenticate a client or start a delivery.
pub trait Acceptable: sealed::Sealed {}
macro_rules! acceptable {
    ($($name:ident)*) => {$(
        impl Acceptable for $name {}
        impl sealed::Sealed for $name {}
    )*};
}
acceptable! { AnyQuestion Connect Hello Mail Recipient Data EndOfData Verify Expand Help Xclient Xforward Command }

/// A question that can be answered with 251 and a forward-path: RCPT or VRFY.
pub trait Forwardable: Acceptable {}
impl Forwardable for Recipient {}
impl Forwardable for Verify {}

mod sealed {
    #[expect(unnameable_types, reason = "sealed on purpose")]
    pub trait Sealed {}
}

/// Error for an answer to a question that is closed: its time is over, its session has ended, or the ticket belongs to
/// another session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the question is closed: it was answered with 451 in time, its session ended, or the ticket is of another session"
)]
#[expect(clippy::exhaustive_structs, reason = "nothing can be added")]
pub struct StaleTicket;
