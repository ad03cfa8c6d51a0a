//! What a server machine reports and asks.

use super::ticket::{self, Ticket};
use crate::{
    sasl::{AuthRequest, Mechanism},
    time::Phase,
    tls::TlsUpgrade,
    types::{Argument, ClientName, Mail, Query, Rcpt, UnknownCommand, Verb},
};

/// What happened in a server session.
///
/// An event with a ticket is a question: nothing is said to the client, and no state changes, before it is
/// answered with [`accept`](super::Server::accept), [`reject`](super::Server::reject) or an answer of its own.
/// The others are news.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'i> {
    /// A client connected. Accepting greets it with 220; rejecting with 554, 521 or 421
    /// (RFC 5321 section 4.3.1, RFC 7504).
    Connect {
        /// The right to answer.
        ticket: Ticket<ticket::Connect>,
    },
    /// EHLO, HELO or LHLO (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1). Before accepting,
    /// [`extensions_mut`](super::Server::extensions_mut) can change what this session is offered.
    Hello {
        /// Which of the three it was.
        verb: Verb,
        /// What the client calls itself. Not to be trusted, and no reason for refusal alone (section 4.1.4).
        name: ClientName<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Hello>,
    },
    /// AUTH: the client says who it is (RFC 4954). Answer with [`answer_auth`](super::Server::answer_auth), or reject;
    /// there is no plain yes. A mechanism of several steps asks again and again, until the answer is yes or no.
    Auth {
        /// By which mechanism.
        mechanism: Mechanism,
        /// What it shows.
        claim: AuthRequest,
        /// The right to answer.
        ticket: Ticket<ticket::Auth>,
    },
    /// An exchange ended without an answer: forget it.
    AuthFailed(AuthFailure),
    /// MAIL: a transaction is to begin (RFC 5321 section 4.1.1.2). Accepting answers 250 and begins it; it ends with
    /// [`EndOfData`](Self::EndOfData) or [`Reset`](Self::Reset).
    Mail {
        /// Reverse-path and parameters.
        mail: Mail<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Mail>,
    },
    /// RCPT (RFC 5321 section 4.1.1.3). Up to [`window`](crate::limits::ServerLimits::max_open_rcpts) of these may be
    /// open at once.
    Recipient {
        /// Forward-path and parameters.
        rcpt: Rcpt<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Recipient>,
    },
    /// DATA, or the first BDAT of a message: may its content come? (RFC 5321 section 4.1.1.4, RFC 3030.) Accepting
    /// answers DATA with 354; to BDAT nothing is said before its chunk is complete.
    Data {
        /// The right to answer.
        ticket: Ticket<ticket::Data>,
    },
    /// The next octets of the message, with dot-stuffing undone. Never empty; lines may be cut anywhere. An empty
    /// message has none. What was handed out is void if [`Reset`](Self::Reset) follows instead of
    /// [`EndOfData`](Self::EndOfData).
    Body(&'i [u8]),
    /// The message is complete. Accepting says that it is stored: from then on this server is responsible for
    /// it (RFC 5321 section 6.1). LMTP asks once for each accepted recipient, in their order.
    EndOfData {
        /// LMTP: which of the accepted recipients, counted from 0. `None` in SMTP: all of them.
        recipient: Option<u32>,
        /// The right to answer.
        ticket: Ticket<ticket::EndOfData>,
    },
    /// VRFY (RFC 5321 section 3.5). Accepting answers 252: cannot say, but will try to deliver.
    Verify {
        /// A user name or mailbox.
        query: Query<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Verify>,
    },
    /// EXPN (RFC 5321 section 3.5). Accepting answers 252.
    Expand {
        /// The name of a mailing list.
        query: Query<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Expand>,
    },
    /// HELP (RFC 5321 section 4.1.1.8). Accepting answers with the list of commands.
    Help {
        /// What help is wanted about.
        topic: Option<Argument<'i>>,
        /// The right to answer.
        ticket: Ticket<ticket::Help>,
    },
    /// A command that this crate does not know; only with
    /// [`UnknownPolicy::AskApplication`](super::UnknownPolicy::AskApplication).
    Command {
        /// Its verb and argument.
        command: UnknownCommand<'i>,
        /// The right to answer.
        ticket: Ticket<ticket::Command>,
    },
    /// The client is waiting for the TLS handshake: do it, and call [`tls_established`](super::Server::tls_established)
    /// or [`tls_failed`](super::Server::tls_failed). Only when STARTTLS is offered.
    StartTls(TlsUpgrade),
    /// The open transaction is over: forget it. Every accepted MAIL ends in one answered
    /// [`EndOfData`](Self::EndOfData) or in one `Reset`, never in both. In LMTP it ends in a verdict for each recipient,
    /// or in one `Reset` that speaks of all recipients whose verdict was not given.
    Reset(Reset),
    /// The session is over, and all that could be said has been said. Always the last event.
    Closed(Closed),
}

