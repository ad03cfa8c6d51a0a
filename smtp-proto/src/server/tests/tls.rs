use super::*;
use crate::types::Extension;

fn offering() -> Config {
    let mut config = config();
    config.extensions.add(Extension::StartTls);
    config.extensions.add(Extension::RequireTls);
    config
}

fn requiring() -> Config {
    let mut config = offering();
    config.tls = Tls::Required;
    config
}

/// A session after its handshake, not introduced again.
fn under_tls(config: Config) -> Session {
    let mut session = Session::with(config);
    session.sends("STARTTLS");
    shake_hands(&mut session);
    session.clear();
    session
}

/// The results of the handshakes in these tests.
fn info() -> TlsInfo {
    TlsInfo {
        protocol: Some("TLSv1.3".into()),
        ..TlsInfo::default()
    }
}

fn shake_hands(session: &mut Session) {
    let upgrade = session.upgrade.take().expect("an upgrade is granted");
    session.server.tls_established(upgrade, info());
    session.poll_all();
}

#[test]
fn the_upgrade_is_reported_after_the_reply_is_written() {
    let mut session = Session::with(offering());
    session.reads = false;
    session.sends("starttls ");
    assert_eq!(session.events(), "");
    assert!(!session.wait.want_read, "what comes now belongs to TLS");
    session.takes(10);
    session.poll_all();
    assert_eq!(session.events(), "");
    session.reads = true;
    session.poll_all();
    assert_replies(&mut session, "220 2.0.0 ready for TLS\r\n");
    assert_eq!(session.events(), "starttls");
    assert!(!session.wait.want_read && session.wait.application_pending);
}

#[test]
fn facts_from_plaintext_are_forgotten() {
    let mut session = under_tls(offering());
    assert!(session.server.is_encrypted());
    assert_eq!(session.server.tls(), Some(&info()));
    assert!(session.server.hello().is_none());
    session.sends("MAIL FROM:<a@client.test>");
    assert_replies(&mut session, "503 5.5.1 send EHLO first\r\n");
    session.sends("EHLO client.test\r\nMAIL FROM:<a@client.test>");
    assert_eq!(session.codes(), "250 250");
    assert_eq!(session.server.protocol_name(), "ESMTPS");
}

#[test]
fn restrictions_by_the_application_stay_after_starttls() {
    let mut session = Session::with(offering());
    session.server.extensions_mut().remove(Keyword::Chunking);
    session.sends("STARTTLS");
    shake_hands(&mut session);
    session.clear();
    session.sends("EHLO client.test");
    assert!(!session.replies().contains("CHUNKING"));
}

#[test]
fn the_offer_differs_in_plaintext_and_under_tls() {
    let mut session = Session::fresh(offering());
    session.poll_all();
    session.clear();
    session.sends("EHLO client.test");
    let replies = session.replies();
    assert!(
        replies.contains("STARTTLS\r\n") && !replies.contains("REQUIRETLS"),
        "{replies}"
    );
    session.sends("MAIL FROM:<a@client.test> REQUIRETLS");
    assert_eq!(session.codes(), "555");
    session.sends("STARTTLS");
    shake_hands(&mut session);
    session.clear();
    session.sends("EHLO client.test");
    let replies = session.replies();
    assert!(
        !replies.contains("STARTTLS\r\n") && replies.contains("REQUIRETLS\r\n"),
        "{replies}"
    );
    session.sends("MAIL FROM:<a@client.test> REQUIRETLS");
    assert_eq!(session.codes(), "250");
}

#[test]
fn octets_after_starttls_end_the_session() {
    for behind in ["NOOP\r\n", "EHLO x.test\r\nMAIL FROM:<a@b>\r\n", "N", "\r\n"] {
        let mut session = Session::with(offering());
        session.sends_octets(format!("STARTTLS\r\n{behind}").as_bytes());
        assert_replies(&mut session, "421 4.7.0 plaintext after STARTTLS, closing\r\n");
        assert_eq!(session.events(), "closed PlaintextBeforeTls");
        assert!(session.upgrade.is_none());
    }
}

#[test]
fn octets_before_the_reply_is_written_end_the_session() {
    let mut session = Session::with(offering());
    session.reads = false;
    session.sends("STARTTLS");
    session.reads = true;
    session.sends("NOOP");
    assert_eq!(session.codes(), "220 421");
    assert_eq!(session.events(), "closed PlaintextBeforeTls");
}

#[test]
fn starttls_out_of_sequence_is_refused() {
    let mut session = Session::with(offering());
    session.sends("STARTTLS now\r\nMAIL FROM:<a@client.test>\r\nSTARTTLS");
    assert_eq!(session.codes(), "501 250 503");
    assert_eq!(session.server.state(), State::Mail);
    let mut session = Session::new();
    session.sends("STARTTLS");
    assert_eq!(session.codes(), "502");
    let mut session = under_tls(offering());
    session.sends("EHLO client.test\r\nSTARTTLS");
    assert_eq!(session.codes(), "250 503");
}

