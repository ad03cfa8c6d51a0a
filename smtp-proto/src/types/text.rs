//! The text of a reply.

use alloc::{borrow::Cow, string::String};
use thiserror::Error;

use super::printable::{Printable, split_char};

/// The text of a reply to send: one or more lines, separated by `\n` (RFC 5321 section 4.2).
///
/// There are 1 to [`Text::MAX_LINES`] lines of at most [`Text::MAX_LINE`] octets; a line may be empty. A line may
/// contain tabs, and the characters that [`Printable::allows`]. UTF-8 is allowed here: the sender of the reply decides
/// if the peer accepts it (RFC 6531 section 3.7.4).
///
/// ```
/// use smtp_proto::types::{InvalidText, Text};
///
/// let text = Text::new("mailbox full\ntry again tomorrow")?;
/// assert_eq!(text.lines().count(), 2);
/// assert_eq!(Text::new("ok\r\n250 injected"), Err(InvalidText::Character('\r')));
/// # Ok::<(), InvalidText>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// Error for a string that is not a reply text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// The text contains a character that is neither a tab nor [allowed](Printable::allows).
    #[error("character U+{:04X} is not allowed in a reply text", u32::from(*.0))]
    Character(char),
    /// A line is longer than [`Text::MAX_LINE`].
    #[error("a line of the reply text is longer than {} octets", Text::MAX_LINE)]
    LineTooLong,
    /// There are more lines than [`Text::MAX_LINES`].
    #[error("the reply text has more than {} lines", Text::MAX_LINES)]
    TooManyLines,
}

impl<'a> Text<'a> {
    /// Maximum octets in a line: the 512 of RFC 5321 section 4.5.3.1.5 less `550-5.999.999 ` and CRLF.
    pub const MAX_LINE: usize = 512 - 14 - 2;

    /// Maximum number of lines: enough for any help text, and the whole reply stays within 64 KiB.
    pub const MAX_LINES: usize = 128;

    /// Creates a text, after checks.
    ///
    /// # Errors
    /// Returns [`InvalidText`] if a character is not allowed, a line is too long or there are too many lines.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidText> {
        let text = text.into();
        check(&text)?;
        Ok(Self(text))
    }

    /// Creates a text from a literal. In a `const`, the compiler checks the literal.
    ///
    /// # Panics
    /// Panics if [`Text::new`] would return an error; in a `const` that is a compile error.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Text<'static> {
        assert!(
            check(text).is_ok(),
            "a reply text must not contain control characters, long lines or too many lines"
        );
        Text(Cow::Borrowed(text))
    }

    /// Creates a reply text from any text: replaces forbidden characters with `?`, and drops the excess of long lines
    /// and extra lines. Does not copy a line of printable ASCII that fits.
    ///
    /// ```
    /// # use smtp_proto::types::Text;
    /// assert_eq!(Text::from_str_lossy("one\r\ntwo \x1b[2J").as_str(), "one\ntwo ?[2J");
    /// ```
    #[must_use]
    pub fn from_str_lossy(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        // Usually it is one line of printable ASCII.
        if text.len() <= Self::MAX_LINE && text.bytes().all(is_plain) {
            return Self(text);
        }
        let mut kept = String::new();
        for (number, line) in text.lines().take(Self::MAX_LINES).enumerate() {
            if number > 0 {
                kept.push('\n');
            }
            push_line(&mut kept, line, Self::MAX_LINE);
        }
        Self(Cow::Owned(kept))
    }

    /// Creates a reply text from lines of a peer: replaces forbidden characters and malformed UTF-8 with `?`, breaks
    /// long lines, and drops lines after [`Text::MAX_LINES`].
    pub(super) fn from_peer<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Text<'static> {
        let mut kept = String::new();
        let mut number = 0;
        for line in lines {
            let line = String::from_utf8_lossy(line);
            let mut rest = &*line;
            loop {
                if number == Self::MAX_LINES {
                    return Text(Cow::Owned(kept));
                }
                if number > 0 {
                    kept.push('\n');
                }
                number += 1;
                rest = push_line(&mut kept, rest, Self::MAX_LINE);
                if rest.is_empty() {
                    break;
                }
            }
        }
        Text(Cow::Owned(kept))
    }

    /// Returns the whole text, with `\n` between lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Iterates over the lines: at least one, which may be empty.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n')
    }

    /// Returns true if every peer may receive the text. Other text needs SMTPUTF8 (RFC 6531 section 3.7.4).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// Replaces every character that is not ASCII with `?`.
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

    /// Borrows the text.
    #[must_use]
    pub fn as_borrowed(&self) -> Text<'_> {
        Text(Cow::Borrowed(&self.0))
    }

    /// Copies a borrowed text, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

/// Appends at most `room` octets of `line`, with `?` for each forbidden character. Returns the rest of `line`.
pub(super) fn push_line<'l>(to: &mut String, line: &'l str, room: usize) -> &'l str {
    // Most lines are ASCII as a whole, and are copied at once.
    let mut octets = line.bytes().take(room);
    let plain = octets
        .position(|octet| !is_plain(octet))
        .unwrap_or(line.len().min(room));
    let (plain, line) = line.split_at_checked(plain).unwrap_or(("", line));
    let end = to.len() + room;
    to.push_str(plain);
    for (at, character) in line.char_indices() {
        let character = if is_allowed(character) { character } else { '?' };
        if to.len() + character.len_utf8() > end {
            return line.get(at..).unwrap_or_default();
        }
        to.push(character);
    }
    ""
}

/// Returns true for a character of ASCII that a line may contain.
const fn is_plain(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'~')
}

const fn check(text: &str) -> Result<(), InvalidText> {
    let mut rest = text.as_bytes();
    let (mut lines, mut line_start) = (1, rest.len());
    while let Some((character, tail)) = split_char(rest) {
        rest = tail;
        if character == '\n' {
            (lines, line_start) = (lines + 1, rest.len());
            continue;
        }
        if !is_allowed(character) {
            return Err(InvalidText::Character(character));
        }
        if line_start - rest.len() > Text::MAX_LINE {
            return Err(InvalidText::LineTooLong);
        }
    }
    if lines > Text::MAX_LINES {
        Err(InvalidText::TooManyLines)
    } else {
        Ok(())
    }
}

/// Returns true for a character that a line may contain: `textstring` includes the tab.
const fn is_allowed(character: char) -> bool {
    character == '\t' || Printable::allows(character)
}

#[cfg(test)]
mod tests;
