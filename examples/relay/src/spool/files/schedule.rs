//! The times of all deliveries, in memory.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::spool::{Head, Id, Progress, State};

/// The deliveries that are due, and those that are leased.
///
/// The recipients of one message that share a next hop are one delivery.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    messages: HashMap<Id, Entry>,
    /// The deliveries to a next hop that are not leased, by their times.
    hops: HashMap<Arc<str>, BTreeSet<(u64, Id)>>,
    /// The first time of each next hop.
    heads: BTreeSet<(u64, Arc<str>)>,
    /// The number of the last lease.
    leases: u64,
}

/// A message.
#[derive(Debug)]
struct Entry {
    deliveries: Vec<Delivery>,
    logged: bool,
}

/// The recipients of a message that are left, and share a next hop.
#[derive(Debug)]
struct Delivery {
    next_hop: Arc<str>,
    /// Their indices, and the times of their next attempts.
    recipients: Vec<(usize, u64)>,
    lease: Option<u64>,
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) id: Id,
    pub(super) next_hop: Arc<str>,
    /// The indices of the recipients that are due.
    pub(super) recipients: Vec<usize>,
    pub(super) number: u64,
}

/// The rest of a message after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Some recipients.
    Some,
    /// Nothing. `logged`: it has a log.
    Nothing { logged: bool },
    /// The lease is not valid: the message was deleted.
    Stale,
}

impl Schedule {
    /// Adds a message with the states of its recipients. Returns false if nothing is left of it.
    pub(super) fn insert(&mut self, head: &Head, states: &[State], logged: bool) -> bool {
        let mut deliveries: Vec<Delivery> = Vec::new();
        for (n, (next_hop, state)) in head.next_hops.iter().zip(states).enumerate() {
            if state.ending.is_some() {
                continue;
            }
            let recipient = (n, state.due);
            match deliveries
                .iter_mut()
                .find(|delivery| *delivery.next_hop == **next_hop)
            {
                Some(delivery) => delivery.recipients.push(recipient),
                None => deliveries.push(Delivery {
                    next_hop: self.name(next_hop),
                    recipients: vec![recipient],
                    lease: None,
                }),
            }
        }
        if deliveries.is_empty() {
            return false;
        }
        for delivery in &deliveries {
            self.enqueue(&delivery.next_hop, delivery.due(), &head.id);
        }
        self.messages
            .insert(head.id.clone(), Entry { deliveries, logged });
        true
    }

    /// Leases deliveries that are due, the oldest first, none to next hops in `full`.
    pub(super) fn claim(&mut self, now: u64, most: usize, full: &HashSet<Arc<str>>) -> Vec<Lease> {
        let mut leases = Vec::new();
        while leases.len() < most {
            let next = self
                .heads
                .iter()
                .take_while(|(due, _)| *due <= now)
                .find(|(_, hop)| !full.contains(hop));
            let Some((due, next_hop)) = next.cloned() else {
                break;
            };
            let first = self.hops.get(&next_hop).and_then(|queue| queue.first().cloned());
            let Some((_, id)) = first else {
                self.heads.remove(&(due, next_hop));
                continue;
            };
            self.dequeue(&next_hop, due, &id);
            let number = self.leases.wrapping_add(1);
            let entry = self.messages.get_mut(&id);
            let Some(delivery) = entry.and_then(|entry| entry.to(&next_hop)) else {
                continue;
            };
            self.leases = number;
            delivery.lease = Some(number);
            let due = delivery.recipients.iter().filter(|(_, due)| *due <= now);
            leases.push(Lease {
                recipients: due.map(|(n, _)| *n).collect(),
                id,
                next_hop,
                number,
            });
        }
        leases
    }

    /// Returns true if the lease is valid.
    pub(super) fn is_leased(&self, id: &Id, number: u64) -> bool {
        let entry = self.messages.get(id);
        entry.is_some_and(|entry| {
            entry
                .deliveries
                .iter()
                .any(|delivery| delivery.lease == Some(number))
        })
    }

    /// Returns what these results leave of the message, without a change.
    pub(super) fn left_after(&self, id: &Id, number: u64, results: &[Progress]) -> Left {
        let Some(entry) = self.messages.get(id).filter(|_| self.is_leased(id, number)) else {
            return Left::Stale;
        };
        let ended = |n| {
            results
                .iter()
                .any(|result| result.n == n && result.state.ending.is_some())
        };
        let mut recipients = entry.deliveries.iter().flat_map(|delivery| &delivery.recipients);
        if recipients.all(|(n, _)| ended(*n)) {
            Left::Nothing { logged: entry.logged }
        } else {
            Left::Some
        }
    }

