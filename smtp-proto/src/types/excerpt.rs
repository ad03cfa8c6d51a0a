//! Short pieces of a faulty text, safe to print.

use core::fmt::{self, Write as _};

use super::Printable;

/// A place in a text, with a copy of the text around it.
///
/// Errors contain it, so that they need neither the text nor the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    pub(super) position: usize,
    /// The character at `position`; `None` at the end of the text, and where the text may be secret.
    pub(super) found: Option<char>,
    pub(super) excerpt: Excerpt,
}

impl Spot {
    /// The place at `position`, without an excerpt.
    pub(super) fn new(text: &str, position: usize) -> Self {
        Self {
            found: text.get(position..).and_then(|rest| rest.chars().next()),
            ..Self::hidden(position)
        }
    }

    /// A place in a text that must not be shown.
    pub(super) const fn hidden(position: usize) -> Self {
        Self {
            position,
            found: None,
            excerpt: Excerpt::EMPTY,
        }
    }

    pub(super) fn with_excerpt(mut self, text: &str) -> Self {
        self.excerpt = Excerpt::new(text);
        self
    }

    /// The same place in a longer text, with this number of octets before it.
    pub(super) const fn after(mut self, octets: usize) -> Self {
        self.position += octets;
        self
    }

    /// Names the character found.
    pub(super) fn found(&self) -> Found {
        Found(self.found)
    }
}

/// Displays a character, or its name if the character cannot be shown.
pub(super) struct Found(Option<char>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("nothing"),
            Some(' ') => f.write_str("a space"),
            Some('`') => f.write_str("a backquote"),
            Some(character) if !Printable::allows(character) => write!(f, "U+{:04X}", u32::from(character)),
            Some(character) => write!(f, "`{character}`"),
        }
    }
}

/// A piece of text without characters that are unsafe for a terminal or a log. A long piece is cut.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Excerpt {
    octets: [u8; Self::MAX],
    used: u8,
}

impl Excerpt {
    /// Enough for nearly all labels, and an error stays smaller than a command.
    const MAX: usize = 43;
    const CUT: &str = "...";
    const EMPTY: Self = Self {
        octets: [0; Self::MAX],
        used: 0,
    };

    fn new(text: &str) -> Self {
        let mut excerpt = Self::EMPTY;
        let whole = text.chars().try_for_each(|character| {
            let character = if !Printable::allows(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            };
            excerpt.push(character.encode_utf8(&mut [0; 4]), Self::MAX - Self::CUT.len())
        });
        if whole.is_none() {
            // There is room: it was kept free.
            let _ = excerpt.push(Self::CUT, Self::MAX);
        }
        excerpt
    }

    /// Returns `None` if the excerpt would be longer than `limit`.
    fn push(&mut self, text: &str, limit: usize) -> Option<()> {
        let used = usize::from(self.used);
        let end = used + text.len();
        let room = self.octets.get_mut(used..end).filter(|_| end <= limit)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end as u8;
        Some(())
    }

    fn as_str(&self) -> &str {
        let octets = self.octets.get(..usize::from(self.used)).unwrap_or_default();
        str::from_utf8(octets).unwrap_or_default()
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        f.write_str(self.as_str())?;
        f.write_char('`')
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
