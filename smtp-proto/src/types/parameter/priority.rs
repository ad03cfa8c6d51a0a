//! The priority of a message (RFC 6710).

use alloc::format;
use core::fmt;
use core::str::FromStr;

use crate::syntax::{delivery, parameter};
use crate::types::{InvalidParameter, Text};

/// The priority of a message: the value of `MT-PRIORITY`, from -9 to 9 (RFC 6710 section 3). The default is 0.
///
/// ```
/// use smtp_proto::types::Priority;
///
/// assert!(Priority::parse("-4")? < Priority::default());
/// assert!(Priority::parse("+4").is_err() && Priority::parse("-0").is_err());
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i8);

impl Priority {
    /// The lowest priority.
    pub const MIN: Self = Self(-9);

    /// The highest priority.
    pub const MAX: Self = Self(9);

    /// Creates a priority. Returns `None` if the number is not from -9 to 9.
    #[must_use]
    pub const fn new(number: i8) -> Option<Self> {
        if number < Self::MIN.0 || number > Self::MAX.0 {
            None
        } else {
            Some(Self(number))
        }
    }

    /// Parses the value of `MT-PRIORITY` (RFC 6710 section 7).
    ///
    /// ```abnf
    /// priority-value = (["-"] NZDIGIT) / "0"
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is malformed or out of range.
    pub fn parse(value: &str) -> Result<Self, InvalidParameter> {
        parameter::parse_value(value, delivery::priority_value)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> i8 {
        self.0
    }

    /// Returns the text of a positive reply, to MAIL or to the message, by which a server reports that it changed the
    /// priority to this one: x.3.6 and the number (RFC 6710 section 4.1).
    ///
    /// A server must not raise the priority for a client that it does not trust, and may lower it.
    #[must_use]
    pub fn changed(self) -> Text<'static> {
        Text::from_str_lossy(format!("2.3.6 {self} is the priority of this message"))
    }
}

impl FromStr for Priority {
    type Err = InvalidParameter;

    fn from_str(value: &str) -> Result<Self, InvalidParameter> {
        Self::parse(value)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
