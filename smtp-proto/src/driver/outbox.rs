//! Messages in a row.

use alloc::{boxed::Box, collections::VecDeque};
use core::{error, fmt};

use super::{Error, SendError};
use crate::{
    client::{Client, Closed, Event, MessageOutcome, Receipt, Rejected, RequestError},
    data::ContentScanner,
    types::{AnnouncedLimits, Envelope},
};

/// Messages that are sent one behind the other, and what became of each.
///
/// What a message needs is found by [looking](ContentScanner) at it, and one that has more recipients than the server takes at
/// once goes in [several transactions](Envelope::split). Each transaction is [announced](Client::deliver_next) while
/// the message of the one before it is sent, so that both leave together.
///
/// A driver [begins](Self::begin) a transaction, sends the content that this gives, and shows each event until the
/// transaction is finished to [`follow`](Self::follow); when the session ends before that, it calls
/// [`failed`](Self::failed). The result of each message that was taken is told as soon as it is known, in the order of the
/// messages. Of a session that has ended, or that takes no more transactions, no message is taken any more.
pub struct Outbox<'m, I, F, E: error::Error + 'static> {
    messages: I,
    tell: F,
    /// The session takes nothing more.
    over: bool,
    /// Transactions that the machine does not have yet, of the message that was taken last.
    parts: VecDeque<Envelope>,
    content: &'m [u8],
    /// The message of the transaction under way, counted from the first of all.
    current: usize,
    /// That of the transaction behind it, which the machine has.
    behind: Option<(usize, &'m [u8])>,
    /// How many messages have no record any more.
    told: usize,
    records: VecDeque<Record<E>>,
}

/// What is known of a message.
#[derive(Debug)]
struct Record<E: error::Error + 'static> {
    receipt: Receipt,
    /// How many transactions it has that are not finished.
    left: usize,
    error: Option<Error<E>>,
}

impl<'m, I, F, E> Outbox<'m, I, F, E>
where
    I: Iterator<Item = (Envelope, &'m [u8])>,
    F: FnMut(Result<Receipt, SendError<E>>),
    E: error::Error + 'static,
{
    /// The messages are taken as they are sent, one ahead, and `tell` is told the result of each.
    pub const fn new(messages: I, tell: F) -> Self {
        Self {
            messages,
            tell,
            over: false,
            parts: VecDeque::new(),
            content: &[],
            current: 0,
            behind: None,
            told: 0,
            records: VecDeque::new(),
        }
    }

    /// Begins the next transaction and gives the content that it is about; `None` when there is none left. The one
    /// before must be over.
    pub fn begin(&mut self, machine: &mut Client) -> Option<&'m [u8]> {
        let limits = machine.extensions().limits();
        let (message, content) = match self.behind.take() {
            Some(announced) => announced,
            None => self.give(limits, None, |part| machine.deliver(part))?,
        };
        self.current = message;
        // Looked for now, while the server is busy, and not when it waits for the content.
        if self.parts.is_empty() {
            self.take(limits);
            self.report();
        }
        Some(content)
    }

    /// Takes notice of an event of the transaction under way, and announces the next one when it is time.
    pub fn follow(&mut self, event: &Event<'_>, machine: &mut Client) {
        if let Some(record) = self.record(self.current) {
            record.receipt.record(event);
            if matches!(event, Event::Finished(_)) {
                record.left = record.left.saturating_sub(1);
            }
        }
        self.report();
        if matches!(event, Event::Body(_)) && self.behind.is_none() {
            let limits = machine.extensions().limits();
            self.behind = self.give(limits, Some(self.current), |part| machine.deliver_next(part));
        }
    }

    /// The session ended before the transaction under way did.
    pub fn failed(&mut self, error: Error<E>) {
        if let Some((message, _)) = self.behind.take()
            && message != self.current
        {
            let why = match &error {
                Error::Closed { why, .. } => *why,
                _ => Closed::Aborted,
            };
            self.fail(
                message,
                0,
                Error::Closed {
                    why,
                    message: MessageOutcome::NotAccepted,
                    reply: None,
                    source: None,
                },
            );
        }
        self.fail(self.current, 0, error);
        self.over = true;
        self.report();
    }

    /// Tells the results that are known now.
    fn report(&mut self) {
        while let Some(record) = self.records.pop_front_if(|record| record.left == 0) {
            self.told += 1;
            (self.tell)(match record.error {
                None => Ok(record.receipt),
                Some(error) => Err(SendError::new(error, record.receipt)),
            });
        }
    }

    /// Gives the machine the next transaction that it takes, while one of message `under_way` is.
    fn give(
        &mut self,
        limits: AnnouncedLimits,
        under_way: Option<usize>,
        mut deliver: impl FnMut(Envelope) -> Result<(), Rejected<Box<Envelope>>>,
    ) -> Option<(usize, &'m [u8])> {
        loop {
            let Some(part) = self.parts.pop_front() else {
                self.take(limits)?;
                continue;
            };
            let message = self.told + self.records.len() - 1;
            match deliver(part) {
                Ok(()) => return Some((message, self.content)),
                Err(Rejected { error: why, .. }) => {
                    let left = usize::from(under_way == Some(message));
                    self.fail(message, left, why.into());
                    self.over |= matches!(why, RequestError::Over | RequestError::TooManyTransactions(_));
                    self.report();
                }
            }
        }
    }

    /// Takes the next message.
    fn take(&mut self, limits: AnnouncedLimits) -> Option<()> {
        if self.over {
            return None;
        }
        let (envelope, content) = self.messages.next()?;
        let mut scanner = ContentScanner::new();
        scanner.feed(content);
        let mut receipt = Receipt::default();
        self.parts = envelope.for_content(&scanner.finish()).split(limits).collect();
        self.parts.iter().for_each(|part| receipt.add_transaction(part));
        self.content = content;
        self.records.push_back(Record {
            receipt,
            left: self.parts.len(),
            error: None,
        });
        Some(())
    }

    fn record(&mut self, message: usize) -> Option<&mut Record<E>> {
        self.records.get_mut(message.checked_sub(self.told)?)
    }

    /// Nothing more of this message is sent, but for the transactions that are left.
    fn fail(&mut self, message: usize, left: usize, error: Error<E>) {
        if message + 1 == self.told + self.records.len() {
            self.parts.clear();
        }
        if let Some(record) = self.record(message) {
            record.left = left;
            record.error.get_or_insert(error);
        }
    }
}

/// Where it is, and not what the messages are.
impl<I, F, E: error::Error + 'static> fmt::Debug for Outbox<'_, I, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("told", &self.told)
            .field("taken", &(self.told + self.records.len()))
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
