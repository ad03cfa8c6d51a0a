//! ANONYMOUS (RFC 4505).

use alloc::string::String;

use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};
use crate::types::Printable;

/// Most characters of what a client wants to be traced by (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

/// The client's side.
#[derive(Debug)]
pub(super) struct AnonymousClient(Option<String>);

impl AnonymousClient {
    /// None when the trace cannot be sent.
    pub(super) fn new(trace: &str) -> Option<Self> {
        is_trace(trace).then(|| Self(Some(trace.into())))
    }
}

impl ClientMechanism for AnonymousClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::ANONYMOUS
    }

    fn initial(&mut self) -> Option<Secret> {
        Some(self.0.take().unwrap_or_default().into())
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Secret, MechanismError> {
        Err(MechanismError::Unexpected)
    }

    fn finish(&mut self) -> Result<(), MechanismError> {
        super::sent(self.0.is_none())
    }
}

/// The profile "trace" prohibits control characters (RFC 4505 section 3).
fn is_trace(text: &str) -> bool {
    text.chars().count() <= MAX_TRACE && Printable::allows_all(text)
}

/// Reads the response:
///
/// ```text
/// message     = [ email / token ]        ;; to be prepared in accordance with Section 3
/// token       = 1*255TCHAR
/// ```
///
/// Whether it is an address or a token is not looked at: nothing depends on it.
pub(super) fn parse(response: &[u8]) -> Option<AuthRequest> {
    let trace = core::str::from_utf8(response).ok()?;
    is_trace(trace).then(|| AuthRequest::Anonymous { trace: trace.into() })
}

#[cfg(test)]
mod tests;
