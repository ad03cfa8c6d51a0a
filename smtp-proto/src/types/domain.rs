//! Domain names.

use alloc::borrow::Cow;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use super::InvalidAddress;
use crate::syntax::address;

/// A domain name as SMTP writes it (RFC 5321 section 4.1.2), with U-labels (RFC 6531 section 3.3).
///
/// The case of the letters is kept and ignored in comparisons (ASCII letters only). An A-label and the
/// U-label it stands for are different here.
#[derive(Clone)]
pub struct Domain<'a>(Cow<'a, str>);

impl<'a> Domain<'a> {
    /// Most octets of a domain: RFC 5321 section 4.5.3.1.2.
    pub const MAX: usize = 255;

    /// Most octets of an ASCII label: RFC 1035 section 2.3.4.
    pub const MAX_LABEL: usize = 63;

    /// Most characters of a label that is not ASCII: its A-label spends four octets on `xn--` and at least
    /// one on each character (RFC 5890 section 2.3.2.1).
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
    /// U-labels are not checked by IDNA.
    ///
    /// # Errors
    /// The domain is empty or too long, or a label is malformed.
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

    /// Wraps a domain that a parser recognised.
    pub(crate) const fn trusted(raw: &'a str) -> Self {
        Self(Cow::Borrowed(raw))
    }

    /// The domain as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there are no U-labels.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// The labels, from the left.
    #[must_use]
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// The same domain, borrowed from this one.
    #[must_use]
    pub fn borrow(&self) -> Domain<'_> {
        Domain(Cow::Borrowed(&self.0))
    }

    /// The same domain with a text of its own.
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
    /// The domain with A-labels for U-labels, as the DNS wants it (RFC 5891 section 4, UTS 46).
    ///
    /// # Errors
    /// When a label is no valid U-label, or the result is too long.
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

    /// The domain with U-labels for A-labels, as people want it.
    ///
    /// # Errors
    /// When a label that starts with `xn--` is no A-label, or the result is too long.
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

impl FromStr for Domain<'static> {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        Domain::parse(text).map(Domain::into_owned)
    }
}

/// Hashes a text so that texts which differ in the case of ASCII letters hash alike.
pub(super) fn hash_ignoring_case<H: Hasher>(text: &str, state: &mut H) {
    for byte in text.bytes() {
        state.write_u8(byte.to_ascii_lowercase());
    }
    state.write_u8(0xff); // no text holds this octet: what is hashed next cannot run into this text
}

#[cfg(test)]
mod tests;
