//! Replies (RFC 5321 section 4.2), and the scanner that finds the end of a reply in a stream.

use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::character::complete::char;
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

/// Octets are not a reply.
///
/// ```
/// use smtp_proto::syntax::{ReplyFault, parse_reply};
///
/// let error = parse_reply(b"250-mx\r\nHTTP/1.1\r\n").unwrap_err();
/// assert_eq!((error.fault(), error.position()), (ReplyFault::Malformed, 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{fault} (offset {position})")]
pub struct ReplyError {
    fault: ReplyFault,
    position: usize,
}

/// The kinds of [`ReplyError`]. The session cannot go on, because the start of the next reply is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyFault {
    /// A line does not begin with three digits and a space, a hyphen or CRLF: this is not SMTP.
    #[error(
        "the peer sent a line that is not a reply; check that it speaks SMTP, and whether it wants TLS first"
    )]
    Malformed,
    /// The code is below 200 or above 599: it has no meaning in SMTP.
    #[error("the peer sent reply code {0:03}, which has no meaning in SMTP")]
    Code(u16),
    /// The lines of one reply have different codes.
    #[error("the peer mixed codes {first} and {then} in one reply")]
    MixedCodes {
        /// The code of the first line.
        first: Code,
        /// The code of a later line.
        then: Code,
    },
    /// A line is longer than [`ReplyLimits::line`].
    #[error("the peer sent a reply line beyond the limit")]
    TooLongLine,
    /// There are more lines than [`ReplyLimits::lines`].
    #[error("the peer sent a reply with more lines than the limit")]
    TooManyLines,
    /// The reply is longer than [`ReplyLimits::total`].
    #[error("the peer sent a reply beyond the limit")]
    TooLong,
    /// The reply has no end. Only [`parse_reply`] fails with this.
    #[error("the reply is incomplete: its last line with CRLF is missing")]
    Incomplete,
    /// Octets follow the reply. Only [`parse_reply`] fails with this.
    #[error("octets follow the reply")]
    Trailing,
}

impl ReplyError {
    #[cold]
    const fn new(fault: ReplyFault, position: usize) -> Self {
        Self { fault, position }
    }

    /// The kind of fault.
    #[must_use]
    pub const fn fault(&self) -> ReplyFault {
        self.fault
    }

    /// The position of the fault: an offset in octets from the start of the reply, at most the length of the input.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
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
/// use smtp_proto::syntax::{ReplyFault, parse_reply};
///
/// let reply = parse_reply(b"550-5.1.1 no such user\r\n550 5.1.1 bye\r\n")?;
/// assert_eq!(reply.code().get(), 550);
///
/// let error = parse_reply(b"250-mx\r\n").unwrap_err();
/// assert_eq!(error.fault(), ReplyFault::Incomplete);
/// # Ok::<_, smtp_proto::syntax::ReplyError>(())
/// ```
pub fn parse_reply(input: &[u8]) -> Result<Reply<'_>, ReplyError> {
    parse_reply_within(input, &ReplyLimits::default())
}

/// Parses one whole reply within `limits`.
pub(crate) fn parse_reply_within<'i>(input: &'i [u8], limits: &ReplyLimits) -> Result<Reply<'i>, ReplyError> {
    match ReplyScanner::default().scan(input, limits)? {
        None => Err(ReplyError::new(ReplyFault::Incomplete, input.len())),
        Some(reply) if reply.raw().len() < input.len() => {
            Err(ReplyError::new(ReplyFault::Trailing, reply.raw().len()))
        }
        Some(reply) => Ok(reply),
    }
}

/// ```abnf
/// Reply-code = 3DIGIT
/// ```
/// [`Code::new`] judges the digits.
#[inline(always)]
fn reply_code(input: &[u8]) -> IResult<&[u8], &[u8; 3], Fault> {
    take(3_usize)
        .map_opt(|code| <&[u8; 3]>::try_from(code).ok())
        .map_opt(|code| code.iter().all(u8::is_ascii_digit).then_some(code))
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
        value(true, char(' ')),
        value(false, char('-')),
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
            let last = self.head(line).map_err(|fault| self.error(line, fault))?;
            let end = line_end(line, self.searched);
            let reached = end.unwrap_or(line.len());
            if reached > limits.line {
                return Err(ReplyError::new(ReplyFault::TooLongLine, self.start + limits.line));
            }
            if self.start + reached > limits.total {
                return Err(ReplyError::new(ReplyFault::TooLong, limits.total));
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
                return Err(ReplyError::new(ReplyFault::TooManyLines, self.start));
            }
        }
    }

    /// Checks the start of a line, as far as it is there. Returns true if the line is the last one of its reply.
    fn head(&mut self, line: &[u8]) -> Result<bool, ReplyFault> {
        if self.code.is_some_and(|(_, start)| line.starts_with(&start)) {
            return Ok(false);
        }
        let Ok((rest, digits)) = reply_code(line) else {
            return if line.iter().all(u8::is_ascii_digit) {
                Ok(false) // the beginning of a code
            } else {
                Err(ReplyFault::Malformed)
            };
        };
        let number = digits
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
        let code = Code::new(number).ok_or(ReplyFault::Code(number))?;
        let [a, b, c] = *digits;
        let (first, _) = *self.code.get_or_insert((code, [a, b, c, b'-']));
        if first != code {
            return Err(ReplyFault::MixedCodes { first, then: code });
        }
        match separator(rest) {
            Ok((_, last)) => Ok(last),
            Err(_) if matches!(rest, [] | [b'\r']) => Ok(false), // more is to come
            Err(_) => Err(ReplyFault::Malformed),
        }
    }

    /// Finds the position of the fault at the start of a line.
    #[cold]
    fn error(&self, line: &[u8], fault: ReplyFault) -> ReplyError {
        let digits = line.iter().take(3).take_while(|octet| octet.is_ascii_digit());
        let at = match fault {
            ReplyFault::Malformed => digits.count(),
            _ => 0,
        };
        ReplyError::new(fault, self.start + at)
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
