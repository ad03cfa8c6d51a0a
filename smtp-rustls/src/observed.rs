//! Verification that accepts every server.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::CertificateFault;

/// A verifier that accepts every server, and records the fault of the last certificate.
#[derive(Debug)]
pub(crate) struct Observed {
    verifier: Arc<dyn ServerCertVerifier>,
    fault: Mutex<Option<CertificateFault>>,
}

impl Observed {
    pub(crate) fn new(verifier: Arc<dyn ServerCertVerifier>) -> Self {
        let fault = Mutex::new(None);
        Self { verifier, fault }
    }

    pub(crate) fn fault(&self) -> Option<CertificateFault> {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, fault: Option<CertificateFault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Accepts a signature. The certificate was verified before, so its fault takes precedence.
    fn signed(&self, result: Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        result.unwrap_or_else(|_| {
            self.set(self.fault().or(Some(CertificateFault::Other)));
            HandshakeSignatureValid::assertion()
        })
    }
}

impl ServerCertVerifier for Observed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let result = self
            .verifier
            .verify_server_cert(certificate, others, name, ocsp, now);
        self.set(
            result
                .err()
                .map(|error| CertificateFault::find(&error).unwrap_or(CertificateFault::Other)),
        );
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self
            .verifier
            .verify_tls12_signature(message, certificate, signature);
        Ok(self.signed(result))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let result = self
            .verifier
            .verify_tls13_signature(message, certificate, signature);
        Ok(self.signed(result))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
