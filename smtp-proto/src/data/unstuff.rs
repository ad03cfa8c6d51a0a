//! The receiving side of `DATA`: finds the end of data and removes the stuffed dots.

use super::scan::{self, Stop};
use super::{CR, DOT, LF};

/// Treatment of a bare CR or LF in a received message.
///
/// RFC 5321, section 2.3.8 forbids sending them. With every policy, a bare CR or LF ends neither a line nor the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum BareLineEndings {
    /// The message is read up to its end, and must then be refused: see [`DotUnstuffer::saw_bare_line_ending`].
    #[default]
    Reject,
    /// Each bare CR or LF becomes a CRLF.
    Normalize,
    /// Bare CR and LF are kept unchanged and not reported.
    Keep,
}

/// A piece of the message, the need for more input, or the end: the result of [`DotUnstuffer::next`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a message continues, waits for input, or ends"
)]
#[must_use]
pub enum Unstuffed<'i> {
    /// The next octets of the message, at least one.
    Piece(&'i [u8]),
    /// All input is used and the message continues.
    NeedMore,
    /// The message has ended. The rest of the input came after the end of data.
    End,
}

/// Decoder of the message that a client sends after `354` (RFC 5321, sections 4.1.1.4 and 4.5.2).
///
/// The message ends at `CRLF . CRLF`, or at `. CRLF` if the data begins with that, and at nothing else. The first of
/// these CRLFs belongs to the message. From every other line that starts with a dot, that dot is removed.
/// Each octet of input is consumed at once and never needed again. The joined pieces do not depend on the
/// boundaries of the input.
///
/// ```
/// use smtp_proto::data::{BareLineEndings, Unstuffed, DotUnstuffer};
///
/// let mut input: &[u8] = b"Hi.\r\n..\r\n.\r\nQUIT\r\n";
/// let mut unstuffer = DotUnstuffer::new(BareLineEndings::Reject);
/// let mut message = Vec::new();
/// while let Unstuffed::Piece(piece) = unstuffer.next(&mut input) {
///     message.extend_from_slice(piece);
/// }
/// assert_eq!(message, b"Hi.\r\n.\r\n");
/// assert_eq!(input, b"QUIT\r\n");
/// assert!(!unstuffer.saw_bare_line_ending());
/// ```
#[derive(Clone, Debug)]
pub struct DotUnstuffer {
    policy: BareLineEndings,
    position: Position,
    /// The search for bare CR and LF is still on.
    watched: bool,
    saw_bare_line_ending: bool,
}

/// The input before the next octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    /// Nothing, or a CRLF.
    LineStart,
    /// An octet of a line, or a bare LF.
    Line,
    /// A CR that was returned.
    Cr,
    /// The first dot of a line, removed.
    Dot,
    /// The first dot of a line, removed, and a CR held back.
    DotCr,
    /// The whole message.
    End,
}

impl DotUnstuffer {
    /// Creates a decoder for a new message.
    #[must_use]
    pub const fn new(policy: BareLineEndings) -> Self {
        let watched = !matches!(policy, BareLineEndings::Keep);
        Self {
            policy,
            position: Position::LineStart,
            watched,
            saw_bare_line_ending: false,
        }
    }