impl Event<'_> {
    /// The ticket of a question; `None` for news, and for [`Auth`](Self::Auth), which is not to be answered without a
    /// look.
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
            Self::Command { ticket, .. } => ticket.into_any(),
            Self::Auth { .. }
            | Self::AuthFailed(_)
            | Self::Body(_)
            | Self::StartTls(_)
            | Self::Reset(_)
            | Self::Closed(_) => return None,
        })
    }
}

/// Why an exchange of AUTH ended without an answer of the application's. The client has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// The client broke it off with `*`: 501.
    #[error("the client cancelled")]
    Cancelled,
    /// There was an initial response, and the server speaks first in this mechanism: 501.
    #[error("an initial response came for a mechanism that has none")]
    InitialResponse,
    /// What came is not base64: 501.
    #[error("the response is not base64")]
    NotBase64,
    /// What came is not what the mechanism says: 501.
    #[error("the response does not fit the mechanism")]
    Malformed,
    /// What came was too long: 500.
    #[error("the response is too long")]
    TooLong,
    /// The client showed no bearer token, as one does that asks how it fails (RFC 7628 section 4.3): the challenge that a
    /// wrong token gets, which names no scope and no provider, and 535.
    #[error("the client asked what token it needs")]
    NoToken,
}

/// Why a transaction ended without being accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reset {
    /// The client said RSET.
    Rset,
    /// The client introduced itself again, which has the effect of RSET (RFC 5321 section 4.1.4).
    Hello,
    /// The client said QUIT.
    Quit,
    /// The message was longer than the limit and was refused with 552.
    TooBig,
    /// The message held a bare CR or LF and was refused.
    BareLineEnding,
    /// The message was refused with [`reject_body`](super::Server::reject_body), or as its first chunk was offered.
    Refused,
    /// The verdict did not come in time, and the client was told 451: it will send the message again.
    Unanswered,
    /// The session ended.
    Closed,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// The client said QUIT and was answered.
    #[error("the client quit")]
    Quit,
    /// The client closed the stream without QUIT.
    #[error("the client closed the connection without QUIT")]
    ConnectionClosed,
    /// The stream broke.
    #[error("the connection broke")]
    ConnectionLost,
    /// Something came in clear behind STARTTLS: it was meant to be taken for something said under TLS.
    #[error("plaintext came behind STARTTLS")]
    PlaintextBeforeTls,
    /// The TLS handshake failed. Nothing was said in clear after it.
    #[error("the TLS handshake failed")]
    TlsFailed,
    /// A deadline passed.
    #[error("the time was over while {0}")]
    TimedOut(Phase),
    /// The application refused with a code that ends the session (421).
    #[error("the application ended the session")]
    Rejected,
    /// [`shutdown`](super::Server::shutdown) was called.
    #[error("the server shut down")]
    Shutdown,
    /// More faults than [`errors`](crate::limits::ServerLimits::errors) allows.
    #[error("too many errors")]
    TooManyErrors,
    /// More unknown commands than [`unknown_commands`](crate::limits::ServerLimits::unknown_commands) allows.
    #[error("too many unknown commands")]
    TooManyUnknownCommands,
    /// More commands without mail, or refused by the application, than [`max_idle_commands`](crate::limits::ServerLimits::max_idle_commands) allows.
    #[error("too many commands that bring no mail")]
    TooManyIdleCommands,
    /// More exchanges of AUTH that let nobody in than [`failed_logins`](crate::limits::ServerLimits::failed_logins) allows.
    #[error("too many failed logins")]
    TooManyFailedLogins,
    /// A BDAT command did not say how many octets follow it.
    #[error("the length of a chunk was not understood")]
    ChunkSizeUnknown,
    /// More octets to be dropped than [`dropped`](crate::limits::ServerLimits::max_discarded_octets) allows.
    #[error("too many octets to be dropped")]
    DropLimit,
    /// The client speaks HTTP or TLS, not SMTP.
    #[error("the client does not speak SMTP")]
    WrongProtocol,
}
