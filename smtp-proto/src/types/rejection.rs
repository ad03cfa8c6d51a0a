//! Negative answers.

use alloc::{boxed::Box, format, string::String};
use core::fmt;

use thiserror::Error;

use super::{Code, EnhancedCode, ForwardPath, Mailbox, Severity, Text, text::push_line};

/// A refusal: always a 4yz or 5yz code with an enhanced code of the same class (RFC 5321 section 4.2, RFC 2034).
///
/// So an answer that refuses cannot be taken for one that accepts. The constants cover what servers say most;
/// their enhanced codes are those that the IANA registry pairs with the reply code, unless a note says otherwise.
///
/// ```
/// # use smtp_proto::types::{Rejection, Text};
/// let full = Rejection::MAILBOX_FULL.with_text(Text::from_static("come back tomorrow"));
/// assert_eq!(full.to_string(), "452 4.2.2 come back tomorrow");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: Code,
    enhanced: EnhancedCode,
    text: Text<'static>,
    forward: Option<Box<ForwardPath<'static>>>,
}

/// Why codes make no rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRejection {
    /// The code refuses nothing.
    #[error("reject with a code from 400 to 599 instead of {0}")]
    NotNegative(Code),
    /// The class of the enhanced code is not the first digit of the code.
    #[error("use an enhanced code of the class of {code} instead of {enhanced}")]
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
    /// The recipient is elsewhere, and this client may not relay.
    pub const RELAY_DENIED: Self = Self::from_static(550, (5, 7, 1), "relaying denied");
    /// Refused for reasons of policy.
    pub const POLICY: Self = Self::from_static(550, (5, 7, 1), "refused by policy");
    /// The sender may not send here.
    pub const SENDER_REFUSED: Self = Self::from_static(550, (5, 7, 1), "sender refused");
    /// The mailbox cannot be used right now; 450 is "mailbox unavailable" of RFC 5321.
    pub const MAILBOX_BUSY: Self = Self::from_static(450, (4, 2, 1), "mailbox busy, try again later");
    /// The mailbox is full, which its owner may change (RFC 3463: x.2.2 is thought of as transient).
    pub const MAILBOX_FULL: Self = Self::from_static(452, (4, 2, 2), "mailbox full");
    /// Something failed here.
    pub const LOCAL_ERROR: Self = Self::from_static(451, (4, 3, 0), "local error, try again later");
    /// No room to store the message now.
    pub const NO_STORAGE: Self = Self::from_static(452, (4, 3, 1), "insufficient storage, try again later");
    /// No more recipients in this transaction (RFC 5321 section 4.5.3.1.10 wants 452).
    pub const TOO_MANY_RECIPIENTS: Self = Self::from_static(452, (4, 5, 3), "too many recipients");
    /// The message is too big, now and later (RFC 1870 section 6).
    pub const TOO_BIG: Self = Self::from_static(552, (5, 3, 4), "message too big");
    /// No mail service for this client.
    pub const NO_SERVICE: Self = Self::from_static(554, (5, 3, 2), "no service here");
    /// The transaction failed because of the message.
    pub const TRANSACTION_FAILED: Self = Self::from_static(554, (5, 6, 0), "transaction failed");
    /// The client is not who it says it is (RFC 4954 section 6).
    pub const CREDENTIALS: Self = Self::from_static(535, (5, 7, 8), "authentication failed");
    /// Who the client is cannot be found out now (RFC 4954 section 6).
    pub const AUTH_FAILURE: Self =
        Self::from_static(454, (4, 7, 0), "cannot authenticate now, try again later");
    /// The client has to say who it is first (RFC 4954 section 6).
    pub const AUTH_REQUIRED: Self = Self::from_static(530, (5, 7, 0), "authenticate first");
    /// The domain of the recipient takes no mail (RFC 7505 section 4.1).
    pub const NULL_MX: Self = Self::from_static(556, (5, 1, 10), "the domain takes no mail");
    /// This host takes no mail at all (RFC 7504 section 3); also fit for the greeting.
    pub const NO_MAIL_HERE: Self = Self::from_static(521, (5, 3, 2), "this host takes no mail");
    /// A MAIL or RCPT parameter that was not offered (RFC 5321 section 4.1.1.11).
    pub const UNKNOWN_PARAMETER: Self = Self::from_static(555, (5, 5, 4), "parameter not recognised");
    /// Refused for now by policy, as in greylisting.
    pub const TRY_LATER: Self = Self::from_static(451, (4, 7, 1), "try again later");
    /// Too much to do; the session closes behind it.
    pub const TOO_BUSY: Self = Self::from_static(421, (4, 3, 2), "too busy, try again later");
    /// The message runs in a circle (RFC 5321 section 6.3).
    pub const LOOP: Self = Self::from_static(554, (5, 4, 6), "mail loop detected");
    /// The message holds a CR or LF that ends no line (RFC 5321 section 2.3.8); a syntax error, so x.5.2.
    pub const BARE_LINE_ENDING: Self = Self::from_static(550, (5, 5, 2), "message holds a bare CR or LF");

    /// Puts a rejection together.
    ///
    /// # Errors
    ///
    /// A code that is not 4yz or 5yz, or an enhanced code of another class.
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

    /// Puts a rejection together out of literals, checked by the compiler when the call stands in a `const`.
    ///
    /// # Panics
    ///
    /// When [`Rejection::new`] or [`Text::new`] would refuse; in a `const` that is a compile error.
    #[must_use]
    #[expect(
        clippy::panic,
        reason = "meant for constants, where a panic is a compile error"
    )]
    pub const fn from_static(code: u16, enhanced: (u8, u16, u16), text: &'static str) -> Self {
        let (class, subject, detail) = enhanced;
        let (Some(code), Some(enhanced)) = (Code::new(code), EnhancedCode::new(class, subject, detail))
        else {
            panic!("the codes are out of bounds");
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

    /// Refuses a recipient who is to be tried elsewhere: 551 with the forward-path in the text (RFC 5321 section 3.4).
    ///
    /// The enhanced code is 5.1.6, "moved", which is what happened; the registry pairs 551 with x.7.1 only. A path too
    /// long for a reply line is left out of the text.
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

    /// Refuses a name that stands for several users: 553 with a line for each of them (RFC 5321 section 3.5.1).
    ///
    /// Each candidate is a full name, which may be empty, and a mailbox. Names are made fit for a reply line;
    /// candidates beyond [`Text::MAX_LINES`], or with a mailbox too long for a line, are left out.
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

    /// The same refusal in other words; the forward-path of a 551 is then sent only if the words contain it.
    #[must_use]
    pub fn with_text(self, text: Text<'static>) -> Self {
        Self { text, ..self }
    }

    /// The same refusal for a client that did not ask for UTF-8 (RFC 6531 section 3.7.4.1).
    ///
    /// What is beyond ASCII becomes `?`. A 551 or 553 whose addresses cannot be shown for that becomes
    /// 550 or 553 with x.6.8, "UTF-8 reply needed".
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

    /// The reply code: 4yz or 5yz.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The enhanced code: of the same class.
    #[must_use]
    pub const fn enhanced(&self) -> EnhancedCode {
        self.enhanced
    }

    /// The words.
    #[must_use]
    pub const fn text(&self) -> &Text<'static> {
        &self.text
    }

    /// Where the client should try instead, when [`Rejection::not_local`] made this.
    #[must_use]
    pub fn forward(&self) -> Option<&ForwardPath<'static>> {
        self.forward.as_deref()
    }

    /// Whether the client should try again later (4yz).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.code.severity(), Severity::Transient)
    }

    /// Whether the session closes behind this answer (421, RFC 5321 section 3.8).
    #[must_use]
    pub const fn closes(&self) -> bool {
        matches!(self.code, Code::NOT_AVAILABLE)
    }
}

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
