//! What a message needs before it is sent.

use memchr::{memchr, memchr2};

use super::{CR, LF};

/// What a [`ContentScanner`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ContentSummary {
    /// Octets of the message as it was given.
    pub octets: u64,
    /// Octets of the message when each line end is a CRLF and the last line has one: what the `SIZE` parameter
    /// wants (RFC 1870, section 5). Added dots do not count.
    pub size: u64,
    /// Octets of the longest line, with its CRLF; RFC 5321, section 4.5.3.1.6 allows 1000.
    pub longest_line: u64,
    /// Whether an octet is above 127: needs 8BITMIME (RFC 6152) or BINARYMIME.
    pub eight_bit: bool,
    /// Whether one of them is in the header section: needs SMTPUTF8 (RFC 6531, section 3.1).
    pub utf8_header: bool,
    /// Whether a CR or LF is bare: needs BINARYMIME, or [`Normalize`](super::LineEndings::Normalize).
    pub bare: bool,
    /// Whether an octet is NUL: needs BINARYMIME (RFC 2045, section 2.9).
    pub nul: bool,
}

/// Looks a message through, piece by piece, before the first command about it is sent.
///
/// A bare CR and a bare LF count as line ends, as [`Normalize`](super::LineEndings::Normalize) makes them.
///
/// ```
/// use smtp_proto::data::ContentScanner;
///
/// let mut survey = ContentScanner::new();
/// survey.feed("Subject: caf\u{e9}\r\n\r\nHi".as_bytes());
/// let content = survey.finish();
/// assert_eq!((content.octets, content.size), (20, 22));
/// assert!(content.utf8_header && content.eight_bit && !content.bare);
/// ```
#[derive(Clone, Debug)]
pub struct ContentScanner {
    content: ContentSummary,
    /// Octets of the line so far, without line end.
    line: u64,
    header: bool,
    /// Whether the last octet was a CR, which nothing is known of yet.
    cr: bool,
}

impl ContentScanner {
    /// Makes one that stands before the first octet of a message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            content: ContentSummary::default(),
            line: 0,
            header: true,
            cr: false,
        }
    }

    /// Looks at the next piece of the message.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.content.octets += bytes.len() as u64;
        self.content.nul = self.content.nul || memchr(0, bytes).is_some();
        let eight_bit = !bytes.is_ascii();
        self.content.eight_bit |= eight_bit;

        let mut rest = bytes;
        if self.cr && !rest.is_empty() {
            self.cr = false;
            match rest.strip_prefix(&[LF]) {
                Some(behind) => rest = behind,
                None => self.content.bare = true,
            }
            self.line_end();
        }
        while let Some((line, [end, behind @ ..])) =
            memchr2(CR, LF, rest).and_then(|at| rest.split_at_checked(at))
        {
            self.text(line, eight_bit);
            rest = match (*end, behind) {
                (CR, [LF, behind @ ..]) => behind,
                (CR, []) => {
                    self.cr = true;
                    return;
                }
                _ => {
                    self.content.bare = true;
                    behind
                }
            };
            self.line_end();
        }
        self.text(rest, eight_bit);
    }

    /// Says what was found; what ends without a line end is given one.
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
