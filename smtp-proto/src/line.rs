//! Splitting of the input into command lines.

/// Splitter that searches each octet only once and discards over-long lines piece by piece.
///
/// Only CRLF ends a line (RFC 5321 section 2.3.8): a bare CR or LF is part of the line.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    /// Number of octets at the front of the input that contain no line end.
    searched: usize,
    /// Number of octets of the current over-long line discarded so far, or zero.
    dropped: u64,
}

/// Result of [`LineCutter::cut`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut<'i> {
    /// A complete line, without its CRLF.
    Line(&'i [u8]),
    /// The end of an over-long line, now completely discarded. Contains its length in octets, CRLF included.
    TooLong(u64),
    /// No complete line yet.
    Incomplete,
}

impl LineCutter {
    /// Cuts the next line, of at most `limit` octets with its CRLF, and advances `input` past it.
    ///
    /// An incomplete line stays in `input` until it exceeds the limit. After that, its octets are discarded as they
    /// arrive.
    pub(crate) fn cut<'i>(&mut self, input: &mut &'i [u8], limit: usize) -> Cut<'i> {
        let bytes = *input;
        let mut from = self.searched.min(bytes.len());
        while let Some(found) = bytes.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let feed = from + found;
            if let Some(line) = bytes.get(..feed).and_then(|line| line.strip_suffix(b"\r")) {
                *input = bytes.get(feed + 1..).unwrap_or_default();
                let dropped = core::mem::take(self).dropped;
                return if dropped > 0 || feed >= limit {
                    Cut::TooLong(dropped + feed as u64 + 1)
                } else {
                    Cut::Line(line)
                };
            }
            from = feed + 1;
        }
        self.searched = bytes.len();
        if self.dropped > 0 || bytes.len() >= limit {
            // Keep a final CR, because it may be the first half of the line end.
            let kept = usize::from(bytes.last() == Some(&b'\r'));
            let (gone, rest) = bytes.split_at_checked(bytes.len() - kept).unwrap_or((bytes, &[]));
            self.dropped += gone.len() as u64;
            self.searched = 0;
            *input = rest;
        }
        Cut::Incomplete
    }

    /// Number of octets of an over-long line discarded so far.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns true if the input starts at the start of a line.
    pub(crate) const fn at_start(&self) -> bool {
        self.dropped == 0
    }
}

#[cfg(test)]
mod tests;
