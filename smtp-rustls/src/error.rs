//! What can be wrong with settings.

use std::{io, path::PathBuf};

use rustls::pki_types::pem;

/// Why settings could not be made, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{} is damaged, replace it by one in PEM: {source}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file holds no certificate.
    #[error("no certificate in {}, give a file in PEM with BEGIN CERTIFICATE in it", .path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// A file holds no private key.
    #[error("no private key in {}, give a file in PEM whose key is not locked with a password", .path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// A certificate among those that are to be trusted is none.
    #[error("a certificate in {} cannot be used, remove it: {source}", .path.display())]
    Root {
        /// In which file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A certificate and a private key in files do not belong together, or one of them cannot be used.
    #[error("the certificate in {} and the key in {} do not fit, give a pair: {source}", .certificate.display(), .key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// A certificate and a private key do not belong together, or one of them cannot be used.
    #[error("the certificate and its key do not fit, give a pair: {0}")]
    Identity(#[source] rustls::Error),
    /// This is not the name of a server.
    #[error("{0:?} is neither a domain nor an address, give the name in the server's certificate")]
    Name(String),
    /// The certificates that this computer trusts cannot be used.
    #[error(
        "cannot use the certificates that this computer trusts, name a file of trusted ones instead: {0}"
    )]
    Platform(#[source] rustls::Error),
    /// No certificate is trusted.
    #[error("no certificate is trusted, give at least one")]
    NoRoots,
    /// rustls refuses the settings.
    #[error("the settings of TLS do not fit together: {0}")]
    Settings(#[source] rustls::Error),
    /// No certificate can be made for these names.
    #[error("cannot certify these names, give domains or addresses: {0}")]
    SelfSigned(String),
}
