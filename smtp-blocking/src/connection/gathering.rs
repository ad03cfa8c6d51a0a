//! Pieces of a message, written in one go.

use std::{
    io::{self, IoSlice},
    mem,
};

use smtp_proto::{
    client::{BodyPermit, Client, Coming},
    driver::{Gathered, PIECES},
};

use super::Connection;
use crate::{
    Socket,
    socket::{uninterrupted, would_block},
};

/// The pieces of a message that go into one write, and what goes before and behind them.
const SLICES: usize = PIECES + 3;

impl<S: Socket> Connection<S, Client> {
    /// Cuts the next pieces of a message for one write.
    pub(crate) fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], coming: Coming) -> Gathered<'b> {
        self.buffered.gather(permit, block, coming)
    }

    /// Writes pieces of a message in one go. What the stream does not take at once is put aside, for the following
    /// waits to write: they know the deadline that begins now, and they listen meanwhile, for the peer may have
    /// something to say and take nothing more before that was read.
    pub(crate) fn write_gathered(&mut self, gathered: &Gathered<'_>) {
        let mut written = 0;
        let result = self.write_slices(gathered, &mut written);
        self.buffered.wrote_gathered(gathered, written);
        match result {
            Err(error) if !would_block(&error) => self.deaf(error),
            _ => {}
        }
    }

    /// As [`write`](Self::write), of pieces of which so many octets were written.
    fn write_slices(&mut self, gathered: &Gathered<'_>, written: &mut usize) -> io::Result<()> {
        loop {
            if self.unflushed > 0 {
                uninterrupted(|| self.stream.flush())?;
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
                return Ok(());
            };
            self.unflushed = uninterrupted(|| self.stream.write_vectored(slices))?;
            if self.unflushed == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
    }
}
