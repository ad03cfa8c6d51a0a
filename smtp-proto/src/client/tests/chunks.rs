use super::*;
use crate::data::LineEndings;

const PIPELINED: &str = "CHUNKING|PIPELINING";

fn small_chunks(octets: usize) -> Config {
    let mut config = chunking();
    config.limits.max_chunk_octets = octets;
    config
}

#[test]
fn bdat_is_used_if_configured_and_offered() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass("Hi|", More::Last);
    session
        .end()
        .sends("BDAT 4 LAST|Hi|")
        .server("250 ok")
        .reports("Message 250, Accepted");
    let mut session = Session::with(chunking(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
    let mut session = Session::with(config(), PIPELINED);
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
}

#[test]
fn no_chunk_is_sent_without_an_accepted_recipient() {
    let mut session = Session::with(chunking(), PIPELINED);
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|")
        .server("250|550");
    session.reports("Mail 250, Recipient(0) 550, Refused(Recipient(0))");
}

#[test]
fn chunks_are_not_dot_stuffed() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass(".|..|", More::Last);
    session.end().sends("BDAT 7 LAST|.|..|");
}

#[test]
fn chunk_sizes_are_those_of_the_octets_sent() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass("a\nb\rc", More::Last);
    session.end().sends("BDAT 9 LAST|a|b|c|");
}

#[test]
fn a_chunk_has_at_most_the_limit_of_input() {
    let mut session = Session::at_body(small_chunks(4), PIPELINED, "b@y");
    session.pass("abcdefghij", More::Last);
    session.end().sends("BDAT 4|abcdBDAT 4|efghBDAT 4 LAST|ij|");
    session
        .server("250|250|250")
        .reports("Chunk 250, Chunk 250, Message 250, Accepted");
}

#[test]
fn a_line_end_may_be_cut_by_chunks() {
    let mut session = Session::at_body(small_chunks(2), PIPELINED, "b@y");
    session.pass("a|b\rc", More::Last);
    session.end().sends("BDAT 2|a\rBDAT 2|\nbBDAT 5 LAST||c|");
}

#[test]
fn an_unannounced_end_is_a_separate_last_chunk() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass("Hi|", More::Yes);
    session.end().sends("BDAT 4|Hi|BDAT 0 LAST|");
    session
        .server("250|250")
        .reports("Chunk 250, Message 250, Accepted");
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass("Hi", More::Yes);
    session.end().sends("BDAT 2|HiBDAT 2 LAST||");
}

#[test]
fn an_empty_message_is_an_empty_chunk() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session
        .end()
        .sends("BDAT 0 LAST|")
        .server("250")
        .reports("Message 250, Accepted");
}

#[test]
fn without_pipelining_every_chunk_waits_for_a_reply() {
    let mut session = Session::at_body(small_chunks(4), "CHUNKING", "b@y");
    assert_eq!(session.pass("abcdefgh", More::Yes), (Left::Blocked, "efgh"));
    session.sends("BDAT 4|abcd").server("250");
    assert_eq!(session.pass("efgh", More::Yes), (Left::Nothing, ""));
    session
        .end()
        .sends("BDAT 4|efgh")
        .server("250")
        .sends("BDAT 2 LAST||");
    session
        .server("250")
        .reports("Chunk 250, Chunk 250, Message 250, Accepted");
}

#[test]
fn at_most_the_window_of_chunks_is_unanswered() {
    let mut config = small_chunks(1);
    config.limits.max_unanswered = 2;
    let mut session = Session::at_body(config, PIPELINED, "b@y");
    assert_eq!(session.pass("abc", More::Yes), (Left::Blocked, "c"));
    session.server("250");
    assert_eq!(session.pass("c", More::Yes), (Left::Nothing, ""));
}

