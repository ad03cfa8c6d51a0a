//! Domain names.

use alloc::borrow::Cow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::InvalidAddress;
use crate::syntax::address;

/// A domain name (RFC 5321 section 4.1.2). It may contain U-labels (RFC 6531 section 3.3).
///
/// Keeps the case of letters. Comparison, order and hash ignore the case of ASCII letters. An A-label and its U-label
/// are different here: convert with `to_ascii` first (feature `idna`).
///
/// ```
/// use smtp_proto::types::Domain;
///
/// let domain = Domain::parse("MX.Example.org")?;
/// assert_eq!(domain.as_str(), "MX.Example.org");
/// assert_eq!(domain, Domain::parse("mx.example.org")?);
/// assert_eq!(domain.labels().last(), Some("org"));
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct Domain<'a>(Cow<'a, str>);

impl<'a> Domain<'a> {
    /// Maximum octets of a domain (RFC 5321 section 4.5.3.1.2).
    pub const MAX: usize = 255;

    /// Maximum octets of an ASCII label (RFC 1035 section 2.3.4).
    pub const MAX_LABEL: usize = 63;

    /// Maximum characters of a label that is not ASCII. Its A-label has `xn--` and at least one octet for each
    /// character (RFC 5890 section 2.3.2.1).
    pub const MAX_UNICODE_LABEL: usize = Self::MAX_LABEL - 4;

    /// Parses a domain (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
    ///
    /// ```abnf
    /// Domain      = sub-domain *("." sub-domain)
    /// sub-domain  = Let-dig [Ldh-str]
    /// sub-domain  =/ U-label
    /// Let-dig     = ALPHA / DIGIT
    /// Ldh-str     = *( ALPHA / DIGIT / "-" ) Let-dig
    /// ```
    /// U-labels are checked for length and forbidden characters, not by IDNA.
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the domain is empty or too long, or a label is malformed.
    ///
    /// ```
    /// use smtp_proto::types::Domain;
    ///
    /// let domain = Domain::parse("mx.b\u{fc}cher.example")?;
    /// assert_eq!(domain.labels().count(), 3);
    ///
    /// let error = Domain::parse("mx.exa_mple").unwrap_err();
    /// assert_eq!(error.to_string(), "domain label `exa_mple` contains `_`");
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        address::parse_domain(text)
    }

    /// Wraps a domain that the parser has already checked.
    pub(crate) const fn trusted(raw: &'a str) -> Self {
        Self(Cow::Borrowed(raw))
    }

    /// Returns the domain as it was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if there is no U-label.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// Iterates over the labels, from left to right.
    #[must_use]
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Borrows the domain.
    #[must_use]
    pub fn as_borrowed(&self) -> Domain<'_> {
        Domain(Cow::Borrowed(&self.0))
    }

    /// Copies a borrowed domain, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Domain<'static> {
        Domain(Cow::Owned(self.0.into_owned()))
    }

    pub(crate) fn into_raw(self) -> Cow<'a, str> {
        self.0
    }
}

#[cfg(feature = "idna")]
impl Domain<'_> {
    /// Converts U-labels to A-labels, for the DNS (RFC 5891 section 4, UTS 46).
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a label is not a valid U-label, or the result is too long.
    pub fn to_ascii(&self) -> Result<Domain<'static>, InvalidAddress> {
        use super::AddressFault;
        use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
        let ascii = Uts46::new()
            .to_ascii(
                self.0.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map_err(|_| InvalidAddress::new(self.as_str(), 0, AddressFault::Idna))?;
        Domain::parse(&ascii).map(Domain::into_owned)
    }

    /// Converts A-labels to U-labels, for people.
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a label that starts with `xn--` is not an A-label, or the result is too long.
    pub fn to_unicode(&self) -> Result<Domain<'static>, InvalidAddress> {
        use super::AddressFault;
        use idna::uts46::{AsciiDenyList, Hyphens, Uts46};
        let (unicode, judged) =
            Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        judged.map_err(|_| InvalidAddress::new(self.as_str(), 0, AddressFault::Idna))?;
        Domain::parse(&unicode).map(Domain::into_owned)
    }
}

impl PartialEq<Domain<'_>> for Domain<'_> {
    fn eq(&self, other: &Domain<'_>) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Domain<'_> {}

impl PartialOrd<Domain<'_>> for Domain<'_> {
    fn partial_cmp(&self, other: &Domain<'_>) -> Option<Ordering> {
        Some(cmp_ignoring_case(&self.0, &other.0))
    }
}

impl Ord for Domain<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_ignoring_case(&self.0, &other.0)
    }
}

impl Hash for Domain<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_ignoring_case(&self.0, state);
    }
}

impl fmt::Debug for Domain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.0)
    }
}

impl fmt::Display for Domain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Compares two texts. Ignores the case of ASCII letters.
pub(super) fn cmp_ignoring_case(text: &str, other: &str) -> Ordering {
    let folded = |octet: u8| octet.to_ascii_lowercase();
    text.bytes().map(folded).cmp(other.bytes().map(folded))
}

/// Hashes a text. Ignores the case of ASCII letters.
pub(super) fn hash_ignoring_case<H: Hasher>(text: &str, state: &mut H) {
    for byte in text.bytes() {
        state.write_u8(byte.to_ascii_lowercase());
    }
    state.write_u8(0xff); // ends the text: UTF-8 does not contain this octet
}

#[cfg(test)]
mod tests;
