//! The end of sessions: the last replies, the reports, and their order.

use super::*;

#[test]
fn commands_before_the_end_of_input_are_answered() {
    let mut session = Session::new();
    session.input = b"NOOP\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nNO".to_vec();
    session.ends();
    assert_eq!(session.codes(), "250 250 250");
    assert_eq!(
        session.events(),
        "mail <a@client.test>, rcpt <b@mx.test>, reset Closed, closed ConnectionClosed"
    );
}

#[test]
fn a_complete_message_is_accepted_after_the_client_disconnects() {
    let mut session = Session::in_data(config()).holding();
    session.input = b"hi\r\n.\r\n".to_vec();
    session.ends();
    assert_eq!(session.events(), "verdict");
    assert!(session.wait.application_pending && !session.wait.want_read);
    session.server.accept(session.held.pop().unwrap()).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "250");
    assert_eq!(session.events(), "closed ConnectionClosed");
}

#[test]
fn an_incomplete_message_is_lost() {
    let mut session = Session::in_data(config());
    session.input = b"hi\r\n.\r".to_vec();
    session.ends();
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("", "reset Closed, closed ConnectionClosed")
    );
    let mut session = Session::with_recipient(config());
    session.input = b"BDAT 3 LAST\r\nhi".to_vec();
    session.ends();
    assert_eq!(session.events(), "message, reset Closed, closed ConnectionClosed");
    assert_eq!(session.body, b"hi");
}

#[test]
fn a_client_that_disconnects_before_the_greeting_receives_no_greeting() {
    let mut session = Session::fresh(config());
    session.ends();
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("", "closed ConnectionClosed")
    );
}

#[test]
fn open_questions_about_recipients_are_answered_before_the_end() {
    let mut session = Session::with(config());
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    session.input = b"RCPT TO:<b@mx.test>\r\n".to_vec();
    session.ends();
    assert_eq!(session.events(), "rcpt <b@mx.test>");
    assert!(session.wait.application_pending && !session.wait.want_read);
    session.server.accept(session.held.pop().unwrap()).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "250");
    assert_eq!(session.events(), "reset Closed, closed ConnectionClosed");
}

#[test]
fn reset_is_reported_first_and_closed_after_the_last_reply() {
    let mut session = Session::with_recipient(config());
    session.reads = false;
    session.sends("QUIT");
    assert_eq!(session.events(), "reset Quit");
    session.takes(3);
    session.poll_all();
    assert_eq!(session.events(), "");
    session.takes(usize::MAX);
    session.poll_all();
    assert_eq!(session.events(), "closed Quit");
    session.poll_all();
    assert_eq!(session.events(), "closed Quit", "again and again");
}

#[test]
fn input_after_quit_is_ignored() {
    let mut session = Session::new();
    session.sends("QUIT\r\nMAIL FROM:<a@client.test>");
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("221", "closed Quit")
    );
}

#[test]
fn a_broken_stream_ends_the_session_at_once() {
    let mut session = Session::with_recipient(config());
    session.reads = false;
    session.sends("NOOP");
    session.server.connection_lost();
    assert_eq!(session.server.output(), b"");
    session.poll_all();
    assert_eq!(session.events(), "reset Closed, closed ConnectionLost");
    assert_eq!(session.server.state(), State::Closed);
}

#[test]
fn shutdown_at_once_loses_the_transaction() {
    let mut session = Session::in_data(config());
    session.server.shutdown(Shutdown::Now);
    session.sends("hi\r\n.");
    assert_replies(
        &mut session,
        "421 4.3.2 closing for shutdown, try again later\r\n",
    );
    assert_eq!(session.events(), "reset Closed, closed Shutdown");
}

