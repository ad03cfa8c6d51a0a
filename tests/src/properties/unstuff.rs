use smtp_proto::data::{BareLineEndings, DotUnstuffer, Unstuffed};

use super::{Choices, reference};
use crate::chop::Chop;

/// Input: octets after 354. Property: for each split, the message is that of the reference, and ends at the same octet.
///
/// Choices: sizes of pieces.
pub fn unstuff(data: &[u8]) {
    let (mut choices, wire) = Choices::of(data);
    let ended = [wire, b"\r\n.\r\n"].concat();
    let chops = [Chop::Whole, Chop::Octets, choices.chop()];
    for policy in [
        BareLineEndings::Reject,
        BareLineEndings::Normalize,
        BareLineEndings::Keep,
    ] {
        let (message, behind) = reference::unstuff(&ended, policy).expect("there is an end");
        let used = ended.len() - behind.len();
        // A bare CR or LF that was missed would stay in the message of the other policies.
        let (kept, _) = reference::unstuff(&ended, BareLineEndings::Keep).expect("there is an end");
        let bare = policy != BareLineEndings::Keep && reference::first_bare(&kept).is_some();
        for chop in &chops {
            let found = run(&ended, policy, chop);
            assert_eq!(found, (message.clone(), Some(used), bare), "{policy:?} {chop:?}");
            let (part, end, _) = run(wire, policy, chop);
            assert!(message.starts_with(&part), "{policy:?} {chop:?} goes ahead");
            assert!(
                end.is_none_or(|end| end == used),
                "{policy:?} {chop:?} ends early"
            );
        }
    }
}

/// The message, the position of its end, and true if it had a bare CR or LF.
fn run(wire: &[u8], policy: BareLineEndings, chop: &Chop) -> (Vec<u8>, Option<usize>, bool) {
    let mut unstuffer = DotUnstuffer::new(policy);
    let mut message = Vec::new();
    let mut used = 0;
    for piece in chop.cut(0, wire) {
        let mut input = piece.as_slice();
        loop {
            match unstuffer.next(&mut input) {
                Unstuffed::Piece(octets) => {
                    assert!(!octets.is_empty(), "an empty piece");
                    message.extend_from_slice(octets);
                }
                Unstuffed::NeedMore => break assert!(input.is_empty(), "input is left"),
                Unstuffed::End => {
                    let end = used + piece.len() - input.len();
                    let left = input.len();
                    assert_eq!(unstuffer.next(&mut input), Unstuffed::End);
                    assert_eq!(input.len(), left, "the end takes octets");
                    return (message, Some(end), unstuffer.saw_bare_line_ending());
                }
            }
        }
        used += piece.len();
    }
    (message, None, unstuffer.saw_bare_line_ending())
}
