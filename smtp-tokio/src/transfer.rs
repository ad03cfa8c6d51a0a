//! A message on its way to the server, from memory or from a reader.

use std::{io, time::Duration};

use bytes::{Buf, BytesMut};
use smtp_proto::{
    Step, Wait,
    client::{self, BodyPermit, Coming, Event},
    driver::LastRefusal,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time,
};
use tracing::debug;

use crate::{Client, Error};

/// How much of a message is handled at once, in octets. The server has to take that much within
/// [`Timeouts::data_block`](smtp_proto::client::Timeouts::data_block); in the default of 3 minutes the slowest links do.
const BLOCK: usize = 64 * 1024;

/// How long a source that has something may take to fill a block, so that small pieces become few writes and chunks,
/// and the end of the message leaves with what is before it.
const PATIENCE: Duration = Duration::from_secs(1);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Carries the transaction that was begun through to its end, sending the message when the server is ready for it.
    /// `see` is shown each event.
    pub(crate) async fn transmit<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut Source<'_, R>,
        mut see: impl FnMut(&Event<'_>, &mut client::Client),
    ) -> Result<(), Error> {
        let (mut permit, mut refusal, mut unreadable) = (None, LastRefusal::default(), None);
        loop {
            let (event, machine) = match self.connection.poll() {
                (Step::Event(event), machine) => (event, machine),
                (Step::Wait(wait), _) => {
                    match permit.take() {
                        None => self.connection.wait(wait).await,
                        Some(held) => match self.send_some(held, source, wait).await {
                            Ok(still_held) => permit = still_held,
                            Err(error) => {
                                // The message cannot be completed, so neither can the session.
                                self.connection.machine_mut().abort();
                                unreadable = Some(error);
                            }
                        },
                    }
                    continue;
                }
            };
            see(&event, machine);
            refusal.note(&event);
            match event {
                Event::Body(granted) => permit = Some(granted),
                Event::Finished(_) => return Ok(()),
                Event::Closed { why, message } => {
                    debug!(%why, "session closed");
                    let source = self.connection.take_error();
                    return Err(match unreadable {
                        Some(error) => Error::Source(error),
                        None => refusal.closed(why, message, source),
                    });
                }
                _ => {}
            }
        }
    }

    /// Writes the next part of the message, in one go with the final dot if it is the last. Gives the permit back
    /// while there is more to send.
    async fn send_some<R: AsyncRead + Unpin>(
        &mut self,
        permit: BodyPermit,
        source: &mut Source<'_, R>,
        wait: Wait,
    ) -> io::Result<Option<BodyPermit>> {
        if self.connection.is_writing() || self.connection.is_deaf() {
            // A server that takes nothing more may have said why.
            self.connection.wait(wait).await;
            return Ok(Some(permit));
        }
        tokio::select! {
            // What the server has said comes first: it may want no more.
            biased;
            () = self.connection.wait(wait) => return Ok(Some(permit)),
            filled = source.fill() => filled?,
        }
        if self.connection.is_writing() {
            // What it had to say first is on its way.
            return Ok(Some(permit));
        }
        let (block, coming) = source.block();
        let mut gathered = self.connection.gather(permit, block, coming);
        let (permit, used) = (gathered.take_permit(), gathered.used());
        if gathered.is_blocked() {
            self.connection.wait(wait).await;
        } else {
            self.connection.write_gathered(gathered).await;
        }
        source.consume(used);
        Ok(permit)
    }
}

/// Where a message comes from.
pub(crate) enum Source<'m, R> {
    Memory(&'m [u8]),
    Reader {
        reader: R,
        buffer: BytesMut,
        ended: bool,
    },
}

impl<R: AsyncRead + Unpin> Source<'_, R> {
    /// Reads what makes a block, if there is nothing left of the last one. It may be dropped without losing anything.
    async fn fill(&mut self) -> io::Result<()> {
        let Self::Reader {
            reader,
            buffer,
            ended,
        } = self
        else {
            return Ok(());
        };
        if !buffer.is_empty() || *ended {
            return Ok(());
        }
        buffer.reserve(BLOCK);
        *ended = reader.read_buf(buffer).await? == 0;
        let more = async {
            while !*ended && buffer.len() < BLOCK {
                *ended = reader.read_buf(buffer).await? == 0;
            }
            Ok(())
        };
        time::timeout(PATIENCE, more).await.unwrap_or(Ok(()))
    }

    /// The next octets of the message, and whether more come behind them.
    fn block(&self) -> (&[u8], Coming) {
        match self {
            Self::Memory(rest) => match rest.get(..BLOCK) {
                Some(block) if block.len() < rest.len() => (block, Coming::More),
                _ => (rest, Coming::Nothing),
            },
            Self::Reader { buffer, ended, .. } => {
                (buffer, if *ended { Coming::Nothing } else { Coming::More })
            }
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Self::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Self::Reader { buffer, .. } => buffer.advance(octets),
        }
    }
}
