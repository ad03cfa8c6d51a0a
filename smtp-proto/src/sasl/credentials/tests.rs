use super::*;
use crate::sasl::Shape;
use alloc::vec::Vec;

fn context() -> Context<'static> {
    Context {
        channel_binding: Some(&[7; 32]),
        plus_offered: true,
        ..Context::default()
    }
}

fn all() -> Vec<Credentials> {
    Vec::from([
        Credentials::password("tim", "hunter2"),
        Credentials::token("tim", "hunter2"),
        Credentials::external(),
        Credentials::anonymous("tim"),
    ])
}

#[test]
fn only_listed_mechanisms_start() {
    let known = [
        Mechanism::PLAIN,
        Mechanism::LOGIN,
        Mechanism::XOAUTH2,
        Mechanism::OAUTHBEARER,
        Mechanism::EXTERNAL,
        Mechanism::ANONYMOUS,
        Mechanism::CRAM_MD5,
        Mechanism::SCRAM_SHA_1,
        Mechanism::SCRAM_SHA_1_PLUS,
        Mechanism::SCRAM_SHA_256,
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_512,
        Mechanism::SCRAM_SHA_512_PLUS,
        Mechanism::parse("GSSAPI").unwrap(),
    ];
    for credentials in all() {
        for credentials in [credentials.clone(), credentials.with_authorization_id("boss")] {
            for mechanism in known {
                let started = credentials.start(mechanism, &context());
                let fits = credentials.mechanisms().contains(&mechanism);
                assert_eq!(started.is_some(), fits, "{credentials:?} {mechanism}");
                if let Some(mut started) = started {
                    assert_eq!(started.mechanism(), mechanism);
                    assert_eq!(
                        started.initial_response().is_none(),
                        matches!(mechanism.shape(), Shape::Login | Shape::ServerFirst),
                        "{mechanism}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_strongest_mechanism_is_first_and_plaintext_mechanisms_are_last() {
    let mechanisms = Credentials::password("tim", "x").mechanisms();
    let mut expected = Vec::new();
    if cfg!(feature = "scram") {
        expected.extend([
            Mechanism::SCRAM_SHA_512_PLUS,
            Mechanism::SCRAM_SHA_256_PLUS,
            Mechanism::SCRAM_SHA_1_PLUS,
            Mechanism::SCRAM_SHA_512,
            Mechanism::SCRAM_SHA_256,
            Mechanism::SCRAM_SHA_1,
        ]);
    }
    if cfg!(feature = "cram-md5") {
        expected.push(Mechanism::CRAM_MD5);
    }
    expected.extend([Mechanism::PLAIN, Mechanism::LOGIN]);
    assert_eq!(mechanisms, expected);
    assert!(mechanisms.is_sorted_by_key(|mechanism| mechanism.is_plaintext()));
    assert_eq!(
        Credentials::token("tim", "x").mechanisms(),
        [Mechanism::OAUTHBEARER, Mechanism::XOAUTH2]
    );
}

#[test]
fn an_authorization_id_excludes_mechanisms_that_cannot_carry_it() {
    for credentials in all() {
        let kept = credentials.clone().with_authorization_id("");
        assert_eq!(kept.mechanisms(), credentials.mechanisms());
        let fit = credentials.with_authorization_id("boss").mechanisms();
        for other in [
            Mechanism::LOGIN,
            Mechanism::CRAM_MD5,
            Mechanism::XOAUTH2,
            Mechanism::ANONYMOUS,
        ] {
            assert!(!fit.contains(&other));
        }
    }
    for (credentials, mechanism, response) in [
        (
            Credentials::password("tim", "x"),
            Mechanism::PLAIN,
            "boss\0tim\0x",
        ),
        (Credentials::external(), Mechanism::EXTERNAL, "boss"),
        (
            Credentials::token("tim", "x"),
            Mechanism::OAUTHBEARER,
            "n,a=boss,\x01auth=Bearer x\x01\x01",
        ),
    ] {
        let mut client = credentials
            .with_authorization_id("boss")
            .start(mechanism, &Context::default())
            .unwrap();
        assert_eq!(client.initial_response(), Some(response.into()));
    }
}

#[test]
fn without_a_channel_binding_no_plus_mechanism_starts() {
    for mechanism in [
        Mechanism::SCRAM_SHA_1_PLUS,
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_512_PLUS,
    ] {
        let credentials = Credentials::password("tim", "x");
        assert!(credentials.start(mechanism, &Context::default()).is_none());
    }
}

#[test]
fn values_longer_than_a_line_are_refused() {
    let long = "x".repeat(12_288);
    let context = Context::default();
    for credentials in [
        Credentials::password("tim", &*long),
        Credentials::token("tim", &*long),
    ] {
        for mechanism in credentials
            .mechanisms()
            .iter()
            .filter(|mechanism| mechanism.is_plaintext())
        {
            let started = credentials.start(*mechanism, &context).is_some();
            assert_eq!(started, *mechanism == Mechanism::LOGIN, "{mechanism}");
        }
    }
    let longer = Credentials::password("tim", long + "x");
    assert!(longer.start(Mechanism::LOGIN, &context).is_none());
}

#[test]
fn debug_output_hides_secrets() {
    let shown = std::format!("{:?} {:?}", all(), context());
    assert!(shown.contains("tim") && !shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains('7'), "{shown}");
}
