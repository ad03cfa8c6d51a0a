//! The decisions on a complete message.

use super::content::Transaction;
use crate::{state::State, types::Rejection};

/// A complete message that waits for the decisions of the application: one in SMTP, one for each recipient in LMTP and
/// with PRDR.
#[derive(Debug)]
pub(super) struct Verdicts {
    transaction: Transaction,
    /// Decisions so far.
    given: u32,
    /// The sum of the decisions.
    sum: Verdict,
    /// The state in which the message came.
    state: State,
}

/// A decision on a message, from the worst to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// 5yz.
    Refused,
    /// 4yz.
    NotNow,
    Accepted,
}

impl Verdict {
    pub(super) const fn of(rejection: &Rejection) -> Self {
        if rejection.is_transient() {
            Self::NotNow
        } else {
            Self::Refused
        }
    }
}

impl Verdicts {
    pub(super) const fn new(transaction: Transaction, state: State) -> Self {
        Self {
            transaction,
            given: 0,
            sum: Verdict::Refused,
            state,
        }
    }

    pub(super) const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// Returns `true` if the decisions come between 353 and a last reply for all (draft-hall-prdr).
    pub(super) const fn has_prdr(&self) -> bool {
        self.transaction.has_prdr()
    }

    /// The best of all decisions, if this one is the last and a reply for all follows it.
    pub(super) fn sum(&self, last: Verdict) -> Option<Verdict> {
        (self.has_prdr() && self.due() == 1).then(|| self.sum.max(last))
    }

    /// The recipient that the next decision is about. `None`: all of them.
    pub(super) fn recipient(&self) -> Option<u32> {
        self.transaction.recipient(self.given)
    }

    /// The number of decisions that are due, the open one included.
    pub(super) const fn due(&self) -> u32 {
        self.transaction.decisions().saturating_sub(self.given)
    }

    /// Goes on to the next decision.
    pub(super) fn next(&mut self, verdict: Verdict) {
        self.sum = self.sum.max(verdict);
        self.given = self.given.saturating_add(1);
    }
}
