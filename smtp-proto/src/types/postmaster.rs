//! The recipient without a domain.

use alloc::borrow::Cow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// The word `Postmaster`, in any case of letters: a recipient without a domain, for the administrator of the server
/// (RFC 5321 sections 4.1.1.3 and 4.5.1).
///
/// All values are equal, but each keeps the case of its letters.
#[derive(Clone)]
pub struct Postmaster<'a>(Cow<'a, str>);

impl<'a> Postmaster<'a> {
    /// Parses the word. Returns `None` for another word.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        text.eq_ignore_ascii_case("postmaster")
            .then_some(Self(Cow::Borrowed(text)))
    }

    /// Wraps a word that the parser has already checked.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Returns the word as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Borrows the word.
    #[must_use]
    pub fn as_borrowed(&self) -> Postmaster<'_> {
        Postmaster(Cow::Borrowed(&self.0))
    }

    /// Copies a borrowed word, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Postmaster<'static> {
        Postmaster(Cow::Owned(self.0.into_owned()))
    }
}

impl Default for Postmaster<'_> {
    fn default() -> Self {
        Self(Cow::Borrowed("postmaster"))
    }
}

impl PartialEq<Postmaster<'_>> for Postmaster<'_> {
    fn eq(&self, _: &Postmaster<'_>) -> bool {
        true
    }
}

impl Eq for Postmaster<'_> {}

impl PartialOrd<Postmaster<'_>> for Postmaster<'_> {
    fn partial_cmp(&self, _: &Postmaster<'_>) -> Option<Ordering> {
        Some(Ordering::Equal)
    }
}

impl Ord for Postmaster<'_> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl Hash for Postmaster<'_> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Debug for Postmaster<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postmaster({})", self.0)
    }
}
