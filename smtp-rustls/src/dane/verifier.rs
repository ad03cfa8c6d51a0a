//! The verifier of servers by TLSA records.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime},
    server::ParsedCertificate,
};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

use super::{Dane, END_ENTITY, TRUST_ANCHOR, issuer::Issuer};
use crate::TlsaMismatch;

/// Verifies servers by TLSA records.
pub(super) struct Verifier {
    dane: Dane,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) const fn new(dane: Dane, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { dane, algorithms }
    }

    /// Verifies a server's certificate by the records of usage DANE-TA(2).
    fn by_issuer(
        &self,
        certificate: &CertificateDer<'_>,
        parsed: &ParsedCertificate<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let sent = others.iter().filter(|issuer| {
            EndEntityCert::try_from(*issuer).is_ok_and(|parsed| {
                let key = parsed.subject_public_key_info();
                self.dane.matches(TRUST_ANCHOR, issuer, &key)
            })
        });
        let published: Vec<_> = self.dane.whole_issuers().collect();
        let mut fault = mismatch();
        let mut anchors = Vec::new();
        for issuer in sent.chain(&published) {
            match anchor(issuer, now) {
                Ok(anchor) => anchors.push(anchor),
                Err(why) => fault = why,
            }
        }
        if anchors.is_empty() {
            return Err(fault);
        }
        let roots: Vec<_> = anchors.iter().map(|anchor| anchor.root.clone()).collect();
        let short_enough = |path: &VerifiedPath<'_>| {
            // Self-issued certificates do not count (RFC 5280 section 4.2.1.9).
            let length = path
                .intermediate_certificates()
                .filter(|one| one.issuer() != one.subject())
                .count();
            let mut limits = anchors.iter().filter(|anchor| anchor.root == *path.anchor());
            match limits.any(|anchor| anchor.path_length.is_none_or(|limit| length <= limit)) {
                true => Ok(()),
                false => Err(webpki::Error::PathLenConstraintViolated),
            }
        };
        EndEntityCert::try_from(certificate)
            .and_then(|server| {
                server
                    .verify_for_usage(
                        self.algorithms.all,
                        &roots,
                        others,
                        now,
                        KeyUsage::server_auth(),
                        None,
                        Some(&short_enough),
                    )
                    .map(drop)
            })
            .map_err(chain_fault)?;
        let named = verify_server_name(parsed, &self.dane.base);
        let mut others = self.dane.names.iter();
        match others.any(|name| verify_server_name(parsed, name).is_ok()) {
            true => Ok(()),
            false => named,
        }
    }
}

impl ServerCertVerifier for Verifier {
    /// The name that the session requested is not needed, because the base domain is among the names of the [`Dane`].
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let key = parsed.subject_public_key_info();
        if !self.dane.matches(END_ENTITY, certificate, &key) {
            self.by_issuer(certificate, &parsed, others, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.dane).finish()
    }
}

/// An issuer that a record matches.
struct Anchor<'a> {
    root: TrustAnchor<'a>,
    path_length: Option<usize>,
}

/// Creates an anchor from an issuer that a record matches. Checks that it is a valid certificate authority, because a record
/// with only its key does not cover the rest of the certificate.
fn anchor<'a>(certificate: &'a CertificateDer<'_>, now: UnixTime) -> Result<Anchor<'a>, Error> {
    let root = anchor_from_trusted_cert(certificate).map_err(chain_fault)?;
    let issuer = Issuer::parse(certificate).ok_or(CertificateError::BadEncoding)?;
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if seconds > issuer.not_after {
        return Err(CertificateError::Expired.into());
    }
    if seconds < issuer.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    if !issuer.authority {
        return Err(chain_fault(webpki::Error::EndEntityUsedAsCa));
    }
    let path_length = issuer.path_length;
    Ok(Anchor { root, path_length })
}

fn mismatch() -> Error {
    CertificateError::Other(OtherError(Arc::new(TlsaMismatch))).into()
}

/// Converts the fault of a chain to the errors of rustls, if it has a similar one.
fn chain_fault(fault: webpki::Error) -> Error {
    use webpki::Error as Fault;
    Error::InvalidCertificate(match fault {
        Fault::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        Fault::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        Fault::UnknownIssuer => CertificateError::UnknownIssuer,
        Fault::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        Fault::BadDer | Fault::BadDerTime => CertificateError::BadEncoding,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    })
}
