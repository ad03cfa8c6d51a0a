//! PLAIN (RFC 4616).

use super::name::{is_name, name, optional_name};
use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};

/// The client's side. `None` after the response was sent.
#[derive(Debug)]
pub(super) struct PlainClient(Option<Secret>);

impl PlainClient {
    /// Returns `None` if the mechanism cannot carry a name or the password.
    pub(super) fn new(user: &str, password: &Secret, authorization_id: Option<&str>) -> Option<Self> {
        let fits = is_name(user)
            && authorization_id.is_none_or(is_name)
            && is_password(password.expose())
            && password.expose_str().is_some();
        let authorization_id = authorization_id.unwrap_or_default().as_bytes();
        let parts = [authorization_id, b"\0", user.as_bytes(), b"\0", password.expose()];
        let response = super::response(&parts).filter(|_| fits)?;
        Some(Self(Some(response)))
    }
}

impl ClientMechanism for PlainClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::PLAIN
    }

    fn initial_response(&mut self) -> Option<Secret> {
        Some(self.0.take().unwrap_or_default())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        Err(MechanismError::UnexpectedStep)
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        super::sent(self.0.is_none())
    }
}

/// Returns true for a password that a mechanism can carry in plaintext: nonempty, without NUL.
pub(super) fn is_password(octets: &[u8]) -> bool {
    !octets.is_empty() && !octets.contains(&0)
}

/// Parses the response:
///
/// ```text
/// message   = [authzid] UTF8NUL authcid UTF8NUL passwd
/// authzid, authcid, passwd = 1*SAFE                       ; UTF-8 except NUL
/// ```
///
/// Servers must accept 255 octets of each. Names are limited to that here; passwords are not, because some clients send
/// tokens as passwords.
pub(super) fn parse(response: &[u8]) -> Option<AuthRequest> {
    let mut parts = response.splitn(3, |octet| *octet == 0);
    let authorization_id = optional_name(parts.next()?)?;
    let user = name(parts.next()?)?;
    let password = parts.next()?;
    (is_password(password) && core::str::from_utf8(password).is_ok()).then(|| AuthRequest::Password {
        authorization_id: authorization_id.filter(|name| *name != user),
        user,
        password: password.into(),
    })
}

#[cfg(test)]
mod tests;
