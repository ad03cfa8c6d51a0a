//! Attributes of a client that a proxy passes on by XCLIENT or XFORWARD.

use core::fmt;

/// An attribute of a client in XCLIENT or XFORWARD, which Postfix defines (no RFC).
///
/// The case of the letters of a name does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ClientAttribute {
    /// `NAME`: the host name of the client.
    Name,
    /// `ADDR`: the IP address of the client.
    Addr,
    /// `PORT`: the TCP port of the client.
    Port,
    /// `PROTO`: SMTP or ESMTP.
    Proto,
    /// `HELO`: the name that the client gave in EHLO or HELO.
    Helo,
    /// `LOGIN`: the identity that the client authenticated as (XCLIENT).
    Login,
    /// `DESTADDR`: the IP address to which the client connected (XCLIENT).
    DestAddr,
    /// `DESTPORT`: the TCP port to which the client connected (XCLIENT).
    DestPort,
    /// `IDENT`: the identifier of the message at the proxy (XFORWARD).
    Ident,
    /// `SOURCE`: the origin of the message, inside or outside (XFORWARD).
    Source,
}

impl ClientAttribute {
    /// All attributes, in the order in which EHLO lists them.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Addr,
        Self::Port,
        Self::Proto,
        Self::Helo,
        Self::Login,
        Self::DestAddr,
        Self::DestPort,
        Self::Ident,
        Self::Source,
    ];

    /// Finds an attribute by its name, in any case of letters.
    #[must_use]
    pub fn find(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|attribute| name.eq_ignore_ascii_case(attribute.as_str().as_bytes()))
    }

    /// Returns the name in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Addr => "ADDR",
            Self::Port => "PORT",
            Self::Proto => "PROTO",
            Self::Helo => "HELO",
            Self::Login => "LOGIN",
            Self::DestAddr => "DESTADDR",
            Self::DestPort => "DESTPORT",
            Self::Ident => "IDENT",
            Self::Source => "SOURCE",
        }
    }
}

impl fmt::Display for ClientAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of attributes of a client, such as those that EHLO lists after XCLIENT or XFORWARD.
///
/// ```
/// use smtp_proto::types::{ClientAttribute, ClientAttributes};
///
/// let taken: ClientAttributes = [ClientAttribute::Addr, ClientAttribute::Name].into_iter().collect();
/// assert_eq!(taken.to_string(), "NAME ADDR");
/// assert!(ClientAttributes::XCLIENT.contains(ClientAttribute::Login));
/// assert!(!ClientAttributes::XFORWARD.contains(ClientAttribute::Login));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ClientAttributes(u16);

impl ClientAttributes {
    /// All attributes of XCLIENT.
    pub const XCLIENT: Self = Self::EMPTY
        .with(ClientAttribute::Name)
        .with(ClientAttribute::Addr)
        .with(ClientAttribute::Port)
        .with(ClientAttribute::Proto)
        .with(ClientAttribute::Helo)
        .with(ClientAttribute::Login)
        .with(ClientAttribute::DestAddr)
        .with(ClientAttribute::DestPort);

    /// All attributes of XFORWARD.
    pub const XFORWARD: Self = Self::EMPTY
        .with(ClientAttribute::Name)
        .with(ClientAttribute::Addr)
        .with(ClientAttribute::Port)
        .with(ClientAttribute::Proto)
        .with(ClientAttribute::Helo)
        .with(ClientAttribute::Ident)
        .with(ClientAttribute::Source);

    const EMPTY: Self = Self(0);

    /// Returns the set with one more attribute.
    #[must_use]
    pub const fn with(self, attribute: ClientAttribute) -> Self {
        Self(self.0 | 1 << attribute as u16)
    }

    /// Returns the set without an attribute.
    #[must_use]
    pub const fn without(self, attribute: ClientAttribute) -> Self {
        Self(self.0 & !(1 << attribute as u16))
    }

    /// Returns true if the set has the attribute.
    #[must_use]
    pub const fn contains(self, attribute: ClientAttribute) -> bool {
        self.0 & (1 << attribute as u16) != 0
    }

    /// Returns true if `others` has every attribute of this set.
    pub(crate) const fn is_subset(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Returns true if the set has no attribute.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Iterates over the attributes, in the order of [`ClientAttribute::ALL`].
    pub fn iter(self) -> impl Iterator<Item = ClientAttribute> {
        ClientAttribute::ALL
            .into_iter()
            .filter(move |attribute| self.contains(*attribute))
    }
}

impl FromIterator<ClientAttribute> for ClientAttributes {
    fn from_iter<I: IntoIterator<Item = ClientAttribute>>(attributes: I) -> Self {
        attributes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Display for ClientAttributes {
    /// Writes the names with a space between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, attribute) in self.iter().enumerate() {
            f.write_str(if place > 0 { " " } else { "" })?;
            f.write_str(attribute.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ClientAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientAttributes({self})")
    }
}

#[cfg(test)]
mod tests;
