use alloc::vec::Vec;

use proptest::prelude::*;

use super::{ContentScanner, ContentSummary};
use crate::data::{DotStuffer, LineEndings};

fn summary<'a>(message: impl IntoIterator<Item = &'a [u8]>) -> ContentSummary {
    let mut scanner = ContentScanner::new();
    for piece in message {
        scanner.feed(piece);
    }
    scanner.finish()
}

fn of(message: &[u8]) -> ContentSummary {
    let whole = summary([message]);
    assert_eq!(summary(message.chunks(1)), whole);
    whole
}

#[test]
fn an_empty_message_needs_nothing() {
    assert_eq!(of(b""), ContentSummary::default());
}

#[test]
fn size_counts_every_line_end_as_crlf() {
    assert_eq!(of(b"a\r\n").size, 3);
    assert_eq!(of(b"a").size, 3);
    assert_eq!(of(b"a\n\nb\rc").size, 3 + 2 + 3 + 3);
    assert_eq!(of(b"a\r").size, 3);
    assert_eq!(of(b"\r\n").size, 2);
    assert_eq!(of(b".\r\n.a\r\n").size, 7);
    assert_eq!(of(b"a\n\nb\rc").octets, 6);
}

#[test]
fn a_bare_cr_or_lf_is_found() {
    assert!(!of(b"a\r\nb\r\n").bare);
    assert!(of(b"a\n").bare);
    assert!(of(b"a\rb").bare);
    assert!(of(b"a\r\r\n").bare);
    assert!(of(b"a\r").bare);
}

#[test]
fn eight_bit_octets_count_as_header_before_the_empty_line_only() {
    let header = of(b"a: \xc3\xa9\r\n\r\nb");
    assert!(header.eight_bit && header.utf8_header);
    assert!(of(b"a: b\r\nc: \xc3\xa9\r\n\r\nd").utf8_header);
    let body = of(b"a: b\r\n\r\n\xc3\xa9");
    assert!(body.eight_bit && !body.utf8_header);
    let bare = of(b"a: b\n\n\xc3\xa9");
    assert!(bare.eight_bit && !bare.utf8_header);
    assert!(!of(b"a: b\r\n\r\nb").eight_bit);
}

#[test]
fn nul_is_found() {
    assert!(of(b"a\0").nul);
    assert!(!of(b"a").nul);
}

#[test]
fn the_longest_line_counts_its_line_end() {
    assert_eq!(of(b"abc\r\nabcd\r\na").longest_line, 6);
    assert_eq!(of(b"abc\r\nabcd").longest_line, 6);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn size_equals_the_octets_sent_in_chunks(message in "[a.\r\n\u{e9}\0]{0,100}") {
        let message = message.as_bytes();
        let content = of(message);
        let mut stuffer = DotStuffer::for_chunks(LineEndings::Normalize);
        let mut sent = Vec::new();
        let mut input = message;
        while let Some(piece) = stuffer.next(&mut input).unwrap() {
            sent.extend_from_slice(piece);
        }
        sent.extend_from_slice(stuffer.end().unwrap());
        prop_assert_eq!(content.size, sent.len() as u64);
        prop_assert_eq!(content.octets, message.len() as u64);
        prop_assert_eq!(content.bare, sent.strip_suffix(b"\r\n").unwrap_or(&sent) != message.strip_suffix(b"\r\n").unwrap_or(message));
        prop_assert_eq!(content.eight_bit, !message.is_ascii());
        let longest = sent.split_inclusive(|&octet| octet == b'\n').map(<[u8]>::len).max().unwrap_or(0);
        prop_assert_eq!(content.longest_line, longest as u64);
    }
}
