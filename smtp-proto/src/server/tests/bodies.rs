//! Message data after DATA (RFC 5321 section 4.1.1.4).

use super::*;
use crate::{data::BareLineEndings, types::Text};

fn small() -> Config {
    let mut config = config();
    config.set_max_message_size(10);
    config
}

#[test]
fn dots_are_unstuffed_and_only_the_lone_dot_ends() {
    let mut session = Session::in_data(config());
    session.sends_octets(b"..\r\n.x\r\n.\r\nNOOP\r\n");
    assert_eq!(session.body, b".\r\nx\r\n");
    assert_eq!(session.codes(), "250 250");
    assert_eq!(session.events(), "verdict");
}

#[test]
fn an_empty_message_ends_with_the_first_dot() {
    let mut session = Session::in_data(config());
    session.sends(".");
    assert_eq!(session.body, b"");
    assert_eq!(session.codes(), "250");
}

#[test]
fn the_answer_to_end_of_data_decides_and_a_new_transaction_can_begin() {
    let mut session = Session::in_data(config()).refusing("verdict", Rejection::TRANSACTION_FAILED);
    session.sends("hi\r\n.\r\nMAIL FROM:<a@client.test>");
    assert_replies(
        &mut session,
        "554 5.6.0 transaction failed\r\n250 2.1.0 sender ok\r\n",
    );
    assert_eq!(session.events(), "verdict, mail <a@client.test>");
}

#[test]
fn refused_data_leaves_the_transaction_open() {
    let mut session = Session::with_recipient(config()).refusing("message", Rejection::NO_STORAGE);
    session.sends("DATA");
    assert_eq!(session.codes(), "452");
    assert_eq!(session.server.state(), State::Recipients);
    assert_eq!(session.events(), "message");
}

#[test]
fn bare_line_endings_are_refused_after_the_true_end() {
    for body in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"a\n.\n", b"a\r\n.\nb\r\n"] {
        let mut session = Session::in_data(config());
        session.sends_octets(body);
        assert_eq!(session.codes(), "", "{}", body.escape_ascii());
        session.sends_octets(b"\r\n.\r\n");
        assert_replies(&mut session, "550 5.5.2 message holds a bare CR or LF\r\n");
        assert_eq!(session.events(), "reset BareLineEnding");
        assert_eq!(session.server.state(), State::Ready);
    }
}

#[test]
fn bare_line_endings_may_be_kept_or_normalized() {
    for (policy, body) in [
        (BareLineEndings::Keep, &b"a\nb\rc\r\n"[..]),
        (BareLineEndings::Normalize, b"a\r\nb\r\nc\r\n"),
    ] {
        let mut config = config();
        config.line_endings = policy;
        let mut session = Session::in_data(config);
        session.sends_octets(b"a\nb\rc\r\n.\r\n");
        assert_eq!((session.codes().as_str(), session.body.as_slice()), ("250", body));
    }
}

#[test]
fn a_message_may_be_as_long_as_the_limit_and_not_longer() {
    let mut session = Session::in_data(small());
    // Ten octets as RFC 1870 counts them: the stuffed dot and the final line do not count.
    session.sends("..2345678\r\n.");
    assert_eq!(session.codes(), "250");
    let mut session = Session::in_data(small());
    session.sends("..23456789\r\n.");
    assert_replies(&mut session, "552 5.3.4 message too big\r\n");
    assert_eq!(session.events(), "reset TooBig");
}

#[test]
fn a_size_over_the_limit_is_refused_at_mail() {
    let mut session = Session::with(small());
    session.sends("MAIL FROM:<a@client.test> SIZE=11");
    assert_replies(&mut session, "552 5.3.4 message too big\r\n");
    session.sends("MAIL FROM:<a@client.test> SIZE=10");
    assert_eq!(session.codes(), "250");
}

#[test]
fn the_body_of_a_refused_message_does_not_depend_on_the_cuts() {
    for (wire, body, reset) in [
        (&b"12345\r\n1234567\r\n.\r\n"[..], &b"12345\r\n123"[..], "TooBig"),
        (b"123\n567\r\n1234567\r\n.\r\n", b"123", "BareLineEnding"),
    ] {
        for size in 1..=wire.len() {
            let mut session = Session::in_data(small());
            for piece in wire.chunks(size) {
                session.sends_octets(piece);
            }
            assert_eq!(session.body, body, "pieces of {size}");
            assert_eq!(session.events(), format!("reset {reset}"), "pieces of {size}");
        }
    }
}

#[test]
fn the_application_may_reject_a_body() {
    let mut session = Session::in_data(config());
    session.sends("one");
    session.server.reject_body(Rejection::NO_STORAGE).unwrap();
    // The first word counts.
    session.server.reject_body(Rejection::POLICY).unwrap();
    session.sends("two");
    assert_eq!(session.codes(), "");
    assert_eq!(session.body, b"one\r\n");
    session.sends(".");
    assert_replies(
        &mut session,
        "452 4.3.1 insufficient storage, try again later\r\n",
    );
    assert_eq!(session.events(), "reset Refused");
    assert_eq!(session.server.state(), State::Ready);
}

#[test]
fn rejecting_a_body_can_end_the_session() {
    let mut session = Session::in_data(config());
    session.server.reject_body(Rejection::TOO_BUSY).unwrap();
    session.sends("two\r\n.\r\nNOOP");
    assert_replies(&mut session, "421 4.3.2 too busy, try again later\r\n");
    assert_eq!(session.events(), "reset Refused, closed Rejected");
    assert_eq!(session.server.state(), State::Closed);
}

#[test]
fn without_a_body_reject_body_returns_the_rejection() {
    let mut session = Session::with_recipient(config());
    assert_eq!(
        session.server.reject_body(Rejection::POLICY),
        Err(Rejection::POLICY)
    );
    let mut session = Session::in_data(config()).holding();
    session.sends("hi\r\n.");
    assert_eq!(session.events(), "verdict");
    assert_eq!(
        session.server.reject_body(Rejection::POLICY),
        Err(Rejection::POLICY)
    );
}

#[test]
fn a_rejection_is_ascii_unless_the_client_sent_smtputf8() {
    let rejection = Rejection::POLICY.with_text(Text::from_static("böse"));
    let mut session = Session::in_data(config());
    session.server.reject_body(rejection.clone()).unwrap();
    session.sends(".");
    assert_replies(&mut session, "550 5.7.1 b?se\r\n");
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8\r\nRCPT TO:<b@mx.test>\r\nDATA");
    session.clear();
    session.server.reject_body(rejection).unwrap();
    session.sends(".");
    assert_replies(&mut session, "550 5.7.1 böse\r\n");
}
