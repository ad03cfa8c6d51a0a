//! Time as an argument: instants, phases with deadlines, and a timer.

use core::{ops::Add, time::Duration};

/// A point on the driver's monotonic clock, relative to an origin that the driver chooses.
///
/// The core never reads a clock. A driver keeps one origin for the life of a machine (for example, the time of the
/// connection) and passes the time since then to every [`poll`](crate::Machine::poll).
///
/// Resolution: nanoseconds. Range: 584 years. Stored as one integer, which is faster to add and compare than a
/// [`Duration`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin.
    pub const ORIGIN: Self = Self(0);

    /// The instant `elapsed` after the origin. Saturates at 584 years.
    #[must_use]
    pub const fn after_origin(elapsed: Duration) -> Self {
        Self(nanoseconds(elapsed))
    }

    /// The time from the origin to this instant.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this instant. Zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Adds a duration. Saturates instead of panicking.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(span)))
    }
}

/// Converts a duration to nanoseconds, saturating.
const fn nanoseconds(span: Duration) -> u64 {
    span.as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(span.subsec_nanos() as u64)
}

/// The latest time for the next poll, and the phase that times out then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadline {
    /// The latest time for the next poll.
    pub at: Instant,
    /// The phase that times out at that time.
    pub phase: Phase,
}

impl Deadline {
    pub(crate) const fn new(at: Instant, phase: Phase) -> Self {
        Self { at, phase }
    }

    /// The earlier of two optional deadlines.
    pub(crate) fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// The part of a session to which a deadline belongs. If the peer misses it, the session ends with
/// [`server::Closed::TimedOut`](crate::server::Closed::TimedOut) or
/// [`client::Closed::TimedOut`](crate::client::Closed::TimedOut).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The server delays its greeting to detect early talkers.
    GreetingDelay,
    /// The client waits for the greeting.
    Greeting,
    /// The TLS handshake is in progress.
    Handshake,
    /// The server waits for a complete command line; the client for the reply to a command without its own phase.
    Command,
    /// The server waits for a response of an AUTH exchange; the client for a challenge or the final reply.
    Auth,
    /// The client waits for the reply to MAIL.
    Mail,
    /// The client waits for the reply to RCPT.
    Recipient,
    /// The client waits for the reply to DATA.
    DataStart,
    /// Message data is being transferred. In a client this includes the wait for the next part from the application.
    DataBlock,
    /// The client waits for the reply to the end of data.
    DataEnd,
    /// The server waits for an answer from the application, and then replies 451.
    Application,
    /// The peer does not read, so that output cannot be written.
    Write,
    /// The server delays replies after too many errors.
    Penalty,
    /// The client waits for the reply to QUIT.
    Quit,
}

impl core::fmt::Display for Phase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::GreetingDelay => "delaying the greeting",
            Self::Greeting => "waiting for the greeting",
            Self::Handshake => "waiting for the TLS handshake",
            Self::Command => "waiting for a command or its reply",
            Self::Auth => "authenticating",
            Self::Mail => "waiting for the reply to MAIL",
            Self::Recipient => "waiting for the reply to RCPT",
            Self::DataStart => "waiting for the reply to DATA",
            Self::DataBlock => "transferring the message",
            Self::DataEnd => "waiting for the reply to the end of data",
            Self::Application => "waiting for the application",
            Self::Write => "writing",
            Self::Penalty => "delaying a reply",
            Self::Quit => "waiting for the reply to QUIT",
        })
    }
}

/// A timer that starts with a wait and stops when a complete unit (a command, a reply) has arrived.
///
/// Parts of a command or reply do not restart it, so a peer that sends single octets cannot extend a phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timer(Option<Deadline>);

impl Timer {
    /// Returns `true` if the timer is running.
    pub(crate) const fn is_running(&self) -> bool {
        self.0.is_some()
    }

    /// Stops the timer.
    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }

    /// Returns the deadline of `phase`. Starts the timer unless it is already running for this phase.
    pub(crate) fn run(&mut self, phase: Phase, span: Duration, now: Instant) -> Deadline {
        match self.0 {
            Some(deadline) if deadline.phase == phase => deadline,
            _ => *self.0.insert(Deadline::new(now + span, phase)),
        }
    }
}

#[cfg(test)]
mod tests;
