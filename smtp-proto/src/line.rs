//! Cuts one command line at a time off the input.

/// Finds line ends without looking at any octet twice, and drops lines that are too long piece by piece.
///
/// Only CRLF ends a line (RFC 5321 section 2.3.8): a CR or LF on its own is part of it.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    /// How many octets at the front of the input are known to hold no line end.
    searched: usize,
    /// How many octets of a line that is too long have been dropped, or zero.
    dropped: u64,
}

/// What [`LineCutter::cut`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut<'i> {
    /// A whole line, without its CRLF.
    Line(&'i [u8]),
    /// The end of a line that was longer than the limit; all of it has been dropped. It had so many octets with
    /// its CRLF.
    TooLong(u64),
    /// No whole line yet.
    Incomplete,
}

impl LineCutter {
    /// Cuts the next line, which may have `limit` octets with its CRLF, and advances `input` past it.
    ///
    /// An incomplete line stays in `input` until it exceeds the limit; from then on its octets are dropped as
    /// they come.
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
            // A CR at the very end may be half of the line end: it stays.
            let kept = usize::from(bytes.last() == Some(&b'\r'));
            let (gone, rest) = bytes.split_at_checked(bytes.len() - kept).unwrap_or((bytes, &[]));
            self.dropped += gone.len() as u64;
            self.searched = 0;
            *input = rest;
        }
        Cut::Incomplete
    }

    /// How many octets of an over-long line have been dropped so far.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether the input begins where a line begins.
    pub(crate) const fn at_start(&self) -> bool {
        self.dropped == 0
    }
}

#[cfg(test)]
mod tests;
