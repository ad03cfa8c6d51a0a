//! Keywords of service extensions (RFC 5321 section 2.2).

use core::fmt;

use crate::syntax::class::is_word;

/// The keyword of a known extension in an EHLO reply. The case of letters does not matter.
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
    /// The command VRFY: verification of a user (RFC 5321 section 3.5).
    Vrfy,
    /// The command EXPN: expansion of a list (RFC 5321 section 3.5).
    Expn,
    /// The command HELP (RFC 5321 section 4.1.1.8).
    Help,
    /// The command ETRN: remote queue start (RFC 1985).
    Etrn,
    /// Future message release (RFC 4865).
    FutureRelease,
    /// Message transfer priorities (RFC 6710).
    MtPriority,
    /// Delivery by a given time (RFC 2852).
    DeliverBy,
    /// Check that a mailbox has had its owner since a given time (RFC 7293).
    Rrvs,
    /// Classes of solicitation that the server refuses (RFC 3865).
    NoSoliciting,
    /// A reply for each recipient after the message (draft-hall-prdr).
    Prdr,
    /// The command XCLIENT: a proxy passes on its client's identity (no RFC; Postfix defines it).
    Xclient,
    /// The command XFORWARD: a content filter passes on the origin of a message (no RFC; Postfix defines it).
    Xforward,
    /// Exchange of the roles after authentication: ATRN (RFC 2645).
    Atrn,
    /// Message tracking (RFC 3885).
    Mtrk,
    /// Permission to convert content (RFC 4141).
    ConPerm,
    /// Negotiation of content (RFC 4141).
    ConNeg,
    /// Message content by URL (RFC 4468).
    Burl,
}

impl Keyword {
    /// All known keywords, in the order in which EHLO lists them.
    pub const ALL: [Self; 29] = [
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
        Self::FutureRelease,
        Self::MtPriority,
        Self::DeliverBy,
        Self::Rrvs,
        Self::NoSoliciting,
        Self::Prdr,
        Self::Xclient,
        Self::Xforward,
        Self::Atrn,
        Self::Mtrk,
        Self::ConPerm,
        Self::ConNeg,
        Self::Burl,
    ];

    /// Finds a known keyword, in any case of letters.
    #[must_use]
    pub fn find(keyword: &[u8]) -> Option<Self> {
        Some(match keyword {
            _ if is_word(keyword, b"PIPELINING") => Self::Pipelining,
            _ if is_word(keyword, b"SIZE") => Self::Size,
            // Match digits and hyphens exactly: `is_word` ignores bit 0x20, by which a control character equals them.
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
            _ if is_word(keyword, b"FUTURERELEASE") => Self::FutureRelease,
            [b'M' | b'm', b'T' | b't', b'-', word @ ..] if is_word(word, b"PRIORITY") => Self::MtPriority,
            _ if is_word(keyword, b"DELIVERBY") => Self::DeliverBy,
            _ if is_word(keyword, b"RRVS") => Self::Rrvs,
            [b'N' | b'n', b'O' | b'o', b'-', word @ ..] if is_word(word, b"SOLICITING") => Self::NoSoliciting,
            _ if is_word(keyword, b"PRDR") => Self::Prdr,
            _ if is_word(keyword, b"XCLIENT") => Self::Xclient,
            _ if is_word(keyword, b"XFORWARD") => Self::Xforward,
            _ if is_word(keyword, b"ATRN") => Self::Atrn,
            _ if is_word(keyword, b"MTRK") => Self::Mtrk,
            _ if is_word(keyword, b"CONPERM") => Self::ConPerm,
            _ if is_word(keyword, b"CONNEG") => Self::ConNeg,
            _ if is_word(keyword, b"BURL") => Self::Burl,
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
            Self::FutureRelease => "FUTURERELEASE",
            Self::MtPriority => "MT-PRIORITY",
            Self::DeliverBy => "DELIVERBY",
            Self::Rrvs => "RRVS",
            Self::NoSoliciting => "NO-SOLICITING",
            Self::Prdr => "PRDR",
            Self::Xclient => "XCLIENT",
            Self::Xforward => "XFORWARD",
            Self::Atrn => "ATRN",
            Self::Mtrk => "MTRK",
            Self::ConPerm => "CONPERM",
            Self::ConNeg => "CONNEG",
            Self::Burl => "BURL",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
