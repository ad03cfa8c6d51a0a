//! Events of a server machine: questions and notifications.

use super::ticket::{self, Ticket};
use crate::{
    sasl::{AuthRequest, Mechanism},
    time::Phase,
    tls::TlsUpgrade,
    types::{Argument, ClientInfo, ClientName, Etrn, Mail, Query, Rcpt, UnknownCommand, Verb},
};

/// An event of a server session: a question, or a notification.
///
/// An event with a ticket is a question. The server sends no reply and changes no state before the application answers
/// with [`accept`](super::Server::accept), [`reject`](super::Server::reject), or a method for that question. Other
/// events are notifications. [`proceed`](super::Server::proceed) gives every event its default answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// A client connected. Accepting sends the greeting 220; rejecting sends 554, 521 or 421 (RFC 5321 section 4.3.1,
    /// RFC 7504).
    Connect {
        /// The right to answer.
        ticket: Ticket<ticket::Connect>,
    },
    /// EHLO, HELO or LHLO (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1). Before accepting,
    /// [`extensions_mut`](super::Server::extensions_mut) can change the extensions of this session.
    Hello {
        /// The command.
        verb: Verb,
        /// The name that the client sent. Do not trust it, and do not reject the client for the name alone (section
        /// 4.1.4).
        name: ClientName<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Hello>,
    },
    /// AUTH: the client authenticates (RFC 4954). Answer with [`answer_auth`](super::Server::answer_auth), or reject.
    /// It cannot be accepted without an identity. A mechanism of several steps has one event for each step.
    Auth {
        /// The mechanism.
        mechanism: Mechanism,
        /// The credentials, or one step of the exchange.
        request: AuthRequest,
        /// The right to answer.
        ticket: Ticket<ticket::Auth>,
    },
    /// An AUTH exchange ended without an answer of the application. Drop its
    /// [`ServerMechanism`](crate::sasl::ServerMechanism), if there is one.
    AuthFailed(AuthFailure),
    /// MAIL: the client begins a transaction (RFC 5321 section 4.1.1.2). If accepted, it ends with an answered
    /// [`EndOfData`](Self::EndOfData), or with [`Reset`](Self::Reset).
    Mail {
        /// Reverse-path and parameters.
        mail: Mail<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Mail>,
    },
    /// RCPT (RFC 5321 section 4.1.1.3). Up to [`max_open_rcpts`](crate::limits::ServerLimits::max_open_rcpts) of these
    /// questions may be open at once.
    Recipient {
        /// The number of this question in its transaction, from 0, in the order of the commands. Rejected recipients
        /// count, too. In LMTP and with PRDR, [`EndOfData`](Self::EndOfData) refers to it.
        index: u32,
        /// Forward-path and parameters.
        rcpt: Rcpt<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Recipient>,
    },
    /// DATA, or the first BDAT of a message (RFC 5321 section 4.1.1.4, RFC 3030). Accepting DATA sends 354. The reply
    /// to BDAT comes after the chunk.
    Data {
        /// The right to answer.
        ticket: Ticket<ticket::Data>,
    },
    /// The next octets of the message data, with dot-stuffing undone.
    ///
    /// Never empty; a line may be cut anywhere. An empty message has no such event. Discard the octets if
    /// [`Reset`](Self::Reset) follows instead of [`EndOfData`](Self::EndOfData).
    Body(&'i [u8]),
    /// The message is complete. Accept it only after it is stored: from then on this server is responsible for it (RFC
    /// 5321 section 6.1).
    ///
    /// In LMTP there is one event for each accepted recipient, in the order of the RCPT commands. The same holds for
    /// PRDR (draft-hall-prdr), if the client asked for it and several recipients were accepted. The machine then sends
    /// 353 before the replies for the recipients, and after them a reply for all, which is positive if one of them is.
    EndOfData {
        /// LMTP and PRDR: the [`index`](Self::Recipient::index) of the recipient. SMTP: `None`, for all of them.
        recipient: Option<u32>,
        /// The right to answer.
        ticket: Ticket<ticket::EndOfData>,
    },
    /// VRFY (RFC 5321 section 3.5). Accepting sends 252: the user is not verified, but the server will try to deliver.
    /// [`answer_vrfy`](super::Server::answer_vrfy) sends the mailbox.
    Verify {
        /// A user name or mailbox.
        query: Query<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Verify>,
    },
    /// EXPN (RFC 5321 section 3.5). Accepting sends 252. [`answer_expn`](super::Server::answer_expn) sends the members.
    Expand {
        /// The name of a mailing list.
        query: Query<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Expand>,
    },
    /// HELP (RFC 5321 section 4.1.1.8). Accepting sends the commands of this session.
    /// [`answer_help`](super::Server::answer_help) sends another text.
    Help {
        /// The topic, if the client named one.
        topic: Option<Argument<'i>>,
        /// The right to answer.
        ticket: Ticket<ticket::Help>,
    },
    /// XCLIENT: a proxy names its client. Only if XCLIENT is offered, with the offered attributes. Offer it only to a
    /// trusted proxy that does not pass on the XCLIENT of its own clients.
    ///
    /// Accepting begins the session again, with the named client. [`Connect`](Self::Connect) follows, and its greeting
    /// is the reply to XCLIENT. TLS stays, but its certificate is that of the proxy, so EXTERNAL is no longer offered.
    /// [`accept_xclient`](super::Server::accept_xclient) also authenticates the client.
    ///
    /// The attributes of an XCLIENT in plaintext stay valid after STARTTLS, as in Postfix. A login that it granted does
    /// not.
    Xclient {
        /// The attributes of the command.
        info: ClientInfo<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Xclient>,
    },
    /// XFORWARD: a content filter names the origin of the next message. Only if XFORWARD is offered, with the offered
    /// attributes. After acceptance they are in [`xforward`](super::Server::xforward) until the end of the next
    /// transaction.
    Xforward {
        /// The attributes of the command.
        info: ClientInfo<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Xforward>,
    },
    /// ETRN: the client asks for the delivery of messages that wait for a node (RFC 1985). Only if ETRN is offered.
    /// Answer with [`answer_etrn`](super::Server::answer_etrn), or reject. It cannot be accepted without a result.
    /// Reject nodes for which this client may not ask, because each delivery costs connections (section 6).
    Etrn {
        /// The domain or queue.
        etrn: Etrn<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Etrn>,
    },
    /// An unknown command. Only with [`UnknownPolicy::AskApplication`](super::UnknownPolicy::AskApplication).
    Command {
        /// Its verb and argument.
        command: UnknownCommand<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Command>,
    },
    /// The client waits for the TLS handshake. Perform it, then call
    /// [`tls_established`](super::Server::tls_established) or [`tls_failed`](super::Server::tls_failed). Only if
    /// STARTTLS is offered.
    StartTls(TlsUpgrade),
    /// The open transaction ended without being accepted. Discard its data.
    ///
    /// Every accepted MAIL ends in an answered [`EndOfData`](Self::EndOfData) or in exactly one `Reset`. In LMTP and
    /// with PRDR, each recipient has its own `EndOfData`; a `Reset` is for the recipients whose `EndOfData` was not
    /// answered, and earlier acceptances stay valid.
    Reset(Reset),
    /// The session is over, and all output is written. Always the last event.
    Closed(Closed),
}

