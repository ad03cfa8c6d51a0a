//! DANE-TA(2): an issuer.

use rcgen::{BasicConstraints, IsCa, KeyUsagePurpose};
use smtp_rustls::{ClientTls, Tlsa, rustls::CertificateError};

use super::{
    Chain, EE, Node, TA, authority, dane, expired, fault, future, matches_nothing, passes, serve, server,
    shake_by,
};
use crate::shake;

/// RFC 7672 section 3.1.2: the platform's roots do not count, and the anchor need not be a root.
#[test]
fn ta_is_any_issuer_that_the_server_sends() {
    let chain = Chain::new();
    for selector in 0..=1 {
        for matching in 0..=2 {
            let info = shake_by(dane([chain.middle.tlsa(TA, selector, matching)]), &chain.server()).unwrap();
            assert!(info.peer_verified);
            passes(
                [chain.root.tlsa(TA, selector, matching)],
                &chain.server_with_root(),
            );
        }
    }
    let other = Chain::new();
    matches_nothing([other.middle.tlsa(TA, 1, 1)], &chain.server());
}

/// RFC 7671 section 5.2: the digest of a root that the server does not send names nothing.
#[test]
fn ta_that_is_not_sent_is_unknown_unless_the_record_has_it_whole() {
    let chain = Chain::new();
    matches_nothing([chain.root.tlsa(TA, 0, 1)], &chain.server());
    matches_nothing([chain.root.tlsa(TA, 1, 1)], &chain.server());
    matches_nothing([chain.root.tlsa(TA, 1, 0)], &chain.server());
    passes([chain.root.tlsa(TA, 0, 0)], &chain.server());
    passes([chain.middle.tlsa(TA, 0, 0)], &serve(&chain.leaf, &[]));
    // Between the two, one is missing.
    let fault = fault([chain.root.tlsa(TA, 0, 0)], &serve(&chain.leaf, &[]));
    assert_eq!(fault, CertificateError::UnknownIssuer);
    // A record `2 0 0` that is no certificate.
    let broken = fault_of_data(&chain, vec![0x30, 3, 1, 2, 3]);
    assert_eq!(broken, CertificateError::BadEncoding);
}

fn fault_of_data(chain: &Chain, data: Vec<u8>) -> CertificateError {
    fault([Tlsa::new(TA, 0, 0, data)], &chain.server())
}

/// RFC 7672 section 3.2.2: base domain, next-hop domain, and the domain that this is an alias of.
#[test]
fn ta_demands_one_of_the_names() {
    for name in ["mx.example", "MX.example", "example.org", "*.hop.test"] {
        let chain = Chain::of(authority("root"), authority("middle"), server(name));
        let dane = dane([chain.middle.tlsa(TA, 1, 1)])
            .or_name("example.org.")
            .unwrap()
            .or_name("mail.hop.test")
            .unwrap();
        shake_by(dane, &chain.server()).unwrap();
    }
    let chain = Chain::of(authority("root"), authority("middle"), server("other.example"));
    let fault = fault([chain.middle.tlsa(TA, 1, 1)], &chain.server());
    assert!(
        matches!(fault, CertificateError::NotValidForNameContext { .. }),
        "{fault:?}"
    );
    // The session's name is that of the base domain, and another request changes no demand.
    let tls = ClientTls::dane(dane([chain.middle.tlsa(TA, 1, 1)])).unwrap();
    assert!(shake(&tls.to("other.example").unwrap(), &chain.server()).is_err());
}

/// RFC 7671 section 5.2: PKIX validation, the anchor's own certificate included.
#[test]
fn ta_demands_dates_of_every_certificate() {
    let names = || (authority("root"), authority("middle"), server("mx.example"));
    for late in [true, false] {
        let shift = if late { expired } else { future };
        for bad in 0..3 {
            let (mut root, mut middle, mut leaf) = names();
            match bad {
                0 => root = shift(root),
                1 => middle = shift(middle),
                _ => leaf = shift(leaf),
            }
            let chain = Chain::of(root, middle, leaf);
            let fault = fault([chain.root.tlsa(TA, 1, 1)], &chain.server_with_root());
            assert_eq!(
                matches!(
                    fault,
                    CertificateError::Expired | CertificateError::ExpiredContext { .. }
                ),
                late,
                "{fault:?}"
            );
            assert_eq!(
                matches!(
                    fault,
                    CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }
                ),
                !late,
                "{fault:?}"
            );
        }
    }
    // Above the anchor nothing counts.
    let chain = Chain::of(
        expired(authority("root")),
        authority("middle"),
        server("mx.example"),
    );
    passes([chain.middle.tlsa(TA, 1, 1)], &chain.server_with_root());
}

