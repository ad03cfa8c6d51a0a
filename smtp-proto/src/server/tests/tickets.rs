//! Tickets: one question, one answer, replies in the order of the questions (RFC 2920 section 3.2).

use super::*;

/// A session in which so many RCPT questions are open.
fn with_questions(recipients: usize, window: usize) -> Session {
    let mut config = config();
    config.limits.max_open_rcpts = window;
    let mut session = Session::with(config);
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    for _ in 0..recipients {
        session.sends("RCPT TO:<b@mx.test>");
    }
    session
}

#[test]
fn replies_keep_the_order_of_commands_for_any_order_of_answers() {
    let mut session = with_questions(4, 16);
    assert_eq!(session.held.len(), 4);
    session.server.accept(session.held.remove(2)).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "");
    session
        .server
        .reject(session.held.remove(0), Rejection::NO_SUCH_USER)
        .unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "550");
    session
        .server
        .reject(session.held.remove(0), Rejection::MAILBOX_FULL)
        .unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "452 250");
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "250");
    assert_eq!(session.server.recipients(), 2);
}

#[test]
fn at_most_the_window_of_questions_is_open() {
    let mut session = with_questions(5, 3);
    assert_eq!(session.held.len(), 3);
    assert!(session.wait.application_pending && !session.wait.want_read);
    session.server.accept(session.held.remove(1)).unwrap();
    session.poll_all();
    assert_eq!(session.held.len(), 2, "a reply that waits takes room");
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.held.len(), 3);
    let mut session = with_questions(2, 0);
    assert_eq!(session.held.len(), 1, "a window of none is one");
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.held.len(), 1);
}

#[test]
fn every_other_command_waits_for_the_questions_before_it() {
    for line in [
        "NOOP", "DATA", "QUIT", "RSET", "EHLO x", "VRFY x", "FROB", "BDAT 0",
    ] {
        let mut session = with_questions(1, 16);
        session.sends(line);
        assert_eq!((session.codes().as_str(), session.held.len()), ("", 1), "{line}");
        assert!(!session.wait.want_read, "{line}");
        session.holds = false;
        session.server.accept(session.held.remove(0)).unwrap();
        session.poll_all();
        assert!(session.codes().starts_with("250 "), "{line}");
    }
}

#[test]
fn the_reply_to_a_faulty_rcpt_among_questions_is_in_order() {
    let mut session = with_questions(1, 16);
    session.sends("RCPT TO:<>\r\nRCPT TO:<c@mx.test>");
    assert_eq!((session.codes().as_str(), session.held.len()), ("", 2));
    session.server.accept(session.held.remove(1)).unwrap();
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "250 501 250");
}

#[test]
fn the_last_recipient_is_asked_after_the_question_before_is_answered() {
    let mut config = config();
    config.limits.max_recipients = 2;
    let mut session = Session::with(config);
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    session.sends("RCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>\r\nRCPT TO:<d@mx.test>");
    assert_eq!(session.held.len(), 2);
    session.holds = false;
    session
        .server
        .reject(session.held.remove(0), Rejection::NO_SUCH_USER)
        .unwrap();
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "550 250 250");
}

#[test]
fn a_ticket_of_a_question_that_is_closed_is_stale() {
    let mut session = with_questions(2, 16);
    session.server.connection_lost();
    for ticket in core::mem::take(&mut session.held) {
        assert_eq!(session.server.accept(ticket), Err(StaleTicket));
    }
    session.poll_all();
    assert_eq!(
        session.events(),
        "rcpt <b@mx.test>, rcpt <b@mx.test>, reset Closed, closed ConnectionLost"
    );
}

#[test]
fn a_ticket_does_not_answer_another_question() {
    let mut session = with_questions(1, 16);
    session.later(300);
    let stale = session.held.remove(0);
    session.sends("RCPT TO:<c@mx.test>");
    assert_eq!(session.server.reject(stale, Rejection::POLICY), Err(StaleTicket));
    session.server.accept(session.held.remove(0)).unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "451 250");
}

#[test]
fn an_answer_that_ends_the_session_drops_the_other_questions() {
    let mut session = with_questions(3, 16);
    session
        .server
        .reject(session.held.remove(1), Rejection::TOO_BUSY)
        .unwrap();
    session.poll_all();
    assert_eq!(session.codes(), "421");
    assert!(session.events().ends_with("reset Closed, closed Rejected"));
    assert_eq!(session.server.accept(session.held.remove(0)), Err(StaleTicket));
}

#[test]
fn a_server_is_small() {
    assert!(size_of::<Server>() <= 1024, "{} octets", size_of::<Server>());
}
