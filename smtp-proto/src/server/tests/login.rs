//! Logins: the permission, the number of attempts, and the commands allowed before and after.

use super::auth::{ANN, accepting, offering, session};
use super::*;

#[test]
fn too_many_failed_logins_end_the_session() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.limits.failed_logins = crate::limits::Threshold::new(1, 2);
    config.timeouts.penalty = Duration::from_secs(1);
    let mut session = Session::with(config);
    let guess = format!("AUTH PLAIN {ANN}");
    session.sends(&guess);
    assert_eq!(session.codes(), "535");
    session.sends(&guess);
    assert_eq!(session.codes(), "", "held back");
    session.later(1);
    assert_eq!(session.codes(), "535");
    session.sends(&guess);
    session.later(1);
    assert_eq!(session.codes(), "535 421");
    assert!(session.events().ends_with("closed TooManyFailedLogins"));
}

#[test]
fn cancelled_exchanges_count_as_failed_logins() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.limits.failed_logins = crate::limits::Threshold::new(9, 2);
    let mut session = Session::with(config);
    session.sends("AUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\n*");
    assert_eq!(session.codes(), "334 501 334 501 334 501 421");
}

#[test]
fn without_tls_auth_is_not_offered_unless_allowed() {
    let all = [
        Mechanism::PLAIN,
        Mechanism::CRAM_MD5,
        Mechanism::SCRAM_SHA_256_PLUS,
    ];
    for (policy, offered) in [
        (PlaintextAuth::Forbid, None),
        (PlaintextAuth::NonPlaintextMechanisms, Some("AUTH CRAM-MD5\r\n")),
        (PlaintextAuth::Insecure, Some("AUTH PLAIN CRAM-MD5\r\n")),
    ] {
        let mut config = offering(&all);
        config.plaintext_auth = policy;
        let mut session = Session::with(config);
        session.sends("EHLO client.test");
        let replies = session.replies();
        assert_eq!(replies.contains("AUTH"), offered.is_some(), "{policy:?}");
        assert!(
            offered.is_none_or(|offered| replies.contains(offered)),
            "{policy:?}"
        );
        if policy != PlaintextAuth::Insecure {
            session.sends(&format!("AUTH PLAIN {ANN}"));
            assert_eq!(session.replies(), "538 5.7.11 this mechanism needs TLS\r\n");
            assert_eq!(
                session.events(),
                "hello client.test",
                "nothing was shown to anybody"
            );
        }
    }
}

#[test]
fn required_authentication_refuses_mail_with_530() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.auth = Auth::Required;
    let mut session = accepting(Session::with(config));
    for line in [
        "MAIL FROM:<a@b.test>",
        "RCPT TO:<b@mx.test>",
        "DATA",
        "BDAT 0 LAST",
        "VRFY ann",
        "EXPN list",
    ] {
        session.sends(line);
        assert_eq!(session.replies(), "530 5.7.0 authenticate first\r\n", "{line}");
    }
    session.sends("NOOP\r\nHELP\r\nXYZZY\r\nRSET\r\nHELO client.test\r\nEHLO client.test");
    assert_eq!(session.codes(), "250 214 500 250 250 250");
    session.sends(&format!("AUTH PLAIN {ANN}\r\nMAIL FROM:<a@b.test>"));
    assert_eq!(session.codes(), "235 250");
    assert_eq!(session.server.protocol_name(), "ESMTPA");
}

#[test]
fn starttls_voids_the_login() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.extensions.add(crate::types::Extension::StartTls);
    let mut session = accepting(Session::with(config));
    session.sends(&format!("AUTH PLAIN {ANN}"));
    session.server.trust_originators();
    session.sends("STARTTLS");
    let upgrade = session.upgrade.take().unwrap();
    session.server.tls_established(upgrade, TlsInfo::default());
    session.poll_all();
    assert_eq!(session.server.identity(), None);
    session.auth_outcomes.push(AuthOutcome::Accept("ann".into()));
    session.clear();
    session.sends(&format!(
        "EHLO client.test\r\nAUTH PLAIN {ANN}\r\nMAIL FROM:<a@b.test> AUTH=c@d.test"
    ));
    assert!(session.codes().ends_with("235 250"));
    assert_eq!(session.server.protocol_name(), "ESMTPSA");
}

/// The AUTH parameter, as the application sees it.
fn originator(session: &mut Session, line: &str) -> Option<String> {
    let mut seen = None;
    session.asks(line, |server, event| {
        let Event::Mail { mail, ticket } = event else {
            panic!("not MAIL");
        };
        seen = mail
            .parameters()
            .auth()
            .map(|identity| identity.as_str().to_owned());
        server.accept(ticket).unwrap();
    });
    session.sends("RSET");
    session.clear();
    seen
}

#[test]
fn the_auth_parameter_counts_only_for_trusted_clients() {
    let mut session = accepting(session(Mechanism::PLAIN));
    assert_eq!(
        originator(&mut session, "MAIL FROM:<a@b.test> AUTH=e+3Dmc2@example.com"),
        Some("<>".into())
    );
    session.sends(&format!("AUTH PLAIN {ANN}"));
    session.clear();
    assert_eq!(
        originator(&mut session, "MAIL FROM:<a@b.test> AUTH=e+3Dmc2@example.com"),
        Some("<>".into())
    );
    session.server.trust_originators();
    assert_eq!(
        originator(&mut session, "MAIL FROM:<a@b.test> AUTH=e+3Dmc2@example.com"),
        Some("e+3Dmc2@example.com".into())
    );
    assert_eq!(originator(&mut session, "MAIL FROM:<a@b.test>"), None);
    let mut without = Session::new();
    without.sends("MAIL FROM:<a@b.test> AUTH=<>");
    assert_eq!(without.codes(), "555");
}

#[test]
fn transient_refusals_count_as_failed_logins() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.limits.failed_logins = crate::limits::Threshold::new(9, 2);
    let mut session = Session::with(config).refusing("auth", Rejection::AUTH_FAILURE);
    for _ in 0..3 {
        session.sends(&format!("AUTH PLAIN {ANN}"));
    }
    assert_eq!(session.codes(), "454 454 454 421");
}

#[test]
fn a_command_of_the_application_requires_authentication() {
    let mut config = offering(&[Mechanism::PLAIN]);
    config.auth = Auth::Required;
    config.unknown_commands = UnknownPolicy::AskApplication;
    let mut session = accepting(Session::with(config));
    session.sends(&format!("XYZZY\r\nAUTH PLAIN {ANN}\r\nXYZZY"));
    assert_eq!(session.codes(), "530 235 250");
}

#[test]
fn a_submission_server_requires_tls_and_authentication() {
    let hostname = Host::parse("mx.test").unwrap();
    let mut session = Session::with(Config::submission(hostname, [Mechanism::PLAIN]));
    session.sends(&format!("AUTH PLAIN {ANN}\r\nMAIL FROM:<a@b.test>\r\nSTARTTLS"));
    assert_eq!(session.codes(), "530 530 220");
    let upgrade = session.upgrade.take().unwrap();
    session.server.tls_established(upgrade, TlsInfo::default());
    session.auth_outcomes.push(AuthOutcome::Accept("ann".into()));
    session.sends("EHLO client.test\r\nMAIL FROM:<a@b.test>");
    assert_eq!(session.codes(), "250 530");
    session.sends(&format!("AUTH PLAIN {ANN}\r\nMAIL FROM:<a@b.test>"));
    assert_eq!(session.codes(), "235 250");
}
