//! A message on its way to the server, from memory or from a reader.

use std::{io, mem};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{
    AsyncReadExt,
    future::or,
    io::{Empty, empty},
};
use smtp_proto::{
    Step, Wait,
    client::{self, BodyPermit, Event},
    driver::Content,
};
use tracing::debug;

use crate::{Client, Error, time};

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Carries the transaction that was begun through to its end, sending the message when the server is ready for it.
    /// `see` is shown each event.
    pub(crate) async fn transmit<R: AsyncRead + Unpin>(
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
    async fn send_some<R: AsyncRead + Unpin>(
        &mut self,
        permit: BodyPermit,
        source: &mut Source<'_, R>,
        wait: Wait,
    ) -> io::Result<Option<BodyPermit>> {
        if self.connection.is_writing() || self.connection.is_write_closed() {
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
        let (block, more) = source.content.block();
        let mut gathered = self.connection.gather(permit, block, more);
        let (permit, used) = (gathered.take_permit(), gathered.used());
        if gathered.is_blocked() {
            self.connection.wait(wait).await;
        } else {
            self.connection.write_gathered(gathered).await;
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
    pub(crate) fn in_memory(message: &'m [u8]) -> Self {
        Self {
            content: Content::in_memory(message),
            reader: empty(),
        }
    }
}

impl<R: AsyncRead + Unpin> Source<'_, R> {
    /// A message that is read while it is sent.
    pub(crate) const fn of(reader: R) -> Self {
        Self {
            content: Content::to_be_read(),
            reader,
        }
    }

    /// Reads what makes a block, if there is nothing left of the last one. It may be dropped without losing anything.
    async fn fill(&mut self) -> io::Result<()> {
        if !self.content.wants() {
            return Ok(());
        }
        self.read().await?;
        let more = async {
            while !self.content.room().is_empty() {
                self.read().await?;
            }
            Ok(())
        };
        time::timeout(Content::PATIENCE, more).await.unwrap_or(Ok(()))
    }

    async fn read(&mut self) -> io::Result<()> {
        let octets = self.reader.read(self.content.room()).await?;
        self.content.filled(octets);
        Ok(())
    }
}
