//! The client's side: whom it trusts, whom it expects, and who it is.

use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use smtp_proto::TlsInfo;

use crate::{Error, client_tls_info};
#[cfg(feature = "ring")]
use {
    crate::{Identity, Roots, provider},
    rustls::sign::SingleCertAndKey,
    rustls_platform_verifier::BuilderVerifierExt,
};

/// How a client does TLS: with which settings, and whom it expects to meet. To clone it is cheap.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl ClientTls {
    /// TLS with these settings to a server whose certificate has this name. The settings say which certificates are
    /// trusted, and whose cryptography is used: make them with `ClientConfig::builder_with_provider`, so that none has to
    /// be installed for the whole process.
    #[must_use]
    pub const fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self { config, name }
    }

    /// TLS to a server whose certificate has this name and was issued by one that this computer trusts. What is trusted
    /// is looked up here: for more servers, [`to`](Self::to) has the same settings.
    ///
    /// # Errors
    ///
    /// When this is no name, or the computer's certificates cannot be used.
    #[cfg(feature = "ring")]
    pub fn platform(name: &str) -> Result<Self, Error> {
        ClientSettings::platform().for_server(name)
    }

    /// TLS to a server whose certificate has this name and was issued by one of these.
    ///
    /// # Errors
    ///
    /// When this is no name.
    #[cfg(feature = "ring")]
    pub fn trusting(roots: &Roots, name: &str) -> Result<Self, Error> {
        ClientSettings::trusting(roots.clone()).for_server(name)
    }

    /// The same settings for a server of this name, a domain or an address.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] when this is no name.
    pub fn to(&self, name: &str) -> Result<Self, Error> {
        Ok(Self::new(Arc::clone(&self.config), server_name(name)?))
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// The name that the server's certificate must have.
    #[must_use]
    pub const fn name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// Returns the parameters of a finished handshake: [`client_tls_info`], and the requested server name.
    #[must_use]
    pub fn facts(&self, connection: &ClientConnection) -> TlsInfo {
        let mut facts = client_tls_info(connection);
        if self.config.enable_sni
            && let ServerName::DnsName(name) = &self.name
        {
            facts.server_name = Some(name.as_ref().to_owned());
        }
        facts
    }
}

/// How a client's TLS is to be, in the usual cases: ring's cryptography, TLS 1.2 and 1.3.
#[cfg(feature = "ring")]
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// `None`: those that the computer trusts.
    roots: Option<Roots>,
    identity: Option<Identity>,
}

#[cfg(feature = "ring")]
impl ClientSettings {
    /// Trust in the certificates that this computer trusts.
    #[must_use]
    pub const fn platform() -> Self {
        Self {
            roots: None,
            identity: None,
        }
    }

    /// Trust in these certificates and in no others.
    #[must_use]
    pub const fn trusting(roots: Roots) -> Self {
        Self {
            roots: Some(roots),
            identity: None,
        }
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// These settings as those of rustls.
    ///
    /// # Errors
    ///
    /// When the computer's certificates cannot be used.
    pub fn build(&self) -> Result<Arc<ClientConfig>, Error> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::Settings)?;
        let builder = match &self.roots {
            None => builder.with_platform_verifier().map_err(Error::Platform)?,
            Some(roots) => builder.with_root_certificates(roots.store()),
        };
        Ok(Arc::new(match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let one = SingleCertAndKey::from(identity.key());
                builder.with_client_cert_resolver(Arc::new(one))
            }
        }))
    }

    /// TLS with these settings to a server whose certificate has this name, a domain or an address.
    ///
    /// # Errors
    ///
    /// When this is no name, or the computer's certificates cannot be used.
    pub fn for_server(&self, name: &str) -> Result<ClientTls, Error> {
        let name = server_name(name)?;
        Ok(ClientTls::new(self.build()?, name))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(name)
        .map(|name| name.to_owned())
        .map_err(|_| Error::Name(name.to_owned()))
}
