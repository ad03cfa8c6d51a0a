//! The parameters of a TLS session.

use std::borrow::Cow;

use rustls::{ClientConnection, CommonState, ProtocolVersion, ServerConnection};
use smtp_proto::TlsInfo;

/// The label of the channel binding `tls-exporter` (RFC 9266 section 2).
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

/// Returns the parameters of a client's session after the handshake.
///
/// The peer's certificate is the server's own. A connection of rustls has neither the requested server name nor the result of
/// the verification, so the name is missing and the peer counts as unverified. Set both, or use
/// [`ClientTls::info`](crate::ClientTls::info).
#[must_use]
pub fn client_tls_info(connection: &ClientConnection) -> TlsInfo {
    negotiated(connection, |binding| {
        connection.export_keying_material(binding, EXPORTER, None)
    })
}

/// Returns the parameters of a server's session after the handshake.
///
/// The peer's certificate is the client's own, verified by the settings. It is `None` if the client sent none, or if the
/// settings have no verifier of client certificates.
#[must_use]
pub fn server_tls_info(connection: &ServerConnection) -> TlsInfo {
    let mut info = negotiated(connection, |binding| {
        connection.export_keying_material(binding, EXPORTER, None)
    });
    info.server_name = connection.server_name().map(str::to_owned);
    info.peer_verified = info.peer_certificate.is_some();
    info
}

fn negotiated(
    state: &CommonState,
    export: impl FnOnce([u8; 32]) -> Result<[u8; 32], rustls::Error>,
) -> TlsInfo {
    let mut info = TlsInfo::default();
    let version = state.protocol_version();
    info.protocol = version.and_then(protocol);
    info.cipher = state.negotiated_cipher_suite().and_then(|suite| {
        let name = suite.suite().as_str()?;
        // rustls names the suites of TLS 1.3 TLS13_...; IANA's names have no such prefix.
        Some(match name.strip_prefix("TLS13_") {
            Some(rest) => Cow::Owned(format!("TLS_{rest}")),
            None => Cow::Borrowed(name),
        })
    });
    info.peer_certificate = state
        .peer_certificates()
        .and_then(|chain| chain.first())
        .map(|certificate| certificate.to_vec());
    // Before TLS 1.3 the exporter is unique only with an extended master secret (RFC 9266 section 4).
    if version == Some(ProtocolVersion::TLSv1_3) && !state.is_handshaking() {
        info.channel_binding = export([0; 32]).ok();
    }
    info
}

fn protocol(version: ProtocolVersion) -> Option<Cow<'static, str>> {
    Some(match version {
        ProtocolVersion::TLSv1_2 => Cow::Borrowed("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Cow::Borrowed("TLSv1.3"),
        other => Cow::Owned(other.as_str()?.replace('_', ".")),
    })
}
