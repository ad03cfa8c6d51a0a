//! Sets of records, and demands.

use std::sync::Arc;

use rcgen::KeyPair;
use smtp_driver::StreamError;
use smtp_proto::client::Tls;
use smtp_rustls::{
    CertificateFault, ClientSettings, ClientTls, Dane, Error, Identity, Tlsa,
    rustls::{self, CertificateError},
};

use super::{
    Chain, EE, Node, TA, authority, dane, expired, matches_nothing, passes, serve, server, shake_by,
};
use crate::shake;

/// RFC 7672 section 2.2: one matching record is enough. Stalwart once wanted a match of either usage.
#[test]
fn ee_or_ta_is_enough() {
    let (chain, other) = (Chain::new(), Chain::new());
    let (ee, ta) = (chain.leaf.tlsa(EE, 1, 1), chain.middle.tlsa(TA, 1, 1));
    passes([other.leaf.tlsa(EE, 1, 1), ta.clone()], &chain.server());
    passes([ee.clone(), other.middle.tlsa(TA, 1, 1)], &chain.server());
    passes([ta, ee], &chain.server());
    matches_nothing(
        [other.leaf.tlsa(EE, 1, 1), other.middle.tlsa(TA, 1, 1)],
        &chain.server(),
    );
    // With both usages the names and dates count for the issuer's record only.
    let old = Chain::of(
        authority("root"),
        authority("middle"),
        expired(server("other.example")),
    );
    passes(
        [old.middle.tlsa(TA, 1, 1), old.leaf.tlsa(EE, 1, 1)],
        &old.server(),
    );
    let records = [old.middle.tlsa(TA, 1, 1), other.leaf.tlsa(EE, 1, 1)];
    assert!(shake_by(dane(records), &old.server()).is_err());
}

/// RFC 7671 section 8.1: the keys of today and tomorrow.
#[test]
fn a_rollover_has_records_of_both_keys() {
    let (now, next) = (Chain::new(), Chain::new());
    let records = || [now.leaf.tlsa(EE, 1, 1), next.leaf.tlsa(EE, 1, 1)];
    passes(records(), &now.server());
    passes(records(), &next.server());
    matches_nothing(records(), &Chain::new().server());
    // A renewed certificate with the same key.
    let key = || KeyPair::from_pem(&now.leaf.key.serialize_pem()).unwrap();
    let renewed = Node::with_key(server("mx.example"), key(), Some(&now.middle));
    passes([now.leaf.tlsa(EE, 1, 1)], &serve(&renewed, &[&now.middle]));
    matches_nothing([now.leaf.tlsa(EE, 0, 1)], &serve(&renewed, &[&now.middle]));
}

/// RFC 7671 section 9: of several digests the strongest counts, for each usage and selector.
#[test]
fn a_weaker_digest_is_ignored_if_a_stronger_digest_exists() {
    let (chain, other) = (Chain::new(), Chain::new());
    let weak = chain.leaf.tlsa(EE, 1, 1);
    matches_nothing([weak.clone(), other.leaf.tlsa(EE, 1, 2)], &chain.server());
    passes([weak.clone(), other.leaf.tlsa(EE, 0, 2)], &chain.server());
    passes([weak.clone(), other.leaf.tlsa(TA, 1, 2)], &chain.server());
    passes([weak.clone(), other.leaf.tlsa(EE, 1, 0)], &chain.server());
    passes([weak, chain.leaf.tlsa(EE, 1, 2)], &chain.server());
    // A record of the stronger one that is unusable does not count, either.
    passes(
        [chain.leaf.tlsa(EE, 1, 1), Tlsa::new(EE, 1, 2, [0; 32])],
        &chain.server(),
    );
}

