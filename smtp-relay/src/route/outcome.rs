//! Outcomes of an attempt, reported by the caller.

use alloc::vec::Vec;

use smtp_proto::{
    client::{Closed, Receipt, RecipientStatus, ReplyTo, RequestError, Retry},
    types::{Keyword, Reply},
};

use super::findings::ResultType;

/// The outcome of an attempt at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// No connection was made, or it was lost before the host offered its service.
    Unreachable,
    /// The host refused the session by its greeting, its reply to EHLO, or 421. A 5yz reply concerns the host and not the
    /// recipients, so the next host is tried (RFC 5321 section 3.1, RFC 7504 section 2).
    HostRefused(Reply<'static>),
    /// The host does not fulfil the TLS demand of the target: it does not offer TLS or refuses it, the handshake failed, or
    /// the certificate does not match. Nothing of the message was sent.
    TlsFailed(TlsFault),
    /// The host does not offer REQUIRETLS under TLS, and the target requires it.
    KeywordMissing,
    /// A smart host refused the credentials, or no mechanism could be used. Recipients are deferred, because credentials can
    /// be corrected.
    LoginFailed(Option<Reply<'static>>),
    /// The host lacks an extension that the message needs, or does not accept its size. Nothing was sent.
    Unsendable(Lack),
    /// Transactions were run. The fates are in the order of the recipients in [`Step::Connect`](super::Step::Connect);
    /// missing fates mean [`Fate::NotSent`].
    Ran(Vec<Fate>),
}

/// An outcome and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempted {
    /// The outcome.
    pub outcome: Outcome,
    /// The number of addresses to which a connection was begun, counted from the first. Default: all.
    pub addresses: usize,
    /// A TLS fault that did not prevent the session, as with [`TlsDemand::Report`](super::TlsDemand::Report).
    pub tls_fault: Option<TlsFault>,
}

/// The result for one recipient at one host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The host accepted the message for the recipient.
    Accepted(Reply<'static>),
    /// The host refused the recipient or the message.
    Refused {
        /// The command that the reply answers.
        to: ReplyTo,
        /// The reply.
        reply: Reply<'static>,
        /// The advice on sending again. With [`Retry::Never`] the recipient fails; with any other advice the next host gets
        /// it.
        retry: Retry,
    },
    /// The host did not decide, and accepted nothing.
    NotSent,
    /// The message was sent and its final reply was lost: the host may have accepted it. This route tries no other host for
    /// the recipient, because two copies might arrive (RFC 1047).
    Unknown,
}

/// The reason why TLS does not fulfil a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFault {
    /// STARTTLS is not offered, or was refused.
    NotOffered,
    /// The handshake failed.
    Handshake,
    /// The certificate is for another name.
    HostMismatch,
    /// The certificate has expired, or is not valid yet.
    Expired,
    /// The certificate is not from a trusted authority.
    NotTrusted,
    /// No association matches, or the certificate has another fault.
    Mismatch,
}

/// The property of a host that a message needs and the host lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lack {
    /// SMTPUTF8 (RFC 6531): status x.6.7.
    SmtpUtf8,
    /// 8BITMIME (RFC 6152): status x.6.3.
    EightBitMime,
    /// BINARYMIME (RFC 3030): status x.6.1.
    BinaryMime,
    /// Room for a message of its size (RFC 1870): status x.3.4.
    Size,
    /// Another extension: status x.5.4.
    Extension,
}

impl Outcome {
    /// Converts the end of a session in which no transaction was begun. `reply` is the last reply of the host.
    ///
    /// If a transaction was begun, use `Outcome::from(&receipt)` instead.
    #[must_use]
    pub fn of_closed(why: &Closed, reply: Option<Reply<'_>>) -> Self {
        let reply = reply
            .filter(|reply| reply.is_transient() || reply.is_permanent())
            .map(Reply::into_owned);
        match (why, reply) {
            (Closed::TlsNotOffered | Closed::TlsRefused | Closed::EhloRefused, _) => {
                Self::TlsFailed(TlsFault::NotOffered)
            }
            (Closed::TlsFailed | Closed::PlaintextBeforeTls, _) => Self::TlsFailed(TlsFault::Handshake),
            (Closed::NoMechanism | Closed::LoginRefused | Closed::LoginCancelled(_), reply) => {
                Self::LoginFailed(reply)
            }
            (Closed::Refused | Closed::NotAvailable, Some(reply)) => Self::HostRefused(reply),
            _ => Self::Unreachable,
        }
    }

    /// Converts the error of a client that could not begin a transaction with this host.
    #[must_use]
    pub fn of_request_error(error: &RequestError) -> Self {
        match error {
            RequestError::NotOffered(Keyword::RequireTls) => Self::KeywordMissing,
            RequestError::NotOffered(Keyword::SmtpUtf8) => Self::Unsendable(Lack::SmtpUtf8),
            RequestError::NotOffered(Keyword::EightBitMime) => Self::Unsendable(Lack::EightBitMime),
            RequestError::NotOffered(Keyword::BinaryMime) => Self::Unsendable(Lack::BinaryMime),
            RequestError::MailWithoutSmtpUtf8 => Self::Unsendable(Lack::SmtpUtf8),
            RequestError::TooBig { .. } => Self::Unsendable(Lack::Size),
            RequestError::NotOffered(_) | RequestError::ParameterNotOffered => {
                Self::Unsendable(Lack::Extension)
            }
            _ => Self::Ran(Vec::new()),
        }
    }
}

/// Converts a receipt. The fates are in the order of the envelope, or of the envelopes into which it was split.
impl From<&Receipt> for Outcome {
    fn from(receipt: &Receipt) -> Self {
        Self::Ran(receipt.recipients().map(|(_, status)| status.into()).collect())
    }
}

impl From<Receipt> for Outcome {
    fn from(receipt: Receipt) -> Self {
        Self::from(&receipt)
    }
}

impl From<RecipientStatus<'_>> for Fate {
    fn from(status: RecipientStatus<'_>) -> Self {
        match status.into_owned() {
            RecipientStatus::Accepted(reply) => Self::Accepted(reply),
            RecipientStatus::Refused { to, reply, retry, .. } => Self::Refused { to, reply, retry },
            RecipientStatus::NotAccepted => Self::NotSent,
            // An unknown status may be an acceptance.
            _ => Self::Unknown,
        }
    }
}

impl Attempted {
    /// Creates an outcome after which all addresses count as tried.
    #[must_use]
    pub const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            addresses: usize::MAX,
            tls_fault: None,
        }
    }

    /// Sets the number of addresses to which a connection was begun. The route may try the others later.
    #[must_use]
    pub const fn with_addresses(mut self, addresses: usize) -> Self {
        self.addresses = addresses;
        self
    }

    /// Adds a TLS fault that did not prevent the session.
    #[must_use]
    pub const fn with_tls_fault(mut self, fault: TlsFault) -> Self {
        self.tls_fault = Some(fault);
        self
    }
}

impl<O: Into<Outcome>> From<O> for Attempted {
    fn from(outcome: O) -> Self {
        Self::new(outcome.into())
    }
}

impl From<TlsFault> for ResultType {
    fn from(fault: TlsFault) -> Self {
        match fault {
            TlsFault::NotOffered => Self::StarttlsNotSupported,
            TlsFault::HostMismatch => Self::CertificateHostMismatch,
            TlsFault::Expired => Self::CertificateExpired,
            TlsFault::NotTrusted => Self::CertificateNotTrusted,
            TlsFault::Handshake | TlsFault::Mismatch => Self::ValidationFailure,
        }
    }
}
