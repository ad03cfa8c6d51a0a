//! Serialisation of the types that a queue stores (feature `serde`).

use alloc::vec::Vec;
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

use super::{
    AddressLiteral, Domain, EnhancedCode, ForwardPath, Host, MailParameters, Mailbox, Path, RcptParameters,
    Reply, ReversePath, Timestamp,
};
use crate::{serde::serde_as_str, syntax::parse_reply};

serde_as_str! {
    AddressLiteral<'_, 'static>: "an address literal",
    Domain<'_, 'static>: "a domain",
    EnhancedCode: "an enhanced status code",
    ForwardPath<'_, 'static>: "a forward-path",
    Host<'_, 'static>: "a domain or an address literal",
    Mailbox<'_, 'static>: "a mailbox",
    MailParameters<'_, 'static>: "MAIL parameters",
    Path<'_, 'static>: "a path",
    RcptParameters<'_, 'static>: "RCPT parameters",
    ReversePath<'_, 'static>: "a reverse-path",
    Timestamp: "a date-time of RFC 3339",
}

/// Serialises the octets of the reply: as a string if they are UTF-8 and the format is human-readable, otherwise as
/// bytes.
impl Serialize for Reply<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.raw()) {
            Ok(text) if serializer.is_human_readable() => serializer.serialize_str(text),
            _ => serializer.serialize_bytes(self.raw()),
        }
    }
}

impl<'de> Deserialize<'de> for Reply<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Octets)
        } else {
            deserializer.deserialize_byte_buf(Octets)
        }
    }
}

/// The octets of one reply.
struct Octets;

impl<'de> Visitor<'de> for Octets {
    type Value = Reply<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lines of a reply, each with CRLF")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_bytes(text.as_bytes())
    }

    fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Self::Value, E> {
        parse_reply(octets).map(Reply::into_owned).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut octets: A) -> Result<Self::Value, A::Error> {
        let mut raw = Vec::new();
        while let Some(octet) = octets.next_element()? {
            raw.push(octet);
        }
        self.visit_bytes(&raw)
    }
}

#[cfg(test)]
mod tests;
