//! Every bound (RFC 5321 section 4.5.3), and what does not count against it.

use core::num::NonZeroU32;

use super::*;
use crate::limits::Threshold;

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let mut config = config();
    config.limits.max_line_octets = 512;
    let mut session = Session::with(config);
    session.sends(&format!("NOOP {}", "x".repeat(505)));
    assert_eq!(session.codes(), "250");
    session.sends(&format!("NOOP {}\r\nNOOP", "x".repeat(506)));
    assert_replies(&mut session, "500 5.5.2 line too long\r\n250 2.0.0 ok\r\n");
}

#[test]
fn a_line_that_does_not_end_ends_the_session() {
    for size in [1000, 4096, 1 << 21] {
        let mut session = Session::new();
        for piece in std::vec![b'x'; 1 << 21].chunks(size) {
            session.sends_octets(piece);
            if session.server.state() == State::Closed {
                break;
            }
            assert!(session.input.len() < 4096);
        }
        assert_eq!(session.codes(), "421");
        assert_eq!(session.events(), "closed DropLimit");
    }
}

#[test]
fn recipients_beyond_the_limit_are_452_and_the_others_stay() {
    let mut config = config();
    config.limits.max_recipients = 2;
    let mut session = Session::with(config);
    session.sends("MAIL FROM:<>\r\nRCPT TO:<a@mx.test>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>");
    assert!(session.replies().ends_with("452 4.5.3 too many recipients\r\n"));
    assert_eq!(session.server.recipients(), 2);
    session.sends("DATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@mx.test>");
    assert_eq!(session.codes(), "354 250 250 250");
}

#[test]
fn too_many_errors_end_the_session() {
    let mut config = config();
    config.limits.errors = Threshold::new(9, 3);
    let mut session = Session::with(config);
    session.sends("DATA\r\nRCPT\r\nNOOP\r\nMAIL\r\nMAIL FROM:<> FROB=1\r\nNOOP");
    assert_eq!(session.codes(), "503 501 250 501 555 421");
    assert_eq!(session.events(), "closed TooManyErrors");
}

#[test]
fn too_many_unknown_commands_end_the_session() {
    let mut config = config();
    config.limits.unknown_commands = Threshold::new(9, 2);
    let mut session = Session::with(config);
    session.sends("FROB\r\nDATA\r\nFROB\r\nFROB\r\nNOOP");
    assert_eq!(session.codes(), "500 503 500 500 421");
    assert_eq!(session.events(), "closed TooManyUnknownCommands");
}

#[test]
fn unknown_commands_above_the_soft_limit_delay_replies() {
    let mut config = config();
    config.limits.unknown_commands = Threshold::new(1, 9);
    let mut session = Session::with(config);
    session.sends("FROB\r\nFROB\r\nNOOP");
    assert_eq!((session.codes().as_str(), session.wait.want_write), ("", false));
    session.later(1);
    assert_eq!(session.codes(), "500 500 250");
}

/// A session that allows three commands in a row that bring no message forward; EHLO was one.
fn impatient() -> Session {
    let mut config = config();
    config.limits.max_idle_commands = 3;
    config.unknown_commands = UnknownPolicy::AskApplication;
    Session::with(config)
}

#[test]
fn idle_commands_end_the_session() {
    for line in ["NOOP", "RSET", "VRFY x", "EXPN x", "HELP", "EHLO x", "XFROB"] {
        let mut session = impatient();
        session.sends(&format!("{line}\r\n{line}\r\n{line}\r\nNOOP"));
        let codes = session.codes();
        assert_eq!(codes.split(' ').count(), 3, "{line}: {codes}");
        assert!(codes.ends_with(" 421"), "{line}: {codes}");
        assert!(session.events().ends_with("closed TooManyIdleCommands"), "{line}");
    }
}

#[test]
fn an_accepted_message_resets_idle_commands() {
    let mut session = impatient();
    for _ in 0..9 {
        session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n.\r\nNOOP\r\nRSET");
    }
    assert!(!session.codes().contains("421"));
}

#[test]
fn address_harvesting_ends_the_session() {
    let mut session = impatient().refusing("rcpt", Rejection::NO_SUCH_USER);
    session.sends("MAIL FROM:<>");
    for _ in 0..3 {
        session.sends("RCPT TO:<b@mx.test>");
    }
    assert_eq!(session.codes(), "250 550 550 550 421");
    assert!(
        session
            .events()
            .ends_with("reset Closed, closed TooManyIdleCommands")
    );
    let mut session = impatient().refusing("mail", Rejection::POLICY);
    session.sends("MAIL FROM:<>\r\nMAIL FROM:<>\r\nMAIL FROM:<>");
    assert_eq!(session.codes(), "550 550 550 421");
}

