//! Negative replies.

use alloc::{boxed::Box, format, string::String};
use core::fmt;

use thiserror::Error;

use super::{Code, EnhancedCode, ForwardPath, Mailbox, Reply, Severity, Text, text::push_line};

/// A negative reply: a 4yz or 5yz code, an enhanced code of the same class and a text (RFC 5321 section 4.2, RFC 2034).
///
/// The constants are the usual rejections of servers. Their enhanced codes are those that the IANA registry pairs with
/// the reply code, unless a note says otherwise.
///
/// A proxy passes the negative reply of the next hop on with [`Rejection::try_from`].
///
/// ```
/// # use smtp_proto::types::{Rejection, Text};
/// let full = Rejection::MAILBOX_FULL.with_text(Text::from_static("come back tomorrow"));
/// assert_eq!(full.to_string(), "452 4.2.2 come back tomorrow");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    code: Code,
    enhanced: EnhancedCode,
    text: Text<'static>,
    forward: Option<Box<ForwardPath<'static>>>,
}

/// Error for codes that do not make a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidRejection {
    /// The code is not 4yz or 5yz.
    #[error("reply code {0} is not a rejection: it is not between 400 and 599")]
    NotNegative(Code),
    /// The class of the enhanced code is not the first digit of the code.
    #[error("enhanced code {enhanced} does not have the class of reply code {code}")]
    ClassMismatch {
        /// The reply code.
        code: Code,
        /// The enhanced code.
        enhanced: EnhancedCode,
    },
}

impl Rejection {
    /// The recipient does not exist.
    pub const NO_SUCH_USER: Self = Self::from_static(550, (5, 1, 1), "no such user here");
    /// The recipient is not local, and the client is not allowed to relay.
    pub const RELAY_DENIED: Self = Self::from_static(550, (5, 7, 1), "relaying denied");
    /// Policy forbids the command or the message.
    pub const POLICY: Self = Self::from_static(550, (5, 7, 1), "refused by policy");
    /// The sender is not allowed.
    pub const SENDER_REFUSED: Self = Self::from_static(550, (5, 7, 1), "sender refused");
    /// The mailbox is not available now; 450 is "mailbox unavailable" in RFC 5321.
    pub const MAILBOX_BUSY: Self = Self::from_static(450, (4, 2, 1), "mailbox busy, try again later");
    /// The mailbox is full. Transient, because its owner can make room (RFC 3463 on x.2.2).
    pub const MAILBOX_FULL: Self = Self::from_static(452, (4, 2, 2), "mailbox full");
    /// A local error of the server.
    pub const LOCAL_ERROR: Self = Self::from_static(451, (4, 3, 0), "local error, try again later");
    /// The server has no room for the message now.
    pub const NO_STORAGE: Self = Self::from_static(452, (4, 3, 1), "insufficient storage, try again later");
    /// The transaction has too many recipients (452 by RFC 5321 section 4.5.3.1.10).
    pub const TOO_MANY_RECIPIENTS: Self = Self::from_static(452, (4, 5, 3), "too many recipients");
    /// The message exceeds the maximum size (RFC 1870 section 6).
    pub const TOO_BIG: Self = Self::from_static(552, (5, 3, 4), "message too big");
    /// The server refuses to serve this client.
    pub const NO_SERVICE: Self = Self::from_static(554, (5, 3, 2), "no service here");
    /// The transaction failed because of the message.
    pub const TRANSACTION_FAILED: Self = Self::from_static(554, (5, 6, 0), "transaction failed");
    /// The credentials are invalid (RFC 4954 section 6).
    pub const CREDENTIALS: Self = Self::from_static(535, (5, 7, 8), "authentication failed");
    /// The server cannot verify credentials now (RFC 4954 section 6).
    pub const AUTH_FAILURE: Self =
        Self::from_static(454, (4, 7, 0), "cannot authenticate now, try again later");
    /// The client must authenticate first (RFC 4954 section 6).
    pub const AUTH_REQUIRED: Self = Self::from_static(530, (5, 7, 0), "authenticate first");
    /// 550 5.7.0: the client may not use this command, such as XCLIENT.
    pub const NOT_AUTHORIZED: Self = Self::from_static(550, (5, 7, 0), "insufficient authorization");
    /// The domain of the recipient accepts no mail (RFC 7505 section 4.1).
    pub const NULL_MX: Self = Self::from_static(556, (5, 1, 10), "the domain takes no mail");
    /// The host accepts no mail (RFC 7504 section 3). Also valid as the greeting.
    pub const NO_MAIL_HERE: Self = Self::from_static(521, (5, 3, 2), "this host takes no mail");
    /// The server does not support a MAIL or RCPT parameter (RFC 5321 section 4.1.1.11).
    pub const UNKNOWN_PARAMETER: Self = Self::from_static(555, (5, 5, 4), "parameter not recognised");
    /// Policy forbids the command temporarily, as in greylisting.
    pub const TRY_LATER: Self = Self::from_static(451, (4, 7, 1), "try again later");
    /// The server is overloaded. It closes the connection after this reply.
    pub const TOO_BUSY: Self = Self::from_static(421, (4, 3, 2), "too busy, try again later");
    /// ETRN: the server cannot begin the delivery now (RFC 1985 section 5.3).
    pub const QUEUE_NOT_STARTED: Self =
        Self::from_static(458, (4, 3, 0), "unable to queue messages for the node");
    /// ETRN: the server does not deliver to this node on request, or not for this client (RFC 1985 section 5.3).
    pub const NODE_NOT_ALLOWED: Self = Self::from_static(459, (4, 7, 1), "node not allowed");
    /// The message is in a mail loop (RFC 5321 section 6.3).
    pub const LOOP: Self = Self::from_static(554, (5, 4, 6), "mail loop detected");
    /// The message contains a CR or LF outside of a line ending (RFC 5321 section 2.3.8). A syntax error: x.5.2.
    pub const BARE_LINE_ENDING: Self = Self::from_static(550, (5, 5, 2), "message holds a bare CR or LF");

