use alloc::vec::Vec;

use proptest::prelude::*;

use super::{BareLineEndings, DotUnstuffer, Unstuffed};

/// The result for some wire octets: the message so far, a flag for bare CR or LF, and the input after its end.
#[derive(Debug, PartialEq)]
struct Outcome {
    message: Vec<u8>,
    bare: bool,
    after: Option<Vec<u8>>,
}

fn unstuff<'a>(policy: BareLineEndings, wire: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut unstuffer = DotUnstuffer::new(policy);
    let mut outcome = Outcome {
        message: Vec::new(),
        bare: false,
        after: None,
    };
    for mut input in wire {
        loop {
            match unstuffer.next(&mut input) {
                Unstuffed::Piece(piece) => {
                    assert!(!piece.is_empty());
                    outcome.message.extend_from_slice(piece);
                }
                Unstuffed::NeedMore => {
                    assert!(input.is_empty());
                    break;
                }
                Unstuffed::End => {
                    outcome.after.get_or_insert_default().extend_from_slice(input);
                    break;
                }
            }
        }
    }
    outcome.bare = unstuffer.saw_bare_line_ending();
    outcome
}

/// Reference model for complete wire octets. Returns `None` if the message does not end.
fn model(policy: BareLineEndings, wire: &[u8]) -> Option<Outcome> {
    let line_start = |at: usize| at == 0 || wire[..at].ends_with(b"\r\n");
    let end = (0..wire.len()).find(|&at| line_start(at) && wire[at..].starts_with(b".\r\n"))?;
    let mut message = Vec::new();
    let mut bare = false;
    for at in (0..end).filter(|&at| !(wire[at] == b'.' && line_start(at))) {
        let is_bare = (wire[at] == b'\r' && wire[at + 1] != b'\n')
            || (wire[at] == b'\n' && (at == 0 || wire[at - 1] != b'\r'));
        bare |= is_bare && policy != BareLineEndings::Keep;
        match is_bare && policy == BareLineEndings::Normalize {
            true => message.extend_from_slice(b"\r\n"),
            false => message.push(wire[at]),
        }
    }
    Some(Outcome {
        message,
        bare,
        after: Some(wire[end + 3..].to_vec()),
    })
}

const POLICIES: [BareLineEndings; 3] = [
    BareLineEndings::Reject,
    BareLineEndings::Normalize,
    BareLineEndings::Keep,
];

/// `wire` holds one message and nothing after it. Checks every policy, whole, octet by octet and cut in two.
fn check(wire: &[u8], kept: &[u8], normalized: &[u8], bare: bool) {
    for policy in POLICIES {
        let message = if policy == BareLineEndings::Normalize {
            normalized
        } else {
            kept
        };
        let bare = bare && policy != BareLineEndings::Keep;
        let expected = Outcome {
            message: message.to_vec(),
            bare,
            after: Some(Vec::new()),
        };
        assert_eq!(
            model(policy, wire).as_ref(),
            Some(&expected),
            "the model, {policy:?}"
        );
        assert_eq!(unstuff(policy, [wire]), expected, "whole, {policy:?}");
        assert_eq!(
            unstuff(policy, wire.chunks(1)),
            expected,
            "octet by octet, {policy:?}"
        );
        for at in 0..wire.len() {
            assert_eq!(
                unstuff(policy, [&wire[..at], &wire[at..]]),
                expected,
                "cut at {at}, {policy:?}"
            );
        }
    }
}

fn check_clean(wire: &[u8], message: &[u8]) {
    check(wire, message, message, false);
}

#[test]
fn a_lone_dot_at_once_ends_an_empty_message() {
    check_clean(b".\r\n", b"");
}

#[test]
fn the_line_end_before_the_lone_dot_belongs_to_the_message() {
    check_clean(b"a\r\n.\r\n", b"a\r\n");
    check_clean(b"\r\n.\r\n", b"\r\n");
    check_clean(b"\r\n\r\n.\r\n", b"\r\n\r\n");
}

#[test]
fn exactly_one_dot_is_removed_from_each_line() {
    check_clean(b"..\r\n.\r\n", b".\r\n");
    check_clean(
        b".foo\r\n..foo\r\n...\r\na..\r\n. \r\n.\r\n",
        b"foo\r\n.foo\r\n..\r\na..\r\n \r\n",
    );
}

#[test]
fn nul_and_eight_bit_octets_are_kept() {
    check_clean(
        b"\0\r\n.\0\r\n\0.\xff\xfe\r\n.\r\n",
        b"\0\r\n\0\r\n\0.\xff\xfe\r\n",
    );
}

