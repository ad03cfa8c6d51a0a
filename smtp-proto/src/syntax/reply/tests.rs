use std::{format, vec, vec::Vec};

use proptest::prelude::*;

use super::{ReplyError, ReplyFault, ReplyLimits, ReplyScanner, parse_reply};
use crate::types::Code;

/// Feeds `input` to a scanner in growing pieces, as a client would; gives the raw replies and how it ended.
fn feed(input: &[u8], ends: &[usize], limits: &ReplyLimits) -> (Vec<Vec<u8>>, Result<(), ReplyError>) {
    let mut scanner = ReplyScanner::default();
    let (mut taken, mut found) = (0, Vec::new());
    for end in ends {
        loop {
            match scanner.scan(&input[taken..*end], limits) {
                Ok(Some(reply)) => {
                    taken += reply.raw().len();
                    found.push(reply.raw().to_vec());
                }
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
        }
    }
    (found, Ok(()))
}

fn scan_whole(input: &[u8], limits: &ReplyLimits) -> (Vec<Vec<u8>>, Result<(), ReplyError>) {
    feed(input, &[input.len()], limits)
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
        b"550 bare\nfeed\rreturn\r\r\n",
        b"250 \n\r\n",
    ] {
        let reply = parse_reply(octets).unwrap();
        assert_eq!(reply.raw(), octets);
        assert_eq!(reply.code().digits(), octets[..3]);
    }
}

#[test]
fn what_is_no_reply_is_refused() {
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
        b"250\n",
        b"250\rok\r\n",
        b"250\r\r\n",
        b"-250 ok\r\n",
        b"+OK ready\r\n",
        b"\x15\x03\x01\x00\x02",
        b"250-a\r\nb\r\n",
        b"250-a\r\n\r\n250 b\r\n",
        "２５０ ok\r\n".as_bytes(),
    ] {
        let error = parse_reply(octets).unwrap_err();
        assert_eq!(error.fault(), ReplyFault::Malformed, "{}", octets.escape_ascii());
        assert!(error.position() < octets.len());
    }
}

#[test]
fn codes_without_meaning_are_refused() {
    for number in [0, 1, 99, 100, 199, 600, 999] {
        assert_eq!(
            parse_reply(format!("{number:03} ok\r\n").as_bytes()),
            Err(ReplyError::new(ReplyFault::Code(number), 0))
        );
    }
}

#[test]
fn mixed_codes_are_refused() {
    let mixed = |first, then, position| {
        let (first, then) = (code(first), code(then));
        Err(ReplyError::new(ReplyFault::MixedCodes { first, then }, position))
    };
    assert_eq!(parse_reply(b"250-a\r\n550 b\r\n"), mixed(250, 550, 7));
    assert_eq!(parse_reply(b"550-a\r\n250 b\r\n"), mixed(550, 250, 7));
    assert_eq!(parse_reply(b"250-a\r\n250-b\r\n251 c\r\n"), mixed(250, 251, 14));
}

#[test]
fn only_crlf_ends_a_line() {
    for octets in [
        &b"250 ok"[..],
        b"250 ok\n",
        b"250 ok\r",
        b"250 a\n250 b\n",
        b"250-a\r\n",
        b"250",
        b"250\r",
        b"2",
        b"",
    ] {
        assert_eq!(
            parse_reply(octets),
            Err(ReplyError::new(ReplyFault::Incomplete, octets.len())),
            "{}",
            octets.escape_ascii()
        );
    }
}

#[test]
fn what_follows_is_left() {
    let input = b"250 ok\r\n421 bye\r\n";
    assert_eq!(parse_reply(input), Err(ReplyError::new(ReplyFault::Trailing, 8)));
    let (found, end) = scan_whole(input, &ReplyLimits::default());
    assert_eq!(found, [&b"250 ok\r\n"[..], b"421 bye\r\n"]);
    assert_eq!(end, Ok(()));
}

