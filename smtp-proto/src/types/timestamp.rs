//! Points in time.

use core::fmt;

use super::InvalidParameter;
use crate::{calendar::CalendarDate, syntax::timestamp};

/// A point in time to the second, in the years 0 to 9999: `date-time` (RFC 3339 section 5.6).
///
/// `Display` shows it in UTC. A leap second is the same as the second after it.
///
/// ```
/// use smtp_proto::types::Timestamp;
///
/// let time = Timestamp::parse("2026-01-01T02:00:00+02:00")?;
/// assert_eq!(time.unix_time(), 1_767_225_600);
/// assert_eq!(time.to_string(), "2026-01-01T00:00:00Z");
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest point in time: 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200);

    /// The latest point in time: 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_402_300_799);

    /// Parses a date and a time of day with its offset from UTC (RFC 3339 section 5.6). Fractions of a second are
    /// not allowed.
    ///
    /// ```abnf
    /// date-time   = full-date "T" full-time
    /// full-date   = 4DIGIT "-" 2DIGIT "-" 2DIGIT
    /// full-time   = 2DIGIT ":" 2DIGIT ":" 2DIGIT time-offset
    /// time-offset = "Z" / ("+" / "-") 2DIGIT ":" 2DIGIT
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the text is malformed, or the date, the time or the offset is invalid.
    pub fn parse(text: &str) -> Result<Self, InvalidParameter> {
        timestamp::parse_timestamp(text)
    }

    /// Creates a point in time from seconds since 1970, without leap seconds. Returns `None` outside the years 0 to
    /// 9999.
    #[must_use]
    pub const fn from_unix_time(seconds: i64) -> Option<Self> {
        if seconds < Self::MIN.0 || seconds > Self::MAX.0 {
            None
        } else {
            Some(Self(seconds))
        }
    }

    /// Returns the time this number of seconds later, or earlier if it is negative. Saturates at the years 0 and 9999.
    #[must_use]
    pub fn saturating_add(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds)).clamp(Self::MIN, Self::MAX)
    }

    /// Returns the seconds since 1970, without leap seconds. They are negative before 1970.
    #[must_use]
    pub const fn unix_time(self) -> i64 {
        self.0
    }
}

impl core::str::FromStr for Timestamp {
    type Err = InvalidParameter;

    fn from_str(text: &str) -> Result<Self, InvalidParameter> {
        Self::parse(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let CalendarDate { year, month, day } = CalendarDate::of_day(day);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

#[cfg(test)]
mod tests;