#[test]
fn lf_dot_lf_is_data() {
    check(b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", b"a\r\n.\r\nb\r\n", true);
}

#[test]
fn lf_dot_crlf_is_data() {
    check(b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n", true);
    check(b"\n.\r\n\r\n.\r\n", b"\n.\r\n\r\n", b"\r\n.\r\n\r\n", true);
}

#[test]
fn cr_dot_cr_is_data() {
    check(b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", b"a\r\n.\r\nb\r\n", true);
    check(b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n", b"a\r\n.\r\nb\r\n", true);
}

#[test]
fn crlf_dot_lf_is_data_without_the_dot() {
    check(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", b"a\r\n\r\nb\r\n", true);
}

#[test]
fn crlf_dot_cr_x_is_data_without_the_dot() {
    check(b"a\r\n.\rx\r\n.\r\n", b"a\r\n\rx\r\n", b"a\r\n\r\nx\r\n", true);
    check(b".\r.\r\n.\r\n", b"\r.\r\n", b"\r\n.\r\n", true);
}

#[test]
fn crlf_dot_cr_crlf_is_data_without_the_dot() {
    check(
        b"a\r\n.\r\r\nb\r\n.\r\n",
        b"a\r\n\r\r\nb\r\n",
        b"a\r\n\r\n\r\nb\r\n",
        true,
    );
}

#[test]
fn the_crlf_after_a_bare_cr_is_a_line_end() {
    check(b"a\r\r\n.\r\n", b"a\r\r\n", b"a\r\n\r\n", true);
}

#[test]
fn a_bare_lf_after_a_crlf_ends_nothing() {
    check(
        b"a\r\n\n.\r\n\r\n.\r\n",
        b"a\r\n\n.\r\n\r\n",
        b"a\r\n\r\n.\r\n\r\n",
        true,
    );
}

#[test]
fn a_bare_lf_starts_no_line_so_its_dots_stay() {
    check(
        b"a\n..b\r\n..c\r\n.\r\n",
        b"a\n..b\r\n.c\r\n",
        b"a\r\n..b\r\n.c\r\n",
        true,
    );
}

#[test]
fn input_after_the_end_is_not_used() {
    let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
    let mut input: &[u8] = b".\r\nQUIT\r\n";
    for _ in 0..2 {
        assert_eq!(unstuffer.next(&mut input), Unstuffed::End);
        assert_eq!(input, b"QUIT\r\n");
    }
}

#[test]
fn a_bare_line_ending_after_the_end_is_not_reported() {
    let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
    let mut input: &[u8] = b"a\r\n.\r\nNOOP\n";
    while let Unstuffed::Piece(_) = unstuffer.next(&mut input) {}
    assert!(!unstuffer.saw_bare_line_ending());
}

#[test]
fn pieces_are_slices_of_the_input() {
    let wire: &[u8] = b"a\r\nb\r\n..c\r\n.\r\n";
    let mut input = wire;
    let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
    assert_eq!(unstuffer.next(&mut input), Unstuffed::Piece(&wire[..6]));
    assert_eq!(unstuffer.next(&mut input), Unstuffed::Piece(&wire[7..11]));
    assert_eq!(unstuffer.next(&mut input), Unstuffed::End);
}

#[test]
fn an_unstuffer_is_small() {
    assert!(size_of::<DotUnstuffer>() <= 16);
}

/// Mostly octets that matter for framing, sometimes long runs.
fn wires() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => Just(b"\r\n".to_vec()),
        3 => Just(b".".to_vec()),
        2 => Just(b"\r".to_vec()),
        2 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n.".to_vec()),
        1 => Just(b"\r\n.\r\n".to_vec()),
        2 => any::<u8>().prop_map(|octet| Vec::from([octet])),
        2 => (1usize..150).prop_map(|len| b"x".repeat(len)),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn pieces<'a>(wire: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    at.extend([0, wire.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn agrees_with_the_model(mut wire in wires()) {
        wire.extend_from_slice(b"\r\n.\r\n");
        for policy in POLICIES {
            prop_assert_eq!(Some(unstuff(policy, [&wire[..]])), model(policy, &wire));
        }
    }

    #[test]
    fn the_result_does_not_depend_on_the_cuts(wire in wires(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        for policy in POLICIES {
            let whole = unstuff(policy, [&wire[..]]);
            prop_assert_eq!(&unstuff(policy, pieces(&wire, &cuts)), &whole);
            prop_assert_eq!(&unstuff(policy, wire.chunks(1)), &whole);
        }
    }

    #[test]
    fn long_bodies_agree_with_the_model(
        line in 0usize..200, lines in 1usize..600, dot_every in 1usize..100, spoilt in any::<prop::sample::Index>(), by in prop::sample::select(&b"\r\n.x"[..]),
    ) {
        let mut wire = Vec::new();
        for number in 1..=lines {
            if number % dot_every == 0 {
                wire.extend_from_slice(b"..");
            }
            wire.extend_from_slice(&b"y".repeat(line));
            wire.extend_from_slice(b"\r\n");
        }
        let at = spoilt.index(wire.len());
        wire[at] = by;
        wire.extend_from_slice(b"\r\n.\r\n");
        for policy in POLICIES {
            prop_assert_eq!(Some(unstuff(policy, [&wire[..]])), model(policy, &wire));
        }
    }
}

#[test]
fn octets_before_a_bare_line_ending_are_returned_first_at_every_cut() {
    for (wire, clean) in [
        (&b"ab\r\ncd\nef\r\n.\r\n"[..], &b"ab\r\ncd"[..]),
        (b"ab\r\ncd\ref\r\n.\r\n", b"ab\r\ncd\r"),
        (b"\nef\r\n.\r\n", b""),
        (b"ab\r\n.\ref\r\n.\r\n", b"ab\r\n\r"),
        (b"ab\r\n\n.\r\n\r\n.\r\n", b"ab\r\n"),
        (b"ab\r\r\n.\r\n", b"ab\r"),
    ] {
        for size in 1..=wire.len() {
            let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
            let mut before = Vec::new();
            for mut input in wire.chunks(size) {
                while let Unstuffed::Piece(piece) = unstuffer.next(&mut input) {
                    if !unstuffer.saw_bare_line_ending() {
                        before.extend_from_slice(piece);
                    }
                }
            }
            assert!(unstuffer.saw_bare_line_ending());
            assert_eq!(before, clean, "{} in pieces of {size}", wire.escape_ascii());
        }
    }
}
