//! A body taken out of the input without a copy.

use core::{
    mem,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use smtp_proto::{
    Instant, Step,
    server::{Event, Server},
};

use super::{Connection, step};
use crate::Transport;

impl<T: Transport> Connection<T, Server> {
    /// Polls as [`poll_at`](Self::poll_at), and remembers the position of a body.
    pub(crate) fn poll_body_at(&mut self, now: Instant) -> (Step<Event<'_>>, &mut Server) {
        let step = step(&mut self.machine, &mut self.input, &mut self.used, now);
        self.body = match &step {
            Step::Event(Event::Body(octets)) => (octets.as_ptr() as usize, octets.len()),
            _ => (0, 0),
        };
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
        let (address, len) = mem::take(&mut self.body);
        let offset = address.wrapping_sub(self.input.as_ptr() as usize);
        let Some(rest) = self.used.checked_sub(offset.saturating_add(len)) else {
            return Bytes::new();
        };
        self.input.advance(offset);
        self.used = rest;
        self.input.split_to(len).freeze()
    }
}
