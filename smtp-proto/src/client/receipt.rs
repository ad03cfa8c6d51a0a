//! The replies to a message, recipient by recipient.

use alloc::vec::Vec;

use super::{Event, MessageOutcome, Outcomes, RecipientOutcome, ReplyTo, Retry, omitted::Omissible};
use crate::types::{Code, Envelope, Extensions, ForwardPath, Keyword, Recipient, Reply};

/// The outcome of a message for each recipient, with the replies that decided it.
///
/// Create it from the envelope before the delivery, and [`record`](Self::record) every event of the transaction. A
/// message that takes several transactions ([`Envelope::split`]) has one receipt: add each envelope with
/// [`add_transaction`](Self::add_transaction).
///
/// ```
/// use smtp_proto::{
///     client::{Event, Receipt, RecipientStatus, ReplyTo},
///     syntax::parse_reply,
///     types::Envelope,
/// };
///
/// let envelope = Envelope::parse("ann@example.org", ["bob@example.net", "carl@example.net"])?;
/// let mut receipt = Receipt::new(&envelope);
/// // These come from a client:
/// for (to, reply) in [
///     (ReplyTo::Recipient(0), "250 ok\r\n"),
///     (ReplyTo::Recipient(1), "550 no such user\r\n"),
///     (ReplyTo::Message, "250 queued\r\n"),
/// ] {
///     let reply = parse_reply(reply.as_bytes())?;
///     receipt.record(&Event::Reply { to, reply });
/// }
/// let statuses: Vec<_> = receipt.recipients().map(|(_, status)| status).collect();
/// assert!(matches!(statuses[..], [RecipientStatus::Accepted(_), RecipientStatus::Refused { .. }]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "recipients may have been refused: only the receipt has their outcomes"]
pub struct Receipt {
    transactions: Vec<Transaction>,
    /// The number of finished transactions.
    finished: usize,
}

/// The replies to one transaction.
#[derive(Clone, Debug)]
struct Transaction {
    recipients: Vec<Entry>,
    /// The number of positive replies to RCPT.
    accepted: usize,
    /// The reply that decided for all: a refusal of MAIL, DATA or a chunk, or the reply to the end of the message.
    common: Option<(ReplyTo, Reply<'static>)>,
    /// 353 came: the replies to the message for each recipient are valid if the reply for all, which follows them, is
    /// positive (draft-hall-prdr).
    prdr: bool,
    /// The whole message was sent, and the session ended without its final reply.
    unknown: bool,
    /// The extensions whose parameters may be left out.
    asked: Omissible,
    /// Those of them that the server did not offer.
    omitted: Omissible,
}

#[derive(Clone, Debug)]
struct Entry {
    path: ForwardPath<'static>,
    own: OwnReply,
}

/// The last reply about one recipient alone, to RCPT or, in LMTP and with PRDR, to the end of the message.
#[derive(Clone, Debug)]
enum OwnReply {
    None,
    /// RCPT was accepted. Its text does not matter: a reply to the message decides.
    RcptAccepted,
    Decided(ReplyTo, Reply<'static>),
}

/// The outcome for one recipient, with the reply that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        rename_all = "kebab-case",
        bound(deserialize = "Reply<'r>: serde::Deserialize<'de>")
    )
)]
#[non_exhaustive]
pub enum RecipientStatus<'r> {
    /// The server took responsibility for the delivery to this recipient.
    Accepted(Reply<'r>),
    /// The server refused the recipient, or the message for all recipients.
    #[non_exhaustive]
    Refused {
        /// The command that the reply answers.
        to: ReplyTo,
        /// The reply.
        reply: Reply<'r>,
        /// Advice for sending the message to this recipient again.
        retry: Retry,
    },
    /// The session ended before a decision. Nothing was accepted.
    NotAccepted,
    /// The session ended between the end of the message and its reply. The message may have been accepted.
    Unknown,
}

