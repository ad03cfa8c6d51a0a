//! The text of a reply.

use alloc::{borrow::Cow, string::String};

use thiserror::Error;

/// The text of a reply that is to be sent: one or more lines, parted by `\n` (RFC 5321 section 4.2).
///
/// A line holds no control character but the tab, and at most [`Text::MAX_LINE`] octets; there are at most
/// [`Text::MAX_LINES`] lines. A line may be empty. UTF-8 is kept here; whether a peer may see it is judged
/// where the text is sent (RFC 6531 section 3.7.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// Why a string is no reply text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// It holds a control character, which could end the line or hide text in a terminal.
    #[error("remove the control character 0x{0:02x} from the text")]
    Control(u8),
    /// A line is longer than [`Text::MAX_LINE`].
    #[error("break the text into lines of at most {} octets", Text::MAX_LINE)]
    LineTooLong,
    /// There are more lines than [`Text::MAX_LINES`].
    #[error("shorten the text to at most {} lines", Text::MAX_LINES)]
    TooManyLines,
}

impl<'a> Text<'a> {
    /// The most octets in a line: the 512 of RFC 5321 section 4.5.3.1.5 less `550-5.999.999 ` and CRLF.
    pub const MAX_LINE: usize = 512 - 14 - 2;

    /// The most lines: room for any help text, while the whole reply stays within 64 KiB.
    pub const MAX_LINES: usize = 128;

    /// Takes a text as it is.
    ///
    /// # Errors
    ///
    /// A control character other than tab and `\n`, a line too long, or too many lines.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// Takes a literal, checked by the compiler when the call stands in a `const`.
    ///
    /// # Panics
    ///
    /// When the literal is no reply text; in a `const` that is a compile error.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Text<'static> {
        assert!(
            check(text).is_ok(),
            "a reply text holds no control characters, no long lines and few of them"
        );
        Text(Cow::Borrowed(text))
    }

    /// Makes a reply text out of any text: what is not allowed becomes `?`, and what is too much is cut.
    #[must_use]
    pub fn from_str_lossy(text: &str) -> Text<'static> {
        let mut kept = String::new();
        for (number, line) in text.lines().take(Self::MAX_LINES).enumerate() {
            if number > 0 {
                kept.push('\n');
            }
            push_line(&mut kept, line, Self::MAX_LINE);
        }
        Text(Cow::Owned(kept))
    }

    /// The whole text, its lines parted by `\n`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lines; there is at least one, which may be empty.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n')
    }

    /// Whether any peer may see it: text beyond ASCII needs SMTPUTF8 (RFC 6531 section 3.7.4).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// The same text with every character beyond ASCII replaced by `?`.
    #[must_use]
    pub fn into_ascii(self) -> Self {
        if self.is_ascii() {
            return self;
        }
        Self(Cow::Owned(
            self.0
                .chars()
                .map(|c| if c.is_ascii() { c } else { '?' })
                .collect(),
        ))
    }

    /// The same text, owned.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

/// Appends what may stand in one line of `line`, at most `room` octets; gives whether all of it fitted.
pub(super) fn push_line(to: &mut String, line: &str, room: usize) -> bool {
    let end = to.len() + room;
    for c in line.chars() {
        let c = if is_forbidden(c as u32) { '?' } else { c };
        if to.len() + c.len_utf8() > end {
            return false;
        }
        to.push(c);
    }
    true
}

const fn check(text: &str) -> Result<(), InvalidText> {
    let mut rest = text.as_bytes();
    let (mut lines, mut line) = (1, 0);
    while let [octet, tail @ ..] = rest {
        rest = tail;
        if *octet == b'\n' {
            (lines, line) = (lines + 1, 0);
            continue;
        }
        line += 1;
        if is_forbidden(*octet as u32) {
            return Err(InvalidText::Control(*octet));
        }
        if line > Text::MAX_LINE {
            return Err(InvalidText::LineTooLong);
        }
    }
    if lines > Text::MAX_LINES {
        Err(InvalidText::TooManyLines)
    } else {
        Ok(())
    }
}

/// The ASCII control characters except the tab, which `textstring` allows.
const fn is_forbidden(c: u32) -> bool {
    (c < 0x20 && c != 0x09) || c == 0x7F
}

#[cfg(test)]
mod tests;
