//! Names of the parameters of MAIL and RCPT.

use super::class::is_word;

/// Returns true if a parameter of MAIL has a type.
pub(crate) fn is_mail_keyword(keyword: &str) -> bool {
    let keyword = keyword.as_bytes();
    ParameterName::of_mail(keyword) != ParameterName::Other
        || ParameterName::of_rare_mail(keyword) != ParameterName::Other
}

/// Returns true if a parameter of RCPT has a type.
pub(crate) fn is_rcpt_keyword(keyword: &str) -> bool {
    ParameterName::of_rcpt(keyword.as_bytes()) != ParameterName::Other
}

/// The parameters that have a type, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterName {
    Size,
    Body,
    Ret,
    EnvelopeId,
    Auth,
    SmtpUtf8,
    RequireTls,
    Prdr,
    HoldFor,
    HoldUntil,
    DeliverBy,
    Priority,
    Solicitation,
    Notify,
    OriginalRecipient,
    Rrvs,
    Other,
}

impl ParameterName {
    /// The keyword in capitals.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "SIZE",
            Self::Body => "BODY",
            Self::Ret => "RET",
            Self::EnvelopeId => "ENVID",
            Self::Auth => "AUTH",
            Self::SmtpUtf8 => "SMTPUTF8",
            Self::RequireTls => "REQUIRETLS",
            Self::Prdr => "PRDR",
            Self::HoldFor => "HOLDFOR",
            Self::HoldUntil => "HOLDUNTIL",
            Self::DeliverBy => "BY",
            Self::Priority => "MT-PRIORITY",
            Self::Solicitation => "SOLICIT",
            Self::Notify => "NOTIFY",
            Self::OriginalRecipient => "ORCPT",
            Self::Rrvs => "RRVS",
            Self::Other => "parameter",
        }
    }

    /// Finds a parameter of MAIL. The length comes first because it tells most of them apart.
    #[inline(always)]
    pub(super) fn of_mail(keyword: &[u8]) -> Self {
        match keyword.len() {
            4 if is_word(keyword, b"SIZE") => Self::Size,
            4 if is_word(keyword, b"BODY") => Self::Body,
            3 if is_word(keyword, b"RET") => Self::Ret,
            5 if is_word(keyword, b"ENVID") => Self::EnvelopeId,
            8 if is_word(keyword, b"SMTPUTF8") => Self::SmtpUtf8,
            10 if is_word(keyword, b"REQUIRETLS") => Self::RequireTls,
            4 if is_word(keyword, b"PRDR") => Self::Prdr,
            _ => Self::Other,
        }
    }

    /// Finds a parameter of MAIL that few clients send, which [`of_mail`](Self::of_mail) does not find.
    #[cold]
    pub(super) fn of_rare_mail(keyword: &[u8]) -> Self {
        match keyword.len() {
            4 if is_word(keyword, b"AUTH") => Self::Auth,
            2 if is_word(keyword, b"BY") => Self::DeliverBy,
            7 if is_word(keyword, b"HOLDFOR") => Self::HoldFor,
            7 if is_word(keyword, b"SOLICIT") => Self::Solicitation,
            9 if is_word(keyword, b"HOLDUNTIL") => Self::HoldUntil,
            // Exact, because the keyword has no control characters.
            11 if is_word(keyword, b"MT-PRIORITY") => Self::Priority,
            _ => Self::Other,
        }
    }

    /// Finds a parameter of RCPT.
    #[inline(always)]
    pub(super) fn of_rcpt(keyword: &[u8]) -> Self {
        match keyword.len() {
            6 if is_word(keyword, b"NOTIFY") => Self::Notify,
            5 if is_word(keyword, b"ORCPT") => Self::OriginalRecipient,
            4 if is_word(keyword, b"RRVS") => Self::Rrvs,
            _ => Self::Other,
        }
    }
}
