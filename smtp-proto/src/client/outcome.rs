//! Owned outcomes, for queues that try several hosts.

use alloc::vec::{self, Vec};

use super::{RecipientStatus, Retry};
use crate::types::ForwardPath;

/// The outcome for one recipient, without borrowed data, so that a queue can store it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RecipientOutcome {
    /// The recipient.
    pub recipient: ForwardPath<'static>,
    /// The outcome.
    pub status: RecipientStatus<'static>,
}

/// The outcomes for all recipients of a message, merged over the hosts that were tried.
///
/// ```
/// use smtp_proto::{
///     client::{Outcomes, RecipientOutcome, RecipientStatus},
///     syntax::parse_reply,
///     types::ForwardPath,
/// };
///
/// let bob = ForwardPath::parse("bob@example.org")?;
/// let mut outcomes: Outcomes = [RecipientOutcome::new(bob.clone(), RecipientStatus::NotAccepted)].into_iter().collect();
/// assert_eq!(outcomes.pending().count(), 1);
///
/// // The next host accepted the message.
/// let accepted = RecipientStatus::Accepted(parse_reply(b"250 queued\r\n")?);
/// outcomes.merge([RecipientOutcome::new(bob, accepted)].into_iter().collect());
/// assert_eq!(outcomes.pending().count(), 0);
/// assert!(outcomes.all_accepted());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcomes(Vec<RecipientOutcome>);

impl RecipientOutcome {
    /// Creates the outcome for a recipient.
    #[must_use]
    pub fn new(recipient: ForwardPath<'_>, status: RecipientStatus<'_>) -> Self {
        Self {
            recipient: recipient.into_owned(),
            status: status.into_owned(),
        }
    }

    /// Returns true if the message may be sent to the recipient again without the risk of a duplicate.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self.status.retry(), Some(Retry::Now | Retry::Later))
    }
}

impl Outcomes {
    /// Merges the outcomes of another host, which was tried for some or all of the [pending](Self::pending) recipients.
    /// Replaces pending outcomes, keeps those that are accepted, permanently refused or unknown, and adds new
    /// recipients.
    pub fn merge(&mut self, next: Self) {
        let mut from = 0;
        for outcome in next {
            // The next host mostly has the recipients in the same order.
            let matches = |known: &RecipientOutcome| known.recipient == outcome.recipient;
            let (before, after) = self.0.split_at_mut_checked(from).unwrap_or_default();
            let index = after
                .iter()
                .position(matches)
                .map(|index| index + before.len())
                .or_else(|| before.iter().position(matches));
            match index.and_then(|index| Some((index, self.0.get_mut(index)?))) {
                Some((index, known)) => {
                    from = index + 1;
                    if known.is_pending() {
                        *known = outcome;
                    }
                }
                None => self.0.push(outcome),
            }
        }
    }

    /// The outcomes, in the order of the recipients.
    pub fn iter(&self) -> impl Iterator<Item = &RecipientOutcome> {
        self.0.iter()
    }

    /// The recipients to which the message may be sent again, later or at another host.
    pub fn pending(&self) -> impl Iterator<Item = &ForwardPath<'static>> {
        self.iter()
            .filter(|outcome| outcome.is_pending())
            .map(|outcome| &outcome.recipient)
    }

    /// Returns true if every recipient was accepted.
    #[must_use]
    pub fn all_accepted(&self) -> bool {
        self.iter()
            .all(|outcome| matches!(outcome.status, RecipientStatus::Accepted(_)))
    }
}

impl FromIterator<RecipientOutcome> for Outcomes {
    fn from_iter<I: IntoIterator<Item = RecipientOutcome>>(outcomes: I) -> Self {
        Self(outcomes.into_iter().collect())
    }
}

impl IntoIterator for Outcomes {
    type Item = RecipientOutcome;
    type IntoIter = vec::IntoIter<RecipientOutcome>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests;
