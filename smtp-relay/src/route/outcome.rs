//! Outcomes of an attempt, as the caller reports them.

use alloc::vec::Vec;

use smtp_proto::{
    client::{Closed, Receipt, RecipientStatus, ReplyTo, RequestError, Retry},
    types::{Keyword, Reply},
};

use super::news::ResultType;

/// The outcome of an attempt at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// No connection was made, or it was lost before the host offered its service.
    Unreachable,
    /// The host refused the session by its greeting, its reply to EHLO or 421. A 5yz reply is about the host and not about
    /// the recipients: the next host is tried (RFC 5321 section 3.1, RFC 7504 section 2).
    HostRefused(Reply<'static>),
    /// TLS does not fulfil the demand of the target: it is not offered, was refused, the handshake failed, or the
    /// certificate does not match. Nothing of the message was sent.
    TlsFailed(TlsFault),
    /// The host does not offer REQUIRETLS under TLS, and the target requires it.
    KeywordMissing,
    /// A smart host refused the credentials, or none could be used. Recipients are deferred, because credentials can be corrected.
    LoginFailed(Option<Reply<'static>>),
    /// The host lacks an extension that the message needs, or takes no message of its size. Nothing was sent.
    Unsendable(Lack),
    /// Transactions were run. The fates are in the order of the recipients that the route named; missing ones are
    /// [`Fate::NotSent`].
    Ran(Vec<Fate>),
}

/// An outcome and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempted {
    /// The outcome.
    pub outcome: Outcome,
    /// The number of addresses to which a connection was begun, from the first one on. Default: all.
    pub addresses: usize,
    /// A TLS fault that did not prevent the session, as with [`TlsDemand::Report`](super::TlsDemand::Report).
    pub tls_fault: Option<TlsFault>,
}

/// The fate of one recipient at one host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The host took responsibility.
    Accepted(Reply<'static>),
    /// The host refused the recipient or the message.
    Refused {
        /// The command that the reply answers.
        to: ReplyTo,
        /// The reply.
        reply: Reply<'static>,
        /// The advice on sending again. [`Retry::Never`] fails the recipient; with any other it is offered to the next host.
        retry: Retry,
    },
    /// Nothing was decided, and nothing was accepted.
    NotSent,
    /// The message was sent and its final reply is lost: it may have been accepted. It is not offered to another host in
    /// this route, because two copies may arrive (RFC 1047).
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
    /// No association matches, or the certificate is wrong in another way.
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
    /// Classifies the end of a session in which no transaction was begun. `reply` is the last reply of the host.
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

    /// Classifies the refusal of the client to begin a transaction with this host.
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

/// The fates in the order of the envelope, or of the envelopes that one was split into.
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
            // A status that this crate does not know may be an acceptance.
            _ => Self::Unknown,
        }
    }
}

impl Attempted {
    /// An outcome for which all addresses were tried.
    #[must_use]
    pub const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            addresses: usize::MAX,
            tls_fault: None,
        }
    }

    /// Sets the number of addresses to which a connection was begun. The others may be tried later in this route.
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
