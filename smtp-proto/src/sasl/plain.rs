//! PLAIN (RFC 4616).

use super::name::{is_name, name, optional_name};
use super::{Cancel, Claim, ClientMechanism, Mechanism, Secret};

/// The client's side.
#[derive(Debug)]
pub(super) struct PlainClient(Option<Secret>);

impl PlainClient {
    /// None when the user or the password cannot be sent.
    pub(super) fn new(user: &str, password: &Secret, authorize_as: Option<&str>) -> Option<Self> {
        let fits = is_name(user)
            && authorize_as.is_none_or(is_name)
            && is_password(password.expose())
            && password.expose_str().is_some();
        let authorize_as = authorize_as.unwrap_or_default().as_bytes();
        let parts = [authorize_as, b"\0", user.as_bytes(), b"\0", password.expose()];
        let response = super::response(&parts).filter(|_| fits)?;
        Some(Self(Some(response)))
    }
}

impl ClientMechanism for PlainClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::PLAIN
    }

    fn initial(&mut self) -> Option<Secret> {
        Some(self.0.take().unwrap_or_default())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, Cancel> {
        Err(Cancel::Unexpected)
    }

    fn finish(&mut self) -> Result<(), Cancel> {
        super::sent(self.0.is_none())
    }
}

/// What can be a password where it is sent as it is.
pub(super) fn is_password(octets: &[u8]) -> bool {
    !octets.is_empty() && !octets.contains(&0)
}

/// Reads the response:
///
/// ```text
/// message   = [authzid] UTF8NUL authcid UTF8NUL passwd
/// authzid, authcid, passwd = 1*SAFE                       ; UTF-8 except NUL
/// ```
///
/// Servers must take 255 octets of each. Names have no more here; a password may, since tokens are sent so.
pub(super) fn parse(response: &[u8]) -> Option<Claim> {
    let mut parts = response.splitn(3, |octet| *octet == 0);
    let authorize_as = optional_name(parts.next()?)?;
    let user = name(parts.next()?)?;
    let password = parts.next()?;
    (is_password(password) && core::str::from_utf8(password).is_ok()).then(|| Claim::Password {
        authorize_as: authorize_as.filter(|name| *name != user),
        user,
        password: password.into(),
    })
}

#[cfg(test)]
mod tests;
