use alloc::vec::Vec;

use proptest::prelude::*;

use super::{DotStuffer, LineEndings, Unsendable};
use crate::data::{BareLineEndings, DotUnstuffer, Unstuffed};

fn stuff<'a>(
    mut stuffer: DotStuffer,
    message: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, Unsendable> {
    let mut wire = Vec::new();
    for mut input in message {
        while let Some(piece) = stuffer.next(&mut input)? {
            assert!(!piece.is_empty());
            wire.extend_from_slice(piece);
        }
        assert!(input.is_empty());
    }
    wire.extend_from_slice(stuffer.end()?);
    Ok(wire)
}

fn data(message: &[u8]) -> Vec<u8> {
    stuff(DotStuffer::for_data(LineEndings::Normalize), [message]).unwrap()
}

fn chunks(message: &[u8]) -> Vec<u8> {
    stuff(DotStuffer::for_chunks(LineEndings::Normalize), [message]).unwrap()
}

fn refused(message: &[u8]) -> Option<u64> {
    let stuffer = DotStuffer::for_data(LineEndings::Refuse);
    let whole = stuff(stuffer.clone(), [message]);
    assert_eq!(stuff(stuffer, message.chunks(1)), whole);
    match whole {
        Ok(_) => None,
        Err(Unsendable::BareLineEnding { offset }) => Some(offset),
        Err(other) => panic!("{other}"),
    }
}

