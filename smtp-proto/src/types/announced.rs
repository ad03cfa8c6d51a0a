//! Numbers that a server announces in EHLO.

use core::num::NonZeroU32;

use super::{Hold, Timestamp};

/// The limits that a server announces with LIMITS (RFC 9422 section 4). `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnnouncedLimits {
    mail_max: Option<NonZeroU32>,
    rcpt_max: Option<NonZeroU32>,
    rcpt_domain_max: Option<NonZeroU32>,
}

impl AnnouncedLimits {
    /// The largest number in the grammar: six digits (RFC 9422 section 4).
    pub const MAX: NonZeroU32 = NonZeroU32::new(999_999).unwrap();

    /// Sets the maximum number of MAIL commands in a session, at most [`AnnouncedLimits::MAX`].
    #[must_use]
    pub fn with_mail_max(self, limit: NonZeroU32) -> Self {
        Self {
            mail_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// Sets the maximum number of RCPT commands in a transaction, at most [`AnnouncedLimits::MAX`].
    #[must_use]
    pub fn with_rcpt_max(self, limit: NonZeroU32) -> Self {
        Self {
            rcpt_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// Sets the maximum number of recipient domains in a session, at most [`AnnouncedLimits::MAX`].
    #[must_use]
    pub fn with_rcpt_domain_max(self, limit: NonZeroU32) -> Self {
        Self {
            rcpt_domain_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// Returns the maximum number of MAIL commands in a session (`MAILMAX`).
    #[must_use]
    pub const fn mail_max(&self) -> Option<NonZeroU32> {
        self.mail_max
    }

    /// Returns the maximum number of RCPT commands in a transaction (`RCPTMAX`).
    #[must_use]
    pub const fn rcpt_max(&self) -> Option<NonZeroU32> {
        self.rcpt_max
    }

    /// Returns the maximum number of recipient domains in a session (`RCPTDOMAINMAX`).
    #[must_use]
    pub const fn rcpt_domain_max(&self) -> Option<NonZeroU32> {
        self.rcpt_domain_max
    }
}

/// The bounds that a server announces with FUTURERELEASE (RFC 4865 section 3).
///
/// RFC 4865 requires both. A bound is `None` if a server announced it malformed, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FutureReleaseLimits {
    max_interval: Option<NonZeroU32>,
    max_time: Option<Timestamp>,
}

impl FutureReleaseLimits {
    /// The largest interval in the grammar, in seconds: nine digits (RFC 4865 section 3).
    pub const MAX_INTERVAL: NonZeroU32 = NonZeroU32::new(999_999_999).unwrap();

    /// Creates the bounds: the maximum time in seconds for which messages are held, and the latest time until which
    /// they are held. An interval above [`FutureReleaseLimits::MAX_INTERVAL`] becomes that.
    #[must_use]
    pub fn new(max_interval: NonZeroU32, max_time: Timestamp) -> Self {
        Self::announced(Some(max_interval), Some(max_time))
    }

    /// Creates the bounds from those that a server announced.
    pub(crate) fn announced(max_interval: Option<NonZeroU32>, max_time: Option<Timestamp>) -> Self {
        Self {
            max_interval: max_interval.map(|interval| interval.min(Self::MAX_INTERVAL)),
            max_time,
        }
    }

    /// Returns the maximum time in seconds for which messages are held (`max-future-release-interval`).
    #[must_use]
    pub const fn max_interval(&self) -> Option<NonZeroU32> {
        self.max_interval
    }

    /// Returns the latest time until which messages are held (`max-future-release-date-time`).
    #[must_use]
    pub const fn max_time(&self) -> Option<Timestamp> {
        self.max_time
    }

    /// Returns true if a message may be held for this time.
    pub(crate) fn allows(&self, hold: Hold) -> bool {
        match hold {
            Hold::For(interval) => self.max_interval.is_none_or(|most| interval.seconds() <= most),
            Hold::Until(time) => self.max_time.is_none_or(|latest| time <= latest),
        }
    }
}
