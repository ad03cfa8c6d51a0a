//! Trusted certificates.

use std::{path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};

use crate::Error;

/// Certificates of trusted issuers, at least one.
#[derive(Clone, Debug)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Reads all certificates in a PEM file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has no certificate, or has an unusable certificate.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut store = RootCertStore::empty();
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|source| Error::Root {
                path: path.to_owned(),
                source,
            })?;
        }
        Ok(Self(Arc::new(store)))
    }

    /// Wraps a store of rustls.
    ///
    /// # Errors
    ///
    /// [`Error::NoRoots`] if the store is empty.
    pub fn new(store: impl Into<Arc<RootCertStore>>) -> Result<Self, Error> {
        let store = store.into();
        if store.is_empty() {
            return Err(Error::NoRoots);
        }
        Ok(Self(store))
    }

    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0)
    }
}

/// Reads the certificates in a PEM file, in their order; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let missing = || Error::NoCertificate {
        path: path.to_owned(),
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| unreadable(path, source, missing()))?;
    if found.is_empty() {
        return Err(missing());
    }
    Ok(found)
}

/// Returns the error for a file that cannot be read as PEM, or `missing` if it contains no item of the expected kind.
pub(crate) fn unreadable(path: &Path, source: pem::Error, missing: Error) -> Error {
    let path = path.to_owned();
    match source {
        pem::Error::Io(source) => Error::Read { path, source },
        pem::Error::NoItemsFound => missing,
        source => Error::Malformed { path, source },
    }
}
