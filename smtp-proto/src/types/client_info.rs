//! Values of the attributes of a client, and the commands XCLIENT and XFORWARD.

use alloc::{
    borrow::{Cow, ToOwned},
    string::{String, ToString},
};
use core::{fmt, net::IpAddr, str::FromStr};

use super::{ClientAttribute, ClientAttributes, InvalidArgument};
use crate::syntax::{client_info, xtext};

/// The attributes of a client, with their values, that a proxy passes on by XCLIENT or XFORWARD.
///
/// An attribute has a value, is unavailable, or is missing. Values are claims of the proxy: use them only if it is
/// trusted.
///
/// ```
/// use smtp_proto::types::{ClientAttribute, ClientInfo};
///
/// let info = ClientInfo::default()
///     .with(ClientAttribute::Addr, "2001:db8::7")?
///     .with(ClientAttribute::Helo, "a b")?
///     .with_unavailable(ClientAttribute::Name);
/// assert_eq!(info.to_string(), "ADDR=IPV6:2001:db8::7 HELO=a+20b NAME=[UNAVAILABLE]");
/// assert_eq!(info.addr(), Some("2001:db8::7".parse()?));
/// assert_eq!((info.helo().as_deref(), info.name(), info.login()), (Some("a b"), None, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientInfo<'a>(Cow<'a, str>);

/// The value of one attribute in a [`ClientInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum ClientValue<'a> {
    /// The value, decoded. An IP address has no prefix.
    Known(Cow<'a, str>),
    /// `[UNAVAILABLE]`: the attribute has no value, or the proxy does not know it.
    Unavailable,
    /// `[TEMPUNAVAIL]`: the lookup of the name failed temporarily.
    TemporarilyUnavailable,
}

/// The origin of a message: the attribute SOURCE of XFORWARD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these two")]
pub enum ClientSource {
    /// Inside the organisation.
    Local,
    /// Outside.
    Remote,
}

impl<'a> ClientInfo<'a> {
    /// Information without attributes.
    pub const EMPTY: &'static ClientInfo<'static> = &ClientInfo::trusted("");

    /// Maximum octets of a decoded value, as in Postfix.
    pub const MAX_VALUE: usize = 255;

