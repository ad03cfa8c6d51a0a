//! Optional serialisation, for a queue that stores envelopes and outcomes.

use core::{fmt, marker::PhantomData, str::FromStr};

use serde::{
    Deserializer,
    de::{Error, Visitor},
};

/// Serialises types as their `Display` text, and parses the text to deserialise them.
macro_rules! serde_as_str {
    ($($type:ident $(<$borrowed:lifetime, $owned:lifetime>)?: $expected:literal),* $(,)?) => {$(
        impl serde::Serialize for $type$(<$borrowed>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type$(<$owned>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::serde::parse_str(deserializer, $expected)
            }
        }
    )*};
}
pub(crate) use serde_as_str;

/// Deserialises a string and parses it. `expected` names the type in an error.
pub(crate) fn parse_str<'de, D, T>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_str(Text {
        expected,
        parsed: PhantomData,
    })
}

struct Text<T> {
    expected: &'static str,
    parsed: PhantomData<T>,
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}
