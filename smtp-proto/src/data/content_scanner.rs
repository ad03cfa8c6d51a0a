//! Properties of a message that decide how it can be sent.

use memchr::{memchr, memchr2};

use super::{CR, LF};

/// Properties of a message that decide how it can be sent: the result of a [`ContentScanner`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ContentSummary {
    /// Octets of the message as passed to [`feed`](ContentScanner::feed).
    pub octets: u64,
    /// Octets of the message if each line ends with CRLF, the last one included: the value for the `SIZE` parameter
    /// (RFC 1870, section 5). Dots added by dot-stuffing do not count.
    pub size: u64,
    /// Octets of the longest line, CRLF included; RFC 5321, section 4.5.3.1.6 allows 1000.
    pub longest_line: u64,
    /// `true` if an octet is above 127: the message needs 8BITMIME (RFC 6152) or BINARYMIME.
    pub eight_bit: bool,
    /// `true` if an octet above 127 is in the header section: the message needs SMTPUTF8 (RFC 6531, section 3.1).
    pub utf8_header: bool,
    /// `true` if a CR or LF is bare: the message needs BINARYMIME, or [`Normalize`](super::LineEndings::Normalize).
    pub bare: bool,
    /// `true` if an octet is NUL: the message needs BINARYMIME (RFC 2045, section 2.9).
    pub nul: bool,
}

/// Scanner for the properties of a message. Run it over the message, piece by piece, before the transaction begins;
/// [`Envelope::for_content`](crate::types::Envelope::for_content) takes the result.
///
/// A bare CR or LF counts as a line end, because [`Normalize`](super::LineEndings::Normalize) makes it a CRLF.
///
/// ```
/// use smtp_proto::data::ContentScanner;
///
/// let mut scanner = ContentScanner::new();
/// scanner.feed("Subject: caf\u{e9}\r\n\r\nHi".as_bytes());
/// let content = scanner.finish();
/// assert_eq!((content.octets, content.size), (20, 22));
/// assert!(content.utf8_header && content.eight_bit && !content.bare);
/// ```
#[derive(Clone, Debug)]
pub struct ContentScanner {
    content: ContentSummary,
    /// Octets of the line so far, without its line end.
    line: u64,
    /// The line is in the header section.
    header: bool,
    /// The last octet was a CR whose next octet is not known yet.
    cr: bool,
}

impl ContentScanner {
    /// Creates a scanner for a new message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            content: ContentSummary::default(),
            line: 0,
            header: true,
            cr: false,
        }
    }

    /// Scans the next piece of the message.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.content.octets += bytes.len() as u64;
        self.content.nul = self.content.nul || memchr(0, bytes).is_some();
        let eight_bit = !bytes.is_ascii();
        self.content.eight_bit |= eight_bit;

        let mut rest = bytes;
        if self.cr && !rest.is_empty() {
            self.cr = false;
            match rest.strip_prefix(&[LF]) {
                Some(after) => rest = after,
                None => self.content.bare = true,
            }
            self.line_end();
        }
        while let Some((line, [end, after @ ..])) =
            memchr2(CR, LF, rest).and_then(|at| rest.split_at_checked(at))
        {
            self.text(line, eight_bit);
            rest = match (*end, after) {
                (CR, [LF, after @ ..]) => after,
                (CR, []) => {
                    self.cr = true;
                    return;
                }
                _ => {
                    self.content.bare = true;
                    after
                }
            };
            self.line_end();
        }
        self.text(rest, eight_bit);
    }

    /// Ends the message and returns the result. A last line without a line end counts as if it had one.
    #[must_use]
    pub fn finish(mut self) -> ContentSummary {
        self.content.bare |= self.cr;
        if self.cr || self.line > 0 {
            self.line_end();
        }
        self.content
    }

    fn text(&mut self, text: &[u8], eight_bit: bool) {
        self.line += text.len() as u64;
        if self.header && eight_bit && !self.content.utf8_header {
            self.content.utf8_header = !text.is_ascii();
        }
    }

    fn line_end(&mut self) {
        let length = self.line + 2;
        self.content.size += length;
        self.content.longest_line = self.content.longest_line.max(length);
        self.header = self.header && self.line > 0;
        self.line = 0;
    }
}

impl Default for ContentScanner {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
