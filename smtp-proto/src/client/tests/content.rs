use super::*;
use crate::data::{LineEndings, Unsendable};

fn at_body() -> Session {
    Session::at_body(config(), "PIPELINING|8BITMIME", "b@y")
}

/// The octets of a message that the server receives.
fn sent(message: &str) -> String {
    let mut session = at_body();
    assert_eq!(session.pass(message, More::Yes), (Left::Nothing, ""));
    session.end().written();
    String::from_utf8(session.wire).unwrap().replace("\r\n", "|")
}

#[test]
fn a_message_ends_with_one_line_ending_and_a_dot() {
    assert_eq!(sent("Hi|"), "Hi|.|");
    assert_eq!(sent("Hi"), "Hi|.|");
    assert_eq!(sent(""), ".|");
    assert_eq!(sent("|"), "|.|");
}

#[test]
fn dots_at_line_starts_are_doubled() {
    assert_eq!(sent(".|.a|b.|.."), "..|..a|b.|...|.|");
}

#[test]
fn bare_line_endings_become_crlf() {
    assert_eq!(sent("a\nb\rc\n.\nd\r"), "a|b|c|..|d|.|");
}

#[test]
fn the_end_waits_for_its_reply_and_is_sent_once() {
    let mut session = at_body();
    session.pass("Hi|", More::Last);
    session
        .end()
        .sends("Hi|.|")
        .reports("")
        .server("250 queued")
        .reports("Message 250, Accepted")
        .sends("");
    assert!(session.client.is_ready());
    assert_eq!(session.outcomes(), ["Accepted 250"]);
}

#[test]
fn a_refused_message_is_refused_for_all() {
    let mut session = Session::at_end(config(), "", "b@y c@y");
    session
        .server("552 too big")
        .reports("Message 552, Refused(Message)");
    assert_eq!(session.outcomes(), ["Refused Message 552", "Refused Message 552"]);
    session.deliver(to("b@y")).sends("MAIL FROM:<a@x>|");
}

#[test]
fn a_354_does_not_answer_the_message() {
    let mut session = Session::at_end(config(), "", "b@y");
    session
        .server("354 more?")
        .reports("Message 354, Closed Unexpected Unknown");
    assert_eq!(session.outcomes(), ["Unknown"]);
}

#[test]
fn an_early_refusal_stops_the_content() {
    let mut session = at_body();
    session.pass("Hi|", More::Yes);
    session
        .server("552 too much")
        .reports("Message 552, Closed RefusedEarly NotAccepted");
    assert_eq!(session.pass("more|", More::Yes), (Left::Stopped, "more|"));
    session.end();
    assert_eq!(session.outcomes(), ["Refused Message 552"]);
}

#[test]
fn a_positive_reply_before_the_end_does_not_accept_the_message() {
    let mut session = at_body();
    session.pass("Hi|", More::Yes);
    session
        .server("250 queued")
        .reports("Nothing 250, Closed Unsolicited NotAccepted");
    assert_eq!(session.outcomes(), ["NotAccepted"]);
}

#[test]
fn a_positive_reply_before_the_dot_is_written_does_not_accept_the_message() {
    let mut session = at_body();
    session.pass("Hi|", More::Yes);
    session.end().writes(2);
    session
        .server("250 queued")
        .reports("Nothing 250, Closed Unsolicited NotAccepted");
    assert_eq!(session.outcomes(), ["NotAccepted"]);
}

#[test]
fn a_reply_that_arrives_with_354_does_not_answer_the_message() {
    for (reply, events) in [
        ("250 queued", "Nothing 250, Closed Unsolicited Unknown"),
        ("554 no", "Message 554, Closed RefusedEarly Unknown"),
    ] {
        let mut session = Session::with(config(), "PIPELINING");
        session.deliver(to("b@y")).written();
        let input = format!("250 a\r\n250 b\r\n354 c\r\n{reply}\r\n");
        let mut input = input.as_bytes();
        // Polls up to the permission, sends the message at once, and only then polls again.
        let permit = loop {
            match session.client.poll(&mut input, session.now) {
                Step::Event(Event::Body(permit)) => break permit,
                Step::Event(event) => session.receipts.front_mut().unwrap().record(&event),
                Step::Wait(_) => panic!("no permission"),
            }
        };
        session.permit = Some(permit);
        session.end();
        session.client.advance_output(usize::MAX);
        session.octets(input).reports(events);
        assert_ne!(session.outcomes(), ["Accepted 250"]);
    }
}

