//! Names of hosts and domains in the DNS.

use alloc::sync::Arc;
use core::{fmt, str::FromStr};

use smtp_proto::types::Domain;
use thiserror::Error;

/// The name of a host or domain in the DNS: lower case, with A-labels, without the root dot.
///
/// Unlike in a [`Domain`], a label may contain and begin with `_`, because the names of some mail exchangers do.
///
/// ```
/// use smtp_relay::Name;
///
/// let name = Name::parse("MX1.Example.org.")?;
/// assert_eq!(name.as_str(), "mx1.example.org");
/// # Ok::<(), smtp_relay::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// The reason why a text is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// The name has more than [`Name::MAX`] octets.
    #[error("name is longer than 253 octets")]
    TooLong,
    /// A label is empty or has more than [`Domain::MAX_LABEL`] octets.
    #[error("name has a label that is empty or longer than 63 octets")]
    Label,
    /// A label contains a character other than letters, digits, `-` and `_`.
    #[error("name contains a character other than letters, digits, hyphens and underscores")]
    Character,
    /// U-labels cannot be converted to A-labels (RFC 5891 section 4).
    #[error("name is not valid for internationalized domain names")]
    Idna,
}

impl Name {
    /// Maximum octets without the root dot. RFC 1035 section 2.3.4 allows 255 in its binary form, which has two more octets.
    pub const MAX: usize = 253;

    /// Parses a name, with or without the root dot. The name must be ASCII: convert other names with
    /// [`TryFrom<&Domain>`](Self#impl-TryFrom<%26Domain<'_>>-for-Name).
    ///
    /// # Errors
    /// Returns [`InvalidName`] if the name or a label is too long, empty, or contains another character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > Self::MAX {
            return Err(InvalidName::TooLong);
        }
        for label in text.split('.') {
            if label.is_empty() || label.len() > Domain::MAX_LABEL {
                return Err(InvalidName::Label);
            }
            if !label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
            {
                return Err(InvalidName::Character);
            }
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// Returns the name in lower case, without the root dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name without its first label. Returns `None` if the name has only one label.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, parent)| parent)
    }
}

/// Converts U-labels to A-labels (RFC 5891 section 4).
impl TryFrom<&Domain<'_>> for Name {
    type Error = InvalidName;

    fn try_from(domain: &Domain<'_>) -> Result<Self, InvalidName> {
        if domain.is_ascii() {
            return Self::parse(domain.as_str());
        }
        let ascii = domain.to_ascii().map_err(|_| InvalidName::Idna)?;
        Self::parse(ascii.as_str())
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.0)
    }
}

#[cfg(test)]
mod tests;