#[test]
fn ta_is_an_authority() {
    let mut no_authority = authority("middle");
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let mut silent = authority("middle");
    silent.is_ca = IsCa::NoCa;
    for middle in [no_authority, silent] {
        let chain = Chain::of(authority("root"), middle, server("mx.example"));
        for matching in 0..=2 {
            let fault = fault([chain.middle.tlsa(TA, 0, matching)], &chain.server());
            assert!(fault_is(&fault, &webpki::Error::EndEntityUsedAsCa), "{fault:?}");
        }
        // A certificate under another authority does not match, either.
        let fault = fault([chain.root.tlsa(TA, 1, 1)], &chain.server_with_root());
        assert!(matches!(fault, CertificateError::Other(_)), "{fault:?}");
    }
    // A key usage that does not include signing certificates.
    let mut no_signer = authority("middle");
    no_signer.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign];
    let chain = Chain::of(authority("root"), no_signer, server("mx.example"));
    let fault = fault([chain.middle.tlsa(TA, 0, 1)], &chain.server());
    assert!(fault_is(&fault, &webpki::Error::EndEntityUsedAsCa), "{fault:?}");
    let mut signer = authority("middle");
    signer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let chain = Chain::of(authority("root"), signer, server("mx.example"));
    passes([chain.middle.tlsa(TA, 1, 1)], &chain.server());
}

fn fault_is(fault: &CertificateError, expected: &webpki::Error) -> bool {
    match fault {
        CertificateError::Other(other) => other.0.downcast_ref() == Some(expected),
        _ => false,
    }
}

/// RFC 5280 section 4.2.1.9: the limit of the anchor's own certificate counts, too.
#[test]
fn ta_limits_the_length_of_its_chains() {
    for (limit, passing) in [(0, false), (1, true)] {
        let mut root = authority("root");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
        let chain = Chain::of(root, authority("middle"), server("mx.example"));
        let shaken = shake_by(dane([chain.root.tlsa(TA, 1, 1)]), &chain.server_with_root());
        assert_eq!(shaken.is_ok(), passing, "limit {limit}: {shaken:?}");
    }
    // A certificate of the same name, with another key, does not count.
    let mut root = authority("root");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = Node::new(root, None);
    let rekeyed = Node::new(authority("root"), Some(&root));
    let leaf = Node::new(server("mx.example"), Some(&rekeyed));
    let (record, chain) = (root.tlsa(TA, 1, 1), serve(&leaf, &[&rekeyed, &root]));
    passes([record], &chain);
    let mut root = authority("root");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = Node::new(root, None);
    let leaf = Node::new(server("mx.example"), Some(&root));
    passes([root.tlsa(TA, 1, 1)], &serve(&leaf, &[&root]));
}

#[test]
fn ta_has_signed_the_chain_and_not_only_its_name() {
    let chain = Chain::new();
    // Another key under the same name, which the server sends as well.
    let twin = Node::new(authority("middle"), None);
    let fault = fault(
        [twin.tlsa(TA, 1, 1)],
        &serve(&chain.leaf, &[&chain.middle, &twin]),
    );
    assert!(
        matches!(
            fault,
            CertificateError::UnknownIssuer | CertificateError::BadSignature
        ),
        "{fault:?}"
    );
}

/// RFC 7671 section 5: a usage is about a place in the chain.
#[test]
fn ta_is_no_leaf_and_ee_is_no_issuer() {
    let chain = Chain::new();
    matches_nothing([chain.leaf.tlsa(TA, 1, 1)], &chain.server());
    matches_nothing([chain.middle.tlsa(EE, 1, 1)], &chain.server());
    matches_nothing([chain.middle.tlsa(EE, 0, 1)], &chain.server_with_root());
}