impl Event<'_> {
    /// Returns the ticket of a question, for code that answers every question alike. Returns `None` for a notification,
    /// and for [`Auth`](Self::Auth) and [`Etrn`](Self::Etrn), which cannot be accepted without an identity or a result.
    #[must_use]
    #[inline]
    pub fn into_ticket(self) -> Option<Ticket> {
        Some(match self {
            Self::Connect { ticket } => ticket.into_any(),
            Self::Hello { ticket, .. } => ticket.into_any(),
            Self::Mail { ticket, .. } => ticket.into_any(),
            Self::Recipient { ticket, .. } => ticket.into_any(),
            Self::Data { ticket } => ticket.into_any(),
            Self::EndOfData { ticket, .. } => ticket.into_any(),
            Self::Verify { ticket, .. } => ticket.into_any(),
            Self::Expand { ticket, .. } => ticket.into_any(),
            Self::Help { ticket, .. } => ticket.into_any(),
            Self::Xclient { ticket, .. } => ticket.into_any(),
            Self::Xforward { ticket, .. } => ticket.into_any(),
            Self::Command { ticket, .. } => ticket.into_any(),
            Self::Auth { .. }
            | Self::Etrn { .. }
            | Self::AuthFailed(_)
            | Self::Body(_)
            | Self::StartTls(_)
            | Self::Reset(_)
            | Self::Closed(_) => return None,
        })
    }
}

