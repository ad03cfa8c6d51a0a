//! Service extensions (RFC 5321 section 2.2).

use alloc::borrow::Cow;

use thiserror::Error;

use super::{AnnouncedLimits, ClientAttributes, FutureReleaseLimits, Keyword, SolicitationKeywords};
use crate::syntax::class::{self, KEYWORD};

/// One line of an EHLO reply: a keyword and the meaning of its parameters (RFC 5321 section 4.1.1.1).
///
/// ```
/// use smtp_proto::types::{Extension, InvalidExtension, Keyword};
///
/// assert_eq!(Extension::auth("PLAIN LOGIN")?.keyword(), Some(Keyword::Auth));
/// assert_eq!(Extension::other("X-EXPS", "GSSAPI NTLM")?.keyword(), None);
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
    /// Authentication mechanisms, separated by spaces (RFC 4954). Created by [`Extension::auth`].
    #[non_exhaustive]
    Auth(Cow<'a, str>),
    /// TLS required on every hop (RFC 8689).
    RequireTls,
    /// Limits of a session (RFC 9422).
    Limits(AnnouncedLimits),
    /// The command VRFY: verification of a user (RFC 5321 section 3.5).
    Vrfy,
    /// The command EXPN: expansion of a list (RFC 5321 section 3.5).
    Expn,
    /// The command HELP (RFC 5321 section 4.1.1.8).
    Help,
    /// The command ETRN: remote queue start (RFC 1985).
    Etrn,
    /// Future message release and its bounds (RFC 4865 section 3).
    FutureRelease(FutureReleaseLimits),
    /// Message transfer priorities, and the name of the policy, empty if it is not disclosed (RFC 6710 section 3).
    /// Created by [`Extension::mt_priority`].
    #[non_exhaustive]
    MtPriority(Cow<'a, str>),
    /// Delivery by a given time, and the minimum number of seconds for mode R (RFC 2852 section 2), at most
    /// 999,999,999.
    DeliverBy(Option<u32>),
    /// Check that a mailbox has had its owner since a given time (RFC 7293 section 3.1).
    Rrvs,
    /// Classes of solicitation that the server refuses (RFC 3865 section 2.1). `None`: SOLICIT is accepted, and no
    /// class is refused. [`Extension::no_soliciting`] checks that the list fits a reply line; a server may send a
    /// longer one.
    NoSoliciting(Option<SolicitationKeywords<'a>>),
    /// A reply for each recipient after the message (draft-hall-prdr).
    Prdr,
    /// The attributes that the command XCLIENT may have.
    Xclient(ClientAttributes),
    /// The attributes that the command XFORWARD may have.
    Xforward(ClientAttributes),
    /// Exchange of the roles after authentication: ATRN (RFC 2645 section 4).
    Atrn,
    /// Message tracking (RFC 3885 section 2).
    Mtrk,
    /// Permission to convert content (RFC 4141 section 4.1).
    ConPerm,
    /// Negotiation of content (RFC 4141 section 5.1).
    ConNeg,
    /// Message content by URL, and the kinds of URL, separated by spaces (RFC 4468 section 3.1). Created by
    /// [`Extension::burl`].
    #[non_exhaustive]
    Burl(Cow<'a, str>),
    /// Any other extension, as it was sent. Created by [`Extension::other`].
    #[non_exhaustive]
    Other {
        /// The keyword.
        keyword: Cow<'a, str>,
        /// The parameters; empty if there are none.
        params: Cow<'a, str>,
    },
}

/// Error for a text that is not an extension.
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
    /// A policy name is not 1 to 20 letters, digits, hyphens, underscores and dots (RFC 6710 section 7).
    #[error("invalid policy name: expected 1 to 20 letters, digits, hyphens, underscores and dots")]
    Policy,
    /// The extension does not fit into one line of a reply.
    #[error("the extension is longer than {} octets", Extension::MAX_LEN)]
    TooLong,
}

impl<'a> Extension<'a> {
    /// Maximum octets of an extension: the 512 of a reply line (RFC 5321 section 4.5.3.1.5) less `250-` and CRLF.
    pub const MAX_LEN: usize = 512 - 4 - 2;

    /// Creates AUTH with these mechanisms, separated by single spaces (RFC 4954 section 3).
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

    /// Creates MT-PRIORITY with the name of a policy. An empty name discloses none (RFC 6710 section 7).
    ///
    /// ```abnf
    /// mt-priority-ehlo = "MT-PRIORITY" [SP priority-profile]
    /// priority-profile = 1*20(ALPHA / DIGIT / "-" / "_" / ".")
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidExtension::Policy`] if the name is malformed.
    pub fn mt_priority(policy: impl Into<Cow<'a, str>>) -> Result<Self, InvalidExtension> {
        let policy = policy.into();
        if policy.is_empty() || is_priority_profile(&policy) {
            Ok(Self::MtPriority(policy))
        } else {
            Err(InvalidExtension::Policy)
        }
    }

    /// Creates NO-SOLICITING with the refused classes (RFC 3865 section 2).
    ///
    /// # Errors
    /// Returns [`InvalidExtension::TooLong`] if the line is too long.
    pub fn no_soliciting(classes: SolicitationKeywords<'a>) -> Result<Self, InvalidExtension> {
        if "NO-SOLICITING ".len() + classes.as_str().len() > Self::MAX_LEN {
            return Err(InvalidExtension::TooLong);
        }
        Ok(Self::NoSoliciting(Some(classes)))
    }

    /// Creates BURL with the kinds of URL, such as `imap`, separated by single spaces (RFC 4468 section 3.1).
    ///
    /// # Errors
    /// Returns [`InvalidExtension`] if the parameters are malformed or the line is too long.
    pub fn burl(params: impl Into<Cow<'a, str>>) -> Result<Self, InvalidExtension> {
        let params = params.into();
        if !are_params(&params) {
            return Err(InvalidExtension::Params);
        }
        if "BURL ".len() + params.len() > Self::MAX_LEN {
            return Err(InvalidExtension::TooLong);
        }
        Ok(Self::Burl(params))
    }

    /// Creates an extension without its own variant. `params` is empty if there are no parameters.
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
        if !are_params(&params) {
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
            Self::FutureRelease(_) => Keyword::FutureRelease,
            Self::MtPriority(_) => Keyword::MtPriority,
            Self::DeliverBy(_) => Keyword::DeliverBy,
            Self::Rrvs => Keyword::Rrvs,
            Self::NoSoliciting(_) => Keyword::NoSoliciting,
            Self::Prdr => Keyword::Prdr,
            Self::Xclient(_) => Keyword::Xclient,
            Self::Xforward(_) => Keyword::Xforward,
            Self::Atrn => Keyword::Atrn,
            Self::Mtrk => Keyword::Mtrk,
            Self::ConPerm => Keyword::ConPerm,
            Self::ConNeg => Keyword::ConNeg,
            Self::Burl(_) => Keyword::Burl,
            Self::Other { .. } => return None,
        })
    }
}

/// Returns true for an `ehlo-keyword` (RFC 5321 section 4.1.1.1).
pub(crate) fn is_keyword(word: &[u8]) -> bool {
    !matches!(word, [] | [b'-', ..]) && word.iter().all(|octet| class::is(*octet, KEYWORD))
}

/// Returns true for an empty text, and for words of printable ASCII with single spaces between them.
fn are_params(params: &str) -> bool {
    let is_param = |word: &str| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic());
    params.is_empty() || params.split(' ').all(is_param)
}

/// Returns true for a `priority-profile` (RFC 6710 section 7).
pub(crate) fn is_priority_profile(word: &str) -> bool {
    (1..=20).contains(&word.len())
        && word
            .bytes()
            .all(|octet| class::is(octet, KEYWORD) || matches!(octet, b'_' | b'.'))
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
