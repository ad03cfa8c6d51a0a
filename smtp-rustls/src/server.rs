//! TLS settings of a server: its certificates, and the verification of client certificates.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    pki_types::{DnsName, ServerName},
    server::{ClientHello, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier},
    sign::CertifiedKey,
};

use crate::{Error, Identity, Roots, ServerTls, provider};

/// TLS settings of a server: TLS 1.2 and 1.3, with the cryptography of ring.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    identities: Identities,
    clients: Option<Roots>,
}

impl ServerSettings {
    /// Creates settings with this certificate.
    #[must_use]
    pub const fn new(identity: Identity) -> Self {
        Self {
            identities: Identities {
                default: identity,
                others: Vec::new(),
            },
            clients: None,
        }
    }

    /// Adds a certificate for clients that request one of its names (SNI, RFC 6066 section 3). If several certificates have
    /// the name, the first is used. Clients that request any other name, or none, get the certificate of [`new`](Self::new).
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identities.others.push(identity);
        self
    }

    /// Requests a certificate from clients, which must chain to one of these roots. Clients without a certificate are
    /// accepted, too; with an invalid certificate the handshake fails. The application decides on the meaning of a
    /// certificate: see [`TlsInfo::peer_certificate`](smtp_proto::TlsInfo::peer_certificate).
    #[must_use]
    pub fn with_client_roots(mut self, roots: Roots) -> Self {
        self.clients = Some(roots);
        self
    }

    /// Builds the settings for a server.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if rustls rejects the settings.
    pub fn build(self) -> Result<ServerTls, Error> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::Settings)?;
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.store(), provider())
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| match error {
                        VerifierBuilderError::NoRootAnchors => Error::NoRoots,
                        other => Error::Settings(rustls::Error::General(other.to_string())),
                    })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let resolver = Arc::new(self.identities);
        Ok(ServerTls::new(Arc::new(builder.with_cert_resolver(resolver))))
    }
}

/// The certificates of a server.
#[derive(Clone, Debug)]
struct Identities {
    default: Identity,
    others: Vec<Identity>,
}

impl ResolvesServerCert for Identities {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if self.others.is_empty() {
            return Some(self.default.key());
        }
        let asked_for = hello
            .server_name()
            .and_then(|name| DnsName::try_from(name).ok())
            .map(ServerName::DnsName);
        let found = asked_for.and_then(|name| {
            std::iter::once(&self.default)
                .chain(&self.others)
                .find(|identity| identity.has_name(&name))
        });
        Some(found.unwrap_or(&self.default).key())
    }
}