    /// Wraps a text that the parser has already checked.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Sets an attribute to a value, which is not encoded. Replaces an earlier value. `[UNAVAILABLE]` and, for NAME,
    /// `[TEMPUNAVAIL]` have their special meaning. An IPv6 address may have the prefix `IPV6:`.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidArgument`] if the attribute cannot have this value.
    pub fn with(
        self,
        attribute: ClientAttribute,
        value: &str,
    ) -> Result<ClientInfo<'static>, InvalidArgument> {
        let value = match value.parse() {
            Ok(IpAddr::V6(address)) if is_address(attribute) => Cow::Owned(prefixed(address.into())),
            _ => Cow::Borrowed(value),
        };
        client_info::check(attribute, &value)?;
        Ok(self.with_encoded(attribute, &xtext::encode(&value)))
    }

    /// Sets ADDR and PORT to the address of the client.
    #[must_use]
    pub fn with_addr(self, address: core::net::SocketAddr) -> ClientInfo<'static> {
        self.with_encoded(ClientAttribute::Addr, &prefixed(address.ip()))
            .with_encoded(ClientAttribute::Port, &address.port().to_string())
    }

    /// Sets an attribute to `[UNAVAILABLE]`.
    #[must_use]
    pub fn with_unavailable(self, attribute: ClientAttribute) -> ClientInfo<'static> {
        self.with_encoded(attribute, client_info::UNAVAILABLE)
    }

    /// Replaces the attributes that are in `later`.
    pub(crate) fn updated(self, later: &ClientInfo<'_>) -> ClientInfo<'static> {
        let mut text = self.without(later.attributes());
        if !text.is_empty() && !later.is_empty() {
            text.push(' ');
        }
        text.push_str(&later.0);
        ClientInfo(Cow::Owned(text))
    }

    /// Keeps only attributes of this set.
    #[must_use]
    pub fn only(self, attributes: ClientAttributes) -> ClientInfo<'static> {
        let others = ClientAttribute::ALL
            .into_iter()
            .filter(|attribute| !attributes.contains(*attribute));
        ClientInfo(Cow::Owned(self.without(others.collect())))
    }

    fn with_encoded(self, attribute: ClientAttribute, encoded: &str) -> ClientInfo<'static> {
        let mut text = self.without(ClientAttributes::default().with(attribute));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(attribute.as_str());
        text.push('=');
        text.push_str(encoded);
        ClientInfo(Cow::Owned(text))
    }

    /// The text without attributes of this set.
    fn without(&self, attributes: ClientAttributes) -> String {
        let mut text = String::new();
        for (attribute, value) in self.encoded() {
            if !attributes.contains(attribute) {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(attribute.as_str());
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }

    /// The attributes in the order of the text, each with its encoded value.
    pub(crate) fn encoded(&self) -> impl Iterator<Item = (ClientAttribute, &str)> {
        self.0.split_ascii_whitespace().filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            Some((ClientAttribute::find(name.as_bytes())?, value))
        })
    }

    /// Returns the attributes that are present, with a value or unavailable.
    #[must_use]
    pub fn attributes(&self) -> ClientAttributes {
        self.encoded().map(|(attribute, _)| attribute).collect()
    }

    /// Returns true if no attribute is present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of an attribute. Returns `None` if the attribute is missing. If it occurs twice, the last one
    /// counts.
    #[must_use]
    pub fn get(&self, attribute: ClientAttribute) -> Option<ClientValue<'_>> {
        let (_, encoded) = self.encoded().filter(|(known, _)| *known == attribute).last()?;
        let value = xtext::decode(encoded);
        Some(if client_info::is_unavailable(&value) {
            ClientValue::Unavailable
        } else if attribute == ClientAttribute::Name && client_info::is_temporarily_unavailable(&value) {
            ClientValue::TemporarilyUnavailable
        } else if is_address(attribute) {
            match unprefixed(&value) {
                Some(address) => ClientValue::Known(address.to_string().into()),
                None => ClientValue::Unavailable,
            }
        } else {
            ClientValue::Known(value)
        })
    }

    /// The host name of the client. Returns `None` if it is unknown.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.known(ClientAttribute::Name)
    }

    /// The IP address of the client. Returns `None` if it is unknown.
    #[must_use]
    pub fn addr(&self) -> Option<IpAddr> {
        self.parsed(ClientAttribute::Addr)
    }

    /// The TCP port of the client. Returns `None` if it is unknown.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.parsed(ClientAttribute::Port)
    }

    /// The protocol of the client, such as SMTP or ESMTP. Returns `None` if it is unknown.
    #[must_use]
    pub fn proto(&self) -> Option<Cow<'_, str>> {
        self.known(ClientAttribute::Proto)
    }

    /// The name that the client sent in EHLO or HELO. Returns `None` if it is unknown.
    #[must_use]
    pub fn helo(&self) -> Option<Cow<'_, str>> {
        self.known(ClientAttribute::Helo)
    }

    /// The identity under which the client authenticated at the proxy. Returns `None` if it is unknown.
    #[must_use]
    pub fn login(&self) -> Option<Cow<'_, str>> {
        self.known(ClientAttribute::Login)
    }

    /// The IP address to which the client connected. Returns `None` if it is unknown.
    #[must_use]
    pub fn dest_addr(&self) -> Option<IpAddr> {
        self.parsed(ClientAttribute::DestAddr)
    }

    /// The TCP port to which the client connected. Returns `None` if it is unknown.
    #[must_use]
    pub fn dest_port(&self) -> Option<u16> {
        self.parsed(ClientAttribute::DestPort)
    }

    /// The identifier of the message at the proxy. Returns `None` if it is unknown.
    #[must_use]
    pub fn ident(&self) -> Option<Cow<'_, str>> {
        self.known(ClientAttribute::Ident)
    }

    /// The origin of the message. Returns `None` if it is unknown.
    #[must_use]
    pub fn source(&self) -> Option<ClientSource> {
        let source = self.known(ClientAttribute::Source)?;
        Some(if source.eq_ignore_ascii_case("LOCAL") {
            ClientSource::Local
        } else {
            ClientSource::Remote
        })
    }

    fn known(&self, attribute: ClientAttribute) -> Option<Cow<'_, str>> {
        match self.get(attribute)? {
            ClientValue::Known(value) => Some(value),
            _ => None,
        }
    }

    fn parsed<T: FromStr>(&self, attribute: ClientAttribute) -> Option<T> {
        self.known(attribute)?.parse().ok()
    }

    /// Copies a borrowed value, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> ClientInfo<'static> {
        ClientInfo(Cow::Owned(self.0.into_owned()))
    }

    /// Returns the text as it was sent: attributes and encoded values.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident, $attributes:expr, $verb:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(ClientInfo<'a>);

        impl<'a> $name<'a> {
            /// The attributes that the command may have.
            pub const ATTRIBUTES: ClientAttributes = $attributes;

            #[doc = concat!("Creates a command from the attributes that ", $verb, " may have. Returns `None` if none is left.")]
            #[must_use]
            pub fn new(info: &ClientInfo<'_>) -> Option<$name<'static>> {
                let text = client_info::fitting(info, $attributes)?;
                Some($name(ClientInfo(Cow::Owned(text))))
            }

            /// Wraps attributes that the parser has already checked.
            pub(crate) const fn trusted(info: ClientInfo<'a>) -> Self {
                Self(info)
            }

            /// The attributes, at least one.
            #[must_use]
            pub const fn info(&self) -> &ClientInfo<'a> {
                &self.0
            }

            /// Returns the attributes.
            #[must_use]
            pub fn into_info(self) -> ClientInfo<'a> {
                self.0
            }

            /// Copies a borrowed command, so that it borrows nothing.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }
        }
    )*};
}

commands! {
    /// The command `"XCLIENT" 1*(SP attribute "=" xtext)`: a proxy passes on the identity of its client. [Postfix
    /// defines it](https://www.postfix.org/XCLIENT_README.html). PROTO is SMTP or ESMTP.
    Xclient, ClientAttributes::XCLIENT, "XCLIENT";

    /// The command `"XFORWARD" 1*(SP attribute "=" xtext)`: a content filter passes on the origin of the next message,
    /// for logs. [Postfix defines it](https://www.postfix.org/XFORWARD_README.html).
    Xforward, ClientAttributes::XFORWARD, "XFORWARD";
}

/// Returns true for an attribute whose value is an IP address.
const fn is_address(attribute: ClientAttribute) -> bool {
    matches!(attribute, ClientAttribute::Addr | ClientAttribute::DestAddr)
}

/// Parses an IP address in the form of an attribute.
pub(crate) fn unprefixed(value: &str) -> Option<IpAddr> {
    match value.split_at_checked(PREFIX.len()) {
        Some((prefix, address)) if prefix.eq_ignore_ascii_case(PREFIX) => {
            address.parse().ok().map(IpAddr::V6)
        }
        _ => value.parse().ok().map(IpAddr::V4),
    }
}

/// Writes an IP address in the form of an attribute.
fn prefixed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let mut text = PREFIX.to_owned();
            text.push_str(&address.to_string());
            text
        }
    }
}

const PREFIX: &str = "IPV6:";

#[cfg(test)]
mod tests;
