//! The final results of a route.

use alloc::{string::ToString, sync::Arc};
use core::fmt;

use smtp_proto::{
    client::ReplyTo,
    types::{Code, EnhancedCode, Rejection, Reply, Text},
};

use super::{Lack, Peer};

/// The result of a route for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Final {
    /// A host accepted the message.
    Delivered {
        /// The host.
        by: Peer,
        /// Its reply.
        reply: Reply<'static>,
    },
    /// The recipient has failed permanently. Notify the sender.
    Failed(Reason),
    /// The recipient has failed temporarily. Try again later.
    Deferred(Reason),
}

/// The reason for a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain accepts no mail (RFC 7505).
    NullMx,
    /// No mail exchanger has an address.
    NoAddress,
    /// The best mail exchanger is this relay (RFC 5321 section 5.1).
    LoopsBack,
    /// This relay is a mail exchanger of the domain, and no better exchanger could be found.
    PrimaryUnknown,
    /// A lookup failed.
    Dns,
    /// No host could be reached.
    Unreachable,
    /// The domain's policy permits none of its mail exchangers (RFC 8461 section 4.1). This is always temporary, because a
    /// policy may change; the next route looks it up again (section 5.1).
    PolicyMismatch,
    /// No host fulfils the TLS demand.
    TlsNeeded,
    /// No host offers REQUIRETLS (RFC 8689).
    RequireTlsUnsupported,
    /// The login at a smart host failed.
    LoginFailed,
    /// No host accepts a message with this need.
    Unsendable(Lack),
    /// A host refused.
    Reply(Arc<Refusal>),
    /// The session ended before the host decided, or before its final reply arrived.
    Lost,
}

/// The refusal of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The host.
    pub host: Peer,
    /// The command that the reply answers.
    pub to: ReplyTo,
    /// The reply.
    pub reply: Reply<'static>,
}

/// The preliminary reason against a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another attempt may help.
    Soft(Reason),
    /// Another attempt will not help.
    Hard(Reason),
}

impl Final {
    /// The enhanced status code for a notification (RFC 3463).
    #[must_use]
    pub fn status(&self) -> EnhancedCode {
        match self {
            Self::Delivered { reply, .. } => reply.enhanced().unwrap_or_else(|| enhanced(2, (0, 0))),
            Self::Failed(why) => why.status(5),
            Self::Deferred(why) => why.status(4),
        }
    }

    /// The negative reply for a client that waits for this result. Returns `None` if the recipient was delivered.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        let (why, class) = match self {
            Self::Delivered { .. } => return None,
            Self::Failed(why) => (why, 5),
            Self::Deferred(why) => (why, 4),
        };
        if let Reason::Reply(refusal) = why
            && let Ok(rejection) = Rejection::try_from(&refusal.reply)
            && rejection.enhanced().class() == class
        {
            return Some(rejection);
        }
        let code = match (class, why) {
            (4, _) => Code::LOCAL_ERROR,
            (_, Reason::NullMx) => Code::NULL_MX,
            _ => Code::UNAVAILABLE,
        };
        let text = Text::from_str_lossy(why.to_string());
        Rejection::new(code, why.status(class), text).ok()
    }

    /// The refusal of the deciding host, with its reply for a notification. Returns `None` if no host refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Failed(Reason::Reply(refusal)) | Self::Deferred(Reason::Reply(refusal)) => Some(refusal),
            _ => None,
        }
    }
}

impl Reason {
    /// The enhanced status code (RFC 3463, RFC 7505 section 4.1, RFC 8689 section 6) of class 4 or 5.
    fn status(&self, class: u8) -> EnhancedCode {
        let code = match self {
            Self::NoSuchDomain => (1, 2),
            Self::NullMx => (1, 10),
            Self::NoAddress | Self::PrimaryUnknown => (4, 4),
            Self::LoopsBack => (4, 6),
            Self::Dns => (4, 3),
            Self::Unreachable => (4, 1),
            Self::Lost => (4, 2),
            Self::PolicyMismatch => (7, 5),
            Self::TlsNeeded => (7, 10),
            Self::RequireTlsUnsupported => (7, 30),
            Self::LoginFailed => (7, 0),
            Self::Unsendable(Lack::SmtpUtf8) => (6, 7),
            Self::Unsendable(Lack::EightBitMime) => (6, 3),
            Self::Unsendable(Lack::BinaryMime) => (6, 1),
            Self::Unsendable(Lack::Size) => (3, 4),
            Self::Unsendable(Lack::Extension) => (5, 4),
            Self::Reply(refusal) => match refusal.reply.enhanced() {
                Some(code) => (code.subject(), code.detail()),
                None => (0, 0),
            },
        };
        enhanced(class, code)
    }

    /// The weight of a reason: the later in the session a reply came, the more it helps the sender.
    const fn weight(&self) -> u8 {
        match self {
            Self::Reply(_) => 5,
            Self::Lost => 4,
            Self::PolicyMismatch
            | Self::TlsNeeded
            | Self::RequireTlsUnsupported
            | Self::LoginFailed
            | Self::Unsendable(_) => 3,
            Self::Dns => 2,
            Self::Unreachable => 1,
            Self::NoSuchDomain | Self::NullMx | Self::NoAddress | Self::LoopsBack | Self::PrimaryUnknown => 0,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchDomain => "the domain does not exist",
            Self::NullMx => "the domain accepts no mail",
            Self::NoAddress => "no mail exchanger of the domain has an address",
            Self::LoopsBack => "mail for the domain loops back to this relay",
            Self::PrimaryUnknown => "no better mail exchanger than this relay was found",
            Self::Dns => "a lookup in the DNS failed",
            Self::Unreachable => "no host could be reached",
            Self::PolicyMismatch => "no mail exchanger is permitted by the policy of the domain",
            Self::TlsNeeded => "no host fulfils the demand on TLS",
            Self::RequireTlsUnsupported => "no host offers REQUIRETLS",
            Self::LoginFailed => "the login at the smart host failed",
            Self::Unsendable(Lack::SmtpUtf8) => "the message needs SMTPUTF8",
            Self::Unsendable(Lack::EightBitMime) => "the message needs 8BITMIME",
            Self::Unsendable(Lack::BinaryMime) => "the message needs BINARYMIME",
            Self::Unsendable(Lack::Size) => "the message is too big for the host",
            Self::Unsendable(Lack::Extension) => "the message needs an extension that the host lacks",
            Self::Lost => "the session ended before the host decided",
            Self::Reply(refusal) => return write!(f, "{} replied {}", refusal.host, refusal.reply),
        })
    }
}

impl Trouble {
    /// Keeps the deciding reason: a temporary one first, then the one with more weight, then the later one.
    pub(super) fn then(self, later: Self) -> Self {
        let weight = |trouble: &Self| match trouble {
            Self::Hard(why) => (0, why.weight()),
            Self::Soft(why) => (1, why.weight()),
        };
        if weight(&later) >= weight(&self) {
            later
        } else {
            self
        }
    }
}

impl From<Trouble> for Final {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Soft(why) => Self::Deferred(why),
            Trouble::Hard(why) => Self::Failed(why),
        }
    }
}

/// Creates an enhanced code. All subjects and details here are in range.
fn enhanced(class: u8, (subject, detail): (u16, u16)) -> EnhancedCode {
    EnhancedCode::new(class, subject, detail).unwrap_or_else(|| Rejection::LOCAL_ERROR.enhanced())
}
