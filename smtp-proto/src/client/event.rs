//! What a client machine reports.

use crate::{
    data::Unsendable,
    sasl::MechanismError,
    syntax::ReplyError,
    time::Phase,
    tls::TlsUpgrade,
    types::{Keyword, Reply, Verb},
};

/// What happened in a client session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The server was greeted and answered; commands may be given, and
    /// [`extensions`](super::Client::extensions) are known.
    Ready,
    /// The server is ready for TLS: do the handshake, check who the server is, and call
    /// [`tls_established`](super::Client::tls_established) or [`tls_failed`](super::Client::tls_failed). Only with a [`Tls`](super::Tls) policy that wants it.
    StartTls(TlsUpgrade),
    /// A reply came. Positive or negative, it is reported before anything that follows from it.
    Reply {
        /// What it answers.
        to: ReplyTo,
        /// The reply with all its lines.
        reply: Reply<'i>,
    },
    /// The server is ready for the message of the open transaction: give it to
    /// [`body`](super::Client::body), then call [`end_body`](super::Client::end_body).
    Body(BodyPermit),
    /// The transaction is over, and the session ready for the next or at the one that was announced. What became
    /// of each recipient was said by the replies.
    Finished(Outcome),
    /// The session is over. Always the last event; polling again only gives it again.
    Closed {
        /// Why.
        why: Closed,
        /// What that means for the message of the open transaction. Of one that was announced behind it nothing
        /// was accepted.
        message: MessageOutcome,
    },
}

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyTo {
    /// Nothing: the server's greeting.
    Greeting,
    /// EHLO, HELO or LHLO.
    Hello(Verb),
    /// STARTTLS.
    StartTls,
    /// AUTH, or a response of its exchange.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT for the recipient with this index in the envelope.
    Recipient(usize),
    /// DATA.
    Data,
    /// A BDAT chunk that was not the last.
    Chunk,
    /// The end of the message.
    Message,
    /// The end of the message, for the recipient with this index (LMTP).
    MessageFor(usize),
    /// RSET.
    Reset,
    /// VRFY.
    Verify,
    /// EXPN.
    Expand,
    /// HELP.
    Help,
    /// NOOP.
    Noop,
    /// A command of the application's own.
    Command,
    /// QUIT.
    Quit,
    /// Nothing: the server closes the session with 421 of its own accord (RFC 5321 section 3.8), or speaks before
    /// its turn.
    Nothing,
}

/// The right to send the content of one transaction's message.
#[derive(Debug)]
#[must_use = "a server that waits for a message gives up in the end"]
pub struct BodyPermit(pub(super) u32);

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The server took responsibility for the message, for all recipients that it accepted; in LMTP for those
    /// whose final reply was positive, at least one.
    Accepted,
    /// Nobody gets the message. The reply that decided it answered this.
    Refused(ReplyTo),
    /// The application gave the transaction up with [`reset`](super::Client::reset).
    Abandoned,
}

