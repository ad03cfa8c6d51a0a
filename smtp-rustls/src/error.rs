//! Errors in TLS settings.

use std::{io, path::PathBuf};

use rustls::pki_types::pem;

/// An error in TLS settings.
///
/// `Display` shows the fault and the remedy. The cause is in `source()` only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not valid PEM.
    #[error("invalid PEM in {}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: pem::Error,
    },
    /// A file contains no certificate.
    #[error("no certificate in {}: use a PEM file with a BEGIN CERTIFICATE section", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file contains no private key.
    #[error("no private key in {}: use a PEM file with an unencrypted key", .path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A file of trusted certificates contains an unusable certificate.
    #[error("unusable certificate in {}", .path.display())]
    Root {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// The certificate and the private key in two files do not match, or one of them is unusable.
    #[error("certificate in {} and key in {} do not match", .certificate.display(), .key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
    /// A certificate and a private key do not match, or one of them is unusable.
    #[error("certificate and key do not match")]
    Identity(#[source] rustls::Error),
    /// The text is not a server name.
    #[error("invalid server name {0:?}: use a domain or an IP address")]
    Name(String),
    /// The platform's trust store cannot be used.
    #[error("cannot use the platform's trust store: use a file of trusted certificates instead")]
    Platform(#[source] rustls::Error),
    /// No TLSA record of a server is usable.
    #[error("no usable TLSA record: encrypt without authentication")]
    UnusableTlsa,
    /// There is no trusted certificate.
    #[error("no trusted certificate: add at least one")]
    NoRoots,
    /// rustls rejects the settings.
    #[error("invalid TLS settings")]
    Settings(#[source] rustls::Error),
    /// A certificate for these names cannot be created.
    #[error("cannot create a certificate for these names: {0}")]
    SelfSigned(String),
}

/// The cause of a failed handshake: the server's certificates match no TLSA record (RFC 7672 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("certificate matches no TLSA record")]
#[non_exhaustive]
pub struct TlsaMismatch;
