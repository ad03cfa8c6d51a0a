//! The bounded queue of octets to be written, and how encoders fill it.

use alloc::vec::Vec;

use smallvec::SmallVec;

/// Room for replies and commands inside the machine itself: a pipelined group of some 25 short lines.
const INLINE: usize = 384;

/// A spilled buffer of at most this many octets is kept while a transaction is open, so that long pipelined
/// groups do not allocate again and again.
const KEPT: usize = 8192;

/// Takes the octets that an encoder writes.
pub(crate) trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends `number` in decimal digits, without the formatting machinery.
    fn put_decimal(&mut self, number: u64) {
        let mut digits = [0; 20];
        let mut rest = number;
        let mut used = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
            used += 1;
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(digits.len() - used..).unwrap_or_default());
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// What a machine has to say and the driver has not written yet.
///
/// Short output lives inside the machine. Longer output spills to the heap and is given back when all is
/// written and [`release`](Self::release) is called, so that an idle session holds no buffer.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: SmallVec<[u8; INLINE]>,
    written: usize,
}

impl Output {
    pub(crate) fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the first `octets` octets; more than there are counts as all.
    pub(crate) fn wrote(&mut self, octets: usize) {
        self.written = self.bytes.len().min(self.written.saturating_add(octets));
        if self.written == self.bytes.len() {
            self.clear();
        } else if self.written > self.len() {
            // A peer that is slow but never idle must not make the part that was written grow for ever. What
            // is moved is less than what was written, so this costs nothing to speak of.
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// Drops all that was not written.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes = SmallVec::new();
        }
    }

    /// Gives heap memory back if nothing waits to be written.
    pub(crate) fn release(&mut self) {
        if self.is_empty() && self.bytes.spilled() {
            self.bytes = SmallVec::new();
        }
    }
}

impl Sink for Output {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
