//! Reply codes (RFC 5321 section 4.2).

use core::{fmt, str::FromStr};

use thiserror::Error;

/// A reply code from 200 to 599 (RFC 5321 section 4.2).
///
/// The grammar limits the second digit to 0 to 5, but servers send others (571 is common). Therefore every code with a
/// first digit from 2 to 5 is valid. A client acts on the first digit if it does not know the code
/// ([`Code::severity`]).
///
/// ```
/// use smtp_proto::types::{Code, Severity};
///
/// let code: Code = "571".parse()?;
/// assert_eq!(code.severity(), Severity::Permanent);
/// assert_eq!(Code::try_from(250), Ok(Code::OK));
/// # Ok::<(), smtp_proto::types::InvalidCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "u16", try_from = "u16"))]
pub struct Code(u16);

/// Error for a number or a text that is not a reply code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
#[error("invalid reply code: expected three digits from 200 to 599")]
pub struct InvalidCode;

/// The meaning of the first digit of a reply code (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the grammar has these four first digits")]
pub enum Severity {
    /// 2yz: the command succeeded.
    Completion,
    /// 3yz: the command is accepted so far, and the server waits for more.
    Intermediate,
    /// 4yz: the command failed, and may succeed later.
    Transient,
    /// 5yz: the command failed, and will fail again.
    Permanent,
}

impl Code {
    /// System status (RFC 5321).
    pub const HELP_STATUS: Self = Self(211);
    /// Help text (RFC 5321).
    pub const HELP: Self = Self(214);
    /// Ready: the greeting, or the start of the TLS handshake (RFC 5321, RFC 3207).
    pub const READY: Self = Self(220);
    /// The reply to QUIT: the server closes the connection (RFC 5321).
    pub const CLOSING: Self = Self(221);
    /// Authentication succeeded (RFC 4954).
    pub const AUTHENTICATED: Self = Self(235);
    /// The command succeeded (RFC 5321).
    pub const OK: Self = Self(250);
    /// The user is not local, and the server will forward the message (RFC 5321).
    pub const FORWARDED: Self = Self(251);
    /// The server cannot verify the user, but will try to deliver (RFC 5321).
    pub const CANNOT_VERIFY: Self = Self(252);
    /// ETRN: the delivery of waiting messages has begun. The text has their number (RFC 1985).
    pub const MESSAGES_STARTED: Self = Self(253);
    /// A challenge in an AUTH exchange (RFC 4954).
    pub const CHALLENGE: Self = Self(334);
    /// The reply to the end of data before a reply for each recipient and one for all (draft-hall-prdr).
    pub const RECIPIENTS_FOLLOW: Self = Self(353);
    /// Send the message (RFC 5321).
    pub const START_MAIL: Self = Self(354);
    /// The server closes the connection. A possible reply to any command (RFC 5321).
    pub const NOT_AVAILABLE: Self = Self(421);
    /// The mailbox is busy, or policy forbids it for now (RFC 5321).
    pub const BUSY: Self = Self(450);
    /// A local error (RFC 5321).
    pub const LOCAL_ERROR: Self = Self(451);
    /// Insufficient storage, or too many recipients (RFC 5321).
    pub const NO_STORAGE: Self = Self(452);
    /// Authentication or TLS failed temporarily (RFC 4954, RFC 3207).
    pub const TEMPORARY_AUTH_FAILURE: Self = Self(454);
    /// The server cannot accept the parameters now (RFC 5321).
    pub const PARAMETERS_NOT_NOW: Self = Self(455);
    /// Command unrecognized (RFC 5321).
    pub const SYNTAX: Self = Self(500);
    /// Syntax error in an argument (RFC 5321).
    pub const ARGUMENT: Self = Self(501);
    /// Command not implemented (RFC 5321).
    pub const NOT_IMPLEMENTED: Self = Self(502);
    /// Bad sequence of commands (RFC 5321).
    pub const BAD_SEQUENCE: Self = Self(503);
    /// Parameter value or authentication mechanism not implemented (RFC 5321, RFC 4954).
    pub const PARAMETER_NOT_IMPLEMENTED: Self = Self(504);
    /// The host accepts no mail (RFC 7504).
    pub const NO_MAIL_HERE: Self = Self(521);
    /// Authentication or TLS required first (RFC 4954, RFC 3207).
    pub const AUTHENTICATION_REQUIRED: Self = Self(530);
    /// The credentials are invalid (RFC 4954).
    pub const CREDENTIALS: Self = Self(535);
    /// The mechanism requires TLS (RFC 4954).
    pub const ENCRYPTION_REQUIRED: Self = Self(538);
    /// The mailbox is unavailable, or policy forbids it (RFC 5321).
    pub const UNAVAILABLE: Self = Self(550);
    /// The user is not local. The text has the forward-path to try (RFC 5321).
    pub const NOT_LOCAL: Self = Self(551);
    /// The message or the mailbox is too big (RFC 5321, RFC 1870).
    pub const TOO_BIG: Self = Self(552);
    /// The mailbox name is not allowed (RFC 5321).
    pub const NAME_NOT_ALLOWED: Self = Self(553);
    /// The transaction failed, or the server offers no service (RFC 5321).
    pub const FAILED: Self = Self(554);
    /// MAIL or RCPT parameters not recognized (RFC 5321).
    pub const PARAMETERS_UNKNOWN: Self = Self(555);
    /// The domain accepts no mail (RFC 7504, RFC 7505).
    pub const NULL_MX: Self = Self(556);

    /// Creates a code from a number. Returns `None` unless it is from 200 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if 200 <= code && code <= 599 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// Returns the code as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns the meaning of the first digit.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.0 {
            ..300 => Severity::Completion,
            300..400 => Severity::Intermediate,
            400..500 => Severity::Transient,
            500.. => Severity::Permanent,
        }
    }

    /// Returns the three digits as they are sent.
    #[must_use]
    pub const fn digits(self) -> [u8; 3] {
        [
            b'0' + (self.0 / 100) as u8,
            b'0' + (self.0 / 10 % 10) as u8,
            b'0' + (self.0 % 10) as u8,
        ]
    }
}

impl TryFrom<u16> for Code {
    type Error = InvalidCode;

    fn try_from(code: u16) -> Result<Self, InvalidCode> {
        Self::new(code).ok_or(InvalidCode)
    }
}

impl From<Code> for u16 {
    fn from(code: Code) -> Self {
        code.get()
    }
}

impl FromStr for Code {
    type Err = InvalidCode;

    /// Parses three digits.
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        match text.as_bytes() {
            [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9'] => {
                text.parse::<u16>().map_err(|_| InvalidCode)?.try_into()
            }
            _ => Err(InvalidCode),
        }
    }
}

impl TryFrom<&str> for Code {
    type Error = InvalidCode;

    fn try_from(text: &str) -> Result<Self, InvalidCode> {
        text.parse()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests;
