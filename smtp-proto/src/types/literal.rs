//! Address literals and hosts. A host is a domain or a literal.

use alloc::borrow::Cow;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::domain::{cmp_ignoring_case, hash_ignoring_case};
use super::{Domain, InvalidAddress};
use crate::syntax::address;

/// An address literal with its brackets, `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
///
/// Comparison, order and hash use the text and ignore the case of ASCII letters: two spellings of one IPv6 address are
/// different. Compare [`AddressLiteral::address`] to treat them as equal.
///
/// ```
/// use smtp_proto::types::AddressLiteral;
///
/// let literal = AddressLiteral::parse("[IPv6:2001:db8::1]")?;
/// assert_eq!(literal.address(), "2001:db8::1".parse().ok());
/// assert_eq!(AddressLiteral::from(core::net::Ipv4Addr::LOCALHOST).as_str(), "[127.0.0.1]");
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct AddressLiteral<'a> {
    raw: Cow<'a, str>,
    address: Option<IpAddr>,
}

impl<'a> AddressLiteral<'a> {
    /// Maximum octets of a literal with its brackets: the same as of a domain.
    pub const MAX: usize = Domain::MAX;

    /// Parses an address literal (RFC 5321 section 4.1.3).
    ///
    /// ```abnf
    /// address-literal         = "[" ( IPv4-address-literal /
    ///                           IPv6-address-literal /
    ///                           General-address-literal ) "]"
    /// IPv4-address-literal    = Snum 3("." Snum)
    /// IPv6-address-literal    = "IPv6:" IPv6-addr
    /// General-address-literal = Standardized-tag ":" 1*dcontent
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the literal is malformed or too long.
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use smtp_proto::types::AddressLiteral;
    ///
    /// let literal = AddressLiteral::parse("[IPv6:2001:db8::1]")?;
    /// assert_eq!(literal.address(), "2001:db8::1".parse::<IpAddr>().ok());
    /// assert!(AddressLiteral::parse("[IPv6:fe80::1%eth0]").is_err());
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        address::parse_literal(text)
    }

    /// Wraps a literal that the parser has already checked.
    pub(crate) const fn trusted(raw: &'a str, address: Option<IpAddr>) -> Self {
        Self {
            raw: Cow::Borrowed(raw),
            address,
        }
    }

    /// Returns the literal as it was parsed, with its brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Returns the IP address. Returns `None` for a literal of another kind (`[tag:content]`).
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Borrows the literal.
    #[must_use]
    pub fn as_borrowed(&self) -> AddressLiteral<'_> {
        AddressLiteral::trusted(&self.raw, self.address)
    }

    /// Copies a borrowed literal, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> AddressLiteral<'static> {
        AddressLiteral {
            raw: Cow::Owned(self.raw.into_owned()),
            address: self.address,
        }
    }

    pub(crate) fn into_raw(self) -> Cow<'a, str> {
        self.raw
    }
}

impl From<Ipv4Addr> for AddressLiteral<'static> {
    fn from(address: Ipv4Addr) -> Self {
        IpAddr::from(address).into()
    }
}

impl From<Ipv6Addr> for AddressLiteral<'static> {
    fn from(address: Ipv6Addr) -> Self {
        IpAddr::from(address).into()
    }
}

impl From<IpAddr> for AddressLiteral<'static> {
    fn from(address: IpAddr) -> Self {
        let mut raw = String::new();
        let _ = write_address(address, &mut raw);
        Self {
            raw: Cow::Owned(raw),
            address: Some(address),
        }
    }
}

/// Writes the literal of an address. Not with `write!`, because a server does so for each message.
pub(crate) fn write_address(address: IpAddr, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
    let address = match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => return write!(out, "[IPv6:{address}]"),
    };
    let mut before = '[';
    for octet in address.octets() {
        out.write_char(before)?;
        before = '.';
        if octet >= 100 {
            out.write_char(digit(octet / 100))?;
        }
        if octet >= 10 {
            out.write_char(digit(octet / 10))?;
        }
        out.write_char(digit(octet))?;
    }
    out.write_char(']')
}

/// The last digit of a number.
const fn digit(number: u8) -> char {
    (b'0' + number % 10) as char
}

impl PartialEq<AddressLiteral<'_>> for AddressLiteral<'_> {
    fn eq(&self, other: &AddressLiteral<'_>) -> bool {
        self.raw.eq_ignore_ascii_case(&other.raw)
    }
}

impl Eq for AddressLiteral<'_> {}

impl PartialOrd<AddressLiteral<'_>> for AddressLiteral<'_> {
    fn partial_cmp(&self, other: &AddressLiteral<'_>) -> Option<Ordering> {
        Some(cmp_ignoring_case(&self.raw, &other.raw))
    }
}

impl Ord for AddressLiteral<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_ignoring_case(&self.raw, &other.raw)
    }
}

impl Hash for AddressLiteral<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_ignoring_case(&self.raw, state);
    }
}

impl fmt::Debug for AddressLiteral<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressLiteral({})", self.raw)
    }
}

impl fmt::Display for AddressLiteral<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.raw)
    }
}

/// A domain or an address literal: the part of a mailbox after the `@`, or the name of a host in EHLO.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5321 section 4.1.2 has these two")]
pub enum Host<'a> {
    /// A domain name.
    Domain(Domain<'a>),
    /// An address literal.
    Literal(AddressLiteral<'a>),
}

impl<'a> Host<'a> {
    /// Parses an address literal if the text starts with a bracket, otherwise a domain.
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if the text is malformed or too long.
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        if text.starts_with('[') {
            AddressLiteral::parse(text).map(Self::Literal)
        } else {
            Domain::parse(text).map(Self::Domain)
        }
    }

    /// Returns the text as it was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Domain(domain) => domain.as_str(),
            Self::Literal(literal) => literal.as_str(),
        }
    }

    /// Borrows the host.
    #[must_use]
    pub fn as_borrowed(&self) -> Host<'_> {
        match self {
            Self::Domain(domain) => Host::Domain(domain.as_borrowed()),
            Self::Literal(literal) => Host::Literal(literal.as_borrowed()),
        }
    }

    /// Copies a borrowed host, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Host<'static> {
        match self {
            Self::Domain(domain) => Host::Domain(domain.into_owned()),
            Self::Literal(literal) => Host::Literal(literal.into_owned()),
        }
    }
}

impl<'a> From<Domain<'a>> for Host<'a> {
    fn from(domain: Domain<'a>) -> Self {
        Self::Domain(domain)
    }
}

impl<'a> From<AddressLiteral<'a>> for Host<'a> {
    fn from(literal: AddressLiteral<'a>) -> Self {
        Self::Literal(literal)
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
