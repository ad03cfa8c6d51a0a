//! What a server said of a message, recipient by recipient.

use alloc::vec::Vec;

use super::{Event, MessageOutcome, ReplyTo};
use crate::types::{Code, Envelope, ForwardPath, Recipient, Reply};

/// The replies to a message, sorted by what they answer.
///
/// Made from the envelope before it is delivered, and fed with every event of the transaction. A message that takes
/// several transactions ([`Envelope::split`]) has one receipt: each envelope is announced with [`add_transaction`](Self::add_transaction).
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    transactions: Vec<Transaction>,
    /// How many of them are finished.
    finished: usize,
}

/// The replies to one transaction.
#[derive(Clone, Debug)]
struct Transaction {
    recipients: Vec<Entry>,
    /// The reply that spoke for all: a refusal of MAIL, DATA or a chunk, or the reply to the end of the message.
    common: Option<(ReplyTo, Reply<'static>)>,
    /// The whole message was sent, and the session ended without its final reply.
    unknown: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    path: ForwardPath<'static>,
    /// The last reply about this recipient alone, and what it answers: RCPT, or in LMTP the end of the message.
    own: Option<(ReplyTo, Reply<'static>)>,
}

/// What became of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientStatus<'r> {
    /// The server took responsibility for delivering to this recipient.
    Accepted(&'r Reply<'static>),
    /// The server refused, with this reply to this command.
    Refused(ReplyTo, &'r Reply<'static>),
    /// The session ended before that was decided; nothing was accepted.
    Rejected,
    /// The session ended between the end of the message and its reply: it may have been accepted or not.
    Unknown,
}

impl Receipt {
    /// An empty receipt for this envelope.
    #[must_use]
    pub fn new(envelope: &Envelope) -> Self {
        let mut receipt = Self::default();
        receipt.add_transaction(envelope);
        receipt
    }

    /// Announces the transaction of one more envelope of the same message, which begins behind those announced before.
    pub fn add_transaction(&mut self, envelope: &Envelope) {
        let entry = |recipient: &Recipient| Entry {
            path: recipient.forward_path().clone(),
            own: None,
        };
        self.transactions.push(Transaction {
            recipients: envelope.recipients().iter().map(entry).collect(),
            common: None,
            unknown: false,
        });
    }

    /// Notes an event of the transaction. Events that say nothing of it are passed over.
    pub fn record(&mut self, event: &Event<'_>) {
        let Some(transaction) = self.transactions.get_mut(self.finished) else {
            return;
        };
        match event {
            Event::Finished(_) => self.finished += 1,
            Event::Reply { to, reply } => transaction.reply(*to, reply),
            Event::Closed { message, .. } => transaction.unknown = *message == MessageOutcome::Unknown,
            _ => {}
        }
    }

    /// What became of each recipient, in the order of the envelope or envelopes.
    pub fn recipients(&self) -> impl Iterator<Item = (&ForwardPath<'static>, RecipientStatus<'_>)> {
        self.transactions.iter().flat_map(|transaction| {
            transaction
                .recipients
                .iter()
                .map(|entry| (&entry.path, transaction.fate(entry)))
        })
    }

    /// Whether every recipient was accepted.
    #[must_use]
    pub fn all_accepted(&self) -> bool {
        self.recipients()
            .all(|(_, fate)| matches!(fate, RecipientStatus::Accepted(_)))
    }

    /// The last reply that spoke for all recipients of its transaction, if there was one, and what it answered.
    #[must_use]
    pub fn message(&self) -> Option<(ReplyTo, &Reply<'static>)> {
        let common = self
            .transactions
            .iter()
            .rev()
            .find_map(|transaction| transaction.common.as_ref());
        common.map(|(asked, reply)| (*asked, reply))
    }
}

impl Transaction {
    fn reply(&mut self, to: ReplyTo, reply: &Reply<'_>) {
        let decides = match to {
            ReplyTo::Recipient(_) | ReplyTo::Message | ReplyTo::MessageFor(_) => !reply.is_intermediate(),
            ReplyTo::Reset | ReplyTo::Mail | ReplyTo::Data | ReplyTo::Chunk | ReplyTo::Nothing => {
                is_refusal(reply)
            }
            _ => false,
        };
        if !decides {
            return;
        }
        let noted = || (to, reply.clone().into_owned());
        match to {
            // Once MAIL is refused, what is said of recipients follows from that.
            ReplyTo::Recipient(_) if self.common.is_some() => {}
            ReplyTo::Recipient(index) | ReplyTo::MessageFor(index) => {
                if let Some(entry) = self.recipients.get_mut(index) {
                    entry.own = Some(noted());
                }
            }
            _ => {
                self.common.get_or_insert_with(noted);
            }
        }
    }

    fn fate<'r>(&'r self, entry: &'r Entry) -> RecipientStatus<'r> {
        let accepted = match &entry.own {
            Some((asked, reply)) if is_refusal(reply) => return RecipientStatus::Refused(*asked, reply),
            Some((ReplyTo::MessageFor(_), reply)) => return RecipientStatus::Accepted(reply),
            own => own.is_some(),
        };
        match &self.common {
            Some((asked, reply)) if is_refusal(reply) => RecipientStatus::Refused(*asked, reply),
            Some((_, reply)) if accepted => RecipientStatus::Accepted(reply),
            _ if accepted && self.unknown => RecipientStatus::Unknown,
            _ => RecipientStatus::Rejected,
        }
    }
}

impl RecipientStatus<'_> {
    /// Whether trying again later may help: a 4yz reply, no reply at all, or 552 to RCPT, which some servers say
    /// when there are too many recipients (RFC 5321 section 4.5.3.1.10).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Accepted(_) => false,
            Self::Refused(ReplyTo::Recipient(_), reply) if reply.code() == Code::TOO_BIG => true,
            Self::Refused(_, reply) => reply.is_transient(),
            Self::Rejected | Self::Unknown => true,
        }
    }
}

fn is_refusal(reply: &Reply<'_>) -> bool {
    reply.is_transient() || reply.is_permanent()
}
