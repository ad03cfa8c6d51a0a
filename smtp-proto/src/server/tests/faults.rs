//! Faults that were found in the field, each with the input that showed it.

use super::*;
use crate::limits::Threshold;

/// Lets time pass, and polls at each deadline on the way.
fn pass(session: &mut Session, until: Instant) {
    while let Some(due) = session.wait.deadline.filter(|due| due.at <= until)
        && session.server.state() != State::Closed
    {
        session.now = due.at;
        session.goes_on();
    }
    if session.server.state() != State::Closed {
        session.now = until;
        session.goes_on();
    }
}

/// Lets a whole session happen in pieces of this size, with a pause after each flight.
fn in_pieces(config: Config, flights: &[&[u8]], size: usize, pause: Duration) -> (String, String) {
    let mut session = Session::fresh(config);
    session.goes_on();
    for flight in flights {
        let until = session.now + pause;
        for piece in flight.chunks(size) {
            if session.server.state() == State::Closed {
                break;
            }
            // While replies are held back, the driver does not read.
            while !session.wait.want_read
                && let Some(due) = session.wait.deadline
            {
                session.now = due.at;
                session.goes_on();
            }
            session.sends_octets(piece);
        }
        pass(&mut session, until);
    }
    let said = session.said();
    (said, session.happened())
}

#[test]
fn early_octets_are_not_read_while_the_greeting_is_held_back() {
    let mut config = config();
    config.early_talker = EarlyTalker::Tolerate;
    config.timeouts.greeting_delay = Duration::from_secs(5);
    let mut session = Session::fresh(config);
    session.goes_on();
    assert!(session.wait.want_read);
    session.sends("NOOP");
    assert!(!session.wait.want_read, "more would be read than can be used");
    session.later(5);
    assert_eq!(session.codes(), "220 250");
}

#[test]
fn one_burst_buys_no_more_than_one_wait() {
    let mut session = Session::in_data(config());
    for _ in 0..1000 {
        session.sends_octets(&[b'x'; 10_000]);
    }
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
    session.later(299);
    session.sends_octets(b"x");
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
}

#[test]
fn octets_that_are_dropped_earn_no_time() {
    let mut config = config();
    config.set_max_message_size(10);
    let mut session = Session::in_data(config);
    session.later(100);
    for _ in 0..100 {
        session.sends_octets(&[b'x'; 10_000]);
    }
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
}

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
        session.goes_on();
        session.sends("HELO client.test");
        session.forgets();
        session.sends(&format!("MAIL FROM:<a@client.test> {parameter}"));
        assert_eq!(session.codes(), "555", "{parameter}");
        session.sends("EHLO client.test");
        session.forgets();
        session.sends(&format!("MAIL FROM:<a@client.test> {parameter}"));
        assert_eq!(session.codes(), "250", "{parameter}");
    }
    let mut session = Session::fresh(config());
    session.goes_on();
    session.sends("HELO client.test\r\nMAIL FROM:<a@client.test>");
    session.forgets();
    session
        .sends("RCPT TO:<b@mx.test> NOTIFY=NEVER\r\nRCPT TO:<b@mx.test> ORCPT=rfc822;b\r\nVRFY x SMTPUTF8");
    assert_eq!(session.codes(), "555 555 555");
}

#[test]
fn size_and_body_after_helo_can_be_forgiven() {
    let mut config = config();
    config.helo_parameters = HeloParameters::AcceptSizeAndBody;
    let mut session = Session::fresh(config);
    session.goes_on();
    session.sends("HELO client.test");
    session.forgets();
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8\r\nMAIL FROM:<a@client.test> SIZE=1 BODY=8BITMIME");
    assert_eq!(session.codes(), "555 250");
}

#[test]
fn a_bare_line_ending_in_a_command_is_answered_at_once() {
    let mut session = Session::new();
    session.sends_octets(b"NOOP\n");
    assert_said(
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
    assert_said(
        &mut session,
        "500 5.5.2 bare CR in a command, end lines with CRLF\r\n",
    );
    session.sends("\r\nNOOP");
    assert_eq!(session.codes(), "250");
    assert_eq!(session.happened(), "");
}

#[test]
fn a_bare_line_ending_after_bdat_ends_the_session() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 4\nQUIT");
    assert_eq!(session.codes(), "421");
    assert!(session.happened().ends_with("closed ChunkSizeUnknown"));
}

#[test]
fn the_tightest_line_limit_does_not_lose_a_chunk() {
    for limit in 0..8 {
        let mut config = config();
        config.limits.max_line_octets = limit;
        let mut session = Session::with(config);
        session.sends("BDAT 6000000000000000000000");
        assert_eq!(session.codes(), "421", "{limit}");
        assert!(session.happened().ends_with("closed ChunkSizeUnknown"), "{limit}");
    }
}

