//! The sending side of `DATA` and `BDAT`: normalizes line endings and adds dots.

use super::scan::{self, Stop};
use super::{CR, DOT, LF};

/// Treatment of a bare CR or LF in a message to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum LineEndings {
    /// Each bare CR or LF becomes a CRLF. A last line without a line ending gets a CRLF.
    #[default]
    Normalize,
    /// A message that contains one is not sent. Chunks hold the octets unchanged.
    Refuse,
    /// They are sent unchanged, as `BODY=BINARYMIME` allows (RFC 3030, section 3): for
    /// [`DotStuffer::for_chunks`]. [`DotStuffer::for_data`] treats it as [`LineEndings::Refuse`].
    Keep,
}

/// Error for a message that cannot be sent because of one octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unsendable {
    /// A CR without LF or an LF without CR.
    #[error(
        "bare CR or LF at octet {offset} of the message: normalize its line endings, or send it as BINARYMIME"
    )]
    BareLineEnding {
        /// Octets of the message before it.
        offset: u64,
    },
    /// An octet above 127 in a message for a server without 8BITMIME.
    #[error("octet above 127 at octet {offset} of the message: send it as 8BITMIME, or encode it")]
    EightBit {
        /// Octets of the message before it.
        offset: u64,
    },
}

/// Encoder for message data: adds dots (RFC 5321, section 4.5.2) and normalizes line endings, without copying.
///
/// [`next`](Self::next) returns slices of its input, with a dot at the start of a line twice. Output for `DATA` ends in
/// CRLF and contains no bare CR or LF. Chunks are changed only under [`LineEndings::Normalize`].
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
    /// Creates an encoder for `DATA`: it adds dots, and a lone dot ends the message.
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

    /// Creates an encoder for `BDAT`: it adds line endings under [`LineEndings::Normalize`], and nothing otherwise.
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

    /// Returns the next piece to send, and advances `input` past the octets used. Returns `None` once all input is
    /// used.
    ///
    /// Pass the rest of `input` again at the next call, before later octets. A dot at the start of a line is sent twice
    /// even if the caller fails to do so.
    ///
    /// # Errors
    ///
    /// Returns [`Unsendable`] if the message cannot be sent. Earlier pieces may have left, so close the connection, or
    /// send `RSET` between chunks.
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
                // Return the dot here without using it, and once more with the octets after it.
                self.position = Position::Dot;
                return Ok(bytes.get(..1));
            }
            (Position::Dot, DOT) => self.position = Position::Line,
            (Position::Dot, _) => {
                // The caller did not pass the dot again. Without a second dot the line could end the message.
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
                // Here, too, the dot is returned twice.
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

    /// Returns the end of the message: the rest of its last line ending and, for `DATA`, the final dot.
    ///
    /// The encoder is then ready for another message.
    ///
    /// # Errors
    ///
    /// Returns [`Unsendable`] if the last octet was a bare CR and the policy refuses it.
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
            // A chunk holds the octets unchanged.
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
