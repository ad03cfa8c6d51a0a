//! The receiving side of `DATA`: finds the end of a message and takes the added dots out.

use super::scan::{self, Stop};
use super::{CR, DOT, LF};

/// What to do with a CR or LF that stands alone inside a message.
///
/// RFC 5321, section 2.3.8 forbids to send them. Whatever is chosen, they never end a line or the message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum BareLineEndings {
    /// The message is read to its true end and is then to be refused: see [`DotUnstuffer::saw_bare_line_ending`].
    #[default]
    Reject,
    /// Each becomes a CRLF.
    Normalize,
    /// They stay as they are, and nothing looks for them.
    Keep,
}

/// One step of an [`DotUnstuffer`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a body goes on, waits or ends")]
#[must_use]
pub enum Unstuffed<'i> {
    /// The next octets of the message, at least one.
    Piece(&'i [u8]),
    /// All input is used and the message goes on.
    NeedMore,
    /// The message has ended; what is left of the input stands behind it.
    End,
}

/// Cuts a message out of what a client sends after `354` (RFC 5321, sections 4.1.1.4 and 4.5.2).
///
/// The message ends at `CRLF . CRLF`, or at `. CRLF` if that comes first of all, and at nothing else. The first of
/// these CRLFs belongs to the message. Of every other line that starts with a dot, this one dot is taken out.
/// All input is used as it comes and none has to come again; however it is cut, the pieces joined are the same.
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
    /// Whether bare CR and LF are still to be looked for.
    watched: bool,
    saw_bare_line_ending: bool,
}

/// What stands before the next octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    /// Nothing, or a CRLF.
    LineStart,
    /// An octet of a line, or a bare LF.
    Line,
    /// A CR that was given out.
    Cr,
    /// The first dot of a line, taken out.
    Dot,
    /// The first dot of a line, taken out, and a CR held back.
    DotCr,
    /// The whole message.
    End,
}

impl DotUnstuffer {
    /// Makes one that stands before the first octet of a message.
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

    /// Gives the next piece of the message out and advances `input` past what was used.
    ///
    /// After [`Unstuffed::End`] it uses nothing and says the same again.
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

    /// Whether a bare CR or LF was met so far; always `false` under [`BareLineEndings::Keep`]. However the input is
    /// cut, it is not said before all octets in front of the bare one were given out, and a bare CR itself.
    #[must_use]
    pub const fn saw_bare_line_ending(&self) -> bool {
        self.saw_bare_line_ending
    }

    /// Takes what can go through as it is off `bytes`, which hold no dot that is to be taken out in front.
    ///
    /// The rest is the new input. `None` if a bare CR or LF was met that changes nothing but how the rest is read.
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

    /// Deals with a bare CR or LF at this index of the input.
    #[cold]
    fn bare<'i>(&mut self, at: usize, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        if input.get(at) == Some(&CR) {
            // Whether it is bare is said with the octet behind it, as it would be if that came later.
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

    /// Goes on from where the next octet alone decides; `None` if nothing came of it yet.
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

/// Kept apart, so that a length is tested by a branch that is never taken.
#[cold]
fn take_all<'i>(input: &mut &'i [u8]) -> &'i [u8] {
    core::mem::take(input)
}

#[cfg(test)]
mod tests;