#[test]
fn required_tls_refuses_most_commands_with_530() {
    let mut session = Session::with(requiring());
    session.sends("NOOP\r\nMAIL FROM:<a@client.test>\r\nRSET\r\nVRFY b\r\nHELP\r\nHELO client.test");
    session.sends("BDAT 6 LAST\r\nQUIT");
    assert_eq!(session.codes(), "250 530 530 530 530 530 530");
    session.sends("QUIT");
    assert_eq!(session.codes(), "221");
    let mut session = under_tls(requiring());
    session.sends("EHLO client.test\r\nMAIL FROM:<a@client.test>");
    assert_eq!(session.codes(), "250 250");
}

#[test]
fn a_failed_handshake_ends_the_session() {
    let mut session = Session::with(offering());
    session.sends("STARTTLS");
    assert_eq!(session.codes(), "220");
    let upgrade = session.upgrade.take().unwrap();
    session.server.tls_failed(upgrade);
    session.poll_all();
    assert_eq!(session.events(), "starttls, closed TlsFailed");
    assert_eq!(session.replies(), "");
    let mut session = Session::with(offering());
    session.sends("STARTTLS");
    session.server.connection_lost();
    session.poll_all();
    assert_eq!(session.events(), "starttls, closed ConnectionLost");
}

#[test]
fn a_stalled_handshake_times_out_without_a_reply() {
    let mut session = Session::with(offering());
    session.sends("STARTTLS");
    assert_eq!(session.codes(), "220");
    session.later(59);
    assert_eq!(session.events(), "starttls");
    session.later(1);
    assert_eq!(session.events(), "closed TimedOut(Handshake)");
    assert_eq!(session.replies(), "");
}

#[test]
fn a_shutdown_during_the_handshake_sends_no_plaintext() {
    for how in [Shutdown::Gracefully, Shutdown::Now] {
        let mut session = Session::with(offering());
        session.sends("STARTTLS");
        assert_eq!(session.codes(), "220");
        session.server.shutdown(how);
        session.poll_all();
        assert_eq!(session.events(), "starttls, closed Shutdown");
        assert_eq!(session.replies(), "");
    }
}

#[test]
fn a_shutdown_after_the_reply_to_starttls_sends_no_plaintext() {
    for how in [Shutdown::Gracefully, Shutdown::Now] {
        let mut session = Session::with(offering());
        session.reads = false;
        session.sends("STARTTLS");
        session.server.shutdown(how);
        session.reads = true;
        session.poll_all();
        assert_eq!(session.codes(), "220");
        assert_eq!(session.events(), "closed Shutdown");
    }
}

#[test]
fn nothing_is_read_during_the_handshake() {
    let mut session = Session::with(offering());
    session.sends("STARTTLS");
    assert_eq!(session.codes(), "220");
    session.sends("NOOP");
    assert_eq!(session.events(), "starttls, closed PlaintextBeforeTls");
    assert_eq!(session.replies(), "");
}

#[test]
fn implicit_tls_needs_no_starttls() {
    let mut session = Session::fresh(requiring());
    session.server.set_implicit_tls(info());
    assert_eq!(session.server.tls(), Some(&info()));
    session.poll_all();
    session.sends("EHLO client.test\r\nMAIL FROM:<a@client.test>");
    assert_eq!(session.codes(), "220 250 250");
}

#[test]
fn implicit_tls_begins_with_the_handshake() {
    let mut session = Session::fresh(requiring());
    session.upgrade = session.server.start_implicit_tls();
    assert!(session.server.start_implicit_tls().is_none());
    session.poll_all();
    assert!(!session.wait.want_read && session.wait.application_pending);
    assert_eq!(session.replies(), "");
    shake_hands(&mut session);
    session.sends("EHLO client.test\r\nMAIL FROM:<a@client.test>");
    assert_eq!(session.codes(), "220 250 250");
    assert_eq!(session.server.tls(), Some(&info()));
}

#[test]
fn a_failed_implicit_handshake_sends_no_reply() {
    let begun = || {
        let mut session = Session::fresh(requiring());
        session.upgrade = session.server.start_implicit_tls();
        session
    };
    let mut session = begun();
    session.later(60);
    assert_eq!(session.events(), "closed TimedOut(Handshake)");
    assert_eq!(session.replies(), "");
    let mut session = begun();
    let upgrade = session.upgrade.take().unwrap();
    session.server.tls_failed(upgrade);
    session.poll_all();
    assert_eq!(session.events(), "closed TlsFailed");
    assert_eq!(session.replies(), "");
}

#[test]
fn it_is_too_late_for_implicit_tls_once_a_poll_waited_for_the_greeting_delay() {
    let mut config = offering();
    config.timeouts.greeting_delay = Duration::from_secs(5);
    let mut session = Session::fresh(config);
    session.poll_all();
    assert_replies(&mut session, "");
    assert!(session.server.start_implicit_tls().is_none());
    session.server.set_implicit_tls(info());
    assert!(!session.server.is_encrypted());
}

#[test]
fn it_is_too_late_for_implicit_tls_once_the_session_has_begun() {
    let mut session = Session::fresh(offering());
    session.poll_all();
    assert!(session.server.start_implicit_tls().is_none());
    session.server.set_implicit_tls(info());
    assert!(!session.server.is_encrypted());
}
