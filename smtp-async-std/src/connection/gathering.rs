//! The writing of a message.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_io::{AsyncRead, AsyncWrite};
use smtp_proto::{
    client::{BodyPermit, Client, More},
    driver::{MAX_IO_SLICES, MessageWrite},
};

use super::Connection;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S, Client> {
    /// Cuts the next pieces of a message for one write.
    pub(crate) fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], more: More) -> MessageWrite<'b> {
        self.buffered.gather(permit, block, more)
    }

    /// Writes pieces of a message in one go. What the stream does not take at once is put aside, for the following
    /// waits to write: they know the deadline that begins now, and they listen meanwhile, for the peer may have
    /// something to say and take nothing more before that was read.
    pub(crate) async fn write_gathered(&mut self, mut gathered: MessageWrite<'_>) {
        let written = poll_fn(|context| match self.poll_write_gathered(&mut gathered, context) {
            Poll::Pending => Poll::Ready(Ok(())),
            ready => ready,
        })
        .await;
        self.buffered.defer_rest(&gathered);
        if let Err(error) = written {
            self.cannot_write(error);
        }
    }

    fn poll_write_gathered(
        &mut self,
        gathered: &mut MessageWrite<'_>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            if self.buffered.is_unflushed() {
                ready!(stream.as_mut().poll_flush(context))?;
                self.buffered.flushed_gathered(gathered);
            }
            let mut slices = [IoSlice::new(&[]); MAX_IO_SLICES];
            let mut used = 0;
            for (slot, octets) in slices.iter_mut().zip(gathered.slices(self.buffered.machine())) {
                *slot = IoSlice::new(octets);
                used += 1;
            }
            let Some(slices) = slices.get(..used).filter(|slices| !slices.is_empty()) else {
                return Poll::Ready(Ok(()));
            };
            match ready!(stream.as_mut().poll_write_vectored(context, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.buffered.took(taken),
            }
        }
    }
}
