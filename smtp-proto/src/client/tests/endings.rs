use super::*;

/// Sessions in the middle of things, each with what its end means for the message.
fn moments() -> Vec<(&'static str, Session, &'static str)> {
    let delivering = |reply: &str| {
        let mut session = Session::with(config(), "PIPELINING");
        session.deliver(to("b@y c@y")).written();
        if !reply.is_empty() {
            session.server(reply);
        }
        session
    };
    let resetting = || {
        let mut session = delivering("250|250|250|451");
        session.deliver(to("b@y")).written();
        session
    };
    let lone_dot = || {
        let mut session = delivering("250|550|550|354");
        session.written();
        session
    };
    let sending = || {
        let mut session = Session::at_body(config(), "", "b@y");
        session.pass("Hi|", More::Yes);
        session
    };
    let half_end = || {
        let mut session = sending();
        session.end().writes(2);
        session
    };
    let chunk_refused = || {
        let mut session = Session::at_body(chunking(), "CHUNKING|PIPELINING", "b@y");
        session.pass("Hi|", More::Yes);
        session.pass("Hi|", More::Yes);
        session.written().server("552");
        session
    };
    let last_held_back = || {
        let mut session = Session::at_body(chunking(), "CHUNKING", "b@y");
        session.pass("Hi|", More::Yes);
        session.end().written();
        session
    };
    let in_command = || {
        let mut session = Session::with(config(), "");
        session.client.noop().unwrap();
        session.poll_all().written();
        session
    };
    std::vec![
        ("ready", Session::with(config(), ""), "None"),
        ("in a command", in_command(), "None"),
        ("resetting", resetting(), "NotAccepted"),
        ("behind MAIL", delivering(""), "NotAccepted"),
        ("behind RCPT", delivering("250"), "NotAccepted"),
        ("behind DATA", delivering("250|250|250"), "NotAccepted"),
        ("at a lone dot", lone_dot(), "NotAccepted"),
        (
            "before the content",
            Session::at_body(config(), "", "b@y"),
            "NotAccepted"
        ),
        ("in the content", sending(), "NotAccepted"),
        ("before the dot is written", half_end(), "NotAccepted"),
        ("behind a refused chunk", chunk_refused(), "NotAccepted"),
        ("before the last chunk", last_held_back(), "NotAccepted"),
        ("behind the dot", Session::at_end(config(), "", "b@y"), "Unknown"),
        (
            "behind the last chunk",
            Session::at_end(chunking(), "CHUNKING", "b@y"),
            "Unknown"
        ),
        (
            "behind the dot in LMTP",
            Session::at_end(lmtp(), "", "b@y c@y"),
            "Unknown"
        ),
    ]
}

#[test]
fn the_end_of_a_session_has_the_outcome_of_the_message() {
    type Ending = fn(&mut Session);
    let endings: [(&str, Ending); 5] = [
        ("ConnectionClosed", |session| _ = session.eof()),
        ("ConnectionLost", |session| _ = session.connection_lost()),
        ("Aborted", |session| session.client.abort()),
        ("Malformed(Malformed)", |session| _ = session.server("hello")),
        ("Malformed(Code(0))", |session| _ = session.octets(b"000")),
    ];
    for (why, ending) in endings {
        for (moment, mut session, fate) in moments() {
            session.events.clear();
            ending(&mut session);
            let events = session.poll_all().events.join(", ");
            assert_eq!(events, format!("Closed {why} {fate}"), "{moment}");
            assert_eq!(session.client.state(), State::Closed);
            assert!(session.client.output().is_empty());
        }
    }
}

#[test]
fn a_421_ends_the_session_at_any_moment_and_accepts_nothing() {
    for (moment, mut session, fate) in moments() {
        session.events.clear();
        let lmtp = session.client.config.protocol == Protocol::Lmtp;
        session.server("421 closing");
        let fate = match fate {
            "Unknown" if !lmtp => "NotAccepted",
            fate => fate,
        };
        assert!(
            session
                .events
                .join(", ")
                .ends_with(&format!(" 421, Closed NotAvailable {fate}")),
            "{moment}: {:?}",
            session.events
        );
    }
}

#[test]
fn an_idle_421_is_reported_without_a_command() {
    let mut session = Session::with(config(), "");
    session
        .server("421 idle too long")
        .reports("Nothing 421, Closed NotAvailable None");
}

#[test]
fn any_other_reply_without_a_command_ends_the_session() {
    for code in ["250", "354", "550"] {
        let mut session = Session::with(config(), "");
        session
            .server(code)
            .reports(&format!("Nothing {code}, Closed Unsolicited None"));
    }
}

#[test]
fn the_outcome_is_reported_before_the_end() {
    let mut session = Session::at_end(config(), "", "b@y");
    let mut input: &[u8] = b"250 ok\r\n";
    assert!(matches!(
        session.client.poll(&mut input, session.now),
        Step::Event(Event::Reply { .. })
    ));
    session.client.connection_lost();
    session.client.abort();
    session.poll_all().reports("Accepted, Closed ConnectionLost None");
}

#[test]
fn the_end_is_repeated_and_final() {
    let mut session = Session::with(config(), "");
    session.client.abort();
    session.poll_all();
    session.client.connection_lost();
    session.client.end_of_input();
    session.client.advance_output(100);
    for mut input in [b"".as_slice(), b"250 ok\r\n"] {
        let step = session.client.poll(&mut input, session.now);
        assert!(matches!(
            step,
            Step::Event(Event::Closed {
                why: Closed::Aborted,
                message: MessageOutcome::None
            })
        ));
    }
    assert!(session.client.deliver(to("b@y")).is_err());
    assert_eq!(session.client.noop(), Err(RequestError::Over));
    assert_eq!(session.client.quit(), Err(RequestError::Over));
}
