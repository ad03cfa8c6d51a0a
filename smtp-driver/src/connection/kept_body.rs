//! Bodies taken out of the input without a copy.

use alloc::boxed::Box;
use core::{
    mem,
    ops::Range,
    task::{Context, Poll},
};

use bytes::Bytes;
use smtp_proto::{
    Instant, Step,
    server::{Event, Server},
};

use super::Connection;
use crate::Transport;

/// The octets of the last [`Event::Body`].
#[derive(Debug, Default)]
pub(crate) enum LastBody {
    #[default]
    None,
    /// In the input: address and number of octets.
    InInput(usize, usize),
    /// Octets of the machine: a normalized line end, or a CR or dot that the machine had held back.
    Own(Box<[u8]>),
}

impl LastBody {
    /// Finds octets in the input, by the addresses of the input before the poll.
    pub(crate) fn new(octets: &[u8], input: Range<usize>) -> Self {
        let address = octets.as_ptr() as usize;
        if input.contains(&address) {
            Self::InInput(address, octets.len())
        } else {
            Self::Own(octets.into())
        }
    }
}

impl<T: Transport> Connection<T, Server> {
    /// Polls as [`poll_at`](Self::poll_at), and remembers the position of a body.
    pub(crate) fn poll_body_at(&mut self, now: Instant) -> (Step<Event<'_>>, &mut Server) {
        let before = self.input_range();
        let step = self.input.step(&mut self.machine, now);
        self.body = match &step {
            Step::Event(Event::Body(octets)) => LastBody::new(octets, before),
            _ => LastBody::None,
        };
        (step, &mut self.machine)
    }

    /// The addresses of the input.
    pub(crate) fn input_range(&self) -> Range<usize> {
        self.input.addresses()
    }

    /// Writes the output, and waits until this time. Does not read.
    pub(crate) fn poll_write_until(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        let _ = self.poll_output(cx, true);
        self.wire.transport.poll_deadline(cx, until)
    }

    /// Returns true if octets were read that the machine has not used.
    pub(crate) fn has_input(&self) -> bool {
        self.input.unused() > 0
    }

    /// Takes the octets of the last [`Event::Body`], without a copy if they are in the input. Returns no octets after another
    /// event.
    pub(crate) fn take_body(&mut self) -> Bytes {
        let body = mem::take(&mut self.body);
        self.take(body)
    }

    /// Takes these octets out of the input, or copies them if they are not in it.
    pub(crate) fn take(&mut self, body: LastBody) -> Bytes {
        match body {
            LastBody::None => Bytes::new(),
            LastBody::Own(octets) => octets.into(),
            LastBody::InInput(address, len) => self.input.take(address, len),
        }
    }
}
