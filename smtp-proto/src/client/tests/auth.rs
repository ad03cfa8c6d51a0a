use std::boxed::Box;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;
use crate::{
    sasl::{ClientMechanism, Context, Credentials, Mechanism, MechanismError, PlaintextAuth, Secret},
    secret::tests::shows,
    time::Phase,
    tls::TlsInfo,
};

mod choice;

/// `\0ann\0pw` in base64.
const ANN: &str = "AGFubgBwdw==";

fn login() -> Login {
    Login::new(Credentials::password("ann", "pw"))
}

fn logging_in(login: Login) -> Config {
    let mut config = config();
    config.login = Some(login);
    config
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// A session under TLS whose server offers this in its reply to EHLO.
fn offered(login: Login, line: &str) -> Session {
    let mut session = Session::new(config());
    session.client = Client::new_over_tls(logging_in(login).into(), TlsInfo::default());
    session.poll_all();
    session.server("220 hi").sends("EHLO me.example|");
    session.server(&format!("250-mx.example|250 {line}"));
    session.reports_last("Hello(Ehlo) 250");
    session
}

/// A session in plaintext.
fn in_plaintext(policy: PlaintextAuth, line: &str) -> Session {
    let mut config = logging_in(login());
    config.plaintext_auth = policy;
    let mut session = Session::new(config);
    session.server("220 hi").written();
    session.wire.clear();
    session.server(&format!("250-mx.example|250 {line}"));
    session.events.clear();
    session
}

/// A mechanism of the application's own: answers each challenge by itself.
#[derive(Debug)]
struct Echo {
    initial: Option<&'static [u8]>,
    proven: bool,
}

impl ClientMechanism for Echo {
    fn mechanism(&self) -> Mechanism {
        Mechanism::parse("X-ECHO").unwrap()
    }

    fn initial_response(&mut self) -> Option<Secret> {
        self.initial.take().map(Secret::from)
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Secret, MechanismError> {
        if challenge == b"too much" {
            return Ok(Secret::from(std::vec![0; 12_289]));
        }
        if challenge == b"bad" {
            return Err(MechanismError::MalformedChallenge);
        }
        Ok(challenge.into())
    }

    fn verify_success(&mut self) -> Result<(), MechanismError> {
        if self.proven {
            Ok(())
        } else {
            Err(MechanismError::ServerNotVerified)
        }
    }
}

/// A session in which the application has begun an exchange of its own.
fn echoing(echo: Echo) -> Session {
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    let mut session = Session::with(config, "AUTH X-ECHO");
    session.client.authenticate(Box::new(echo)).unwrap();
    session
}

const fn echo() -> Echo {
    Echo {
        initial: None,
        proven: true,
    }
}

#[test]
fn plain_is_sent_before_the_session_is_ready() {
    let mut session = offered(login(), "AUTH PLAIN LOGIN");
    session.sends(&format!("AUTH PLAIN {ANN}|"));
    assert!(!session.client.is_authenticated());
    session.server("235 welcome").reports("Auth 235, Ready");
    assert!(session.client.is_authenticated());
}

#[test]
fn login_answers_any_challenge() {
    let mut login = login();
    login.mechanism = Some(Mechanism::LOGIN);
    let mut session = offered(login, "AUTH PLAIN LOGIN");
    session.sends("AUTH LOGIN|");
    session.server(&format!("334 {}", encoded("Who are you?")));
    session.sends(&format!("{}|", encoded("ann")));
    session.server("334 ").sends(&format!("{}|", encoded("pw")));
    session
        .server("235 ok")
        .reports("Auth 334, Auth 334, Auth 235, Ready");
}

#[test]
fn a_refusal_ends_the_session() {
    for reply in ["535 5.7.8 no", "454 4.7.0 later", "530 no", "504 what"] {
        let mut session = offered(login(), "AUTH PLAIN");
        session.written().server(reply);
        session.wire.clear();
        session.written().sends("QUIT|");
        session.server("221 bye");
        session.reports_last("Closed LoginRefused None");
        assert!(session.client.deliver(to("b@y")).is_err());
    }
}

#[test]
fn without_a_common_mechanism_nothing_is_sent() {
    for line in ["AUTH X-FOO GSSAPI", "AUTH", "8BITMIME"] {
        let mut session = offered(login(), line);
        session.sends("QUIT|");
        session.server("221 bye").reports_last("Closed NoMechanism None");
    }
    let mut only = login();
    only.mechanism = Some(Mechanism::CRAM_MD5);
    offered(only, "AUTH PLAIN LOGIN").sends("QUIT|");
}

#[test]
fn a_long_initial_response_waits_for_the_challenge() {
    // "AUTH XOAUTH2 " and CRLF leave 497 octets, 496 in base64, 372 in all; 23 of them are not the token.
    for (octets, at_once) in [(349, true), (350, false)] {
        let token = "t".repeat(octets);
        let mut login = Login::new(Credentials::token("ann", token.as_str()));
        login.mechanism = Some(Mechanism::XOAUTH2);
        let claim = encoded(&format!("user=ann\x01auth=Bearer {token}\x01\x01"));
        let mut session = offered(login, "AUTH XOAUTH2");
        if at_once {
            session.sends(&format!("AUTH XOAUTH2 {claim}|"));
        } else {
            session.sends("AUTH XOAUTH2|");
            session.server("334 ").sends(&format!("{claim}|"));
        }
        session.server("235 ok").reports_last("Auth 235, Ready");
    }
}

#[test]
fn a_deferred_response_does_not_answer_a_nonempty_challenge() {
    let token = "t".repeat(10_000);
    let mut session = offered(Login::new(Credentials::token("ann", &*token)), "AUTH XOAUTH2");
    session.sends("AUTH XOAUTH2|");
    session.server("334 YQ==").sends("*|");
}

#[test]
fn a_bearer_client_acknowledges_the_error_challenge() {
    let mut session = offered(Login::new(Credentials::token("ann", "tok")), "AUTH OAUTHBEARER");
    session.written();
    session.wire.clear();
    session.server(&format!("334 {}", encoded("{\"status\":\"invalid_token\"}")));
    session.sends("AQ==|");
    session.server("535 no").sends("QUIT|");
    session.server("221 bye").reports_last("Closed LoginRefused None");
}

#[test]
fn an_empty_initial_response_is_an_equals_sign() {
    offered(Login::new(Credentials::external()), "AUTH EXTERNAL").sends("AUTH EXTERNAL =|");
}

#[test]
fn the_application_may_add_a_mechanism() {
    let mut session = echoing(echo());
    session.sends("AUTH X-ECHO|");
    session.server("334 YQ==").sends("YQ==|");
    session.server("334 ").sends("|");
    session.server("235 ok").reports("Auth 334, Auth 334, Auth 235");
    assert!(session.client.is_ready());
    assert!(session.client.is_authenticated());
    let again = session.client.authenticate(Box::new(echo())).unwrap_err();
    assert_eq!(again.error, RequestError::Authenticated);
}

#[test]
fn an_exchange_of_the_application_may_fail_and_be_repeated() {
    let mut session = echoing(echo());
    session.written().server("535 no").reports("Auth 535");
    assert!(session.client.is_ready());
    assert!(!session.client.is_authenticated());
    session.client.authenticate(Box::new(echo())).unwrap();
}

#[test]
fn a_mechanism_that_is_not_offered_is_returned() {
    let mut session = Session::with(config(), "AUTH PLAIN");
    let refused = session.client.authenticate(Box::new(echo())).unwrap_err();
    assert_eq!(refused.error, RequestError::NotOffered(Keyword::Auth));
    session.sends("");
    let mut session = Session::at_body(config(), "AUTH X-ECHO", "b@y");
    let refused = session.client.authenticate(Box::new(echo())).unwrap_err();
    assert_eq!(refused.error, RequestError::OutOfTurn);
}

#[test]
fn an_exchange_without_an_answer_is_cancelled() {
    for challenge in [
        "334 A",
        "334 YQ",
        "334-YQ==|334 YQ==",
        "334 YmFk",
        "334 not base64",
        "334 dG9vIG11Y2g=",
    ] {
        let mut session = echoing(echo());
        session.written();
        session.wire.clear();
        session.server(challenge).sends("*|");
        session.server("501 cancelled").sends("QUIT|");
        session.server("221 bye");
        assert!(session.over, "{challenge}");
        assert!(
            session
                .events
                .last()
                .unwrap()
                .starts_with("Closed LoginCancelled")
        );
    }
}

#[test]
fn a_cancelled_login_ends_the_session() {
    let mut session = offered(login(), "AUTH PLAIN");
    session.written();
    session.wire.clear();
    session.server("334 YQ==").sends("*|");
    session.server("501 cancelled").sends("QUIT|");
    session.server("221 bye");
    session.reports_last("Closed LoginCancelled(UnexpectedStep) None");
}

#[test]
fn a_challenge_after_the_cancellation_ends_the_session() {
    for reply in ["235 ok", "334 "] {
        let mut session = echoing(echo());
        session.written().server("334 YmFk").written();
        session.server(reply).reports_last("Closed Unexpected None");
        assert!(!session.client.is_authenticated());
    }
}

#[test]
fn a_server_that_fails_mutual_authentication_receives_no_mail() {
    let mut session = echoing(Echo {
        proven: false,
        ..echo()
    });
    session.written();
    session.wire.clear();
    session.server("235 ok").sends("QUIT|");
    assert!(!session.client.is_authenticated());
    session.server("221 bye");
    session.reports_last("Closed LoginCancelled(ServerNotVerified) None");
}

#[test]
fn only_235_accepts_the_client() {
    for reply in ["250 ok", "354 go", "220 hi", "334"] {
        let mut session = offered(login(), "AUTH PLAIN");
        session.written().server(reply);
        if reply == "334" {
            session.reports_last("Auth 334"); // an empty challenge without its space
        } else {
            session.reports_last("Closed Unexpected None");
        }
    }
}

#[test]
fn timeouts_and_disconnections_end_the_exchange() {
    let mut session = offered(login(), "AUTH PLAIN");
    session.written();
    assert_eq!(session.wait.deadline.unwrap().phase, Phase::Auth);
    session.later(300).reports_last("Closed TimedOut(Auth) None");
    let mut session = offered(login(), "AUTH PLAIN");
    session
        .written()
        .eof()
        .reports_last("Closed ConnectionClosed None");
    let mut session = offered(login(), "AUTH PLAIN");
    session
        .written()
        .server("421 bye")
        .reports_last("Closed NotAvailable None");
}

#[test]
fn a_reply_before_the_command_is_written_does_not_answer_it() {
    let mut session = offered(login(), "AUTH PLAIN");
    session.server("235 ok").reports_last("Closed Unsolicited None");
}

#[test]
fn debug_output_hides_secrets() {
    let session = offered(Login::new(Credentials::password("ann", "hunter2")), "AUTH PLAIN");
    let encoded = encoded("\0ann\0hunter2");
    assert!(
        session
            .client
            .output()
            .windows(encoded.len())
            .any(|part| part == encoded.as_bytes())
    );
    let seen = std::format!("{:?}", session.client);
    for secret in ["hunter2", &*encoded] {
        assert!(!shows(&seen, secret), "{seen}");
    }
}
