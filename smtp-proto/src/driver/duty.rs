//! What a driver does while a machine waits.

use core::mem;

use super::Buffered;
use crate::machine::{Machine, Wait};

/// What a driver does next while a machine waits: see [`Buffered::duty`].
///
/// Each is tried at once. What the stream cannot do at once is reported with [`IoRound::write_blocked`] or
/// [`IoRound::read_blocked`], an error in writing or flushing with [`Buffered::write_failed`], and one in reading with
/// [`Machine::lost`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a driver does each of these")]
pub enum NextIo<'b> {
    /// Flush the stream, and report [`flushed`](Buffered::flushed).
    Flush,
    /// Write these octets, as many as the stream takes in one go, and report [`took`](Buffered::took). A write of zero
    /// octets is an error.
    Write(&'b [u8]),
    /// Read, report [`received`](Buffered::received), [`end_of_input`](Machine::end_input) or [`connection_lost`](Machine::lost), and in
    /// each of these cases [`IoRound::has_read`].
    Read,
    /// Poll the machine: the wait is over.
    PollMachine,
    /// Wait until the stream can do what it could not, and begin a new attempt; or until the deadline, and poll the machine.
    AwaitReadiness,
}

/// One round of trying what a machine waits for.
#[derive(Debug)]
pub struct IoRound {
    wait: Wait,
    /// There is something to be written before what the machine says: whoever waits for that goes on when it is done.
    backlog: bool,
    write: Progress,
    read: Progress,
    /// Something was read.
    heard: bool,
    /// Then it is flushed once more.
    flush_again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There is nothing to try, or no more of it.
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
    /// The stream takes nothing now.
    pub const fn write_blocked(&mut self) {
        self.write = Progress::Blocked;
    }

    /// The stream has nothing now.
    pub const fn read_blocked(&mut self) {
        self.read = Progress::Blocked;
    }

    /// Something was read, or nothing more can be.
    pub const fn has_read(&mut self) {
        (self.heard, self.flush_again) = (true, true);
    }

    /// Whether the stream is to be waited for until it takes more.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.write == Progress::Blocked
    }

    /// Whether the stream is to be waited for until it has more.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.read == Progress::Blocked
    }
}

impl<M: Machine> Buffered<M> {
    /// Begins to try what the machine waits for.
    #[must_use]
    pub fn attempt(&self, wait: Wait) -> IoRound {
        let backlog = self.is_writing();
        IoRound {
            wait,
            backlog,
            write: Progress::of(wait.want_write || backlog),
            read: Progress::of(wait.want_read),
            heard: false,
            flush_again: false,
        }
    }

    /// What to do next, until it is [`NextIo::PollMachine`] or [`NextIo::AwaitReadiness`].
    ///
    /// Writing comes first: what was put aside, then all that the machine has to say if it is to be said now. Each write
    /// is flushed before the next one: what TLS holds was not written, and so it holds no more than one write. A peer
    /// that takes nothing more is still listened to, for what it said before says more than an error does.
    pub fn duty(&mut self, attempt: &mut IoRound) -> NextIo<'_> {
        let Wait {
            want_read: read,
            want_write: write,
            application_pending: answer,
            ..
        } = attempt.wait;
        if attempt.heard {
            // A reply must not overtake the news that what it answers has left.
            if mem::take(&mut attempt.flush_again) && self.is_unflushed() {
                return NextIo::Flush;
            }
            return NextIo::PollMachine;
        }
        if attempt.write == Progress::Trying && !self.is_write_closed() {
            if self.is_unflushed() {
                return NextIo::Flush;
            }
            if !self.unwritten(write).is_empty() {
                return NextIo::Write(self.unwritten(write));
            }
            attempt.write = Progress::Done;
            if !(read || answer) {
                return NextIo::PollMachine;
            }
        }
        if self.is_write_closed() {
            attempt.write = Progress::Done;
            if !read && !answer {
                self.machine_mut().connection_lost();
                return NextIo::PollMachine;
            }
        }
        match (attempt.read, attempt.write) {
            (Progress::Trying, _) => NextIo::Read,
            (_, Progress::Done) if attempt.backlog => NextIo::PollMachine,
            _ => NextIo::AwaitReadiness,
        }
    }
}

#[cfg(test)]
mod tests;