#[test]
fn unsendable_content_ends_the_session() {
    let mut refusing = config();
    refusing.line_endings = LineEndings::Refuse;
    for (config, message, fault) in [
        (config(), "caf\u{e9}", Unsendable::EightBit { offset: 3 }),
        (refusing.clone(), "a\nb", Unsendable::BareLineEnding { offset: 1 }),
    ] {
        let mut session = Session::at_body(config, "", "b@y");
        let permit = session.permit.take().unwrap();
        let mut input = message.as_bytes();
        let result = loop {
            match session.client.body(&permit, &mut input, More::Yes) {
                Ok(BodyStep::Write(_)) => {}
                other => break other,
            }
        };
        assert_eq!(result, Err(fault));
        session
            .poll_all()
            .reports(&format!("Closed Unsendable({fault:?}) NotAccepted"));
    }
    let mut session = Session::at_body(refusing, "", "b@y");
    session.pass("a\r", More::Yes);
    let permit = session.permit.take().unwrap();
    assert!(session.client.end_body(permit).is_err());
    session.poll_all().reports_last("NotAccepted");
}

#[test]
fn eight_bit_content_is_sent_if_8bitmime_is_offered() {
    assert_eq!(sent("caf\u{e9}|"), "caf\u{e9}|.|");
}

#[test]
fn without_a_transaction_there_is_nothing_to_send() {
    let mut session = Session::at_body(config(), "", "b@y");
    session
        .connection_lost()
        .reports("Closed ConnectionLost NotAccepted");
    assert_eq!(session.pass("Hi|", More::Yes), (Left::Stopped, "Hi|"));
    session.end().sends("");
}

/// A caller that counts output octets as consumed input must not end the message early.
#[test]
fn an_added_dot_is_followed_by_the_dot() {
    for next in ["|MAIL FROM:<evil@x>|", ""] {
        let mut session = at_body();
        assert_eq!(session.pass_once("."), ".");
        if !next.is_empty() {
            session.pass(next, More::Yes);
        }
        session.end().written();
        let wire = String::from_utf8(core::mem::take(&mut session.wire)).unwrap();
        assert_eq!(
            wire.replace("\r\n", "|"),
            std::format!("..{}.|", if next.is_empty() { "|" } else { next })
        );
    }
}

#[test]
fn eight_bit_content_is_sent_without_8bitmime_if_allowed() {
    let mut config = config();
    config.eight_bit = EightBit::Send;
    let mut session = Session::with(config, "");
    let envelope = to("b@y").with_parameters(MailParameters::default().with_body(Body::EightBitMime));
    session.deliver(envelope).sends("MAIL FROM:<a@x>|");
    session
        .server("250")
        .written()
        .server("250")
        .written()
        .server("354");
    session.wire.clear();
    session.pass("caf\u{e9}|", More::Yes);
    session.end().sends("caf\u{e9}|.|");
}

#[test]
fn advance_output_stops_at_the_end_of_the_output() {
    let mut session = Session::at_body(config(), "PIPELINING", "b@y");
    session.next("c@y").pass("Hi|", More::Last);
    session.end();
    assert_eq!(session.client.output(), b".\r\n");
    session.client.advance_output(8);
    assert_eq!(
        session.client.output(),
        b"MAIL FROM:<a@x>\r\nRCPT TO:<c@y>\r\nDATA\r\n"
    );
}

#[test]
fn a_reply_begun_in_the_content_does_not_answer_the_message() {
    let mut session = Session::at_body(config(), "", "b@y");
    session.pass("Hi|", More::Yes);
    session.octets(b"25").end().written();
    session
        .octets(b"0 ok\r\n")
        .reports("Nothing 250, Closed Unsolicited Unknown");
}

/// The same for a reply beyond the limits, of which nothing stays in the input.
#[test]
fn a_long_reply_begun_in_the_content_does_not_answer_the_message() {
    let mut session = Session::at_body(config(), "", "b@y");
    session.pass("Hi|", More::Yes);
    session
        .octets(&[&b"250 "[..], &[b'x'; 5000]].concat())
        .end()
        .written();
    session
        .octets(b"\r\n")
        .reports("Nothing 250, Closed Unsolicited Unknown");
}
