//! The commands, replies and reports of the client's model.

/// The settings of a client, and the server's offers in reply to EHLO or LHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Setting {
    /// LMTP (RFC 2033).
    pub lmtp: bool,
    /// The maximum number of unanswered commands. With more than one, the server offers PIPELINING (RFC 2920).
    pub window: usize,
    /// The messages that are sent in chunks (RFC 3030).
    pub chunks: Chunks,
    /// True if the server offers STARTTLS in plaintext (RFC 3207).
    pub starttls: bool,
    /// The TLS policy.
    pub tls: Tls,
    /// True if the server offers PRDR, and the client uses it with several recipients (draft-hall-prdr).
    pub prdr: bool,
    /// True if the server offers XCLIENT (Postfix).
    pub xclient: bool,
    /// True if the client logs in, and the server offers AUTH (RFC 4954).
    pub login: bool,
}

/// The messages that are sent in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Chunks {
    /// None; the server does not offer CHUNKING.
    Never,
    /// All messages, if the server offers CHUNKING.
    IfOffered,
    /// All messages, in two chunks and an empty last one: the end is reported after the rest.
    InParts,
    /// Binary messages; the server offers CHUNKING and BINARYMIME.
    Binary(Turn),
}

/// The TLS policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "a policy in a word")]
pub enum Tls {
    Never,
    IfOffered,
    Required,
}

/// A command of the client, with its replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "the command is in the name")]
pub enum Command {
    /// No command: the reply is the greeting.
    Greeting,
    Ehlo,
    Helo,
    Lhlo,
    StartTls,
    Auth,
    /// `*`, which cancels an AUTH exchange.
    Star,
    Noop,
    Rset,
    /// The XCLIENT with this number, counted from 0.
    Xclient(Proxied, usize),
    Mail(Turn),
    /// MAIL with PRDR.
    MailPrdr(Turn),
    Rcpt(usize),
    Data,
    /// The message and its final dot. In LMTP there is a reply for each accepted recipient.
    Text,
    /// An empty message.
    LoneDot,
    /// The chunk with this number, counted from 0.
    Chunk(usize),
    LastChunk,
    /// No command: a further reply, for this recipient (LMTP, PRDR).
    For(usize),
    Quit,
}

/// The way in which a message was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Turn {
    /// The session was ready.
    Own,
    /// The message was announced during another one.
    Behind,
}

/// The facts about its client that a proxy passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Proxied {
    /// Its address.
    Address,
    /// Facts for two commands: the name in the first, the greeting name and the address in the second.
    Names,
    /// Its login and its address.
    Login,
}

impl Proxied {
    /// Returns the number of commands for these facts.
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
    /// 2yz on several lines; as a reply to EHLO it offers nothing.
    Lines,
    /// 3yz; after a message 353, if the server offers PRDR.
    Intermediate,
    /// 4yz.
    Transient,
    /// 5yz.
    Permanent,
    /// 421.
    Unavailable,
    /// 554 to XCLIENT: a greeting that refuses the session.
    NoService,
    /// Octets that are not a reply.
    Garbage,
    /// The server closes the stream.
    End,
}

/// A request of the application: the next message at any time, or another request when the session is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an alphabet")]
pub enum Wish {
    /// A message to this number of recipients.
    Deliver(usize),
    /// A next message to this number of recipients, announced during the current one.
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
    /// A reply, and the command that it answers; `None`: it answers no command.
    Answered(Option<Command>),
    /// TLS begins, because the client requires or wants it.
    Tls,
    /// The session is ready for requests.
    Ready,
    /// The end of a transaction: the outcome of the message and of each recipient.
    Finished(bool, Vec<MessageOutcome>),
    /// The end of the session, with or without a transaction: the outcome of its message and of each recipient, then those of
    /// the announced message.
    Closed(Option<MessageOutcome>, Vec<MessageOutcome>),
    /// A request was rejected, without an effect.
    Rejected(RequestError),
}

/// The reason for rejecting a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum RequestError {
    /// There is no current transaction, or a next one is already announced.
    OutOfTurn,
    /// The session is over.
    Over,
    /// The message is binary, and the server does not offer BINARYMIME (RFC 3030 section 3).
    NotOffered,
    /// The server does not offer XCLIENT.
    NoXclient,
    /// The message has no recipients (RFC 5321 section 3.3).
    NoRecipients,
}

/// The outcome for a message, or for a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum MessageOutcome {
    /// The server has accepted it.
    Accepted,
    /// The server has refused it.
    Refused,
    /// The server did not decide, and accepted nothing.
    Rejected,
    /// The server may have accepted it (RFC 1047).
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
