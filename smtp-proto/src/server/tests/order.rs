//! Which command is in order when (RFC 5321 section 4.1.4).

use super::*;
use crate::types::Text;

#[test]
fn a_session_from_the_greeting_to_quit() {
    let mut session = Session::fresh(config());
    session.poll_all();
    assert_replies(&mut session, "220 mx.test ESMTP ready\r\n");
    session.sends("HELO client.test");
    assert_replies(&mut session, "250 mx.test\r\n");
    session.sends("MAIL FROM:<>");
    assert_replies(&mut session, "250 2.1.0 sender ok\r\n");
    session.sends("RCPT TO:<Postmaster>");
    assert_replies(&mut session, "250 2.1.5 recipient ok\r\n");
    session.sends("DATA");
    assert_replies(&mut session, "354 end with <CRLF>.<CRLF>\r\n");
    session.sends("hi\r\n.");
    assert_replies(&mut session, "250 2.6.0 message accepted\r\n");
    session.sends("QUIT");
    assert_replies(&mut session, "221 2.0.0 bye\r\n");
    assert_eq!(session.body, b"hi\r\n");
    assert_eq!(
        session.events(),
        "connect, hello client.test, mail <>, rcpt <Postmaster>, message, verdict, closed Quit"
    );
}

#[test]
fn mail_needs_hello_first() {
    let mut session = Session::fresh(config());
    session.poll_all();
    session.sends("MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nDATA");
    assert_eq!(session.codes(), "220 503 503 503");
    session.sends("NOOP\r\nRSET\r\nVRFY joe\r\nEXPN list\r\nHELP");
    assert_eq!(session.codes(), "250 250 252 252 214");
    assert_eq!(session.server.state(), State::Greeted);
}

#[test]
fn commands_out_of_order_change_nothing() {
    let mut session = Session::new();
    session.sends("RCPT TO:<b@mx.test>\r\nDATA");
    assert_eq!(session.codes(), "503 503");
    session.sends("MAIL FROM:<a@client.test>\r\nMAIL FROM:<c@client.test>\r\nDATA");
    assert_eq!(session.codes(), "250 503 503");
    assert_eq!(session.server.state(), State::Mail);
    session.sends("RCPT TO:<b@mx.test>\r\nMAIL FROM:<c@client.test>");
    assert_eq!(session.codes(), "250 503");
    assert_eq!(session.server.state(), State::Recipients);
}

#[test]
fn a_refused_hello_leaves_the_transaction_open() {
    let mut session = Session::with_recipient(config()).refusing("hello", Rejection::POLICY);
    session.sends("EHLO other.test");
    assert_replies(&mut session, "550 refused by policy\r\n");
    assert_eq!(session.server.state(), State::Recipients);
    assert_eq!(session.server.hello().unwrap().1.to_string(), "client.test");
    assert_eq!(session.events(), "hello other.test");
}

#[test]
fn replies_to_hello_and_the_greeting_have_no_enhanced_code() {
    let mut session = Session::new();
    session.sends("EHLO");
    session.sends("EHLO <>");
    session.sends("LHLO client.test");
    let replies = session.replies();
    assert_eq!(replies.lines().count(), 3);
    for line in replies.lines() {
        assert!(line.starts_with("501 ") || line.starts_with("500 "), "{line}");
        assert!(!line.contains(" 5.5."), "{line}");
    }
    let mut session = Session::fresh(config());
    session.server.shutdown(Shutdown::Now);
    session.poll_all();
    assert_replies(&mut session, "421 closing for shutdown, try again later\r\n");
}

#[test]
fn an_argument_fault_is_501_and_an_unknown_verb_500() {
    let mut session = Session::new();
    for (line, reply) in [
        ("MAIL FROM:a@client.test", "501 5.1.7 "),
        ("MAIL", "501 5.5.4 "),
        ("MAIL FROM:<a@client.test> SIZE=x", "501 5.5.4 "),
        ("DATA now", "501 5.5.4 "),
        ("RSET now", "501 5.5.4 "),
        ("QUIT now", "501 5.5.4 "),
        ("NOOP \u{1}", "501 5.5.2 "),
        ("FROB", "500 5.5.1 "),
        ("", "500 5.5.1 "),
        ("STARTTLS", "502 5.5.1 "),
        ("SEND FROM:<a@client.test>", "502 5.5.1 "),
    ] {
        session.sends(line);
        let replies = session.replies();
        assert!(replies.starts_with(reply), "{line}: {replies}");
    }
}

