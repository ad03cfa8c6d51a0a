//! Reply codes (RFC 5321 section 4.2).

use core::fmt;

/// A reply code from 200 to 599 (RFC 5321 section 4.2).
///
/// The grammar ends the second digit at 5, but the field uses more (571 is common), so every code with a
/// first digit that means something is accepted. A code that has no constant here is judged by that digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// What the first digit of a reply code says (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the grammar knows these four first digits"
)]
pub enum Severity {
    /// 2yz: done.
    Completion,
    /// 3yz: accepted so far, the rest is awaited.
    Intermediate,
    /// 4yz: refused for now, the same command may succeed later.
    Transient,
    /// 5yz: refused, the same command will fail again.
    Permanent,
}

impl Code {
    /// System status (RFC 5321).
    pub const HELP_STATUS: Self = Self(211);
    /// Help text (RFC 5321).
    pub const HELP: Self = Self(214);
    /// Ready: the greeting, or start the TLS handshake (RFC 5321, RFC 3207).
    pub const READY: Self = Self(220);
    /// Closing as asked by QUIT (RFC 5321).
    pub const CLOSING: Self = Self(221);
    /// Authentication succeeded (RFC 4954).
    pub const AUTHENTICATED: Self = Self(235);
    /// Done (RFC 5321).
    pub const OK: Self = Self(250);
    /// Not a local user, the message will be forwarded (RFC 5321).
    pub const FORWARDED: Self = Self(251);
    /// The user cannot be verified, delivery will be tried (RFC 5321).
    pub const CANNOT_VERIFY: Self = Self(252);
    /// A challenge of the authentication exchange (RFC 4954).
    pub const CHALLENGE: Self = Self(334);
    /// Send the message (RFC 5321).
    pub const START_MAIL: Self = Self(354);
    /// The service closes the connection; may come at any time (RFC 5321).
    pub const NOT_AVAILABLE: Self = Self(421);
    /// The mailbox is busy or refused by policy for now (RFC 5321).
    pub const BUSY: Self = Self(450);
    /// A local error (RFC 5321).
    pub const LOCAL_ERROR: Self = Self(451);
    /// Out of storage, or too many recipients (RFC 5321).
    pub const NO_STORAGE: Self = Self(452);
    /// Authentication or TLS fails for now (RFC 4954, RFC 3207).
    pub const TEMPORARY_AUTH_FAILURE: Self = Self(454);
    /// The parameters cannot be honoured now (RFC 5321).
    pub const PARAMETERS_NOT_NOW: Self = Self(455);
    /// Not a command (RFC 5321).
    pub const SYNTAX: Self = Self(500);
    /// A bad argument (RFC 5321).
    pub const ARGUMENT: Self = Self(501);
    /// A known command that is not implemented (RFC 5321).
    pub const NOT_IMPLEMENTED: Self = Self(502);
    /// A command out of order (RFC 5321).
    pub const BAD_SEQUENCE: Self = Self(503);
    /// A parameter value, or an authentication mechanism, that is not implemented (RFC 5321, RFC 4954).
    pub const PARAMETER_NOT_IMPLEMENTED: Self = Self(504);
    /// The host takes no mail at all (RFC 7504).
    pub const NO_MAIL_HERE: Self = Self(521);
    /// Authenticate, or start TLS, first (RFC 4954, RFC 3207).
    pub const AUTHENTICATION_REQUIRED: Self = Self(530);
    /// The credentials are wrong (RFC 4954).
    pub const CREDENTIALS: Self = Self(535);
    /// The mechanism needs encryption (RFC 4954).
    pub const ENCRYPTION_REQUIRED: Self = Self(538);
    /// The mailbox is unavailable, or refused by policy (RFC 5321).
    pub const UNAVAILABLE: Self = Self(550);
    /// Not a local user, try the forward-path in the text (RFC 5321).
    pub const NOT_LOCAL: Self = Self(551);
    /// The message or the mailbox is too big (RFC 5321, RFC 1870).
    pub const TOO_BIG: Self = Self(552);
    /// The mailbox name is not allowed (RFC 5321).
    pub const NAME_NOT_ALLOWED: Self = Self(553);
    /// The transaction failed, or there is no service here (RFC 5321).
    pub const FAILED: Self = Self(554);
    /// MAIL or RCPT parameters that are not recognised (RFC 5321).
    pub const PARAMETERS_UNKNOWN: Self = Self(555);
    /// The domain takes no mail (RFC 7504, RFC 7505).
    pub const NULL_MX: Self = Self(556);

    /// Takes a code from 200 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if 200 <= code && code <= 599 {
            Some(Self(code))
        } else {
            None
        }
    }

    /// The code as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.0 {
            ..300 => Severity::Completion,
            300..400 => Severity::Intermediate,
            400..500 => Severity::Transient,
            500.. => Severity::Permanent,
        }
    }

    /// The three digits as they stand on the wire.
    #[must_use]
    pub const fn digits(self) -> [u8; 3] {
        [
            b'0' + (self.0 / 100) as u8,
            b'0' + (self.0 / 10 % 10) as u8,
            b'0' + (self.0 % 10) as u8,
        ]
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
