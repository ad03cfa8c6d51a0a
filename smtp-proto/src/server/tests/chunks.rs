//! BDAT (RFC 3030).

use super::*;

fn small() -> Config {
    let mut config = config();
    config.set_max_message_size(10);
    config
}

#[test]
fn chunks_may_contain_any_octets() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 6\r\nQUIT\r\n");
    assert_replies(&mut session, "250 2.0.0 chunk ok\r\n");
    session.sends_octets(b"NOOP\r\nBDAT 5\r\n.\r\n\n\0BDAT 0 LAST\r\n");
    assert_eq!(session.codes(), "250 250 250");
    assert_eq!(session.body, b"QUIT\r\n.\r\n\n\0");
    assert_eq!(session.events(), "message, verdict");
    assert_eq!(session.server.state(), State::Ready);
}

#[test]
fn an_empty_last_chunk_alone_is_an_empty_message() {
    let mut session = Session::with_recipient(config());
    session.sends("BDAT 0 LAST");
    assert_eq!((session.codes().as_str(), session.body.len()), ("250", 0));
    assert_eq!(session.events(), "message, verdict");
}

#[test]
fn a_refused_chunk_is_read_and_dropped() {
    let mut session = Session::new();
    session.sends_octets(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(session.codes(), "503 250");
    session.sends_octets(b"MAIL FROM:<a@client.test>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(session.codes(), "250 503 250");
    assert_eq!((session.body.len(), session.server.state()), (0, State::Mail));
}

#[test]
fn after_last_there_is_no_chunk() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 2 LAST\r\nhiBDAT 2 LAST\r\nho");
    assert_eq!(session.codes(), "250 503");
    assert_eq!(session.body, b"hi");
}

#[test]
fn data_and_bdat_do_not_mix() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 2\r\nhiDATA\r\nMAIL FROM:<>\r\nRCPT TO:<c@mx.test>\r\n");
    assert_eq!(session.codes(), "250 503 503 503");
    assert_eq!(session.server.state(), State::Chunks);
    session.sends("RSET");
    assert_eq!(session.events(), "message, reset Rset");
}

#[test]
fn binarymime_needs_bdat() {
    let mut session = Session::new();
    session.sends("MAIL FROM:<a@client.test> BODY=BINARYMIME\r\nRCPT TO:<b@mx.test>\r\nDATA");
    assert_eq!(session.codes(), "250 250 503");
    assert_eq!(session.server.state(), State::Recipients);
    session.sends_octets(b"BDAT 2 LAST\r\n\n\0");
    assert_eq!(session.codes(), "250");
    assert_eq!(session.body, b"\n\0");
}

#[test]
fn a_refused_chunk_spoils_the_transaction_until_rset() {
    let mut session = Session::with_recipient(small());
    session.sends_octets(b"BDAT 11\r\n12345678901BDAT 2\r\nhiBDAT 0 LAST\r\nDATA\r\nRCPT TO:<c@mx.test>\r\n");
    assert_eq!(session.codes(), "552 503 503 503 503");
    assert_eq!(session.events(), "reset TooBig");
    assert_eq!(session.server.state(), State::Broken);
    session.sends("MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>");
    assert_eq!(session.codes(), "503 250 250");
    assert_eq!(session.events(), "mail <>");
}

#[test]
fn a_last_chunk_that_is_too_big_ends_the_transaction() {
    let mut session = Session::with_recipient(small());
    session.sends_octets(b"BDAT 6\r\n123456BDAT 6 LAST\r\n123456MAIL FROM:<>\r\n");
    assert_eq!(session.codes(), "250 552 250");
    assert_eq!(session.events(), "message, reset TooBig, mail <>");
    assert_eq!(session.body, b"123456");
}

#[test]
fn the_application_may_refuse_the_first_chunk() {
    for (last, state) in [("", State::Broken), (" LAST", State::Ready)] {
        let mut session = Session::with_recipient(config()).refusing("message", Rejection::NO_STORAGE);
        session.sends_octets(format!("BDAT 6{last}\r\nQUIT").as_bytes());
        assert_eq!(session.codes(), "", "the chunk is read first");
        session.sends_octets(b"\r\n");
        assert_eq!(session.codes(), "452");
        assert_eq!(session.events(), "message, reset Refused");
        assert_eq!((session.server.state(), session.body.len()), (state, 0));
    }
}

#[test]
fn refusing_the_first_chunk_can_end_the_session() {
    let mut session = Session::with_recipient(config()).refusing("message", Rejection::TOO_BUSY);
    session.sends_octets(b"BDAT 6\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "message, reset Refused, closed Rejected");
    assert_eq!(session.server.state(), State::Closed);
}

#[test]
fn the_application_may_reject_between_and_within_chunks() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 2\r\nhi");
    session.server.reject_body(Rejection::NO_STORAGE).unwrap();
    session.sends_octets(b"BDAT 2\r\nho");
    assert_eq!(session.codes(), "250 452");
    assert_eq!(session.events(), "message, reset Refused");
    assert_eq!(
        (session.body.as_slice(), session.server.state()),
        (&b"hi"[..], State::Broken)
    );

    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 4 LAST\r\nhi");
    session.server.reject_body(Rejection::NO_STORAGE).unwrap();
    session.sends_octets(b"ho");
    assert_eq!(session.codes(), "452");
    assert_eq!(
        (session.body.as_slice(), session.server.state()),
        (&b"hi"[..], State::Ready)
    );
}

#[test]
fn a_chunk_of_unknown_size_ends_the_session() {
    let mut session = Session::with_recipient(config());
    session.sends("BDAT 99999999999999999999\r\nNOOP");
    assert_eq!(session.codes(), "501 421");
    assert_eq!(session.events(), "reset Closed, closed ChunkSizeUnknown");
}

#[test]
fn a_chunk_beyond_the_drop_limit_ends_the_session_at_once() {
    let mut session = Session::new();
    session.sends("BDAT 18446744073709551615 LAST");
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "closed DropLimit");
    let mut session = Session::with_recipient(config()).refusing("message", Rejection::POLICY);
    session.server.extensions_mut().remove(Keyword::Size);
    session.sends("BDAT 18446744073709551615 LAST");
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "reset Closed, closed DropLimit");
}

#[test]
fn chunks_after_a_refused_chunk_do_not_count_as_errors() {
    let mut config = small();
    config.limits.errors.hard = 1;
    let mut session = Session::with_recipient(config);
    session.sends("BDAT 11\r\n123456789\r\nBDAT 0\r\nBDAT 0\r\nBDAT 0\r\nBDAT 0 LAST\r\nRSET");
    assert_eq!(session.codes(), "552 503 503 503 503 250");
}