/// Returns the message with CRLF as each line ending, including the last: the expected content.
fn normalized(message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut rest = message.iter().peekable();
    while let Some(&octet) = rest.next() {
        match octet {
            b'\r' => {
                rest.next_if_eq(&&b'\n');
                lines.extend_from_slice(b"\r\n");
            }
            b'\n' => lines.extend_from_slice(b"\r\n"),
            _ => lines.push(octet),
        }
    }
    if !lines.is_empty() && !lines.ends_with(b"\n") {
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

#[test]
fn an_empty_message_is_a_lone_dot() {
    assert_eq!(data(b""), b".\r\n");
    assert_eq!(chunks(b""), b"");
}

#[test]
fn no_crlf_is_added_to_a_complete_last_line() {
    assert_eq!(data(b"a\r\n"), b"a\r\n.\r\n");
    assert_eq!(chunks(b"a\r\n"), b"a\r\n");
}

#[test]
fn a_crlf_completes_the_last_line() {
    assert_eq!(data(b"a"), b"a\r\n.\r\n");
    assert_eq!(data(b"a\r"), b"a\r\n.\r\n");
    assert_eq!(data(b"a\n"), b"a\r\n.\r\n");
    assert_eq!(chunks(b"a"), b"a\r\n");
    assert_eq!(chunks(b"a\r"), b"a\r\n");
}

#[test]
fn a_dot_is_added_to_each_line_that_starts_with_a_dot() {
    assert_eq!(data(b".\r\n"), b"..\r\n.\r\n");
    assert_eq!(data(b"."), b"..\r\n.\r\n");
    assert_eq!(data(b"..\r\n\r\n.a\r\nb.\r\n"), b"...\r\n\r\n..a\r\nb.\r\n.\r\n");
}

#[test]
fn dots_after_normalized_line_endings_are_stuffed() {
    assert_eq!(data(b"a\n.\n"), b"a\r\n..\r\n.\r\n");
    assert_eq!(data(b"a\r.\r"), b"a\r\n..\r\n.\r\n");
    assert_eq!(data(b"a\r\n\n.\r\nRSET\r\n"), b"a\r\n\r\n..\r\nRSET\r\n.\r\n");
    assert_eq!(data(b"a\r\r\n.\r\n"), b"a\r\n\r\n..\r\n.\r\n");
}

#[test]
fn chunks_are_not_stuffed() {
    assert_eq!(chunks(b".\r\n..\r\n.a\n.b"), b".\r\n..\r\n.a\r\n.b\r\n");
}

#[test]
fn the_error_has_the_offset_of_the_first_bare_line_ending() {
    assert_eq!(refused(b"a\r\nb\r\n"), None);
    assert_eq!(refused(b"a\r\n.b\n"), Some(5));
    assert_eq!(refused(b"a\rb\n"), Some(1));
    assert_eq!(refused(b"\n"), Some(0));
    assert_eq!(refused(b"ab\r\r\n"), Some(2));
    assert_eq!(refused(b"ab\r"), Some(2));
}

#[test]
fn binary_chunks_are_kept() {
    let message = b"\r\n.\n\r\r\0.";
    assert_eq!(
        stuff(DotStuffer::for_chunks(LineEndings::Keep), [&message[..]]).unwrap(),
        message
    );
}

#[test]
fn data_never_keeps_bare_line_endings() {
    let kept = stuff(DotStuffer::for_data(LineEndings::Keep), [&b"a\n.\r\n"[..]]);
    assert_eq!(kept, Err(Unsendable::BareLineEnding { offset: 1 }));
}

#[test]
fn seven_bit_refuses_the_first_octet_above_127() {
    let eight_bit = stuff(
        DotStuffer::for_data(LineEndings::Normalize).seven_bit(),
        [&b"a\n."[..], b"b\xc3\xa9"],
    );
    assert_eq!(eight_bit, Err(Unsendable::EightBit { offset: 4 }));
    let binary = stuff(
        DotStuffer::for_chunks(LineEndings::Keep).seven_bit(),
        [&b"\x80"[..]],
    );
    assert_eq!(binary, Err(Unsendable::EightBit { offset: 0 }));
    assert!(
        stuff(
            DotStuffer::for_data(LineEndings::Normalize).seven_bit(),
            [&b"\x7f"[..]]
        )
        .is_ok()
    );
}

#[test]
fn an_encoder_serves_several_messages() {
    let mut stuffer = DotStuffer::for_data(LineEndings::Refuse);
    for _ in 0..2 {
        let mut input: &[u8] = b"a";
        assert_eq!(stuffer.next(&mut input), Ok(Some(&b"a"[..])));
        assert_eq!(stuffer.end(), Ok(&b"\r\n.\r\n"[..]));
    }
    let mut input: &[u8] = b"\n";
    assert_eq!(
        stuffer.next(&mut input),
        Err(Unsendable::BareLineEnding { offset: 0 })
    );
}

fn messages() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => Just(b"\r\n".to_vec()),
        3 => Just(b".".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\n".to_vec()),
        2 => any::<u8>().prop_map(|octet| Vec::from([octet])),
        2 => (1usize..150).prop_map(|len| b"x".repeat(len)),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn pieces<'a>(message: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
    at.extend([0, message.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &message[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_stuffed_message_is_unstuffed_unchanged(message in messages(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let stuffer = DotStuffer::for_data(LineEndings::Normalize);
        let wire = stuff(stuffer.clone(), [&message[..]]).unwrap();
        prop_assert_eq!(&stuff(stuffer.clone(), pieces(&message, &cuts)).unwrap(), &wire);
        prop_assert_eq!(&stuff(stuffer, message.chunks(1)).unwrap(), &wire);

        let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
        let mut input = &wire[..];
        let mut arrived = Vec::new();
        while let Unstuffed::Piece(piece) = unstuffer.next(&mut input) {
            arrived.extend_from_slice(piece);
        }
        prop_assert_eq!(unstuffer.next(&mut input), Unstuffed::End);
        prop_assert!(input.is_empty() && !unstuffer.saw_bare_line_ending());
        prop_assert_eq!(&arrived, &normalized(&message));
        prop_assert_eq!(stuff(DotStuffer::for_chunks(LineEndings::Normalize), pieces(&message, &cuts)).unwrap(), arrived);
    }

    #[test]
    fn refusing_equals_normalizing_without_bare_line_endings(message in messages()) {
        let clean = normalized(&message);
        prop_assert_eq!(refused(&clean), None);
        let sent = stuff(DotStuffer::for_data(LineEndings::Refuse), [&clean[..]]);
        prop_assert_eq!(sent.unwrap(), data(&clean));
    }
}

/// RFC 5321 section 4.5.2: a caller that counts output octets as consumed input must not end the message early.
#[test]
fn an_added_dot_is_followed_by_the_dot_for_any_next_input() {
    let mut stuffer = DotStuffer::for_data(LineEndings::Normalize);
    assert_eq!(stuffer.next(&mut &b"."[..]), Ok(Some(&b"."[..])));
    let mut evil: &[u8] = b"\r\nMAIL FROM:<evil@x>\r\n";
    assert_eq!(stuffer.next(&mut evil), Ok(Some(&b"."[..])));
    assert_eq!(
        stuffer.next(&mut evil),
        Ok(Some(&b"\r\nMAIL FROM:<evil@x>\r\n"[..]))
    );
    assert_eq!(stuffer.end(), Ok(&b".\r\n"[..]));
    for message in [&b"."[..], b"a\r\n."] {
        let mut stuffer = DotStuffer::for_data(LineEndings::Normalize);
        let piece = stuffer.next(&mut &*message).unwrap().unwrap();
        assert_eq!(piece, message);
        assert_eq!(stuffer.end(), Ok(&b".\r\n.\r\n"[..]));
    }
}
