//! The characters that are allowed in a text or on a terminal.

use core::fmt::{self, Write as _};

/// Display of octets from a peer that is safe for a terminal or a log.
///
/// Replaces each forbidden character and each malformed UTF-8 sequence with U+FFFD, and a tab with a space.
/// [`Printable::allows`] defines the forbidden characters. `Display` and `Debug` of every type in this module obey
/// the same rule; use `Printable` for raw octets, such as [`Reply::lines`](super::Reply::lines) and
/// [`Reply::raw`](super::Reply::raw).
///
/// ```
/// use smtp_proto::types::Printable;
///
/// assert_eq!(Printable::new(b"\x1b[2Jgone\xff").to_string(), "\u{fffd}[2Jgone\u{fffd}");
/// assert_eq!(Printable::new("gr\u{fc}\u{df}e").to_string(), "grüße");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(&'a [u8]);

impl<'a> Printable<'a> {
    /// Borrows the octets to display.
    #[must_use]
    pub fn new(octets: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(octets.as_ref())
    }

    /// Returns true if a text may contain the character.
    ///
    /// It forbids the characters that can end a line, control a terminal or reorder the text around them:
    ///
    /// - control characters: C0 (including the tab), DEL and C1;
    /// - bidirectional controls: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069;
    /// - the line separator U+2028 and the paragraph separator U+2029.
    #[must_use]
    pub const fn allows(character: char) -> bool {
        !matches!(
            character,
            '\0'..='\x1f'
                | '\x7f'..='\u{9f}'
                | '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
    }

    /// Returns the position of the first character that is not allowed.
    pub(crate) fn find_forbidden(text: &str) -> Option<usize> {
        text.find(|character| !Self::allows(character))
    }

    /// Returns true if every character of the text is allowed.
    pub(crate) fn allows_all(text: &str) -> bool {
        text.chars().all(Self::allows)
    }

    /// Writes at most `left` characters and subtracts their number. Returns false if it left some out.
    pub(super) fn write(self, left: &mut usize, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
        for chunk in self.0.utf8_chunks() {
            let malformed = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            for character in chunk.valid().chars().chain(malformed) {
                let Some(rest) = left.checked_sub(1) else {
                    return Ok(false);
                };
                *left = rest;
                f.write_char(match character {
                    '\t' => ' ',
                    _ if Self::allows(character) => character,
                    _ => char::REPLACEMENT_CHARACTER,
                })?;
            }
        }
        Ok(true)
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&mut { usize::MAX }, f).map(drop)
    }
}

impl fmt::Debug for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Printable({self})")
    }
}

/// Splits the first character off a text. `text` is well-formed UTF-8; `str::chars` is not `const`.
pub(super) const fn split_char(text: &[u8]) -> Option<(char, &[u8])> {
    const fn bits(octet: u8, mask: u8) -> u32 {
        (octet & mask) as u32
    }
    let (code, rest) = match text {
        [a @ ..0x80, rest @ ..] => (*a as u32, rest),
        [a @ ..0xe0, b, rest @ ..] => (bits(*a, 0x1f) << 6 | bits(*b, 0x3f), rest),
        [a @ ..0xf0, b, c, rest @ ..] => (bits(*a, 0x0f) << 12 | bits(*b, 0x3f) << 6 | bits(*c, 0x3f), rest),
        [a, b, c, d, rest @ ..] => (
            bits(*a, 0x07) << 18 | bits(*b, 0x3f) << 12 | bits(*c, 0x3f) << 6 | bits(*d, 0x3f),
            rest,
        ),
        _ => return None,
    };
    match char::from_u32(code) {
        Some(character) => Some((character, rest)),
        None => None,
    }
}

#[cfg(test)]
mod tests;
