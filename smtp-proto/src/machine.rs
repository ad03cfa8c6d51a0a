//! The contract between a machine and whatever drives it.

use crate::time::{Deadline, Instant};

/// A protocol machine: octets and answers in, events and octets out.
///
/// [`server::Server`](crate::server::Server) and [`client::Client`](crate::client::Client) are the two machines.
/// The driver owns the stream, the input buffer and the clock:
///
/// 1. Call [`poll`](Self::poll) until it says [`Step::Wait`], handling each event on the way. Events borrow
///    the input, never the machine, so the machine can be answered while an event is in hand.
/// 2. Do one of the things that the [`Wait`] allows, whichever is possible first: read more octets behind
///    those that `poll` left, write some of [`output`](Self::output) and report it with
///    [`wrote`](Self::advance_output), answer an open question, or let the deadline pass.
/// 3. Go back to 1. Report the end of the input with [`end_of_input`](Self::end_of_input), and a broken stream with
///    [`connection_lost`](Self::connection_lost); the machine then says what became of the session in its last event.
///
/// However the input is cut into pieces, the events (adjacent body slices joined) and the output are the same.
pub trait Machine: sealed::Sealed {
    /// What happened. It may borrow the input given to [`poll`](Self::poll).
    type Event<'i>;

    /// Takes one step at the time `now`, which should not be earlier than at the step before: a clock that goes back
    /// makes deadlines late, and does no other harm.
    ///
    /// `input` holds the octets that were read and not yet used. It is advanced past what this step uses; what
    /// remains must be offered again, at the front, with later octets behind it. The machine never leaves more
    /// than its longest configured line (server) or reply (client) when it asks to read, so a driver's buffer is
    /// bounded. Polling late, or without need, is harmless.
    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Step<Self::Event<'i>>;

    /// The octets to be written now, possibly none. Bounded by the machine's limits.
    fn output(&self) -> &[u8];

    /// Reports that the first `octets` octets of [`output`](Self::output) were written; more than there are counts as
    /// all. Writing a part is normal.
    fn advance_output(&mut self, octets: usize);

    /// Reports that the peer will send nothing more. What it sent before is still processed.
    fn end_of_input(&mut self);

    /// Reports that the stream is broken: nothing more can be read or written. Poll afterwards; what is left of the
    /// output need not be written.
    fn connection_lost(&mut self);
}

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event must be handled and a wait must be waited for"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a step is one or the other; drivers match on both"
)]
pub enum Step<E> {
    /// Something happened; poll again after handling it.
    Event(E),
    /// Nothing more can be done until one of these things happens.
    Wait(Wait),
}

/// What a machine waits for: any one of the things that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// More input is wanted. While this is false a driver must not read: that is the back-pressure.
    pub want_read: bool,
    /// There is output to be written.
    pub want_write: bool,
    /// The application has its turn: in a server a question is open, and in a client the message of the transaction
    /// is to be given ([`client::Event::Body`](crate::client::Event::Body)).
    pub application_pending: bool,
    /// When to poll at the latest, whatever else happens.
    pub deadline: Option<Deadline>,
}

pub(crate) mod sealed {
    /// Keeps [`Machine`](super::Machine) to this crate, so that it can grow.
    #[expect(unnameable_types, reason = "that is the point")]
    pub trait Sealed {}
}
