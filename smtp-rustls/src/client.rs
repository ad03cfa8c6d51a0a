//! TLS settings of a client: trusted certificates, the server's name, and the client's own certificate.

use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use smtp_proto::{TlsInfo, client::Tls};

use crate::{Error, client_tls_info};
#[cfg(feature = "ring")]
use {
    crate::{CertificateFault, Dane, Identity, Roots, observed::Observed, provider, unverified::Unverified},
    rustls::{
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        sign::SingleCertAndKey,
    },
    rustls_platform_verifier::Verifier,
};

/// TLS settings of a client for one server. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    server: Server,
    policy: Tls,
}

/// The way of authenticating the server.
#[derive(Clone, Debug)]
enum Server {
    Verified,
    Unverified,
    /// Verified, but accepted in any case.
    #[cfg(feature = "ring")]
    Observed(Arc<Observed>),
}

impl ClientTls {
    /// Wraps settings of rustls for a server whose certificate must have this name. They determine the trusted certificates
    /// and the cryptography: create them with `ClientConfig::builder_with_provider`, so that you need not install a provider
    /// for the process. If they do not verify the server's certificate, call [`unverified`](Self::unverified) as well.
    #[must_use]
    pub const fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self {
            config,
            name,
            server: Server::Verified,
            policy: Tls::Required,
        }
    }

    /// Declares that these settings of rustls accept servers without verification: see
    /// [`TlsInfo::peer_verified`].
    #[must_use]
    pub fn unverified(self) -> Self {
        let server = Server::Unverified;
        Self { server, ..self }
    }

    /// Creates settings for a server whose certificate must have this name, and chain to a root in the platform's trust
    /// store. This reads the store; [`to`](Self::to) creates the same settings for another server without reading it again.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid, [`Error::Platform`] if the trust store cannot be used.
    #[cfg(feature = "ring")]
    pub fn platform(name: &str) -> Result<Self, Error> {
        ClientSettings::platform().for_server(name)
    }

    /// Creates settings for a server whose certificate must have this name, and chain to one of these roots.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid.
    #[cfg(feature = "ring")]
    pub fn trusting(roots: &Roots, name: &str) -> Result<Self, Error> {
        ClientSettings::trusting(roots.clone()).for_server(name)
    }

    /// Creates settings for a server that is authenticated by DANE (RFC 7672). The client requests the TLSA base domain as
    /// server name.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if rustls rejects the settings.
    #[cfg(feature = "ring")]
    pub fn dane(dane: Dane) -> Result<Self, Error> {
        let name = dane.base().clone();
        ClientSettings::dane(dane).with_name(name)
    }

    /// Returns the same settings for a server with this name: a domain or an IP address. With DANE, the names of the [`Dane`]
    /// stay in force.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid.
    pub fn to(&self, name: &str) -> Result<Self, Error> {
        Ok(Self {
            config: Arc::clone(&self.config),
            name: server_name(name)?,
            server: self.server.clone(),
            policy: self.policy,
        })
    }

    /// The settings of rustls.
    #[must_use]
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// The weakest STARTTLS policy that fits these settings, for [`Config::tls`](smtp_proto::client::Config::tls). It is
    /// [`Tls::Required`], and [`Tls::Opportunistic`] for [`ClientSettings::opportunistic_unverified`] and
    /// [`ClientSettings::only_observed`].
    #[must_use]
    pub const fn policy(&self) -> Tls {
        self.policy
    }

    /// The name that the client requests, and that the server's certificate must have. With DANE, the names of the [`Dane`]
    /// count.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// The fault of the certificate in the last full handshake with these settings or their clones. Returns `None` if there
    /// was no fault, or if the settings are not [`ClientSettings::only_observed`]. A resumed session has no certificate.
    #[cfg(feature = "ring")]
    #[must_use]
    pub fn observed_fault(&self) -> Option<CertificateFault> {
        match &self.server {
            Server::Observed(observed) => observed.fault(),
            Server::Verified | Server::Unverified => None,
        }
    }

    /// Returns the parameters of a finished handshake: those of [`client_tls_info`], the requested server name, and true or
    /// false for a verified server. They have no certificate if the server is unverified or [only
    /// observed](ClientSettings::only_observed).
    #[must_use]
    pub fn info(&self, connection: &ClientConnection) -> TlsInfo {
        let mut info = client_tls_info(connection);
        match &self.server {
            Server::Verified => info.peer_verified = true,
            Server::Unverified => info.peer_certificate = None,
            // The recorded fault may be from another session: clones share it, and a resumed session verifies nothing.
            #[cfg(feature = "ring")]
            Server::Observed(_) => info.peer_certificate = None,
        }
        if self.config.enable_sni
            && let ServerName::DnsName(name) = &self.name
        {
            info.server_name = Some(name.as_ref().to_owned());
        }
        info
    }
}

/// TLS settings of a client for many servers: TLS 1.2 and 1.3, with the cryptography of ring.
/// [`for_server`](Self::for_server) returns the [`ClientTls`] for one server.
#[cfg(feature = "ring")]
#[derive(Clone, Debug)]
pub struct ClientSettings {
    trust: Trust,
    consequence: Consequence,
    identity: Option<Identity>,
}

/// The consequence if a server has no TLS, or its certificate fails.
#[cfg(feature = "ring")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consequence {
    /// The client sends nothing.
    Refused,
    /// Without TLS, the client sends plaintext.
    Plaintext,
    /// As `Plaintext`. The certificate is verified, and its fault is recorded but has no effect.
    Observed,
}

