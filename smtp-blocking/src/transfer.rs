//! A message on its way to the server, from memory or from a reader.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use smtp_proto::{
    Step, Wait,
    client::{self, BodyPermit, Coming, Event},
    driver::LastRefusal,
};
use tracing::debug;

use crate::{Client, Error, Socket, socket::uninterrupted};

/// How much of a message is handled at once, in octets. The server has to take that much within
/// [`Timeouts::data_block`](smtp_proto::client::Timeouts::data_block); in the default of 3 minutes the slowest links do.
const BLOCK: usize = 64 * 1024;

/// How long a source that has something may take, by and large, to fill a block, so that small pieces become few writes and chunks,
/// and the end of the message leaves with what is before it.
const PATIENCE: Duration = Duration::from_secs(1);

impl<S: Socket> Client<S> {
    /// Carries the transaction that was begun through to its end, sending the message when the server is ready for it.
    /// `see` is shown each event.
    pub(crate) fn transmit<R: Read>(
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
                        None => self.connection.wait(wait),
                        Some(held) => match self.send_some(held, source, wait) {
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
    fn send_some<R: Read>(
        &mut self,
        permit: BodyPermit,
        source: &mut Source<'_, R>,
        wait: Wait,
    ) -> io::Result<Option<BodyPermit>> {
        if self.connection.is_writing() || self.connection.is_deaf() {
            // A server that takes nothing more may have said why.
            self.connection.wait(wait);
            return Ok(Some(permit));
        }
        // What the server has said comes first: it may want no more.
        if self.connection.glance(wait) {
            return Ok(Some(permit));
        }
        // Reading may have taken its time.
        if source.fill()? && self.connection.glance(wait) {
            return Ok(Some(permit));
        }
        if self.connection.is_writing() {
            // What it had to say first is on its way.
            return Ok(Some(permit));
        }
        let (block, coming) = source.block();
        let mut gathered = self.connection.gather(permit, block, coming);
        let (permit, used) = (gathered.take_permit(), gathered.used());
        if gathered.is_blocked() {
            self.connection.wait(wait);
        } else {
            self.connection.write_gathered(gathered);
        }
        source.consume(used);
        Ok(permit)
    }
}

/// Where a message comes from.
pub(crate) enum Source<'m, R> {
    Memory(&'m [u8]),
    Reader { reader: R, buffer: Block, ended: bool },
}

impl<R: Read> Source<'_, R> {
    /// Reads what makes a block, if there is nothing left of the last one, and says whether it did.
    fn fill(&mut self) -> io::Result<bool> {
        let Self::Reader {
            reader,
            buffer,
            ended,
        } = self
        else {
            return Ok(false);
        };
        if !buffer.rest().is_empty() || *ended {
            return Ok(false);
        }
        buffer.restart();
        *ended = buffer.read(reader)? == 0;
        let begin = Instant::now();
        while !*ended && !buffer.room().is_empty() && begin.elapsed() < PATIENCE {
            *ended = buffer.read(reader)? == 0;
        }
        Ok(true)
    }

    /// The next octets of the message, and whether more come behind them.
    fn block(&self) -> (&[u8], Coming) {
        match self {
            Self::Memory(rest) => match rest.get(..BLOCK) {
                Some(block) if block.len() < rest.len() => (block, Coming::More),
                _ => (rest, Coming::Nothing),
            },
            Self::Reader { buffer, ended, .. } => {
                let coming = if *ended { Coming::Nothing } else { Coming::More };
                (buffer.rest(), coming)
            }
        }
    }

    fn consume(&mut self, octets: usize) {
        match self {
            Self::Memory(rest) => *rest = rest.get(octets..).unwrap_or_default(),
            Self::Reader { buffer, .. } => buffer.used += octets,
        }
    }
}

/// What was read of a message and not yet used.
#[derive(Default)]
pub(crate) struct Block {
    octets: Vec<u8>,
    /// Where the octets end that were read.
    filled: usize,
    /// Where the octets end that were used.
    used: usize,
}

impl Block {
    fn rest(&self) -> &[u8] {
        self.octets.get(self.used..self.filled).unwrap_or_default()
    }

    fn room(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.filled..).unwrap_or_default()
    }

    /// Forgets what was used, which is all.
    fn restart(&mut self) {
        self.octets.resize(BLOCK, 0);
        (self.filled, self.used) = (0, 0);
    }

    fn read(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        let octets = uninterrupted(|| reader.read(self.room()))?;
        self.filled += octets;
        Ok(octets)
    }
}
