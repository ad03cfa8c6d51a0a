//! Sending one message, from memory or from a source.

use core::{
    future::poll_fn,
    mem,
    task::{Context, Poll},
};

use smtp_proto::{
    Instant, Step, Wait,
    client::{self, BodyPermit, Event},
};
use tracing::debug;

use crate::{BodySource, Client, Connection, Error, Transport, body_buffer::BodyBuffer};

impl<T: Transport> Client<T> {
    /// Completes the transaction that was begun, and sends the message when the server allows it. `see` receives each event.
    pub(crate) async fn transmit(
        &mut self,
        body: &mut BodyBuffer<'_>,
        mut source: impl BodySource<T::Error>,
        mut see: impl FnMut(&Event<'_>, &mut client::Client),
    ) -> Result<(), Error<T::Error>> {
        let mut sending = Sending::default();
        let mut unreadable = None;
        let mut now = self.connection.transport().now();
        loop {
            let (event, machine) = match self.connection.poll_at(now) {
                (Step::Event(event), machine) => (event, machine),
                (Step::Wait(wait), _) => {
                    let connection = &mut self.connection;
                    let step = poll_fn(|cx| match sending.permit {
                        None => connection.poll_wait(cx, wait).map(Ok),
                        Some(_) => sending.poll(cx, connection, wait, body, &mut source),
                    });
                    if let Err(error) = step.await {
                        // The message cannot be completed, and DATA has no other way to stop.
                        self.connection.machine_mut().abort();
                        sending.permit = None;
                        unreadable = Some(error);
                    }
                    now = self.connection.transport().now();
                    continue;
                }
            };
            see(&event, machine);
            self.refusal.note(&event);
            match event {
                Event::Body(permit) => {
                    sending.permit = Some(permit);
                    // The application may have made the next message, and that time must not count against the server.
                    now = self.connection.transport().now();
                }
                Event::Finished(_) => return Ok(()),
                Event::Closed { why, message } => {
                    debug!(%why, "session closed");
                    let source = self.connection.take_error();
                    return Err(match unreadable {
                        Some(error) => Error::Source(error),
                        None => mem::take(&mut self.refusal).closed(why, message, source),
                    });
                }
                _ => {}
            }
        }
    }
}

/// The state of a body that is being sent.
#[derive(Default)]
struct Sending {
    /// The permission to send more.
    permit: Option<BodyPermit>,
    /// A block is being filled, until this time.
    fill_until: Option<Instant>,
}

impl Sending {
    /// Fills the block if it is used up, and sends it. Ready if the machine must be polled.
    fn poll<T: Transport>(
        &mut self,
        cx: &mut Context<'_>,
        connection: &mut Connection<T, client::Client>,
        wait: Wait,
        body: &mut BodyBuffer<'_>,
        source: &mut impl BodySource<T::Error>,
    ) -> Poll<Result<(), T::Error>> {
        while body.wants() || self.is_filling(connection) && !body.room().is_empty() {
            match source.poll_fill(cx, body.room()) {
                Poll::Ready(Ok(octets)) => {
                    body.filled(octets);
                    let now = connection.transport().now();
                    self.fill_until
                        .get_or_insert_with(|| now + BodyBuffer::FILL_TIMEOUT);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return connection.poll_wait_until(cx, wait, self.fill_until).map(Ok),
            }
        }
        self.fill_until = None;
        let (block, more) = body.block();
        connection
            .poll_send(cx, wait, &mut self.permit, block, more)
            .map(|used| {
                body.consume(used);
                Ok(())
            })
    }

    /// Returns true if there is time left for filling a block that was begun.
    fn is_filling<T: Transport>(&self, connection: &Connection<T, client::Client>) -> bool {
        self.fill_until
            .is_some_and(|until| connection.transport().now() < until)
    }
}
