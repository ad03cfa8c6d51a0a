//! Parameters of MAIL and RCPT.

mod delivery;
mod dsn;
mod mail;
mod priority;
mod rare;
mod rcpt;
mod rrvs;

pub use delivery::{ByMode, DeliverBy, Hold, HoldInterval};
pub use dsn::{Notify, OriginalRecipient, Ret, Xtext};
pub use mail::{AuthIdentity, Body, MailParameters};
pub use priority::Priority;
pub(crate) use rare::RareMailParameters;
pub use rcpt::RcptParameters;
pub use rrvs::{NoSupportAction, Rrvs};

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use super::InvalidParameter;
use crate::syntax::parameter;

/// A parameter without a type in this crate (RFC 5321 section 4.1.1.11). A server that does not know it replies 555.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameter<'a> {
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    /// Wraps texts that the parser has already checked.
    pub(crate) const fn trusted(keyword: &'a str, value: Option<&'a str>) -> Self {
        Self { keyword, value }
    }

    /// Returns the keyword, in the case in which it was sent.
    #[must_use]
    pub const fn keyword(&self) -> &'a str {
        self.keyword
    }

    /// Returns the value. Returns `None` if there is no `=`.
    #[must_use]
    pub const fn value(&self) -> Option<&'a str> {
        self.value
    }
}

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter({self})")
    }
}

impl fmt::Display for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword)?;
        self.value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

/// The text of the parameters without a type. It can be a slice of the command line, and then contains parameters with
/// a type, too; `iter` skips them.
#[derive(Clone, Default)]
pub(crate) struct OtherParameters<'a>(Cow<'a, str>);

impl<'a> OtherParameters<'a> {
    /// Wraps `esmtp-param *(SP esmtp-param)` that the parser has already checked.
    pub(crate) const fn trusted(raw: &'a str) -> Self {
        Self(Cow::Borrowed(raw))
    }

    /// Returns `true` if there is no parameter, known or not, which is usual.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a parameter.
    fn push(&mut self, keyword: &str, value: Option<&str>) -> Result<(), InvalidParameter> {
        parameter::check(keyword, value)?;
        let raw = self.0.to_mut();
        if !raw.is_empty() {
            raw.push(' ');
        }
        raw.push_str(keyword);
        if let Some(value) = value {
            raw.push('=');
            raw.push_str(value);
        }
        Ok(())
    }

    /// Iterates over the parameters whose keyword is not `known`.
    #[inline]
    fn iter(&self, known: fn(&str) -> bool) -> impl Iterator<Item = Parameter<'_>> {
        parameter::split(&self.0).filter(move |parameter| !known(parameter.keyword))
    }

    fn into_owned(self) -> OtherParameters<'static> {
        OtherParameters(Cow::Owned(self.0.into_owned()))
    }
}

/// Displays the parameters that `write` writes, without the first blank.
fn write_without_blank(f: &mut fmt::Formatter<'_>, write: impl FnOnce(&mut Vec<u8>)) -> fmt::Result {
    let mut line = Vec::new();
    write(&mut line);
    f.write_str(str::from_utf8(&line).unwrap_or_default().trim_start())
}

#[cfg(test)]
mod tests;
