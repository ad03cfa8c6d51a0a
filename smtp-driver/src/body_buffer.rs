//! The source of a message, read block by block.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use bytes::Bytes;
use smtp_proto::client::More;

/// Block size in octets. The server must accept one block within
/// [`Timeouts::data_block`](crate::client::Timeouts::data_block); 3 minutes by default, which allows 364 octets a second.
const BLOCK: usize = 64 * 1024;

/// The source of a message for [`Connection::poll_send`](crate::Connection::poll_send): octets in memory, or a buffer that the driver fills
/// while it sends. The buffer holds one block, so that small reads become few writes and chunks.
///
/// While it [wants](Self::wants) a block, the driver must fill it before calling other methods.
pub(crate) struct BodyBuffer<'m>(Held<'m>);

enum Held<'m> {
    Memory(&'m [u8]),
    Pieces {
        /// Each piece has at least one octet.
        pieces: &'m [Bytes],
        /// Octets at the front of the first piece that were sent.
        used: usize,
    },
    Block {
        octets: Vec<u8>,
        /// Octets at the front that were sent.
        used: usize,
        /// Octets at the front that were read.
        filled: usize,
        /// The message ends after the octets that were read.
        ended: bool,
    },
}

impl<'m> BodyBuffer<'m> {
    /// Maximum time for filling a block after its first octets. A short wait lets the end of the message join the last block.
    pub(crate) const FILL_TIMEOUT: Duration = Duration::from_secs(1);

    /// Creates a source for a message in memory.
    #[must_use]
    pub(crate) const fn in_memory(message: &'m [u8]) -> Self {
        Self(Held::Memory(message))
    }

    /// Creates a source for a message in memory, in pieces of at least one octet.
    #[must_use]
    pub(crate) const fn in_pieces(pieces: &'m [Bytes]) -> Self {
        Self(Held::Pieces { pieces, used: 0 })
    }

    /// Creates a source for a message that the driver reads while it sends.
    #[must_use]
    pub(crate) const fn to_be_read() -> Self {
        Self(Held::Block {
            octets: Vec::new(),
            used: 0,
            filled: 0,
            ended: false,
        })
    }

    /// Returns true if the driver must read a new block: the previous block is used up, and the message has not ended.
    #[must_use]
    pub(crate) const fn wants(&self) -> bool {
        match self.0 {
            Held::Memory(_) | Held::Pieces { .. } => false,
            Held::Block {
                used, filled, ended, ..
            } => used >= filled && !ended,
        }
    }

    /// The free part of the block, to read into. Empty if the block is full or the message has ended.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let wants = self.wants();
        match &mut self.0 {
            Held::Block {
                octets,
                used,
                filled,
                ended: false,
            } => {
                if wants {
                    octets.resize(BLOCK, 0);
                    (*used, *filled) = (0, 0);
                }
                octets.get_mut(*filled..).unwrap_or_default()
            }
            _ => &mut [],
        }
    }

    /// Reports that `read` octets were read into the [room](Self::room). Zero means the end of the message, unless the room
    /// was empty.
    pub(crate) fn filled(&mut self, read: usize) {
        if let Held::Block {
            octets,
            filled,
            ended,
            ..
        } = &mut self.0
        {
            let room = octets.len() - *filled;
            *filled += read.min(room);
            *ended |= read == 0 && room > 0;
        }
    }

    /// The available octets, at most one block, and [`More::Last`] if no other block follows.
    #[must_use]
    pub(crate) fn block(&self) -> (&[u8], More) {
        let (block, more) = match &self.0 {
            Held::Memory(rest) => match rest.split_at_checked(BLOCK) {
                Some((block, rest)) => (block, !rest.is_empty()),
                None => (*rest, false),
            },
            Held::Pieces { pieces, used } => {
                let piece = pieces.first().and_then(|piece| piece.get(*used..));
                let rest = piece.unwrap_or_default();
                let block = rest.get(..BLOCK).unwrap_or(rest);
                (block, rest.len() > block.len() || pieces.len() > 1)
            }
            Held::Block {
                octets,
                used,
                filled,
                ended,
            } => (octets.get(*used..*filled).unwrap_or_default(), !ended),
        };
        (block, if more { More::Yes } else { More::Last })
    }

    /// Removes the first `octets` octets of the [block](Self::block), after they were sent.
    pub(crate) fn consume(&mut self, octets: usize) {
        match &mut self.0 {
            Held::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Held::Pieces { pieces, used } => {
                *used += octets;
                if let [first, rest @ ..] = pieces
                    && *used >= first.len()
                {
                    (*pieces, *used) = (rest, 0);
                }
            }
            Held::Block { used, .. } => *used += octets,
        }
    }
}

/// Shows the number of octets only.
impl fmt::Debug for BodyBuffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, more) = self.block();
        write!(f, "BodyBuffer({} octets, {more:?})", block.len())
    }
}

#[cfg(test)]
mod tests;
