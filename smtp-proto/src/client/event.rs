//! The events of a client session, and its errors.

use crate::{
    data::Unsendable,
    sasl::MechanismError,
    syntax::ReplyFault,
    time::Phase,
    tls::TlsUpgrade,
    types::{Keyword, Reply, Verb},
};

/// An event of a client session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The session is ready for the first transaction or command. [`extensions`](super::Client::extensions) has the
    /// server's offer.
    Ready,
    /// The server is ready for TLS: perform the handshake, verify the server, and call
    /// [`tls_established`](super::Client::tls_established) or [`tls_failed`](super::Client::tls_failed). Only if the [`Tls`](super::Tls) policy uses STARTTLS.
    StartTls(TlsUpgrade),
    /// A reply from the server. It comes before the events that it causes.
    Reply {
        /// The command that it answers.
        to: ReplyTo,
        /// The reply with all its lines.
        reply: Reply<'i>,
    },
    /// The server awaits the message of the open transaction: pass it to [`body`](super::Client::body), then call
    /// [`end_body`](super::Client::end_body).
    Body(BodyPermit),
    /// The transaction is over. The session is ready for the next one, or begins the announced one.
    /// [`Receipt`](super::Receipt) has the outcome for each recipient.
    Finished(Outcome),
    /// The session is over. Always the last event; further polls return it again.
    Closed {
        /// The reason.
        why: Closed,
        /// The outcome for the message of the open transaction. The message of an announced one was not accepted.
        message: MessageOutcome,
    },
}

/// The command that a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ReplyTo {
    /// No command: the server's greeting.
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
    /// The end of the message, for the recipient with this index (LMTP, and PRDR after 353).
    MessageFor(usize),
    /// RSET.
    Reset,
    /// VRFY.
    Verify,
    /// EXPN.
    Expand,
    /// HELP.
    Help,
    /// ETRN.
    Etrn,
    /// NOOP.
    Noop,
    /// XCLIENT.
    Xclient,
    /// XFORWARD.
    Xforward,
    /// A command of [`command`](super::Client::command).
    Command,
    /// QUIT.
    Quit,
    /// No command: the server closes the session with 421 on its own (RFC 5321 section 3.8), or sent a reply too early.
    Nothing,
}

/// The right to send the message of one transaction, once.
#[derive(Debug)]
#[must_use = "the server awaits the message and will time out"]
pub struct BodyPermit(pub(super) u32);

/// The outcome of a transaction, in [`Event::Finished`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The server took responsibility for the message, for all accepted recipients. In LMTP, and after 353 (PRDR), for
    /// those whose own reply was positive: at least one.
    Accepted,
    /// No recipient gets the message. The reply to this command decided.
    Refused(ReplyTo),
    /// The application cancelled the transaction with [`reset`](super::Client::reset).
    Abandoned,
}

/// The outcome for the message when a session ends, in [`Event::Closed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the possibilities")]
pub enum MessageOutcome {
    /// No transaction was open: all outcomes were reported before.
    None,
    /// The message was not accepted. Sending it again is safe.
    NotAccepted,
    /// The whole message was sent, and its final reply did not come. The server may have accepted it (RFC 5321 section
    /// 4.5.3.2.6, RFC 1047). Sending it again may duplicate it. In LMTP this concerns the recipients without a final
    /// reply.
    Unknown,
}

/// The reason for the end of a session, in [`Event::Closed`]. [`Closed::retry`] has the advice for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// [`quit`](super::Client::quit) was called.
    #[error("session ended with QUIT")]
    Quit,
    /// The server refused the session: by its greeting, also in place of a reply to XCLIENT, or its reply to EHLO, HELO or
    /// LHLO.
    #[error("server refused the session")]
    Refused,
    /// The server refused EHLO, and HELO was not tried: it has no STARTTLS, and TLS is required.
    #[error("server refused EHLO; HELO was not tried because TLS is required")]
    EhloRefused,
    /// TLS is required and the server does not offer STARTTLS.
    #[error("server does not offer STARTTLS, and TLS is required")]
    TlsNotOffered,
    /// TLS is required and the server refused STARTTLS.
    #[error("server refused STARTTLS, and TLS is required")]
    TlsRefused,
    /// Plaintext came after the reply to STARTTLS: a man in the middle injected it (CVE-2011-0411).
    #[error("plaintext came after the reply to STARTTLS: a man in the middle may have injected it")]
    PlaintextBeforeTls,
    /// The TLS handshake failed, or the server is not the intended one. Nothing was sent in plaintext after it.
    #[error("TLS handshake failed")]
    TlsFailed,
    /// The server offers no AUTH mechanism that fits the credentials and the policy.
    #[error("server offers no AUTH mechanism that may be used with these credentials")]
    NoMechanism,
    /// The server refused the login.
    #[error("server refused the login")]
    LoginRefused,
    /// The client cancelled the AUTH exchange.
    #[error("client cancelled the login: {0}")]
    LoginCancelled(MechanismError),
    /// The server ended the session with 421 (RFC 5321 section 3.8).
    #[error("server closed the session with 421")]
    NotAvailable,
    /// The server closed the connection.
    #[error("server closed the connection")]
    ConnectionClosed,
    /// The connection broke.
    #[error("connection lost")]
    ConnectionLost,
    /// A deadline passed.
    #[error("timed out while {0}{hint}", hint = timeout_hint(*.0))]
    TimedOut(Phase),
    /// The server sent octets that are not a reply.
    #[error(transparent)]
    Malformed(ReplyFault),
    /// The server sent a reply longer than [`MAX_REPLY_OCTETS`](crate::limits::ClientLimits::MAX_REPLY_OCTETS).
    #[error("server sent a reply without end")]
    ReplyTooLong,
    /// The server sent a reply to no command, such as a positive one before it had the message.
    #[error("server sent a reply to a command that was not sent")]
    Unsolicited,
    /// The server sent a reply that cannot answer the command, such as 250 to DATA.
    #[error("server sent a reply that cannot answer the command")]
    Unexpected,
    /// The server refused the message before all of it was sent.
    #[error("server refused the message before all of it was sent")]
    RefusedEarly,
    /// The session cannot carry the message.
    #[error(transparent)]
    Unsendable(Unsendable),
    /// [`abort`](super::Client::abort) was called.
    #[error("session aborted")]
    Aborted,
}

