//! A sequence of messages for one session.

use alloc::{boxed::Box, collections::VecDeque};
use core::{fmt, num::NonZeroU32};

use smtp_proto::{
    client::{Client, Closed, Event, MessageOutcome, Receipt, Rejected, ReplyTo, RequestError},
    data::ContentScanner,
    types::{AnnouncedLimits, Envelope},
};

use crate::{Error, SendError};

/// A sender of messages, one after the other, in one session. It reports the result of each.
///
/// A [`ContentScanner`] determines the parameters that a message needs. A message with more recipients than the server
/// accepts at once is sent in [several transactions](Envelope::split). Each transaction is
/// [announced](Client::deliver_next) while the message before it is being sent, so that both share a write.
///
/// A driver [begins](Self::begin) a transaction, sends the returned content, and passes each event to
/// [`follow`](Self::follow) until the transaction is over. If the session ends earlier, it calls [`failed`](Self::failed).
/// Results are reported as soon as they are known, in the order of the messages. After the session has ended or accepts no
/// more transactions, the iterator is not called again.
pub(crate) struct Outbox<'m, I, F, E> {
    messages: I,
    tell: F,
    /// The session accepts no more transactions.
    over: bool,
    /// The last message taken, if it needs one transaction that was not passed to the machine yet.
    whole: Option<Envelope>,
    /// Transactions of the last message taken that were not passed to the machine yet, if it needs several.
    parts: VecDeque<Envelope>,
    content: &'m [u8],
    /// Index of the message of the current transaction, counted from the first message of all.
    current: usize,
    /// Index and content of the message of the announced transaction.
    announced: Option<(usize, &'m [u8])>,
    /// Number of messages whose result was reported.
    reported: usize,
    records: VecDeque<Record<E>>,
}

/// State of a message whose result is not reported yet.
#[derive(Debug)]
struct Record<E> {
    receipt: Receipt,
    /// Number of unfinished transactions.
    left: usize,
    error: Option<Error<E>>,
}

impl<'m, I, F, E> Outbox<'m, I, F, E>
where
    I: Iterator<Item = (Envelope, &'m [u8])>,
    F: FnMut(Result<Receipt, SendError<E>>),
{
    /// Creates a sender. It takes each message from the iterator while it sends the one before, and calls `tell` with each
    /// result.
    pub(crate) const fn new(messages: I, tell: F) -> Self {
        Self {
            messages,
            tell,
            over: false,
            whole: None,
            parts: VecDeque::new(),
            content: &[],
            current: 0,
            announced: None,
            reported: 0,
            records: VecDeque::new(),
        }
    }

    /// Begins the next transaction and returns its content. Returns `None` if no transaction is left. The previous
    /// transaction must be over.
    pub(crate) fn begin(&mut self, machine: &mut Client) -> Option<&'m [u8]> {
        let limits = machine.extensions().limits();
        let (message, content) = match self.announced.take() {
            Some(announced) => announced,
            None => self.give(limits, None, |part| machine.deliver(part))?,
        };
        self.current = message;
        // Take the next message now, while the server works, and not when it waits for the content.
        if self.whole.is_none() && self.parts.is_empty() {
            self.take(limits);
            self.report();
        }
        Some(content)
    }

    /// Processes an event of the current transaction, and announces the next transaction on [`Event::Body`].
    pub(crate) fn follow(&mut self, event: &Event<'_>, machine: &mut Client) {
        if let Some(record) = self.record(self.current) {
            if matches!(
                event,
                Event::Reply {
                    to: ReplyTo::Mail,
                    ..
                }
            ) {
                record.receipt.record_offer(machine.extensions());
            }
            record.receipt.record(event);
            if matches!(event, Event::Finished(_)) {
                record.left = record.left.saturating_sub(1);
            }
        }
        self.report();
        if matches!(event, Event::Body(_)) && self.announced.is_none() {
            let limits = machine.extensions().limits();
            self.announced = self.give(limits, Some(self.current), |part| machine.deliver_next(part));
        }
    }

    /// Reports that the session ended before the current transaction.
    pub(crate) fn failed(&mut self, error: Error<E>) {
        if let Some((message, _)) = self.announced.take()
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

    /// Reports the results that are known now.
    fn report(&mut self) {
        while self.records.front().is_some_and(|record| record.left == 0)
            && let Some(record) = self.records.pop_front()
        {
            self.reported += 1;
            (self.tell)(match record.error {
                None => Ok(record.receipt),
                Some(error) => Err(SendError::new(error, record.receipt)),
            });
        }
    }

    /// Passes transactions to the machine until it accepts one. `current` is the message of a transaction in progress.
    fn give(
        &mut self,
        limits: AnnouncedLimits,
        current: Option<usize>,
        mut deliver: impl FnMut(Envelope) -> Result<(), Rejected<Box<Envelope>>>,
    ) -> Option<(usize, &'m [u8])> {
        loop {
            let Some(part) = self.whole.take().or_else(|| self.parts.pop_front()) else {
                self.take(limits)?;
                continue;
            };
            let message = self.reported + self.records.len() - 1;
            match deliver(part) {
                Ok(()) => return Some((message, self.content)),
                Err(Rejected { error: why, .. }) => {
                    let left = usize::from(current == Some(message));
                    self.fail(message, left, why.into());
                    self.over |= needs_new_session(why);
                    self.report();
                }
            }
        }
    }

    /// Takes the next message from the iterator. Returns `None` if no message is left, or if the session is over.
    fn take(&mut self, limits: AnnouncedLimits) -> Option<()> {
        if self.over {
            return None;
        }
        let (envelope, content) = self.messages.next()?;
        let mut scanner = ContentScanner::new();
        scanner.feed(content);
        let mut receipt = Receipt::default();
        let envelope = envelope.for_content(&scanner.finish());
        let recipients = envelope.recipients().len();
        let fits = |most: Option<NonZeroU32>| most.is_none_or(|most| recipients <= most.get() as usize);
        let left = if fits(limits.rcpt_max()) && fits(limits.rcpt_domain_max()) {
            // The envelope has at most as many domains as recipients. Splitting it costs seven allocations.
            receipt.add_transaction(&envelope);
            self.whole = Some(envelope);
            1
        } else {
            self.parts = envelope.split(limits).collect();
            self.parts.iter().for_each(|part| receipt.add_transaction(part));
            self.parts.len()
        };
        self.content = content;
        self.records.push_back(Record {
            receipt,
            left,
            error: None,
        });
        Some(())
    }

    fn record(&mut self, message: usize) -> Option<&mut Record<E>> {
        self.records.get_mut(message.checked_sub(self.reported)?)
    }

    /// Fails a message. Of its transactions, only the `left` ones in progress are completed.
    fn fail(&mut self, message: usize, left: usize, error: Error<E>) {
        if message + 1 == self.reported + self.records.len() {
            self.whole = None;
            self.parts.clear();
        }
        if let Some(record) = self.record(message) {
            record.left = left;
            record.error.get_or_insert(error);
        }
    }
}

/// Shows the position only, not the messages.
impl<I, F, E> fmt::Debug for Outbox<'_, I, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("reported", &self.reported)
            .field("taken", &(self.reported + self.records.len()))
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Returns true if the session accepts no further message, so that the rest needs another session.
const fn needs_new_session(why: RequestError) -> bool {
    matches!(
        why,
        RequestError::Over | RequestError::TooManyTransactions(_) | RequestError::TooManySessionDomains(_)
    )
}

#[cfg(test)]
mod tests;
