//! Parameters of MAIL and RCPT.

mod dsn;
mod mail;
mod rcpt;

pub use dsn::{Notify, OriginalRecipient, Ret, Xtext};
pub use mail::{AuthIdentity, Body, MailParameters};
pub use rcpt::RcptParameters;

use alloc::borrow::Cow;
use core::fmt;

use super::InvalidParameter;
use crate::syntax::parameter;

/// A parameter that this crate has no type for (RFC 5321 section 4.1.1.11): a server that does not know it either
/// answers 555.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameter<'a> {
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    /// Wraps what the grammar has already recognised.
    pub(crate) const fn trusted(keyword: &'a str, value: Option<&'a str>) -> Self {
        Self { keyword, value }
    }

    /// The keyword, in the case of letters that was sent.
    #[must_use]
    pub const fn keyword(&self) -> &'a str {
        self.keyword
    }

    /// The value; none when there is no `=`.
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

/// Parameters without a type, as their text. It may hold parameters with a type too, since it can be a slice of
/// the command line: whoever goes through it passes over those.
#[derive(Clone, Default)]
pub(crate) struct OtherParameters<'a>(Cow<'a, str>);

impl<'a> OtherParameters<'a> {
    /// Wraps `esmtp-param *(SP esmtp-param)` that the grammar has already recognised.
    pub(crate) const fn trusted(raw: &'a str) -> Self {
        Self(Cow::Borrowed(raw))
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

    /// The parameters, without those that are `known`.
    fn iter(&self, known: fn(&str) -> bool) -> impl Iterator<Item = Parameter<'_>> {
        parameter::split(&self.0).filter(move |parameter| !known(parameter.keyword))
    }

    fn into_owned(self) -> OtherParameters<'static> {
        OtherParameters(Cow::Owned(self.0.into_owned()))
    }
}

#[cfg(test)]
mod tests;
