use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;
use crate::secret::tests::shows;

/// `\0ann\0pw` in base64.
pub(super) const ANN: &str = "AGFubgBwdw==";

pub(super) fn offering(mechanisms: &[Mechanism]) -> Config {
    let mut config = config();
    config.offer_auth(mechanisms.iter().copied());
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.timeouts.penalty = Duration::ZERO;
    config
}

pub(super) fn session(mechanism: Mechanism) -> Session {
    Session::with(offering(&[mechanism]))
}

/// As who the client is let in.
pub(super) fn accepting(mut session: Session) -> Session {
    session.auth_outcomes.push(AuthOutcome::Accept("ann".into()));
    session
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

#[test]
fn plain_with_an_initial_response() {
    let mut session = accepting(session(Mechanism::PLAIN));
    assert_eq!(session.server.identity(), None);
    session.sends(&format!("AUTH PLAIN {ANN}"));
    assert_eq!(session.events(), "auth PLAIN ann:pw None");
    assert_eq!(session.replies(), "235 2.7.0 authenticated\r\n");
    assert_eq!(session.server.identity(), Some("ann"));
    assert_eq!(session.server.mechanism(), Some(Mechanism::PLAIN));
}

#[test]
fn plain_in_two_rounds() {
    let mut session = accepting(session(Mechanism::PLAIN));
    session.sends("auth plain");
    assert_eq!(session.replies(), "334 \r\n", "an empty challenge has its space");
    assert_eq!(session.events(), "");
    session.sends(ANN);
    assert_eq!(session.events(), "auth PLAIN ann:pw None");
    assert_eq!(session.codes(), "235");
}

#[test]
fn a_refusal_is_535_and_the_session_continues() {
    let mut session = session(Mechanism::PLAIN);
    session.sends(&format!("AUTH PLAIN {ANN}"));
    assert_eq!(session.replies(), "535 5.7.8 authentication failed\r\n");
    assert_eq!(session.server.identity(), None);
    session.auth_outcomes.push(AuthOutcome::Accept("ann".into()));
    session.sends(&format!("AUTH PLAIN {ANN}"));
    assert_eq!(session.codes(), "235");
}

#[test]
fn the_application_may_reject_with_its_own_reply() {
    let mut session = session(Mechanism::PLAIN).refusing("auth", Rejection::AUTH_FAILURE);
    session.sends(&format!("AUTH PLAIN {ANN}"));
    assert_eq!(
        session.replies(),
        "454 4.7.0 cannot authenticate now, try again later\r\n"
    );
    assert_eq!(session.server.identity(), None);
}

#[test]
fn an_unanswered_login_is_refused_with_454() {
    let mut session = session(Mechanism::PLAIN).holding();
    session.sends(&format!("AUTH PLAIN {ANN}"));
    assert!(session.wait.application_pending);
    assert!(!session.wait.want_read);
    session.later(60);
    assert_eq!(session.codes(), "454");
    let ticket = session.auth.take().unwrap();
    let late = session
        .server
        .answer_auth(ticket, AuthOutcome::Accept("ann".into()));
    assert!(late.is_err());
    assert_eq!(session.server.identity(), None);
    session.sends("NOOP");
    assert_eq!(session.codes(), "250");
}

#[test]
fn login_asks_twice() {
    let mut session = accepting(session(Mechanism::LOGIN));
    session.sends("AUTH LOGIN");
    assert_eq!(session.replies(), "334 VXNlcm5hbWU6\r\n");
    session.sends(&encoded("ann"));
    assert_eq!(session.replies(), "334 UGFzc3dvcmQ6\r\n");
    session.sends(&encoded("pw"));
    assert_eq!(session.events(), "auth LOGIN ann:pw None");
    assert_eq!(session.codes(), "235");
}

#[test]
fn login_accepts_the_user_name_as_initial_response() {
    let mut session = accepting(session(Mechanism::LOGIN));
    session.sends(&format!("AUTH LOGIN {}", encoded("ann")));
    assert_eq!(session.replies(), "334 UGFzc3dvcmQ6\r\n");
    session.sends(&encoded("pw"));
    assert_eq!(session.events(), "auth LOGIN ann:pw None");
}

#[test]
fn a_bearer_is_refused_in_two_rounds() {
    let claim = encoded("n,a=ann@mx.test,\x01auth=Bearer tok\x01\x01");
    for last in ["AQ==", "", "*", "?"] {
        let mut session = session(Mechanism::OAUTHBEARER);
        session.sends(&format!("AUTH OAUTHBEARER {claim}"));
        assert_eq!(session.events(), "auth OAUTHBEARER Some(\"ann@mx.test\") tok");
        let replies = session.replies();
        let challenge = replies.strip_prefix("334 ").unwrap().trim_end();
        let json = BASE64_STANDARD.decode(challenge).unwrap();
        assert_eq!(json, b"{\"status\":\"invalid_token\"}");
        session.sends(last);
        assert_eq!(session.replies(), "535 5.7.8 authentication failed\r\n");
        session.sends("NOOP");
        assert_eq!(session.codes(), "250");
    }
}

#[test]
fn a_transient_refusal_of_a_bearer_has_one_round() {
    let mut session = session(Mechanism::XOAUTH2).refusing("auth", Rejection::AUTH_FAILURE);
    session.sends(&format!(
        "AUTH XOAUTH2 {}",
        encoded("user=ann\x01auth=Bearer tok\x01\x01")
    ));
    assert_eq!(session.codes(), "454");
}

#[test]
fn another_mechanism_is_passed_on_step_by_step() {
    let own = Mechanism::parse("X-OWN").unwrap();
    let mut session = session(own);
    session.auth_outcomes.push(AuthOutcome::Challenge(b"who?".into()));
    session.auth_outcomes.push(AuthOutcome::Challenge(Vec::new()));
    session.auth_outcomes.push(AuthOutcome::Accept("ann".into()));
    session.sends("AUTH X-OWN");
    assert_eq!(session.events(), "auth X-OWN begin None");
    assert_eq!(session.replies(), format!("334 {}\r\n", encoded("who?")));
    session.sends(&encoded("me"));
    assert_eq!(session.events(), "auth X-OWN \"me\"");
    assert_eq!(session.replies(), "334 \r\n");
    session.sends("");
    assert_eq!(session.events(), "auth X-OWN \"\"");
    assert_eq!(session.codes(), "235");
}

#[test]
fn an_equals_sign_is_an_empty_initial_response() {
    let mut session = session(Mechanism::parse("X-OWN").unwrap());
    session.sends("AUTH X-OWN =");
    assert_eq!(session.events(), "auth X-OWN begin Some(\"\")");
}

#[test]
fn a_challenge_too_long_for_a_line_ends_the_exchange() {
    let mut session = session(Mechanism::parse("X-OWN").unwrap());
    session.auth_outcomes.push(AuthOutcome::Challenge(
        std::vec![0; crate::types::Auth::MAX_INITIAL / 4 * 3 + 1],
    ));
    session.sends("AUTH X-OWN");
    assert_eq!(session.codes(), "454");
    session.sends("NOOP");
    assert_eq!(session.codes(), "250");
}

#[test]
fn in_scram_the_client_sends_first() {
    let mut session = session(Mechanism::SCRAM_SHA_256);
    session.sends("AUTH SCRAM-SHA-256");
    assert_eq!(session.replies(), "334 \r\n");
    session.sends(&encoded("n,,n=ann,r=x"));
    assert_eq!(
        session.events(),
        "auth SCRAM-SHA-256 begin Some(\"n,,n=ann,r=x\")"
    );
}

#[test]
fn each_fault_of_the_client_has_its_code() {
    for (line, reply, fault) in [
        ("*", "501 5.7.0 authentication cancelled", "Cancelled"),
        ("A", "501 5.5.2 cannot decode this base64", "NotBase64"),
        ("AGFubgBwdw=", "501 5.5.2 cannot decode this base64", "NotBase64"),
        ("AGFubgBwdx==", "501 5.5.2 cannot decode this base64", "NotBase64"),
        (
            "AGFu bgBwdw==",
            "501 5.5.2 cannot decode this base64",
            "NotBase64",
        ),
        ("=", "501 5.5.2 cannot decode this base64", "NotBase64"),
        (
            "aGVsbG8=",
            "501 5.5.2 malformed authentication response",
            "Malformed",
        ),
        ("", "501 5.5.2 malformed authentication response", "Malformed"),
    ] {
        let mut session = session(Mechanism::PLAIN);
        session.sends("AUTH PLAIN");
        session.clear();
        session.sends(line);
        assert_eq!(session.replies(), format!("{reply}\r\n"), "{line}");
        assert_eq!(session.events(), format!("auth-failed {fault}"), "{line}");
        session.sends("NOOP");
        assert_eq!(session.codes(), "250", "{line}");
    }
}

#[test]
fn cram_md5_refuses_an_initial_response() {
    let mut session = session(Mechanism::CRAM_MD5);
    session.sends("AUTH CRAM-MD5 YQ==");
    assert_eq!(
        session.replies(),
        "501 5.7.0 this mechanism has no initial response\r\n"
    );
}

#[test]
fn a_mechanism_that_is_not_offered_is_refused_with_504() {
    let mut session = session(Mechanism::PLAIN);
    for line in ["AUTH LOGIN", "AUTH PLAINX", "AUTH X"] {
        session.sends(line);
        assert_eq!(
            session.replies(),
            "504 5.5.4 mechanism not recognised\r\n",
            "{line}"
        );
    }
    session.sends("AUTH");
    assert_eq!(session.codes(), "501");
}

#[test]
fn without_auth_the_command_is_not_implemented() {
    let mut session = Session::new();
    session.sends("AUTH PLAIN");
    assert_eq!(session.codes(), "502");
}

#[test]
fn auth_is_accepted_only_in_sequence() {
    let mut session = Session::fresh(offering(&[Mechanism::PLAIN]));
    session.poll_all();
    session.clear();
    session.sends("AUTH PLAIN");
    assert_eq!(session.replies(), "503 5.5.1 send EHLO first\r\n");
    let mut session = accepting(self::session(Mechanism::PLAIN));
    session.sends("MAIL FROM:<a@b.test>\r\nAUTH PLAIN\r\nRSET");
    assert_eq!(session.codes(), "250 503 250");
    session.sends(&format!(
        "AUTH PLAIN {ANN}\r\nAUTH PLAIN {ANN}\r\nRSET\r\nAUTH PLAIN {ANN}"
    ));
    assert_eq!(session.codes(), "235 503 250 503");
}

#[test]
fn ehlo_keeps_the_login_and_no_longer_offers_auth() {
    let mut session = accepting(session(Mechanism::PLAIN));
    session.sends("EHLO client.test");
    assert!(session.replies().contains("AUTH PLAIN\r\n"));
    session.sends(&format!("AUTH PLAIN {ANN}"));
    session.clear();
    session.sends("EHLO client.test");
    assert!(!session.replies().contains("AUTH"));
    assert_eq!(session.server.identity(), Some("ann"));
}

#[test]
fn responses_have_a_maximum_length() {
    let token = "t".repeat(12_200);
    let claim = encoded(&format!("user=ann\x01auth=Bearer {token}\x01\x01"));
    assert!(claim.len() > 16_000 && claim.len() <= 16_384);
    let mut session = accepting(session(Mechanism::XOAUTH2));
    session.sends("AUTH XOAUTH2");
    session.sends(&claim);
    assert_eq!(session.codes(), "334 235");
    let mut session = accepting(self::session(Mechanism::XOAUTH2));
    session.sends(&format!("AUTH XOAUTH2 {claim}"));
    assert_eq!(session.codes(), "235", "behind the command, too");

    let mut session = self::session(Mechanism::PLAIN);
    session.sends("AUTH PLAIN");
    session.clear();
    session.sends(&"A".repeat(16_388));
    assert_eq!(
        session.replies(),
        "500 5.5.6 authentication response too long\r\n"
    );
    assert_eq!(session.events(), "auth-failed TooLong");
    session.sends("NOOP");
    assert_eq!(session.codes(), "250");
}

#[test]
fn the_end_of_the_input_ends_the_exchange_and_the_session() {
    let mut session = session(Mechanism::PLAIN);
    session.sends("AUTH PLAIN");
    session.ends();
    assert_eq!(session.events(), "closed ConnectionClosed");
}

#[test]
fn a_client_that_stops_in_the_exchange_times_out() {
    let mut session = session(Mechanism::PLAIN);
    session.sends("AUTH PLAIN");
    session.clear();
    assert_eq!(session.wait.deadline.unwrap().phase, Phase::Auth);
    session.later(300);
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "closed TimedOut(Auth)");
}

