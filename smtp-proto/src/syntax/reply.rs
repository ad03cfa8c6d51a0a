//! Replies (RFC 5321 section 4.2), and the scanner that finds the end of a reply in a stream.

use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::value;
use nom::{IResult, Parser};
use thiserror::Error;

use super::combinator::Fault;
use crate::types::{Code, Reply, line_end};

/// The largest reply that is accepted. A peer that sends more is in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyLimits {
    /// Octets in a line with its CRLF. Default: 4096 (RFC 5321 section 4.5.3.1.5 has 512; the field sends more).
    pub line: usize,
    /// Lines in a reply. Default: 256 (EHLO replies have about 15, help texts a screenful).
    pub lines: usize,
    /// Octets in a whole reply. Default: 65,536, because a reply stays in the driver's buffer until it is complete.
    pub total: usize,
}

/// Octets from the peer are not a reply. The session cannot go on, because the start of the next reply is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line does not begin with three digits and a space, a hyphen or CRLF: this is not SMTP.
    #[error(
        "{} at offset {position} of the peer's reply is not SMTP; check the port, and whether it expects TLS first",
        Octet(*found)
    )]
    Malformed {
        /// The first octet that has no place there.
        found: u8,
        /// The offset of this octet in the reply.
        position: usize,
    },
    /// The code is below 200 or above 599: it has no meaning in SMTP.
    #[error("the peer sent reply code {code:03}, which has no meaning in SMTP (offset {position})")]
    Code {
        /// The code.
        code: u16,
        /// The offset of the code in the reply.
        position: usize,
    },
    /// The lines of one reply have different codes.
    #[error("the peer mixed codes {first} and {then} in one reply (offset {position})")]
    MixedCodes {
        /// The code of the first line.
        first: Code,
        /// The code of a later line.
        then: Code,
        /// The offset of the later code in the reply.
        position: usize,
    },
    /// A line is longer than [`ReplyLimits::line`].
    #[error("the peer sent a reply line beyond the limit (offset {position})")]
    TooLongLine {
        /// The offset of the first octet beyond the limit.
        position: usize,
    },
    /// There are more lines than [`ReplyLimits::lines`].
    #[error("the peer sent a reply with more lines than the limit (offset {position})")]
    TooManyLines {
        /// The offset of the first line beyond the limit.
        position: usize,
    },
    /// The reply is longer than [`ReplyLimits::total`].
    #[error("the peer sent a reply beyond the limit (offset {position})")]
    TooLong {
        /// The offset of the first octet beyond the limit.
        position: usize,
    },
    /// The reply has no end. Only [`parse_reply`] fails with this.
    #[error("the reply is incomplete: its last line with CRLF is missing (offset {position})")]
    Incomplete {
        /// The length of the input.
        position: usize,
    },
    /// Octets follow the reply. Only [`parse_reply`] fails with this.
    #[error("octets follow the reply (offset {position})")]
    Trailing {
        /// The offset of these octets: the length of the reply.
        position: usize,
    },
}

impl ReplyError {
    /// The position of the fault: an offset in octets from the start of the reply, at most its length.
    #[must_use]
    pub const fn position(&self) -> usize {
        match *self {
            Self::Malformed { position, .. }
            | Self::Code { position, .. }
            | Self::MixedCodes { position, .. }
            | Self::TooLongLine { position }
            | Self::TooManyLines { position }
            | Self::TooLong { position }
            | Self::Incomplete { position }
            | Self::Trailing { position } => position,
        }
    }
}

/// Displays an octet, by its number if it is not printable.
struct Octet(u8);

impl fmt::Display for Octet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b' ' => f.write_str("a space"),
            octet if octet.is_ascii_graphic() => write!(f, "`{}`", char::from(octet)),
            octet => write!(f, "octet 0x{octet:02x}"),
        }
    }
}

/// Finds the end of a reply in input that grows from call to call. It searches each octet once.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplyScanner {
    /// The start of the current line.
    start: usize,
    /// Octets of that line that contain no line end.
    searched: usize,
    /// Complete lines before it.
    lines: usize,
    /// The code of the reply, once it is known, and the start of each line but the last.
    code: Option<(Code, [u8; 4])>,
}

