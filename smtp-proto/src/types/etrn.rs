//! Remote queue start (RFC 1985).

use alloc::borrow::Cow;

use super::{
    Code, InvalidAddress, Reply,
    checked::{checked_text, display_text},
};
use crate::syntax::argument;

/// The argument of ETRN: the domain or queue whose waiting messages the server is asked to deliver (RFC 1985 section
/// 5.2).
///
/// ```
/// use smtp_proto::types::{Etrn, EtrnScope};
///
/// let etrn = Etrn::parse("@example.org")?;
/// assert_eq!((etrn.scope(), etrn.name()), (EtrnScope::Subdomains, "example.org"));
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Etrn<'a>(Cow<'a, str>);

/// The meaning of the name in an [`Etrn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 1985 has these three")]
pub enum EtrnScope {
    /// The messages for this domain.
    Domain,
    /// `@`: the messages for this domain and its subdomains.
    Subdomains,
    /// `#`: the messages in the queue of this name, which only the server interprets.
    Queue,
}

/// The positive answer to ETRN (RFC 1985 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 1985 has these four")]
pub enum EtrnAnswer {
    /// 250: the delivery has begun, if messages are waiting.
    Started,
    /// 251: no messages are waiting.
    NoMessages,
    /// 252: the delivery of waiting messages has begun.
    MessagesStarted,
    /// 253: the delivery of this number of waiting messages has begun.
    CountStarted(u32),
}

/// Error for a reply that is not a positive answer to ETRN, with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("reply code {0} is not a positive answer to ETRN: it is not between 200 and 299")]
#[non_exhaustive]
pub struct InvalidEtrnAnswer(pub Code);

impl<'a> Etrn<'a> {
    /// Maximum octets of the name of a queue: the same as of a domain.
    pub const MAX_QUEUE: usize = super::Domain::MAX;

    /// Parses a domain in ASCII, with or without `@` before it, or `#` and the name of a queue.
    ///
    /// ```abnf
    /// etrn-argument = ["@"] Domain / "#" queue-name
    /// queue-name    = 1*255(%x21-7E)
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the name is malformed, too long or not ASCII.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        argument::check_etrn(text)?;
        Ok(Self::trusted(text))
    }

    /// Returns the domain, or the name of the queue.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.strip_prefix(['@', '#']).unwrap_or(&self.0)
    }

    /// Returns the meaning of the name.
    #[must_use]
    pub fn scope(&self) -> EtrnScope {
        match self.0.as_bytes().first() {
            Some(b'@') => EtrnScope::Subdomains,
            Some(b'#') => EtrnScope::Queue,
            _ => EtrnScope::Domain,
        }
    }
}

impl EtrnAnswer {
    /// Returns the reply code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Started => Code::OK,
            Self::NoMessages => Code::FORWARDED,
            Self::MessagesStarted => Code::CANNOT_VERIFY,
            Self::CountStarted(_) => Code::MESSAGES_STARTED,
        }
    }
}

/// Interprets the reply of a server. 253 without a number counts as 252, and any other 2yz as 250 (RFC 5321 section
/// 4.2).
impl TryFrom<&Reply<'_>> for EtrnAnswer {
    type Error = InvalidEtrnAnswer;

    /// Fails with [`InvalidEtrnAnswer`] if the code is not 2yz.
    fn try_from(reply: &Reply<'_>) -> Result<Self, InvalidEtrnAnswer> {
        if !reply.is_positive_completion() {
            return Err(InvalidEtrnAnswer(reply.code()));
        }
        Ok(match reply.code() {
            Code::FORWARDED => Self::NoMessages,
            Code::CANNOT_VERIFY => Self::MessagesStarted,
            Code::MESSAGES_STARTED => first_number(reply).map_or(Self::MessagesStarted, Self::CountStarted),
            _ => Self::Started,
        })
    }
}

checked_text!(Etrn);
display_text!(Etrn);

/// The first word of a reply that is a number.
fn first_number(reply: &Reply<'_>) -> Option<u32> {
    let line = reply.lines().next()?;
    line.split(|octet| *octet == b' ')
        .filter(|word| word.iter().all(u8::is_ascii_digit))
        .find_map(|word| core::str::from_utf8(word).ok()?.parse().ok())
}

#[cfg(test)]
mod tests;
