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
pub(super) fn parse(response: &[u8]) -> Option<Claim> {
    optional_name(response).map(|authorize_as| Claim::External { authorize_as })
}

#[cfg(test)]
mod tests;
