//! The sending side of `DATA` and `BDAT`: normalizes line endings and adds dots.

use super::scan::{self, Stop};
use super::{CR, DOT, LF};

/// Treatment of a bare CR or LF in a message to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum LineEndings {
    /// Each becomes a CRLF, and the last line gets one if it has none.
    #[default]
    Normalize,
    /// The message is not sent. Chunks hold just the octets that are given.
    Refuse,
    /// They are sent unchanged, as `BODY=BINARYMIME` allows (RFC 3030, section 3): for
    /// [`DotStuffer::for_chunks`]. [`DotStuffer::for_data`] treats it as [`LineEndings::Refuse`].
    Keep,
}

/// An octet that keeps a message from being sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsendable {
    /// A CR without LF or an LF without CR.
    #[error(
        "bare CR or LF at octet {offset} of the message: normalize its line endings, or send it as BINARYMIME"
    )]
    BareLineEnding {
        /// The number of octets before it.
        offset: u64,
    },
    /// An octet above 127 in a message for a server without 8BITMIME.
    #[error("octet above 127 at octet {offset} of the message: send it as 8BITMIME, or encode it")]
    EightBit {
        /// The number of octets before it.
        offset: u64,
    },
}

/// Cuts a message into the pieces that go over the wire (RFC 5321, section 4.5.2), without copying it.
///
/// [`next`](Self::next) returns runs of the caller's own octets, and a dot at the start of a line twice. Text for `DATA` ends in
/// CRLF and has no bare CR or LF. Chunks are changed only under [`LineEndings::Normalize`].
///
/// ```
/// use smtp_proto::data::{LineEndings, DotStuffer};
///
/// let mut stuffer = DotStuffer::for_data(LineEndings::Normalize);
/// let mut wire = Vec::new();
/// let mut message: &[u8] = b"Hi.\n.hidden\nBye";
/// while let Some(piece) = stuffer.next(&mut message)? {
///     wire.extend_from_slice(piece);
/// }
/// wire.extend_from_slice(stuffer.end()?);
/// assert_eq!(wire, b"Hi.\r\n..hidden\r\nBye\r\n.\r\n");
/// # Ok::<(), smtp_proto::data::Unsendable>(())
/// ```
#[derive(Clone, Debug)]
pub struct DotStuffer {
    endings: LineEndings,
    /// True for `DATA`: dots are added, and a lone dot ends the message.
    dots: bool,
    seven_bit: bool,
    position: Position,
    /// Octets of the message used so far.
    used: u64,
}

/// The octet sent before the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    /// Nothing, or a line end.
    LineStart,
    /// An octet of a line.
    Line,
    /// The dot added before a dot at the start of a line; the dot itself is due.
    Dot,
    /// A CR.
    Cr,
}

impl DotStuffer {
    /// Returns a stuffer for `DATA`: it adds dots, and a lone dot ends the message.
    #[must_use]
    pub const fn for_data(endings: LineEndings) -> Self {
        let endings = match endings {
            LineEndings::Normalize => LineEndings::Normalize,
            LineEndings::Refuse | LineEndings::Keep => LineEndings::Refuse,
        };
        Self {
            endings,
            dots: true,
            seven_bit: false,
            position: Position::LineStart,
            used: 0,
        }
    }

    /// Returns a stuffer for `BDAT`: it adds nothing but line endings under [`LineEndings::Normalize`].
    #[must_use]
    pub const fn for_chunks(endings: LineEndings) -> Self {
        Self {
            endings,
            dots: false,
            seven_bit: false,
            position: Position::LineStart,
            used: 0,
        }
    }

    /// Refuses octets above 127 from here on, for a server without 8BITMIME (RFC 6152, section 3).
    #[must_use]
    pub const fn seven_bit(mut self) -> Self {
        self.seven_bit = true;
        self
    }