    /// The priority is below the lowest one that the server accepts (RFC 6710 section 4.1).
    pub const PRIORITY_TOO_LOW: Self = Self::from_static(550, (5, 7, 15), "priority too low");
    /// The message is too big for its priority (RFC 6710 section 5).
    pub const TOO_BIG_FOR_PRIORITY: Self =
        Self::from_static(552, (5, 7, 16), "message too big for its priority");
    /// The owner of the mailbox has changed since the time of RRVS (RFC 7293 section 15.3).
    pub const OWNER_CHANGED: Self =
        Self::from_static(550, (5, 7, 17), "mailbox has another owner since then");
    /// The owner of the domain has changed since the time of RRVS (RFC 7293 section 15.3).
    pub const DOMAIN_OWNER_CHANGED: Self =
        Self::from_static(550, (5, 7, 18), "domain has another owner since then");
    /// The server cannot tell if the owner of the mailbox has changed since the time of RRVS (RFC 7293 section 15.3).
    pub const OWNER_UNKNOWN: Self = Self::from_static(550, (5, 7, 19), "owner since then is not known");

    /// Creates a rejection.
    ///
    /// # Errors
    /// Returns [`InvalidRejection`] if the code is not 4yz or 5yz, or the enhanced code has another class.
    pub fn new(code: Code, enhanced: EnhancedCode, text: Text<'static>) -> Result<Self, InvalidRejection> {
        if !matches!(code.severity(), Severity::Transient | Severity::Permanent) {
            return Err(InvalidRejection::NotNegative(code));
        }
        if !enhanced.fits(code) {
            return Err(InvalidRejection::ClassMismatch { code, enhanced });
        }
        Ok(Self {
            code,
            enhanced,
            text,
            forward: None,
        })
    }

