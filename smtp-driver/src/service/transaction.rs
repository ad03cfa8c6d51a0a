//! The current transaction, and its loan to a future.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smtp_proto::types::Rcpt;

/// The current transaction.
pub(super) struct Transaction<M> {
    /// Shared by the concurrent questions about recipients.
    mail: Arc<M>,
    /// The numbers of the accepted recipients. Empty while they are 0, 1, 2 and so on, the usual case.
    indices: Vec<u32>,
    /// In the order of the RCPT commands.
    recipients: Vec<Rcpt<'static>>,
    /// Number of recipients whose delivery was decided.
    decided: usize,
}

impl<M> Transaction<M> {
    fn add(&mut self, index: u32, rcpt: Rcpt<'static>) {
        let next = self.recipients.len();
        if self.indices.is_empty() && index as usize == next {
            self.recipients.push(rcpt);
            return;
        }
        if self.indices.is_empty() {
            self.indices.extend((0..index).take(next));
        }
        let at = self.indices.partition_point(|earlier| *earlier < index);
        self.indices.insert(at, index);
        self.recipients.insert(at, rcpt);
    }

    /// The position of the recipient with this number.
    fn position(&self, index: u32) -> Option<usize> {
        if self.indices.is_empty() {
            return Some(index as usize);
        }
        self.indices.binary_search(&index).ok()
    }
}

/// The place of the current transaction while no future borrows it.
pub(super) struct Home<M>(Arc<Mutex<Option<Transaction<M>>>>);

impl<M> Home<M> {
    pub(super) fn new(mail: M) -> Self {
        let transaction = Transaction {
            mail: Arc::new(mail),
            indices: Vec::new(),
            recipients: Vec::new(),
            decided: 0,
        };
        Self(Arc::new(Mutex::new(Some(transaction))))
    }

    /// The state of the transaction, for a question about a recipient.
    pub(super) fn share(&self) -> Option<Arc<M>> {
        self.place()
            .as_ref()
            .map(|transaction| Arc::clone(&transaction.mail))
    }

    /// Adds an accepted recipient. Answers may come in any order.
    pub(super) fn add(&self, index: u32, rcpt: Rcpt<'static>) {
        if let Some(transaction) = &mut *self.place() {
            transaction.add(index, rcpt);
        }
    }

    /// Lends the transaction to a future. Returns `None` if another future has it.
    pub(super) fn lend(&self) -> Option<Loan<M>> {
        Some(Loan {
            transaction: Some(self.place().take()?),
            home: Self(Arc::clone(&self.0)),
        })
    }

    /// Counts a decision on one recipient. Returns true if it was the last one.
    pub(super) fn decide(&self) -> bool {
        self.place().as_mut().is_none_or(|transaction| {
            transaction.decided += 1;
            transaction.decided >= transaction.recipients.len()
        })
    }

    /// Takes the state of a transaction that is over. Returns `None` if a future has it.
    pub(super) fn into_mail(self) -> Option<M> {
        let transaction = self.place().take()?;
        Arc::into_inner(transaction.mail)
    }

    fn place(&self) -> MutexGuard<'_, Option<Transaction<M>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction lent to a future. Dropping the loan returns the transaction, even if the future is dropped before its end.
pub(super) struct Loan<M> {
    transaction: Option<Transaction<M>>,
    home: Home<M>,
}

impl<M> Loan<M> {
    /// The state of the transaction, and the accepted recipients in the order of the RCPT commands; with LMTP and PRDR, only
    /// the recipient with this number.
    pub(super) fn parts(&mut self, recipient: Option<u32>) -> Option<(&mut M, &[Rcpt<'static>])> {
        let transaction = self.transaction.as_mut()?;
        let recipients = match recipient {
            None => &*transaction.recipients,
            Some(index) => {
                let at = transaction.position(index)?;
                transaction.recipients.get(at..=at)?
            }
        };
        Some((Arc::get_mut(&mut transaction.mail)?, recipients))
    }
}

impl<M> Drop for Loan<M> {
    fn drop(&mut self) {
        *self.home.place() = self.transaction.take();
    }
}

#[cfg(test)]
mod tests;
