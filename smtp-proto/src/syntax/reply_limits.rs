//! Limits on the part of a reply that is kept.

/// Limits on the part of a reply that a reader keeps. Text beyond them is dropped; the code of the reply still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyLimits {
    /// Maximum octets of a line, including CRLF; at least 6. RFC 5321 section 4.5.3.1.5 says 512, but servers send longer
    /// lines. Default: 4096.
    pub line: usize,
    /// Maximum lines of a reply; at least 1. An EHLO reply has about 15. Default: 256.
    pub lines: usize,
    /// Maximum octets of a reply; at least [`line`](Self::line). A reply within this limit stays in the caller's input until it
    /// is whole. Default: 65,536.
    pub total: usize,
}

impl ReplyLimits {
    /// Maximum octets of a line, no fewer than the shortest line has.
    pub(super) const fn line_octets(&self) -> usize {
        if self.line < SHORTEST_LINE {
            SHORTEST_LINE
        } else {
            self.line
        }
    }

    /// Maximum octets of a reply, no fewer than a line may have.
    pub(super) const fn total_octets(&self) -> usize {
        if self.total < self.line_octets() {
            self.line_octets()
        } else {
            self.total
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

/// The shortest line with a separator: a code, a space and CRLF.
const SHORTEST_LINE: usize = "250 \r\n".len();
