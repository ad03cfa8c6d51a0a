//! Counters of faults and commands without progress, and their penalty.

use crate::{limits::Threshold, time::Instant};

/// Counts faults, idle commands, failed logins and discarded octets of one session.
#[derive(Debug, Default)]
pub(super) struct AbuseMeter {
    errors: u32,
    unknown_commands: u32,
    idle_commands: u32,
    excess_recipients: u32,
    failed_logins: u32,
    discarded: u64,
    /// Replies are delayed until then.
    penalty: Option<Instant>,
}

/// The consequence of one more fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// The fault was counted.
    Counted,
    /// The soft bound is exceeded: the replies are delayed.
    Penalty,
    /// The hard bound is exceeded: the session ends.
    TooMany,
}

impl Strike {
    const fn of(count: u32, bound: Threshold) -> Self {
        if count > bound.hard {
            Self::TooMany
        } else if count > bound.soft {
            Self::Penalty
        } else {
            Self::Counted
        }
    }
}

impl AbuseMeter {
    /// Counts a faulty command.
    pub(super) const fn count_error(&mut self, bound: Threshold) -> Strike {
        self.errors = self.errors.saturating_add(1);
        Strike::of(self.errors, bound)
    }

    /// Counts an unknown command.
    pub(super) const fn count_unknown(&mut self, bound: Threshold) -> Strike {
        self.unknown_commands = self.unknown_commands.saturating_add(1);
        Strike::of(self.unknown_commands, bound)
    }

    /// Unknown commands so far.
    pub(super) const fn unknown_commands(&self) -> u32 {
        self.unknown_commands
    }

    /// Counts an AUTH exchange without success.
    pub(super) const fn count_failed_login(&mut self, bound: Threshold) -> Strike {
        self.failed_logins = self.failed_logins.saturating_add(1);
        Strike::of(self.failed_logins, bound)
    }

    /// Counts a command without progress.
    pub(super) const fn count_idle(&mut self) {
        self.idle_commands = self.idle_commands.saturating_add(1);
    }

    /// Counts a recipient beyond a limit. After `most` of them, each counts as an idle command.
    pub(super) const fn count_excess_recipient(&mut self, most: u32) {
        if self.excess_recipients < most {
            self.excess_recipients += 1;
        } else {
            self.count_idle();
        }
    }

    /// Counts discarded octets. Returns `true` if there were more than `most` in all.
    pub(super) const fn discard(&mut self, octets: u64, most: u64) -> bool {
        self.discarded = self.discarded.saturating_add(octets);
        self.discarded > most
    }

    /// Returns `true` if `octets` more would exceed the limit for discarded octets.
    pub(super) const fn would_exceed(&self, octets: u64, most: u64) -> bool {
        self.discarded.saturating_add(octets) > most
    }

    /// Returns `true` if there were more than `most` idle commands in a row.
    pub(super) const fn is_idle(&self, most: u32) -> bool {
        self.idle_commands > most
    }

    /// Returns `true` if one more error, or the refusal of all `open` questions, could end the session.
    pub(super) const fn is_near_end(&self, open: u64, errors: Threshold, idle: u32) -> bool {
        self.errors >= errors.hard || self.idle_commands as u64 + open > idle as u64
    }

    /// A message was accepted: earlier idle commands and excess recipients no longer count.
    pub(super) const fn message_accepted(&mut self) {
        (self.idle_commands, self.excess_recipients) = (0, 0);
    }

    /// A login succeeded: earlier failures no longer count.
    pub(super) const fn login_accepted(&mut self) {
        self.failed_logins = 0;
    }

    /// Resets the counts from plaintext, except discarded octets and failed logins: STARTTLS must not reset them.
    pub(super) fn tls_established(&mut self) {
        *self = Self {
            discarded: self.discarded,
            failed_logins: self.failed_logins,
            ..Self::default()
        };
    }

    /// Delays replies until this time.
    pub(super) const fn delay_replies(&mut self, until: Instant) {
        self.penalty = Some(until);
    }

    /// Ends the penalty.
    pub(super) const fn end_penalty(&mut self) {
        self.penalty = None;
    }

    /// Returns the time at which the penalty ends.
    pub(super) const fn penalty(&self) -> Option<Instant> {
        self.penalty
    }

    /// Returns `true` if replies are delayed now.
    pub(super) fn delays_replies(&self, now: Instant) -> bool {
        self.penalty.is_some_and(|until| now < until)
    }
}
