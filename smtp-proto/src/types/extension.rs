//! Service extensions (RFC 5321 section 2.2).

use alloc::borrow::Cow;
use core::{fmt, num::NonZeroU32};

use thiserror::Error;

use crate::syntax::class::{self, KEYWORD, is_word};

/// The keyword of a known extension, as it stands in an EHLO reply; keywords have no case.
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
    /// Messages in counted chunks (RFC 3030).
    Chunking,
    /// Binary message content (RFC 3030).
    BinaryMime,
    /// TLS on request (RFC 3207).
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

/// One line of an EHLO reply: a keyword with what its parameters mean (RFC 5321 section 4.1.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extension<'a> {
    /// Command pipelining (RFC 2920).
    Pipelining,
    /// The largest message in octets (RFC 1870); nothing or 0 says that there is no fixed limit.
    Size(Option<u64>),
    /// 8-bit message content (RFC 6152).
    EightBitMime,
    /// Internationalised mail (RFC 6531).
    SmtpUtf8,
    /// Enhanced status codes (RFC 2034).
    EnhancedStatusCodes,
    /// Delivery status notifications (RFC 3461).
    Dsn,
    /// Messages in counted chunks (RFC 3030).
    Chunking,
    /// Binary message content (RFC 3030).
    BinaryMime,
    /// TLS on request (RFC 3207).
    StartTls,
    /// Authentication mechanisms, parted by spaces (RFC 4954); made by [`Extension::auth`].
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
        /// The parameters, empty when there are none.
        params: Cow<'a, str>,
    },
}

/// The limits that a server announces for a session (RFC 9422 section 4). Nothing is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnnouncedLimits {
    mail_max: Option<NonZeroU32>,
    rcpt_max: Option<NonZeroU32>,
    rcpt_domain_max: Option<NonZeroU32>,
}

/// Why a string makes no extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidExtension {
    /// Not a keyword: letters, digits and hyphens, the first no hyphen.
    #[error("use letters, digits and hyphens for an extension keyword")]
    Keyword,
    /// The keyword has a variant of its own.
    #[error("use the variant for {0} instead of a keyword of your own")]
    Known(Keyword),
    /// Parameters that are not words of printable ASCII with one space between two.
    #[error("use words of printable ASCII with one space between two for extension parameters")]
    Params,
    /// Not a mechanism name: 1 to 20 letters, digits, hyphens and underscores (RFC 4422 section 3.1).
    #[error("use 1 to 20 letters, digits, hyphens and underscores for each mechanism name")]
    Mechanism,
    /// Too much for one line of a reply.
    #[error("shorten the extension to {} octets", Extension::MAX_LEN)]
    TooLong,
}

impl Keyword {
    /// All known keywords, in the order in which they are written.
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

    /// Finds a known keyword, in any case.
    #[must_use]
    pub fn find(keyword: &[u8]) -> Option<Self> {
        Some(match keyword {
            _ if is_word(keyword, b"PIPELINING") => Self::Pipelining,
            _ if is_word(keyword, b"SIZE") => Self::Size,
            // A digit is to be looked at for itself: the quick test takes a control character for it.
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

    /// The keyword in upper case.
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
    /// The most octets in an extension: the 512 of a reply line (RFC 5321 section 4.5.3.1.5) less `250-` and CRLF.
    pub const MAX_LEN: usize = 512 - 4 - 2;

    /// Offers authentication by these mechanisms, parted by single spaces (RFC 4954 section 3).
    ///
    /// # Errors
    ///
    /// No mechanism, a word that names none, or more than a line of them.
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

    /// Offers an extension that has no variant here; `params` is empty when it has none.
    ///
    /// ```abnf
    /// ehlo-line = ehlo-keyword *( SP ehlo-param )       ; RFC 5321 section 4.1.1.1
    /// ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")    ehlo-param = 1*(%d33-126)
    /// ```
    ///
    /// # Errors
    ///
    /// What that grammar does not allow, a known keyword, or more than a line.
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

    /// The keyword, if it is a known one.
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
    /// The largest number that the grammar can say: six digits (RFC 9422 section 4).
    pub const MAX: NonZeroU32 = NonZeroU32::new(999_999).unwrap();

    /// Sets the most MAIL commands in a session; more than [`AnnouncedLimits::MAX`] is said as that.
    #[must_use]
    pub fn with_mail_max(self, limit: NonZeroU32) -> Self {
        Self {
            mail_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// Sets the most RCPT commands in a transaction; more than [`AnnouncedLimits::MAX`] is said as that.
    #[must_use]
    pub fn with_rcpt_max(self, limit: NonZeroU32) -> Self {
        Self {
            rcpt_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// Sets the most recipient domains in a session; more than [`AnnouncedLimits::MAX`] is said as that.
    #[must_use]
    pub fn with_rcpt_domain_max(self, limit: NonZeroU32) -> Self {
        Self {
            rcpt_domain_max: Some(limit.min(Self::MAX)),
            ..self
        }
    }

    /// The most MAIL commands in a session (`MAILMAX`).
    #[must_use]
    pub const fn mail_max(&self) -> Option<NonZeroU32> {
        self.mail_max
    }

    /// The most RCPT commands in a transaction (`RCPTMAX`).
    #[must_use]
    pub const fn rcpt_max(&self) -> Option<NonZeroU32> {
        self.rcpt_max
    }

    /// The most recipient domains in a session (`RCPTDOMAINMAX`).
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

/// `ehlo-keyword` of RFC 5321 section 4.1.1.1.
pub(crate) fn is_keyword(word: &[u8]) -> bool {
    !matches!(word, [] | [b'-', ..]) && word.iter().all(|octet| class::is(*octet, KEYWORD))
}

/// `sasl-mech` of RFC 4422 section 3.1, in any case.
pub(super) fn is_mechanism(word: &str) -> bool {
    (1..=20).contains(&word.len())
        && word
            .bytes()
            .all(|octet| class::is(octet, KEYWORD) || octet == b'_')
}

#[cfg(test)]
mod tests;
