//! Replies (RFC 5321 section 4.2).

use alloc::{borrow::Cow, vec::Vec};
use core::{fmt, iter};

use memchr::memchr;
use thiserror::Error;

use super::{Code, EnhancedCode, ForwardPath, Printable, Rejection, Severity, Text};
use crate::output::Sink;

/// A whole reply of one or more lines, with the octets that the peer sent (RFC 5321 section 4.2).
///
/// Each line has the code, a separator and CRLF. The peer chose the octets between them: show them to a terminal or a
/// log only by `Display` or as [`Printable`].
///
/// ```
/// use smtp_proto::types::{Code, Reply, Text};
///
/// let reply = Reply::new(Code::OK, "2.1.5".parse().ok(), &Text::from_static("one\ntwo"))?;
/// assert_eq!(reply.raw(), b"250-2.1.5 one\r\n250 2.1.5 two\r\n");
/// # Ok::<(), smtp_proto::types::InvalidReply>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reply<'a> {
    code: Code,
    /// All lines with their CRLFs, checked.
    raw: Cow<'a, [u8]>,
}

/// Error for codes that do not make a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidReply {
    /// The class of the enhanced code is not the first digit of the code. A 3yz reply has no enhanced code (RFC 2034
    /// section 4).
    #[error("enhanced code {enhanced} does not have the class of reply code {code}")]
    ClassMismatch {
        /// The reply code.
        code: Code,
        /// The enhanced code.
        enhanced: EnhancedCode,
    },
}

impl<'a> Reply<'a> {
    /// Creates a reply with the codes on each line of the text.
    ///
    /// # Errors
    /// Returns [`InvalidReply::ClassMismatch`] if the enhanced code has another class than the code.
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

    /// Wraps octets that the scanner found to be one whole reply with this code.
    pub(crate) const fn from_scanned(code: Code, raw: &'a [u8]) -> Self {
        Self {
            code,
            raw: Cow::Borrowed(raw),
        }
    }

    /// Returns the code: that of the last line, if they differ.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Returns all octets, with the CRLF of each line.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Iterates over the text of each line, without code, separator and CRLF.
    ///
    /// A text may contain any octet except LF.
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

    /// Converts the lines to a text to send, without their enhanced code.
    ///
    /// Replaces forbidden characters and malformed UTF-8 with `?`, breaks lines longer than [`Text::MAX_LINE`], and drops
    /// lines after [`Text::MAX_LINES`]. A line keeps an enhanced code that is not the one of the first line.
    ///
    /// ```
    /// use smtp_proto::syntax::parse_reply;
    ///
    /// let reply = parse_reply(b"250-2.1.5 one\r\n250 2.1.5 two\x1b[2J\r\n")?;
    /// assert_eq!(reply.to_text().as_str(), "one\ntwo?[2J");
    /// # Ok::<(), smtp_proto::syntax::ReplyError>(())
    /// ```
    #[must_use]
    pub fn to_text(&self) -> Text<'static> {
        let enhanced = self.enhanced();
        Text::from_peer(self.lines().map(|line| match EnhancedCode::parse(line) {
            Some((repeated, text)) if enhanced == Some(repeated) => text,
            _ => line,
        }))
    }

    /// Returns the enhanced code of the first line, if its class is the first digit of the code (RFC 2034 section 4).
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let (enhanced, _) = EnhancedCode::parse(self.lines().next()?)?;
        Some(enhanced).filter(|enhanced| enhanced.fits(self.code))
    }

    /// Returns the forward-path in the text of a 251 or 551 (RFC 5321 section 3.4).
    ///
    /// The peer chose it: check it before you send mail there.
    #[must_use]
    pub fn forward_path(&self) -> Option<ForwardPath<'_>> {
        if !matches!(self.code, Code::FORWARDED | Code::NOT_LOCAL) {
            return None;
        }
        self.lines()
            .find_map(|line| ForwardPath::parse(bracketed(str::from_utf8(line).ok()?)?).ok())
    }

    /// Returns true if the command succeeded (2yz).
    #[must_use]
    pub const fn is_positive_completion(&self) -> bool {
        matches!(self.code.severity(), Severity::Completion)
    }

    /// Returns true if the server waits for more (3yz).
    #[must_use]
    pub const fn is_intermediate(&self) -> bool {
        matches!(self.code.severity(), Severity::Intermediate)
    }

    /// Returns true if the command failed for now (4yz).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.code.severity(), Severity::Transient)
    }

    /// Returns true if the command failed permanently (5yz).
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.code.severity(), Severity::Permanent)
    }

    /// Borrows the reply.
    #[must_use]
    pub fn as_borrowed(&self) -> Reply<'_> {
        Reply::from_scanned(self.code, &self.raw)
    }

    /// Copies a borrowed reply, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Reply<'static> {
        Reply {
            code: self.code,
            raw: Cow::Owned(self.raw.into_owned()),
        }
    }
}

/// Creates the reply that a server sends for a rejection.
impl From<&Rejection> for Reply<'static> {
    fn from(rejection: &Rejection) -> Self {
        let mut raw = Vec::new();
        write_reply(
            &mut raw,
            rejection.code(),
            Some(rejection.enhanced()),
            rejection.text(),
        );
        Self {
            code: rejection.code(),
            raw: Cow::Owned(raw),
        }
    }
}

/// Shows the code and the lines, joined by ` / `, as [`Printable`] does. Cuts after a thousand characters.
impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough for usual texts, and short enough for a line of a log.
        const MAX_SHOWN: usize = 1000;

        write!(f, "{}", self.code)?;
        let mut left = MAX_SHOWN;
        for (number, line) in self.lines().enumerate() {
            f.write_str(if number == 0 { " " } else { " / " })?;
            if !Printable::new(line).write(&mut left, f)? {
                return f.write_str("...");
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

/// Writes the lines of a reply. The enhanced code must have the class of the code.
///
/// ```abnf
/// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
/// ```
///
/// The last code is followed by a space even if there is no text, because some clients wait for it.
pub(crate) fn write_reply(sink: &mut impl Sink, code: Code, enhanced: Option<EnhancedCode>, text: &Text<'_>) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        begin_line(sink, code, enhanced, lines.peek().is_none());
        sink.put(line.as_bytes());
        sink.put(b"\r\n");
    }
}

/// Writes the part of a reply line before its text.
pub(crate) fn begin_line(sink: &mut impl Sink, code: Code, enhanced: Option<EnhancedCode>, last: bool) {
    let [a, b, c] = code.digits();
    sink.put(&[a, b, c, if last { b' ' } else { b'-' }]);
    if let Some(enhanced) = enhanced {
        sink.put(enhanced.encode(&mut [0; EnhancedCode::MAX_LEN]));
        sink.put(b" ");
    }
}

/// Finds the end of a line: the index after the first CRLF whose LF is at `from` or later.
pub(crate) fn line_end(input: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr(b'\n', input.get(from..)?)?;
        from = at + 1;
        if input.get(at.checked_sub(1).unwrap_or(at)) == Some(&b'\r') {
            return Some(from);
        }
    }
}

/// Finds the first `<...>`. A `>` in a quoted string does not end it.
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
