//! A message on its way to the server, from memory or from a reader.

use std::{io, ops::Range, time::Duration};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{AsyncReadExt, future::or};
use smtp_proto::{
    Step, Wait,
    client::{self, BodyPermit, Coming, Event},
    driver::LastRefusal,
};
use tracing::debug;

use crate::{Client, Error, time};

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
        self.connection.take_turn().await;
        // What the server has said comes first: it may want no more.
        let heard = async {
            self.connection.wait(wait).await;
            None
        };
        let Some(filled) = or(heard, async { Some(source.fill().await) }).await else {
            return Ok(Some(permit));
        };
        filled?;
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
        /// A block, once something was read.
        buffer: Vec<u8>,
        /// What of it was read and is not used yet.
        unused: Range<usize>,
        ended: bool,
    },
}

impl<R: AsyncRead + Unpin> Source<'_, R> {
    pub(crate) const fn reading(reader: R) -> Self {
        Self::Reader {
            reader,
            buffer: Vec::new(),
            unused: 0..0,
            ended: false,
        }
    }

    /// Reads what makes a block, if there is nothing left of the last one. It may be dropped without losing anything.
    async fn fill(&mut self) -> io::Result<()> {
        let Self::Reader {
            reader,
            buffer,
            unused,
            ended,
        } = self
        else {
            return Ok(());
        };
        if unused.start < unused.end || *ended {
            return Ok(());
        }
        *unused = 0..0;
        buffer.resize(BLOCK, 0);
        unused.end = reader.read(buffer).await?;
        *ended = unused.end == 0;
        let more = async {
            while let Some(room) = buffer.get_mut(unused.end..)
                && !(room.is_empty() || *ended)
            {
                let octets = reader.read(room).await?;
                unused.end += octets;
                *ended = octets == 0;
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
            Self::Reader {
                buffer,
                unused,
                ended,
                ..
            } => (
                buffer.get(unused.clone()).unwrap_or_default(),
                if *ended { Coming::Nothing } else { Coming::More },
            ),
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Self::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Self::Reader { unused, .. } => unused.start += octets,
        }
    }
}
