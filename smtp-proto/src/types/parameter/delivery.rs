//! The time of a message: its release (RFC 4865) and its delivery (RFC 2852).

use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

use crate::syntax::{delivery, parameter};
use crate::types::{FutureReleaseLimits, InvalidParameter, MailParameters, Rejection, Timestamp};

/// The time until which a submission server holds a message: the value of `HOLDFOR` or `HOLDUNTIL` (RFC 4865 section 3).
///
/// ```
/// use smtp_proto::types::{Hold, HoldInterval, Timestamp};
///
/// let now = Timestamp::parse("2026-01-01T00:00:00Z")?;
/// let hold = Hold::For(HoldInterval::parse("3600")?);
/// assert_eq!(hold.release_time(now).to_string(), "2026-01-01T01:00:00Z");
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4865 section 3 has these two")]
pub enum Hold {
    /// `HOLDFOR`: an interval after the reception.
    For(HoldInterval),
    /// `HOLDUNTIL`: a point in time.
    Until(Timestamp),
}

impl Hold {
    /// Returns the time at which the message is released, if it was received at `now`.
    #[must_use]
    pub fn release_time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::For(interval) => now.saturating_add(interval.seconds().get().into()),
            Self::Until(time) => time,
        }
    }
}

/// The interval for which a message is held: 1 to 999,999,999 seconds (RFC 4865 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldInterval(NonZeroU32);

impl HoldInterval {
    /// Creates an interval. Returns `None` above [`FutureReleaseLimits::MAX_INTERVAL`].
    #[must_use]
    pub fn new(seconds: NonZeroU32) -> Option<Self> {
        (seconds <= FutureReleaseLimits::MAX_INTERVAL).then_some(Self(seconds))
    }

    /// Parses the value of `HOLDFOR` (RFC 4865 section 3).
    ///
    /// ```abnf
    /// future-release-integer = %x31-39 *8DIGIT
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is not 1 to 9 digits, or begins with 0.
    pub fn parse(value: &str) -> Result<Self, InvalidParameter> {
        parameter::parse_value(value, delivery::hold_interval)
    }

    /// Returns the seconds.
    #[must_use]
    pub const fn seconds(self) -> NonZeroU32 {
        self.0
    }
}

impl FromStr for HoldInterval {
    type Err = InvalidParameter;

    fn from_str(value: &str) -> Result<Self, InvalidParameter> {
        Self::parse(value)
    }
}

impl fmt::Display for HoldInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The deadline for the delivery of a message: the value of `BY` (RFC 2852 section 4).
///
/// ```
/// use smtp_proto::types::{ByMode, DeliverBy};
///
/// let by = DeliverBy::parse("120;RT")?;
/// assert_eq!((by.seconds(), by.mode(), by.traces()), (120, ByMode::Return, true));
/// assert!(DeliverBy::parse("0;R").is_err());
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    mode: ByMode,
    traces: bool,
}

/// The consequence of a missed deadline: the mode of a [`DeliverBy`] (RFC 2852 section 4, `by-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 2852 section 4 has these two")]
pub enum ByMode {
    /// `N`: the sender is notified, and the delivery continues.
    Notify,
    /// `R`: the message is returned to the sender.
    Return,
}

impl DeliverBy {
    /// The largest number of seconds, before and after now (RFC 2852 section 4).
    pub const MAX_SECONDS: i32 = 999_999_999;

    /// Creates a value. Returns `None` if the number is beyond ±[`DeliverBy::MAX_SECONDS`], or is not above 0 with
    /// [`ByMode::Return`].
    #[must_use]
    pub const fn new(seconds: i32, mode: ByMode) -> Option<Self> {
        let least = match mode {
            ByMode::Notify => -Self::MAX_SECONDS,
            ByMode::Return => 1,
        };
        if seconds < least || seconds > Self::MAX_SECONDS {
            return None;
        }
        Some(Self {
            seconds,
            mode,
            traces: false,
        })
    }

    /// Parses the value of `BY` (RFC 2852 section 4).
    ///
    /// ```abnf
    /// by-value = by-time ";" by-mode [by-trace]
    /// by-time  = ["-" / "+"] 1*9DIGIT
    /// by-mode  = "N" / "R"
    /// by-trace = "T"
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is malformed, or its mode is R and its time is not above 0.
    pub fn parse(value: &str) -> Result<Self, InvalidParameter> {
        parameter::parse_value(value, delivery::by_value)
    }

    /// Asks each relay to notify the sender that it relayed the message (`T`).
    #[must_use]
    pub const fn with_trace(mut self) -> Self {
        self.traces = true;
        self
    }

    /// Returns the seconds from the reception of MAIL to the deadline. They may be 0 or negative with
    /// [`ByMode::Notify`]: the deadline has passed.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.seconds
    }

    /// Returns the consequence of a missed deadline.
    #[must_use]
    pub const fn mode(self) -> ByMode {
        self.mode
    }

    /// Returns true if each relay is asked to notify the sender that it relayed the message.
    #[must_use]
    pub const fn traces(self) -> bool {
        self.traces
    }

    /// Returns the time of the deadline, if MAIL was received at `now`.
    #[must_use]
    pub fn deadline(self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.seconds.into())
    }

    /// Returns true if the mode is R and the time is below the minimum that a server announced (RFC 2852 section 3).
    pub(crate) fn is_below(self, min: Option<u32>) -> bool {
        let seconds = u32::try_from(self.seconds).unwrap_or(0);
        self.mode == ByMode::Return && min.is_some_and(|min| seconds < min)
    }

    /// Returns the value for the next hop, after the message was `seconds` at this host (RFC 2852 section 4.1.4).
    /// Returns `None` if the mode is R and the deadline has passed: the message must be returned (section 4.1.3).
    #[must_use]
    pub fn after(self, seconds: u32) -> Option<Self> {
        let left = (i64::from(self.seconds) - i64::from(seconds)).max(-i64::from(Self::MAX_SECONDS));
        let left = i32::try_from(left).ok()?;
        Some(Self {
            traces: self.traces,
            ..Self::new(left, self.mode)?
        })
    }
}

impl FromStr for DeliverBy {
    type Err = InvalidParameter;

    fn from_str(value: &str) -> Result<Self, InvalidParameter> {
        Self::parse(value)
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            ByMode::Notify => 'N',
            ByMode::Return => 'R',
        };
        write!(f, "{};{mode}{}", self.seconds, if self.traces { "T" } else { "" })
    }
}

impl MailParameters<'_> {
    /// Returns the time at which a message with `HOLDFOR` or `HOLDUNTIL` is released, if MAIL was received at `now`.
    /// Returns `None` without these parameters. A server machine has no calendar, so the application calls this at
    /// MAIL.
    ///
    /// # Errors
    /// Returns the rejection 501 5.5.4 if the time has passed, or is after the deadline of `BY` (RFC 4865 sections 4.2
    /// and 5.2.2).
    pub fn release_time(&self, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
        const PAST: Rejection = Rejection::from_static(501, (5, 5, 4), "the time of release is past");
        const AFTER_DEADLINE: Rejection =
            Rejection::from_static(501, (5, 5, 4), "the time of release is after that of BY");
        let Some(hold) = self.hold() else {
            return Ok(None);
        };
        let release = hold.release_time(now);
        if release < now {
            Err(PAST)
        } else if self.deliver_by().is_some_and(|by| release > by.deadline(now)) {
            Err(AFTER_DEADLINE)
        } else {
            Ok(Some(release))
        }
    }
}