/// RFC 7672 sections 2.2 and 3.1.3: then the client encrypts, and does not authenticate.
#[test]
fn unusable_records_are_no_demand() {
    let unusable = [
        Tlsa::new(0, 1, 1, [0; 32]),
        Tlsa::new(1, 1, 1, [0; 32]),
        Tlsa::new(4, 1, 1, [0; 32]),
        Tlsa::new(255, 1, 1, [0; 32]),
        Tlsa::new(EE, 2, 1, [0; 32]),
        Tlsa::new(EE, 1, 3, [0; 32]),
        Tlsa::new(EE, 1, 1, [0; 31]),
        Tlsa::new(EE, 1, 1, [0; 33]),
        Tlsa::new(TA, 1, 2, [0; 32]),
        Tlsa::new(TA, 0, 0, []),
    ];
    assert!(unusable.iter().all(|record| !record.is_usable()));
    let demand = |records: Vec<Tlsa>| Dane::new(records, "mx.example");
    assert!(matches!(demand(unusable.to_vec()), Err(Error::UnusableTlsa)));
    assert!(matches!(demand(Vec::new()), Err(Error::UnusableTlsa)));
    // Beside a usable record they are as good as absent, even PKIX-EE(1) of the right key.
    let (chain, other) = (Chain::new(), Chain::new());
    for usage in [0, 1] {
        let record = chain.leaf.tlsa(usage, 1, 1);
        matches_nothing([record, other.leaf.tlsa(EE, 1, 1)], &chain.server());
        let record = chain.middle.tlsa(usage, 1, 1);
        matches_nothing([record, other.leaf.tlsa(EE, 1, 1)], &chain.server());
    }
    let mixed = unusable.into_iter().chain([chain.leaf.tlsa(EE, 1, 1)]);
    let mixed = dane(mixed);
    assert_eq!(mixed.records(), [chain.leaf.tlsa(EE, 1, 1)]);
    shake_by(mixed, &chain.server()).unwrap();
}

#[test]
fn the_names_of_a_demand_are_domains() {
    let record = || [Tlsa::new(EE, 1, 1, [0; 32])];
    for name in ["", ".", "192.0.2.1", "no name", "[192.0.2.1]"] {
        assert!(matches!(Dane::new(record(), name), Err(Error::Name(said)) if said == name));
        let base = Dane::new(record(), "mx.example.").unwrap();
        assert_eq!(base.base().to_str(), "mx.example");
        assert!(matches!(base.or_name(name), Err(Error::Name(said)) if said == name));
    }
}

#[test]
fn a_record_is_shown_as_in_a_zone() {
    assert_eq!(format!("{:?}", Tlsa::new(3, 1, 1, [0x0a, 0xff])), "3 1 1 0aff");
}

/// RFC 7672 section 2.2: nothing but opportunistic TLS without a policy is served in plaintext.
#[test]
fn every_demand_requires_tls() {
    let dane = dane([Tlsa::new(EE, 1, 1, [0; 32])]);
    let identity = Identity::self_signed(["mx.example"]).unwrap();
    let roots = identity.to_roots().unwrap();
    for demand in [
        ClientSettings::platform(),
        ClientSettings::trusting(roots),
        ClientSettings::encrypted_unverified(),
        ClientSettings::dane(dane),
    ] {
        let demand = demand.with_identity(identity.clone());
        assert_eq!(demand.policy(), Tls::Required);
        if let Ok(tls) = demand.for_server("mx.example") {
            assert_eq!(tls.policy(), Tls::Required);
            assert_eq!(tls.to("mx.test").unwrap().policy(), Tls::Required);
            let wrapped = ClientTls::new(Arc::clone(tls.config()), tls.name().clone());
            assert_eq!(wrapped.policy(), Tls::Required);
        }
    }
    let opportunistic = ClientSettings::opportunistic_unverified();
    assert_eq!(
        opportunistic.for_server("mx.example").unwrap().policy(),
        Tls::Opportunistic
    );
}

