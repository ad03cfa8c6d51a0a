//! The number of simultaneous deliveries to one destination.
//!
//! A [`Window`] grows while deliveries succeed and shrinks while they fail, like the queue manager of Postfix
//! (`default_destination_concurrency_*`). If the host of a destination cannot be reached, deliveries pause for a while.
//!
//! ```
//! use smtp_relay::pace::{Limits, Verdict, Window};
//!
//! let mut window = Window::new(Limits::default());
//! while window.may_start(0) {
//!     window.start();
//! }
//! assert_eq!(window.open(), 5);
//! window.end(Verdict::Good, 0);
//! assert_eq!(window.size(), 6);
//! ```

/// The bounds of a window. Defaults are those of Postfix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Simultaneous deliveries to a new destination, at least 1. Default: 5 (`initial_destination_concurrency`).
    pub initial: u32,
    /// Maximum simultaneous deliveries. Default: 20 (`default_destination_concurrency_limit`).
    pub most: u32,
    /// Number of consecutive windows full of failures after which the destination counts as dead, at least 1. Default: 1
    /// (`default_destination_concurrency_failed_cohort_limit`).
    pub cohorts: u32,
    /// Pause in seconds of deliveries to a dead destination. Default: 300 (`minimal_backoff_time`).
    pub pause: u64,
}

/// The result of a delivery in its effect on the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Verdict {
    /// The host accepted or refused recipients.
    Good,
    /// The host could not be reached, refused the session, or broke it.
    Bad,
    /// The delivery says nothing about the host, for example because the message could not be sent to it.
    Neutral,
}

/// The window of one destination: the number of its simultaneous deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    limits: Limits,
    /// Number of deliveries in progress.
    open: u32,
    state: State,
}

/// The state of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Deliveries may begin.
    Alive {
        size: u32,
        /// Consecutive windows full of failures, in parts of [`WHOLE`].
        failed: u64,
    },
    /// No delivery begins before this time, in seconds since 1970.
    Dead { until: u64 },
}

/// One window full of failures. Divisible by every window size up to 20, so that the failures of a window add up exactly.
const WHOLE: u64 = 232_792_560;

impl Window {
    /// Creates the window of a new destination.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: 0,
            state: limits.alive(),
        }
    }

    /// Returns true if a delivery may begin at this time, in seconds since 1970.
    #[must_use]
    pub fn may_start(&self, now: u64) -> bool {
        match self.state {
            State::Alive { size, .. } => self.open < size,
            // One delivery checks if the destination is back.
            State::Dead { until } => now >= until && self.open == 0,
        }
    }

    /// Records the beginning of a delivery.
    pub const fn start(&mut self) {
        self.open = self.open.saturating_add(1);
    }

    /// Records the end of a delivery at this time.
    pub fn end(&mut self, verdict: Verdict, now: u64) {
        self.open = self.open.saturating_sub(1);
        match (verdict, &mut self.state) {
            (Verdict::Neutral, _) => {}
            (Verdict::Good, State::Dead { .. }) => self.state = self.limits.alive(),
            // The window exceeds the deliveries in progress by at most `initial`, because a larger window is untested.
            (Verdict::Good, State::Alive { size, failed }) => {
                *failed = 0;
                let useful = self
                    .open
                    .saturating_add(1)
                    .saturating_add(self.limits.initial.max(1));
                if *size < self.limits.most.min(useful) {
                    *size += 1;
                }
            }
            (Verdict::Bad, State::Dead { until }) => *until = now.saturating_add(self.limits.pause),
            (Verdict::Bad, State::Alive { size, failed }) => {
                *failed = failed.saturating_add(WHOLE / u64::from((*size).max(1)));
                *size = size.saturating_sub(1).max(1);
                if *failed >= WHOLE.saturating_mul(u64::from(self.limits.cohorts.max(1))) {
                    self.state = State::Dead {
                        until: now.saturating_add(self.limits.pause),
                    };
                }
            }
        }
    }

    /// Returns the number of deliveries in progress.
    #[must_use]
    pub const fn open(&self) -> u32 {
        self.open
    }

    /// Returns the number of simultaneous deliveries that the window permits now. It is 1 for a dead destination.
    #[must_use]
    pub const fn size(&self) -> u32 {
        match self.state {
            State::Alive { size, .. } => size,
            State::Dead { .. } => 1,
        }
    }

    /// Returns the end of the pause of a dead destination, in seconds since 1970. Returns `None` if the destination is not
    /// dead.
    #[must_use]
    pub const fn dead_until(&self) -> Option<u64> {
        match self.state {
            State::Alive { .. } => None,
            State::Dead { until } => Some(until),
        }
    }
}

impl Limits {
    /// Returns the state of a new destination.
    fn alive(&self) -> State {
        State::Alive {
            size: self.initial.min(self.most).max(1),
            failed: 0,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            initial: 5,
            most: 20,
            cohorts: 1,
            pause: 300,
        }
    }
}

#[cfg(test)]
mod tests;