#[test]
fn after_a_refused_chunk_no_chunk_begins_and_rset_follows() {
    let mut session = Session::at_body(small_chunks(4), PIPELINED, "b@y");
    session.pass("abcd", More::Yes);
    session
        .written()
        .server("552 full")
        .reports("Chunk 552, Refused(Chunk)");
    assert_eq!(session.client.state(), State::Broken);
    assert_eq!(session.pass("efgh", More::Yes), (Left::Stopped, "efgh"));
    session.end().sends("BDAT 4|abcd");
    assert_eq!(session.outcomes(), ["Refused Chunk 552"]);
    session.deliver(to("c@y")).sends("RSET|").server("250");
    assert_eq!(session.client.state(), State::Ready);
    session.sends("MAIL FROM:<a@x>|RCPT TO:<c@y>|");
}

#[test]
fn replies_to_chunks_after_a_refused_chunk_are_awaited() {
    let mut session = Session::at_body(small_chunks(2), PIPELINED, "b@y");
    session.pass("abcd", More::Yes);
    session.written().server("552 full").reports("Chunk 552");
    session.server("503 no").reports("Chunk 503, Refused(Chunk)");
}

#[test]
fn a_refused_chunk_decides_even_if_the_last_was_sent() {
    let mut session = Session::at_body(small_chunks(2), PIPELINED, "b@y");
    session.pass("ab|", More::Last);
    session
        .end()
        .sends("BDAT 2|abBDAT 2 LAST||")
        .server("552 full|250 odd");
    session.reports("Chunk 552, Message 250, Refused(Chunk)");
    assert_eq!(session.outcomes(), ["Refused Chunk 552"]);
    session.deliver(to("c@y")).sends("RSET|");
}

#[test]
fn the_last_chunk_is_not_sent_after_a_refused_chunk() {
    let mut session = Session::at_body(chunking(), "CHUNKING", "b@y");
    session.pass("Hi", More::Yes);
    session
        .end()
        .sends("BDAT 2|Hi")
        .server("452 full")
        .sends("")
        .reports("Chunk 452, Refused(Chunk)");
}

#[test]
fn a_refused_last_chunk_is_reset_too() {
    let mut session = Session::at_end(chunking(), PIPELINED, "b@y");
    session
        .server("554 no")
        .reports("Message 554, Refused(Message)")
        .deliver(to("b@y"))
        .sends("RSET|");
}

#[test]
fn the_reply_to_the_last_chunk_may_arrive_before_end_body() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    assert_eq!(session.pass("Hi|", More::Last), (Left::Nothing, ""));
    session
        .written()
        .server("250 ok")
        .reports("Message 250, Accepted")
        .end();
    assert!(session.client.is_ready());
}

/// A session that has output `BDAT 4` and two octets.
fn in_a_chunk(more: More) -> Session {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    let permit = session.permit.take().unwrap();
    let mut input: &[u8] = b"a\nb";
    for _ in 0..2 {
        assert!(matches!(
            session.client.body(&permit, &mut input, more),
            Ok(BodyStep::Write(_))
        ));
    }
    session.permit = Some(permit);
    assert_eq!(input, b"b");
    session.written();
    session
}

#[test]
fn a_positive_reply_before_the_end_of_a_chunk_ends_the_session() {
    in_a_chunk(More::Yes)
        .server("250")
        .reports("Chunk 250, Closed Unexpected NotAccepted");
    in_a_chunk(More::Last)
        .server("250")
        .reports("Nothing 250, Closed Unsolicited NotAccepted");
}

#[test]
fn a_chunk_refused_half_way_is_completed() {
    let mut session = in_a_chunk(More::Yes);
    session.server("552 full").reports("Chunk 552");
    assert!(session.wait.application_pending);
    session.wire.clear();
    assert_eq!(session.pass("bc", More::Yes), (Left::Stopped, "c"));
    session.sends("b").reports("Refused(Chunk)");
}

#[test]
fn a_chunk_that_is_not_completed_ends_the_session() {
    in_a_chunk(More::Yes).end().reports("Closed Aborted NotAccepted");
    in_a_chunk(More::Yes)
        .server("552")
        .end()
        .reports("Chunk 552, Closed Aborted NotAccepted");
}

#[test]
fn input_that_changes_within_a_chunk_ends_the_session() {
    let mut session = in_a_chunk(More::Yes);
    session.pass("\n", More::Yes);
    session.reports("Closed Aborted NotAccepted");
}

