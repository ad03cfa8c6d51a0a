use std::time::{Duration, SystemTime, UNIX_EPOCH};

use smtp_proto::types::Body;

use super::{Level, Warning};
use crate::{
    message::{Envelope, Message, lines::normalise},
    session::{CutMessage, tests::session},
};

const GOOD: &str = "From: ann@client.example\nTo: bob@example.org\nDate: Sat, 28 Nov 2026 22:17:00 +0000\nMessage-ID: <1@client.example>\nSubject: hi\n\nHello\n";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_904_220)
}

fn titles(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(|warning| &warning.title[..]).collect()
}

fn of_octets(octets: &[u8], body: Option<Body>, smtputf8: bool) -> Vec<Warning> {
    let (content, faults) = normalise(octets.to_vec());
    let envelope = Envelope {
        from: "ann@client.example".into(),
        to: vec!["bob@example.org".into()],
        body,
        smtputf8,
        ..Envelope::default()
    };
    Message::new(1, None, now(), envelope, content, faults).warnings
}

fn of_message(text: &str) -> Vec<Warning> {
    of_octets(text.replace('\n', "\r\n").as_bytes(), None, false)
}

#[test]
fn a_good_message_has_no_warning() {
    assert_eq!(of_message(GOOD), []);
}

#[test]
fn each_fault_of_a_message_has_its_warning() {
    let long = format!("{GOOD}{}\n", "x".repeat(999));
    let cases = [
        (GOOD.replace("From: ann", "X-From: ann"), "no From"),
        (GOOD.replace("Date", "X-Date"), "no Date"),
        (GOOD.replace("Message-ID", "X-ID"), "no Message-ID"),
        (GOOD.replace("Subject", "X-Subject"), "no Subject"),
        (GOOD.replace("To: bob", "X-To: bob"), "neither To nor Cc"),
        (
            GOOD.replace("Subject", "From: eve@client.example\nSubject"),
            "2 fields from",
        ),
        (
            GOOD.replace("ann@client.example\nTo", "nobody\nTo"),
            "From without an address",
        ),
        (
            GOOD.replace("Sat, 28 Nov 2026", "heute"),
            "a Date that cannot be read",
        ),
        (GOOD.replace("2026", "2020"), "a Date that is far from now"),
        (
            GOOD.replace("<1@client.example>", "<1>"),
            "a malformed Message-ID",
        ),
        (
            GOOD.replace("Subject", "Bcc: carl@example.org\nSubject"),
            "Bcc is in the message",
        ),
        (
            GOOD.replace("Subject", "Return-Path: <>\nSubject"),
            "Return-Path is in the message",
        ),
        (
            GOOD.replace("Subject", "Content-Type: text/plain\nSubject"),
            "no MIME-Version",
        ),
        (
            GOOD.replace("Subject", "MIME-Version: 1.0\nContent-Type: text/html\nSubject"),
            "HTML without a text part",
        ),
        (
            GOOD.replace("From: ann@client.example", "From: ann@other.example"),
            "From is at other.example, the envelope's sender at client.example",
        ),
        (
            GOOD.replace("Subject: hi", "Subject: grüß"),
            "a header beyond ASCII without SMTPUTF8",
        ),
        (
            GOOD.replace("Hello", "Grüße"),
            "octets beyond ASCII without BODY=8BITMIME",
        ),
        (GOOD.replace("Hello", "a\u{0}b"), "a NUL octet"),
        (long, "a line of 999 octets"),
    ];
    for (text, expected) in cases {
        let warnings = of_message(&text);
        assert!(
            titles(&warnings).contains(&expected),
            "{expected}: {:?}",
            titles(&warnings)
        );
    }
}

#[test]
fn octets_that_were_announced_have_no_warning() {
    let text = GOOD.replace("hi", "grüß").replace('\n', "\r\n");
    assert_eq!(of_octets(text.as_bytes(), Some(Body::EightBitMime), true), []);
}

#[test]
fn bare_line_ends_are_counted() {
    let warnings = of_octets(GOOD.as_bytes(), None, false);
    assert_eq!(titles(&warnings), ["7 × LF without CR, first in line 1"]);
    assert_eq!(warnings[0].level, Level::Refused);
}

fn of_session(lines: &str) -> Vec<String> {
    let mut session = session(lines);
    session.closed = Some("the client quit".into());
    let warnings = super::of_session(&session);
    titles(&warnings).into_iter().map(str::to_owned).collect()
}

