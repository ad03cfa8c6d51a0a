//! Faults that were found in the field, each with the input that showed it.

mod times;

use super::*;
use crate::limits::Threshold;

#[test]
fn after_helo_no_parameter_was_offered() {
    for parameter in [
        "SIZE=1",
        "BODY=8BITMIME",
        "SMTPUTF8",
        "RET=FULL",
        "ENVID=x",
        "AUTH=<>",
        "REQUIRETLS",
    ] {
        let mut config = config();
        config.offer_auth([Mechanism::PLAIN]);
        config.extensions.add(crate::types::Extension::RequireTls);
        let mut session = Session::fresh(config);
        session.server.set_implicit_tls(TlsInfo::default());
        session.poll_all();
        session.sends("HELO client.test");
        session.clear();
        session.sends(&format!("MAIL FROM:<a@client.test> {parameter}"));
        assert_eq!(session.codes(), "555", "{parameter}");
        session.sends("EHLO client.test");
        session.clear();
        session.sends(&format!("MAIL FROM:<a@client.test> {parameter}"));
        assert_eq!(session.codes(), "250", "{parameter}");
    }
    let mut session = Session::fresh(config());
    session.poll_all();
    session.sends("HELO client.test\r\nMAIL FROM:<a@client.test>");
    session.clear();
    session
        .sends("RCPT TO:<b@mx.test> NOTIFY=NEVER\r\nRCPT TO:<b@mx.test> ORCPT=rfc822;b\r\nVRFY x SMTPUTF8");
    assert_eq!(session.codes(), "555 555 555");
}

#[test]
fn size_and_body_after_helo_can_be_accepted() {
    let mut config = config();
    config.helo_parameters = HeloParameters::AcceptSizeAndBody;
    let mut session = Session::fresh(config);
    session.poll_all();
    session.sends("HELO client.test");
    session.clear();
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8\r\nMAIL FROM:<a@client.test> SIZE=1 BODY=8BITMIME");
    assert_eq!(session.codes(), "555 250");
}

#[test]
fn a_bare_line_ending_in_a_command_is_answered_at_once() {
    let mut session = Session::new();
    session.sends_octets(b"NOOP\n");
    assert_replies(
        &mut session,
        "500 5.5.2 bare LF in a command, end lines with CRLF\r\n",
    );
    session.sends_octets(b"MAIL FROM:<a@client.test>\nRCPT\r");
    assert_eq!(session.codes(), "");
    session.sends_octets(b"\nNOOP\r\n");
    assert_eq!(session.codes(), "250");
    session.sends_octets(b"NOOP\r");
    assert_eq!(session.codes(), "");
    session.sends_octets(b"NOOP\rNOOP");
    assert_replies(
        &mut session,
        "500 5.5.2 bare CR in a command, end lines with CRLF\r\n",
    );
    session.sends("\r\nNOOP");
    assert_eq!(session.codes(), "250");
    assert_eq!(session.events(), "");
}

#[test]
fn a_bare_line_ending_after_bdat_ends_the_session() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 4\nQUIT");
    assert_eq!(session.codes(), "421");
    assert!(session.events().ends_with("closed ChunkSizeUnknown"));
}

#[test]
fn the_tightest_line_limit_does_not_lose_a_chunk() {
    for limit in 0..8 {
        let mut config = config();
        config.limits.max_line_octets = limit;
        let mut session = Session::with(config);
        session.sends("BDAT 6000000000000000000000");
        assert_eq!(session.codes(), "421", "{limit}");
        assert!(session.events().ends_with("closed ChunkSizeUnknown"), "{limit}");
    }
}

#[test]
fn a_ticket_of_another_session_is_stale() {
    let mut sessions = [
        Session::fresh(config()).holding(),
        Session::fresh(config()).holding(),
    ];
    for session in &mut sessions {
        session.poll_all();
    }
    let [one, other] = &mut sessions;
    let (mine, foreign) = (one.held.remove(0), other.held.remove(0));
    assert_eq!(one.server.accept(foreign), Err(StaleTicket));
    assert_eq!(one.server.accept(mine), Ok(()));
}

#[test]
fn the_count_of_idle_commands_does_not_depend_on_the_time_of_the_answers() {
    let mut replies = Vec::new();
    for holds in [false, true] {
        let mut config = config();
        config.limits.max_idle_commands = 1;
        config.limits.max_open_rcpts = 5;
        let mut session = Session::with(config).refusing("rcpt", Rejection::NO_SUCH_USER);
        session.sends("MAIL FROM:<a@client.test>");
        session.holds = holds;
        session.sends("RCPT TO:<b@mx.test>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<b@mx.test>\r\nQUIT");
        for _ in 0..5 {
            while !session.held.is_empty() {
                let ticket = session.held.remove(0);
                session.server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
            }
            session.poll_all();
        }
        replies.push(session.replies());
    }
    assert_eq!(replies[0], replies[1]);
}