/// A request that was not carried out, with its argument.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct Rejected<T> {
    /// The argument.
    pub value: T,
    /// The reason.
    pub error: RequestError,
}

/// The reason for not carrying out a request. Nothing was sent, and the session is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Another command or transaction is under way.
    #[error("session is busy with another command or transaction")]
    OutOfTurn,
    /// The session is over.
    #[error("session is over: connect again")]
    Over,
    /// The message needs an extension that the server does not offer.
    #[error("server does not offer {}", .0.as_str())]
    NotOffered(Keyword),
    /// The message has REQUIRETLS, and the server's certificate was not verified (RFC 8689 section 4.2.1): see
    /// [`TlsInfo::peer_verified`](crate::TlsInfo::peer_verified).
    #[error("server's certificate is not verified: REQUIRETLS needs TLS settings that verify it")]
    ServerNotVerified,
    /// A parameter has no extension that the server offers.
    #[error("server does not offer the extension of a parameter: remove the parameter")]
    ParameterNotOffered,
    /// The message is larger than the server accepts (RFC 1870 section 6.1).
    #[error("message has {size} octets, server accepts {limit}")]
    TooBig {
        /// The declared size of the message, in octets.
        size: u64,
        /// The server's limit, in octets.
        limit: u64,
    },
    /// HOLDFOR or HOLDUNTIL exceeds the maximum that the server announced (RFC 4865 section 4.1).
    #[error("message would be held longer than the server allows")]
    HeldTooLong,
    /// HOLDFOR exceeds BY: the message would be held beyond its deadline (RFC 4865 section 5.2.1).
    #[error("message would be held beyond its deadline: HOLDFOR exceeds BY")]
    HeldBeyondDeadline,
    /// BY with mode R is below the server's minimum, in seconds (RFC 2852 section 4.1.4.1).
    #[error("deadline of the message is below {0} seconds, the server's minimum")]
    DeadlineTooShort(u32),
    /// The recipient is not ASCII, and MAIL was sent without SMTPUTF8 (RFC 6531 section 3.2).
    #[error("recipient needs SMTPUTF8, which MAIL did not have")]
    MailWithoutSmtpUtf8,
    /// The policy forbids the mechanism without TLS.
    #[error("mechanism is forbidden without TLS: use TLS, or allow it in plaintext")]
    NeedsTls,
    /// The client is authenticated already, and a session has at most one login (RFC 4954 section 4).
    #[error("client is authenticated already: connect again to log in as another user")]
    Authenticated,
    /// The envelope has no recipients.
    #[error("envelope has no recipients")]
    NoRecipients,
    /// The server accepts fewer recipients in one transaction (RFC 9422, RCPTMAX).
    #[error("envelope has more than {0} recipients, the server's limit")]
    TooManyRecipients(u32),
    /// The server accepts fewer recipient domains in one session (RFC 9422, RCPTDOMAINMAX), and the envelope alone has more.
    #[error("envelope has more than {0} recipient domains, the server's limit")]
    TooManyDomains(u32),
    /// The server accepts fewer recipient domains in one session (RFC 9422, RCPTDOMAINMAX), counting those of earlier
    /// transactions.
    #[error("session would have more than {0} recipient domains, the server's limit: connect again")]
    TooManySessionDomains(u32),
    /// The server accepts no more transactions in this session (RFC 9422, MAILMAX).
    #[error("session has had {0} transactions, the server's limit: connect again")]
    TooManyTransactions(u32),
}

/// A hint at the usual cause of a timeout: a port with implicit TLS sends no greeting in plaintext.
const fn timeout_hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Greeting => "; the port may need implicit TLS",
        _ => "",
    }
}