#[test]
fn a_chunk_that_cannot_be_sent_is_not_announced() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    let permit = session.permit.take().unwrap();
    let mut input = "caf\u{e9}".as_bytes();
    assert!(session.client.body(&permit, &mut input, More::Last).is_err());
    session.sends("").poll_all().reports_last("NotAccepted");
}

#[test]
fn an_intermediate_reply_does_not_answer_a_chunk() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    session.pass("Hi", More::Yes);
    session
        .written()
        .server("354 go")
        .reports("Chunk 354, Closed Unexpected NotAccepted");
}

#[test]
fn binary_content_is_sent_unchanged() {
    let envelope = to("b@y").with_parameters(MailParameters::default().with_body(Body::BinaryMime));
    let mut session = Session::with(config(), "CHUNKING|BINARYMIME");
    session
        .deliver(envelope)
        .sends("MAIL FROM:<a@x> BODY=BINARYMIME|")
        .server("250")
        .sends("RCPT TO:<b@y>|");
    session.server("250").pass("\n\r\u{e9}.", More::Last);
    session.end().sends("BDAT 5 LAST|\n\r\u{e9}.");
}

#[test]
fn the_last_chunk_is_completed_after_a_refused_chunk() {
    let mut session = Session::at_body(small_chunks(3), PIPELINED, "b@y");
    let permit = session.permit.take().unwrap();
    let mut input: &[u8] = b"abca\nb";
    for _ in 0..2 {
        let piece = session.client.body(&permit, &mut input, More::Last);
        assert!(matches!(piece, Ok(BodyStep::Write(_))));
        session.written();
    }
    session.permit = Some(permit);
    session.server("552 full").reports("Chunk 552");
    assert_eq!(session.pass("\nb", More::Last), (Left::Stopped, ""));
    session
        .reports("")
        .server("503 no")
        .reports("Chunk 503, Refused(Chunk)");
}

#[test]
fn a_reply_answers_only_a_chunk_that_is_being_written() {
    let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
    let permit = session.permit.take().unwrap();
    let mut input: &[u8] = b"Hi";
    let piece = session.client.body(&permit, &mut input, More::Yes);
    assert!(matches!(piece, Ok(BodyStep::Write(b"Hi"))));
    session
        .server("250")
        .reports("Nothing 250, Closed Unsolicited NotAccepted");
}

/// RFC 3030 section 2: the octets of a chunk are those of the application.
#[test]
fn chunks_get_no_line_ending_without_normalization() {
    for endings in [LineEndings::Refuse, LineEndings::Keep] {
        let mut config = chunking();
        config.line_endings = endings;
        let mut session = Session::at_body(config, PIPELINED, "b@y");
        session.pass("Hi", More::Last);
        session.end().sends("BDAT 2 LAST|Hi");
    }
}

#[test]
fn the_transaction_ends_with_the_last_reply_to_its_chunks() {
    let mut session = Session::at_body(small_chunks(2), PIPELINED, "b@y");
    session.pass("abcd", More::Yes);
    session
        .written()
        .server("452 no|250 ok")
        .reports("Chunk 452, Chunk 250, Refused(Chunk)");
    assert!(session.client.is_ready());
}

/// The reply to a chunk may arrive after the last chunk has begun and before its command is written.
#[test]
fn a_chunk_is_answered_while_the_last_chunk_waits_to_be_written() {
    for cut in 0..4 {
        let mut session = Session::at_body(chunking(), PIPELINED, "b@y");
        session.pass("Hi|", More::Yes);
        let permit = session.permit.take().unwrap();
        let mut input: &[u8] = b"a\nb\n";
        let Ok(BodyStep::Write(b"a")) = session.client.body(&permit, &mut input, More::Last) else {
            panic!("another piece");
        };
        session.permit = Some(permit);
        let (begun, rest) = b"250 ok\r\n".split_at(cut);
        session.octets(begun).octets(rest).reports("Chunk 250");
    }
}
