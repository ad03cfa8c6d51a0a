//! TLS as far as the machines are concerned: permission to start it, and the parameters negotiated.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use crate::output::Output;

/// Permission to start the TLS handshake. All plaintext output is written. No plaintext input is left that could be
/// mistaken for data received under TLS (RFC 3207 section 4.2, CVE-2011-0411).
///
/// The machine issues it in an event. Pass it to [`tls_established`](crate::Machine::tls_established) after the
/// handshake, or to [`tls_failed`](crate::Machine::tls_failed). Only a machine can create it, and it cannot be copied.
#[derive(Debug)]
#[must_use = "the session does not continue until the handshake is reported"]
pub struct TlsUpgrade(());

impl TlsUpgrade {
    /// Creates the permission. Returns `None` if output or input is pending. The only constructor.
    pub(crate) fn try_new(output: &Output, input: &[u8]) -> Option<Self> {
        (output.is_empty() && input.is_empty()).then_some(Self(()))
    }
}

/// Parameters of a TLS session, reported by the driver after the handshake.
///
/// The machine does not judge them: the settings of the handshake decide if TLS is good enough. Unknown
/// parameters are `None`; [`TlsInfo::default`] only states that TLS is active, with an unverified peer.
///
/// ```
/// use smtp_proto::TlsInfo;
///
/// let mut info = TlsInfo::default();
/// info.protocol = Some("TLSv1.3".into());
/// info.cipher = Some("TLS_AES_128_GCM_SHA256".into());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The protocol version: `TLSv1.2`, `TLSv1.3`.
    pub protocol: Option<Cow<'static, str>>,
    /// The cipher suite by its IANA name: `TLS_AES_128_GCM_SHA256`. Used for the `Received` field
    /// ([`with_tls`](crate::trace::Received::with_tls)).
    pub cipher: Option<Cow<'static, str>>,
    /// The server name that the client requested (SNI, RFC 6066 section 3).
    pub server_name: Option<String>,
    /// The peer's certificate was verified: it chains to a trusted certificate, and the certificate of a server has the
    /// server's name. Verification by DANE counts, too. A client sends messages with REQUIRETLS to a verified server
    /// only (RFC 8689 section 4.2.1).
    pub peer_verified: bool,
    /// The peer's end-entity certificate in DER, if it was verified. A client's certificate authenticates it with SASL
    /// EXTERNAL.
    pub peer_certificate: Option<Vec<u8>>,
    /// The channel binding `tls-exporter` (RFC 9266), which binds an authentication to this TLS session. Requires
    /// TLS 1.3. Hidden in debug output.
    pub channel_binding: Option<[u8; 32]>,
}

impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("protocol", &self.protocol)
            .field("cipher", &self.cipher)
            .field("server_name", &self.server_name)
            .field("peer_verified", &self.peer_verified)
            .field(
                "peer_certificate",
                &self.peer_certificate.as_ref().map(|der| Octets(der.len())),
            )
            .field("channel_binding", &self.channel_binding.map(|_| ".."))
            .finish()
    }
}

/// Placeholder for content in debug output.
struct Octets(usize);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0)
    }
}

#[cfg(test)]
mod tests;
