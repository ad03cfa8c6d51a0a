//! The recipients of a transaction: the accepted ones, and the open questions about others.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use smtp_proto::types::Rcpt;

/// The accepted recipients of a transaction.
#[derive(Default)]
pub(super) struct Recipients {
    /// Their numbers. Empty while they are 0, 1, 2 and so on, the usual case.
    indices: Vec<u32>,
    /// In the order of the RCPT commands.
    accepted: Vec<Rcpt<'static>>,
    /// Number of recipients whose delivery was decided.
    decided: usize,
}

impl Recipients {
    /// Adds an accepted recipient. Answers may come in any order.
    pub(super) fn add(&mut self, index: u32, rcpt: Rcpt<'static>) {
        let next = self.accepted.len();
        if self.indices.is_empty() && index as usize == next {
            self.accepted.push(rcpt);
            return;
        }
        if self.indices.is_empty() {
            self.indices.extend((0..index).take(next));
        }
        let at = self.indices.partition_point(|earlier| *earlier < index);
        self.indices.insert(at, index);
        self.accepted.insert(at, rcpt);
    }

    /// All accepted recipients, in the order of the RCPT commands.
    pub(super) fn all(&self) -> &[Rcpt<'static>] {
        &self.accepted
    }

    /// The recipients of a question about the message: all, or with LMTP and PRDR the one with this number.
    pub(super) fn of(&self, recipient: Option<u32>) -> Option<&[Rcpt<'static>]> {
        let Some(index) = recipient else {
            return Some(&self.accepted);
        };
        let at = if self.indices.is_empty() {
            index as usize
        } else {
            self.indices.binary_search(&index).ok()?
        };
        self.accepted.get(at..=at)
    }

    /// Counts the decision on one recipient, or on all. Returns true if no recipient is left.
    pub(super) const fn decide(&mut self, recipient: Option<u32>) -> bool {
        self.decided += 1;
        recipient.is_none() || self.decided >= self.accepted.len()
    }
}

/// Futures of one type that run concurrently.
pub(super) struct Concurrent<'p, F> {
    /// The place of a future that began alone, the usual case: it needs no allocation.
    first: Pin<&'p mut Option<F>>,
    /// The futures that began after it, in order.
    others: Vec<Pin<Box<F>>>,
}

impl<'p, F: Future> Concurrent<'p, F> {
    pub(super) const fn new(place: Pin<&'p mut Option<F>>) -> Self {
        Self {
            first: place,
            others: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// Adds a future, and polls it for the first time. Most are ready then.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>, future: F) -> Poll<F::Output> {
        if self.len() == 0 {
            self.first.set(Some(future));
            return self.poll_first(cx);
        }
        let mut future = Box::pin(future);
        let done = future.as_mut().poll(cx);
        if done.is_pending() {
            self.others.push(future);
        }
        done
    }

    /// Polls all, because nothing shows which future was woken.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, mut done: impl FnMut(F::Output)) {
        if let Poll::Ready(output) = self.poll_first(cx) {
            done(output);
        }
        self.others.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Ready(output) => {
                done(output);
                false
            }
            Poll::Pending => true,
        });
    }

    /// Drops the oldest futures, so that at most this many are left.
    pub(super) fn keep(&mut self, most: usize) {
        if self.len() > most {
            self.first.set(None);
            let excess = self.others.len().saturating_sub(most);
            self.others.drain(..excess);
        }
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(first) = self.first.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let done = first.poll(cx);
        if done.is_ready() {
            self.first.set(None);
        }
        done
    }
}

#[cfg(test)]
mod tests;
