//! LOGIN (draft-murchison-sasl-login): the user name and the password, each in response to its own challenge.

use alloc::string::String;

use super::base64::MAX_DECODED;
use super::name::{is_name, name};
use super::plain::is_password;
use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};

/// The client's side. It ignores the texts of the challenges, because servers do not agree on them.
#[derive(Debug)]
pub(super) struct LoginClient {
    user: Option<String>,
    password: Option<Secret>,
}

impl LoginClient {
    /// Returns `None` if the mechanism cannot carry the user or the password.
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

    fn initial_response(&mut self) -> Option<Secret> {
        None
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        match self.user.take() {
            Some(user) => Ok(user.into()),
            None => self.password.take().ok_or(MechanismError::UnexpectedStep),
        }
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        super::sent(self.password.is_none())
    }
}

/// Creates the request from the two responses. The password need not be UTF-8, because old clients use other encodings.
pub(super) fn request(user: &[u8], password: Secret) -> Option<AuthRequest> {
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
