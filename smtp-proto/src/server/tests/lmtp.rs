//! LMTP (RFC 2033).

use super::*;

/// A session with so many accepted recipients whose message text is on its way.
fn in_data(recipients: usize) -> Session {
    let mut session = Session::with(lmtp());
    session.sends("MAIL FROM:<a@client.test>");
    for _ in 0..recipients {
        session.sends("RCPT TO:<b@mx.test>");
    }
    session.sends("DATA");
    session.clear();
    session
}

#[test]
fn only_lhlo_introduces() {
    let mut session = Session::fresh(lmtp());
    session.poll_all();
    session.sends("EHLO client.test\r\nHELO client.test\r\nLHLO client.test");
    assert_eq!(session.codes(), "220 500 500 250");
    assert_eq!(session.server.protocol_name(), "LMTP");
}

#[test]
fn each_accepted_recipient_has_a_final_reply() {
    let mut session = in_data(3).holding();
    session.sends("hi\r\n.");
    for (number, rejection) in [None, Some(Rejection::MAILBOX_FULL), None]
        .into_iter()
        .enumerate()
    {
        assert_eq!(session.events(), format!("verdict {number}"));
        let ticket = session.held.pop().unwrap();
        match rejection {
            None => session.server.accept(ticket).unwrap(),
            Some(rejection) => session.server.reject(ticket, rejection).unwrap(),
        }
        session.poll_all();
    }
    assert_eq!(session.codes(), "250 452 250");
    assert_eq!(session.events(), "");
    assert_eq!(session.server.state(), State::Ready);
}

#[test]
fn refused_recipients_have_no_final_reply() {
    let mut session = Session::with(lmtp());
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<>\r\nDATA\r\n.");
    assert_eq!(session.codes(), "250 250 501 354 250");
    session.sends("MAIL FROM:<>\r\nDATA");
    assert_eq!(session.codes(), "250 503");
}

#[test]
fn the_last_chunk_has_a_reply_for_each_recipient() {
    let mut session = Session::with(lmtp());
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>\r\nBDAT 2\r\n\r\nBDAT 0 LAST");
    assert_eq!(session.codes(), "250 250 250 250 250 250");
    session.sends("BDAT 0 LAST");
    assert_eq!(session.codes(), "503");
}

#[test]
fn a_message_that_failed_is_refused_for_each_recipient() {
    let mut session = in_data(3);
    session.server.reject_body(Rejection::NO_STORAGE).unwrap();
    session.sends(".");
    assert_eq!(session.codes(), "452 452 452");
    assert_eq!(session.events(), "reset Refused");
    let mut session = in_data(3);
    session.server.reject_body(Rejection::TOO_BUSY).unwrap();
    session.sends(".");
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "reset Refused, closed Rejected");
}

#[test]
fn each_unanswered_recipient_is_refused_with_451() {
    let mut session = in_data(3).holding();
    session.sends("hi\r\n.");
    session.server.accept(session.held.pop().unwrap()).unwrap();
    session.poll_all();
    session.later(300);
    assert_eq!(session.codes(), "250 451 451");
    assert_eq!(session.events(), "verdict 0, verdict 1, reset Unanswered");
    assert_eq!(
        session.server.accept(session.held.pop().unwrap()),
        Err(StaleTicket)
    );
    session.sends("NOOP");
    assert_eq!(session.codes(), "250");
}

#[test]
fn a_session_that_ends_between_final_replies_resets_the_rest() {
    let mut session = in_data(2).holding();
    session.sends("hi\r\n.");
    session.server.accept(session.held.pop().unwrap()).unwrap();
    session.poll_all();
    session.server.connection_lost();
    session.poll_all();
    assert_eq!(
        session.events(),
        "verdict 0, verdict 1, reset Closed, closed ConnectionLost"
    );
}

#[test]
fn final_replies_wait_while_the_client_does_not_read() {
    let mut session = in_data(500).refusing("verdict", Rejection::MAILBOX_FULL);
    session.reads = false;
    session.sends("hi\r\n.");
    assert!(
        session.server.output().len() < 5000,
        "{}",
        session.server.output().len()
    );
    session.reads = true;
    session.poll_all();
    assert_eq!(session.replies().lines().count(), 500);
    assert_eq!(session.server.state(), State::Ready);
}