/// RFC 8461 section 5, mode `testing`.
#[test]
fn an_observed_fault_has_no_consequence() {
    let good = Chain::new();
    let (old, other) = (
        Chain::of(
            authority("root"),
            authority("middle"),
            expired(server("mx.example")),
        ),
        Chain::of(authority("root"), authority("middle"), server("other.example")),
    );
    let tls = ClientSettings::dane(dane([good.middle.tlsa(TA, 1, 1)]))
        .only_observed()
        .for_server("mx.example")
        .unwrap();
    assert_eq!((tls.policy(), tls.observed_fault()), (Tls::Opportunistic, None));
    for (chain, fault) in [
        (&old, Some(CertificateFault::NoTlsaMatch)),
        (&good, None),
        (&other, Some(CertificateFault::NoTlsaMatch)),
    ] {
        let (near, _) = shake(&tls, &chain.server()).unwrap();
        assert_eq!(tls.observed_fault(), fault);
        assert_eq!(
            (near.peer_verified, near.peer_certificate),
            (false, None),
            "the fault is no verdict on this session"
        );
    }
    let root = Identity::self_signed(["mx.example"]).unwrap().to_roots().unwrap();
    let tls = ClientSettings::trusting(root)
        .only_observed()
        .for_server("mx.example")
        .unwrap();
    for (chain, fault) in [
        (&good, CertificateFault::NotTrusted),
        (&old, CertificateFault::Expired),
    ] {
        shake(&tls, &chain.server()).unwrap();
        assert_eq!(tls.observed_fault(), Some(fault));
    }
    assert_eq!(
        tls.clone().to("mx.test").unwrap().observed_fault(),
        tls.observed_fault()
    );
    let usual = ClientSettings::encrypted_unverified()
        .for_server("mx.example")
        .unwrap();
    assert_eq!(usual.observed_fault(), None);
}

/// RFC 8689 section 4.2.1: a resumed session calls no verifier, and the known fault is that of another server.
#[test]
fn an_observed_server_is_never_verified() {
    let (good, bad) = (Chain::new(), Chain::new());
    let tls = ClientSettings::dane(dane([good.middle.tlsa(TA, 1, 1)]))
        .only_observed()
        .for_server("mx.example")
        .unwrap();
    let (good, bad) = (good.server(), bad.server());
    let mut sessions = vec![shake(&tls, &bad).unwrap().0];
    sessions.push(shake(&tls.to("mx.test").unwrap(), &good).unwrap().0);
    assert_eq!(tls.observed_fault(), None);
    sessions.push(shake(&tls, &bad).unwrap().0);
    assert_eq!(tls.observed_fault(), None, "resumed");
    for near in sessions {
        assert_eq!((near.peer_verified, near.peer_certificate), (false, None));
    }
}

#[test]
fn encrypted_only_has_no_certificate() {
    let chain = Chain::of(
        authority("root"),
        authority("middle"),
        expired(server("other.example")),
    );
    let tls = ClientSettings::encrypted_unverified()
        .for_server("mx.example")
        .unwrap();
    let (near, _) = shake(&tls, &chain.server()).unwrap();
    assert_eq!((near.peer_verified, near.peer_certificate), (false, None));
}

/// RFC 8460 section 4.3.
#[test]
fn the_fault_of_a_certificate_is_found_in_an_error() {
    let good = Chain::new();
    let old = Chain::of(
        authority("root"),
        authority("middle"),
        expired(server("mx.example")),
    );
    let other = Chain::of(authority("root"), authority("middle"), server("other.example"));
    let ta = |chain: &Chain| shake_by(dane([chain.middle.tlsa(TA, 1, 1)]), &chain.server()).unwrap_err();
    for (error, fault) in [
        (
            shake_by(dane([good.leaf.tlsa(EE, 1, 1)]), &old.server()).unwrap_err(),
            Some(CertificateFault::NoTlsaMatch),
        ),
        (ta(&old), Some(CertificateFault::Expired)),
        (ta(&other), Some(CertificateFault::OtherName)),
        (
            CertificateError::UnknownIssuer.into(),
            Some(CertificateFault::NotTrusted),
        ),
        (CertificateError::Revoked.into(), Some(CertificateFault::Other)),
        (rustls::Error::DecryptError, None),
    ] {
        assert_eq!(CertificateFault::find(&error), fault);
        let error = std::io::Error::other(StreamError::Tls(error.into()));
        assert_eq!(CertificateFault::find(&error), fault);
    }
}
