//! DANE-EE(3): the server's own certificate.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use smtp_rustls::{
    ClientTls, ServerTls, Tlsa, provider,
    rustls::{
        CertificateError, ClientConfig, ServerConfig, crypto::CryptoProvider, pki_types::PrivateKeyDer,
        server::ClientHello, server::ResolvesServerCert, sign::CertifiedKey, version::TLS12,
    },
};

use super::{
    Chain, EE, Node, TA, authority, dane, expired, fault, future, matches_nothing, passes, serve, server,
    shake_by,
};
use crate::shake;

/// RFC 7672 section 3.1.1.
#[test]
fn ee_is_the_certificate_or_its_key_whole_or_by_digest() {
    let chain = Chain::new();
    for selector in 0..=1 {
        for matching in 0..=2 {
            let record = chain.leaf.tlsa(EE, selector, matching);
            let info = shake_by(dane([record]), &chain.server()).unwrap();
            assert!(info.peer_verified);
            assert_eq!(info.peer_certificate.as_deref(), Some(&chain.leaf.der[..]));
            // Section 8.1: the server name that the client requests.
            assert_eq!(info.server_name.as_deref(), Some("mx.example"));
            // The issuer need not be sent, nor known.
            passes(
                [chain.leaf.tlsa(EE, selector, matching)],
                &serve(&chain.leaf, &[]),
            );
            let other = Chain::new();
            matches_nothing([other.leaf.tlsa(EE, selector, matching)], &chain.server());
        }
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "that is not for a library to choose"
    );
}

/// RFC 7672 section 3.1.1, RFC 7671 section 5.1: neither names nor dates count.
#[test]
fn ee_may_be_expired_early_or_of_another_name() {
    for params in [
        expired(server("mx.example")),
        future(server("mx.example")),
        server("other.example"),
        CertificateParams::new(Vec::new()).unwrap(),
    ] {
        let chain = Chain::of(authority("root"), authority("middle"), params);
        passes([chain.leaf.tlsa(EE, 1, 1)], &chain.server());
    }
    let alone = Node::new(expired(server("other.example")), None);
    passes([alone.tlsa(EE, 0, 1)], &serve(&alone, &[]));
    let authority = Node::new(authority("mx.example"), None);
    passes([authority.tlsa(EE, 1, 2)], &serve(&authority, &[]));
}

#[test]
fn a_copy_of_the_certificate_is_nothing_without_its_key() {
    #[derive(Debug)]
    struct Thief(Arc<CertifiedKey>);
    impl ResolvesServerCert for Thief {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }
    let chain = Chain::new();
    let own = KeyPair::generate().unwrap();
    let own = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let own = provider().key_provider.load_private_key(own).unwrap();
    let stolen = CertifiedKey::new(vec![chain.leaf.der.clone(), chain.middle.der.clone()], own);
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Thief(stolen.into())));
    let server = ServerTls::new(config.into());
    for record in [chain.leaf.tlsa(EE, 1, 1), chain.middle.tlsa(TA, 1, 1)] {
        assert_eq!(fault([record.clone()], &server), CertificateError::BadSignature);
        match before_tls_1_3(record, &server) {
            Err(rustls::Error::InvalidCertificate(fault)) => {
                assert_eq!(fault, CertificateError::BadSignature);
            }
            other => unreachable!("{other:?}"),
        }
    }
}

/// A handshake of TLS 1.2, and its version.
fn before_tls_1_3(record: Tlsa, server: &ServerTls) -> Result<Option<String>, rustls::Error> {
    let dane = dane([record]);
    let name = dane.base().clone();
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(dane.verifier(&provider()))
        .with_no_client_auth();
    let (near, _) = shake(&ClientTls::new(config.into(), name), server)?;
    Ok(near.protocol.map(|version| version.into_owned()))
}

#[test]
fn before_tls_1_3_the_same_holds() {
    let chain = Chain::new();
    for record in [chain.leaf.tlsa(EE, 1, 1), chain.middle.tlsa(TA, 0, 1)] {
        let version = before_tls_1_3(record, &chain.server()).unwrap();
        assert_eq!(version.as_deref(), Some("TLSv1.2"));
    }
    assert!(before_tls_1_3(chain.root.tlsa(TA, 0, 1), &chain.server()).is_err());
}
