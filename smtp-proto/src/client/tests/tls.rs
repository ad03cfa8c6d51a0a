use super::*;

const OFFER: &str = "250-mx.example|250-PIPELINING|250 STARTTLS";

/// A session after EHLO and its reply.
fn answered(policy: Tls, ehlo: &str) -> Session {
    let mut config = config();
    config.tls = policy;
    let mut session = Session::new(config);
    session.server("220 hi").sends("EHLO me.example|");
    session.server(ehlo);
    session
}

/// The results of the handshakes in these tests.
fn info() -> TlsInfo {
    TlsInfo {
        protocol: Some("TLSv1.3".into()),
        ..TlsInfo::default()
    }
}

fn handshake(session: &mut Session) {
    let upgrade = session.upgrade.take().expect("an upgrade is granted");
    session.client.tls_established(upgrade, info());
    session.poll_all();
}

#[test]
fn starttls_is_sent_if_configured_and_offered() {
    for policy in [Tls::Required, Tls::Opportunistic] {
        let mut session = answered(policy, OFFER);
        session.sends("STARTTLS|");
        session.server("220 go");
        session.reports("Greeting 220, Hello(Ehlo) 250, StartTls 220, StartTls");
        assert_eq!(session.client.tls(), None);
        assert!(!session.wait.want_read, "what comes now belongs to TLS");
        assert!(session.wait.application_pending);
        handshake(&mut session);
        session.sends("EHLO me.example|");
        session.server("250 mx.example").reports("Hello(Ehlo) 250, Ready");
        assert!(session.client.is_encrypted());
        assert_eq!(session.client.tls(), Some(&info()));
    }
}

#[test]
fn with_tls_disabled_starttls_is_not_sent() {
    answered(Tls::Disabled, OFFER)
        .sends("")
        .reports("Greeting 220, Hello(Ehlo) 250, Ready");
}

#[test]
fn facts_from_plaintext_are_forgotten() {
    let mut session = answered(
        Tls::Required,
        "250-mx.example|250-SIZE 10|250-LIMITS RCPTMAX=1|250 STARTTLS",
    );
    session.written().server("220 go");
    handshake(&mut session);
    assert_eq!(session.client.extensions(), &Extensions::default());
    assert_eq!(session.client.state(), State::Greeted);
    session.written().server("250 mx.example");
    assert!(session.client.extensions().size_limit().is_none());
    assert!(session.client.extensions().limits().rcpt_max().is_none());
}

#[test]
fn an_offer_of_starttls_under_tls_is_ignored() {
    let mut session = answered(Tls::Required, OFFER);
    session.written().server("220 go");
    handshake(&mut session);
    session.sends("STARTTLS|EHLO me.example|");
    session.server(OFFER).sends("").reports_last("Ready");
}

#[test]
fn plaintext_after_the_220_ends_the_session() {
    // A whole reply is not reported: a receipt would take 550 for a refusal.
    for behind in ["250 fake", "250-fake", "2", "\r\n", "550 fake\r\n"] {
        let mut session = answered(Tls::Required, OFFER);
        session.written();
        session.octets(format!("220 go\r\n{behind}").as_bytes());
        session.reports("Greeting 220, Hello(Ehlo) 250, StartTls 220, Closed PlaintextBeforeTls None");
        assert!(session.upgrade.is_none());
    }
}

#[test]
fn input_during_the_handshake_is_not_a_reply() {
    let mut session = answered(Tls::Required, OFFER);
    session.written().server("220 go");
    session
        .server("250 fake")
        .reports_last("Closed PlaintextBeforeTls None");
}

#[test]
fn required_tls_ends_the_session_if_not_available() {
    let mut session = answered(Tls::Required, "250 mx.example");
    session.sends("QUIT|");
    session
        .server("221 bye")
        .reports_last("Closed TlsNotOffered None");
    let mut session = answered(Tls::Required, "250 STARTTLS");
    session.sends("QUIT|");
    let mut session = answered(Tls::Required, OFFER);
    session.sends("STARTTLS|").server("454 not now").sends("QUIT|");
    session.server("221 bye").reports_last("Closed TlsRefused None");
}

#[test]
fn required_tls_does_not_fall_back_to_helo() {
    let mut session = answered(Tls::Required, "500 what?");
    session.sends("QUIT|");
    session.server("221 bye").reports_last("Closed EhloRefused None");
}

