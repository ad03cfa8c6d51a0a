//! One whole reply, and the faults of replies.

use thiserror::Error;

use super::{ReplyLimits, ReplyReader};
use crate::types::{Code, Reply};

/// A fault in a peer's reply. The replies after it cannot be told apart, so the session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line does not begin with three digits and a space, a hyphen or CRLF: this is not SMTP.
    #[error("peer sent a line that is not an SMTP reply")]
    Malformed,
    /// A line begins with a TLS record: the port uses implicit TLS, and this session is in plaintext.
    #[error("peer speaks TLS, this session is in plaintext: use implicit TLS for this port")]
    TlsRecord,
    /// A line holds a bare LF, or a CR before another octet than CR and LF (RFC 5321 section 2.3.8).
    #[error("peer sent a bare CR or LF in a reply: lines must end with CRLF")]
    BareLineEnding,
    /// The code is below 200 or above 599, which has no meaning.
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
    /// The reply is not whole. Only [`parse_reply`] returns it.
    #[error("reply ends early: give all its lines, each with CRLF")]
    Incomplete,
    /// More octets follow the reply. Only [`parse_reply`] returns it.
    #[error("more octets follow the reply: give one reply at a time")]
    Trailing,
}

/// Parses one whole reply of any length.
///
/// # Errors
///
/// Input that is not exactly one reply.
pub fn parse_reply(input: &[u8]) -> Result<Reply<'_>, ReplyError> {
    const UNLIMITED: ReplyLimits = ReplyLimits {
        line: usize::MAX,
        lines: usize::MAX,
        total: usize::MAX,
    };
    let mut rest = input;
    match ReplyReader::new().read(&mut rest, &UNLIMITED)? {
        None => Err(ReplyError::Incomplete),
        Some(_) if !rest.is_empty() => Err(ReplyError::Trailing),
        Some(reply) => Ok(reply),
    }
}

#[cfg(test)]
mod tests;
