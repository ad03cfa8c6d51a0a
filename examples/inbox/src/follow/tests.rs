use smtp_driver::Side;

use super::{Asked, Follower, state_name};

/// Follows these lines, and returns the state after each.
fn states(lines: &str) -> Vec<(&'static str, Asked)> {
    let mut follower = Follower::new();
    let meaning = |(number, line): (usize, &str)| {
        let (side, text) = match line.trim().split_at(3) {
            ("C: ", text) => (Side::Client, text),
            ("S: ", text) => (Side::Server, text),
            (_, text) => (Side::Driver, text),
        };
        let meaning = follower.line(number as u64, side, text);
        (state_name(meaning.state), meaning.asked)
    };
    lines.lines().enumerate().map(meaning).collect()
}

#[test]
fn a_message_goes_through_all_states() {
    let seen = states(
        "S: 220 localhost ESMTP ready
         C: EHLO client.example
         S: 250-localhost
         S: 250 PIPELINING
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 sender ok
         C: RCPT TO:<c@d.example>
         S: 250 2.1.5 recipient ok
         C: DATA
         S: 354 go on
         C: <12 octets>
         C: .
         S: 250 2.6.0 stored as message 1
         C: QUIT
         S: 221 2.0.0 bye",
    );
    let names: Vec<_> = seen.iter().map(|(state, _)| *state).collect();
    assert_eq!(
        names,
        [
            "greeted",
            "greeted",
            "greeted",
            "ready",
            "ready",
            "mail",
            "mail",
            "recipients",
            "recipients",
            "data",
            "data",
            "data",
            "ready",
            "ready",
            "closed"
        ]
    );
    assert_eq!(seen[12].1, Asked::EndOfData);
}

#[test]
fn pipelined_commands_get_their_own_replies() {
    let seen = states(
        "S: 220 localhost
         C: HELO x
         C: MAIL FROM:<>
         C: RCPT TO:<a@b>
         C: DATA
         S: 250 localhost
         S: 250 ok
         S: 550 5.1.1 no
         S: 503 5.5.1 no valid recipients",
    );
    let answered: Vec<_> = seen[5..].iter().map(|(_, asked)| *asked).collect();
    assert_eq!(answered, [Asked::Helo, Asked::Mail, Asked::Rcpt, Asked::Data]);
    assert_eq!(seen[8].0, "mail");
}

#[test]
fn responses_of_auth_are_no_commands() {
    let seen = states(
        "S: 220 localhost
         C: EHLO x
         S: 250 AUTH LOGIN
         C: AUTH LOGIN
         S: 334 <redacted>
         C: <redacted>
         S: 334 <redacted>
         C: <redacted>
         S: 535 5.7.8 authentication failed",
    );
    assert_eq!(seen[5].1, Asked::AuthResponse);
    assert_eq!(seen[8].1, Asked::AuthResponse);
}

#[test]
fn chunks_have_replies_of_their_own() {
    let seen = states(
        "S: 220 localhost
         C: EHLO x
         S: 250 localhost
         C: MAIL FROM:<>
         C: RCPT TO:<a@b>
         C: BDAT 5
         C: <5 octets>
         C: BDAT 3 LAST
         C: <3 octets>
         S: 250 ok
         S: 250 ok
         S: 250 ok
         S: 250 2.6.0 stored",
    );
    assert_eq!(seen[11], ("chunks", Asked::Bdat));
    assert_eq!(seen[12], ("ready", Asked::LastBdat));
}

#[test]
fn tls_begins_the_session_anew() {
    let seen = states(
        "S: 220 localhost
         C: EHLO x
         S: 250 STARTTLS
         C: STARTTLS
         S: 220 2.0.0 go ahead
         -- TLS TLSv1.3
         C: EHLO x
         S: 250 localhost
         -- client closed the connection",
    );
    let names: Vec<_> = seen.iter().map(|(state, _)| *state).collect();
    assert_eq!(names[4..], ["ready", "greeted", "greeted", "ready", "closed"]);
}
