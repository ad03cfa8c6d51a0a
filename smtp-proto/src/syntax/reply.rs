//! Replies (RFC 5321 section 4.2).

use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::character::complete::char;
use nom::combinator::value;
use nom::{IResult, Parser};
use thiserror::Error;

use super::combinator::Fault;
use super::{ReplyLimits, ReplyReader};
use crate::types::{Code, Reply};

/// Error for octets that are not a reply.
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

/// The kinds of [`ReplyError`]. The session cannot continue, because the start of the next reply is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyFault {
    /// A line does not begin with three digits and a space, a hyphen or CRLF: this is not SMTP.
    #[error("peer sent a line that is not an SMTP reply")]
    Malformed,
    /// A line begins with a TLS record: the port uses implicit TLS, and this session is in plaintext.
    #[error("peer speaks TLS, this session is in plaintext: use implicit TLS for this port")]
    TlsRecord,
    /// A line contains a bare LF, or a CR before another octet than CR and LF (RFC 5321 section 2.3.8).
    #[error("peer sent a bare CR or LF in a reply: lines must end with CRLF")]
    BareLineEnding,
    /// The code is below 200 or above 599: it has no meaning in SMTP.
    #[error("peer sent reply code {0:03}, which has no meaning in SMTP")]
    Code(u16),
    /// The lines of one reply have codes of different classes.
    #[error("peer mixed codes {first} and {then} in one reply")]
    MixedCodes {
        /// The code of a line.
        first: Code,
        /// The code of a later line.
        then: Code,
    },
    /// The reply has no end. Only [`parse_reply`] returns this.
    #[error("the reply is incomplete: its last line with CRLF is missing")]
    Incomplete,
    /// Octets follow the reply. Only [`parse_reply`] returns this.
    #[error("octets follow the reply")]
    Trailing,
}

impl ReplyError {
    #[cold]
    pub(super) const fn new(fault: ReplyFault, position: usize) -> Self {
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

/// Parses one whole reply of any length (RFC 5321 section 4.2).
///
/// ```abnf
/// Reply-line = *( Reply-code "-" [ textstring ] CRLF )
///              Reply-code [ SP textstring ] CRLF
/// Reply-code = %x32-35 2DIGIT
/// ```
/// [`ReplyReader`] reads replies from input that grows.
///
/// # Errors
/// Returns [`ReplyError`] if the input is not a reply, is incomplete, or continues after the reply.
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
    const UNLIMITED: ReplyLimits = ReplyLimits {
        line: usize::MAX,
        lines: usize::MAX,
        total: usize::MAX,
    };
    let mut rest = input;
    match ReplyReader::new().read(&mut rest, &UNLIMITED)? {
        None => Err(ReplyError::new(ReplyFault::Incomplete, input.len())),
        Some(_) if !rest.is_empty() => Err(ReplyError::new(ReplyFault::Trailing, input.len() - rest.len())),
        Some(reply) => Ok(reply),
    }
}

/// ```abnf
/// Reply-code = 3DIGIT
/// ```
/// [`Code::new`] checks the digits.
#[inline(always)]
pub(super) fn reply_code(input: &[u8]) -> IResult<&[u8], &[u8; 3], Fault> {
    take(3_usize)
        .map_opt(|code| <&[u8; 3]>::try_from(code).ok())
        .map_opt(|code| code.iter().all(u8::is_ascii_digit).then_some(code))
        .parse_complete(input)
}

/// The position of a line in its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Inner,
    Last,
    /// Too little of the line has come.
    Unknown,
}

/// The octets after the code, which mark the last line of a reply.
///
/// ```abnf
/// separator = SP / CRLF / "-"
/// ```
#[inline(always)]
pub(super) fn separator(input: &[u8]) -> IResult<&[u8], Position, Fault> {
    alt((
        value(Position::Last, char(' ')),
        value(Position::Inner, char('-')),
        value(Position::Last, tag("\r\n")),
    ))
    .parse_complete(input)
}

#[cfg(test)]
mod tests;
