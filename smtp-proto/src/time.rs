//! Time as an argument: instants, the phases that have deadlines, and a timer.

use core::{ops::Add, time::Duration};

/// A point on the driver's monotonic clock, measured from an origin that the driver chooses.
///
/// The core never reads a clock. A driver keeps one origin for the life of a machine (the moment it made the
/// connection, say) and passes the time since then to every [`poll`](crate::Machine::poll).
///
/// It counts nanoseconds, up to 584 years: one number is quicker to add and to compare than a [`Duration`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin itself.
    pub const ORIGIN: Self = Self(0);

    /// The instant that lies `elapsed` after the origin; the end of time when that is more than 584 years.
    #[must_use]
    pub const fn after_origin(elapsed: Duration) -> Self {
        Self(nanoseconds(elapsed))
    }

    /// The time from the origin to this instant.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this instant; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time instead of panicking.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(span)))
    }
}

/// A span in nanoseconds, or the longest there is.
const fn nanoseconds(span: Duration) -> u64 {
    span.as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(span.subsec_nanos() as u64)
}

/// A moment at which the machine wants to be polled even if nothing happens, and what it is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadline {
    /// When to poll at the latest.
    pub at: Instant,
    /// What is overdue then.
    pub phase: Phase,
}

impl Deadline {
    pub(crate) const fn new(at: Instant, phase: Phase) -> Self {
        Self { at, phase }
    }

    /// The earlier of two deadlines that may or may not exist.
    pub(crate) fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// What a deadline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The server holds its greeting back to see whether the client talks too early.
    GreetingDelay,
    /// The client waits for the greeting.
    Greeting,
    /// The TLS handshake is under way.
    Handshake,
    /// The server waits for a whole command line; the client for the reply to one without a time of its own.
    Command,
    /// The server waits for a response of an AUTH exchange; the client for a challenge or the end of it.
    Auth,
    /// The client waits for the reply to MAIL.
    Mail,
    /// The client waits for the reply to RCPT.
    Recipient,
    /// The client waits for the reply to DATA.
    DataStart,
    /// Message content is on its way.
    DataBlock,
    /// The client waits for the reply to the end of the message.
    DataEnd,
    /// The application has an open question (server), or has not gone on with the message (client).
    Application,
    /// The peer does not take what is written to it.
    Write,
    /// Replies are held back after too many errors.
    Penalty,
    /// The client waits for the reply to QUIT.
    Quit,
}

impl core::fmt::Display for Phase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::GreetingDelay => "holding back the greeting",
            Self::Greeting => "waiting for the greeting",
            Self::Handshake => "waiting for the TLS handshake",
            Self::Command => "waiting for a command or its reply",
            Self::Auth => "authenticating",
            Self::Mail => "waiting for the reply to MAIL",
            Self::Recipient => "waiting for the reply to RCPT",
            Self::DataStart => "waiting for the reply to DATA",
            Self::DataBlock => "transferring the message",
            Self::DataEnd => "waiting for the reply to the end of the message",
            Self::Application => "waiting for the application",
            Self::Write => "writing",
            Self::Penalty => "holding back a reply",
            Self::Quit => "waiting for the reply to QUIT",
        })
    }
}

/// One running timer: it starts when a wait begins, and is forgotten when something whole was achieved.
///
/// Octets that achieve nothing (half a command, half a reply) do not restart it, so a peer that drips cannot
/// stretch a phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timer(Option<Deadline>);

impl Timer {
    /// Forgets the wait that is over.
    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }

    /// The deadline of the wait for `phase`, which begins now unless it is running.
    pub(crate) fn run(&mut self, phase: Phase, span: Duration, now: Instant) -> Deadline {
        match self.0 {
            Some(deadline) if deadline.phase == phase => deadline,
            _ => *self.0.insert(Deadline::new(now + span, phase)),
        }
    }
}

#[cfg(test)]
mod tests;
