//! Finding the fault of a server's certificate in an error.

use std::{error, io};

use rustls::{CertificateError, Error};
use smtp_driver::StreamError;

use crate::TlsaMismatch;

/// The fault of a certificate that caused a failed handshake, in the terms of TLS reports (RFC 8460 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateFault {
    /// The certificate does not have the name: `certificate-host-mismatch`.
    OtherName,
    /// The certificate, or one of its issuers, is expired or not valid yet: `certificate-expired`.
    Expired,
    /// No chain leads to a trusted issuer: `certificate-not-trusted`.
    NotTrusted,
    /// No TLSA record matches: `validation-failure` under DANE.
    NoTlsaMatch,
    /// Any other fault of a certificate: `validation-failure`.
    Other,
}

impl CertificateFault {
    /// Finds the fault of a certificate in an error and its sources. Returns `None` if the error has another cause.
    #[must_use]
    pub fn find(error: &(dyn error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(Error::InvalidCertificate(fault)) = error.downcast_ref() {
                return Some(Self::of(fault));
            }
            // The source of these two errors skips the error that they contain.
            next = if let Some(StreamError::Tls(held)) = error.downcast_ref() {
                Some(&**held)
            } else if let Some(held) = error.downcast_ref().and_then(io::Error::get_ref) {
                Some(held)
            } else {
                error.source()
            };
        }
        None
    }

    fn of(fault: &CertificateError) -> Self {
        match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::NotTrusted,
            CertificateError::Other(other) if other.0.is::<TlsaMismatch>() => Self::NoTlsaMatch,
            _ => Self::Other,
        }
    }
}
