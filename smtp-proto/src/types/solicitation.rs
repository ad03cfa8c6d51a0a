//! Classes of solicitation.

use alloc::borrow::Cow;

use super::{
    InvalidParameter,
    checked::{checked_text, display_text},
};
use crate::syntax::solicitation;

/// Keywords for classes of mail: the value of SOLICIT and of NO-SOLICITING (RFC 3865 section 2.2).
///
/// ```
/// use smtp_proto::types::SolicitationKeywords;
///
/// let classes = SolicitationKeywords::parse("net.example:ADV,org.example:ADV:ADLT")?;
/// assert_eq!(classes.iter().count(), 2);
/// assert!(classes.contains("NET.example:adv"));
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SolicitationKeywords<'a>(Cow<'a, str>);

impl<'a> SolicitationKeywords<'a> {
    /// Maximum octets of all keywords with their commas (RFC 3865 section 2.2).
    pub const MAX: usize = 1000;

    /// Parses keywords that are separated by commas (RFC 3865 section 2.2).
    ///
    /// ```abnf
    /// Solicitation-keywords = word 0*("," word)
    /// word                  = ALPHA 0*(wordchar)
    /// wordchar              = "." / "-" / "_" / ":" / ALPHA / DIGIT
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the text is malformed, or longer than [`SolicitationKeywords::MAX`].
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, InvalidParameter> {
        let text = text.into();
        solicitation::check(&text)?;
        Ok(Self(text))
    }

    /// Iterates over the keywords.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }

    /// Returns true if `keyword` is one of them, in any case of letters.
    #[must_use]
    pub fn contains(&self, keyword: &str) -> bool {
        self.iter().any(|other| other.eq_ignore_ascii_case(keyword))
    }

    /// Borrows the keywords.
    #[must_use]
    pub fn as_borrowed(&self) -> SolicitationKeywords<'_> {
        SolicitationKeywords(Cow::Borrowed(&self.0))
    }
}

checked_text!(SolicitationKeywords);
display_text!(SolicitationKeywords);

#[cfg(test)]
mod tests;
