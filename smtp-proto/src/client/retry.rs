//! Advice for sending a message again.

use super::{Closed, RequestError};
use crate::types::Reply;

/// Advice for a retry: the time to send a message, or make a request, again.
///
/// - 4yz reply: later. 5yz reply: never (RFC 5321 section 4.2.1). 552 to RCPT is the exception if it means too many
///   recipients (section 4.5.3.1.10): later, if the enhanced code is x.5.3 or another recipient was accepted.
/// - Refused connection, session or login, timeout, failed TLS, or a server that breaks the protocol: later (section 4.5.4.1).
/// - Login without a usable mechanism, or a message that cannot be sent: never.
/// - Session that was ended by the application, or whose connection was closed or lost: now, on a new connection. If that
///   fails in the same way, later.
/// - Session that ended after the end of the message and before its final reply: unknown (RFC 1047). The server may have
///   accepted the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Retry {
    /// At once, on a new connection. Nothing was accepted. If that fails in the same way, wait.
    Now,
    /// After a delay, or at another host. Nothing was accepted.
    Later,
    /// Not without a change of the message, the settings or the server. Nothing was accepted.
    Never,
    /// The message may have been accepted: sending it again may duplicate it.
    Unknown,
}

impl Retry {
    /// Returns the advice for a negative reply. Returns `None` if the reply is not negative.
    #[must_use]
    pub const fn of_reply(reply: &Reply<'_>) -> Option<Self> {
        if reply.is_transient() {
            Some(Self::Later)
        } else if reply.is_permanent() {
            Some(Self::Never)
        } else {
            None
        }
    }
}

impl Closed {
    /// Returns the advice for a message that was not accepted. If a reply ended the session, [`Retry::of_reply`] takes
    /// precedence.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Quit | Self::Aborted | Self::ConnectionClosed | Self::ConnectionLost => Retry::Now,
            Self::NoMechanism | Self::LoginCancelled(_) | Self::Unsendable(_) => Retry::Never,
            Self::Refused
            | Self::EhloRefused
            | Self::TlsNotOffered
            | Self::TlsRefused
            | Self::PlaintextBeforeTls
            | Self::TlsFailed
            | Self::LoginRefused
            | Self::NotAvailable
            | Self::TimedOut(_)
            | Self::Malformed(_)
            | Self::ReplyTooLong
            | Self::Unsolicited
            | Self::Unexpected
            | Self::RefusedEarly => Retry::Later,
        }
    }
}

impl RequestError {
    /// Returns the advice for a request that was not carried out.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            // In this session when it is ready, or in a new one.
            Self::OutOfTurn
            | Self::Over
            | Self::Authenticated
            | Self::TooManyTransactions(_)
            | Self::TooManySessionDomains(_) => Retry::Now,
            Self::NotOffered(_)
            | Self::ServerNotVerified
            | Self::ParameterNotOffered
            | Self::TooBig { .. }
            | Self::HeldTooLong
            | Self::HeldBeyondDeadline
            | Self::DeadlineTooShort(_)
            | Self::MailWithoutSmtpUtf8
            | Self::NeedsTls
            | Self::NoRecipients
            | Self::TooManyRecipients(_)
            | Self::TooManyDomains(_) => Retry::Never,
        }
    }
}
