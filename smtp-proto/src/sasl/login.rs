//! LOGIN (draft-murchison-sasl-login): the name and the password, each on a challenge of its own.

use alloc::string::String;

use super::base64::MAX_DECODED;
use super::name::{is_name, name};
use super::plain::is_password;
use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};

/// The client's side. Servers do not agree on the texts of the challenges, so only their order counts.
#[derive(Debug)]
pub(super) struct LoginClient {
    user: Option<String>,
    password: Option<Secret>,
}

impl LoginClient {
    /// None when the user or the password cannot be sent.
    pub(super) fn new(user: &str, password: &Secret) -> Option<Self> {
        let password = super::response(&[password.expose()])?;
        (is_name(user) && is_password(password.expose())).then(|| Self {
            user: Some(user.into()),
            password: Some(password),
        })
    }
}

impl ClientMechanism for LoginClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::LOGIN
    }

    fn initial(&mut self) -> Option<Secret> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        match self.user.take() {
            Some(user) => Ok(user.into()),
            None => self.password.take().ok_or(MechanismError::Unexpected),
        }
    }

    fn finish(&mut self) -> Result<(), MechanismError> {
        super::sent(self.password.is_none())
    }
}

/// Puts the claim together from the two responses. The password may be in another encoding than UTF-8: old
/// clients send what they have.
pub(super) fn claim(user: &[u8], password: Secret) -> Option<AuthRequest> {
    (is_password(password.expose()) && password.expose().len() <= MAX_DECODED)
        .then(|| name(user))
        .flatten()
        .map(|user| AuthRequest::Password {
            user,
            password,
            authorization_id: None,
        })
}

#[cfg(test)]
mod tests;
