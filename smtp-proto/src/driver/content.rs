//! The content of a message, a block at a time.

use alloc::vec::Vec;
use core::{fmt, time::Duration};

use crate::client::More;

/// How much of a message is handled at once, in octets. The server has to take that much within
/// [`Timeouts::data_block`](crate::client::Timeouts::data_block); in the default of 3 minutes the slowest links do.
const BLOCK: usize = 64 * 1024;

/// The content of a message on its way from where it is to a [write](super::Buffered::gather): in memory, or read by the
/// driver while it is sent. Then it holds one block, so that small pieces become few writes and chunks.
///
/// The driver reads while it [wants](Self::wants) a block, and begins nothing else with it before that.
pub struct Content<'m>(Held<'m>);

enum Held<'m> {
    Memory(&'m [u8]),
    Block {
        octets: Vec<u8>,
        /// Octets at the front that are used up.
        used: usize,
        /// Octets at the front that were read.
        filled: usize,
        /// Nothing more comes behind them.
        ended: bool,
    },
}

impl<'m> Content<'m> {
    /// How long a source that has given something may take to fill a block, so that the end of the message leaves with
    /// what is before it.
    pub const PATIENCE: Duration = Duration::from_secs(1);

    /// A message that is there.
    #[must_use]
    pub const fn in_memory(message: &'m [u8]) -> Self {
        Self(Held::Memory(message))
    }

    /// A message that is to be read.
    #[must_use]
    pub const fn to_be_read() -> Self {
        Self(Held::Block {
            octets: Vec::new(),
            used: 0,
            filled: 0,
            ended: false,
        })
    }

    /// Whether a new block is to be read: of the last one nothing is left, and it was not the last of all.
    #[must_use]
    pub const fn wants(&self) -> bool {
        match self.0 {
            Held::Memory(_) => false,
            Held::Block {
                used, filled, ended, ..
            } => used >= filled && !ended,
        }
    }

    /// Where to read into: what is left of a block. Empty when it is full or the message has ended.
    pub fn room(&mut self) -> &mut [u8] {
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

    /// Reports that so many octets were read into the [room](Self::room); none means the end, if there was room.
    pub fn filled(&mut self, read: usize) {
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

    /// The octets that are there, a block at most, and whether more come behind them.
    #[must_use]
    pub fn block(&self) -> (&[u8], More) {
        let (block, more) = match &self.0 {
            Held::Memory(rest) => match rest.split_at_checked(BLOCK) {
                Some((block, behind)) => (block, !behind.is_empty()),
                None => (*rest, false),
            },
            Held::Block {
                octets,
                used,
                filled,
                ended,
            } => (octets.get(*used..*filled).unwrap_or_default(), !ended),
        };
        (block, if more { More::Yes } else { More::Last })
    }

    /// Drops the first octets of the [block](Self::block), which were sent.
    pub fn consume(&mut self, octets: usize) {
        match &mut self.0 {
            Held::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Held::Block { used, .. } => *used += octets,
        }
    }
}

/// How much there is, and not what.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, more) = self.block();
        write!(f, "Content({} octets, {more:?})", block.len())
    }
}

#[cfg(test)]
mod tests;
