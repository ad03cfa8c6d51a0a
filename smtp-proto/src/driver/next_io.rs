//! The I/O of a driver while a machine waits.

use core::mem;

use super::Buffered;
use crate::machine::{Machine, Wait};

/// The next operation of a driver while a machine waits: see [`Buffered::next_io`].
///
/// Try each operation without blocking. Report an operation that would block with [`IoRound::write_blocked`] or
/// [`IoRound::read_blocked`], an error of a write or flush with [`Buffered::write_failed`], and an error of a read with
/// [`Machine::connection_lost`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a driver does each of these")]
pub enum NextIo<'b> {
    /// Flush the stream, and report [`flushed`](Buffered::flushed).
    Flush,
    /// Write these octets with one write, and report the number accepted with [`took`](Buffered::took). A write of zero
    /// octets is an error.
    Write(&'b [u8]),
    /// Read. Report [`received`](Buffered::received), [`end_of_input`](Machine::end_of_input) or
    /// [`connection_lost`](Machine::connection_lost), and then [`IoRound::read_done`].
    Read,
    /// Poll the machine: the wait is over.
    PollMachine,
    /// Wait until the blocked operations are ready and begin a new round, or until the deadline and poll the machine.
    AwaitReadiness,
}

/// One round of I/O during a wait of the machine.
#[derive(Debug)]
pub struct IoRound {
    wait: Wait,
    /// There was deferred or unflushed output when the round began. Once it is written, the driver polls the machine.
    backlog: bool,
    write: Progress,
    read: Progress,
    /// A read was completed.
    read_done: bool,
    /// One more flush is due before the next poll.
    flush_again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Not needed, or completed.
    Done,
    Trying,
    Blocked,
}

impl Progress {
    const fn of(wanted: bool) -> Self {
        if wanted { Self::Trying } else { Self::Done }
    }
}

impl IoRound {
    /// Reports that a write or flush would block.
    pub const fn write_blocked(&mut self) {
        self.write = Progress::Blocked;
    }

    /// Reports that a read would block.
    pub const fn read_blocked(&mut self) {
        self.read = Progress::Blocked;
    }

    /// Reports that a read has completed, with octets, the end of input, or an error.
    pub const fn read_done(&mut self) {
        (self.read_done, self.flush_again) = (true, true);
    }

    /// Returns true if the driver must wait until the stream is writable.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.write == Progress::Blocked
    }

    /// Returns true if the driver must wait until the stream is readable.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.read == Progress::Blocked
    }
}

impl<M: Machine> Buffered<M> {
    /// Begins a round of I/O for this wait.
    #[must_use]
    pub fn attempt(&self, wait: Wait) -> IoRound {
        let backlog = self.is_writing();
        IoRound {
            wait,
            backlog,
            write: Progress::of(wait.want_write || backlog),
            read: Progress::of(wait.want_read),
            read_done: false,
            flush_again: false,
        }
    }

    /// Returns the next operation of the round. The last one is [`NextIo::PollMachine`] or [`NextIo::AwaitReadiness`].
    ///
    /// Writes come before reads: first the deferred output, then the output of the machine if it wants to write. Every
    /// write is flushed, so that the TLS layer never buffers more than one write. Reads continue after a write error,
    /// because the peer's last reply explains more than the I/O error.
    pub fn next_io(&mut self, round: &mut IoRound) -> NextIo<'_> {
        let Wait {
            want_read: read,
            want_write: write,
            application_pending: answer,
            ..
        } = round.wait;
        if round.read_done {
            // Report the flushed output to the machine before it parses a reply to it.
            if mem::take(&mut round.flush_again) && self.is_unflushed() {
                return NextIo::Flush;
            }
            return NextIo::PollMachine;
        }
        if round.write == Progress::Trying && !self.is_write_closed() {
            if self.is_unflushed() {
                return NextIo::Flush;
            }
            if !self.unwritten(write).is_empty() {
                return NextIo::Write(self.unwritten(write));
            }
            round.write = Progress::Done;
            if !(read || answer) {
                return NextIo::PollMachine;
            }
        }
        if self.is_write_closed() {
            round.write = Progress::Done;
            if !read && !answer {
                self.machine_mut().connection_lost();
                return NextIo::PollMachine;
            }
        }
        match (round.read, round.write) {
            (Progress::Trying, _) => NextIo::Read,
            (_, Progress::Done) if round.backlog => NextIo::PollMachine,
            _ => NextIo::AwaitReadiness,
        }
    }
}

#[cfg(test)]
mod tests;
