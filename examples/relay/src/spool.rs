//! The spool: messages that are accepted and not delivered yet.
//!
//! A spool keeps its promises by order. A message is durable before [`commit`](Spool::commit) returns, and only then the client
//! gets 250. Results are durable before [`record`](Spool::record) returns. A delivery belongs to one worker at a time: a
//! [`Claim`] is a lease, and [`renew`](Spool::renew) is its fence before the final dot.
//!
//! Times are in milliseconds since 1970.

#[cfg(test)]
pub(crate) mod faulty;
pub(crate) mod files;
mod id;
mod message;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;

use std::{collections::HashSet, io, sync::Arc};

use smtp_driver::Bytes;
use tokio::io::AsyncRead;

pub(crate) use self::{
    id::{Id, now, random},
    message::{Ending, Facts, Head, Heard, Last, Progress, State},
};

/// A place for messages. Clones share it.
pub(crate) trait Spool: Clone + Send + Sync + 'static {
    /// A message that is being received.
    type Incoming: Send + Sync;
    /// The content of a message.
    type Content: AsyncRead + Unpin + Send + 'static;

    /// Begins a message. Nothing of it counts before [`commit`](Self::commit): dropping it removes it.
    fn begin(&self, head: Head) -> impl Future<Output = io::Result<Self::Incoming>> + Send;

    /// Adds octets to the content.
    fn write(
        &self,
        incoming: &mut Self::Incoming,
        octets: &[u8],
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes the message durable. Its deliveries are due now. After an error the message does not exist.
    fn commit(&self, incoming: Self::Incoming, facts: Facts) -> impl Future<Output = io::Result<()>> + Send;

    /// Leases deliveries that are due, the oldest first: at most `most`, and none to the next hops in `full`.
    fn claim(
        &self,
        most: usize,
        full: &HashSet<Arc<str>>,
    ) -> impl Future<Output = io::Result<Vec<Claim>>> + Send;

    /// Renews a lease. Returns false if it is lost, or the message was deleted: nothing more may be sent.
    fn renew(&self, claim: &Claim) -> impl Future<Output = io::Result<bool>> + Send;

    /// Opens the content of a claimed message, from its first octet.
    fn content(&self, claim: &Claim) -> impl Future<Output = io::Result<Self::Content>> + Send;

    /// Records the results of an attempt durably, one for each recipient of the claim, and ends the lease.
    fn record(&self, claim: Claim, results: Vec<Progress>) -> impl Future<Output = io::Result<()>> + Send;

    /// Gives a lease back without an attempt: the deliveries are due as before.
    fn release(&self, claim: Claim) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until a delivery to a next hop that is not in `full` is due, or may be.
    fn ready(&self, full: &HashSet<Arc<str>>) -> impl Future<Output = ()> + Send;

    /// Lists the messages, the oldest first.
    #[allow(dead_code, reason = "for spools that `relay queue` does not read by itself")]
    fn list(&self) -> impl Future<Output = io::Result<Vec<Listed>>> + Send;

    /// Makes the deliveries of a message due now; of all messages without an id. Returns false if there is no such message.
    fn retry(&self, id: Option<&Id>) -> impl Future<Output = io::Result<bool>> + Send;

    /// Deletes a message without a report. Returns false if there is no such message.
    fn delete(&self, id: &Id) -> impl Future<Output = io::Result<bool>> + Send;
}

/// A lease on the deliveries of one message to one next hop.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The message.
    pub(crate) head: Arc<Head>,
    /// Facts of its content.
    pub(crate) facts: Facts,
    /// The next hop that the recipients share.
    pub(crate) next_hop: Arc<str>,
    /// The recipients: their index in the envelope, and their state before the attempt.
    pub(crate) recipients: Vec<(usize, State)>,
    /// The number of the lease: another one was leased later.
    pub(crate) lease: u64,
}

/// A message in a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The message.
    pub(crate) head: Head,
    /// The octets of its content.
    pub(crate) octets: u64,
    /// The states of the recipients of its envelope.
    pub(crate) states: Vec<State>,
}

/// Stores a message that is in memory.
///
/// # Errors
///
/// If the spool cannot store it.
pub(crate) async fn store<S: Spool>(spool: &S, head: Head, facts: Facts, pieces: &[Bytes]) -> io::Result<()> {
    let mut incoming = spool.begin(head).await?;
    for piece in pieces {
        spool.write(&mut incoming, piece).await?;
    }
    spool.commit(incoming, facts).await
}

impl Listed {
    /// The address of the sender; empty for the null sender.
    pub(crate) fn sender(&self) -> &str {
        let path = self.head.envelope.reverse_path().as_str();
        path.trim_start_matches('<').trim_end_matches('>')
    }

    /// The recipients that are left.
    pub(crate) fn left(&self) -> impl Iterator<Item = (&str, &State)> {
        let all = self.head.envelope.recipients().iter().zip(&self.states);
        all.filter(|(_, state)| state.ending.is_none())
            .map(|(recipient, state)| {
                let path = recipient.forward_path();
                (path.as_str(), state)
            })
    }
}
