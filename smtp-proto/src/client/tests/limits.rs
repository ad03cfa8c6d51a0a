use super::*;

#[track_caller]
fn refused(session: &mut Session, envelope: &Envelope) -> RequestError {
    let before = session.client.state();
    let not_sent = session.client.deliver(envelope.clone()).unwrap_err();
    assert_eq!(*not_sent.value, *envelope);
    session.sends("");
    assert_eq!(session.client.state(), before);
    not_sent.error
}

#[test]
fn an_envelope_beyond_the_limits_is_returned() {
    let mut session = Session::with(config(), "LIMITS RCPTMAX=3 RCPTDOMAINMAX=2");
    assert_eq!(
        refused(&mut session, &to("a@y b@y c@y d@y")),
        RequestError::TooManyRecipients(3)
    );
    assert_eq!(
        refused(&mut session, &to("a@y b@z c@w")),
        RequestError::TooManyDomains(2)
    );
    assert_eq!(refused(&mut session, &to("")), RequestError::NoRecipients);
    session.deliver(to("a@y b@Y c@z")).sends("MAIL FROM:<a@x>|");
}

#[test]
fn an_envelope_split_by_the_limits_is_accepted() {
    let mut session = Session::with(config(), "LIMITS RCPTMAX=2 RCPTDOMAINMAX=2");
    let limits = session.client.extensions().limits();
    for part in to("a@y b@z c@y d@y").split(limits) {
        session
            .deliver(part)
            .written()
            .server("550")
            .reports_last("Refused(Mail)");
    }
}

#[test]
fn at_most_the_limit_of_transactions_begins() {
    let mut session = Session::with(config(), "LIMITS MAILMAX=2");
    for _ in 0..2 {
        session.deliver(to("b@y")).written().server("550");
    }
    session.wire.clear();
    assert_eq!(
        refused(&mut session, &to("b@y")),
        RequestError::TooManyTransactions(2)
    );
}

#[test]
fn at_most_the_limit_of_domains_is_used_in_a_session() {
    let mut session = Session::with(config(), "LIMITS RCPTDOMAINMAX=2");
    session.deliver(to("b@y c@Y")).written().server("550");
    session.deliver(to("b@z")).written().server("550");
    session.wire.clear();
    assert_eq!(
        refused(&mut session, &to("b@w")),
        RequestError::TooManySessionDomains(2)
    );
    assert_eq!(
        refused(&mut session, &to("b@w b@y b@z")),
        RequestError::TooManyDomains(2)
    );
    session.deliver(to("b@Z c@y")).sends("MAIL FROM:<a@x>|");
}

#[test]
fn a_message_declared_too_big_is_not_sent() {
    let sized = |octets| to("b@y").with_parameters(MailParameters::default().with_size(octets));
    let mut session = Session::with(config(), "SIZE 1000");
    let why = RequestError::TooBig {
        size: 1001,
        limit: 1000,
    };
    assert_eq!(refused(&mut session, &sized(1001)), why);
    session.deliver(sized(1000)).sends("MAIL FROM:<a@x> SIZE=1000|");
    Session::with(config(), "SIZE 0").deliver(sized(u64::MAX));
    Session::with(config(), "SIZE").deliver(sized(u64::MAX));
}

#[test]
fn replies_are_bounded() {
    let mut config = config();
    config.limits.reply.line = 20;
    config.limits.reply.lines = 3;
    for greeting in ["220 a line that is too long", "220-a|220-b|220-c|220 d"] {
        Session::new(config.clone())
            .server(greeting)
            .reports("Greeting 220");
    }
    let mut session = Session::new(config);
    for _ in 0..1000 {
        session.octets(b"220-xxxxxxxxxxxxxxxxxxxxxx\r\n");
        assert!(session.input.len() < 30);
    }
    session.server("220 at last").reports("Greeting 220");
    session.sends("EHLO me.example|");
}

#[test]
fn an_endless_reply_ends_the_session_however_it_is_cut() {
    for piece in [1000, 4096, 70_000, 2 << 20] {
        let mut session = Session::new(config());
        let endless = [&b"220 "[..], &b"x".repeat((1 << 20) - 3)].concat();
        for octets in endless.chunks(piece) {
            session.octets(octets);
        }
        session.reports("Closed ReplyTooLong None");
    }
    let mut session = Session::new(config());
    session.octets(&[&b"220 "[..], &b"x".repeat((1 << 20) - 6), b"\r\n"].concat());
    session.reports("Greeting 220");
}
