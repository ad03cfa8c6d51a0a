//! Service extensions (RFC 5321 section 2.2).

use alloc::borrow::Cow;
use core::{fmt, num::NonZeroU32};

use thiserror::Error;

use crate::syntax::class::{self, KEYWORD, is_word};

/// The keyword of a known extension in an EHLO reply. The case of its letters does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Keyword {
    /// Command pipelining (RFC 2920).
    Pipelining,
    /// Message size declaration (RFC 1870).
    Size,
    /// 8-bit message content (RFC 6152).
    EightBitMime,
    /// Internationalised mail (RFC 6531).
    SmtpUtf8,
    /// Enhanced status codes (RFC 2034).
    EnhancedStatusCodes,
    /// Delivery status notifications (RFC 3461).
    Dsn,
    /// Message data in chunks of declared size (RFC 3030).
    Chunking,
    /// Binary message content (RFC 3030).
    BinaryMime,
    /// Start of TLS by STARTTLS (RFC 3207).
    StartTls,
    /// Authentication (RFC 4954).
    Auth,
    /// TLS required on every hop (RFC 8689).
    RequireTls,
    /// Limits of a session (RFC 9422).
    Limits,
    /// Verify a user (RFC 5321).
    Vrfy,
    /// Expand a list (RFC 5321).
    Expn,
    /// Help (RFC 5321).
    Help,
    /// Remote queue start (RFC 1985).
    Etrn,
}

/// One line of an EHLO reply: a keyword and the meaning of its parameters (RFC 5321 section 4.1.1.1).
///
/// ```
/// use smtp_proto::types::{Extension, InvalidExtension, Keyword};
///
/// assert_eq!(Extension::auth("PLAIN LOGIN")?.keyword(), Some(Keyword::Auth));
/// assert_eq!(Extension::other("XCLIENT", "NAME ADDR")?.keyword(), None);
/// assert_eq!(Extension::other("size", ""), Err(InvalidExtension::Known(Keyword::Size)));
/// # Ok::<(), InvalidExtension>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension<'a> {
    /// Command pipelining (RFC 2920).
    Pipelining,
    /// The maximum size of a message in octets (RFC 1870); `None` or 0 means no fixed limit.
    Size(Option<u64>),
    /// 8-bit message content (RFC 6152).
    EightBitMime,
    /// Internationalised mail (RFC 6531).
    SmtpUtf8,
    /// Enhanced status codes (RFC 2034).
    EnhancedStatusCodes,
    /// Delivery status notifications (RFC 3461).
    Dsn,
    /// Message data in chunks of declared size (RFC 3030).
    Chunking,
    /// Binary message content (RFC 3030).
    BinaryMime,
    /// Start of TLS by STARTTLS (RFC 3207).
    StartTls,
    /// Authentication mechanisms, separated by spaces (RFC 4954); made by [`Extension::auth`].
    #[non_exhaustive]
    Auth(Cow<'a, str>),
    /// TLS required on every hop (RFC 8689).
    RequireTls,
    /// Limits of a session (RFC 9422).
    Limits(AnnouncedLimits),
    /// Verify a user (RFC 5321).
    Vrfy,
    /// Expand a list (RFC 5321).
    Expn,
    /// Help (RFC 5321).
    Help,
    /// Remote queue start (RFC 1985).
    Etrn,
    /// Any other extension, as it was sent; made by [`Extension::other`].
    #[non_exhaustive]
    Other {
        /// The keyword.
        keyword: Cow<'a, str>,
        /// The parameters; empty if there are none.
        params: Cow<'a, str>,
    },
}

/// The limits that a server announces for a session (RFC 9422 section 4). `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnnouncedLimits {
    mail_max: Option<NonZeroU32>,
    rcpt_max: Option<NonZeroU32>,
    rcpt_domain_max: Option<NonZeroU32>,
}

/// The reason why a text is not an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidExtension {
    /// The keyword is empty, starts with a hyphen, or contains other characters than letters, digits and hyphens.
    #[error("invalid extension keyword: expected letters, digits and inner hyphens")]
    Keyword,
    /// The keyword has its own variant of [`Extension`].
    #[error("extension keyword {0} is known: use its own variant")]
    Known(Keyword),
    /// The parameters are not words of printable ASCII with single spaces between them.
    #[error(
        "invalid extension parameters: expected words of printable ASCII with single spaces between them"
    )]
    Params,
    /// A mechanism name is not 1 to 20 letters, digits, hyphens and underscores (RFC 4422 section 3.1).
    #[error("invalid mechanism name: expected 1 to 20 letters, digits, hyphens and underscores")]
    Mechanism,
    /// The extension does not fit into one line of a reply.
    #[error("the extension is longer than {} octets", Extension::MAX_LEN)]
    TooLong,
}

impl Keyword {
    /// All known keywords, in the order in which EHLO lists them.
    pub const ALL: [Self; 16] = [
        Self::Pipelining,
        Self::Size,
        Self::EightBitMime,
        Self::SmtpUtf8,
        Self::EnhancedStatusCodes,
        Self::Dsn,
        Self::Chunking,
        Self::BinaryMime,
        Self::StartTls,
        Self::Auth,
        Self::RequireTls,
        Self::Limits,
        Self::Vrfy,
        Self::Expn,
        Self::Help,
        Self::Etrn,
    ];

