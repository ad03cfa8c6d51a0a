//! Commands, replies and reports in the session of a client.

/// The settings of a client, and the server's offers in reply to EHLO or LHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Setting {
    /// LMTP (RFC 2033).
    pub lmtp: bool,
    /// The number of commands that may be unanswered: if it is more than one, PIPELINING is offered (RFC 2920).
    pub window: usize,
    /// Which messages go in chunks (RFC 3030).
    pub chunks: Chunks,
    /// STARTTLS is offered, as long as the session is in clear (RFC 3207).
    pub starttls: bool,
    /// The need for TLS.
    pub tls: Tls,
    /// PRDR is offered, and asked for with several recipients (draft-hall-prdr).
    pub prdr: bool,
    /// XCLIENT is offered (Postfix).
    pub xclient: bool,
    /// The client logs in; the server offers AUTH (RFC 4954).
    pub login: bool,
}

/// Which messages go in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Chunks {
    /// None; CHUNKING is not offered.
    Never,
    /// All of them, where CHUNKING is offered.
    IfOffered,
    /// The same, in two chunks and an empty last one: the end comes when the rest was given.
    InParts,
    /// Those of this kind, since they are binary; CHUNKING and BINARYMIME are offered.
    Binary(Turn),
}

/// The need for TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "a policy in a word")]
pub enum Tls {
    Never,
    IfOffered,
    Required,
}

/// A command: it is sent, and replies answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "the command is in the name")]
pub enum Command {
    /// Nothing is sent: the greeting answers the connection.
    Greeting,
    Ehlo,
    Helo,
    Lhlo,
    StartTls,
    Auth,
    /// An exchange is broken off.
    Star,
    Noop,
    Rset,
    /// The XCLIENT with this number, from 0.
    Xclient(Proxied, usize),
    Mail(Turn),
    /// MAIL with PRDR.
    MailPrdr(Turn),
    Rcpt(usize),
    Data,
    /// The message and its final dot; in LMTP there is a reply for each accepted recipient.
    Text,
    /// An empty message.
    LoneDot,
    /// The chunk with this number, from 0.
    Chunk(usize),
    LastChunk,
    /// Nothing is sent: the reply for this recipient (LMTP, PRDR).
    For(usize),
    Quit,
}

/// The way in which a message was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Turn {
    /// It was given to a session that was ready.
    Own,
    /// It was announced behind another one.
    Behind,
}

/// The facts that a proxy passes on about its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Proxied {
    /// Its address.
    Address,
    /// More than one command holds: its name in the first one, its greeting and its address in the second one.
    Names,
    /// Its login and its address.
    Login,
}

impl Proxied {
    /// The number of commands that hold them.
    pub(super) const fn commands(self) -> usize {
        match self {
            Self::Names => 2,
            Self::Address | Self::Login => 1,
        }
    }
}

/// A reply of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an alphabet")]
pub enum Reply {
    /// 2yz.
    Positive,
    /// 2yz in several lines; of EHLO one that offers nothing.
    Lines,
    /// 3yz; to a message 353, where PRDR is offered.
    Intermediate,
    /// 4yz.
    Transient,
    /// 5yz.
    Permanent,
    /// 421.
    Unavailable,
    /// 554 to XCLIENT: a greeting that refuses the session.
    NoService,
    /// Octets that are no reply.
    Garbage,
    /// The server closes the stream.
    End,
}

/// A request of the application: a message after the one under way, or another request when the session is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an alphabet")]
pub enum Wish {
    /// A message to so many recipients.
    Deliver(usize),
    /// A message to so many recipients, behind the one that is under way.
    Next(usize),
    /// XCLIENT.
    Xclient(Proxied),
    /// NOOP.
    Noop,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

/// A report to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Report {
    /// A reply, and what it answers; `None` when that is nothing.
    Answered(Option<Command>),
    /// TLS is to begin; it does.
    Tls,
    /// It may begin.
    Ready,
    /// A transaction is over: whether anybody gets the message, and what became of each recipient.
    Finished(bool, Vec<MessageOutcome>),
    /// The session is over, with or without a transaction: what became of its message, and of each recipient; behind them
    /// those of the message that was to follow.
    Closed(Option<MessageOutcome>, Vec<MessageOutcome>),
    /// A wish is not carried out. All is as it was.
    Rejected(RequestError),
}

/// The reason for not carrying out a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum RequestError {
    /// There is no transaction to follow, or one follows it already.
    OutOfTurn,
    /// The session is over.
    Over,
    /// It is binary, and that is not offered (RFC 3030 section 3).
    NotOffered,
    /// XCLIENT is not offered.
    NoXclient,
    /// It is to nobody (RFC 5321 section 3.3).
    NoRecipients,
}

/// The outcome for a message, or for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum MessageOutcome {
    /// The server has taken it.
    Accepted,
    /// The server has refused it.
    Refused,
    /// It was not decided, and nothing was taken.
    Rejected,
    /// It may have been taken or not (RFC 1047).
    Unknown,
}

/// The required effect of a reply, or of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Outcome {
    /// The commands to send.
    pub sends: Vec<Command>,
    /// The reports.
    pub reports: Vec<Report>,
}
