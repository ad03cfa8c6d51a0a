//! Sending message data on a connection.

use core::{
    future::poll_fn,
    task::{Context, Poll, ready},
};

use smtp_proto::{
    Machine, Wait,
    client::{BodyPermit, Client, More},
};

use super::Connection;
use crate::{MAX_IO_SLICES, StreamError, Transport, message_write::MessageWrite};

impl<T: Transport> Connection<T, Client> {
    /// Waits as [`wait`](Self::wait), and sends a block of a message as soon as the machine can send it.
    ///
    /// Call it with the permit of [`Event::Body`](smtp_proto::client::Event::Body) each time the machine waits. `block` is
    /// the part of the message that is available now; `more` is [`More::Last`] if no other part follows. Returns the number
    /// of octets of the block that were used, or zero if you must poll the machine first. The permit becomes `None` when the
    /// message is complete, or if no more of it can be sent.
    ///
    /// Cancel-safe: after the future is dropped, no octet of the block was used.
    pub async fn send(
        &mut self,
        wait: Wait,
        permit: &mut Option<BodyPermit>,
        block: &[u8],
        more: More,
    ) -> usize {
        poll_fn(|cx| self.poll_send(cx, wait, permit, block, more)).await
    }

    /// Sends as [`send`](Self::send). Copies octets that the transport does not accept at once; the following waits write the
    /// copy.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        wait: Wait,
        permit: &mut Option<BodyPermit>,
        block: &[u8],
        more: More,
    ) -> Poll<usize> {
        if self.poll_wait(cx, wait).is_ready() {
            return Poll::Ready(0);
        }
        if self.has_backlog() || self.write_closed {
            return Poll::Pending;
        }
        let Some(held) = permit.take() else {
            return Poll::Pending;
        };
        let mut message = MessageWrite::new(&mut self.machine, held, block, more);
        *permit = message.take_permit();
        if message.is_blocked() {
            return Poll::Pending;
        }
        let written = self.poll_write_message(cx, &mut message);
        self.defer_rest(&message);
        if let Poll::Ready(Err(error)) = written {
            self.write_failed(error);
        }
        Poll::Ready(message.used())
    }

    fn poll_write_message(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut MessageWrite<'_>,
    ) -> Poll<Result<(), T::Error>> {
        loop {
            let mut slices: [&[u8]; MAX_IO_SLICES] = [&[]; MAX_IO_SLICES];
            let mut used = 0;
            for (slot, octets) in slices.iter_mut().zip(message.slices(&self.machine)) {
                *slot = octets;
                used += 1;
            }
            let Some(slices @ [_, ..]) = slices.get(..used) else {
                return Poll::Ready(Ok(()));
            };
            let written = ready!(self.wire.poll_write(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(StreamError::WriteZero.into()));
            }
            if let Some(transcript) = &mut self.transcript {
                transcript.sent(self.wire.transport.now(), slices, written);
            }
            message.written += written;
        }
    }

    /// Copies the unwritten rest to the backlog, because the pieces belong to the caller.
    ///
    /// Octets after the pieces stay in the machine until they are written: a reply that arrives before the final dot was
    /// sent does not answer the message.
    fn defer_rest(&mut self, message: &MessageWrite<'_>) {
        let deferred = message.deferred_output(self.machine.output());
        let output = self.machine.output().get(..deferred).unwrap_or_default();
        for octets in message.unwritten_with(output) {
            self.backlog.extend_from_slice(octets);
        }
        self.machine
            .advance_all_output(deferred.max(message.written.saturating_sub(message.octets())));
    }
}