    /// Creates a rejection from literals. In a `const`, the compiler checks them.
    ///
    /// ```
    /// # use smtp_proto::types::Rejection;
    /// const CLOSED: Rejection = Rejection::from_static(450, (4, 3, 2), "closed until Monday");
    /// assert!(CLOSED.is_transient());
    /// ```
    ///
    /// # Panics
    /// Panics if [`Rejection::new`] or [`Text::new`] would return an error; in a `const` that is a compile error.
    #[must_use]
    #[expect(
        clippy::panic,
        reason = "meant for constants, where a panic is a compile error"
    )]
    pub const fn from_static(code: u16, enhanced: (u8, u16, u16), text: &'static str) -> Self {
        let (class, subject, detail) = enhanced;
        let (Some(code), Some(enhanced)) = (Code::new(code), EnhancedCode::new(class, subject, detail))
        else {
            panic!("the codes are out of range");
        };
        assert!(
            matches!(code.severity(), Severity::Transient | Severity::Permanent) && enhanced.fits(code),
            "a rejection has a 4yz or 5yz code and an enhanced code of the same class"
        );
        Self {
            code,
            enhanced,
            text: Text::from_static(text),
            forward: None,
        }
    }

    /// Rejects a recipient and names the address to try instead: 551 (RFC 5321 section 3.4).
    ///
    /// The enhanced code is 5.1.6, "mailbox has moved"; the registry pairs 551 with x.7.1 only. The text omits a path
    /// that is too long for a reply line.
    #[must_use]
    pub fn not_local(path: ForwardPath<'static>) -> Self {
        const MOVED: Rejection = Rejection::from_static(551, (5, 1, 6), "user not local");
        let text = Text::new(format!("user not local; please try {path}")).unwrap_or(MOVED.text);
        Self {
            text,
            forward: Some(Box::new(path)),
            ..MOVED
        }
    }

    /// Rejects an ambiguous user name: 553 with a line for each candidate (RFC 5321 section 3.5.1).
    ///
    /// A candidate is a full name, which may be empty, and a mailbox. The text replaces forbidden characters in names
    /// and cuts long names. It omits candidates after [`Text::MAX_LINES`] and mailboxes too long for a line.
    #[must_use]
    pub fn ambiguous<'a>(candidates: impl IntoIterator<Item = (&'a str, Mailbox<'a>)>) -> Self {
        const AMBIGUOUS: Rejection = Rejection::from_static(553, (5, 1, 4), "ambiguous; possibilities are");
        let mut text = String::from(AMBIGUOUS.text.as_str());
        let mut lines = 1;
        for (name, mailbox) in candidates {
            let mailbox = format!("<{mailbox}>");
            let Some(room) = Text::MAX_LINE.checked_sub(mailbox.len()) else {
                continue;
            };
            if lines == Text::MAX_LINES {
                break;
            }
            lines += 1;
            text.push('\n');
            if !name.is_empty() && room > 1 {
                push_line(&mut text, &name.replace(['<', '>'], "?"), room - 1);
                text.push(' ');
            }
            text.push_str(&mailbox);
        }
        Self {
            text: Text::new(text).unwrap_or(AMBIGUOUS.text),
            ..AMBIGUOUS
        }
    }

    /// Replaces the text. The forward-path of a 551 reaches the client only if the new text contains it.
    #[must_use]
    pub fn with_text(self, text: Text<'static>) -> Self {
        Self { text, ..self }
    }

    /// Converts the rejection for a client that did not ask for UTF-8 (RFC 6531 section 3.7.4.1).
    ///
    /// Replaces characters that are not ASCII with `?`. A 551 or 553 whose addresses are lost becomes 550 or 553 with
    /// x.6.8, "UTF-8 reply needed".
    #[must_use]
    pub fn into_ascii(self) -> Self {
        const UTF8_NEEDED: Rejection = Rejection::from_static(550, (5, 6, 8), "user not local");
        if self.text.is_ascii() {
            return self;
        }
        let (code, enhanced) = match self.code {
            Code::NOT_LOCAL => (Code::UNAVAILABLE, UTF8_NEEDED.enhanced),
            Code::NAME_NOT_ALLOWED => (Code::NAME_NOT_ALLOWED, UTF8_NEEDED.enhanced),
            code => (code, self.enhanced),
        };
        let text = match self.forward {
            Some(_) => UTF8_NEEDED.text,
            None => self.text.into_ascii(),
        };
        Self {
            code,
            enhanced,
            text,
            forward: None,
        }
    }

    /// Returns the reply code: 4yz or 5yz.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Returns the enhanced code, which has the class of the reply code.
    #[must_use]
    pub const fn enhanced(&self) -> EnhancedCode {
        self.enhanced
    }

    /// Returns the text.
    #[must_use]
    pub const fn text(&self) -> &Text<'static> {
        &self.text
    }

    /// Returns the address to try instead, if the rejection is a 551 with one.
    #[must_use]
    pub fn forward(&self) -> Option<&ForwardPath<'static>> {
        self.forward.as_deref()
    }

    /// Returns true if the client should try again later (4yz).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.code.severity(), Severity::Transient)
    }

    /// Returns true if the server closes the connection after this reply (421, RFC 5321 section 3.8).
    #[must_use]
    pub const fn closes(&self) -> bool {
        matches!(self.code, Code::NOT_AVAILABLE)
    }
}

/// Converts the negative reply of another server, for a proxy that passes it on.
///
/// - Keeps the code. A reply without an enhanced code gets x.0.0, "other undefined status" (RFC 3463 section 3.1).
/// - Keeps the text as [`Reply::to_text`] converts it, without the enhanced code.
/// - Keeps 421, although it is about the connection to the other server: a server that sends it closes its own
///   connection too. If that is not intended, check [`Rejection::closes`] and send another 4yz code.
///
/// ```
/// use smtp_proto::{syntax::parse_reply, types::Rejection};
///
/// let reply = parse_reply(b"550-5.1.1 no such user\r\n550 5.1.1 see the directory\r\n")?;
/// let rejection = Rejection::try_from(&reply)?;
/// assert_eq!(rejection.to_string(), "550 5.1.1 no such user / see the directory");
/// assert!(Rejection::try_from(&parse_reply(b"250 ok\r\n")?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl TryFrom<&Reply<'_>> for Rejection {
    type Error = InvalidRejection;

    /// Fails with [`InvalidRejection::NotNegative`] if the code is not 4yz or 5yz.
    fn try_from(reply: &Reply<'_>) -> Result<Self, InvalidRejection> {
        let code = reply.code();
        let undefined = match code.severity() {
            Severity::Transient => EnhancedCode::TRANSIENT,
            Severity::Permanent => EnhancedCode::PERMANENT,
            Severity::Completion | Severity::Intermediate => return Err(InvalidRejection::NotNegative(code)),
        };
        let forward = match code {
            Code::NOT_LOCAL => reply.forward_path().map(ForwardPath::into_owned).map(Box::new),
            _ => None,
        };
        Ok(Self {
            code,
            enhanced: reply.enhanced().unwrap_or(undefined),
            text: reply.to_text(),
            forward,
        })
    }
}

/// Shows the codes and the lines of the text, joined by ` / `.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.enhanced)?;
        for (number, line) in self.text.lines().enumerate() {
            write!(f, "{}{line}", if number == 0 { " " } else { " / " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
