//! Errors of clients.

use core::{error, fmt};

use crate::{
    client::{Closed, Event, MessageOutcome, Receipt, ReplyTo, RequestError},
    types::Reply,
};

/// Error of a client. `E` is the error type of the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The connection could not be established.
    #[error("cannot connect")]
    Connect(#[source] E),
    /// The configuration requests TLS, but the caller passed no TLS settings.
    #[error("TLS settings missing: pass them, or disable TLS in the configuration")]
    NoTls,
    /// The handshake of implicit TLS failed, before the session began.
    #[error("TLS handshake failed")]
    Handshake(#[source] E),
    /// The session has ended.
    #[error("{why}{}", Details(.reply.as_ref()))]
    Closed {
        /// The reason.
        why: Closed,
        /// The outcome of the message in transfer.
        message: MessageOutcome,
        /// The negative reply (4yz or 5yz) that ended the session, and the command that it answered. `None` if a reply did
        /// not end it.
        reply: Option<(ReplyTo, Reply<'static>)>,
        /// The error of the stream, if there was one.
        source: Option<E>,
    },
    /// The request does not fit the state of the session. Nothing was sent, and the session is unchanged.
    #[error(transparent)]
    Rejected(#[from] RequestError),
    /// The message could not be read. The session was closed, because a partly sent message cannot be withdrawn.
    #[error("cannot read the message")]
    Source(#[source] E),
}

/// Sending failed. Contains the error and the receipt so far.
#[derive(Debug)]
#[non_exhaustive]
pub struct SendError<E> {
    /// The error.
    pub error: Error<E>,
    /// The result of each recipient.
    pub receipt: Receipt,
}

impl<E> SendError<E> {
    /// Creates an error with the receipt so far.
    pub const fn new(error: Error<E>, receipt: Receipt) -> Self {
        Self { error, receipt }
    }
}

/// Shows the error only.
impl<E> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// The source is that of the error, which `Display` shows already.
impl<E: error::Error + 'static> error::Error for SendError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

/// The last negative reply of a session, for the error that it may cause.
#[derive(Debug, Default)]
pub struct LastRefusal(Option<(ReplyTo, Reply<'static>)>);

impl LastRefusal {
    /// Stores a reply if it is negative (4yz or 5yz).
    pub fn note(&mut self, event: &Event<'_>) {
        if let Event::Reply { to, reply } = event
            && (reply.is_transient() || reply.is_permanent())
        {
            self.0 = Some((*to, reply.clone().into_owned()));
        }
    }

    /// Creates the error for the end of a session ([`Event::Closed`]), with the error of the stream, if any. It contains the
    /// stored reply only if that reply ended the session.
    pub fn closed<E>(self, why: Closed, message: MessageOutcome, source: Option<E>) -> Error<E> {
        let by_reply = matches!(
            why,
            Closed::Refused
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

/// The reply that ended a session, as the end of an error message.
struct Details<'e>(Option<&'e (ReplyTo, Reply<'static>)>);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((_, reply)) => write!(f, ": {reply}"),
            None => Ok(()),
        }
    }
}
