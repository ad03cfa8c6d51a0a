//! Names of mechanisms.

use core::fmt;
use core::str::FromStr;

/// The name of a SASL mechanism: `1*20mech-char`, of `A`-`Z`, digits, `-` and `_` (RFC 4422 section 3.1).
///
/// Any such name can be made: the constants are those that this crate knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mechanism {
    /// Upper case, zeros behind it.
    name: [u8; Self::MAX],
    len: u8,
}

/// How the exchange of a mechanism goes, as far as a server has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One response of the client says all that there is to say.
    OneResponse,
    /// Two questions of the server. By the letter there is no initial response (RFC 4954 section 4), but many clients
    /// send the user name there, and it means nothing else.
    Login,
    /// Several steps, the first of them the client's.
    ClientFirst,
    /// Several steps, the first of them the server's: an initial response is an error.
    ServerFirst,
    /// Nobody here knows.
    Unknown,
}

/// Why a text is not the name of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mechanism is named by 1 to 20 letters, digits, hyphens and underscores")]
#[non_exhaustive]
pub struct InvalidMechanism;

impl Mechanism {
    /// Most octets of a name (RFC 4422 section 3.1).
    pub const MAX: usize = 20;

    /// A user name and a password as they are (RFC 4616).
    pub const PLAIN: Self = Self::fixed("PLAIN");
    /// The same in two steps (draft-murchison-sasl-login).
    pub const LOGIN: Self = Self::fixed("LOGIN");
    /// A bearer token as it is, in the form that came before OAUTHBEARER (no RFC).
    pub const XOAUTH2: Self = Self::fixed("XOAUTH2");
    /// A bearer token as it is (RFC 7628).
    pub const OAUTHBEARER: Self = Self::fixed("OAUTHBEARER");
    /// What is known from outside, such as a TLS certificate (RFC 4422 appendix A).
    pub const EXTERNAL: Self = Self::fixed("EXTERNAL");
    /// Nobody in particular (RFC 4505).
    pub const ANONYMOUS: Self = Self::fixed("ANONYMOUS");
    /// A digest of the password and a challenge (RFC 2195).
    pub const CRAM_MD5: Self = Self::fixed("CRAM-MD5");
    /// Mutual proof of a password (RFC 5802).
    pub const SCRAM_SHA_1: Self = Self::fixed("SCRAM-SHA-1");
    /// The same, bound to the TLS session (RFC 5802, RFC 9266).
    pub const SCRAM_SHA_1_PLUS: Self = Self::fixed("SCRAM-SHA-1-PLUS");
    /// Mutual proof of a password (RFC 7677).
    pub const SCRAM_SHA_256: Self = Self::fixed("SCRAM-SHA-256");
    /// The same, bound to the TLS session (RFC 7677, RFC 9266).
    pub const SCRAM_SHA_256_PLUS: Self = Self::fixed("SCRAM-SHA-256-PLUS");

    /// Reads a name in any case of letters.
    ///
    /// # Errors
    /// When it is empty, longer than [`MAX`](Self::MAX), or holds another character.
    pub fn parse(text: &str) -> Result<Self, InvalidMechanism> {
        let mut name = [0; Self::MAX];
        let room = name.get_mut(..text.len()).ok_or(InvalidMechanism)?;
        if text.is_empty() || !text.bytes().all(is_mechanism_octet) {
            return Err(InvalidMechanism);
        }
        room.copy_from_slice(text.as_bytes());
        name.make_ascii_uppercase();
        Ok(Self {
            name,
            len: text.len() as u8,
        })
    }

    /// The name, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let name = self.name.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(name).unwrap_or_default()
    }

    /// Whether the password or token can be read from what the client sends, so that TLS must come first. A mechanism
    /// that has no constant here is taken to show it.
    #[must_use]
    pub fn shows_secret(self) -> bool {
        match self.shape() {
            Shape::Login | Shape::Unknown => true,
            Shape::OneResponse => ![Self::EXTERNAL, Self::ANONYMOUS].contains(&self),
            Shape::ClientFirst | Shape::ServerFirst => false,
        }
    }

    /// Whether it binds the exchange to the TLS session: its name ends in `-PLUS` (RFC 5801 section 4).
    #[must_use]
    pub fn binds_channel(self) -> bool {
        self.as_str().ends_with("-PLUS")
    }

    /// How an exchange goes.
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::PLAIN | Self::XOAUTH2 | Self::OAUTHBEARER | Self::EXTERNAL | Self::ANONYMOUS => {
                Shape::OneResponse
            }
            Self::LOGIN => Shape::Login,
            Self::CRAM_MD5 => Shape::ServerFirst,
            Self::SCRAM_SHA_1 | Self::SCRAM_SHA_1_PLUS | Self::SCRAM_SHA_256 | Self::SCRAM_SHA_256_PLUS => {
                Shape::ClientFirst
            }
            _ => Shape::Unknown,
        }
    }

    /// For the constants. Fails to compile for a name that is too long.
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time only, where a panic is an error"
    )]
    const fn fixed(text: &str) -> Self {
        let text = text.as_bytes();
        let mut name = [0; Self::MAX];
        let mut at = 0;
        while at < text.len() {
            name[at] = text[at];
            at += 1;
        }
        Self {
            name,
            len: text.len() as u8,
        }
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mechanism {
    type Err = InvalidMechanism;

    fn from_str(text: &str) -> Result<Self, InvalidMechanism> {
        Self::parse(text)
    }
}

/// `mech-char`, in any case of letters.
const fn is_mechanism_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')
}

#[cfg(test)]
mod tests;