impl Receipt {
    /// Creates a receipt for this envelope, without outcomes.
    pub fn new(envelope: &Envelope) -> Self {
        let mut receipt = Self::default();
        receipt.add_transaction(envelope);
        receipt
    }

    /// Adds the transaction of one more envelope of the same message, after the earlier ones.
    pub fn add_transaction(&mut self, envelope: &Envelope) {
        self.transactions.push(Transaction {
            recipients: envelope.recipients().iter().map(Entry::new).collect(),
            accepted: 0,
            common: None,
            prdr: false,
            unknown: false,
            asked: Omissible::of(envelope),
            omitted: Omissible::default(),
        });
    }

    /// Replaces the unfinished transactions with those of `rest`, the receipt of another session for their recipients.
    pub fn continue_with(&mut self, rest: Self) {
        self.transactions.truncate(self.finished);
        self.transactions.extend(rest.transactions);
        self.finished += rest.finished;
    }

    /// Records an event of the client. Ignores events that are not about the transaction.
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

    /// Records the server's [extensions](super::Client::extensions) for the open transaction;
    /// [`omitted`](Self::omitted) needs them.
    pub fn record_offer(&mut self, extensions: &Extensions) {
        if let Some(transaction) = self.transactions.get_mut(self.finished) {
            transaction.omitted = transaction.asked.without(extensions);
        }
    }

    /// The extensions that the message asked for and the server does not offer. The message was sent without their
    /// parameters.
    ///
    /// These are DSN, AUTH, MT-PRIORITY and NO-SOLICITING; DELIVERBY with mode N; RRVS with the action C. If a message
    /// requires an extension, the request fails instead. SIZE is not listed. A relay that omits BY=N or RRVS=C may owe
    /// the sender a notification (RFC 2852 section 4.1.4.2).
    pub fn omitted(&self) -> impl Iterator<Item = Keyword> {
        let all = |keyword: Keyword| {
            self.transactions
                .iter()
                .any(move |transaction| transaction.omitted.has(keyword))
        };
        Omissible::KEYWORDS
            .into_iter()
            .filter(move |keyword| all(*keyword))
    }

    /// The outcome for each recipient, in the order of the envelope or envelopes.
    pub fn recipients(&self) -> impl Iterator<Item = (&ForwardPath<'static>, RecipientStatus<'_>)> {
        self.transactions.iter().flat_map(|transaction| {
            transaction
                .recipients
                .iter()
                .map(|entry| (&entry.path, transaction.status(entry)))
        })
    }

    /// Converts the receipt to owned outcomes, which can be stored and merged with those of another host.
    #[must_use]
    pub fn into_outcomes(self) -> Outcomes {
        self.recipients()
            .map(|(path, status)| RecipientOutcome::new(path.clone(), status.into_owned()))
            .collect()
    }

    /// The number of finished transactions. The others can be sent in another session, unless the outcome of one is
    /// [unknown](RecipientStatus::Unknown).
    #[must_use]
    pub const fn finished(&self) -> usize {
        self.finished
    }

    /// Returns true if every recipient was accepted.
    #[must_use]
    pub fn all_accepted(&self) -> bool {
        self.recipients()
            .all(|(_, status)| matches!(status, RecipientStatus::Accepted(_)))
    }

