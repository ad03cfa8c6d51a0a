//! A message on its way to the server, from memory or from a reader.

use std::{
    io::{self, Empty, Read, empty},
    mem,
    time::Instant,
};

use smtp_proto::{
    Step, Wait,
    client::{self, BodyPermit, Event},
    driver::Content,
};
use tracing::debug;

use crate::{Client, Error, Socket, socket::uninterrupted};

impl<S: Socket> Client<S> {
    /// Carries the transaction that was begun through to its end, sending the message when the server is ready for it.
    /// `see` is shown each event.
    pub(crate) fn transmit<R: Read>(
        &mut self,
        source: &mut Source<'_, R>,
        mut see: impl FnMut(&Event<'_>, &mut client::Client),
    ) -> Result<(), Error> {
        let (mut permit, mut unreadable) = (None, None);
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
            self.refusal.note(&event);
            match event {
                Event::Body(granted) => permit = Some(granted),
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

    /// Writes the next part of the message, in one go with the final dot if it is the last. Gives the permit back
    /// while there is more to send.
    fn send_some<R: Read>(
        &mut self,
        permit: BodyPermit,
        source: &mut Source<'_, R>,
        wait: Wait,
    ) -> io::Result<Option<BodyPermit>> {
        if self.connection.is_writing() || self.connection.is_write_closed() {
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
        let (block, more) = source.content.block();
        let mut gathered = self.connection.gather(permit, block, more);
        let (permit, used) = (gathered.take_permit(), gathered.used());
        if gathered.is_blocked() {
            self.connection.wait(wait);
        } else {
            self.connection.write_gathered(gathered);
        }
        source.content.consume(used);
        Ok(permit)
    }
}

/// Where a message comes from.
pub(crate) struct Source<'m, R> {
    content: Content<'m>,
    reader: R,
}

impl<'m> Source<'m, Empty> {
    /// A message that is in memory.
    pub(crate) const fn in_memory(message: &'m [u8]) -> Self {
        Self {
            content: Content::in_memory(message),
            reader: empty(),
        }
    }
}

impl<R: Read> Source<'_, R> {
    /// A message that is read while it is sent.
    pub(crate) const fn of(reader: R) -> Self {
        Self {
            content: Content::to_be_read(),
            reader,
        }
    }

    /// Reads what makes a block, by and large in the time for that, if there is nothing left of the last one. Says
    /// whether it read.
    fn fill(&mut self) -> io::Result<bool> {
        if !self.content.wants() {
            return Ok(false);
        }
        self.read()?;
        let begin = Instant::now();
        while !self.content.room().is_empty() && begin.elapsed() < Content::PATIENCE {
            self.read()?;
        }
        Ok(true)
    }

    fn read(&mut self) -> io::Result<()> {
        let octets = uninterrupted(|| self.reader.read(self.content.room()))?;
        self.content.filled(octets);
        Ok(())
    }
}
