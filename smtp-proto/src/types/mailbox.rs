//! Mailboxes.

use alloc::borrow::Cow;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::domain::{cmp_ignoring_case, hash_ignoring_case};
use super::{AddressLiteral, Domain, Host, InvalidAddress};
use crate::syntax::address;

/// A mail address: `Local-part "@" ( Domain / address-literal )` (RFC 5321 section 4.1.2; with UTF-8, RFC 6531 section
/// 3.3).
///
/// Keeps the text as it was sent. Comparison, order and hash ignore the quotes of the local part and the case of ASCII
/// letters in the domain, but not the case of the local part (RFC 5321 section 2.4). The order is by domain and then by
/// local part.
///
/// ```
/// use smtp_proto::types::Mailbox;
///
/// let mailbox = Mailbox::parse("\"ann\"@Example.org")?;
/// assert_eq!((mailbox.local_part(), &*mailbox.unquoted_local_part()), ("\"ann\"", "ann"));
/// assert_eq!(mailbox, Mailbox::parse("ann@example.org")?);
/// assert_ne!(mailbox, Mailbox::parse("Ann@example.org")?);
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct Mailbox<'a> {
    raw: Cow<'a, str>,
    at: u16,
}

impl<'a> Mailbox<'a> {
    /// Maximum octets of a local part with its quotes. RFC 5321 section 4.5.3.1.1 requires 64; addresses that contain
    /// another address (VERP, SRS, BATV) need more. A mailbox has at most 511 octets.
    pub const MAX_LOCAL_PART: usize = 255;

    /// Parses a mailbox (RFC 5321 section 4.1.2).
    ///
    /// ```abnf
    /// Mailbox       = Local-part "@" ( Domain / address-literal )
    /// Local-part    = Dot-string / Quoted-string
    /// Dot-string    = Atom *("." Atom)
    /// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a part is missing, malformed or too long.
    ///
    /// ```
    /// use smtp_proto::types::Mailbox;
    ///
    /// let mailbox = Mailbox::parse("\"john doe\"@example.org")?;
    /// assert_eq!(mailbox.unquoted_local_part(), "john doe");
    ///
    /// let error = Mailbox::parse("john doe@example.org").unwrap_err();
    /// assert_eq!(error.position(), 4);
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        address::parse_mailbox(text)
    }

    /// Creates a mailbox from an unquoted local part and a host. Adds quotes only if they are necessary (RFC 5321
    /// section 4.1.2).
    ///
    /// ```
    /// # use smtp_proto::types::{Host, Mailbox};
    /// let mailbox = Mailbox::new("ann smith", &Host::parse("example.org")?)?;
    /// assert_eq!(mailbox.as_str(), "\"ann smith\"@example.org");
    /// # Ok::<(), smtp_proto::types::InvalidAddress>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the local part contains a control character or is too long with its quotes.
    pub fn new(local_part: &str, host: &Host<'_>) -> Result<Mailbox<'static>, InvalidAddress> {
        let mut raw = String::with_capacity(local_part.len() + host.as_str().len() + 3);
        if address::is_dot_string(local_part) {
            raw.push_str(local_part);
        } else {
            raw.push('"');
            for character in local_part.chars() {
                if matches!(character, '"' | '\\') {
                    raw.push('\\');
                }
                raw.push(character);
            }
            raw.push('"');
        }
        raw.push('@');
        raw.push_str(host.as_str());
        Mailbox::parse(&raw).map(Mailbox::into_owned)
    }

    /// Wraps a mailbox that the parser has already checked, with its `@` at this offset.
    pub(crate) const fn trusted(text: &'a str, at: u16) -> Self {
        Self {
            raw: Cow::Borrowed(text),
            at,
        }
    }

    /// Returns the mailbox as it was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Returns the local part as it was parsed, with its quotes.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.raw.get(..usize::from(self.at)).unwrap_or_default()
    }

    /// Returns the local part without quotes and backslashes: the name of the mailbox at its host.
    #[must_use]
    pub fn unquoted_local_part(&self) -> Cow<'_, str> {
        match self.local_part().strip_prefix('"') {
            None => Cow::Borrowed(self.local_part()),
            Some(quoted) if quoted.contains('\\') => Cow::Owned(self.unquoted().collect()),
            Some(quoted) => Cow::Borrowed(quoted.strip_suffix('"').unwrap_or(quoted)),
        }
    }

    /// Returns the text after the `@`: a domain, or an address literal in brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.raw.get(usize::from(self.at) + 1..).unwrap_or_default()
    }

    /// Returns the domain or address literal.
    #[must_use]
    pub fn host(&self) -> Host<'_> {
        let text = self.domain();
        if text.starts_with('[')
            && let Ok(literal) = AddressLiteral::parse(text)
        {
            return Host::Literal(literal);
        }
        Host::Domain(Domain::trusted(text))
    }

    /// Returns true if the mailbox can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.raw.is_ascii()
    }

    /// Borrows the mailbox.
    #[must_use]
    pub fn as_borrowed(&self) -> Mailbox<'_> {
        Mailbox {
            raw: Cow::Borrowed(&self.raw),
            at: self.at,
        }
    }

    /// Copies a borrowed mailbox, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox {
            raw: Cow::Owned(self.raw.into_owned()),
            at: self.at,
        }
    }

    pub(crate) fn into_raw(self) -> (Cow<'a, str>, u16) {
        (self.raw, self.at)
    }

    /// Iterates over the characters of the local part without quotes and backslashes.
    fn unquoted(&self) -> impl Iterator<Item = char> {
        let local_part = self.local_part();
        let content = local_part
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let quoted = content.is_some();
        let mut escaped = false;
        content.unwrap_or(local_part).chars().filter(move |&character| {
            escaped = quoted && character == '\\' && !escaped;
            !escaped
        })
    }
}

impl PartialEq<Mailbox<'_>> for Mailbox<'_> {
    fn eq(&self, other: &Mailbox<'_>) -> bool {
        self.unquoted().eq(other.unquoted()) && self.domain().eq_ignore_ascii_case(other.domain())
    }
}

impl Eq for Mailbox<'_> {}

impl PartialOrd<Mailbox<'_>> for Mailbox<'_> {
    fn partial_cmp(&self, other: &Mailbox<'_>) -> Option<Ordering> {
        let domains = cmp_ignoring_case(self.domain(), other.domain());
        Some(domains.then_with(|| self.unquoted().cmp(other.unquoted())))
    }
}

impl Ord for Mailbox<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let domains = cmp_ignoring_case(self.domain(), other.domain());
        domains.then_with(|| self.unquoted().cmp(other.unquoted()))
    }
}

impl Hash for Mailbox<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.unquoted()
            .for_each(|character| state.write_u32(character.into()));
        state.write_u32(u32::MAX); // ends the local part: not a character
        hash_ignoring_case(self.domain(), state);
    }
}

impl fmt::Debug for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.raw)
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.raw)
    }
}

#[cfg(test)]
mod tests;
