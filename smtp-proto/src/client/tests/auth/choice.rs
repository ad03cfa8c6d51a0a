//! The choice of a mechanism.

use super::*;

#[test]
fn names_are_compared_in_any_case() {
    offered(login(), "AUTH plain").sends(&format!("AUTH PLAIN {ANN}|"));
    offered(login(), "AUTH=PLAIN").sends(&format!("AUTH PLAIN {ANN}|"));
}

#[test]
fn without_tls_no_secret_is_sent_unless_allowed() {
    in_plaintext(PlaintextAuth::Forbid, "AUTH PLAIN CRAM-MD5 SCRAM-SHA-256").sends("QUIT|");
    in_plaintext(PlaintextAuth::Insecure, "AUTH PLAIN").sends(&format!("AUTH PLAIN {ANN}|"));
    in_plaintext(PlaintextAuth::NonPlaintextMechanisms, "AUTH PLAIN LOGIN").sends("QUIT|");
}

#[test]
fn a_mechanism_of_the_application_obeys_the_plaintext_policy() {
    let plain = || {
        login()
            .credentials
            .start(Mechanism::PLAIN, &Context::default())
            .unwrap()
    };
    for (policy, shown) in [
        (PlaintextAuth::Forbid, false),
        (PlaintextAuth::NonPlaintextMechanisms, false),
        (PlaintextAuth::Insecure, true),
    ] {
        let mut config = config();
        config.plaintext_auth = policy;
        let mut session = Session::with(config, "AUTH PLAIN");
        let begun = session.client.authenticate(plain());
        assert_eq!(begun.is_ok(), shown, "{policy:?}");
        if let Err(refused) = begun {
            assert_eq!(refused.error, RequestError::NeedsTls);
            session.sends("");
        }
    }
}

#[test]
fn only_the_offer_under_tls_counts() {
    let mut config = logging_in(login());
    config.tls = Tls::Required;
    let mut session = Session::new(config);
    session.server("220 hi").sends("EHLO me.example|");
    session
        .server("250-mx|250-AUTH CRAM-MD5|250 STARTTLS")
        .sends("STARTTLS|");
    session.server("220 go");
    let upgrade = session.upgrade.take().unwrap();
    session.client.tls_established(upgrade, TlsInfo::default());
    session.poll_all().sends("EHLO me.example|");
    session
        .server("250-mx|250 AUTH PLAIN")
        .sends(&format!("AUTH PLAIN {ANN}|"));
}

#[cfg(feature = "cram-md5")]
#[test]
fn the_strongest_mechanism_is_used() {
    offered(login(), "AUTH LOGIN PLAIN CRAM-MD5").sends("AUTH CRAM-MD5|");
}

#[cfg(feature = "scram")]
#[test]
fn scram_is_preferred_to_all_others() {
    let mut session = offered(
        login(),
        "AUTH LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
    );
    session.written();
    assert!(
        session.wire.starts_with(b"AUTH SCRAM-SHA-256 "),
        "without a binding"
    );
}

#[cfg(feature = "scram")]
#[test]
fn scram_is_bound_to_the_tls_session_if_possible() {
    let info = TlsInfo {
        channel_binding: Some([7; 32]),
        ..TlsInfo::default()
    };
    let mut session = Session::new(config());
    session.client = Client::new_over_tls(logging_in(login()).into(), info);
    session.poll_all();
    session.server("220 hi").written();
    session.wire.clear();
    session
        .server("250-mx|250 AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS")
        .written();
    let wire = String::from_utf8(session.wire.clone()).unwrap();
    let first = wire.strip_prefix("AUTH SCRAM-SHA-256-PLUS ").unwrap().trim_end();
    let first = BASE64_STANDARD.decode(first).unwrap();
    assert!(first.starts_with(b"p=tls-exporter,,n=ann,r="));
}

#[test]
fn a_weaker_mechanism_follows_a_refused_password_only_if_allowed() {
    for (fallback, expected) in [
        (Fallback::Unsupported, "QUIT|".to_string()),
        (Fallback::AnyRefusal, "AUTH LOGIN|".to_string()),
    ] {
        let mut login = login();
        login.fallback = fallback;
        let mut session = offered(login, "AUTH PLAIN LOGIN");
        session.written();
        session.wire.clear();
        session.server("535 5.7.8 no").sends(&expected);
    }
    let mut only = login();
    only.mechanism = Some(Mechanism::LOGIN);
    let mut session = offered(only, "AUTH PLAIN LOGIN");
    session.sends("AUTH LOGIN|").server("504 no").sends("QUIT|");
}

#[test]
fn in_plaintext_no_weaker_mechanism_follows() {
    let mut config = logging_in(login());
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.login.as_mut().unwrap().fallback = Fallback::AnyRefusal;
    for (line, first, refusal, next) in [
        ("AUTH X-ECHO PLAIN LOGIN", "AUTH PLAIN", "504 no", "AUTH LOGIN|"),
        ("AUTH X-ECHO PLAIN LOGIN", "AUTH PLAIN", "535 no", "AUTH LOGIN|"),
        ("AUTH PLAIN LOGIN", "AUTH PLAIN", "454 later", "QUIT|"),
        #[cfg(feature = "cram-md5")]
        ("AUTH CRAM-MD5 PLAIN", "AUTH CRAM-MD5", "504 no", "QUIT|"),
        #[cfg(feature = "scram")]
        (
            "AUTH SCRAM-SHA-256 SCRAM-SHA-1",
            "AUTH SCRAM-SHA-256",
            "504 no",
            "QUIT|",
        ),
    ] {
        let mut session = Session::new(config.clone());
        session.server("220 hi").written();
        session.wire.clear();
        session.server(&format!("250-mx.example|250 {line}")).written();
        assert!(session.wire.starts_with(first.as_bytes()), "{line}");
        session.wire.clear();
        session.server(refusal).sends(next);
    }
}
