//! Open questions, and the tickets for answering them.

use core::{
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{Question, Step};

/// The right to answer one question of a [`Route`](super::Route), once.
///
/// A ticket cannot be copied, and the answer consumes it. Answers may come in any order, and from another task. `Q` is
/// [`Lookup`] for a question to the DNS and [`Connection`] for a target. If a ticket is dropped, its route waits for ever.
#[must_use = "the route waits until the question is answered"]
pub struct Ticket<Q> {
    route: u32,
    number: u32,
    question: PhantomData<fn(Q)>,
}

/// The question of [`Step::Ask`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a name without values")]
pub enum Lookup {}

/// The question of [`Step::Connect`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a name without values")]
pub enum Connection {}

/// The error for a ticket of another route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ticket belongs to another route")]
#[expect(clippy::exhaustive_structs, reason = "nothing can be added")]
pub struct StaleTicket;

/// The tickets of one route.
#[derive(Debug)]
pub(super) struct Tickets {
    route: u32,
    issued: u32,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Query {
    question: Question,
    /// The number of its ticket. `None`: not asked yet.
    asked: Option<u32>,
}

/// The number of routes created. `usize`, because some 32-bit targets have no 64-bit atomics.
static ROUTES: AtomicUsize = AtomicUsize::new(0);

impl<Q> Ticket<Q> {
    /// The number of the question in its route.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }
}

/// Shows only the number of the question, because that of the route differs from run to run.
impl<Q> fmt::Debug for Ticket<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket(#{})", self.number)
    }
}

impl Tickets {
    pub(super) fn new() -> Self {
        Self {
            route: ROUTES.fetch_add(1, Ordering::Relaxed) as u32,
            issued: 0,
        }
    }

    pub(super) const fn issue<Q>(&mut self) -> Ticket<Q> {
        self.issued = self.issued.wrapping_add(1);
        Ticket {
            route: self.route,
            number: self.issued,
            question: PhantomData,
        }
    }

    /// Returns true if this route issued the ticket.
    pub(super) const fn issued<Q>(&self, ticket: &Ticket<Q>) -> bool {
        ticket.route == self.route
    }
}

impl Query {
    pub(super) const fn new(question: Question) -> Self {
        Self {
            question,
            asked: None,
        }
    }

    /// Asks the question at the first call; waits afterwards.
    pub(super) fn ask(&mut self, tickets: &mut Tickets) -> Step {
        if self.asked.is_some() {
            return Step::Wait;
        }
        let ticket = tickets.issue();
        self.asked = Some(ticket.number());
        Step::Ask {
            question: self.question.clone(),
            ticket,
        }
    }

    /// Returns true if the ticket with this number answers the question.
    pub(super) fn has(&self, number: u32) -> bool {
        self.asked == Some(number)
    }
}
