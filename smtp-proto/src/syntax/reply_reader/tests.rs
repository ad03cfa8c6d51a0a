use std::{format, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

/// The replies found: code, octets, and if text was dropped.
#[derive(Debug, Default, PartialEq)]
struct Found {
    replies: Vec<(Code, Vec<u8>, bool)>,
    error: Option<ReplyError>,
    /// The most octets that were left in the input.
    left: usize,
}

/// Feeds `input` to a reader in growing pieces, as a client would.
fn feed(input: &[u8], ends: &[usize], limits: &ReplyLimits) -> Found {
    let mut reader = ReplyReader::new();
    let (mut taken, mut found) = (0, Found::default());
    for end in ends {
        loop {
            let mut rest = &input[taken..*end];
            let result = reader.read(&mut rest, limits);
            taken = end - rest.len();
            match result {
                Ok(Some(reply)) => {
                    found
                        .replies
                        .push((reply.code(), reply.raw().to_vec(), reader.was_cut()));
                }
                Ok(None) => {
                    found.left = found.left.max(rest.len());
                    break;
                }
                Err(error) => {
                    found.error = Some(error);
                    return found;
                }
            }
        }
    }
    found
}

/// The text of the only reply in `input`, with `|` for CRLF.
fn read(input: &str, limits: &ReplyLimits) -> std::string::String {
    let input = input.replace('|', "\r\n");
    let bytewise: Vec<_> = (0..=input.len()).collect();
    let found = feed(input.as_bytes(), &bytewise, limits);
    let ([(code, raw, _)], None) = (found.replies.as_slice(), found.error) else {
        panic!("{found:?}")
    };
    let raw = std::string::String::from_utf8(raw.clone()).unwrap();
    assert!(raw.contains(&format!("{code} ")) || raw == "250\r\n", "{raw}");
    raw.replace("\r\n", "|")
}

#[test]
fn octets_after_the_reply_stay_in_the_input() {
    let input = b"250 ok\r\n421 bye\r\n22";
    let mut rest = &input[..];
    let mut reader = ReplyReader::new();
    let limits = ReplyLimits::default();
    assert_eq!(
        reader.read(&mut rest, &limits).unwrap().unwrap().raw(),
        b"250 ok\r\n"
    );
    assert_eq!(
        reader.read(&mut rest, &limits).unwrap().unwrap().raw(),
        b"421 bye\r\n"
    );
    assert_eq!(reader.read(&mut rest, &limits), Ok(None));
    assert_eq!(rest, b"22");
}

#[test]
fn text_beyond_the_limits_is_cut_and_the_code_counts() {
    let limits = ReplyLimits {
        line: 12,
        lines: 3,
        total: 30,
    };
    assert_eq!(read("250 123456|", &limits), "250 123456|");
    assert_eq!(read("550 1234567|", &limits), "550 123456|");
    assert_eq!(read("250-a|250-b|250 c|", &limits), "250-a|250-b|250 c|");
    assert_eq!(read("250-a|250-b|250-c|250 d|", &limits), "250-a|250-b|250 c|");
    assert_eq!(
        read("250-123456|250-123456|250 |", &limits),
        "250-123456|250-123456|250 |"
    );
    assert_eq!(
        read("250-123456|250-123456|250 1|", &limits),
        "250-123456|250-123456|250 |"
    );
    assert_eq!(read("550-1234567890|554 x|", &limits), "550-123456|554 x|");
    assert_eq!(read("550 123456\r\r|", &limits), "550 123456|");
    let least = ReplyLimits {
        line: 0,
        lines: 0,
        total: 0,
    };
    assert_eq!(read("550-1234567890|554 x|", &least), "554 |");
    assert_eq!(read("250|", &least), "250|");
}

#[test]
fn an_endless_reply_is_consumed_as_it_arrives() {
    let limits = ReplyLimits::default();
    let short = [b"250-x\r\n".repeat(10_000), b"250 end\r\n".to_vec()].concat();
    let line = [b"250-".to_vec(), vec![b'x'; 1000], b"\r\n".to_vec()].concat();
    let long = [line.repeat(1000), b"250 end\r\n".to_vec()].concat();
    let endless = [b"250 ".to_vec(), vec![b'x'; 1_000_000], b"\r\n".to_vec()].concat();
    for input in [short, long, endless] {
        let ends: Vec<_> = (0..input.len()).step_by(997).chain([input.len()]).collect();
        let found = feed(&input, &ends, &limits);
        let ([(_, raw, true)], None) = (found.replies.as_slice(), found.error) else {
            panic!("{found:?}")
        };
        assert!(raw.len() <= limits.total && found.left <= limits.total);
    }
}

#[test]
fn octets_are_searched_once() {
    let limits = ReplyLimits::default();
    let mut reader = ReplyReader::new();
    assert_eq!(reader.read(&mut &b"250-a\r\n250 no end"[..], &limits), Ok(None));
    assert_eq!((reader.start, reader.searched), (7, 10));
    // A line end in the part already searched would be found only by searching again.
    assert_eq!(reader.read(&mut &b"250-a\r\n250 no \r\n!"[..], &limits), Ok(None));
}

/// Mostly valid lines, so that the scanner reads many of them.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let head = prop_oneof![8 => Just("250-"), 3 => Just("250 "), 1 => Just("250"), 1 => Just("251 "), 1 => Just("550 "), 1 => Just("2"), 1 => Just("999-")];
    let text = prop_oneof![
        4 => prop::collection::vec(prop::sample::select(&b"ab \r\n"[..]), 0..12),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    (head, text).prop_map(|(head, text)| [head.as_bytes(), &text, b"\r\n"].concat())
}

proptest! {
    #[test]
    fn the_result_does_not_depend_on_the_cuts(lines in prop::collection::vec(line(), 0..8), line in 0..24_usize, most in 0..5_usize, total in 0..60_usize) {
        let input = lines.concat();
        let limits = ReplyLimits { line, lines: most, total };
        let whole = feed(&input, &[input.len()], &limits);
        let bytewise: Vec<_> = (0..=input.len()).collect();
        let pairs: Vec<_> = (0..input.len()).step_by(2).chain([input.len()]).collect();
        for ends in [bytewise, pairs] {
            let found = feed(&input, &ends, &limits);
            prop_assert_eq!((&found.replies, found.error), (&whole.replies, whole.error));
            prop_assert!(found.left <= line.max(total).max(6));
        }
    }

    #[test]
    fn any_result_is_a_reply_within_the_limits(lines in prop::collection::vec(line(), 0..8), line in 0..24_usize, most in 0..5_usize, total in 0..60_usize) {
        let limits = ReplyLimits { line, lines: most, total };
        let input = lines.concat();
        for (code, raw, was_cut) in feed(&input, &[input.len()], &limits).replies {
            let reply = crate::syntax::parse_reply(&raw).unwrap();
            prop_assert_eq!((reply.code(), was_cut), (code, was_cut));
            prop_assert!(raw.len() <= limits.total_octets() && reply.lines().count() <= most.max(1));
            prop_assert!(reply.lines().all(|text| text.len() + 6 <= limits.line_octets()));
        }
    }
}

/// The octet after a code decides first, and then the code.
#[test]
fn an_error_does_not_depend_on_the_cut() {
    let limits = ReplyLimits::default();
    let input = b"250-a\r\n334x\r\n";
    let bytewise: Vec<_> = (0..=input.len()).collect();
    let whole = feed(input, &[input.len()], &limits).error;
    let octets = feed(input, &bytewise, &limits).error;
    assert_eq!(whole, octets);
    assert_eq!(whole.map(|error| error.fault()), Some(ReplyFault::Malformed));
}