/// The reason why an AUTH exchange ended without an answer of the application, and the code of the queued reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// The client cancelled with `*`: 501.
    #[error("the client cancelled")]
    Cancelled,
    /// An initial response for a mechanism in which the server begins: 501.
    #[error("an initial response came for a mechanism that has none")]
    InitialResponse,
    /// The response is not base64: 501.
    #[error("the response is not base64")]
    NotBase64,
    /// The response does not fit the mechanism: 501.
    #[error("the response does not fit the mechanism")]
    Malformed,
    /// The response is too long: 500.
    #[error("the response is too long")]
    TooLong,
    /// PLAIN or LOGIN with an empty password: 535.
    #[error("the password is empty")]
    EmptyPassword,
    /// The client sent no bearer token, to discover the error challenge (RFC 7628 section 4.3): the challenge, without
    /// scope and provider, and 535.
    #[error("the response has no bearer token")]
    NoToken,
}

/// The reason why a transaction ended without being accepted, in [`Event::Reset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reset {
    /// The client sent RSET.
    Rset,
    /// The client sent EHLO, HELO or LHLO again, which has the effect of RSET (RFC 5321 section 4.1.4).
    Hello,
    /// The client sent QUIT.
    Quit,
    /// The message exceeded the maximum size: 552.
    TooBig,
    /// The message contained a bare CR or LF: 550.
    BareLineEnding,
    /// The application refused the message, with [`reject_body`](super::Server::reject_body) or at its first chunk.
    Refused,
    /// The application did not answer [`EndOfData`](Event::EndOfData) in time. The client received 451, and will try
    /// again. In LMTP this concerns the recipients without an answer; those accepted before stay accepted.
    Unanswered,
    /// The session ended. In LMTP, recipients accepted before stay accepted.
    Closed,
}

/// The reason why a session ended, in [`Event::Closed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// The client sent QUIT.
    #[error("the client quit")]
    Quit,
    /// The client closed the connection without QUIT.
    #[error("the client closed the connection without QUIT")]
    ConnectionClosed,
    /// The connection broke.
    #[error("the connection broke")]
    ConnectionLost,
    /// Plaintext came after STARTTLS: an attempt to inject commands into the TLS session (CVE-2011-0411).
    #[error("plaintext came after STARTTLS")]
    PlaintextBeforeTls,
    /// The TLS handshake failed. Nothing was sent in plaintext after it.
    #[error("the TLS handshake failed")]
    TlsFailed,
    /// A deadline passed.
    #[error("timed out while {0}")]
    TimedOut(Phase),
    /// The application rejected a question with 421.
    #[error("the application ended the session")]
    Rejected,
    /// [`shutdown`](super::Server::shutdown) was called.
    #[error("the server shut down")]
    Shutdown,
    /// The client exceeded the limit [`errors`](crate::limits::ServerLimits::errors).
    #[error("too many errors")]
    TooManyErrors,
    /// The client exceeded the limit [`unknown_commands`](crate::limits::ServerLimits::unknown_commands).
    #[error("too many unknown commands")]
    TooManyUnknownCommands,
    /// The client exceeded the limit [`max_idle_commands`](crate::limits::ServerLimits::max_idle_commands).
    #[error("too many commands without progress")]
    TooManyIdleCommands,
    /// The client exceeded the limit [`max_transactions`](crate::limits::ServerLimits::max_transactions).
    #[error("too many transactions")]
    TooManyTransactions,
    /// The client exceeded the limit [`failed_logins`](crate::limits::ServerLimits::failed_logins).
    #[error("too many failed logins")]
    TooManyFailedLogins,
    /// A BDAT command had no valid chunk size.
    #[error("the size of a chunk is unknown")]
    ChunkSizeUnknown,
    /// The client exceeded the limit [`max_discarded_octets`](crate::limits::ServerLimits::max_discarded_octets).
    #[error("too many octets were dropped")]
    DropLimit,
    /// The client speaks HTTP, TLS or the PROXY protocol.
    #[error("the client does not speak SMTP")]
    WrongProtocol,
}
