//! The moment between plaintext and TLS.

use crate::output::Output;

/// The proof that a stream may change to TLS now: all plaintext output is written, and no plaintext input is left
/// that could be taken for something said under TLS (RFC 3207 section 4.2, CVE-2011-0411).
///
/// A machine hands it out and takes it back when the handshake is done. It cannot be made or copied otherwise.
#[derive(Debug)]
#[must_use = "the session stands still until the handshake is done"]
pub struct TlsUpgrade(());

impl TlsUpgrade {
    /// The one place where a proof is made.
    pub(crate) fn prove(output: &Output, input: &[u8]) -> Option<Self> {
        (output.is_empty() && input.is_empty()).then_some(Self(()))
    }
}