#[test]
fn graceful_shutdown_completes_the_open_transaction() {
    let mut session = Session::with_recipient(config());
    session.server.shutdown(Shutdown::Gracefully);
    session.sends("DATA\r\nhi\r\n.\r\nMAIL FROM:<a@client.test>");
    assert_eq!(session.codes(), "354 250 421");
    assert_eq!(session.events(), "message, verdict, closed Shutdown");
    let mut session = Session::new();
    session.server.shutdown(Shutdown::Gracefully);
    session.poll_all();
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("421", "closed Shutdown")
    );
}

#[test]
fn graceful_shutdown_does_not_wait_for_a_refused_chunk() {
    let mut session = Session::with_recipient(config()).refusing("message", Rejection::POLICY);
    session.sends("BDAT 0");
    session.clear();
    session.server.shutdown(Shutdown::Gracefully);
    session.poll_all();
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("421", "closed Shutdown")
    );
}

#[test]
fn graceful_shutdown_can_become_immediate_but_not_the_reverse() {
    let mut session = Session::with_recipient(config());
    session.server.shutdown(Shutdown::Gracefully);
    session.poll_all();
    assert_eq!(session.events(), "");
    session.server.shutdown(Shutdown::Now);
    session.server.shutdown(Shutdown::Gracefully);
    session.poll_all();
    assert_eq!(session.events(), "reset Closed, closed Shutdown");
}

#[test]
fn shutdown_makes_open_questions_stale() {
    let mut session = Session::with_recipient(config()).holding();
    session.sends("DATA");
    session.server.shutdown(Shutdown::Now);
    session.poll_all();
    assert_eq!(session.codes(), "421");
    assert_eq!(
        session.server.accept(session.held.pop().unwrap()),
        Err(StaleTicket)
    );
}

#[test]
fn a_421_to_any_question_ends_the_session() {
    for (line, kind, events) in [
        (
            "EHLO x.test",
            "hello",
            "hello x.test, reset Closed, closed Rejected",
        ),
        (
            "RCPT TO:<b@mx.test>",
            "rcpt",
            "rcpt <b@mx.test>, reset Closed, closed Rejected",
        ),
        ("DATA", "message", "message, reset Closed, closed Rejected"),
        ("DATA\r\n.", "verdict", "message, verdict, closed Rejected"),
        ("VRFY x", "verify", "verify x, reset Closed, closed Rejected"),
    ] {
        let mut session = Session::with_recipient(config()).refusing(kind, Rejection::TOO_BUSY);
        session.sends(&format!("{line}\r\nNOOP"));
        assert!(session.codes().ends_with("421"), "{line}");
        assert_eq!(session.events(), events, "{line}");
    }
    let mut session = Session::new().refusing("mail", Rejection::TOO_BUSY);
    session.sends("MAIL FROM:<>");
    assert_eq!(session.events(), "mail <>, closed Rejected");
}

#[test]
fn the_reply_to_another_protocol_names_the_protocol() {
    for line in [
        "GET / HTTP/1.1\r\nHost: mx.test",
        "POST /x",
        "CONNECT mx.test:25",
        "get /",
    ] {
        let mut session = Session::new();
        session.sends(line);
        assert_eq!(session.codes(), "421", "{line}");
        assert_eq!(session.events(), "closed WrongProtocol", "{line}");
    }
    for size in 1..7 {
        let mut session = Session::new();
        for piece in b"\x16\x03\x01\x02\x00\x01\x00\x01".chunks(size) {
            session.sends_octets(piece);
        }
        assert!(session.codes().starts_with("421"), "pieces of {size}");
        assert!(
            session.events().starts_with("closed WrongProtocol"),
            "pieces of {size}"
        );
    }
}

#[test]
fn after_the_end_every_call_is_harmless() {
    let mut session = Session::new();
    session.sends("QUIT");
    session.clear();
    session.server.shutdown(Shutdown::Now);
    session.server.end_of_input();
    session.server.connection_lost();
    session.server.advance_output(usize::MAX);
    assert_eq!(
        session.server.reject_body(Rejection::POLICY),
        Err(Rejection::POLICY)
    );
    session.later(1_000_000);
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("", "closed Quit")
    );
}
