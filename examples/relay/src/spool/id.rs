//! Names of messages.

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// The name of a message: 28 lower-case hexadecimal digits, the first 12 of them its time. Never a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Id(String);

/// The text is not an [`Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid id: expected 28 lower-case hexadecimal digits")]
pub(crate) struct InvalidId;

impl Id {
    const DIGITS: usize = 28;

    /// Makes a new name.
    pub(crate) fn new() -> Self {
        Self(format!("{:012x}{:016x}", now() & 0xffff_ffff_ffff, random()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let is_digit = |octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == Self::DIGITS && text.bytes().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(InvalidId)
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The time in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A random number: the keys of the standard library's hashers are random, and differ each time.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_path() {
        for text in [
            "",
            "..",
            "../precious",
            "0123456789abcdef0123456789a/",
            "0123456789ABCDEF0123456789AB",
        ] {
            assert_eq!(text.parse::<Id>(), Err(InvalidId), "{text}");
        }
        let id = Id::new();
        assert_eq!(id.as_str().parse::<Id>(), Ok(id));
    }

    #[test]
    fn ids_differ() {
        assert_ne!(Id::new(), Id::new());
    }
}
