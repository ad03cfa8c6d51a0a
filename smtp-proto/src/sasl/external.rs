//! EXTERNAL (RFC 4422 appendix A).

use alloc::string::String;

use super::name::{is_name, optional_name};
use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};

/// The client's side. `None` after the identity was sent.
#[derive(Debug)]
pub(super) struct ExternalClient(Option<String>);

impl ExternalClient {
    /// Returns `None` if the mechanism cannot carry the identity.
    pub(super) fn new(authorization_id: Option<&str>) -> Option<Self> {
        authorization_id
            .is_none_or(is_name)
            .then(|| Self(Some(authorization_id.unwrap_or_default().into())))
    }
}

impl ClientMechanism for ExternalClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::EXTERNAL
    }

    fn initial_response(&mut self) -> Option<Secret> {
        Some(self.0.take().unwrap_or_default().into())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        Err(MechanismError::UnexpectedStep)
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        super::sent(self.0.is_none())
    }
}

/// Parses the response:
///
/// ```text
/// extern-resp = *( UTF8-char-no-nul )
/// ```
pub(super) fn parse(response: &[u8], certificate: Option<&[u8]>) -> Option<AuthRequest> {
    Some(AuthRequest::External {
        certificate: certificate?.into(),
        authorization_id: optional_name(response)?,
    })
}

#[cfg(test)]
mod tests;
