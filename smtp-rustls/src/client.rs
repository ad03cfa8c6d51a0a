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

/// The authentication of the server.
#[derive(Clone, Debug)]
enum Server {
    Verified,
    Unverified,
    /// Verified without a consequence.
    #[cfg(feature = "ring")]
    Observed(Arc<Observed>),
}

impl ClientTls {
    /// Wraps settings of rustls for a server whose certificate must have this name. The settings determine the trusted
    /// certificates and the cryptography: make them with `ClientConfig::builder_with_provider`, so that no provider needs to
    /// be installed for the process. They must verify the server's certificate, or [`unverified`](Self::unverified) must say
    /// that they do not.
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

    /// Settings for a server whose certificate must have this name, and chain to a root in the platform's trust store. The
    /// store is read here: [`to`](Self::to) makes the same settings for another server.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid, [`Error::Platform`] if the trust store cannot be used.
    #[cfg(feature = "ring")]
    pub fn platform(name: &str) -> Result<Self, Error> {
        ClientSettings::platform().for_server(name)
    }

    /// Settings for a server whose certificate must have this name, and chain to one of these roots.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is invalid.
    #[cfg(feature = "ring")]
    pub fn trusting(roots: &Roots, name: &str) -> Result<Self, Error> {
        ClientSettings::trusting(roots.clone()).for_server(name)
    }

    /// Settings for a server that has to pass this demand by DANE (RFC 7672). The client requests the TLSA base domain.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if rustls rejects the settings.
    #[cfg(feature = "ring")]
    pub fn dane(dane: Dane) -> Result<Self, Error> {
        let name = dane.base().clone();
        ClientSettings::dane(dane).with_name(name)
    }

    /// The same settings for a server with this name: a domain or an IP address. A demand by DANE keeps its own names.
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

    /// The weakest use of STARTTLS that fits these settings, for [`Config::tls`](smtp_proto::client::Config::tls):
    /// [`Tls::Required`], except for [`ClientSettings::opportunistic_unverified`] and [`ClientSettings::only_observed`].
    #[must_use]
    pub const fn policy(&self) -> Tls {
        self.policy
    }

    /// The name that the client requests, and that the server's certificate must have. A demand by DANE has names of its own.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// The fault of the certificate in the last full handshake with these settings or their copies, if they are
    /// [`ClientSettings::only_observed`]. A resumed session has no certificate.
    #[cfg(feature = "ring")]
    #[must_use]
    pub fn observed_fault(&self) -> Option<CertificateFault> {
        match &self.server {
            Server::Observed(observed) => observed.fault(),
            Server::Verified | Server::Unverified => None,
        }
    }

    /// Returns the parameters of a finished handshake: [`client_tls_info`], the requested server name, and if the server was
    /// verified. A server that is unverified or [only observed](ClientSettings::only_observed) has no certificate in them.
    #[must_use]
    pub fn info(&self, connection: &ClientConnection) -> TlsInfo {
        let mut info = client_tls_info(connection);
        match &self.server {
            Server::Verified => info.peer_verified = true,
            Server::Unverified => info.peer_certificate = None,
            // The known fault may be that of another session: copies share it, and a resumed session verifies nothing.
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

/// TLS settings of a client for any server, in the usual cases: TLS 1.2 and 1.3, with the cryptography of ring.
#[cfg(feature = "ring")]
#[derive(Clone, Debug)]
pub struct ClientSettings {
    trust: Trust,
    consequence: Consequence,
    identity: Option<Identity>,
}

/// The consequence of a server without TLS, or with a certificate that fails.
#[cfg(feature = "ring")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consequence {
    /// Nothing is sent.
    Refused,
    /// A server without TLS gets plaintext.
    Plaintext,
    /// The same, and the certificate has no consequence but that its fault is known.
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

    /// Trusts these roots only.
    #[must_use]
    pub const fn trusting(roots: Roots) -> Self {
        Self::with_trust(Trust::Roots(roots))
    }

    /// Accepts **every** server without verification: a man in the middle can read and change all that is sent.
    ///
    /// This is for mail servers that relay to any host on port 25, where most names and certificates cannot be verified:
    /// opportunistic encryption is still better than plaintext, because it stops passive eavesdroppers (RFC 7435). Use it
    /// with [`Tls::Opportunistic`](smtp_proto::client::Tls::Opportunistic), where plaintext would be accepted as well.
    ///
    /// Never use it with a login. A message with REQUIRETLS is not sent: the error is
    /// [`RequestError::ServerNotVerified`](smtp_proto::client::RequestError::ServerNotVerified) (RFC 8689 section 4.2.1).
    #[must_use]
    pub const fn opportunistic_unverified() -> Self {
        let mut settings = Self::encrypted_unverified();
        settings.consequence = Consequence::Plaintext;
        settings
    }

    /// Accepts **every** server without verification, as [`opportunistic_unverified`](Self::opportunistic_unverified) does,
    /// but never sends in plaintext: the demand of a server whose TLSA records are all unusable (RFC 7672 section 2.2).
    #[must_use]
    pub const fn encrypted_unverified() -> Self {
        Self::with_trust(Trust::Everyone)
    }

    /// Trusts the servers that pass this demand by DANE (RFC 7672). The platform's trust store is not used.
    #[must_use]
    pub const fn dane(dane: Dane) -> Self {
        Self::with_trust(Trust::Dane(dane))
    }

    /// Verifies servers without a consequence, and sends in plaintext to those without TLS: as
    /// [`opportunistic_unverified`](Self::opportunistic_unverified), but [`ClientTls::observed_fault`] has the fault of the
    /// certificate for a report. No such server counts as verified, so a message with REQUIRETLS is not sent. This is the
    /// mode `testing` of MTA-STS (RFC 8461 section 5).
    #[must_use]
    pub fn only_observed(self) -> Self {
        Self {
            consequence: Consequence::Observed,
            ..self
        }
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Makes settings of rustls.
    ///
    /// # Errors
    ///
    /// [`Error::Platform`] if the platform's trust store cannot be used.
    pub fn build(&self) -> Result<Arc<ClientConfig>, Error> {
        self.make().map(|(config, _)| config)
    }

    /// The weakest use of STARTTLS that fits these settings: see [`ClientTls::policy`].
    #[must_use]
    pub const fn policy(&self) -> Tls {
        match self.consequence {
            Consequence::Refused => Tls::Required,
            Consequence::Plaintext | Consequence::Observed => Tls::Opportunistic,
        }
    }

    /// Settings for a server with this name: a domain or an IP address. Its certificate must have it, unless the server is
    /// unverified, or verified by DANE, which has names of its own.
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