/// A client may pipeline a whole list before it can know of the limit, and the accepted recipients get the message.
#[test]
fn recipients_beyond_the_limit_are_not_idle_commands_at_first() {
    for (recipients, domains) in [(1, None), (9, NonZeroU32::new(1))] {
        let mut config = config();
        let limits = &mut config.limits;
        (limits.max_recipients, limits.max_recipient_domains) = (recipients, domains);
        (limits.max_recipient_overshoot, limits.max_idle_commands) = (2, 3);
        let mut session = Session::with(config);
        for _ in 0..3 {
            // EHLO or RSET was the first idle command; the last two RCPT are the second and the third.
            session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>");
            session.sends(&["RCPT TO:<b@b.test>"; 4].join("\r\n"));
            assert_eq!(session.codes(), "250 250 452 452 452 452", "{domains:?}");
            session.sends("DATA\r\n.\r\nRSET");
            assert_eq!(session.codes(), "354 250 250");
        }
        // RSET is no way to begin again.
        session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>");
        session.sends("RCPT TO:<b@b.test>\r\nRCPT TO:<b@b.test>\r\nRCPT TO:<b@b.test>");
        session.sends("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<b@b.test>");
        assert_eq!(session.codes(), "250 250 452 452 452 250 250 250 452 421");
        assert!(session.events().ends_with("closed TooManyIdleCommands"));
    }
}

#[test]
fn empty_chunks_are_idle_commands() {
    let mut session = impatient();
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 0\r\nBDAT 0\r\nBDAT 0\r\nBDAT 0");
    assert_eq!(session.codes(), "250 250 250 250 250 421");
}

#[test]
fn commands_pipelined_after_a_refusal_do_not_count_as_errors() {
    let mut config = config();
    config.limits.errors = Threshold::new(0, 0);
    let mut session = Session::with(config.clone()).refusing("mail", Rejection::POLICY);
    session.sends("MAIL FROM:<>\r\nRCPT TO:<a@mx.test>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\nNOOP");
    assert_eq!(session.codes(), "550 503 503 503 250");
    let mut session = Session::with(config).refusing("rcpt", Rejection::POLICY);
    session.sends("MAIL FROM:<>\r\nRCPT TO:<a@mx.test>\r\nDATA\r\nBDAT 0 LAST\r\nRSET");
    assert_eq!(session.codes(), "250 550 503 503 250");
    session.sends("DATA");
    assert_eq!(session.codes(), "503 421", "this one follows no refusal");
}

#[test]
fn octets_that_are_dropped_are_counted_over_the_session() {
    let mut config = config();
    config.limits.max_discarded_octets = 10_000;
    config.set_max_message_size(100);
    let text = "x".repeat(5000);
    // An over-long line, refused text, a refused chunk, a chunk out of order: 5000 octets each.
    for (one, reply) in [
        (format!("{text}\r\n"), "500"),
        (
            format!("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n{text}\r\n.\r\n"),
            "250 250 354 552",
        ),
        (
            format!("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 5000 LAST\r\n{text}"),
            "250 250 552",
        ),
        (format!("BDAT 5000\r\n{text}"), "503"),
    ] {
        for size in [10, 1000, 20_000] {
            let mut session = Session::with(config.clone());
            for piece in one.as_bytes().chunks(size) {
                session.sends_octets(piece);
            }
            assert_eq!(session.codes(), reply);
            for piece in one.repeat(3).as_bytes().chunks(size) {
                session.sends_octets(piece);
            }
            assert!(session.codes().ends_with("421"), "{reply} in pieces of {size}");
            assert!(session.events().ends_with("closed DropLimit"));
        }
    }
}

#[test]
fn dropped_octets_of_a_rejected_chunk_count() {
    let mut config = config();
    config.limits.max_discarded_octets = 5000;
    let mut session = Session::with_recipient(config);
    session.sends_octets(b"BDAT 5001 LAST\r\n");
    session.server.reject_body(Rejection::POLICY).unwrap();
    session.sends_octets(&[b'x'; 5000]);
    assert_eq!(session.codes(), "");
    session.sends_octets(b"x");
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "message, reset Closed, closed DropLimit");
}

#[test]
fn no_command_is_read_while_much_output_waits() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    let mut session = Session::with(config);
    session.reads = false;
    session.sends_octets("NOOP\r\n".repeat(10_000).as_bytes());
    assert!(session.server.output().len() < 5000);
    assert!(session.wait.want_write && !session.wait.want_read);
    session.reads = true;
    session.poll_all();
    assert_eq!(session.replies().lines().count(), 10_000);
}
