//! The time of a session and its two timers.

use core::time::Duration;

use crate::time::{Deadline, Instant, Phase, Timer};

/// The current time, and the waits for the client.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) now: Instant,
    /// The wait for the client to send a complete line or piece.
    reading: Timer,
    /// The wait for the client to read the output.
    writing: Timer,
    /// Octets that were pending when the write timer started, and are not written yet.
    unwritten: usize,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            now: Instant::ORIGIN,
            reading: Timer::default(),
            writing: Timer::default(),
            unwritten: 0,
        }
    }

    /// Returns the deadline of the wait for input, which begins now unless it is running.
    pub(super) fn await_input(&mut self, phase: Phase, span: Duration) -> Deadline {
        self.reading.run(phase, span, self.now)
    }

    /// Returns `true` if the wait for input has begun.
    pub(super) const fn awaits_input(&self) -> bool {
        self.reading.is_running()
    }

    /// Ends the wait for input: a whole line came.
    pub(super) fn input_came(&mut self) {
        self.reading.stop();
    }

    /// Returns the deadline for writing the `pending` octets. Octets queued later do not extend it. A client that keeps
    /// reading never misses it, even if the output is never empty.
    pub(super) fn await_write(&mut self, pending: usize, span: Duration) -> Deadline {
        if self.unwritten == 0 {
            self.unwritten = pending;
        }
        self.writing.run(Phase::Write, span, self.now)
    }

    /// Counts octets that were written.
    pub(super) fn written(&mut self, octets: usize) {
        self.unwritten = self.unwritten.saturating_sub(octets);
        if self.unwritten == 0 {
            self.writing.stop();
        }
    }

    /// Ends the wait for the client to read.
    pub(super) fn stop_writing(&mut self) {
        self.unwritten = 0;
        self.writing.stop();
    }
}
