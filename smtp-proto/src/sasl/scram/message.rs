//! Grammar of the messages (RFC 5802 section 7), without extensions.
//!
//! ```text
//! attr-val        = ALPHA "=" value
//! value           = 1*value-char                          ; any but NUL and ","
//! printable       = %x21-2B / %x2D-7E                     ; any but ","
//! posit-number    = %x31-39 *DIGIT
//! ```

use alloc::string::String;

use super::super::name::unescape;
use super::super::{Secret, base64};

/// Maximum octets of a nonce. About 24 are common, 48 with both parts; the limit leaves room for the rest of a message.
const MAX_NONCE: usize = 1024;

/// The client's channel binding flag (RFC 5801 section 4): `gs2-cbind-flag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag<'a> {
    /// `n`: the client does not support channel binding.
    Unable,
    /// `y`: the client supports channel binding, but thinks that the server does not.
    Able,
    /// `p=` and a type: the client uses channel binding.
    Bound(&'a [u8]),
}

/// The first message of a client:
///
/// ```text
/// client-first-message = gs2-header "n=" saslname ",r=" c-nonce
/// gs2-header      = gs2-cbind-flag "," [ "a=" saslname ] ","
/// gs2-cbind-flag  = ("p=" cb-name) / "n" / "y"
/// ```
#[derive(Debug)]
pub(super) struct ClientFirst<'a> {
    pub(super) flag: Flag<'a>,
    pub(super) authorization_id: Option<String>,
    pub(super) user: String,
    pub(super) nonce: &'a [u8],
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Self> {
        let [flag, authorization_id, user, nonce] = attributes(message)?;
        Some(Self {
            flag: match flag {
                b"n" => Flag::Unable,
                b"y" => Flag::Able,
                flag => Flag::Bound(flag.strip_prefix(b"p=").filter(|name| is_binding_type(name))?),
            },
            authorization_id: match authorization_id {
                b"" => None,
                name => Some(unescape(name.strip_prefix(b"a=")?)?),
            },
            user: unescape(user.strip_prefix(b"n=")?)?,
            nonce: nonce.strip_prefix(b"r=").filter(|nonce| is_nonce(nonce))?,
        })
    }
}

/// The first message of a server:
///
/// ```text
/// server-first-message = "r=" c-nonce s-nonce ",s=" base64 ",i=" posit-number
/// ```
#[derive(Debug)]
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a [u8],
    /// `None` if the number exceeds 32 bits.
    pub(super) iterations: Option<u32>,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Self> {
        let [nonce, salt, iterations] = attributes(message)?;
        let iterations = core::str::from_utf8(iterations.strip_prefix(b"i=")?).ok()?;
        let counts = !iterations.starts_with('0') && iterations.bytes().all(|octet| octet.is_ascii_digit());
        let salt = base64::decode(salt.strip_prefix(b"s=")?)?;
        (counts && !iterations.is_empty() && !salt.is_empty()).then_some(Self {
            nonce: nonce.strip_prefix(b"r=").filter(|nonce| is_nonce(nonce))?,
            iterations: iterations.parse().ok(),
        })
    }
}

/// The last message of a client:
///
/// ```text
/// client-final-message = "c=" base64 ",r=" nonce ",p=" base64
/// ```
#[derive(Debug)]
pub(super) struct ClientFinal {
    pub(super) proof: Secret,
}

impl ClientFinal {
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let [binding, nonce, proof] = attributes(message)?;
        base64::decode(binding.strip_prefix(b"c=")?)?;
        nonce.strip_prefix(b"r=").filter(|nonce| is_nonce(nonce))?;
        Some(Self {
            proof: base64::decode(proof.strip_prefix(b"p=")?)?,
        })
    }
}

/// The last message of a server:
///
/// ```text
/// server-final-message = ("e=" server-error-value / "v=" base64)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerFinal {
    Verifier,
    Error,
}

impl ServerFinal {
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let [value] = attributes(message)?;
        match value.split_at_checked(2)? {
            (b"v=", verifier) => base64::decode(verifier)
                .filter(|verifier| !verifier.is_empty())
                .map(|_| Self::Verifier),
            (b"e=", error) if !error.is_empty() => Some(Self::Error),
            _ => None,
        }
    }
}

/// Splits a message into exactly `N` attributes.
fn attributes<const N: usize>(message: &[u8]) -> Option<[&[u8]; N]> {
    let mut parts = message.split(|octet| *octet == b',');
    let mut attributes = [b"".as_slice(); N];
    for attribute in &mut attributes {
        *attribute = parts.next()?;
    }
    parts.next().is_none().then_some(attributes)
}

/// Returns true for `1*printable`. The caller has split at commas, so there is none.
pub(super) fn is_nonce(octets: &[u8]) -> bool {
    (1..=MAX_NONCE).contains(&octets.len()) && octets.iter().all(u8::is_ascii_graphic)
}

/// Returns true for `cb-name = 1*(ALPHA / DIGIT / "." / "-")`.
fn is_binding_type(octets: &[u8]) -> bool {
    !octets.is_empty()
        && octets
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b".-".contains(octet))
}
