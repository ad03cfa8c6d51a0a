//! The bounded queue of octets to be written, and how encoders fill it.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

/// Room for replies and commands inside the machine itself: a reply to EHLO, or those to a pipelined group of some 15
/// commands.
const INLINE: usize = 320;

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
pub(crate) struct Output {
    inline: [u8; INLINE],
    /// Everything, once `inline` was too small; otherwise empty.
    spilled: Vec<u8>,
    len: usize,
    written: usize,
    /// Something in here is to be wiped out once it is written.
    secret: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            inline: [0; INLINE],
            spilled: Vec::new(),
            len: 0,
            written: 0,
            secret: false,
        }
    }
}

impl Output {
    pub(crate) fn pending(&self) -> &[u8] {
        let bytes = if self.spilled.is_empty() {
            &self.inline
        } else {
            self.spilled.as_slice()
        };
        bytes.get(self.written..self.len).unwrap_or_default()
    }

    pub(crate) const fn len(&self) -> usize {
        self.len - self.written
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the first `octets` octets; more than there are counts as all.
    pub(crate) fn advance(&mut self, octets: usize) {
        if octets >= self.len() {
            self.clear();
        } else {
            self.wrote_a_part(octets);
        }
    }

    /// The same when something is left.
    #[cold]
    fn wrote_a_part(&mut self, octets: usize) {
        self.written += octets;
        if self.written > self.len() {
            // A peer that is slow but never idle must not make the part that was written grow for ever. What
            // is moved is less than what was written, so this costs nothing to speak of.
            if self.spilled.is_empty() {
                self.inline.copy_within(self.written..self.len, 0);
            } else {
                self.spilled.drain(..self.written);
            }
            self.len -= self.written;
            self.written = 0;
        }
    }

    /// Announces `octets` octets that are to leave no trace in memory once all of the output is written.
    pub(crate) fn conceal(&mut self, octets: usize) {
        self.secret = true;
        // A buffer that moved while it grew would leave a copy behind.
        if !self.spilled.is_empty() {
            self.spilled.reserve(octets);
        } else if self.len + octets > INLINE {
            self.spilled.reserve(self.len + octets);
        }
    }

    /// Drops all that was not written.
    pub(crate) fn clear(&mut self) {
        if self.secret {
            self.wipe();
        }
        self.spilled.clear();
        (self.len, self.written) = (0, 0);
        if self.spilled.capacity() > KEPT {
            self.spilled = Vec::new();
        }
    }

    /// Returns `true` if nothing waits to be written and there is heap memory to give back.
    #[inline]
    pub(crate) const fn holds_memory(&self) -> bool {
        self.is_empty() && self.spilled.capacity() > 0
    }

    /// Gives heap memory back if nothing waits to be written.
    pub(crate) fn release(&mut self) {
        if self.is_empty() && self.spilled.capacity() > 0 {
            self.spilled = Vec::new();
        }
    }

    #[cold]
    fn wipe(&mut self) {
        self.inline.zeroize();
        self.spilled.zeroize();
        self.secret = false;
    }

    /// Appends to what does not fit, or no longer fits, inside.
    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        if self.spilled.is_empty() {
            let before = self.inline.get(..self.len).unwrap_or_default();
            self.spilled.reserve(before.len() + bytes.len());
            self.spilled.extend_from_slice(before);
        }
        self.spilled.extend_from_slice(bytes);
        self.len = self.spilled.len();
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.secret {
            self.wipe();
        }
    }
}

/// How much there is, and not what: it may be a password.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} octets)", self.len())
    }
}

impl Sink for Output {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let room = self.inline.get_mut(self.len..self.len + bytes.len());
        match room {
            Some(room) if self.spilled.is_empty() => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            _ => self.spill(bytes),
        }
    }
}

#[cfg(test)]
mod tests;
