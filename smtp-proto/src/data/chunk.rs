//! The receiving side of `BDAT`: counts the octets of a chunk.

/// Takes the octets of one chunk off the input (RFC 3030, section 2): as many as were announced, whatever they are.
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
    /// Makes one that stands before a chunk of `size` octets.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { remaining: size }
    }

    /// Gives out what the input holds of the chunk and advances it; `None` if that is nothing.
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

    /// How many octets of the chunk are still to come; 0 when it is whole.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }
}

#[cfg(test)]
mod tests;
