//! OAUTHBEARER (RFC 7628) and its predecessor XOAUTH2.

use alloc::string::String;

use super::name::{escape, is_name, name, unescape};
use super::{AuthRequest, ClientMechanism, Context, Mechanism, MechanismError, Secret};

/// The client's side of both mechanisms.
#[derive(Debug)]
pub(super) struct BearerClient {
    mechanism: Mechanism,
    initial: Option<Secret>,
    /// The server has sent its error challenge.
    failed: bool,
}

impl BearerClient {
    /// Creates a client for OAUTHBEARER. It omits a host or port that is unknown, and a host that the mechanism cannot
    /// carry. Returns `None` if the mechanism cannot carry the identity or the token.
    pub(super) fn oauthbearer(identity: &str, token: &Secret, context: &Context<'_>) -> Option<Self> {
        if !(identity.is_empty() || is_name(identity)) || !is_token(token.expose()) {
            return None;
        }
        let host = context
            .host
            .filter(|host| !host.is_empty() && host.bytes().all(|octet| octet.is_ascii_graphic()));
        let mut head = String::from("n,");
        if !identity.is_empty() {
            head.push_str("a=");
            head.push_str(&escape(identity));
        }
        head.push_str(",\x01");
        if let Some(host) = host {
            head.push_str("host=");
            head.push_str(host);
            head.push('\x01');
        }
        if let Some(port) = context.port {
            head.push_str(&alloc::format!("port={port}\x01"));
        }
        let parts = [head.as_bytes(), b"auth=Bearer ", token.expose(), b"\x01\x01"];
        Self::new(Mechanism::OAUTHBEARER, &parts)
    }

    /// Creates a client for XOAUTH2. Returns `None` if the mechanism cannot carry the user or the token.
    pub(super) fn xoauth2(user: &str, token: &Secret) -> Option<Self> {
        let parts = [
            b"user=".as_slice(),
            user.as_bytes(),
            b"\x01auth=Bearer ",
            token.expose(),
            b"\x01\x01",
        ];
        (is_name(user) && is_token(token.expose()))
            .then(|| Self::new(Mechanism::XOAUTH2, &parts))
            .flatten()
    }

    fn new(mechanism: Mechanism, parts: &[&[u8]]) -> Option<Self> {
        Some(Self {
            mechanism,
            initial: Some(super::response(parts)?),
            failed: false,
        })
    }
}

impl ClientMechanism for BearerClient {
    fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    fn initial_response(&mut self) -> Option<Secret> {
        Some(self.initial.take().unwrap_or_default())
    }

    /// Acknowledges the server's error challenge. The server then sends its negative reply (RFC 7628 section 3.2.3).
    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        if self.initial.is_some() || self.failed {
            return Err(MechanismError::UnexpectedStep);
        }
        self.failed = true;
        let acknowledgement: &[u8] = if self.mechanism == Mechanism::OAUTHBEARER {
            b"\x01"
        } else {
            b""
        };
        Ok(acknowledgement.into())
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        super::sent(self.initial.is_none() && !self.failed)
    }
}

/// The error challenge that a server sends before its negative reply (RFC 7628 section 3.2.2). Returns `None` for
/// mechanisms without one.
pub(crate) fn failure(mechanism: Mechanism) -> Option<&'static [u8]> {
    match mechanism {
        Mechanism::OAUTHBEARER => Some(br#"{"status":"invalid_token"}"#),
        Mechanism::XOAUTH2 => Some(br#"{"status":"401","schemes":"bearer"}"#),
        _ => None,
    }
}

/// The error challenge for a client that sends no token in order to discover which one it needs (RFC 7628 section 4.3).
/// Returns `None` for any other response.
pub(crate) fn discovery(mechanism: Mechanism, response: &[u8]) -> Option<&'static [u8]> {
    let discovers = mechanism == Mechanism::OAUTHBEARER && matches!(oauthbearer(response), Some((_, None)));
    discovers.then(|| failure(mechanism)).flatten()
}

