//! EXTERNAL (RFC 4422 appendix A).

use alloc::string::String;

use super::name::{is_name, optional_name};
use super::{Cancel, Claim, ClientMechanism, Mechanism, Secret};

/// The client's side.
#[derive(Debug)]
pub(super) struct ExternalClient(Option<String>);

impl ExternalClient {
    /// None when the identity cannot be sent.
    pub(super) fn new(authorize_as: Option<&str>) -> Option<Self> {
        authorize_as
            .is_none_or(is_name)
            .then(|| Self(Some(authorize_as.unwrap_or_default().into())))
    }
}

impl ClientMechanism for ExternalClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::EXTERNAL
    }

    fn initial(&mut self) -> Option<Secret> {
        Some(self.0.take().unwrap_or_default().into())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, Cancel> {
        Err(Cancel::Unexpected)
    }

    fn finish(&mut self) -> Result<(), Cancel> {
        super::sent(self.0.is_none())
    }
}

/// Reads the response:
///
/// ```text
/// extern-resp = *( UTF8-char-no-nul )
/// ```
pub(super) fn parse(response: &[u8], certificate: Option<&[u8]>) -> Option<Claim> {
    Some(Claim::External {
        certificate: certificate?.into(),
        authorize_as: optional_name(response)?,
    })
}

#[cfg(test)]
mod tests;