    /// Gives the next piece for the wire and advances `input` past the octets used; `None` if all are. The octets left must come
    /// again first; a dot that was added is followed by the dot in any case.
    ///
    /// # Errors
    ///
    /// The message cannot be sent: see [`Unsendable`]. Pieces of it were given before, so close the connection, or send
    /// `RSET` between chunks.
    pub fn next<'b>(&mut self, input: &mut &'b [u8]) -> Result<Option<&'b [u8]>, Unsendable> {
        let bytes = *input;
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        if self.endings == LineEndings::Keep {
            return self.take(input, bytes.len()).map(Some);
        }
        match (self.position, first) {
            (Position::LineStart, DOT) if self.dots => {
                // The dot is given here and, as it is not used up, once more with the run after it.
                self.position = Position::Dot;
                return Ok(bytes.get(..1));
            }
            (Position::Dot, DOT) => self.position = Position::Line,
            (Position::Dot, _) => {
                // The caller took the dot for used. Without a second one the line could end the message.
                self.position = Position::Line;
                self.used += 1;
                return Ok(Some(b"."));
            }
            (Position::Cr, LF) => {
                self.position = Position::LineStart;
                return self.take(input, 1).map(Some);
            }
            (Position::Cr, _) => {
                self.refuse_bare(self.used.saturating_sub(1))?;
                self.position = Position::LineStart;
                return Ok(Some(b"\n"));
            }
            (Position::LineStart | Position::Line, _) => {}
        }
        match if self.dots {
            scan::lines::<true>(bytes)
        } else {
            scan::lines::<false>(bytes)
        } {
            Stop::Dot(at) => {
                // Here too the dot is given twice.
                self.take(input, at)?;
                self.position = Position::Dot;
                Ok(bytes.get(..=at))
            }
            Stop::Clean(len) => {
                let piece = self.take(input, len)?;
                self.position = match piece {
                    [.., CR] => Position::Cr,
                    [.., LF] => Position::LineStart,
                    _ => Position::Line,
                };
                Ok(Some(piece))
            }
            Stop::Bare(at) => {
                self.refuse_bare(self.used + at as u64)?;
                if bytes.get(at) == Some(&CR) {
                    let piece = self.take(input, at + 1)?;
                    self.position = Position::Cr;
                    return Ok(Some(piece));
                }
                if at > 0 {
                    let piece = self.take(input, at)?;
                    self.position = Position::Line;
                    return Ok(Some(piece));
                }
                self.take(input, 1)?;
                self.position = Position::LineStart;
                Ok(Some(b"\r\n"))
            }
        }
    }

    /// Gives the end of the message: the rest of its last line ending and, for `DATA`, the lone dot.
    ///
    /// The next message starts afresh.
    ///
    /// # Errors
    ///
    /// The last octet was a bare CR, and those are refused.
    pub fn end(&mut self) -> Result<&'static [u8], Unsendable> {
        if self.position == Position::Cr {
            self.refuse_bare(self.used.saturating_sub(1))?;
        }
        let position = self.position;
        self.position = Position::LineStart;
        self.used = 0;
        Ok(match (position, self.dots) {
            (Position::LineStart, true) => b".\r\n",
            (Position::LineStart, false) => b"",
            (Position::Line, true) => b"\r\n.\r\n",
            (Position::Dot, true) => b".\r\n.\r\n",
            // A chunk holds the octets as they are given.
            (Position::Line, false) if self.endings == LineEndings::Refuse => b"",
            (Position::Line | Position::Dot, false) => b"\r\n",
            (Position::Cr, true) => b"\n.\r\n",
            (Position::Cr, false) => b"\n",
        })
    }

    fn refuse_bare(&self, offset: u64) -> Result<(), Unsendable> {
        match self.endings {
            LineEndings::Refuse => Err(Unsendable::BareLineEnding { offset }),
            LineEndings::Normalize | LineEndings::Keep => Ok(()),
        }
    }

    /// Cuts the first `len` octets off the input.
    fn take<'b>(&mut self, input: &mut &'b [u8], len: usize) -> Result<&'b [u8], Unsendable> {
        let (piece, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        if self.seven_bit && !piece.is_ascii() {
            let before = piece.iter().take_while(|octet| octet.is_ascii()).count();
            return Err(Unsendable::EightBit {
                offset: self.used + before as u64,
            });
        }
        *input = rest;
        self.used += len as u64;
        Ok(piece)
    }
}

#[cfg(test)]
mod tests;
