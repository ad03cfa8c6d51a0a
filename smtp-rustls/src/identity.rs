//! Certificates with their private keys.

use std::{fmt, path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    client::verify_server_name,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use crate::{Error, Roots, provider, roots};

/// A certificate with its chain and its private key, by which a server or a client authenticates itself.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads the certificate chain, own certificate first, and the private key from PEM files. Both may be in one file.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or lacks its certificate or key, or if certificate and key do not match.
    pub fn from_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Error> {
        let (certificate, key) = (chain.as_ref(), key.as_ref());
        let chain = roots::certificates(certificate)?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|source| {
            let missing = Error::NoKey { path: key.to_owned() };
            roots::unreadable(key, source, missing)
        })?;
        certify(chain, private).map_err(|source| Error::Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        })
    }

    /// Creates an identity from a certificate chain, own certificate first, and its private key.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`] if certificate and key do not match, or one of them is unusable.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, Error> {
        certify(chain, key).map_err(Error::Identity)
    }

    /// Creates a self-signed certificate for these names, with a new key. Use it for experiments and tests: peers must be
    /// configured to trust it.
    ///
    /// # Errors
    ///
    /// [`Error::SelfSigned`] if a name is neither a domain nor an IP address, or there is no name.
    #[cfg(feature = "self-signed")]
    pub fn self_signed<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if let Some(wrong) = names
            .iter()
            .find(|name| ServerName::try_from(name.strip_prefix("*.").unwrap_or(name)).is_err())
        {
            return Err(Error::SelfSigned(format!("{wrong:?}")));
        }
        if names.is_empty() {
            return Err(Error::SelfSigned("there are none".to_owned()));
        }
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| Error::SelfSigned(error.to_string()))?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
            .map_err(|error| Error::SelfSigned(error.to_owned()))?;
        Self::new(vec![made.cert.der().clone()], key)
    }

    /// The own certificate, without its chain.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.0.cert.first()
    }

    /// Returns roots with only this certificate, for a peer that must trust a self-signed certificate.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`] if the certificate cannot be a root.
    pub fn to_roots(&self) -> Result<Roots, Error> {
        let mut store = RootCertStore::empty();
        if let Some(certificate) = self.certificate() {
            store.add(certificate.clone()).map_err(Error::Identity)?;
        }
        Roots::new(store)
    }

    /// Returns true if the certificate has this name.
    pub(crate) fn has_name(&self, name: &ServerName<'_>) -> bool {
        self.certificate()
            .and_then(|certificate| ParsedCertificate::try_from(certificate).ok())
            .is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

/// Does not show the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.0.cert.len())
            .finish_non_exhaustive()
    }
}

fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Identity, rustls::Error> {
    let key = CertifiedKey::from_der(chain, key, &provider())?;
    Ok(Identity(Arc::new(key)))
}
