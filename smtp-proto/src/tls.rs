//! What the machines know of TLS: the moment it begins, and what came of the handshake.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use crate::output::Output;

/// The proof that a stream may change to TLS now: all plaintext output is written, and no plaintext input is left
/// that could be taken for something said under TLS (RFC 3207 section 4.2, CVE-2011-0411).
///
/// A machine hands it out and takes it back when the handshake is done, or has failed. It cannot be made or copied
/// otherwise.
#[derive(Debug)]
#[must_use = "the session stands still until the handshake is done"]
pub struct TlsUpgrade(());

impl TlsUpgrade {
    /// The one place where a proof is made.
    pub(crate) fn prove(output: &Output, input: &[u8]) -> Option<Self> {
        (output.is_empty() && input.is_empty()).then_some(Self(()))
    }
}

/// What is known of a TLS session. The driver, which did the handshake, hands it in; nothing is looked at to decide
/// whether TLS is good enough, for that is what the handshake's settings are for.
///
/// What is not known is `None`; [`TlsInfo::default`] says no more than that there is TLS.
///
/// ```
/// use smtp_proto::TlsInfo;
///
/// let mut facts = TlsInfo::default();
/// facts.protocol = Some("TLSv1.3".into());
/// facts.cipher = Some("TLS_AES_128_GCM_SHA256".into());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version: `TLSv1.2`, `TLSv1.3`.
    pub protocol: Option<Cow<'static, str>>,
    /// The cipher suite by its name in the registry of IANA: `TLS_AES_128_GCM_SHA256`. For the `Received` line
    /// ([`with_tls`](crate::trace::Received::with_tls)).
    pub cipher: Option<Cow<'static, str>>,
    /// The name under which the client asked for the server (SNI, RFC 6066 section 3).
    pub server_name: Option<String>,
    /// The peer's own certificate in DER, only if it was verified: a client's says who it is (SASL EXTERNAL).
    pub peer_certificate: Option<Vec<u8>>,
    /// What ties an authentication to this TLS session: the channel binding `tls-exporter` (RFC 9266), which needs
    /// TLS 1.3. It is not shown in debug output.
    pub channel_binding: Option<[u8; 32]>,
}

impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("protocol", &self.protocol)
            .field("cipher", &self.cipher)
            .field("server_name", &self.server_name)
            .field(
                "peer_certificate",
                &self.peer_certificate.as_ref().map(|der| Octets(der.len())),
            )
            .field("channel_binding", &self.channel_binding.map(|_| ".."))
            .finish()
    }
}

/// Stands for content in debug output.
struct Octets(usize);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0)
    }
}

#[cfg(test)]
mod tests;
