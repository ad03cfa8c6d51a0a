//! What a server said of a message, recipient by recipient.

use alloc::vec::Vec;

use super::{Asked, Event};
use crate::types::{Code, Envelope, ForwardPath, Protocol, Reply};

/// The replies to one transaction, sorted by what they answer.
///
/// Made from the envelope before it is delivered, and fed with every event of the transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    protocol: Protocol,
    recipients: Vec<(
        ForwardPath<'static>,
        Option<Reply<'static>>,
        Option<Reply<'static>>,
    )>,
    /// The reply that spoke for all: a refusal of MAIL, DATA or a chunk, or the reply to the end of the message.
    common: Option<(Asked, Reply<'static>)>,
    /// The whole message was sent.
    sent: bool,
}

/// What became of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientFate<'r> {
    /// The server took responsibility for delivering to this recipient.
    Accepted(&'r Reply<'static>),
    /// The server refused, with this reply to this command.
    Refused(Asked, &'r Reply<'static>),
    /// The session ended before that was decided; nothing was accepted.
    NotSent,
    /// The session ended between the end of the message and its reply: it may have been accepted or not.
    Unknown,
}

impl Receipt {
    /// An empty receipt for this envelope.
    #[must_use]
    pub fn new(protocol: Protocol, envelope: &Envelope) -> Self {
        let recipients = envelope
            .recipients()
            .iter()
            .map(|recipient| (recipient.forward_path().clone(), None, None))
            .collect();
        Self {
            protocol,
            recipients,
            common: None,
            sent: false,
        }
    }

    /// Notes an event of the transaction. Events that say nothing of it are passed over.
    pub fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Reply { to, reply } => self.reply(*to, reply),
            Event::Closed {
                message: super::Fate::Unknown,
                ..
            } => self.sent = true,
            _ => {}
        }
    }

    /// What became of each recipient, in the order of the envelope.
    pub fn recipients(&self) -> impl Iterator<Item = (&ForwardPath<'static>, RecipientFate<'_>)> {
        self.recipients
            .iter()
            .map(|(path, rcpt, own)| (path, self.fate(rcpt.as_ref(), own.as_ref())))
    }

    /// Whether every recipient was accepted.
    #[must_use]
    pub fn all_accepted(&self) -> bool {
        self.recipients()
            .all(|(_, fate)| matches!(fate, RecipientFate::Accepted(_)))
    }

    /// The reply that spoke for all recipients, if one did.
    #[must_use]
    pub fn message(&self) -> Option<(Asked, &Reply<'static>)> {
        self.common.as_ref().map(|(asked, reply)| (*asked, reply))
    }

    fn reply(&mut self, to: Asked, reply: &Reply<'_>) {
        let negative = reply.is_transient() || reply.is_permanent();
        match to {
            Asked::Recipient(index) => {
                if let Some(recipient) = self.recipients.get_mut(index) {
                    recipient.1 = Some(reply.clone().into_owned());
                }
            }
            Asked::MessageFor(index) => {
                if let Some(recipient) = self.recipients.get_mut(index) {
                    recipient.2 = Some(reply.clone().into_owned());
                }
            }
            Asked::Reset | Asked::Mail | Asked::Data | Asked::Chunk | Asked::Nothing if negative => {
                self.common
                    .get_or_insert_with(|| (to, reply.clone().into_owned()));
            }
            Asked::Message => {
                self.common
                    .get_or_insert_with(|| (to, reply.clone().into_owned()));
            }
            _ => {}
        }
    }

    fn fate<'r>(
        &'r self,
        rcpt: Option<&'r Reply<'static>>,
        own: Option<&'r Reply<'static>>,
    ) -> RecipientFate<'r> {
        let common = self.common.as_ref();
        match (rcpt, own, common) {
            (Some(rcpt), _, _) if !rcpt.is_positive_completion() && !self.refused_mail() => {
                RecipientFate::Refused(Asked::Recipient(0), rcpt)
            }
            (_, Some(own), _) if own.is_positive_completion() => RecipientFate::Accepted(own),
            (_, Some(own), _) => RecipientFate::Refused(Asked::Message, own),
            (Some(_), None, Some((Asked::Message, reply)))
                if reply.is_positive_completion() && self.protocol == Protocol::Smtp =>
            {
                RecipientFate::Accepted(reply)
            }
            (_, None, Some((asked, reply))) if !reply.is_positive_completion() => {
                RecipientFate::Refused(*asked, reply)
            }
            (Some(_), None, _) if self.sent => RecipientFate::Unknown,
            _ => RecipientFate::NotSent,
        }
    }

    /// Whether MAIL itself was refused: replies to RCPT say nothing then.
    fn refused_mail(&self) -> bool {
        matches!(self.common, Some((Asked::Mail | Asked::Reset, _)))
    }
}

impl RecipientFate<'_> {
    /// Whether trying again later may help: a 4yz reply, no reply at all, or 552 to RCPT, which some servers say
    /// when there are too many recipients (RFC 5321 section 4.5.3.1.10).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Accepted(_) => false,
            Self::Refused(Asked::Recipient(_), reply) if reply.code() == Code::TOO_BIG => true,
            Self::Refused(_, reply) => reply.is_transient(),
            Self::NotSent | Self::Unknown => true,
        }
    }
}
