//! Finds whole replies in what a server sends.

use thiserror::Error;

use crate::types::{Code, Reply, line_end};

/// How much a reply may hold; a peer that sends more is in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyLimits {
    /// Most octets in a line with its CRLF. RFC 5321 section 4.5.3.1.5 says 512; the field sends more. Default 4096.
    pub line: usize,
    /// Most lines in a reply. EHLO replies have about 15, help texts a screenful. Default 256.
    pub lines: usize,
    /// Most octets in a whole reply, as no reply should fill memory: it stays in the driver's buffer until it is
    /// whole. Default 65,536.
    pub total: usize,
}

/// What a peer's reply does wrong. The stream has lost its step then: there is no way to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line does not begin with three digits and a space, a hyphen or CRLF: this is not SMTP.
    #[error(
        "the peer sent a line that is not a reply; check that it speaks SMTP, and whether it wants TLS first"
    )]
    Malformed,
    /// The code is below 200 or above 599, which says nothing.
    #[error("the peer sent reply code {0:03}, which means nothing in SMTP")]
    Code(u16),
    /// The lines of one reply have different codes, so that it says two things.
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
    /// The reply is not whole; only [`parse_reply`] says so.
    #[error("the reply ends early: give all its lines, each with CRLF")]
    Incomplete,
    /// More octets follow the reply; only [`parse_reply`] says so.
    #[error("more octets follow the reply: give one reply at a time")]
    Trailing,
}

/// Finds the end of a reply in input that grows from call to call, and looks at no octet twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplyScanner {
    /// Where the line begins that is being looked at.
    start: usize,
    /// How much of that line holds no line end.
    searched: usize,
    /// Whole lines before it.
    lines: usize,
    /// The code of the reply, once it is known, and how each line but the last begins.
    code: Option<(Code, [u8; 4])>,
}

/// Reads one whole reply within the default [`ReplyLimits`].
///
/// # Errors
///
/// Input that is not one reply, or less or more than one.
pub fn parse_reply(input: &[u8]) -> Result<Reply<'_>, ReplyError> {
    match ReplyScanner::default().scan(input, &ReplyLimits::default())? {
        None => Err(ReplyError::Incomplete),
        Some(reply) if reply.raw().len() < input.len() => Err(ReplyError::Trailing),
        Some(reply) => Ok(reply),
    }
}

impl ReplyScanner {
    /// Looks for the end of the reply that `input` begins with.
    ///
    /// ```abnf
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF   ; RFC 5321 section 4.2
    /// ```
    ///
    /// Gives the reply when it is whole, after which the scanner begins anew. Gives nothing when more input is
    /// needed; the same octets must then come again with more behind them. Text may hold any octets: only CRLF
    /// ends a line.
    ///
    /// # Errors
    ///
    /// A line that is no reply line or that is beyond a limit, as soon as that is certain; however the input is
    /// chopped, the error is the same.
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
                return Err(ReplyError::TooLongLine);
            }
            if self.start + reached > limits.total {
                return Err(ReplyError::TooLong);
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
                return Err(ReplyError::TooManyLines);
            }
        }
    }

    /// Checks how a line begins, as far as it is there; gives whether it is the last of its reply.
    fn head(&mut self, line: &[u8]) -> Result<bool, ReplyError> {
        if self.code.is_some_and(|(_, start)| line.starts_with(&start)) {
            return Ok(false);
        }
        let [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
            // What is all digits here is the beginning of a code.
            return if line.iter().all(u8::is_ascii_digit) {
                Ok(false)
            } else {
                Err(ReplyError::Malformed)
            };
        };
        let code = [a, b, c]
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
        let code = Code::new(code).ok_or(ReplyError::Code(code))?;
        let (first, _) = *self.code.get_or_insert((code, [*a, *b, *c, b'-']));
        if first != code {
            return Err(ReplyError::MixedCodes { first, then: code });
        }
        match rest {
            [b' ', ..] | [b'\r', b'\n', ..] => Ok(true),
            [b'-', ..] | [b'\r'] | [] => Ok(false),
            _ => Err(ReplyError::Malformed),
        }
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
