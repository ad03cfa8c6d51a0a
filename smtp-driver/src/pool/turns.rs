//! A fair counter of places: tasks get a place in the order of their requests.

use std::{collections::VecDeque, mem, task::Waker};

/// A number of places, and the tasks that wait for one. The caller does the locking, and wakes the wakers that the functions
/// return.
///
/// A place that becomes free is reserved for the task that has waited longest. No other task overtakes it. If it stops
/// waiting, the next task gets the place.
#[derive(Debug)]
pub(super) struct Turns {
    places: usize,
    /// Places that are neither taken nor reserved. Zero if a task waits.
    free: usize,
    /// In the order of their tickets. Those with a reserved place are at the front.
    waiting: VecDeque<Waiting>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    waker: Waker,
    reserved: bool,
}

impl Turns {
    pub(super) const fn new(places: usize) -> Self {
        Self {
            places,
            free: places,
            waiting: VecDeque::new(),
            next_ticket: 0,
        }
    }

    /// Takes a place. Returns false if none is free.
    pub(super) const fn take(&mut self) -> bool {
        let free = self.free > 0;
        self.free = self.free.saturating_sub(1);
        free
    }

    /// Waits for a place, and returns the ticket for it.
    pub(super) fn wait(&mut self, waker: &Waker) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.push_back(Waiting {
            ticket,
            waker: waker.clone(),
            reserved: false,
        });
        ticket
    }

    /// Takes the place that is reserved for this ticket. Returns false if none is reserved, and keeps the waker.
    pub(super) fn take_reserved(&mut self, ticket: u64, waker: &Waker) -> bool {
        let Ok(index) = self.index(ticket) else {
            return false;
        };
        match self.waiting.get_mut(index) {
            Some(waiting) if !waiting.reserved => {
                waiting.waker.clone_from(waker);
                false
            }
            _ => self.waiting.remove(index).is_some(),
        }
    }

    /// Stops waiting. Returns the waker of the task that gets the reserved place.
    pub(super) fn leave(&mut self, ticket: u64) -> Option<Waker> {
        let index = self.index(ticket).ok()?;
        let left = self.waiting.remove(index)?;
        if left.reserved { self.give_back() } else { None }
    }

    /// Returns a place. The result is the waker of the task that gets the place.
    pub(super) fn give_back(&mut self) -> Option<Waker> {
        match self.waiting.iter_mut().find(|waiting| !waiting.reserved) {
            Some(next) => {
                next.reserved = true;
                Some(next.waker.clone())
            }
            None => {
                self.free += 1;
                None
            }
        }
    }

    /// Removes all tasks that wait, and returns their wakers.
    pub(super) fn dismiss(&mut self) -> impl Iterator<Item = Waker> + use<> {
        let waiting = mem::take(&mut self.waiting);
        self.free += waiting.iter().filter(|waiting| waiting.reserved).count();
        waiting.into_iter().map(|waiting| waiting.waker)
    }

    /// Number of places that are taken or reserved.
    pub(super) const fn taken(&self) -> usize {
        self.places - self.free
    }

    /// Number of tasks that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn index(&self, ticket: u64) -> Result<usize, usize> {
        self.waiting
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
    }
}

#[cfg(test)]
mod tests;