#[test]
fn a_ticket_of_another_session_is_stale() {
    let mut sessions = [
        Session::fresh(config()).holding(),
        Session::fresh(config()).holding(),
    ];
    for session in &mut sessions {
        session.goes_on();
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
            session.goes_on();
        }
        replies.push(session.said());
    }
    assert_eq!(replies[0], replies[1]);
}

#[test]
fn the_session_is_the_same_in_pieces_while_replies_are_held_back() {
    let flights: [&[u8]; 10] = [
        b"HELO l.e\r\n",
        b"MAIL FROM:<>\r\nRCPT TO:<b@or>\r\nBDAT 4\r\nn",
        b"DATA",
        b"x\r\n\r\n\r\n",
        b"CP\r\n\r\n",
        b"J",
        b"Ro\r\n",
        b"E\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"",
    ];
    // At one of these times a deadline passes in one of the two sessions, if they differ.
    for seconds in 25..45 {
        let config = || {
            let mut config = config();
            config.limits.errors = Threshold::new(1, 100);
            config.limits.unknown_commands = Threshold::new(1, 100);
            config
        };
        let pause = Duration::from_secs(seconds);
        let whole = in_pieces(config(), &flights, usize::MAX, pause);
        let octets = in_pieces(config(), &flights, 1, pause);
        assert_eq!(octets, whole, "{seconds}");
    }
}

#[test]
fn a_host_name_goes_out_in_ascii() {
    let mut config = Config::new(Host::parse("bücher.example").unwrap());
    config.greeting = crate::types::Text::from_static("willkommen, schöne Welt");
    let mut session = Session::fresh(config);
    session.goes_on();
    assert_said(
        &mut session,
        "220 xn--bcher-kva.example willkommen, sch?ne Welt\r\n",
    );
    session.sends("HELO client.test");
    assert_said(&mut session, "250 xn--bcher-kva.example\r\n");
}

#[test]
fn a_proxy_header_is_a_stranger() {
    for header in [
        &b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
    ] {
        let mut session = Session::fresh(config());
        session.goes_on();
        session.forgets();
        session.sends_octets(header);
        assert!(
            session
                .said()
                .ends_with("421 4.7.0 no PROXY header is expected here, closing\r\n")
        );
        assert_eq!(session.happened(), "closed WrongProtocol");
    }
}

#[test]
fn an_empty_password_is_a_wrong_one() {
    let mut config = config();
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN, Mechanism::LOGIN]);
    let mut session = Session::with(config);
    session.sends("AUTH PLAIN AGFubgA=\r\nAUTH LOGIN\r\nYW5u\r\n\r\nAUTH PLAIN AAA=");
    assert_eq!(session.codes(), "535 334 334 535 501");
    assert_eq!(
        session.happened(),
        "auth-failed EmptyPassword, auth-failed EmptyPassword, auth-failed Malformed"
    );
}

#[test]
fn help_lists_the_commands_of_the_session() {
    let mut session = Session::new();
    session.sends("HELP");
    let usual = "MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT";
    assert_eq!(
        session.said(),
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
        session.said(),
        format!("214 2.0.0 commands: LHLO {usual} STARTTLS AUTH\r\n")
    );
}

#[test]
fn an_enhanced_code_in_a_text_is_not_doubled() {
    let mut session = Session::new();
    let said = session.asks("VRFY bob", |server, event| {
        let ticket = event.into_ticket().unwrap();
        let text = crate::types::Text::from_static("2.0.0 bob\nand his friends\n5.1.1 wrong class");
        server.accept_with(ticket, text).unwrap();
    });
    assert_eq!(
        said,
        "252-2.0.0 bob\r\n252-2.1.5 and his friends\r\n252 2.1.5 5.1.1 wrong class\r\n"
    );
}

#[test]
fn an_orcpt_beyond_ascii_needs_smtputf8() {
    let mut session = Session::with(config());
    session.sends("MAIL FROM:<a@client.test>");
    session.forgets();
    session.sends("RCPT TO:<b@mx.test> ORCPT=rfc822;+D0+B6@mx.test");
    assert!(session.said().starts_with("501 5.5.4 "));
    session.sends(
        "RCPT TO:<b@mx.test> ORCPT=utf-8;\\x{436}@mx.test\r\nRCPT TO:<b@mx.test> ORCPT=rfc822;b+2Bc@mx.test",
    );
    assert_eq!(session.codes(), "250 250");
}

