//! ANONYMOUS (RFC 4505).

use alloc::string::String;

use super::{AuthRequest, ClientMechanism, Mechanism, MechanismError, Secret};
use crate::types::Printable;

/// Maximum length of the trace information in characters (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

/// The client's side. `None` after the trace was sent.
#[derive(Debug)]
pub(super) struct AnonymousClient(Option<String>);

impl AnonymousClient {
    /// Returns `None` if the mechanism cannot carry the trace.
    pub(super) fn new(trace: &str) -> Option<Self> {
        is_trace(trace).then(|| Self(Some(trace.into())))
    }
}

impl ClientMechanism for AnonymousClient {
    fn mechanism(&self) -> Mechanism {
        Mechanism::ANONYMOUS
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

/// Returns true for valid trace information. The profile "trace" prohibits control characters (RFC 4505 section 3).
fn is_trace(text: &str) -> bool {
    text.chars().count() <= MAX_TRACE && Printable::allows_all(text)
}

/// Parses the response:
///
/// ```text
/// message     = [ email / token ]        ;; to be prepared in accordance with Section 3
/// token       = 1*255TCHAR
/// ```
///
/// Makes no difference between an address and a token, because nothing depends on it.
pub(super) fn parse(response: &[u8]) -> Option<AuthRequest> {
    let trace = core::str::from_utf8(response).ok()?;
    is_trace(trace).then(|| AuthRequest::Anonymous { trace: trace.into() })
}

#[cfg(test)]
mod tests;
