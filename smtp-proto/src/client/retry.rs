//! The advice on sending a message again.

use super::{Closed, RequestError};
use crate::types::Reply;

/// The advice on sending a message, or making a request, again.
///
/// - A 4yz reply means later, a 5yz reply never (RFC 5321 section 4.2.1). 552 to RCPT means later if the server has a limit on
///   recipients (section 4.5.3.1.10): its enhanced code is x.5.3, or it accepted another recipient.
/// - A connection that was refused, stalled or failed without a reply means later (section 4.5.4.1), because the cause may
///   pass. A server that breaks the protocol, or fails at TLS, may be mended.
/// - A session that merely is over means now, on a new connection, once.
/// - A session that ended after the end of the message and before its reply means unknown (RFC 1047): the message may
///   have been accepted, and sending it again may duplicate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Retry {
    /// At once, on a new connection. Nothing was accepted. Do not repeat it without a delay.
    Now,
    /// After a delay, or at another host. Nothing was accepted.
    Later,
    /// Not without a change of the message, the settings or the server. Nothing was accepted.
    Never,
    /// The message may have been accepted: sending it again may duplicate it.
    Unknown,
}

impl Retry {
    /// The advice of a negative reply. `None` if the reply is not negative.
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
    /// The advice for a message that was not accepted, without regard to the reply that ended the session:
    /// [`Retry::of_reply`] of that takes precedence.
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
    /// The advice for a request that was not carried out.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            // In this session when it is ready, or in a new one.
            Self::OutOfTurn | Self::Over | Self::Authenticated | Self::TooManyTransactions(_) => Retry::Now,
            Self::NotOffered(_)
            | Self::ParameterNotOffered
            | Self::TooBig { .. }
            | Self::MailWithoutSmtpUtf8
            | Self::NeedsTls
            | Self::NoRecipients
            | Self::TooManyRecipients(_)
            | Self::TooManyDomains(_) => Retry::Never,
        }
    }
}