    /// Finds a known keyword, in any case of letters.
    #[must_use]
    pub fn find(keyword: &[u8]) -> Option<Self> {
        Some(match keyword {
            _ if is_word(keyword, b"PIPELINING") => Self::Pipelining,
            _ if is_word(keyword, b"SIZE") => Self::Size,
            // Match the digit exactly: `is_word` ignores bit 0x20, by which a control character equals a digit.
            [b'8', word @ ..] if is_word(word, b"BITMIME") => Self::EightBitMime,
            [word @ .., b'8'] if is_word(word, b"SMTPUTF") => Self::SmtpUtf8,
            _ if is_word(keyword, b"ENHANCEDSTATUSCODES") => Self::EnhancedStatusCodes,
            _ if is_word(keyword, b"DSN") => Self::Dsn,
            _ if is_word(keyword, b"CHUNKING") => Self::Chunking,
            _ if is_word(keyword, b"BINARYMIME") => Self::BinaryMime,
            _ if is_word(keyword, b"STARTTLS") => Self::StartTls,
            _ if is_word(keyword, b"AUTH") => Self::Auth,
            _ if is_word(keyword, b"REQUIRETLS") => Self::RequireTls,
            _ if is_word(keyword, b"LIMITS") => Self::Limits,
            _ if is_word(keyword, b"VRFY") => Self::Vrfy,
            _ if is_word(keyword, b"EXPN") => Self::Expn,
            _ if is_word(keyword, b"HELP") => Self::Help,
            _ if is_word(keyword, b"ETRN") => Self::Etrn,
            _ => return None,
        })
    }

    /// Returns the keyword in upper case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pipelining => "PIPELINING",
            Self::Size => "SIZE",
            Self::EightBitMime => "8BITMIME",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::EnhancedStatusCodes => "ENHANCEDSTATUSCODES",
            Self::Dsn => "DSN",
            Self::Chunking => "CHUNKING",
            Self::BinaryMime => "BINARYMIME",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::RequireTls => "REQUIRETLS",
            Self::Limits => "LIMITS",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Etrn => "ETRN",
        }
    }
}

impl<'a> Extension<'a> {
    /// Maximum octets of an extension: the 512 of a reply line (RFC 5321 section 4.5.3.1.5) less `250-` and CRLF.
    pub const MAX_LEN: usize = 512 - 4 - 2;

    /// Makes AUTH with these mechanisms, separated by single spaces (RFC 4954 section 3).
    ///
    /// # Errors
    /// Returns [`InvalidExtension`] if there is no mechanism, a name is invalid, or the line is too long.
    pub fn auth(mechanisms: impl Into<Cow<'a, str>>) -> Result<Self, InvalidExtension> {
        let mechanisms = mechanisms.into();
        if !mechanisms.split(' ').all(is_mechanism) {
            return Err(InvalidExtension::Mechanism);
        }
        if "AUTH ".len() + mechanisms.len() > Self::MAX_LEN {
            return Err(InvalidExtension::TooLong);
        }
        Ok(Self::Auth(mechanisms))
    }

    /// Makes an extension without its own variant. `params` is empty if it has no parameters.
    ///
    /// ```abnf
    /// ehlo-line = ehlo-keyword *( SP ehlo-param )       ; RFC 5321 section 4.1.1.1
    /// ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")    ehlo-param = 1*(%d33-126)
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidExtension`] if a part is malformed, the keyword is known, or the line is too long.
    pub fn other(
        keyword: impl Into<Cow<'a, str>>,
        params: impl Into<Cow<'a, str>>,
    ) -> Result<Self, InvalidExtension> {
        let (keyword, params) = (keyword.into(), params.into());
        if let Some(known) = Keyword::find(keyword.as_bytes()) {
            return Err(InvalidExtension::Known(known));
        }
        if !is_keyword(keyword.as_bytes()) {
            return Err(InvalidExtension::Keyword);
        }
        let is_param = |word: &str| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic());
        if !params.is_empty() && !params.split(' ').all(is_param) {
            return Err(InvalidExtension::Params);
        }
        if keyword.len() + 1 + params.len() > Self::MAX_LEN {
            return Err(InvalidExtension::TooLong);
        }
        Ok(Self::Other { keyword, params })
    }

    /// Returns the keyword. Returns `None` for [`Extension::Other`].
    #[must_use]
    pub const fn keyword(&self) -> Option<Keyword> {
        Some(match self {
            Self::Pipelining => Keyword::Pipelining,
            Self::Size(_) => Keyword::Size,
            Self::EightBitMime => Keyword::EightBitMime,
            Self::SmtpUtf8 => Keyword::SmtpUtf8,
            Self::EnhancedStatusCodes => Keyword::EnhancedStatusCodes,
            Self::Dsn => Keyword::Dsn,
            Self::Chunking => Keyword::Chunking,
            Self::BinaryMime => Keyword::BinaryMime,
            Self::StartTls => Keyword::StartTls,
            Self::Auth(_) => Keyword::Auth,
            Self::RequireTls => Keyword::RequireTls,
            Self::Limits(_) => Keyword::Limits,
            Self::Vrfy => Keyword::Vrfy,
            Self::Expn => Keyword::Expn,
            Self::Help => Keyword::Help,
            Self::Etrn => Keyword::Etrn,
            Self::Other { .. } => return None,
        })
    }
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

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns true for an `ehlo-keyword` (RFC 5321 section 4.1.1.1).
pub(crate) fn is_keyword(word: &[u8]) -> bool {
    !matches!(word, [] | [b'-', ..]) && word.iter().all(|octet| class::is(*octet, KEYWORD))
}

/// Returns true for a `sasl-mech` (RFC 4422 section 3.1), in any case of letters.
pub(super) fn is_mechanism(word: &str) -> bool {
    (1..=20).contains(&word.len())
        && word
            .bytes()
            .all(|octet| class::is(octet, KEYWORD) || octet == b'_')
}

#[cfg(test)]
mod tests;
