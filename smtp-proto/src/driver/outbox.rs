//! Messages in a row.

use alloc::{collections::VecDeque, vec::Vec};
use core::error;

use super::{Error, SendError};
use crate::{
    client::{Client, Event, Receipt, WhyNot},
    data::Survey,
    types::Envelope,
};

/// Messages that are sent one behind the other, and what became of each.
///
/// What a message needs is found by [looking](Survey) at it, and one that has more recipients than the server takes at
/// once goes in [several transactions](Envelope::split). The next transaction is
/// [given](Client::deliver) to the machine while the message of the one before it is sent, so that both leave together.
///
/// [`begin`](Self::begin) says which content is next; each event until the transaction is finished is to be
/// [followed](Self::follow).
#[derive(Debug)]
pub struct Outbox<'m, I, E: error::Error + 'static> {
    messages: I,
    /// Transactions of the message that was taken last.
    parts: VecDeque<Envelope>,
    content: &'m [u8],
    /// The message of the transaction under way.
    current: usize,
    /// That of the transaction behind it, which the machine has.
    behind: Option<(usize, &'m [u8])>,
    results: Vec<Fate<E>>,
}

/// What became of a message, as far as that is known.
#[derive(Debug)]
struct Fate<E: error::Error + 'static> {
    receipt: Receipt,
    error: Option<Error<E>>,
}

impl<'m, I, E> Outbox<'m, I, E>
where
    I: Iterator<Item = (Envelope, &'m [u8])>,
    E: error::Error + 'static,
{
    /// The messages are taken when their turn comes, one ahead.
    pub const fn new(messages: I) -> Self {
        Self {
            messages,
            parts: VecDeque::new(),
            content: &[],
            current: 0,
            behind: None,
            results: Vec::new(),
        }
    }

    /// Begins the next transaction and gives the content that it is about; `None` when there is none left. The machine
    /// must be at the end of the one before.
    pub fn begin(&mut self, machine: &mut Client) -> Option<&'m [u8]> {
        let (message, content) = self.behind.take().or_else(|| self.deliver(machine))?;
        self.current = message;
        Some(content)
    }

    /// Takes notice of an event of the transaction under way, and gives the machine the next one when it is time.
    pub fn follow(&mut self, event: &Event<'_>, machine: &mut Client) {
        if let Some(fate) = self.results.get_mut(self.current) {
            fate.receipt.note(event);
        }
        match event {
            Event::Body(_) if self.behind.is_none() => self.behind = self.deliver(machine),
            Event::Closed { .. } => {
                if let Some((message, _)) = self.behind.take()
                    && message != self.current
                {
                    self.fail(message, WhyNot::Over.into());
                }
            }
            _ => {}
        }
    }

    /// The transaction under way did not come to its end.
    pub fn failed(&mut self, error: Error<E>) {
        self.fail(self.current, error);
    }

    /// One result for each message, in their order.
    pub fn finish(self) -> impl Iterator<Item = Result<Receipt, SendError<E>>> {
        self.results.into_iter().map(|fate| match fate.error {
            None => Ok(fate.receipt),
            Some(error) => Err(SendError::new(error, fate.receipt)),
        })
    }

    /// Gives the machine the next transaction that it takes.
    fn deliver(&mut self, machine: &mut Client) -> Option<(usize, &'m [u8])> {
        loop {
            while let Some(part) = self.parts.pop_front() {
                let message = self.results.len().saturating_sub(1);
                match machine.deliver(part) {
                    Ok(()) => return Some((message, self.content)),
                    Err(refused) => self.fail(message, refused.why.into()),
                }
            }
            let (envelope, content) = self.messages.next()?;
            let mut survey = Survey::new();
            survey.feed(content);
            let envelope = envelope.for_content(&survey.finish());
            let mut receipt = Receipt::default();
            self.parts = envelope.split(machine.extensions().limits()).collect();
            self.parts.iter().for_each(|part| receipt.begin(part));
            self.content = content;
            self.results.push(Fate { receipt, error: None });
        }
    }

    /// Nothing more of this message is sent.
    fn fail(&mut self, message: usize, error: Error<E>) {
        if message + 1 == self.results.len() {
            self.parts.clear();
        }
        if let Some(fate) = self.results.get_mut(message) {
            fate.error.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests;