/// Returns true for a bearer token (RFC 6750 section 2.1):
///
/// ```text
/// b64token    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
/// ```
fn is_token(octets: &[u8]) -> bool {
    let end = octets
        .iter()
        .rposition(|octet| *octet != b'=')
        .map_or(0, |at| at + 1);
    end > 0
        && octets
            .iter()
            .take(end)
            .all(|octet| octet.is_ascii_alphanumeric() || b"-._~+/".contains(octet))
}

/// Parses the value of an HTTP `Authorization` header: `"Bearer" 1*SP b64token`. The scheme is case-insensitive.
fn credentials(value: &[u8]) -> Option<Secret> {
    let (scheme, rest) = value.split_at_checked(b"Bearer".len())?;
    let token = rest.trim_ascii_start();
    let blanks = rest.get(..rest.len() - token.len())?;
    let fits = scheme.eq_ignore_ascii_case(b"Bearer")
        && !blanks.is_empty()
        && blanks.iter().all(|octet| *octet == b' ')
        && is_token(token);
    fits.then(|| token.into())
}

/// Parses the response of XOAUTH2:
///
/// ```text
/// initial-response = "user=" user %x01 "auth=Bearer " token %x01 %x01
/// ```
pub(super) fn parse_xoauth2(response: &[u8]) -> Option<AuthRequest> {
    let fields = response.strip_prefix(b"user=")?.strip_suffix(b"\x01\x01")?;
    let end = fields.iter().position(|octet| *octet == 1)?;
    let (user, rest) = fields.split_at_checked(end)?;
    Some(AuthRequest::Bearer {
        user: Some(name(user)?),
        token: credentials(rest.strip_prefix(b"\x01auth=")?)?,
    })
}

/// Parses the response of an OAUTHBEARER client that sends a token.
pub(super) fn parse_oauthbearer(response: &[u8]) -> Option<AuthRequest> {
    let (user, token) = oauthbearer(response)?;
    Some(AuthRequest::Bearer { user, token: token? })
}

/// Parses the response of OAUTHBEARER:
///
/// ```text
/// kvsep          = %x01
/// key            = 1*(ALPHA)
/// value          = *(VCHAR / SP / HTAB / CR / LF )
/// kvpair         = key "=" value kvsep
/// client-resp    = (gs2-header kvsep *kvpair kvsep) / kvsep
/// gs2-header     = gs2-cb-flag "," [ "a=" saslname ] ","
/// gs2-cb-flag    = ("p=" cb-name) / "n" / "y"
/// ```
///
/// The mechanism has no channel binding, so `p` is refused. The second form of `client-resp` acknowledges an error
/// challenge and is refused here. An empty `auth` carries no token. Other keys than `auth` are ignored.
fn oauthbearer(response: &[u8]) -> Option<(Option<String>, Option<Secret>)> {
    let rest = response
        .strip_prefix(b"n,")
        .or_else(|| response.strip_prefix(b"y,"))?;
    let (identity, rest) = rest.split_at_checked(rest.iter().position(|octet| *octet == b',')?)?;
    let user = match identity.strip_prefix(b"a=") {
        Some(name) => Some(unescape(name)?),
        None if identity.is_empty() => None,
        None => return None,
    };
    let pairs = rest.strip_prefix(b",\x01")?.strip_suffix(b"\x01\x01")?;
    let mut auth = None;
    for pair in pairs.split(|octet| *octet == 1) {
        let (key, value) = pair.split_at_checked(pair.iter().position(|octet| *octet == b'=')?)?;
        let value = value.strip_prefix(b"=")?;
        if key.is_empty() || !key.iter().all(u8::is_ascii_alphabetic) || !value.iter().all(is_value) {
            return None;
        }
        if key == b"auth" && auth.replace(value).is_some() {
            return None;
        }
    }
    let token = match auth? {
        b"" => None,
        value => Some(credentials(value)?),
    };
    Some((user, token))
}

/// Returns true for an octet allowed in a `value`.
const fn is_value(octet: &u8) -> bool {
    octet.is_ascii_graphic() || matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
