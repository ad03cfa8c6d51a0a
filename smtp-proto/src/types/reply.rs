//! Replies (RFC 5321 section 4.2).

use alloc::{borrow::Cow, vec::Vec};
use core::{
    fmt::{self, Write as _},
    iter,
};

use memchr::memchr;
use thiserror::Error;

use super::{Code, EnhancedCode, ForwardPath, Severity, Text};
use crate::output::Sink;

/// A whole reply of one or more lines, with all its octets as they stand on the wire (RFC 5321 section 4.2).
///
/// Each line has the code, a separator and CRLF; the text between is whatever the peer sent, so nothing but
/// [`Reply`]'s `Display` should reach a terminal or a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reply<'a> {
    code: Code,
    /// All lines with their CRLFs, checked.
    raw: Cow<'a, [u8]>,
}

/// Why codes make no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidReply {
    /// The class of the enhanced code is not the first digit of the code; 3yz replies have no enhanced code (RFC 2034 section 4).
    #[error("use an enhanced code of the class of {code}, or none, instead of {enhanced}")]
    ClassMismatch {
        /// The reply code.
        code: Code,
        /// The enhanced code.
        enhanced: EnhancedCode,
    },
}

impl<'a> Reply<'a> {
    /// Writes a reply with the codes on each line of the text.
    ///
    /// # Errors
    ///
    /// An enhanced code of another class than the code.
    pub fn new(
        code: Code,
        enhanced: Option<EnhancedCode>,
        text: &Text<'_>,
    ) -> Result<Reply<'static>, InvalidReply> {
        if let Some(enhanced) = enhanced.filter(|enhanced| !enhanced.fits(code)) {
            return Err(InvalidReply::ClassMismatch { code, enhanced });
        }
        let mut raw = Vec::new();
        write_reply(&mut raw, code, enhanced, text);
        Ok(Reply {
            code,
            raw: Cow::Owned(raw),
        })
    }

    /// Takes octets that the scanner found to be one whole reply with this code.
    pub(crate) const fn from_scanned(code: Code, raw: &'a [u8]) -> Self {
        Self {
            code,
            raw: Cow::Borrowed(raw),
        }
    }

    /// The code, the same on each line.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// All octets, with the CRLF of each line.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The text of each line, without code, separator and CRLF; any octets, also a bare CR or LF.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.raw;
        iter::from_fn(move || {
            let (line, tail) = rest.split_at_checked(line_end(rest, 0)?)?;
            rest = tail;
            Some(
                line.strip_suffix(b"\r\n")
                    .and_then(|line| line.get(4..))
                    .unwrap_or_default(),
            )
        })
    }

    /// The enhanced code on the first line, if its class is the first digit of the code (RFC 2034 section 4).
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let (enhanced, _) = EnhancedCode::parse(self.lines().next()?)?;
        Some(enhanced).filter(|enhanced| enhanced.fits(self.code))
    }

    /// The forward-path in the text of a 251 or 551 (RFC 5321 section 3.4).
    ///
    /// It is what the peer says, and not to be relied upon without a check of one's own.
    #[must_use]
    pub fn forward_path(&self) -> Option<ForwardPath<'_>> {
        if !matches!(self.code, Code::FORWARDED | Code::NOT_LOCAL) {
            return None;
        }
        self.lines()
            .find_map(|line| ForwardPath::parse(bracketed(str::from_utf8(line).ok()?)?).ok())
    }

    /// Whether the command succeeded (2yz).
    #[must_use]
    pub const fn is_positive_completion(&self) -> bool {
        matches!(self.code.severity(), Severity::Completion)
    }

    /// Whether the command goes on (3yz).
    #[must_use]
    pub const fn is_intermediate(&self) -> bool {
        matches!(self.code.severity(), Severity::Intermediate)
    }

    /// Whether the command is refused for now (4yz).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.code.severity(), Severity::Transient)
    }

    /// Whether the command is refused for good (5yz).
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code.severity(), Severity::Permanent)
    }

    /// The same reply, borrowed.
    #[must_use]
    pub fn as_borrowed(&self) -> Reply<'_> {
        Reply::from_scanned(self.code, &self.raw)
    }

    /// The same reply, owned.
    #[must_use]
    pub fn into_owned(self) -> Reply<'static> {
        Reply {
            code: self.code,
            raw: Cow::Owned(self.raw.into_owned()),
        }
    }
}

/// The code and the lines, joined by ` / `. What could trouble a terminal or a log is replaced, and what is beyond
/// a thousand characters is cut.
impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough for what people write into replies, and little enough for a log line.
        const MOST: usize = 1000;

        write!(f, "{}", self.code)?;
        let mut shown = 0;
        for (number, line) in self.lines().enumerate() {
            f.write_str(if number == 0 { " " } else { " / " })?;
            for chunk in line.utf8_chunks() {
                let bad = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
                for c in chunk.valid().chars().chain(bad) {
                    if shown == MOST {
                        return f.write_str("...");
                    }
                    shown += 1;
                    f.write_char(if c.is_control() {
                        char::REPLACEMENT_CHARACTER
                    } else {
                        c
                    })?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// Writes the lines of a reply; the enhanced code must fit the code.
///
/// ```abnf
/// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
/// ```
///
/// The space behind the last code is written even if no text follows, as some clients wait for it.
pub(crate) fn write_reply(sink: &mut impl Sink, code: Code, enhanced: Option<EnhancedCode>, text: &Text<'_>) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        begin_line(sink, code, enhanced, lines.peek().is_none());
        sink.put(line.as_bytes());
        sink.put(b"\r\n");
    }
}

/// Writes what stands before the text of a reply line.
pub(crate) fn begin_line(sink: &mut impl Sink, code: Code, enhanced: Option<EnhancedCode>, last: bool) {
    let [a, b, c] = code.digits();
    sink.put(&[a, b, c, if last { b' ' } else { b'-' }]);
    if let Some(enhanced) = enhanced {
        sink.put(enhanced.encode(&mut [0; EnhancedCode::MAX_LEN]));
        sink.put(b" ");
    }
}

/// Finds the end of a line: the index behind the first CRLF whose LF is at `from` or later.
pub(crate) fn line_end(input: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr(b'\n', input.get(from..)?)?;
        from = at + 1;
        if input.get(at.checked_sub(1).unwrap_or(at)) == Some(&b'\r') {
            return Some(from);
        }
    }
}

/// The first `<...>`, where a `>` in a quoted string does not count.
fn bracketed(text: &str) -> Option<&str> {
    let text = text.get(text.find('<')?..)?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return text.get(..=at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