/// A whole session, with these lines in the middle.
fn whole(middle: &str) -> String {
    format!(
        "S: 220 localhost\nC: EHLO app.client.example\nS: 250-localhost\nS: 250 PIPELINING\n{middle}\nC: QUIT\nS: 221 bye"
    )
}

#[test]
fn a_good_session_has_no_warning() {
    let lines = whole(
        "-- TLS TLSv1.3
         C: EHLO app.client.example
         S: 250 PIPELINING
         C: MAIL FROM:<a@b.example>
         C: RCPT TO:<c@d.example>
         C: DATA
         S: 250 ok
         S: 250 ok
         S: 354 go on
         C: <5 octets>
         C: .
         S: 250 2.6.0 stored as message 1",
    );
    assert_eq!(of_session(&lines), [""; 0]);
}

#[test]
fn each_fault_of_a_session_has_its_warning() {
    let hello =
        |name: &str| format!("S: 220 localhost\nC: EHLO {name}\nS: 250 localhost\nC: QUIT\nS: 221 bye");
    let cases = [
        (hello("localhost"), "localhost is not fully qualified"),
        (hello("my_pc.example"), "\"my_pc.example\" is no domain"),
        (hello("[127.0.0.1]"), "[127.0.0.1] is an address literal"),
        (hello("[::1]"), "[::1] is a malformed address literal"),
        (hello("192.0.2.1"), "192.0.2.1 is an address without brackets"),
        (hello("x.example").replace("EHLO", "HELO"), "HELO instead of EHLO"),
        (
            "C: EHLO x.example\nS: 220 localhost\nS: 250 localhost".into(),
            "a command before the greeting",
        ),
        (
            whole("C: MAIL FROM: <a@b.example>\nS: 250 ok"),
            "a space after MAIL FROM:",
        ),
        (
            whole("C: MAIL FROM:a@b.example\nS: 250 ok"),
            "an address without angle brackets in MAIL",
        ),
        (
            whole("C: RCPT TO:<a@b.example.>\nS: 501 no"),
            "a dot after the domain",
        ),
        (
            whole("C: <unknown command, 5 octets>\nS: 500 what"),
            "an unknown command",
        ),
        (whole("C: MAIL FROM:<>\nS: 250 ok"), "mail without TLS"),
        (
            whole("C: AUTH PLAIN <redacted>\nS: 235 ok"),
            "a login without TLS",
        ),
        (
            whole("C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<a@b>\nS: 250 ok"),
            "each command waited for a reply",
        ),
        (
            whole("C: NOOP\nC: RSET\nS: 250 ok\nS: 250 ok"),
            "a command that did not wait",
        ),
        (
            whole("C: MAIL FROM:<>\nC: RSET\nS: 250 ok\nS: 250 ok").replace("PIPELINING", "SIZE"),
            "pipelining without the offer",
        ),
        (
            whole(&format!("C: NOOP {}\nS: 250 ok", "x".repeat(600))),
            "a command line of 605 octets",
        ),
    ];
    for (lines, expected) in cases {
        let titles = of_session(&lines);
        assert!(
            titles.iter().any(|title| title == expected),
            "{expected}: {titles:?}"
        );
    }
}

#[test]
fn the_same_fault_in_many_lines_is_one_warning() {
    let rcpt = "C: RCPT TO: <a@b.example>\nS: 250 ok";
    let titles = of_session(&whole(&format!("C: MAIL FROM:<>\nS: 250 ok\n{rcpt}\n{rcpt}")));
    let spaces = titles.iter().filter(|title| title.starts_with("a space"));
    assert_eq!(spaces.count(), 1, "{titles:?}");
}

#[test]
fn the_end_of_a_session_can_be_a_fault() {
    let mut lost = session(
        "S: 220 localhost
         C: EHLO x.example
         S: 250 localhost
         -- client closed the connection",
    );
    lost.closed = Some("the client closed the connection without QUIT".into());
    assert_eq!(titles(&super::of_session(&lost)), ["no QUIT"]);
    lost.cut_message = Some(CutMessage {
        octets: 7,
        bare_end: true,
    });
    let warnings = super::of_session(&lost);
    assert_eq!(warnings[0].title, "no end of data after 7 octets");
    assert!(warnings[0].detail.contains("CRLF . CRLF"));
    let unread = session("S: 220 localhost\nC: EHLO x.example");
    assert_eq!(super::of_session(&unread), [], "it goes on");
}
