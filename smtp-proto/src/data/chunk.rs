//! The receiving side of `BDAT`.

/// Reader of one chunk: consumes as many octets as `BDAT` announced, of any value (RFC 3030, section 2).
///
/// ```
/// use smtp_proto::data::ChunkReader;
///
/// let mut input: &[u8] = b"QUIT\r\nQUIT\r\n";
/// let mut chunk = ChunkReader::new(6);
/// assert_eq!(chunk.take(&mut input), Some(&b"QUIT\r\n"[..]));
/// assert_eq!(chunk.take(&mut input), None);
/// assert_eq!((chunk.remaining(), input), (0, &b"QUIT\r\n"[..]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkReader {
    remaining: u64,
}

impl ChunkReader {
    /// Creates a reader for a chunk of `size` octets.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { remaining: size }
    }

    /// Returns the octets of the chunk at the front of `input` and advances `input` past them. Returns `None` if there
    /// are none.
    pub fn take<'i>(&mut self, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        let bytes = *input;
        let len = usize::try_from(self.remaining)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let (piece, rest) = bytes.split_at_checked(len)?;
        *input = rest;
        self.remaining -= len as u64;
        (len > 0).then_some(piece)
    }

    /// Number of octets of the chunk not read yet; 0 once the chunk is complete.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }
}

#[cfg(test)]
mod tests;
