//! A machine with its buffers.

use alloc::vec::Vec;
use core::{fmt, mem};

use super::MessageWrite;
use crate::{
    client::{BodyPermit, Client, More},
    machine::{Machine, Step},
    time::Instant,
};

/// A machine, what was read and not yet used, and what is to be written before the machine's output.
///
/// A driver reads into [`received`](Self::received), [polls](Self::poll), and writes what [`unwritten`](Self::unwritten)
/// shows; [`duty`](Self::duty) says what of that is next. The input buffer is as long as the machine's longest line or
/// reply and what was read in one go; it is given back when it is empty and [`release`](Self::release) is called.
///
/// Octets are written when they have left for the peer. What a stream takes into a buffer of its own, as TLS does, is
/// not written before that was flushed: until then it is the peer that keeps the machine waiting, and the deadline for
/// that runs. So a driver of such a stream reports what it [took](Self::took) and that it was
/// [flushed](Self::flushed); others may report at once what they [wrote](Self::wrote).
pub struct Buffered<M> {
    machine: M,
    input: Vec<u8>,
    /// Octets at the front of the input that are used up.
    used: usize,
    /// Octets behind those that the last step used.
    taken: usize,
    /// What is to be written before the machine's output.
    backlog: Vec<u8>,
    /// Octets at the front of the backlog that were written.
    written: usize,
    /// Octets of what is to be written that the stream has taken and not yet flushed.
    unflushed: usize,
    /// Nothing more can be written.
    write_closed: bool,
}

impl<M: Machine> Buffered<M> {
    /// A machine with empty buffers.
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

    /// The machine, to be given answers or commands.
    #[must_use]
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Lets the machine take a step, and hands it out beside the machine itself.
    pub fn poll(&mut self, now: Instant) -> (Step<M::Event<'_>>, &mut M) {
        self.used += mem::take(&mut self.taken);
        let mut rest = self.input.get(self.used..).unwrap_or_default();
        let before = rest.len();
        let step = self.machine.poll(&mut rest, now);
        self.taken = before - rest.len();
        (step, &mut self.machine)
    }

    /// Takes octets that were read.
    pub fn received(&mut self, octets: &[u8]) {
        self.settle();
        self.input.extend_from_slice(octets);
    }

    /// Gives back the memory that the buffers do not need. To be called when there is nothing to read now: most sessions
    /// wait most of the time.
    pub fn release(&mut self) {
        self.settle();
        self.input.shrink_to_fit();
        if self.backlog.is_empty() {
            self.backlog = Vec::new();
        }
    }

    /// The next octets to be written: what was put aside, and once that has gone what the machine says, if it `may`
    /// speak now ([`Wait::write`](crate::Wait::write)). Empty when there is nothing.
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

    /// Reports that so many octets of [`unwritten`](Self::unwritten) were written. More than were put aside are octets
    /// of the machine's output, which stands behind them.
    pub fn wrote(&mut self, octets: usize) {
        let aside = octets.min(self.backlog.len() - self.written);
        self.written += aside;
        if self.written == self.backlog.len() {
            self.backlog.clear();
            self.written = 0;
        }
        if octets > aside {
            self.machine.advance_output(octets - aside);
        }
    }

    /// Reports that the stream has taken so many octets of [`unwritten`](Self::unwritten), which are written once it is
    /// [flushed](Self::flushed). Nothing is to be written before that.
    pub const fn took(&mut self, octets: usize) {
        self.unflushed = octets;
    }

    /// Reports that the stream was flushed, so that what it [took](Self::took) is written.
    pub fn flushed(&mut self) {
        let octets = mem::take(&mut self.unflushed);
        self.wrote(octets);
    }

    /// Whether the stream has to be flushed.
    #[must_use]
    pub const fn is_unflushed(&self) -> bool {
        self.unflushed > 0
    }

    /// Whether something is to be written before the machine's output: what was put aside, or is not yet flushed.
    #[must_use]
    pub const fn is_writing(&self) -> bool {
        self.has_backlog() || self.is_unflushed()
    }

    const fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Reports that nothing more can be written; what the peer said before can still be read. The machine keeps what it
    /// could not say: it was not heard.
    pub fn write_failed(&mut self) {
        self.write_closed = true;
        self.unflushed = 0;
        self.backlog = Vec::new();
        self.written = 0;
    }

    /// Whether [nothing more can be written](Self::write_failed).
    #[must_use]
    pub const fn is_write_closed(&self) -> bool {
        self.write_closed
    }

    /// Forgets the input that was used.
    fn settle(&mut self) {
        let used = mem::take(&mut self.used) + mem::take(&mut self.taken);
        if used >= self.input.len() {
            self.input.clear();
        } else {
            self.input.drain(..used);
        }
    }
}

/// How much is in the buffers, and not what: it may be a password.
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
    /// Cuts the next pieces of a message for one write. `block` is what there is of it now; nothing must be left to
    /// [write](Self::is_writing).
    pub fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], more: More) -> MessageWrite<'b> {
        MessageWrite::new(&mut self.machine, permit, block, more)
    }

    /// As [`flushed`](Self::flushed), of octets that the stream took of what was [gathered](Self::gather).
    pub fn flushed_gathered(&mut self, gathered: &mut MessageWrite<'_>) {
        gathered.written += mem::take(&mut self.unflushed);
    }

    /// Reports what was written of what was [gathered](Self::gather). The rest is put aside, since the pieces are the
    /// caller's.
    ///
    /// The octets behind the pieces stay with the machine until they are written: a reply that comes before the final
    /// dot has left is no reply to the message.
    pub fn put_aside(&mut self, gathered: &MessageWrite<'_>) {
        let kept = gathered.kept(self.machine.output());
        let output = self.machine.output().get(..kept).unwrap_or_default();
        for octets in gathered.around(output) {
            self.backlog.extend_from_slice(octets);
        }
        self.machine
            .advance_all_output(kept.max(gathered.written.saturating_sub(gathered.octets())));
    }
}

#[cfg(test)]
mod tests;
