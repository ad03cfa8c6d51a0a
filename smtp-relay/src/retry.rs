//! The time of the next attempt, expiry and delay notices.
//!
//! Times are in seconds since 1970, durations in seconds. The functions decide about one recipient, because the recipients of
//! a message may have different times.
//!
//! ```
//! use smtp_relay::retry::{Next, Schedule, Times};
//!
//! let schedule = Schedule::default();
//! let message = Times::new(1_800_000_000);
//! let Next::At(second) = schedule.next(1_800_000_010, &message, 1, 7) else { panic!("expired") };
//! assert!((280..=340).contains(&(second - 1_800_000_000)));
//! assert_eq!(schedule.next(1_800_000_000 + 5 * 86_400, &message, 30, 7), Next::Expired);
//! ```

use alloc::{vec, vec::Vec};

use crate::random::Random;

/// The waits between attempts, and the times of expiry and of the delay notice.
///
/// Default: waits of 5, 15 and 30 minutes, 1 and 2 hours, then 4 hours each; expiry after 5 days; a notice after 4 hours.
///
/// RFC 5321 section 4.5.4.1 advises two attempts in the first hour, then one every two or three hours, for 4 to 5 days. Its
/// first wait of 30 minutes is a SHOULD. The default is shorter because of greylisting and short outages; Postfix begins with
/// 5 minutes, too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The waits in seconds; the last wait repeats. If there are none, each wait is [`Schedule::MIN_WAIT`].
    pub waits: Vec<u64>,
    /// Seconds from acceptance to expiry.
    pub expire: u64,
    /// Seconds from acceptance to the delay notice. `None`: no notice.
    pub delay_notice: Option<u64>,
    /// Random deviation of a wait in percent, up and down, so that messages that failed together do not return together.
    pub jitter: u8,
}

/// The times of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// The time of acceptance.
    pub accepted: u64,
    /// The time of release (FUTURERELEASE, RFC 4865). The time until then does not count for expiry.
    pub hold_until: Option<u64>,
    /// The deadline of DELIVERBY.
    pub deliver_by: Option<DeliverBy>,
}

/// The deadline of a message, and its effect (RFC 2852 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 2852 section 3 has these two")]
pub enum DeliverBy {
    /// By-mode `R`: the message expires.
    Return(u64),
    /// By-mode `N`: the sender gets a delay notice, and attempts continue.
    Notify(u64),
}

/// The next step for a recipient that an attempt deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum Next {
    /// An attempt at this time.
    At(u64),
    /// No further attempt: the recipient has failed, with status 4.4.7 or 5.4.7.
    Expired,
}

impl Schedule {
    /// Minimum wait in seconds: 1. It protects hosts from a schedule of zeros.
    pub const MIN_WAIT: u64 = 1;

    /// Creates a schedule with these waits and this time to expiry, without a delay notice and without jitter.
    #[must_use]
    pub const fn new(waits: Vec<u64>, expire: u64) -> Self {
        Self {
            waits,
            expire,
            delay_notice: None,
            jitter: 0,
        }
    }

    /// Returns the time of the first attempt: the time of acceptance, or the time of release.
    #[must_use]
    pub fn first(&self, message: &Times) -> u64 {
        message.released()
    }

    /// Decides on the next attempt after one that deferred the recipient. `attempts` is the number of attempts, including
    /// this one; `seed` selects the deviation.
    ///
    /// The last attempt is at the time of expiry. So mail survives an outage that ends just before, and the policies of the
    /// destination are looked up once more before a bounce (RFC 8461 section 5.1). There is no attempt after the deadline of
    /// [`DeliverBy::Return`] (RFC 2852 section 4.1.4.2).
    #[must_use]
    pub fn next(&self, now: u64, message: &Times, attempts: u32, seed: u64) -> Next {
        let expiry = self.expiry(message);
        if now >= expiry {
            return Next::Expired;
        }
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last());
        let wait = deviate(wait.copied().unwrap_or(0), self.jitter, seed);
        Next::At(now.saturating_add(wait.max(Self::MIN_WAIT)).min(expiry))
    }

    /// Returns the time of expiry: the expiry of the schedule or the deadline of [`DeliverBy::Return`], whichever is earlier.
    #[must_use]
    pub fn expiry(&self, message: &Times) -> u64 {
        let expiry = message.released().saturating_add(self.expire);
        match message.deliver_by {
            Some(DeliverBy::Return(deadline)) => expiry.min(deadline),
            _ => expiry,
        }
    }

    /// Returns the time of the delay notice: the time of the schedule or the deadline of [`DeliverBy::Notify`], whichever is
    /// earlier.
    ///
    /// At this time or at the first attempt after it, send one notice about a recipient that has no final result. Returns
    /// `None` if no notice is due before the expiry.
    #[must_use]
    pub fn delay_notice(&self, message: &Times) -> Option<u64> {
        let usual = self
            .delay_notice
            .map(|wait| message.released().saturating_add(wait));
        let due = match (usual, message.deliver_by) {
            (usual, Some(DeliverBy::Notify(deadline))) => Some(usual.unwrap_or(deadline).min(deadline)),
            (usual, _) => usual,
        };
        due.filter(|due| *due < self.expiry(message))
    }
}

impl Default for Schedule {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        Self {
            waits: vec![5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
            expire: 5 * 24 * HOUR,
            delay_notice: Some(4 * HOUR),
            jitter: 10,
        }
    }
}

impl Times {
    /// Creates the times of a message without FUTURERELEASE and DELIVERBY.
    #[must_use]
    pub const fn new(accepted: u64) -> Self {
        Self {
            accepted,
            hold_until: None,
            deliver_by: None,
        }
    }

    /// Returns true if an attempt may begin: the message is released, and no deadline of [`DeliverBy::Return`] has passed.
    #[must_use]
    pub fn may_attempt(&self, now: u64) -> bool {
        let expired = matches!(self.deliver_by, Some(DeliverBy::Return(deadline)) if now >= deadline);
        now >= self.released() && !expired
    }

    /// The time of acceptance or release.
    fn released(&self) -> u64 {
        self.hold_until.unwrap_or(0).max(self.accepted)
    }
}

/// Lengthens or shortens a wait by up to `percent`, at most 100.
fn deviate(wait: u64, percent: u8, seed: u64) -> u64 {
    let most = u64::from(percent.min(100));
    let deviation = Random::new(seed).below(2 * most + 1);
    // wait * (100 - most + deviation) / 100, without overflow.
    let factor = 100 - most + deviation;
    (wait / 100)
        .saturating_mul(factor)
        .saturating_add(wait % 100 * factor / 100)
}

#[cfg(test)]
mod tests;
