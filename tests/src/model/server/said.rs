//! Questions and reports in the session of a server.

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
    /// CHUNKING and BINARYMIME are offered (RFC 3030).
    pub chunking: bool,
    /// ETRN is offered (RFC 1985).
    pub etrn: bool,
    /// XCLIENT and XFORWARD are offered (Postfix).
    pub xclient: bool,
    /// PRDR is offered (draft-hall-prdr).
    pub prdr: bool,
    /// STARTTLS is offered (RFC 3207).
    pub starttls: bool,
    /// AUTH is offered, with PLAIN (RFC 4954).
    pub auth: bool,
    /// Nothing is done in clear (RFC 3207 section 4).
    pub tls_required: bool,
    /// Mail is taken from those only who have logged in (RFC 4954 section 6).
    pub auth_required: bool,
    /// Most recipients of a transaction.
    pub recipients: usize,
    /// Most octets of a message.
    pub size: usize,
}

/// A question to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
#[expect(missing_docs, reason = "the command is in the name")]
pub enum Question {
    Connect,
    Hello,
    /// Not a question of the protocol: the handshake is to be done.
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

/// The reason for which the application must forget a transaction.
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
    /// The replies; of each the codes that are permitted.
    pub replies: Vec<Vec<u16>>,
    /// The questions, and the replies.
    pub asks: Vec<(Question, Answer)>,
    /// The messages that are stored, and for which of the accepted recipients.
    pub stored: Vec<(String, Vec<usize>)>,
    /// A transaction is to be forgotten.
    pub resets: Vec<Reset>,
    /// Which of STARTTLS, AUTH and CHUNKING a positive reply to EHLO, HELO or LHLO offers.
    pub offers: Option<[bool; 3]>,
    /// The session is over.
    pub closed: bool,
}
