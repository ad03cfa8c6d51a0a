//! The writing of a message.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_io::{AsyncRead, AsyncWrite};
use smtp_proto::{
    client::{BodyPermit, Client, Coming},
    driver::{Gathered, PIECES},
};

use super::Connection;

/// The pieces of a message that go into one write, and what goes before and behind them.
const SLICES: usize = PIECES + 3;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S, Client> {
    /// Cuts the next pieces of a message for one write.
    pub(crate) fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], coming: Coming) -> Gathered<'b> {
        self.buffered.gather(permit, block, coming)
    }

    /// Writes pieces of a message in one go. What the stream does not take at once is put aside, for the following
    /// waits to write: they know the deadline that begins now, and they listen meanwhile, for the peer may have
    /// something to say and take nothing more before that was read.
    pub(crate) async fn write_gathered(&mut self, gathered: &Gathered<'_>) {
        let mut written = 0;
        let result = poll_fn(
            |context| match self.poll_write_gathered(gathered, &mut written, context) {
                Poll::Pending => Poll::Ready(Ok(())),
                ready => ready,
            },
        )
        .await;
        self.buffered.wrote_gathered(gathered, written);
        if let Err(error) = result {
            self.deaf(error);
        }
    }

    /// As [`poll_write`](Self::poll_write), of pieces of which so many octets were written.
    fn poll_write_gathered(
        &mut self,
        gathered: &Gathered<'_>,
        written: &mut usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            if self.unflushed > 0 {
                ready!(stream.as_mut().poll_flush(context))?;
                *written += mem::take(&mut self.unflushed);
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut used = 0;
            let octets = gathered.slices(self.buffered.machine(), *written);
            for (slot, octets) in slices.iter_mut().zip(octets) {
                *slot = IoSlice::new(octets);
                used += 1;
            }
            let Some(slices) = slices.get(..used).filter(|slices| !slices.is_empty()) else {
                return Poll::Ready(Ok(()));
            };
            self.unflushed = ready!(stream.as_mut().poll_write_vectored(context, slices))?;
            if self.unflushed == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
    }
}
