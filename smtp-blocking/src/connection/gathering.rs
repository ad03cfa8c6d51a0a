//! The writing of a message.

use std::io::{self, IoSlice};

use smtp_proto::{
    client::{BodyPermit, Client, More},
    driver::{MAX_IO_SLICES, MessageWrite},
};

use super::Connection;
use crate::{
    Socket,
    socket::{uninterrupted, would_block},
};

impl<S: Socket> Connection<S, Client> {
    /// Cuts the next pieces of a message for one write.
    pub(crate) fn gather<'b>(&mut self, permit: BodyPermit, block: &'b [u8], more: More) -> MessageWrite<'b> {
        self.buffered.gather(permit, block, more)
    }

    /// Writes pieces of a message in one go. What the stream does not take at once is put aside, for the following
    /// waits to write: they know the deadline that begins now, and they listen meanwhile, for the peer may have
    /// something to say and take nothing more before that was read.
    pub(crate) fn write_gathered(&mut self, mut gathered: MessageWrite<'_>) {
        let written = self.write_slices(&mut gathered);
        self.buffered.defer_rest(&gathered);
        match written {
            Err(error) if !would_block(&error) => self.cannot_write(error),
            _ => {}
        }
    }

    fn write_slices(&mut self, gathered: &mut MessageWrite<'_>) -> io::Result<()> {
        loop {
            if self.buffered.is_unflushed() {
                uninterrupted(|| self.stream.flush())?;
                self.buffered.flushed_gathered(gathered);
            }
            let mut slices = [IoSlice::new(&[]); MAX_IO_SLICES];
            let mut used = 0;
            for (slot, octets) in slices.iter_mut().zip(gathered.slices(self.buffered.machine())) {
                *slot = IoSlice::new(octets);
                used += 1;
            }
            let Some(slices) = slices.get(..used).filter(|slices| !slices.is_empty()) else {
                return Ok(());
            };
            match uninterrupted(|| self.stream.write_vectored(slices))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                taken => self.buffered.took(taken),
            }
        }
    }
}
