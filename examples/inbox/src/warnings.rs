//! Warnings: what a stricter server would refuse, and what a better client would do.

mod message;
mod session;

use serde::Serialize;

pub(crate) use self::{message::of_message, session::of_session};
use crate::rfc::Rfc;

/// A warning about a message or a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    pub(crate) level: Level,
    /// The fault, in a few words.
    pub(crate) title: String,
    /// The consequence, and the remedy.
    pub(crate) detail: &'static str,
    pub(crate) rfc: Option<Rfc>,
    /// The line of the session.
    pub(crate) line: Option<u64>,
}

/// The weight of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// There are servers that refuse this.
    Refused,
    /// Against a standard, or a cause of trouble.
    Warning,
    /// Allowed, but can be done better.
    Hint,
}

impl Warning {
    fn new(
        level: Level,
        title: impl Into<String>,
        detail: &'static str,
        rfc: impl Into<Option<Rfc>>,
    ) -> Self {
        Self {
            level,
            title: title.into(),
            detail,
            rfc: rfc.into(),
            line: None,
        }
    }

    fn at(self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
