//! The bounded output queue, and the trait through which encoders fill it.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

/// Octets of output stored inside the machine: a reply to EHLO, or the replies to a pipelined group of about 15
/// commands.
const INLINE: usize = 320;

/// Maximum capacity of a heap buffer that is kept while a transaction is open, so that long pipelined groups do not
/// allocate repeatedly.
const MAX_KEPT: usize = 8192;

/// Receiver of the octets that an encoder writes.
pub(crate) trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends `line` and its CRLF.
    fn put_line(&mut self, line: &[u8]) {
        self.put(line);
        self.put(b"\r\n");
    }

    /// Appends `number` in decimal digits. Faster than `core::fmt`.
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

/// Output of a machine that the driver has not written yet.
///
/// Short output is stored inside the machine. Longer output spills to the heap. [`release`](Self::release) frees the
/// heap buffer once all output is written, so that an idle session holds none.
pub(crate) struct Output {
    inline: [u8; INLINE],
    /// All output if `inline` was too small; otherwise empty.
    spilled: Vec<u8>,
    len: usize,
    written: usize,
    /// The buffer contains a secret and must be zeroized once it is written.
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

    /// Removes the first `octets` octets. A number above the length counts as all.
    pub(crate) fn advance(&mut self, octets: usize) {
        if octets >= self.len() {
            self.clear();
        } else {
            self.advance_partly(octets);
        }
    }

    /// Removes some octets, not all.
    #[cold]
    fn advance_partly(&mut self, octets: usize) {
        self.written += octets;
        if self.written > self.len() {
            // Move the rest to the front; otherwise a slow peer that is never idle makes the buffer grow without bound.
            // The rest is shorter than the part already written, so the amortized cost is constant.
            if self.spilled.is_empty() {
                self.inline.copy_within(self.written..self.len, 0);
            } else {
                self.spilled.drain(..self.written);
            }
            self.len -= self.written;
            self.written = 0;
        }
    }

    /// Prepares for `octets` octets of secret output: the buffer is zeroized once all output is written.
    pub(crate) fn reserve_secret(&mut self, octets: usize) {
        self.secret = true;
        // Reserve now, because a reallocation would leave a copy in memory.
        if !self.spilled.is_empty() {
            self.spilled.reserve(octets);
        } else if self.len + octets > INLINE {
            self.spilled.reserve(self.len + octets);
        }
    }

    /// Drops all output.
    pub(crate) fn clear(&mut self) {
        if self.secret {
            self.zeroize();
        }
        (self.len, self.written) = (0, 0);
        if self.spilled.capacity() > 0 {
            self.clear_spilled();
        }
    }

    /// Returns `true` if there is no output and a heap buffer to free.
    #[inline]
    pub(crate) const fn holds_memory(&self) -> bool {
        self.spilled.capacity() > 0 && self.is_empty()
    }

    /// Frees the heap buffer if there is no output.
    pub(crate) fn release(&mut self) {
        if self.is_empty() && self.spilled.capacity() > 0 {
            self.spilled = Vec::new();
        }
    }

    #[cold]
    fn clear_spilled(&mut self) {
        self.spilled.clear();
        if self.spilled.capacity() > MAX_KEPT {
            self.spilled = Vec::new();
        }
    }

    #[cold]
    fn zeroize(&mut self) {
        self.inline.zeroize();
        self.spilled.zeroize();
        self.secret = false;
    }

    /// Appends to the heap buffer, after moving the inline output there.
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
            self.zeroize();
        }
    }
}

/// Shows the number of octets only, because they may be a password.
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

    #[inline]
    fn put_line(&mut self, line: &[u8]) {
        let room = self.inline.get_mut(self.len..self.len + line.len() + 2);
        match room.and_then(|room| room.split_at_mut_checked(line.len())) {
            Some((start, end)) if self.spilled.is_empty() => {
                start.copy_from_slice(line);
                end.copy_from_slice(b"\r\n");
                self.len += line.len() + 2;
            }
            _ => {
                self.spill(line);
                self.spill(b"\r\n");
            }
        }
    }
}

#[cfg(test)]
mod tests;
