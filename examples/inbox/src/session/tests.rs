use smtp_driver::Side;

use super::{Brought, MAX_LINES, Session};

/// A session with these lines.
pub(crate) fn session(lines: &str) -> Session {
    let mut session = Session::new(1, "127.0.0.1:5".into());
    play(&mut session, lines);
    session
}

fn play(session: &mut Session, lines: &str) {
    for line in lines.lines().map(str::trim) {
        let (side, text) = line.split_at(3);
        let side = match side {
            "C: " => Side::Client,
            "S: " => Side::Server,
            _ => Side::Driver,
        };
        session.push(side, text);
    }
}

const BEFORE: &str = "S: 220 localhost ESMTP ready
    C: EHLO client.example
    S: 250 localhost";

#[test]
fn a_message_records_the_lines_of_its_transaction() {
    let mut session = session(BEFORE);
    // In one group: all replies follow all commands.
    play(
        &mut session,
        "C: MAIL FROM:<a@b.example>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 2.1.0 ok
         S: 250 2.1.5 ok
         S: 354 go on
         C: <5 octets>
         C: .
         S: 250 2.6.0 stored as message 7",
    );
    let brought = Brought {
        message: 7,
        from_line: 4,
        to_line: 12,
    };
    assert_eq!(session.brought, [brought]);
    assert_eq!(session.client.as_deref(), Some("client.example"));
    assert_eq!(session.refusals, 0);
}

#[test]
fn the_outcome_is_the_last_refusal() {
    let mut session = session(BEFORE);
    play(
        &mut session,
        "C: MAIL FROM:<>
         S: 250 ok
         C: RCPT TO:<nobody@d.example>
         S: 550 5.1.1 no such user here",
    );
    assert_eq!(session.outcome(), "550 5.1.1 no such user here");
    session.closed = Some("the client quit".into());
    assert_eq!(session.outcome(), "550 5.1.1 no such user here");
}

#[test]
fn a_long_session_keeps_its_beginning_and_its_end() {
    let mut session = session(BEFORE);
    for _ in 0..MAX_LINES {
        play(&mut session, "C: NOOP\nS: 250 2.0.0 ok");
    }
    let numbers: Vec<_> = session.lines().map(|line| line.number).collect();
    assert_eq!(numbers.len(), MAX_LINES);
    assert_eq!(numbers[..3], [1, 2, 3]);
    assert_eq!(numbers.last(), Some(&2003));
    assert_eq!(session.lines_lost(), 1003);
}
