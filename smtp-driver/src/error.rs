//! The errors of a client.

use core::{error, fmt};

use smtp_proto::{
    client::{Closed, Event, MessageOutcome, Receipt, ReplyTo, RequestError, Retry},
    types::{Reply, Verb},
};

/// An error of a client. `E` is the error of the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// Connecting failed.
    #[error("cannot connect")]
    Connect(#[source] E),
    /// The configuration requires TLS, and no settings for it were given.
    #[error("TLS settings are missing: give them, or disable TLS in the configuration")]
    NoTls,
    /// The TLS handshake failed, before any command was sent.
    #[error("TLS handshake failed")]
    Handshake(#[source] E),
    /// The session has ended.
    #[error("{why}{}", Details(.reply.as_ref()))]
    #[non_exhaustive]
    Closed {
        /// The reason.
        why: Closed,
        /// The outcome for the message that was being sent.
        message: MessageOutcome,
        /// The negative reply (4yz or 5yz) that ended the session, and the command that it answers; `None` if there was none.
        reply: Option<(ReplyTo, Reply<'static>)>,
        /// The error of the stream.
        source: Option<E>,
    },
    /// The request does not fit the session. Nothing was sent, and the session continues.
    #[error(transparent)]
    Rejected(#[from] RequestError),
    /// The [`Pool`](crate::Pool) is closed. Nothing was sent.
    #[cfg(feature = "std")]
    #[error("pool is closed")]
    PoolClosed,
    /// The message could not be read. The session was aborted, because the octets already sent cannot be taken back.
    #[error("cannot read the message")]
    Source(#[source] E),
}

impl<E> Error<E> {
    /// The advice on repeating the message or the request; [`Retry`] has the rule.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Connect(_) | Self::Handshake(_) | Self::Source(_) => Retry::Later,
            Self::NoTls => Retry::Never,
            #[cfg(feature = "std")]
            Self::PoolClosed => Retry::Later,
            Self::Rejected(error) => error.retry(),
            Self::Closed {
                message: MessageOutcome::Unknown,
                ..
            } => Retry::Unknown,
            Self::Closed { why, reply, .. } => reply
                .as_ref()
                .and_then(|(_, reply)| Retry::of_reply(reply))
                .unwrap_or_else(|| why.retry()),
        }
    }
}

/// The error of a message that could not be sent completely, with the replies until then.
#[derive(Debug)]
#[non_exhaustive]
pub struct SendError<E> {
    /// The error.
    pub error: Error<E>,
    /// The replies for each recipient.
    pub receipt: Receipt,
}

impl<E> SendError<E> {
    /// Creates an error with the replies until then.
    pub const fn new(error: Error<E>, receipt: Receipt) -> Self {
        Self { error, receipt }
    }

    /// The advice on sending the message again: [`Error::retry`]. The receipt has the recipients whose outcome is final.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.error.retry()
    }
}

impl<E> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// The source is that of `error`, because `Display` already shows `error` itself.
impl<E: error::Error + 'static> error::Error for SendError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

/// The last negative reply, which may be the reason for the end of the session.
#[derive(Debug, Default)]
pub(crate) struct LastRefusal(Option<(ReplyTo, Reply<'static>)>);

impl LastRefusal {
    /// Records a reply if it is negative (4yz or 5yz). Ignores the reply to QUIT, and the reply to HELO after a refused EHLO.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        let Event::Reply { to, reply } = event else {
            return;
        };
        let decided = matches!(
            (&self.0, to),
            (_, ReplyTo::Quit) | (Some((ReplyTo::Hello(Verb::Ehlo), _)), ReplyTo::Hello(Verb::Helo))
        );
        if !decided && (reply.is_transient() || reply.is_permanent()) {
            self.0 = Some((*to, reply.clone().into_owned()));
        }
    }

    /// Returns the error for the end of the session ([`Event::Closed`]), with the error of the stream. It contains the reply
    /// only if the reply ended the session.
    pub(crate) fn closed<E>(self, why: Closed, message: MessageOutcome, source: Option<E>) -> Error<E> {
        let by_reply = matches!(
            why,
            Closed::Refused
                | Closed::EhloRefused
                | Closed::TlsRefused
                | Closed::LoginRefused
                | Closed::LoginCancelled(_)
                | Closed::NotAvailable
                | Closed::RefusedEarly
        );
        Error::Closed {
            why,
            message,
            reply: self.0.filter(|_| by_reply),
            source,
        }
    }
}

/// The reply that ended a session, after the reason.
struct Details<'e>(Option<&'e (ReplyTo, Reply<'static>)>);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((_, reply)) => write!(f, ": {reply}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
