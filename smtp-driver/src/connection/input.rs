//! The octets that were read, until the machine has used them.

use core::mem;
#[cfg(feature = "std")]
use core::ops::Range;

#[cfg(feature = "std")]
use bytes::Bytes;
use bytes::{Buf, BytesMut};
use smtp_proto::{Instant, Machine, Step};

/// Maximum capacity that an idle session keeps: enough for most commands, so that reading one allocates nothing.
const KEPT: usize = 64;

/// The octets that were read and not yet used.
#[derive(Default)]
pub(super) struct Input {
    octets: BytesMut,
    /// Octets at the front that the last step used.
    used: usize,
    /// True if octets were cut off the front. The capacity of `octets` is then less than its memory.
    is_cut: bool,
}

impl Input {
    /// Polls the machine with the unused octets.
    pub(super) fn step<M: Machine>(&mut self, machine: &mut M, now: Instant) -> Step<M::Event<'_>> {
        self.drop_used();
        let octets: &[u8] = &self.octets;
        let mut rest = octets;
        let step = machine.poll(&mut rest, now);
        self.used = octets.len() - rest.len();
        step
    }

    /// Drops the used octets.
    #[inline]
    pub(super) fn drop_used(&mut self) {
        let used = mem::take(&mut self.used);
        if used == self.octets.len() {
            // Reuse the memory from its start.
            self.octets.clear();
        } else if used > 0 {
            self.octets.advance(used);
            self.is_cut = true;
        }
    }

    /// Appends octets that were read.
    #[inline]
    pub(super) fn extend(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// All octets, with the used ones.
    #[inline]
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The number of unused octets.
    pub(super) fn unused(&self) -> usize {
        self.octets.len() - self.used
    }

    /// The addresses of the octets.
    #[cfg(feature = "std")]
    pub(super) fn addresses(&self) -> Range<usize> {
        let start = self.octets.as_ptr() as usize;
        start..start + self.octets.len()
    }

    /// Takes used octets out, without a copy. Returns no octets if they are not among the used ones.
    #[cfg(feature = "std")]
    pub(super) fn take(&mut self, address: usize, len: usize) -> Bytes {
        let offset = address.wrapping_sub(self.octets.as_ptr() as usize);
        let Some(rest) = self.used.checked_sub(offset.saturating_add(len)) else {
            return Bytes::new();
        };
        self.is_cut = true;
        self.octets.advance(offset);
        self.used = rest;
        self.octets.split_to(len).freeze()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Frees memory: most sessions wait for input most of the time.
    pub(super) fn release(&mut self) {
        if self.octets.is_empty() {
            if self.is_cut || self.octets.capacity() > KEPT {
                *self = Self::default();
            }
        } else if self.is_cut || self.octets.capacity() > 2 * self.octets.len() + KEPT {
            self.octets = BytesMut::from(&*self.octets);
            self.is_cut = false;
        }
    }
}

#[cfg(test)]
mod tests;
