//! A body taken out of the input without a copy.

use core::{
    mem,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use smtp_proto::{
    Instant, Machine, Step,
    server::{Event, Server},
};

use super::Connection;
use crate::Transport;

impl<T: Transport> Connection<T, Server> {
    /// Polls as [`poll_at`](Self::poll_at), and remembers the position of a body.
    pub(crate) fn poll_body_at(&mut self, now: Instant) -> (Step<Event<'_>>, &mut Server) {
        self.input.advance(mem::take(&mut self.used));
        let mut rest = &*self.input;
        let step = self.machine.poll(&mut rest, now);
        self.used = self.input.len() - rest.len();
        self.body = (0, 0);
        if let Step::Event(Event::Body(octets)) = &step {
            let offset = (octets.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
            self.body = (offset, octets.len());
        }
        (step, &mut self.machine)
    }

    /// Writes the output, and waits until this time. Nothing is read.
    pub(crate) fn poll_write_until(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        let _ = self.poll_output(cx, true);
        self.wire.transport.poll_deadline(cx, until)
    }

    /// Returns true if octets were read that the machine has not used.
    pub(crate) fn has_input(&self) -> bool {
        self.input.len() > self.used
    }

    /// Takes the octets of the last [`Event::Body`] out of the input, without a copy. Empty if the last event was another.
    pub(crate) fn take_body(&mut self) -> Bytes {
        let (offset, len) = mem::take(&mut self.body);
        if offset + len > self.used {
            return Bytes::new();
        }
        self.input.advance(offset);
        self.used -= offset + len;
        self.input.split_to(len).freeze()
    }
}
