//! The settings, questions and effects of the server's model.

use crate::model::Answer;

/// The settings of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    clippy::struct_excessive_bools,
    reason = "plain data"
)]
pub struct Rules {
    /// LMTP (RFC 2033).
    pub lmtp: bool,
    /// True if the server offers CHUNKING and BINARYMIME (RFC 3030).
    pub chunking: bool,
    /// True if the server offers ETRN (RFC 1985).
    pub etrn: bool,
    /// True if the server offers XCLIENT and XFORWARD (Postfix).
    pub xclient: bool,
    /// True if the server offers PRDR (draft-hall-prdr).
    pub prdr: bool,
    /// True if the server offers STARTTLS (RFC 3207).
    pub starttls: bool,
    /// True if the server offers AUTH with PLAIN (RFC 4954).
    pub auth: bool,
    /// True if the server requires TLS (RFC 3207 section 4).
    pub tls_required: bool,
    /// True if the server requires a login before mail (RFC 4954 section 6).
    pub auth_required: bool,
    /// Maximum recipients of a transaction.
    pub recipients: usize,
    /// Maximum octets of a message.
    pub size: usize,
}

/// A question to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "the command is in the name")]
pub enum Question {
    Connect,
    Hello,
    /// The TLS handshake must be done; this is not a question of the protocol.
    Tls,
    Auth,
    Mail,
    Recipient,
    /// DATA, or the first BDAT.
    Message,
    /// The message is complete.
    Verdict,
    Verify,
    Expand,
    Help,
    Etrn,
    Xclient,
    Xforward,
}

/// The reason for the end of a transaction without acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "the cause is in the name")]
pub enum Reset {
    Rset,
    Hello,
    Quit,
    Refused,
    TooBig,
    Closed,
}

/// The required effect of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Outcome {
    /// The permitted codes of each reply.
    pub replies: Vec<Vec<u16>>,
    /// The questions and the replies, in order.
    pub asks: Vec<(Question, Answer)>,
    /// The stored messages, and the accepted recipients of each.
    pub stored: Vec<(String, Vec<usize>)>,
    /// The reset of a transaction.
    pub resets: Vec<Reset>,
    /// The offers of STARTTLS, AUTH and CHUNKING in a positive reply to EHLO, HELO or LHLO.
    pub offers: Option<[bool; 3]>,
    /// True if the session is over.
    pub closed: bool,
}