    /// Ends a lease with the results of the attempt; without results the deliveries are due as before.
    pub(super) fn end(&mut self, id: &Id, number: u64, results: &[Progress]) {
        let Some(entry) = self.messages.get_mut(id) else {
            return;
        };
        entry.logged |= !results.is_empty();
        let leased = entry
            .deliveries
            .iter_mut()
            .find(|delivery| delivery.lease == Some(number));
        let Some(delivery) = leased else {
            return;
        };
        delivery.lease = None;
        for result in results {
            if result.state.ending.is_some() {
                delivery.recipients.retain(|(n, _)| *n != result.n);
            } else if let Some((_, due)) = delivery.recipients.iter_mut().find(|(n, _)| *n == result.n) {
                *due = result.state.due;
            }
        }
        if delivery.recipients.is_empty() {
            entry
                .deliveries
                .retain(|delivery| !delivery.recipients.is_empty());
            if entry.deliveries.is_empty() {
                self.messages.remove(id);
            }
            return;
        }
        let (next_hop, due) = (Arc::clone(&delivery.next_hop), delivery.due());
        self.enqueue(&next_hop, due, id);
    }

    /// Ends a lease; the deliveries are due at this time.
    pub(super) fn postpone(&mut self, lease: &Lease, until: u64) {
        let delivery = self
            .messages
            .get_mut(&lease.id)
            .and_then(|entry| entry.to(&lease.next_hop));
        if let Some(delivery) = delivery {
            delivery
                .recipients
                .iter_mut()
                .for_each(|(_, due)| *due = until.max(*due));
        }
        self.end(&lease.id, lease.number, &[]);
    }

    /// Makes a message due now, except for deliveries that are leased. Returns false if there is none.
    pub(super) fn make_due(&mut self, id: &Id, now: u64) -> bool {
        let Some(entry) = self.messages.get_mut(id) else {
            return false;
        };
        let mut moved = Vec::new();
        for delivery in &mut entry.deliveries {
            let before = delivery.due();
            delivery
                .recipients
                .iter_mut()
                .for_each(|(_, due)| *due = now.min(*due));
            if delivery.lease.is_none() {
                moved.push((Arc::clone(&delivery.next_hop), before, delivery.due()));
            }
        }
        for (next_hop, before, after) in moved {
            self.dequeue(&next_hop, before, id);
            self.enqueue(&next_hop, after, id);
        }
        true
    }

    /// Removes a message; its leases are not valid any more. Returns false if there is none.
    pub(super) fn remove(&mut self, id: &Id) -> bool {
        let Some(entry) = self.messages.remove(id) else {
            return false;
        };
        for delivery in entry
            .deliveries
            .iter()
            .filter(|delivery| delivery.lease.is_none())
        {
            self.dequeue(&delivery.next_hop, delivery.due(), id);
        }
        true
    }

    /// The ids of all messages.
    pub(super) fn ids(&self) -> Vec<Id> {
        self.messages.keys().cloned().collect()
    }

    /// The number of messages.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The time of the first delivery that is not leased, to a next hop that is not in `full`.
    pub(super) fn next_due(&self, full: &HashSet<Arc<str>>) -> Option<u64> {
        let mut free = self.heads.iter().filter(|(_, hop)| !full.contains(hop));
        free.next().map(|(due, _)| *due)
    }

    /// One allocation for each next hop.
    fn name(&self, next_hop: &str) -> Arc<str> {
        self.hops
            .get_key_value(next_hop)
            .map_or_else(|| next_hop.into(), |(known, _)| Arc::clone(known))
    }

    fn enqueue(&mut self, next_hop: &Arc<str>, due: u64, id: &Id) {
        let queue = self.hops.entry(Arc::clone(next_hop)).or_default();
        let before = queue.first().map(|(due, _)| *due);
        queue.insert((due, id.clone()));
        let after = queue.first().map(|(due, _)| *due);
        self.moved(next_hop, before, after);
    }

    fn dequeue(&mut self, next_hop: &Arc<str>, due: u64, id: &Id) {
        let Some(queue) = self.hops.get_mut(next_hop) else {
            return;
        };
        let before = queue.first().map(|(due, _)| *due);
        queue.remove(&(due, id.clone()));
        let after = queue.first().map(|(due, _)| *due);
        if queue.is_empty() {
            self.hops.remove(next_hop);
        }
        self.moved(next_hop, before, after);
    }

    fn moved(&mut self, next_hop: &Arc<str>, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            self.heads.remove(&(before, Arc::clone(next_hop)));
        }
        if let Some(after) = after {
            self.heads.insert((after, Arc::clone(next_hop)));
        }
    }
}

impl Entry {
    fn to(&mut self, next_hop: &str) -> Option<&mut Delivery> {
        self.deliveries
            .iter_mut()
            .find(|delivery| *delivery.next_hop == *next_hop)
    }
}

impl Delivery {
    /// The time of the first recipient.
    fn due(&self) -> u64 {
        self.recipients
            .iter()
            .map(|(_, due)| *due)
            .min()
            .unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