#[test]
fn opportunistic_tls_continues_in_plaintext_after_a_refusal() {
    answered(Tls::Opportunistic, "250 mx.example").reports_last("Ready");
    let mut session = answered(Tls::Opportunistic, OFFER);
    session.written().server("454 not now").reports_last("Ready");
}

#[test]
fn a_failed_handshake_ends_the_session_without_plaintext() {
    for policy in [Tls::Opportunistic, Tls::Required] {
        let mut session = answered(policy, OFFER);
        session.written().server("220 go");
        let upgrade = session.upgrade.take().unwrap();
        session.client.tls_failed(upgrade);
        session
            .poll_all()
            .sends("STARTTLS|")
            .reports_last("Closed TlsFailed None");
        let mut session = answered(policy, OFFER);
        session.written().server("220 go");
        session
            .connection_lost()
            .sends("STARTTLS|")
            .reports_last("Closed ConnectionLost None");
    }
}

#[test]
fn a_stalled_handshake_times_out() {
    let mut session = answered(Tls::Required, OFFER);
    session.written().server("220 go");
    // The driver is busy with the handshake, and looks here when its time is over.
    session.now = session.now + Duration::from_secs(60);
    session
        .poll_all()
        .sends("STARTTLS|")
        .reports_last("Closed TimedOut(Handshake) None");
    let mut session = answered(Tls::Required, OFFER);
    session.written().server("220 go");
    session.later(59).reports_last("StartTls");
    handshake(&mut session);
    session.sends("STARTTLS|EHLO me.example|").later(299);
    session.server("250 mx.example").reports_last("Ready");
}

#[test]
fn implicit_tls_needs_no_starttls() {
    let mut config = config();
    config.tls = Tls::Required;
    let mut session = Session::new(config.clone());
    session.client = Client::new_over_tls(config.into(), info());
    session.server("220 hi").sends("EHLO me.example|");
    session.server(OFFER).sends("").reports_last("Ready");
}

#[test]
fn a_login_follows_a_refused_starttls_if_allowed() {
    let mut config = config();
    config.tls = Tls::Opportunistic;
    config.login = Some(Login::new(crate::sasl::Credentials::password("ann", "pw")));
    config.plaintext_auth = crate::sasl::PlaintextAuth::Insecure;
    let mut session = Session::new(config);
    session
        .server("220 mx")
        .written()
        .server("250-mx|250-STARTTLS|250 AUTH PLAIN");
    session
        .written()
        .server("454 not now")
        .written()
        .server("235 ok")
        .reports_last("Auth 235, Ready");
}

/// The server may have offered STARTTLS in the part of its reply that was dropped.
#[test]
fn a_cut_ehlo_reply_may_have_offered_starttls() {
    let cut = |policy, ehlo: &str| {
        let mut config = config();
        config.tls = policy;
        config.limits.reply.lines = 2;
        let mut session = Session::new(config);
        session.server("220 hi").sends("EHLO me.example|");
        session.server(ehlo).reports_last("Hello(Ehlo) 250");
        session
    };
    let ehlo = "250-mx.example|250-PIPELINING|250 STARTTLS";
    for policy in [Tls::Opportunistic, Tls::Required] {
        let mut session = cut(policy, ehlo);
        session
            .sends("STARTTLS|")
            .server("220 go")
            .reports_last("StartTls");
        handshake(&mut session);
        assert!(session.client.is_encrypted());
    }
    cut(Tls::Opportunistic, ehlo)
        .sends("STARTTLS|")
        .server("502 5.5.1 unknown")
        .reports("StartTls 502, Ready");
    cut(Tls::Required, ehlo)
        .sends("STARTTLS|")
        .server("502 5.5.1 unknown")
        .sends("QUIT|")
        .server("221")
        .reports_last("Closed TlsRefused None");
}

/// HELO has no extensions, and the offer in a whole reply is certain.
#[test]
fn only_a_cut_ehlo_reply_may_have_offered_starttls() {
    let mut config = config();
    config.tls = Tls::Opportunistic;
    config.limits.reply.lines = 2;
    let begin = || {
        let mut session = Session::new(config.clone());
        session.server("220-a|220-b|220 c").sends("EHLO me.example|");
        session
    };
    begin().server("250-mx|250 SIZE").sends("").reports_last("Ready");
    begin()
        .server("500 what?")
        .sends("HELO me.example|")
        .server("250-mx|250-and|250 more")
        .sends("")
        .reports_last("Ready");
}