/// Extreme limits and timeouts: the session ends, or it waits for something that can still come.
#[test]
fn extreme_configurations_neither_hang_nor_overflow() {
    let times = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(1),
        Duration::MAX,
    ];
    let counts = [0, 1, u32::MAX];
    for (at, time) in times.iter().cycle().take(16).enumerate() {
        for count in counts {
            let mut config = if at % 2 == 0 { config() } else { lmtp() };
            config.early_talker = EarlyTalker::Tolerate;
            let other = times[at / 4 % 4];
            let timeouts = &mut config.timeouts;
            (timeouts.command, timeouts.data, timeouts.write) = (*time, other, *time);
            (timeouts.application, timeouts.message_acceptance) = (other, *time);
            (timeouts.penalty, timeouts.greeting_delay, timeouts.handshake) = (other, *time, other);
            timeouts.min_data_rate = count;
            let limits = &mut config.limits;
            (limits.max_line_octets, limits.max_auth_octets) = (count as usize, count as usize);
            (limits.max_recipients, limits.max_idle_commands) = (count, count);
            limits.max_open_rcpts = count as usize;
            (limits.max_discarded_octets, limits.max_message_octets) = (u64::from(count), u64::from(count));
            limits.errors = Threshold::new(count, count);
            limits.unknown_commands = Threshold::new(0, count);
            let mut session = Session::fresh(config);
            session.goes_on();
            let lines: [&[u8]; 6] = [
                b"EHLO a\r\nLHLO a\r\nNOOP\r\nFROB\r\n",
                b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nBDAT 3\r\nabcDATA\r\n",
                b"RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
                b"hello\r\n.\r\nNOOP\nNOOP\rNOOP\r\n",
                b"QUI",
                b"T\r\n",
            ];
            for line in lines {
                if session.server.state() == State::Closed {
                    break;
                }
                session.sends_octets(line);
                // Every deadline that comes within a year passes.
                for _ in 0..100 {
                    let year = session.now + Duration::from_secs(366 * 86_400);
                    match session.wait.deadline {
                        Some(due) if due.at < year && session.server.state() != State::Closed => {
                            session.now = due.at;
                            session.goes_on();
                        }
                        _ => break,
                    }
                }
                if session.server.state() != State::Closed {
                    let wait = session.wait;
                    assert!(
                        wait.want_read
                            || wait.want_write
                            || wait.application_pending
                            || wait.deadline.is_some(),
                        "{time:?} {count}: {wait:?}"
                    );
                    assert!(
                        !wait.want_read || session.input.len() <= (count as usize).max(16),
                        "{} octets are left",
                        session.input.len()
                    );
                }
            }
        }
    }
}

#[test]
fn a_session_that_ends_within_a_refused_chunk_is_over() {
    let mut session = Session::new();
    session.sends_octets(b"BDAT 100\r\nabc");
    session.ends();
    assert_eq!(session.happened(), "closed ConnectionClosed");
    let mut session = Session::new();
    session.sends_octets(b"BDAT 100\r\nabc");
    session.later(300);
    assert_eq!(
        (session.codes().as_str(), session.happened().as_str()),
        ("421", "closed TimedOut(DataBlock)")
    );
}

/// The write deadline stands still while replies are held back: the client cannot read them.
#[test]
fn a_reply_that_is_held_back_is_not_late() {
    let mut config = config();
    config.limits.errors = Threshold::new(0, 100);
    config.timeouts.penalty = Duration::from_secs(10);
    config.timeouts.write = Duration::from_secs(15);
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    let mut input: &[u8] = b"";
    while let Step::Event(event) = server.poll(&mut input, now) {
        server.proceed(event).unwrap();
    }
    // Each fault is read when the penalty for the one before is over, and before its reply is written.
    for _ in 0..4 {
        let mut fault: &[u8] = b"RCPT\r\n";
        let Step::Wait(wait) = server.poll(&mut fault, now) else {
            panic!("a penalty is due")
        };
        assert!(!wait.want_write, "{wait:?}");
        now = wait.deadline.unwrap().at;
        let Step::Wait(wait) = server.poll(&mut fault, now) else {
            panic!("the session goes on")
        };
        assert!(wait.want_write && wait.want_read, "{wait:?}");
    }
}

/// A line that is dropped may end the session, so it waits for the answers before it.
#[test]
fn a_bare_line_ending_does_not_take_the_place_of_an_answer() {
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
                session.goes_on();
            }
            replies.push(session.said());
        }
        assert!(replies[0].contains("250 2.1.5"), "{replies:?}");
        assert_eq!(replies[0], replies[1]);
    }
}
