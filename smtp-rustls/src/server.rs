//! The server's side: who it is, and whether it asks clients who they are.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    pki_types::{DnsName, ServerName},
    server::{ClientHello, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier},
    sign::CertifiedKey,
};

use crate::{Error, Identity, Roots, ServerTls, provider};

/// How a server's TLS is to be, in the usual cases: ring's cryptography, TLS 1.2 and 1.3.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    identities: Identities,
    clients: Option<Roots>,
}

impl ServerSettings {
    /// A server that shows this certificate.
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

    /// Shows this certificate to clients that ask for a name in it (SNI, RFC 6066 section 3). The first certificate goes
    /// to those that ask for a name in it, for a name in none, or for no name, as many mail servers do.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identities.others.push(identity);
        self
    }

    /// Asks clients for a certificate, which must have been issued by one of these. Clients without one are served, too;
    /// the handshake fails for those with another. What a certificate means is for the application to say: see
    /// [`TlsInfo::peer_certificate`](smtp_proto::TlsInfo::peer_certificate).
    #[must_use]
    pub fn with_client_roots(mut self, roots: Roots) -> Self {
        self.clients = Some(roots);
        self
    }

    /// These settings as those of rustls.
    ///
    /// # Errors
    ///
    /// When rustls refuses them.
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

/// The certificates that a server has.
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