#[test]
fn the_host_name_is_sent_in_ascii() {
    let mut config = Config::new(Host::parse("bücher.example").unwrap());
    config.greeting = crate::types::Text::from_static("willkommen, schöne Welt");
    let mut session = Session::fresh(config);
    session.poll_all();
    assert_replies(
        &mut session,
        "220 xn--bcher-kva.example willkommen, sch?ne Welt\r\n",
    );
    session.sends("HELO client.test");
    assert_replies(&mut session, "250 xn--bcher-kva.example\r\n");
}

#[test]
fn a_proxy_header_ends_the_session() {
    for header in [
        &b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
    ] {
        let mut session = Session::fresh(config());
        session.poll_all();
        session.clear();
        session.sends_octets(header);
        assert!(
            session
                .replies()
                .ends_with("421 4.7.0 no PROXY header is expected here, closing\r\n")
        );
        assert_eq!(session.events(), "closed WrongProtocol");
    }
}

#[test]
fn an_empty_password_is_rejected() {
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN, Mechanism::LOGIN]);
    let mut session = Session::with(config);
    session.sends("AUTH PLAIN AGFubgA=\r\nAUTH LOGIN\r\nYW5u\r\n\r\nAUTH PLAIN AAA=");
    assert_eq!(session.codes(), "535 334 334 535 501");
    assert_eq!(
        session.events(),
        "auth-failed EmptyPassword, auth-failed EmptyPassword, auth-failed Malformed"
    );
}

#[test]
fn help_lists_the_commands_of_the_session() {
    let mut session = Session::new();
    session.sends("HELP");
    let usual = "MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT";
    assert_eq!(
        session.replies(),
        format!("214 2.0.0 commands: EHLO HELO {usual}\r\n")
    );
    let mut config = lmtp();
    config.extensions.remove(Keyword::Chunking);
    config.extensions.add(crate::types::Extension::StartTls);
    config.offer_auth([Mechanism::PLAIN]);
    config.plaintext_auth = PlaintextAuth::Insecure;
    let mut session = Session::with(config);
    session.sends("HELP");
    let usual = usual.replace("BDAT ", "");
    assert_eq!(
        session.replies(),
        format!("214 2.0.0 commands: LHLO {usual} STARTTLS AUTH\r\n")
    );
}

#[test]
fn an_enhanced_code_in_a_text_is_not_doubled() {
    let mut session = Session::new();
    let replies = session.asks("VRFY bob", |server, event| {
        let ticket = event.into_ticket().unwrap();
        let text = crate::types::Text::from_static("2.0.0 bob\nand his friends\n5.1.1 wrong class");
        server.accept_with(ticket, text).unwrap();
    });
    assert_eq!(
        replies,
        "252-2.0.0 bob\r\n252-2.1.5 and his friends\r\n252 2.1.5 5.1.1 wrong class\r\n"
    );
}

#[test]
fn an_orcpt_beyond_ascii_needs_smtputf8() {
    let mut session = Session::with(config());
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.sends("RCPT TO:<b@mx.test> ORCPT=rfc822;+D0+B6@mx.test");
    assert!(session.replies().starts_with("501 5.5.4 "));
    session.sends(
        "RCPT TO:<b@mx.test> ORCPT=utf-8;\\x{436}@mx.test\r\nRCPT TO:<b@mx.test> ORCPT=rfc822;b+2Bc@mx.test",
    );
    assert_eq!(session.codes(), "250 250");
}

#[test]
fn a_session_can_end_within_a_refused_chunk() {
    let mut session = Session::new();
    session.sends_octets(b"BDAT 100\r\nabc");
    session.ends();
    assert_eq!(session.events(), "closed ConnectionClosed");
    let mut session = Session::new();
    session.sends_octets(b"BDAT 100\r\nabc");
    session.later(300);
    assert_eq!(
        (session.codes().as_str(), session.events().as_str()),
        ("421", "closed TimedOut(DataBlock)")
    );
}

/// A line that is dropped may end the session, so it waits for the answers before it.
#[test]
fn a_bare_line_ending_does_not_replace_an_answer() {
    for faulty in ["RCPT TO:<c@mx.test\nx>", "RCPT TO:<c@mx.test\rx>"] {
        let mut replies = Vec::new();
        for holds in [false, true] {
            let mut config = config();
            config.limits.max_discarded_octets = 1;
            let mut session = Session::with(config);
            session.sends("MAIL FROM:<a@client.test>");
            session.holds = holds;
            session.sends(&std::format!("RCPT TO:<b@mx.test>\r\n{faulty}"));
            while !session.held.is_empty() {
                let ticket = session.held.remove(0);
                session.server.accept(ticket).unwrap();
                session.poll_all();
            }
            replies.push(session.replies());
        }
        assert!(replies[0].contains("250 2.1.5"), "{replies:?}");
        assert_eq!(replies[0], replies[1]);
    }
}
