use smtp_proto::data::{BareLineEndings, ContentScanner, DotStuffer, LineEndings, Unsendable};

use super::{Choices, reference};
use crate::chop::Chop;

/// Input: the content of a message. Property: for each split, the octets on the wire are the content with whole lines and one
/// end of data; content that must not be sent is not sent.
///
/// Choices: 7 bits only; sizes of pieces.
pub fn stuff(data: &[u8]) {
    let (mut choices, content) = Choices::of(data);
    let seven_bit = choices.yes();
    let chops = [Chop::Whole, Chop::Octets, choices.chop()];

    let mut lines = reference::with_crlf(content);
    if !lines.is_empty() && !lines.ends_with(b"\r\n") {
        lines.extend_from_slice(b"\r\n");
    }
    let bare = reference::first_bare(content);
    let eight_bit = content.iter().position(|octet| !octet.is_ascii());
    scan(content, &lines, &chops);

    for chop in &chops {
        for endings in [LineEndings::Normalize, LineEndings::Refuse, LineEndings::Keep] {
            for dots in [true, false] {
                let made = if dots {
                    DotStuffer::for_data(endings)
                } else {
                    DotStuffer::for_chunks(endings)
                };
                let made = if seven_bit { made.seven_bit() } else { made };
                let kept = endings == LineEndings::Keep && !dots;
                let refuses_bare = endings != LineEndings::Normalize && !kept && bare.is_some();
                match run(made, content, chop) {
                    Err(Unsendable::BareLineEnding { offset }) => {
                        assert!(
                            refuses_bare && bare == Some(offset as usize),
                            "{endings:?}: bare at {offset}"
                        );
                    }
                    Err(Unsendable::EightBit { offset }) => {
                        assert!(
                            seven_bit && eight_bit == Some(offset as usize),
                            "8 bits at {offset}"
                        );
                    }
                    Err(other) => panic!("what is this? {other}"),
                    Ok(wire) => {
                        assert!(
                            !(refuses_bare || seven_bit && eight_bit.is_some()),
                            "{endings:?}: sent"
                        );
                        if dots {
                            let found = reference::unstuff(&wire, BareLineEndings::Keep);
                            assert_eq!(found, Some((lines.clone(), &b""[..])));
                            assert_eq!(reference::first_bare(&wire), None);
                        } else if endings != LineEndings::Normalize {
                            assert_eq!(wire, content);
                        } else {
                            assert_eq!(wire, lines);
                        }
                    }
                }
            }
        }
    }
}

fn run(mut stuffer: DotStuffer, content: &[u8], chop: &Chop) -> Result<Vec<u8>, Unsendable> {
    let mut wire = Vec::new();
    for piece in chop.cut(0, content) {
        let mut input = piece.as_slice();
        while let Some(octets) = stuffer.next(&mut input)? {
            assert!(!octets.is_empty(), "an empty piece");
            wire.extend_from_slice(octets);
        }
        assert!(input.is_empty(), "content is left");
    }
    wire.extend_from_slice(stuffer.end()?);
    Ok(wire)
}

/// The result of the scan before the first command: the size (RFC 1870 section 5) and other facts.
fn scan(content: &[u8], lines: &[u8], chops: &[Chop]) {
    for chop in chops {
        let mut scanner = ContentScanner::new();
        for piece in chop.cut(0, content) {
            scanner.feed(&piece);
        }
        let found = scanner.finish();
        assert_eq!(found.octets, content.len() as u64);
        assert_eq!(found.size, lines.len() as u64);
        assert_eq!(found.eight_bit, !content.is_ascii());
        assert_eq!(found.bare, reference::first_bare(content).is_some());
        assert_eq!(found.nul, content.contains(&0));
        let longest = lines
            .split_inclusive(|octet| *octet == b'\n')
            .map(<[u8]>::len)
            .max();
        assert_eq!(found.longest_line, longest.unwrap_or(0) as u64);
    }
}