#[test]
fn limits_hold_to_the_octet() {
    let limits = ReplyLimits {
        line: 12,
        lines: 3,
        total: 30,
    };
    let end = |input: &[u8]| scan_whole(input, &limits).1;
    assert_eq!(end(b"250 123456\r\n"), Ok(()));
    assert_eq!(
        end(b"250 1234567\r\n"),
        Err(ReplyError::new(ReplyFault::TooLongLine, 12))
    );
    assert_eq!(end(b"250-a\r\n250-b\r\n250 c\r\n"), Ok(()));
    assert_eq!(
        end(b"250-a\r\n250-b\r\n250-c\r\n250 d\r\n"),
        Err(ReplyError::new(ReplyFault::TooManyLines, 21))
    );
    assert_eq!(end(b"250-123456\r\n250-123456\r\n250 \r\n"), Ok(()));
    assert_eq!(
        end(b"250-123456\r\n250-123456\r\n250 1\r\n"),
        Err(ReplyError::new(ReplyFault::TooLong, 30))
    );
}

#[test]
fn an_endless_line_fails_at_the_limit() {
    let limits = ReplyLimits::default();
    let mut input = b"250 ".to_vec();
    input.resize(limits.line, b'x');
    assert_eq!(ReplyScanner::default().scan(&input, &limits), Ok(None));
    input.push(b'x');
    assert_eq!(
        ReplyScanner::default().scan(&input, &limits),
        Err(ReplyError::new(ReplyFault::TooLongLine, limits.line))
    );
}

#[test]
fn an_endless_reply_fails_at_the_limit() {
    let limits = ReplyLimits::default();
    let short = b"250-x\r\n".repeat(10_000);
    assert_eq!(
        scan_whole(&short, &limits).1.unwrap_err().fault(),
        ReplyFault::TooManyLines
    );
    let long = [b"250-".to_vec(), vec![b'x'; 1000], b"\r\n".to_vec()]
        .concat()
        .repeat(1000);
    assert_eq!(
        scan_whole(&long, &limits).1.unwrap_err().fault(),
        ReplyFault::TooLong
    );
}

#[test]
fn octets_are_searched_once() {
    let limits = ReplyLimits::default();
    let mut scanner = ReplyScanner::default();
    assert_eq!(scanner.scan(b"250-a\r\n250 no end", &limits), Ok(None));
    assert_eq!((scanner.start, scanner.searched), (7, 10));
    // A line end in the part already looked at would be found only by looking again.
    assert_eq!(scanner.scan(b"250-a\r\n250 no \r\n!", &limits), Ok(None));
}

/// Lines that are mostly right, so that the scanner gets far.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![8 => Just("250-"), 3 => Just("250 "), 1 => Just("250"), 1 => Just("550 "), 1 => Just("2"), 1 => Just("999-")];
    let text = prop_oneof![
        4 => prop::collection::vec(prop::sample::select(&b"ab \r\n"[..]), 0..12),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    (head, text).prop_map(|(head, text)| [head.as_bytes(), &text, b"\r\n"].concat())
}

proptest! {
    #[test]
    fn chopping_changes_nothing(lines in prop::collection::vec(line(), 0..8), line in 0..24_usize, most in 1..5_usize, total in 0..60_usize) {
        let input = lines.concat();
        let limits = ReplyLimits { line, lines: most, total };
        let bytewise: Vec<_> = (0..=input.len()).collect();
        prop_assert_eq!(feed(&input, &bytewise, &limits), scan_whole(&input, &limits));
        let pairs: Vec<_> = (0..input.len()).step_by(2).chain([input.len()]).collect();
        prop_assert_eq!(feed(&input, &pairs, &limits), scan_whole(&input, &limits));
    }

    #[test]
    fn whatever_is_found_is_within_the_limits(lines in prop::collection::vec(line(), 0..8)) {
        let limits = ReplyLimits { line: 20, lines: 4, total: 50 };
        for raw in scan_whole(&lines.concat(), &limits).0 {
            let reply = parse_reply(&raw).unwrap();
            prop_assert!(raw.len() <= limits.total && reply.lines().count() <= limits.lines);
            prop_assert!(reply.lines().all(|text| text.len() + 6 <= limits.line.max(6)));
        }
    }
}
