//! Why a client could not do something.

use core::fmt;

use crate::{
    client::{Closed, Event, MessageOutcome, Receipt, ReplyTo, RequestError},
    types::Reply,
};

/// Why a client could not do something. `E` is the error of the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E: core::error::Error + 'static> {
    /// No connection could be made.
    #[error("cannot connect: {0}")]
    Connect(#[source] E),
    /// The configuration wants TLS, and nothing was said about how to do it.
    #[error("give the settings for TLS, or disable it in the configuration")]
    NoTls,
    /// The TLS handshake failed, before anything was said.
    #[error("TLS handshake failed: {0}")]
    Handshake(#[source] E),
    /// The session has ended.
    #[error("{why}{}", Told(.reply.as_ref(), .source.as_ref()))]
    Closed {
        /// Why.
        why: Closed,
        /// What became of the message that was being sent.
        message: MessageOutcome,
        /// The negative reply (4yz or 5yz) that ended it, and what that answered; `None` when it was something else.
        reply: Option<(ReplyTo, Reply<'static>)>,
        /// What broke the stream.
        source: Option<E>,
    },
    /// Nothing was sent: the request does not fit the session, which is as it was.
    #[error(transparent)]
    Rejected(#[from] RequestError),
    /// The message could not be read. The session was given up, since what was sent of it cannot be taken back.
    #[error("cannot read the message: {0}")]
    Source(#[source] E),
}

/// What a message's sending came to when it did not come to its end, and what was learnt until then.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct SendError<E: core::error::Error + 'static> {
    /// What stopped it.
    #[source]
    pub error: Error<E>,
    /// What became of each recipient.
    pub receipt: Receipt,
}

impl<E: core::error::Error + 'static> SendError<E> {
    /// What stopped it, and what became of each recipient.
    pub const fn new(error: Error<E>, receipt: Receipt) -> Self {
        Self { error, receipt }
    }
}

/// The last negative reply of a session, for the error of a session that was ended by it.
#[derive(Debug, Default)]
pub struct LastRefusal(Option<(ReplyTo, Reply<'static>)>);

impl LastRefusal {
    /// Remembers a reply if it is negative (4yz or 5yz).
    pub fn note(&mut self, event: &Event<'_>) {
        if let Event::Reply { to, reply } = event
            && (reply.is_transient() || reply.is_permanent())
        {
            self.0 = Some((*to, reply.clone().into_owned()));
        }
    }

    /// The error that tells of the session's end ([`Event::Closed`]), and of what broke the stream. The reply is in it
    /// when it was what ended the session, and not when it only came some time before.
    pub fn closed<E: core::error::Error>(
        self,
        why: Closed,
        message: MessageOutcome,
        source: Option<E>,
    ) -> Error<E> {
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

/// The details of an error, as far as they are known.
struct Told<'e, E>(Option<&'e (ReplyTo, Reply<'static>)>, Option<&'e E>);

impl<E: fmt::Display> fmt::Display for Told<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some((_, reply)), _) => write!(f, ": {reply}"),
            Self(None, Some(error)) => write!(f, ": {error}"),
            Self(None, None) => Ok(()),
        }
    }
}