/// The servers that a client accepts.
#[cfg(feature = "ring")]
#[derive(Clone, Debug)]
enum Trust {
    Platform,
    Roots(Roots),
    Dane(Dane),
    Everyone,
}

#[cfg(feature = "ring")]
impl ClientSettings {
    /// Trusts the roots in the platform's trust store.
    #[must_use]
    pub const fn platform() -> Self {
        Self::with_trust(Trust::Platform)
    }

    /// Trusts only these roots.
    #[must_use]
    pub const fn trusting(roots: Roots) -> Self {
        Self::with_trust(Trust::Roots(roots))
    }

    /// Accepts **every** server without verification: a man in the middle can read and change the session.
    ///
    /// Use it for relaying to any host on port 25, where most names and certificates cannot be verified, with
    /// [`Tls::Opportunistic`](smtp_proto::client::Tls::Opportunistic). It stops passive eavesdroppers, which plaintext does
    /// not (RFC 7435).
    ///
    /// Never use it with a login. Sending a message with REQUIRETLS fails with
    /// [`RequestError::ServerNotVerified`](smtp_proto::client::RequestError::ServerNotVerified) (RFC 8689 section 4.2.1).
    #[must_use]
    pub const fn opportunistic_unverified() -> Self {
        let mut settings = Self::encrypted_unverified();
        settings.consequence = Consequence::Plaintext;
        settings
    }

    /// Accepts **every** server without verification, as [`opportunistic_unverified`](Self::opportunistic_unverified) does,
    /// but never sends plaintext. DANE requires this for a server whose TLSA records are all unusable (RFC 7672 section 2.2).
    #[must_use]
    pub const fn encrypted_unverified() -> Self {
        Self::with_trust(Trust::Everyone)
    }

    /// Trusts servers that are authenticated by DANE (RFC 7672). Does not use the platform's trust store.
    #[must_use]
    pub const fn dane(dane: Dane) -> Self {
        Self::with_trust(Trust::Dane(dane))
    }

    /// Verifies servers, but accepts them in any case: as [`opportunistic_unverified`](Self::opportunistic_unverified), and
    /// [`ClientTls::observed_fault`] returns the fault of the certificate for a report. Servers without TLS get plaintext. No
    /// server counts as verified, so sending a message with REQUIRETLS fails. Use it for the mode `testing` of MTA-STS (RFC
    /// 8461 section 5).
    #[must_use]
    pub fn only_observed(self) -> Self {
        Self {
            consequence: Consequence::Observed,
            ..self
        }
    }

    /// Sends this certificate to servers that request one.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Builds settings of rustls.
    ///
    /// # Errors
    ///
    /// [`Error::Platform`] if the platform's trust store cannot be used.
    pub fn build(&self) -> Result<Arc<ClientConfig>, Error> {
        self.make().map(|(config, _)| config)
    }

    /// The weakest STARTTLS policy that fits these settings: see [`ClientTls::policy`].
    #[must_use]
    pub const fn policy(&self) -> Tls {
        match self.consequence {
            Consequence::Refused => Tls::Required,
            Consequence::Plaintext | Consequence::Observed => Tls::Opportunistic,
        }
    }

    /// Returns settings for the server with this name: a domain or an IP address. The server's certificate must have this
    /// name, unless the settings do not verify, or verify by DANE, which has its own names.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid, [`Error::Platform`] if the platform's trust store cannot be used.
    pub fn for_server(&self, name: &str) -> Result<ClientTls, Error> {
        self.with_name(server_name(name)?)
    }

    fn with_name(&self, name: ServerName<'static>) -> Result<ClientTls, Error> {
        let (config, server) = self.make()?;
        Ok(ClientTls {
            name,
            config,
            server,
            policy: self.policy(),
        })
    }

    fn make(&self) -> Result<(Arc<ClientConfig>, Server), Error> {
        let verifier: Arc<dyn ServerCertVerifier> = match &self.trust {
            Trust::Platform => Arc::new(Verifier::new(provider()).map_err(Error::Platform)?),
            Trust::Roots(roots) => WebPkiServerVerifier::builder_with_provider(roots.store(), provider())
                .build()
                .map_err(|error| Error::Settings(rustls::Error::General(error.to_string())))?,
            Trust::Dane(dane) => dane.clone().verifier(&provider()),
            Trust::Everyone => Arc::new(Unverified(provider())),
        };
        let (verifier, server): (Arc<dyn ServerCertVerifier>, _) = match self.trust {
            Trust::Everyone => (verifier, Server::Unverified),
            _ if self.consequence == Consequence::Observed => {
                let observed = Arc::new(Observed::new(verifier));
                (Arc::clone(&observed) as _, Server::Observed(observed))
            }
            Trust::Platform | Trust::Roots(_) | Trust::Dane(_) => (verifier, Server::Verified),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::Settings)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let one = SingleCertAndKey::from(identity.key());
                builder.with_client_cert_resolver(Arc::new(one))
            }
        };
        Ok((Arc::new(config), server))
    }

    const fn with_trust(trust: Trust) -> Self {
        Self {
            trust,
            consequence: Consequence::Refused,
            identity: None,
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name)
        .map(|name| name.to_owned())
        .map_err(|_| Error::Name(name.to_owned()))
}
