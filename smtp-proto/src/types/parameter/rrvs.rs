//! The time since which a recipient must have been the owner of a mailbox (RFC 7293).

use core::fmt;
use core::str::FromStr;

use crate::syntax::{delivery, parameter};
use crate::types::{InvalidParameter, Timestamp};

/// The time since which the mailbox must have had one owner: the value of `RRVS` (RFC 7293 section 3.1).
///
/// ```
/// use smtp_proto::types::{NoSupportAction, Rrvs};
///
/// let since = Rrvs::parse("2026-01-01T00:00:00Z")?;
/// assert_eq!((since.action(), since.given_action()), (NoSupportAction::Reject, None));
/// assert_eq!(since.with_action(NoSupportAction::Continue).to_string(), "2026-01-01T00:00:00Z;C");
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rrvs {
    since: Timestamp,
    action: Option<NoSupportAction>,
}

/// The action of a relay whose next hop does not offer RRVS (RFC 7293 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7293 section 3.1 has these two")]
pub enum NoSupportAction {
    /// `R`, the default: the relay rejects the message.
    Reject,
    /// `C`: the relay sends the message without the parameter.
    Continue,
}

impl Rrvs {
    /// Creates a value without an action.
    #[must_use]
    pub const fn new(since: Timestamp) -> Self {
        Self { since, action: None }
    }

    /// Parses the value of `RRVS` (RFC 7293 section 3.1).
    ///
    /// ```abnf
    /// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ]
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the value is malformed, has a fraction of a second, or is not a valid time.
    pub fn parse(value: &str) -> Result<Self, InvalidParameter> {
        parameter::parse_value(value, delivery::rrvs_value)
    }

    /// Sets the action of relays whose next hop does not offer RRVS.
    #[must_use]
    pub const fn with_action(mut self, action: NoSupportAction) -> Self {
        self.action = Some(action);
        self
    }

    /// Returns the time since which the mailbox must have had one owner.
    #[must_use]
    pub const fn since(self) -> Timestamp {
        self.since
    }

    /// Returns the action of relays whose next hop does not offer RRVS.
    #[must_use]
    pub fn action(self) -> NoSupportAction {
        self.action.unwrap_or(NoSupportAction::Reject)
    }

    /// Returns the action as it was sent. Returns `None` if the default applies. A relay preserves it (RFC 7293 section
    /// 5.1.1).
    #[must_use]
    pub const fn given_action(self) -> Option<NoSupportAction> {
        self.action
    }
}

impl FromStr for Rrvs {
    type Err = InvalidParameter;

    fn from_str(value: &str) -> Result<Self, InvalidParameter> {
        Self::parse(value)
    }
}

impl fmt::Display for Rrvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            None => "",
            Some(NoSupportAction::Reject) => ";R",
            Some(NoSupportAction::Continue) => ";C",
        };
        write!(f, "{}{action}", self.since)
    }
}