    /// The last reply that decided for all recipients of its transaction, and the command that it answers.
    #[must_use]
    pub fn message(&self) -> Option<(ReplyTo, &Reply<'static>)> {
        let common = self
            .transactions
            .iter()
            .rev()
            .find_map(|transaction| transaction.common.as_ref());
        common.map(|(to, reply)| (*to, reply))
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
            self.prdr |= to == ReplyTo::Message && reply.code() == Code::RECIPIENTS_FOLLOW;
            return;
        }
        match to {
            // Once MAIL is refused, the replies to RCPT are consequences of that.
            ReplyTo::Recipient(_) if self.common.is_some() => {}
            ReplyTo::Recipient(index) | ReplyTo::MessageFor(index) => {
                if let Some(entry) = self.recipients.get_mut(index) {
                    let accepted = !is_refusal(reply);
                    self.accepted += usize::from(accepted && matches!(entry.own, OwnReply::None));
                    entry.own = match to {
                        ReplyTo::Recipient(_) if accepted => OwnReply::RcptAccepted,
                        _ => OwnReply::Decided(to, reply.clone().into_owned()),
                    };
                }
            }
            _ => {
                self.common
                    .get_or_insert_with(|| (to, reply.clone().into_owned()));
            }
        }
    }

    fn status<'r>(&'r self, entry: &'r Entry) -> RecipientStatus<'r> {
        let accepted = match &entry.own {
            OwnReply::Decided(to, reply) if is_refusal(reply) => return self.refused(*to, reply),
            OwnReply::Decided(_, reply) if !self.prdr => {
                return RecipientStatus::Accepted(reply.as_borrowed());
            }
            OwnReply::None => false,
            OwnReply::RcptAccepted | OwnReply::Decided(..) => true,
        };
        match (&self.common, &entry.own) {
            (Some((to, reply)), _) if is_refusal(reply) => self.refused(*to, reply),
            (Some(_), OwnReply::Decided(_, reply)) => RecipientStatus::Accepted(reply.as_borrowed()),
            (Some((_, reply)), _) if accepted => RecipientStatus::Accepted(reply.as_borrowed()),
            _ if accepted && self.unknown => RecipientStatus::Unknown,
            _ => RecipientStatus::NotAccepted,
        }
    }

    fn refused<'r>(&self, to: ReplyTo, reply: &'r Reply<'static>) -> RecipientStatus<'r> {
        let retry = match (to, Retry::of_reply(reply)) {
            (ReplyTo::Recipient(_), _)
                if reply.code() == Code::TOO_BIG && self.has_recipient_limit(reply) =>
            {
                Retry::Later
            }
            (_, retry) => retry.unwrap_or(Retry::Later),
        };
        RecipientStatus::Refused {
            to,
            reply: reply.as_borrowed(),
            retry,
        }
    }

    /// Returns true if 552 to RCPT means too many recipients (RFC 5321 section 4.5.3.1.10, RFC 3463 section 3.6).
    fn has_recipient_limit(&self, reply: &Reply<'_>) -> bool {
        let enhanced = reply
            .enhanced()
            .map(|enhanced| (enhanced.subject(), enhanced.detail()));
        match enhanced {
            Some((5, 3)) => true,
            _ => self.accepted > 0,
        }
    }
}

impl Entry {
    fn new(recipient: &Recipient) -> Self {
        Self {
            path: recipient.forward_path().clone(),
            own: OwnReply::None,
        }
    }
}

impl RecipientStatus<'_> {
    /// Returns advice for sending the message to this recipient again. Returns `None` if it was accepted.
    #[must_use]
    pub const fn retry(&self) -> Option<Retry> {
        match self {
            Self::Accepted(_) => None,
            Self::Refused { retry, .. } => Some(*retry),
            Self::NotAccepted => Some(Retry::Later),
            Self::Unknown => Some(Retry::Unknown),
        }
    }

    /// Returns true if sending the message to this recipient again may help: it was neither accepted nor permanently
    /// refused.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        !matches!(self.retry(), None | Some(Retry::Never))
    }

    /// Copies a borrowed status, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> RecipientStatus<'static> {
        match self {
            Self::Accepted(reply) => RecipientStatus::Accepted(reply.into_owned()),
            Self::Refused { to, reply, retry } => RecipientStatus::Refused {
                to,
                reply: reply.into_owned(),
                retry,
            },
            Self::NotAccepted => RecipientStatus::NotAccepted,
            Self::Unknown => RecipientStatus::Unknown,
        }
    }
}

fn is_refusal(reply: &Reply<'_>) -> bool {
    reply.is_transient() || reply.is_permanent()
}