#[test]
fn utf8_addresses_need_smtputf8() {
    let mut session = Session::new();
    session.sends("MAIL FROM:<ä@client.test>");
    assert!(session.replies().starts_with("550 5.6.7 "));
    session.sends("MAIL FROM:<a@client.test>\r\nRCPT TO:<ä@mx.test>");
    assert!(
        session
            .replies()
            .ends_with("\r\n553 5.6.7 a non-ASCII address needs SMTPUTF8\r\n")
    );
    session.sends("RSET\r\nMAIL FROM:<ä@client.test> SMTPUTF8\r\nRCPT TO:<ä@mx.test>");
    assert_eq!(session.codes(), "250 250 250");
}

#[test]
fn a_refused_greeting_leaves_only_quit() {
    let mut session = Session::fresh(config()).refusing("connect", Rejection::NO_MAIL_HERE);
    session.poll_all();
    assert_replies(&mut session, "521 this host takes no mail\r\n");
    assert_eq!(session.server.state(), State::Refused);
    session.sends("EHLO client.test\r\nNOOP\r\nFROB");
    assert_eq!(session.codes(), "503 503 503");
    session.sends("QUIT");
    assert_replies(&mut session, "221 2.0.0 bye\r\n");
    assert_eq!(session.events(), "connect, closed Quit");
}

#[test]
fn after_a_refused_greeting_the_application_receives_no_questions() {
    let mut config = config();
    config.unknown_commands = UnknownPolicy::AskApplication;
    let mut session = Session::fresh(config).refusing("connect", Rejection::NO_SERVICE);
    session.poll_all();
    session.sends("FROB");
    assert_eq!(session.codes(), "554 503");
    assert_eq!(session.events(), "connect");
}

#[test]
fn a_greeting_is_refused_with_554_521_or_421() {
    for (rejection, code) in [
        (Rejection::POLICY, "554"),
        (Rejection::NO_SERVICE, "554"),
        (Rejection::NO_MAIL_HERE, "521"),
        (Rejection::TRY_LATER, "421"),
        (Rejection::TOO_BUSY, "421"),
    ] {
        let mut session = Session::fresh(config()).refusing("connect", rejection);
        session.poll_all();
        assert_eq!(session.codes(), code);
        let closed = session.events().ends_with("closed Rejected");
        assert_eq!(closed, code == "421");
    }
}

#[test]
fn the_application_may_set_the_text_of_the_greeting() {
    let mut session = Session::fresh(config()).holding();
    session.poll_all();
    let ticket = session.held.pop().unwrap();
    let text = Text::new("ESMTP\nno spam, pleäse").unwrap();
    session.server.accept_with(ticket, text).unwrap();
    session.poll_all();
    assert_replies(
        &mut session,
        "220-mx.test ESMTP\r\n220 mx.test no spam, ple?se\r\n",
    );
}

#[test]
fn an_early_talker_is_refused() {
    let mut config = config();
    config.timeouts.greeting_delay = Duration::from_secs(5);
    let mut session = Session::fresh(config.clone());
    session.sends("EHLO client.test");
    assert_eq!(session.codes(), "554 503");
    assert_eq!(session.events(), "");
    session.sends("QUIT");
    assert_eq!(session.codes(), "221");

    config.early_talker = EarlyTalker::Tolerate;
    let mut session = Session::fresh(config);
    session.sends("EHLO client.test");
    assert_eq!(session.codes(), "");
    session.later(5);
    assert_eq!(session.codes(), "220 250");
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let mut session = Session::new();
    session.sends(
        "MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c d@mx.test>\r\nDATA\r\nhi\r\n.\r\n\
         NOOP\r\nMAIL FROM:<a@client.test>\r\nRSET\r\nQUIT\r\nNOOP",
    );
    assert_eq!(session.codes(), "250 250 501 354 250 250 250 250 221");
}

#[test]
fn every_accepted_mail_without_an_answered_end_is_reset_once() {
    for (line, reset) in [
        ("RSET", "reset Rset"),
        ("EHLO again.test", "hello again.test, reset Hello"),
        ("HELO again.test", "hello again.test, reset Hello"),
        ("QUIT", "reset Quit, closed Quit"),
    ] {
        let mut session = Session::with_recipient(config());
        session.sends(line);
        session.sends("RSET\r\nEHLO more.test\r\nRSET");
        let events = session.events();
        assert!(events.starts_with(reset), "{line}: {events}");
        assert_eq!(events.matches("reset").count(), 1, "{line}: {events}");
    }
    let mut session = Session::with(config()).refusing("mail", Rejection::SENDER_REFUSED);
    session.sends("MAIL FROM:<a@client.test>\r\nRSET");
    assert_eq!(session.events(), "mail <a@client.test>");
}
