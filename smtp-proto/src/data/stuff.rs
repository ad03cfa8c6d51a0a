//! The sending side of `DATA` and `BDAT`: makes line ends true and adds dots.

use super::scan::{self, Stop};
use super::{CR, DOT, LF};

/// What to do with a bare CR or LF in a message that is to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum LineEndings {
    /// Each becomes a CRLF.
    #[default]
    Normalize,
    /// The message is not sent.
    Refuse,
    /// They stay as they are: for `BODY=BINARYMIME` only (RFC 3030, section 3), so only with
    /// [`DotStuffer::for_chunks`]. [`DotStuffer::for_data`] takes this for [`LineEndings::Refuse`].
    Keep,
}

/// Why a message cannot be sent as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsendable {
    /// A CR without LF or an LF without CR.
    #[error(
        "bare CR or LF at octet {offset} of the message: normalize its line ends, or send it as BINARYMIME"
    )]
    BareLineEnding {
        /// How many octets of the message stand before it.
        offset: u64,
    },
    /// An octet above 127 where 7-bit octets only were promised.
    #[error("octet above 127 at octet {offset} of the message: send it as 8BITMIME, or encode it")]
    EightBit {
        /// How many octets of the message stand before it.
        offset: u64,
    },
}

/// Cuts a message into the pieces that go over the wire (RFC 5321, section 4.5.2), without copying it.
///
/// [`next`](Self::next) gives runs of the caller's own octets, some of them twice: that is how a dot is added.
/// What is sent ends in CRLF, gains no blank line by that and has no bare CR or LF; but under [`LineEndings::Keep`] it
/// is just what was given.
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
    /// Whether the wire has lines and a final dot, or counted chunks.
    dots: bool,
    seven_bit: bool,
    position: Position,
    /// Octets of the message used so far.
    used: u64,
}

/// What was sent before the next octet.
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
    /// Makes one for `DATA`: dots are added and a lone dot ends it.
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

    /// Makes one for `BDAT`: nothing is added but what line ends need.
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

    /// Refuses octets above 127 from here on: the server has not offered 8BITMIME (RFC 6152, section 3).
    #[must_use]
    pub const fn seven_bit(mut self) -> Self {
        self.seven_bit = true;
        self
    }

    /// Gives the next piece for the wire and advances `input` past what was used; `None` when all of it is.
    ///
    /// # Errors
    ///
    /// The message cannot be sent: see [`Unsendable`]. Pieces of it were given out before; the transaction has to
    /// be broken off by closing the connection, or by `RSET` between chunks.
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

    /// What completes the message: the rest of its last line end and, for `DATA`, the lone dot.
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
