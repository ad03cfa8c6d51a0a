//! A machine with its input buffer and its deferred output.

use alloc::vec::Vec;
use core::{fmt, mem};

use super::MessageWrite;
use crate::{
    client::{BodyPermit, Client, More},
    machine::{Machine, Step},
    time::Instant,
};

/// A machine with its unused input and with deferred output, which is written before the output of the machine.
///
/// A driver passes input to [`received`](Self::received), [polls](Self::poll), and writes the octets of
/// [`unwritten`](Self::unwritten); [`next_io`](Self::next_io) names the next operation. The input buffer holds at most the
/// machine's longest line or reply plus one read. [`release`](Self::release) frees it if it is empty.
///
/// Output counts as written once it is flushed. Data buffered inside the stream (TLS, for example) is still pending, and
/// the write deadline still applies to it. A driver of such a stream reports the octets that the stream
/// [accepted](Self::took), and later that it was [flushed](Self::flushed). A driver of an unbuffered stream may report the
/// octets [written](Self::wrote) at once.
pub struct Buffered<M> {
    machine: M,
    input: Vec<u8>,
    /// Octets at the front of the input that were used.
    used: usize,
    /// Octets after those, used by the last step.
    taken: usize,
    /// Deferred output, to be written before the output of the machine.
    backlog: Vec<u8>,
    /// Octets at the front of the backlog that were written.
    written: usize,
    /// Octets that the stream has accepted and not flushed.
    unflushed: usize,
    /// The stream accepts no more output.
    write_closed: bool,
}

impl<M: Machine> Buffered<M> {
    /// Wraps a machine, with empty buffers.
    #[must_use]
    pub const fn new(machine: M) -> Self {
        Self {
            machine,
            input: Vec::new(),
            used: 0,
            taken: 0,
            backlog: Vec::new(),
            written: 0,
            unflushed: 0,
            write_closed: false,
        }
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, for passing answers or commands.
    #[must_use]
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Polls the machine. Returns the step, and the machine for answering it.
    pub fn poll(&mut self, now: Instant) -> (Step<M::Event<'_>>, &mut M) {
        self.used += mem::take(&mut self.taken);
        let mut rest = self.input.get(self.used..).unwrap_or_default();
        let before = rest.len();
        let step = self.machine.poll(&mut rest, now);
        self.taken = before - rest.len();
        (step, &mut self.machine)
    }

    /// Appends octets to the input.
    pub fn received(&mut self, octets: &[u8]) {
        self.settle();
        self.input.extend_from_slice(octets);
    }

    /// Frees unused buffer memory. Call it when a read would block, because most sessions are idle most of the time.
    pub fn release(&mut self) {
        self.settle();
        self.input.shrink_to_fit();
        if self.backlog.is_empty() {
            self.backlog = Vec::new();
        }
    }

    /// The next octets to write: first the deferred output, then the output of the machine if `may` is true
    /// ([`Wait::want_write`](crate::Wait::want_write)). Empty if there are none.
    #[must_use]
    pub fn unwritten(&self, may: bool) -> &[u8] {
        if self.has_backlog() {
            self.backlog.get(self.written..).unwrap_or_default()
        } else if may {
            self.machine.output()
        } else {
            &[]
        }
    }

    /// Reports that `octets` octets of [`unwritten`](Self::unwritten) were written. Octets beyond the deferred output
    /// belong to the output of the machine, which follows it.
    pub fn wrote(&mut self, octets: usize) {
        let deferred = octets.min(self.backlog.len() - self.written);
        self.written += deferred;
        if self.written == self.backlog.len() {
            self.backlog.clear();
            self.written = 0;
        }
        if octets > deferred {
            self.machine.advance_output(octets - deferred);
        }
    }

    /// Reports that the stream accepted `octets` octets of [`unwritten`](Self::unwritten). They count as written once it
    /// is [flushed](Self::flushed). Do not write more before that.
    pub const fn took(&mut self, octets: usize) {
        self.unflushed = octets;
    }

    /// Reports that the stream was flushed: the octets that it [accepted](Self::took) are written.
    pub fn flushed(&mut self) {
        let octets = mem::take(&mut self.unflushed);
        self.wrote(octets);
    }

    /// Returns true if the stream must be flushed.
    #[must_use]
    pub const fn is_unflushed(&self) -> bool {
        self.unflushed > 0
    }

    /// Returns true if deferred or unflushed output must be written before the output of the machine.
    #[must_use]
    pub const fn is_writing(&self) -> bool {
        self.has_backlog() || self.is_unflushed()
    }

    const fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Reports a write error. Input can still be read. The machine treats its unwritten output as not sent.
    pub fn write_failed(&mut self) {
        self.write_closed = true;
        self.unflushed = 0;
        self.backlog = Vec::new();
        self.written = 0;
    }

    /// Returns true after a [write error](Self::write_failed).
    #[must_use]
    pub const fn is_write_closed(&self) -> bool {
        self.write_closed
    }

    /// Removes the used input.
    fn settle(&mut self) {
        let used = mem::take(&mut self.used) + mem::take(&mut self.taken);
        if used >= self.input.len() {
            self.input.clear();
        } else {
            self.input.drain(..used);
        }
    }
}

/// Shows the number of octets in the buffers only, because they may be a password.
impl<M: fmt::Debug> fmt::Debug for Buffered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffered")
            .field("machine", &self.machine)
            .field("input", &(self.input.len() - self.used))
            .field("backlog", &(self.backlog.len() - self.written))
            .finish()
    }
}

impl Buffered<Client> {
    /// Prepares the next pieces of a message for one write. `block` is the part of the message available now. All deferred
    /// output must have been [written](Self::is_writing).
    pub fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], more: More) -> MessageWrite<'b> {
        MessageWrite::new(&mut self.machine, permit, block, more)
    }

    /// Reports that the stream was flushed: the octets that it accepted of `gathered` are written.
    pub fn flushed_gathered(&mut self, gathered: &mut MessageWrite<'_>) {
        gathered.written += mem::take(&mut self.unflushed);
    }

    /// Reports the octets of `gathered` that were written, and copies the rest to the deferred output, because the pieces
    /// belong to the caller.
    ///
    /// Octets after the pieces stay in the machine until they are written: a reply that arrives before the final dot was
    /// sent does not answer the message.
    pub fn defer_rest(&mut self, gathered: &MessageWrite<'_>) {
        let deferred = gathered.deferred_output(self.machine.output());
        let output = self.machine.output().get(..deferred).unwrap_or_default();
        for octets in gathered.unwritten_with(output) {
            self.backlog.extend_from_slice(octets);
        }
        self.machine
            .advance_all_output(deferred.max(gathered.written.saturating_sub(gathered.octets())));
    }
}

#[cfg(test)]
mod tests;
