//! The contract between a machine and its driver.

use crate::{
    time::{Deadline, Instant},
    tls::{TlsInfo, TlsUpgrade},
};

/// A protocol machine: turns input, answers and time into events and output.
///
/// [`server::Server`](crate::server::Server) and [`client::Client`](crate::client::Client) are the two machines.
/// The driver owns the stream, the input buffer and the clock:
///
/// 1. Call [`poll`](Self::poll) until it returns [`Step::Wait`], and handle each event. Events borrow the input, never
///    the machine, so the machine can be answered while an event is held.
/// 2. Do one of the things that the [`Wait`] names, whichever is possible first: read more octets and append them to
///    those that `poll` left; write some of [`output`](Self::output) and report the number with
///    [`advance_output`](Self::advance_output); answer an open question; or let the deadline pass.
/// 3. Continue with 1. Report the end of the input with [`end_of_input`](Self::end_of_input), and a broken stream with
///    [`connection_lost`](Self::connection_lost). The machine then reports the result of the session in its last event.
///
/// The events (with adjacent body slices joined) and the output do not depend on the boundaries of the input.
pub trait Machine: sealed::Sealed {
    /// The event type. It may borrow the input passed to [`poll`](Self::poll).
    type Event<'i>;

    /// Takes one step at the time `now`. Time should not go backwards; if it does, deadlines are late.
    ///
    /// `input` holds the octets read and not yet used. `poll` advances it past the octets that this step uses. Pass the
    /// rest again at the next call, followed by later octets. The driver's buffer is bounded: when the machine asks to
    /// read, the rest is at most one line (server) or one reply (client) of the configured maximum. Polling late or
    /// without need is harmless.
    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Step<Self::Event<'i>>;

    /// The octets to write now; may be empty. Bounded by the machine's limits.
    fn output(&self) -> &[u8];

    /// Reports that the first `octets` octets of [`output`](Self::output) were written. Partial writes are normal. A
    /// number above the length of the output counts as all of it.
    fn advance_output(&mut self, octets: usize);

    /// Reports the end of the input: the peer closed the connection, or its sending side. Input received before is
    /// still processed.
    fn end_of_input(&mut self);

    /// Reports that the stream is broken: it can neither be read nor written. Poll afterwards. The remaining output
    /// need not be written.
    fn connection_lost(&mut self);

    /// Reports that the TLS handshake for this upgrade succeeded, with the negotiated parameters.
    fn tls_established(&mut self, upgrade: TlsUpgrade, info: TlsInfo);

    /// Reports that the TLS handshake for this upgrade failed. The session ends.
    fn tls_failed(&mut self, upgrade: TlsUpgrade);
}

/// An event, or the conditions to wait for: the result of [`Machine::poll`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event must be handled and a wait must be waited for"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a step is one or the other; drivers match on both"
)]
pub enum Step<E> {
    /// An event. Handle it and poll again.
    Event(E),
    /// The machine cannot continue until one of the conditions in the [`Wait`] is met.
    Wait(Wait),
}

/// The conditions that a machine waits for. Any one of them ends the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// The machine needs more input. While this is `false`, the driver must not read: this is the back-pressure.
    pub want_read: bool,
    /// The machine has output to write.
    pub want_write: bool,
    /// The application must act: in a server, a question is open; in a client, the message of the transaction is
    /// expected ([`client::Event::Body`](crate::client::Event::Body)).
    pub application_pending: bool,
    /// The latest time for the next poll. `None`: no time limit.
    pub deadline: Option<Deadline>,
}

pub(crate) mod sealed {
    /// Restricts implementations of [`Machine`](super::Machine) to this crate, so that methods can be added.
    #[expect(unnameable_types, reason = "other crates must not implement it")]
    pub trait Sealed {}
}
