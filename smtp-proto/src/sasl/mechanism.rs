//! Mechanism names.

use core::fmt;
use core::str::FromStr;

/// The name of a SASL mechanism: `1*20mech-char`, of `A`-`Z`, digits, `-` and `_` (RFC 4422 section 3.1).
///
/// Any valid name can be represented. The constants are the mechanisms that this crate implements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mechanism {
    /// Upper case, padded with zeros.
    name: [u8; Self::MAX],
    len: u8,
}

/// Message flow of a mechanism, as far as a server needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One response from the client.
    OneResponse,
    /// Two challenges. RFC 4954 section 4 allows no initial response, but many clients send the user name there, and
    /// it can mean nothing else.
    Login,
    /// Several steps; the client sends first.
    ClientFirst,
    /// Several steps; the server sends first. An initial response is an error.
    ServerFirst,
    /// Not implemented by this crate.
    Unknown,
}

/// Error for a text that is not a mechanism name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid mechanism name: expected 1 to 20 letters, digits, hyphens and underscores")]
#[non_exhaustive]
pub struct InvalidMechanism;

impl Mechanism {
    /// Maximum octets of a name (RFC 4422 section 3.1).
    pub const MAX: usize = 20;

    /// User name and password in plaintext, in one message (RFC 4616).
    pub const PLAIN: Self = Self::from_static("PLAIN");
    /// User name and password in plaintext, in two messages (draft-murchison-sasl-login).
    pub const LOGIN: Self = Self::from_static("LOGIN");
    /// Bearer token in plaintext: the predecessor of OAUTHBEARER (no RFC).
    pub const XOAUTH2: Self = Self::from_static("XOAUTH2");
    /// Bearer token in plaintext (RFC 7628).
    pub const OAUTHBEARER: Self = Self::from_static("OAUTHBEARER");
    /// Identity established outside SASL, such as by a TLS certificate (RFC 4422 appendix A).
    pub const EXTERNAL: Self = Self::from_static("EXTERNAL");
    /// Anonymous access (RFC 4505).
    pub const ANONYMOUS: Self = Self::from_static("ANONYMOUS");
    /// Digest of the password and a challenge (RFC 2195).
    pub const CRAM_MD5: Self = Self::from_static("CRAM-MD5");
    /// Mutual proof of a password with SHA-1 (RFC 5802).
    pub const SCRAM_SHA_1: Self = Self::from_static("SCRAM-SHA-1");
    /// [`SCRAM_SHA_1`](Self::SCRAM_SHA_1) bound to the TLS session (RFC 5802, RFC 9266).
    pub const SCRAM_SHA_1_PLUS: Self = Self::from_static("SCRAM-SHA-1-PLUS");
    /// Mutual proof of a password with SHA-256 (RFC 7677).
    pub const SCRAM_SHA_256: Self = Self::from_static("SCRAM-SHA-256");
    /// [`SCRAM_SHA_256`](Self::SCRAM_SHA_256) bound to the TLS session (RFC 7677, RFC 9266).
    pub const SCRAM_SHA_256_PLUS: Self = Self::from_static("SCRAM-SHA-256-PLUS");
    /// Mutual proof of a password with SHA-512 (RFC 5802; no RFC of its own).
    pub const SCRAM_SHA_512: Self = Self::from_static("SCRAM-SHA-512");
    /// [`SCRAM_SHA_512`](Self::SCRAM_SHA_512) bound to the TLS session (RFC 5802, RFC 9266).
    pub const SCRAM_SHA_512_PLUS: Self = Self::from_static("SCRAM-SHA-512-PLUS");

    /// Parses a name, ignoring case.
    ///
    /// # Errors
    /// Returns an error if the text is empty, longer than [`MAX`](Self::MAX), or contains another character.
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

    /// Returns true if an eavesdropper can read the password or token from the client's messages, so that the mechanism
    /// needs TLS. Always true for mechanisms without a constant here.
    #[must_use]
    pub fn is_plaintext(self) -> bool {
        match self.shape() {
            Shape::Login | Shape::Unknown => true,
            Shape::OneResponse => ![Self::EXTERNAL, Self::ANONYMOUS].contains(&self),
            Shape::ClientFirst | Shape::ServerFirst => false,
        }
    }

    /// Returns true if the mechanism binds the exchange to the TLS session: its name ends in `-PLUS` (RFC 5801
    /// section 4).
    #[must_use]
    pub fn binds_channel(self) -> bool {
        self.as_str().ends_with("-PLUS")
    }

    /// The message flow of the mechanism.
    pub(crate) fn shape(self) -> Shape {
        match self {
            Self::PLAIN | Self::XOAUTH2 | Self::OAUTHBEARER | Self::EXTERNAL | Self::ANONYMOUS => {
                Shape::OneResponse
            }
            Self::LOGIN => Shape::Login,
            Self::CRAM_MD5 => Shape::ServerFirst,
            Self::SCRAM_SHA_1
            | Self::SCRAM_SHA_1_PLUS
            | Self::SCRAM_SHA_256
            | Self::SCRAM_SHA_256_PLUS
            | Self::SCRAM_SHA_512
            | Self::SCRAM_SHA_512_PLUS => Shape::ClientFirst,
            _ => Shape::Unknown,
        }
    }

    /// Creates a constant. A name that is too long does not compile.
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated at compile time only, where a panic is an error"
    )]
    const fn from_static(text: &str) -> Self {
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

/// Returns true for `mech-char` in upper or lower case.
const fn is_mechanism_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')
}

#[cfg(test)]
mod tests;
