use std::format;

use super::{ReplyFault, parse_reply};
use crate::types::{Code, Reply};

fn parse(octets: &[u8]) -> Result<Reply<'_>, ReplyFault> {
    parse_reply(octets).map_err(|error| error.fault())
}

fn code(code: u16) -> Code {
    Code::new(code).unwrap()
}

#[test]
fn whole_replies_are_found() {
    for octets in [
        &b"250 ok\r\n"[..],
        b"250\r\n",
        b"250 \r\n",
        b"220-a\r\n220-b\r\n220 c\r\n",
        b"250-\r\n250-\r\n250\r\n",
        b"571 beyond the grammar\r\n",
        b"334 \r\n",
        b"550 \xff\x80 gr\xc3\xbc\xc3\x9fe \0\r\n",
        b"550 two returns\r\r\n",
    ] {
        let reply = parse(octets).unwrap();
        assert_eq!(reply.raw(), octets);
        assert_eq!(reply.code().digits(), octets[..3]);
    }
}

#[test]
fn malformed_replies_are_refused() {
    for octets in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"2x0 ok\r\n",
        b"25 ok\r\n",
        b"25\r\n",
        b"250ok\r\n",
        b"2500 ok\r\n",
        b" 250 ok\r\n",
        b"\r\n",
        b"\r\n250 ok\r\n",
        b"250\tok\r\n",
        b"250\rok\r\n",
        b"250\r\r\n",
        b"-250 ok\r\n",
        b"+OK ready\r\n",
        b"250-a\r\nb\r\n",
        b"250-a\r\n\r\n250 b\r\n",
        "２５０ ok\r\n".as_bytes(),
    ] {
        assert_eq!(
            parse(octets),
            Err(ReplyFault::Malformed),
            "{}",
            octets.escape_ascii()
        );
    }
}

#[test]
fn codes_without_meaning_are_refused() {
    for number in [0, 1, 99, 100, 199, 600, 999] {
        assert_eq!(
            parse(format!("{number:03} ok\r\n").as_bytes()),
            Err(ReplyFault::Code(number))
        );
    }
}

#[test]
fn mixed_codes_are_refused() {
    let mixed = |first, then| {
        Err(ReplyFault::MixedCodes {
            first: code(first),
            then: code(then),
        })
    };
    assert_eq!(parse(b"250-a\r\n550 b\r\n"), mixed(250, 550));
    assert_eq!(parse(b"550-a\r\n250 b\r\n"), mixed(550, 250));
}

/// RFC 5321 section 4.2: the first digit is the answer.
#[test]
fn codes_of_the_same_class_make_a_reply_and_the_last_counts() {
    let reply = parse(b"550-no such user\r\n550-here\r\n554 sorry\r\n").unwrap();
    assert_eq!(reply.code(), code(554));
    assert_eq!(reply.lines().count(), 3);
}

#[test]
fn a_bare_line_ending_is_reported() {
    for octets in [
        &b"250 ok\n"[..],
        b"250\n",
        b"250 a\n250 b\n",
        b"550 no\r250 ok\r\n",
        b"250-a\r\n250 b\n\r\n",
    ] {
        assert_eq!(
            parse(octets),
            Err(ReplyFault::BareLineEnding),
            "{}",
            octets.escape_ascii()
        );
    }
}

#[test]
fn a_tls_record_is_reported() {
    for octets in [&b"\x15"[..], b"\x15\x03\x01\x00\x02", b"\x16\x03\x01"] {
        assert_eq!(parse(octets), Err(ReplyFault::TlsRecord));
    }
}

#[test]
fn only_crlf_ends_a_line() {
    for octets in [
        &b"250 ok"[..],
        b"250 ok\r",
        b"250 ok\r\r",
        b"250-a\r\n",
        b"250",
        b"250\r",
        b"2",
        b"",
    ] {
        assert_eq!(
            parse(octets),
            Err(ReplyFault::Incomplete),
            "{}",
            octets.escape_ascii()
        );
    }
}

#[test]
fn octets_after_the_reply_are_an_error() {
    assert_eq!(parse(b"250 ok\r\n421 bye\r\n"), Err(ReplyFault::Trailing));
}

#[test]
fn a_reply_may_have_any_length() {
    let octets = [&b"550 "[..], &b"x".repeat(100_000), b"\r\n"].concat();
    assert_eq!(parse(&octets).unwrap().raw(), octets);
}