#[test]
fn debug_output_hides_responses() {
    let line = format!("AUTH PLAIN {}\r\n", encoded("\0ann\0hunter2"));
    let mut server = session(Mechanism::PLAIN).server;
    let Step::Event(event) = server.poll(&mut line.as_bytes(), Instant::ORIGIN) else {
        panic!("no question");
    };
    let asked = format!("{event:?}");
    let seen = format!("{asked} {server:?}");
    assert!(seen.contains("ann"), "{seen}");
    for secret in ["hunter2", &*encoded("\0ann\0hunter2")] {
        assert!(!shows(&seen, secret), "{seen}");
    }
}

#[test]
fn the_error_challenge_of_a_bearer_is_sent_once() {
    let mut session = session(Mechanism::OAUTHBEARER);
    session.auth_outcomes.push(AuthOutcome::Challenge(b"{}".into()));
    session.sends(&format!(
        "AUTH OAUTHBEARER {}",
        encoded("n,a=ann,\x01auth=Bearer tok\x01\x01")
    ));
    assert_eq!(session.replies(), "334 e30=\r\n");
    session.sends("AQ==");
    assert_eq!(session.replies(), "535 5.7.8 authentication failed\r\n");
}

#[test]
fn a_long_response_is_not_parsed_as_a_chunk() {
    let mut session = session(Mechanism::PLAIN);
    session.sends("AUTH PLAIN");
    session.clear();
    session.sends(&format!("BDAT{}", "A".repeat(20_000)));
    assert_eq!(session.codes(), "500");
    assert_eq!(session.events(), "auth-failed TooLong");
}

#[test]
fn a_new_exchange_is_begin_and_a_response_is_step() {
    let mut session = session(Mechanism::SCRAM_SHA_256);
    session.auth_outcomes.push(AuthOutcome::Challenge(b"x".into()));
    session.auth_outcomes.push(AuthOutcome::Challenge(b"x".into()));
    session.sends("AUTH SCRAM-SHA-256 YQ==\r\n*\r\nAUTH SCRAM-SHA-256 YQ==\r\nYg==");
    assert_eq!(
        session.events(),
        "auth SCRAM-SHA-256 begin Some(\"a\"), auth-failed Cancelled, auth SCRAM-SHA-256 begin Some(\"a\"), \
         auth SCRAM-SHA-256 \"b\""
    );
}

#[test]
fn a_line_after_the_exchange_is_a_command() {
    let mut session = accepting(session(Mechanism::LOGIN));
    session.sends(&format!(
        "AUTH LOGIN\r\n{}\r\n{}\r\nNOOP",
        encoded("ann"),
        encoded("pw")
    ));
    assert_eq!(session.codes(), "334 334 235 250");
}
