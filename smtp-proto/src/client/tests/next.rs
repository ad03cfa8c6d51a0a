//! A transaction that is announced while another is open.

use super::*;

/// A session at the body of its first message, with a second envelope queued.
fn two(config: Config, extensions: &str, first: &str) -> Session {
    let mut session = Session::at_body(config, extensions, first);
    session.next("c@y");
    session
}

/// The same, with the first message sent.
fn sent(config: Config, extensions: &str, first: &str) -> Session {
    let mut session = two(config, extensions, first);
    session.pass("Hi|", More::Last);
    session.end();
    session
}

#[test]
fn the_next_commands_are_written_with_the_final_dot() {
    let mut session = sent(config(), "PIPELINING", "b@y");
    session.sends("Hi|.|MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
    session
        .server("250|250|250|354")
        .reports("Message 250, Accepted, Mail 250, Recipient(0) 250, Data 354, Body");
    assert_eq!(session.client.state(), State::Data);
    session.pass("Ho|", More::Last);
    session
        .end()
        .sends("Ho|.|")
        .server("250")
        .reports("Message 250, Accepted");
    assert_eq!(session.outcomes(), ["Accepted 250"]);
    assert!(session.client.is_ready());
}

#[test]
fn the_next_message_may_be_announced_at_any_time() {
    // Before the body of the other one.
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y")).next("c@y");
    session.sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
    session.server("250|250|354").reports_last("Body");
    session.pass("Hi|", More::Last);
    session.end().sends("Hi|.|MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
    // After the final dot of the first message.
    let mut session = Session::at_end(config(), "PIPELINING", "b@y");
    session.next("c@y").sends("MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
    session
        .server("250|250|250|354")
        .reports("Message 250, Accepted, Mail 250, Recipient(0) 250, Data 354, Body");
}

#[test]
fn without_pipelining_the_next_message_waits_for_the_final_reply() {
    let mut session = sent(config(), "", "b@y");
    session.sends("Hi|.|");
    session
        .server("250")
        .reports("Message 250, Accepted")
        .sends("MAIL FROM:<a@x>|");
    session.server("250").sends("RCPT TO:<c@y>|");
}

/// RFC 3030 section 2: after a refused chunk, even the last, RSET precedes every other command.
#[test]
fn the_next_message_waits_for_the_reply_to_the_last_chunk() {
    let mut session = sent(chunking(), "PIPELINING|CHUNKING", "b@y");
    session.sends("BDAT 4 LAST|Hi|");
    session
        .server("554")
        .reports("Message 554, Refused(Message)")
        .sends("RSET|");
    session
        .server("250")
        .reports("Reset 250")
        .sends("MAIL FROM:<a@x>|RCPT TO:<c@y>|");
}

#[test]
fn a_refused_message_does_not_affect_the_next() {
    let mut session = sent(config(), "PIPELINING", "b@y");
    session.written();
    session
        .server("554|250|250|354")
        .reports("Message 554, Refused(Message), Mail 250, Recipient(0) 250, Data 354, Body");
}

#[test]
fn the_next_message_follows_a_message_without_recipients() {
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y")).next("c@y").written();
    session.wire.clear();
    session
        .server("250|550|503")
        .reports_last("Refused(Recipient(0))")
        .sends("RSET|");
    session.server("250").sends("MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
}

#[test]
fn lmtp_has_its_final_replies_first() {
    let mut session = sent(lmtp(), "PIPELINING", "b@y d@y");
    session.sends("Hi|.|MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
    session
        .server("250|450|250")
        .reports("MessageFor(0) 250, MessageFor(1) 450, Accepted, Mail 250");
}

#[test]
fn at_most_the_window_is_unanswered() {
    let mut config = config();
    config.limits.max_unanswered = 2;
    let mut session = sent(config.clone(), "PIPELINING", "b@y");
    session.sends("Hi|.|MAIL FROM:<a@x>|");
    session.server("250").sends("RCPT TO:<c@y>|");
    session.server("250|250").sends("DATA|");
    config.limits.max_unanswered = 1;
    sent(config, "PIPELINING", "b@y").sends("Hi|.|");
    // LMTP has a reply for each recipient.
    let mut config = lmtp();
    config.limits.max_unanswered = 3;
    let mut session = sent(config, "PIPELINING", "b@y d@y");
    session.sends("Hi|.|MAIL FROM:<a@x>|");
    session.server("250").sends("RCPT TO:<c@y>|");
}

/// The reply to the message counts once its final dot is written, even if later output waits.
#[test]
fn the_outcome_depends_on_the_end_of_the_message_only() {
    let dot = ".\r\n".len();
    for (written, expected) in [
        (0, "Unsolicited NotAccepted"),
        (dot - 1, "Unsolicited NotAccepted"),
        (dot, ""),
    ] {
        let mut session = sent(config(), "PIPELINING", "b@y");
        session.writes(written).server("250");
        let events = session.events.join(", ");
        match expected {
            "" => assert_eq!(events, "Message 250, Accepted"),
            _ => assert!(events.ends_with(expected), "{events}"),
        }
    }
    for (written, fate) in [
        (dot - 1, "NotAccepted"),
        (dot, "Unknown"),
        (dot + 5, "Unknown"),
        (usize::MAX, "Unknown"),
    ] {
        let mut session = sent(config(), "PIPELINING", "b@y");
        session
            .writes(written)
            .connection_lost()
            .reports(&format!("Closed ConnectionLost {fate}"));
    }
}

#[test]
fn a_reply_to_the_next_commands_counts_once_they_are_written() {
    let mut session = sent(config(), "PIPELINING", "b@y");
    session.writes(".\r\n".len()).writes("MAIL FROM:<a@x>\r\n".len());
    session
        .server("250|250|250")
        .reports_last("Mail 250, Nothing 250, Closed Unsolicited NotAccepted");
}

#[test]
fn the_next_message_is_not_accepted_if_the_session_ends() {
    for (reply, events) in [
        ("421", "Message 421, Closed NotAvailable NotAccepted"),
        (
            "250|421",
            "Message 250, Accepted, Mail 421, Closed NotAvailable NotAccepted",
        ),
        ("nonsense", "Closed Malformed(Malformed) Unknown"),
    ] {
        let mut session = sent(config(), "PIPELINING", "b@y");
        session.written().server(reply).reports(events);
        assert_eq!(session.outcomes().len(), 1);
    }
    let mut session = sent(config(), "PIPELINING", "b@y");
    session.written().server("250").eof();
    session.reports("Message 250, Accepted, Closed ConnectionClosed NotAccepted");
    assert_eq!(session.outcomes(), ["NotAccepted"]);
    // The other message was accepted by some of its recipients, the last of which ended the session.
    let mut session = sent(lmtp(), "PIPELINING", "b@y d@y");
    session
        .written()
        .server("250|421")
        .reports("MessageFor(0) 250, MessageFor(1) 421, Accepted, Closed NotAvailable NotAccepted");
}

#[test]
fn the_deadlines_of_the_next_message_begin_after_the_first() {
    let mut session = sent(config(), "PIPELINING", "b@y");
    session.written().later(599);
    session.reports("");
    session
        .server("250")
        .reports("Message 250, Accepted")
        .later(299)
        .reports("");
    session.later(1).reports("Closed TimedOut(Mail) NotAccepted");
    let mut session = sent(config(), "PIPELINING", "b@y");
    session
        .written()
        .later(300)
        .later(300)
        .reports("Closed TimedOut(DataEnd) Unknown");
}

#[test]
fn only_one_message_can_be_announced() {
    let mut session = two(config(), "PIPELINING", "b@y");
    let refused = session.client.deliver_next(to("d@y")).unwrap_err();
    assert_eq!(
        (*refused.value, refused.error),
        (to("d@y"), RequestError::OutOfTurn)
    );
    assert!(session.client.quit().is_err());
}

#[test]
fn no_message_can_be_announced_without_a_transaction() {
    let mut session = Session::with(config(), "PIPELINING");
    assert_eq!(
        session.client.deliver_next(to("b@y")).unwrap_err().error,
        RequestError::OutOfTurn
    );
    session.eof();
    assert_eq!(
        session.client.deliver_next(to("b@y")).unwrap_err().error,
        RequestError::Over
    );
}

/// While a message is being sent, the application may only announce the next message.
#[test]
fn deliver_is_out_of_turn_while_a_message_is_being_sent() {
    let mut session = Session::at_body(config(), "PIPELINING", "b@y");
    let refused = session.client.deliver(to("c@y")).unwrap_err();
    assert_eq!(refused.error, RequestError::OutOfTurn);
}

#[test]
fn a_permit_is_valid_for_one_message() {
    let mut config = chunking();
    config.limits.max_chunk_octets = 2;
    let mut session = two(config, "PIPELINING|CHUNKING", "b@y");
    session.pass("Hi", More::Yes);
    let stale = session.permit.take().unwrap();
    session.server("554").reports("Chunk 554, Refused(Chunk)");
    session.written().server("250").written().server("250|250");
    session.reports_last("Body");
    let mut input: &[u8] = b"of the first";
    assert_eq!(
        session.client.body(&stale, &mut input, More::Yes),
        Ok(BodyStep::Abort)
    );
    assert_eq!(session.client.end_body(stale), Ok(()));
    session.wire.clear();
    session.pass("Ho", More::Last);
    session.end().sends("BDAT 4 LAST|Ho|");
}

/// Over TLS, progress is known only for whole writes.
#[test]
fn the_end_of_a_message_is_the_end_of_a_write() {
    let mut session = sent(config(), "PIPELINING", "b@y");
    assert_eq!(session.client.output(), b".\r\n");
    session.writes(1);
    assert_eq!(session.client.output(), b"\r\n");
    session.writes(2);
    assert_eq!(
        session.client.output(),
        b"MAIL FROM:<a@x>\r\nRCPT TO:<c@y>\r\nDATA\r\n"
    );
}