/// Parses one whole reply within the default [`ReplyLimits`] (RFC 5321 section 4.2).
///
/// ```abnf
/// Reply-line = *( Reply-code "-" [ textstring ] CRLF )
///              Reply-code [ SP textstring ] CRLF
/// Reply-code = %x32-35 2DIGIT
/// ```
/// All lines have the same code. Text may contain any octets: only CRLF ends a line.
///
/// # Errors
/// The input is not a reply, is a part of one, or goes on after it.
///
/// ```
/// use smtp_proto::syntax::{ReplyError, parse_reply};
///
/// let reply = parse_reply(b"550-5.1.1 no such user\r\n550 5.1.1 bye\r\n")?;
/// assert_eq!(reply.code().get(), 550);
/// assert_eq!(parse_reply(b"250-mx\r\n").unwrap_err(), ReplyError::Incomplete { position: 8 });
/// # Ok::<_, ReplyError>(())
/// ```
pub fn parse_reply(input: &[u8]) -> Result<Reply<'_>, ReplyError> {
    match ReplyScanner::default().scan(input, &ReplyLimits::default())? {
        None => Err(ReplyError::Incomplete {
            position: input.len(),
        }),
        Some(reply) if reply.raw().len() < input.len() => Err(ReplyError::Trailing {
            position: reply.raw().len(),
        }),
        Some(reply) => Ok(reply),
    }
}

/// ```abnf
/// Reply-code = 3DIGIT
/// ```
/// [`Code::new`] judges the digits.
#[inline(always)]
fn reply_code(input: &[u8]) -> IResult<&[u8], &[u8; 3], Fault> {
    take_while_m_n(3, 3, |octet: u8| octet.is_ascii_digit())
        .map_opt(|digits| <&[u8; 3]>::try_from(digits).ok())
        .parse_complete(input)
}

/// What follows the code of the last line of a reply, and of the lines before it.
///
/// ```abnf
/// separator = SP / CRLF / "-"
/// ```
/// Returns true for the last line.
#[inline(always)]
fn separator(input: &[u8]) -> IResult<&[u8], bool, Fault> {
    alt((
        value(true, tag(" ")),
        value(false, tag("-")),
        value(true, tag("\r\n")),
    ))
    .parse_complete(input)
}

impl ReplyScanner {
    /// Finds the end of the reply that `input` begins with.
    ///
    /// Returns the reply if it is complete, and starts over. Returns `None` if more input is needed: the next call gets
    /// the same octets again with more after them.
    ///
    /// # Errors
    /// A line is no reply line, or exceeds a limit. The error comes as soon as it is certain, and does not depend on
    /// how the input was cut.
    pub(crate) fn scan<'i>(
        &mut self,
        input: &'i [u8],
        limits: &ReplyLimits,
    ) -> Result<Option<Reply<'i>>, ReplyError> {
        // One octet beyond a limit is enough to know.
        let offered = input.get(..=limits.total).unwrap_or(input);
        loop {
            let line = offered.get(self.start..).unwrap_or_default();
            let line = line.get(..=limits.line).unwrap_or(line);
            let last = self.head(line)?;
            let end = line_end(line, self.searched);
            let reached = end.unwrap_or(line.len());
            if reached > limits.line {
                return Err(ReplyError::TooLongLine { position: self.start + limits.line });
            }
            if self.start + reached > limits.total {
                return Err(ReplyError::TooLong { position: limits.total });
            }
            let (Some(_), Some((code, _))) = (end, self.code) else {
                self.searched = reached;
                return Ok(None);
            };
            self.start += reached;
            self.searched = 0;
            self.lines += 1;
            if last {
                let raw = input.get(..self.start).unwrap_or_default();
                *self = Self::default();
                return Ok(Some(Reply::from_scanned(code, raw)));
            }
            if self.lines >= limits.lines {
                return Err(ReplyError::TooManyLines { position: self.start });
            }
        }
    }

    /// Checks the start of a line, as far as it is there. Returns true if the line is the last one of its reply.
    fn head(&mut self, line: &[u8]) -> Result<bool, ReplyError> {
        if self.code.is_some_and(|(_, start)| line.starts_with(&start)) {
            return Ok(false);
        }
        let position = self.start;
        let Ok((rest, digits)) = reply_code(line) else {
            return match line.iter().position(|octet| !octet.is_ascii_digit()) {
                None => Ok(false), // the beginning of a code
                Some(at) => Err(malformed(line, position, at)),
            };
        };
        let number = digits
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
        let Some(code) = Code::new(number) else {
            return Err(ReplyError::Code {
                code: number,
                position,
            });
        };
        let [a, b, c] = *digits;
        let (first, _) = *self.code.get_or_insert((code, [a, b, c, b'-']));
        if first != code {
            return Err(ReplyError::MixedCodes {
                first,
                then: code,
                position,
            });
        }
        match separator(rest) {
            Ok((_, last)) => Ok(last),
            Err(_) if matches!(rest, [] | [b'\r']) => Ok(false), // more is to come
            Err(_) => Err(malformed(line, position, digits.len())),
        }
    }
}

/// The octet at `at` of a line has no place there.
#[cold]
fn malformed(line: &[u8], start: usize, at: usize) -> ReplyError {
    ReplyError::Malformed {
        found: line.get(at).copied().unwrap_or_default(),
        position: start + at,
    }
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self {
            line: 4096,
            lines: 256,
            total: 64 * 1024,
        }
    }
}

#[cfg(test)]
mod tests;