    /// Returns the next piece of the message and advances `input` past the octets used.
    ///
    /// After [`Unstuffed::End`] it uses no input and returns `End` again.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Unstuffed<'i> {
        loop {
            let bytes = match (self.position, *input) {
                (Position::LineStart, [DOT, line @ ..])
                    if line.first().is_some_and(|&second| second != CR) =>
                {
                    line
                }
                (Position::LineStart, bytes @ [first, ..]) if *first != DOT => bytes,
                (Position::Line, bytes @ [_, ..]) => bytes,
                _ => match self.step(input) {
                    Some(unstuffed) => return unstuffed,
                    None => continue,
                },
            };
            if let Some(piece) = self.run(bytes, input) {
                return Unstuffed::Piece(piece);
            }
        }
    }

    /// Returns true if the message has contained a bare CR or LF so far; always `false` under [`BareLineEndings::Keep`].
    ///
    /// It becomes `true` only after all octets before a bare LF, or up to and including a bare CR, were returned.
    /// This does not depend on the boundaries of the input.
    #[must_use]
    pub const fn saw_bare_line_ending(&self) -> bool {
        self.saw_bare_line_ending
    }

    /// Returns the octets at the front of `bytes` that need no change. `bytes` does not begin with a dot to remove.
    ///
    /// The rest becomes the new input. Returns `None` after a bare LF that only changes the state.
    #[inline]
    fn run<'i>(&mut self, bytes: &'i [u8], input: &mut &'i [u8]) -> Option<&'i [u8]> {
        *input = bytes;
        match if self.watched {
            scan::lines::<true>(bytes)
        } else {
            scan::dots(bytes)
        } {
            Stop::Dot(at) => {
                self.position = Position::LineStart;
                Some(take(input, at))
            }
            Stop::Clean(len) => {
                let piece = take(input, len);
                self.position = match piece {
                    [.., CR] => Position::Cr,
                    [.., CR, LF] => Position::LineStart,
                    _ => Position::Line,
                };
                Some(piece)
            }
            Stop::Bare(at) => self.bare(at, input),
        }
    }

    /// Handles a bare CR or LF at this index of the input.
    #[cold]
    fn bare<'i>(&mut self, at: usize, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        if input.get(at) == Some(&CR) {
            // Report a bare CR only with the next octet, as if that octet came in a later piece.
            self.position = Position::Cr;
            return Some(take(input, at + 1));
        }
        self.position = Position::Line;
        if at > 0 {
            return Some(take(input, at));
        }
        self.saw_bare_line_ending = true;
        if self.policy != BareLineEndings::Normalize {
            self.watched = false;
            return None;
        }
        take(input, 1);
        Some(b"\r\n")
    }

    /// Processes the next octet on its own. Returns `None` if there is nothing to return yet.
    #[cold]
    fn step<'i>(&mut self, input: &mut &'i [u8]) -> Option<Unstuffed<'i>> {
        if self.position == Position::End {
            return Some(Unstuffed::End);
        }
        let Some((&first, rest)) = input.split_first() else {
            return Some(Unstuffed::NeedMore);
        };
        match (self.position, first) {
            (Position::LineStart, DOT) => {
                self.position = Position::Dot;
                *input = rest;
            }
            (Position::Dot, CR) => {
                self.position = Position::DotCr;
                *input = rest;
            }
            (Position::DotCr, LF) => {
                self.position = Position::End;
                *input = rest;
            }
            (Position::DotCr, _) => {
                self.position = Position::Cr;
                return Some(Unstuffed::Piece(b"\r"));
            }
            (Position::Cr, LF) => {
                self.position = Position::LineStart;
                return Some(Unstuffed::Piece(take(input, 1)));
            }
            (Position::Cr, _) => {
                self.position = Position::Line;
                self.saw_bare_line_ending |= self.watched;
                if self.policy == BareLineEndings::Normalize {
                    return Some(Unstuffed::Piece(b"\n"));
                }
                self.watched = false;
            }
            (Position::Dot | Position::LineStart | Position::Line | Position::End, _) => {
                self.position = Position::Line;
            }
        }
        None
    }
}

/// Cuts the first `len` octets off the input.
#[inline]
fn take<'i>(input: &mut &'i [u8], len: usize) -> &'i [u8] {
    let Some((piece, rest)) = input.split_at_checked(len) else {
        return take_all(input);
    };
    *input = rest;
    piece
}

/// Kept out of line, because the branch to it is never taken.
#[cold]
fn take_all<'i>(input: &mut &'i [u8]) -> &'i [u8] {
    core::mem::take(input)
}

#[cfg(test)]
mod tests;