/// What became of the message when a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the possibilities")]
pub enum MessageOutcome {
    /// No transaction was open: all that was begun has been reported.
    None,
    /// The message was not accepted. Sending it again is safe.
    NotAccepted,
    /// The whole message was sent and its final reply did not come: it may have been accepted or not
    /// (RFC 5321 section 4.5.3.2.6, RFC 1047). Sending it again may duplicate it. In LMTP this is so for the
    /// recipients without a final reply.
    Unknown,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// [`quit`](super::Client::quit) was called.
    #[error("the session was ended with QUIT")]
    Quit,
    /// The server refused the session, by its greeting or its reply to EHLO, HELO or LHLO.
    #[error("the server refused the session")]
    Refused,
    /// The server refused EHLO, and HELO was not tried: it has no STARTTLS, and TLS is required.
    #[error("server refused EHLO; HELO was not tried because TLS is required")]
    EhloRefused,
    /// TLS is required and the server does not offer STARTTLS.
    #[error("the server does not offer STARTTLS, and TLS is required")]
    TlsNotOffered,
    /// TLS is required and the server refused STARTTLS.
    #[error("the server refused STARTTLS, and TLS is required")]
    TlsRefused,
    /// Something came in clear behind the reply to STARTTLS: somebody in between put it there.
    #[error("plaintext came behind the reply to STARTTLS: the connection is tampered with")]
    PlaintextBeforeTls,
    /// The TLS handshake failed, or the server is not the one that was meant. Nothing was said in clear after it.
    #[error("the TLS handshake failed")]
    TlsFailed,
    /// The configuration has a login, and the server offers no mechanism for it that may be used.
    #[error("the server offers no mechanism that these credentials may be used with")]
    NoMechanism,
    /// The server did not let the client in.
    #[error("the server refused the login")]
    LoginRefused,
    /// The client broke the exchange off.
    #[error("the login was broken off: {0}")]
    LoginCancelled(#[from] MechanismError),
    /// The server ended the session with 421 (RFC 5321 section 3.8).
    #[error("the server closed the session with 421")]
    NotAvailable,
    /// The server closed the stream.
    #[error("the server closed the connection")]
    ConnectionClosed,
    /// The stream broke.
    #[error("the connection broke")]
    ConnectionLost,
    /// A deadline passed.
    #[error("the time was over while {0}")]
    TimedOut(Phase),
    /// What the server sent is no reply.
    #[error("the server does not speak SMTP: {0}")]
    Malformed(#[from] ReplyError),
    /// The server sent a reply to nothing; a positive one before it had the message is such a reply, too.
    #[error("the server sent a reply to a command that was not sent")]
    Unsolicited,
    /// The server sent a reply that cannot answer the command, such as 250 to DATA.
    #[error("the server sent a reply that does not answer the command")]
    Unexpected,
    /// The server refused the message before all of it was sent.
    #[error("the server refused the message before all of it was sent")]
    RefusedEarly,
    /// The message cannot be sent as the session was agreed upon.
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
    /// [`abort`](super::Client::abort) was called.
    #[error("the session was given up")]
    Aborted,
}

/// A request that was not carried out, with its argument given back.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct Rejected<T> {
    /// What was asked for.
    pub value: T,
    /// Why nothing was sent.
    pub error: RequestError,
}

/// Why a request was not carried out. Nothing was sent, and the session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Another command or transaction is under way.
    #[error("wait until the session is ready")]
    OutOfTurn,
    /// The session is over.
    #[error("connect again, the session is over")]
    Over,
    /// The message needs an extension that the server does not offer.
    #[error("the server does not offer {}", .0.as_str())]
    NotOffered(Keyword),
    /// A parameter that this crate has no type for belongs to no extension that the server offers.
    #[error("remove the parameter, the server does not offer its extension")]
    ParameterNotOffered,
    /// The message is larger than the server takes (RFC 1870 section 6.1).
    #[error("shorten the message of {size} octets, the server takes {limit}")]
    TooBig {
        /// The declared size of the message.
        size: u64,
        /// What the server takes.
        limit: u64,
    },
    /// The recipient is not ASCII, and MAIL was sent without SMTPUTF8 (RFC 6531 section 3.2).
    #[error("recipient needs SMTPUTF8, which MAIL did not have")]
    MailWithoutSmtpUtf8,
    /// What the mechanism shows must not be shown without TLS.
    #[error("start TLS first, or allow the mechanism in clear")]
    NeedsTls,
    /// The server has let the client in already, and takes no other login in this session (RFC 4954 section 4).
    #[error("connect again to log in as somebody else")]
    Authenticated,
    /// The envelope has no recipients.
    #[error("name a recipient")]
    NoRecipients,
    /// The server takes fewer recipients in one transaction (RFC 9422, RCPTMAX).
    #[error("send to at most {0} recipients at once")]
    TooManyRecipients(u32),
    /// The server takes fewer recipient domains in one transaction (RFC 9422, RCPTDOMAINMAX).
    #[error("send to at most {0} domains at once")]
    TooManyDomains(u32),
    /// The server takes no more transactions in this session (RFC 9422, MAILMAX).
    #[error("connect again, the server takes {0} transactions in a session")]
    TooManyTransactions(u32),
}
