//! Cuts one command line at a time off the input.

/// Octets at the front of a dropped line that are kept, so that its verb can be recognised.
const HEAD: usize = 5;

/// Finds line ends without searching an octet twice, and drops faulty lines piece by piece.
///
/// Only CRLF ends a line (RFC 5321 section 2.3.8). A bare CR or LF is a fault, reported before the line ends.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    /// Octets at the front of the input that hold no CR or LF.
    searched: usize,
    /// Octets of the current line that have been dropped.
    dropped: u64,
    /// The reason for dropping the current line.
    dropping: Option<Fault>,
    /// The first octets of the line that is being dropped.
    head: [u8; HEAD],
}

/// The reason for dropping a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Longer than the limit: reported at the end of the line.
    TooLong,
    /// It holds a bare CR or LF: reported at once.
    Bare,
}

/// A CR or LF that is not part of a CRLF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    Cr,
    Lf,
}

/// The reason why [`LineCutter::cut`] returns no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoLine {
    /// The end of a line that exceeds the limit. The whole line was dropped: this many octets, CRLF included.
    TooLong(u64),
    /// The line holds a bare CR or LF. The rest of it, up to the CRLF, will be dropped.
    Bare(Bare),
    /// The end of a line that was reported as [`Bare`](Self::Bare): this many octets, CRLF included.
    Dropped(u64),
    /// No whole line yet.
    Incomplete,
}

impl LineCutter {
    /// Cuts the next line, which may have `limit` octets with its CRLF, and advances `input` past it. Returns it without its
    /// CRLF; it holds no CR and no LF.
    ///
    /// An incomplete line stays in `input` until it exceeds the limit. From then on its octets are dropped as they come.
    #[inline(always)] // or every command pays for a call
    pub(crate) fn cut<'i>(&mut self, input: &mut &'i [u8], limit: usize) -> Result<&'i [u8], NoLine> {
        if self.dropping.is_some() {
            return Err(self.drop_rest(input));
        }
        let bytes = *input;
        let from = self.searched.min(bytes.len());
        let found = bytes
            .get(from..)
            .and_then(|rest| memchr::memchr2(b'\r', b'\n', rest));
        let at = found.map_or(bytes.len(), |found| from + found);
        match bytes.split_at_checked(at) {
            Some((line, [b'\r', b'\n', rest @ ..])) if at + 1 < limit => {
                self.searched = 0;
                *input = rest;
                return Ok(line);
            }
            Some((line, [b'\r', next, ..])) if *next != b'\n' && at + 1 < limit => {
                return Err(self.bare(Bare::Cr, line, input));
            }
            Some((line, [b'\n', ..])) if at < limit => return Err(self.bare(Bare::Lf, line, input)),
            _ => {}
        }
        // A CR at the very end may be half of the line end.
        self.searched = at;
        if bytes.len() < limit {
            return Err(NoLine::Incomplete);
        }
        self.begin_drop(Fault::TooLong, bytes);
        Err(self.drop_rest(input))
    }

    /// Octets of the current line that have been dropped so far.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns `true` if the current line is being dropped because it holds a bare CR or LF.
    pub(crate) const fn is_bare(&self) -> bool {
        matches!(self.dropping, Some(Fault::Bare))
    }

    /// Returns `true` if the input begins where a line begins.
    pub(crate) const fn at_start(&self) -> bool {
        self.dropping.is_none()
    }

    /// Returns `true` if the dropped line, or the last one that was, begins with `verb`, in any case of letters.
    pub(crate) fn dropped_verb(&self, verb: &[u8]) -> bool {
        self.head
            .get(..verb.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(verb))
    }

    #[cold]
    fn begin_drop(&mut self, fault: Fault, line: &[u8]) {
        self.dropping = Some(fault);
        self.searched = 0;
        self.dropped = 0;
        self.head = [0; HEAD];
        for (kept, octet) in self.head.iter_mut().zip(line) {
            *kept = *octet;
        }
    }

    /// Drops a line up to its bare CR or LF, which follows `line`.
    #[cold]
    fn bare(&mut self, bare: Bare, line: &[u8], input: &mut &[u8]) -> NoLine {
        self.begin_drop(Fault::Bare, line);
        self.dropped = line.len() as u64 + 1;
        *input = input.get(line.len() + 1..).unwrap_or_default();
        NoLine::Bare(bare)
    }

    /// Drops the part of a faulty line that is in the input.
    #[cold]
    fn drop_rest(&mut self, input: &mut &[u8]) -> NoLine {
        let bytes = *input;
        if let Some(at) = memchr::memmem::find(bytes, b"\r\n") {
            *input = bytes.get(at + 2..).unwrap_or_default();
            let length = self.dropped + at as u64 + 2;
            self.dropped = 0;
            return match self.dropping.take() {
                Some(Fault::Bare) => NoLine::Dropped(length),
                _ => NoLine::TooLong(length),
            };
        }
        // A CR at the very end may be half of the line end: it stays.
        let kept = usize::from(bytes.last() == Some(&b'\r'));
        let (gone, rest) = bytes.split_at_checked(bytes.len() - kept).unwrap_or((bytes, &[]));
        self.dropped += gone.len() as u64;
        *input = rest;
        NoLine::Incomplete
    }
}

#[cfg(test)]
mod tests;
