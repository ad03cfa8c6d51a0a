//! A transaction: its commands, their replies, and its message.

use alloc::vec::Vec;

use super::{ReplyTo, content::Content};
use crate::{
    output::{Output, Sink},
    state::State,
    types::{
        Body, Envelope, Extensions, Keyword, MailParameters, Protocol, RcptParameters, Recipient, Reply,
    },
};

/// The length of output, in octets, above which no further command is queued.
const OUTPUT_HIGH: usize = 4096;

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The position of the transaction in its session, which binds the permit to it.
    number: u32,
    envelope: Envelope,
    scope: Scope,
    /// Commands queued: MAIL, then RCPT for each recipient, then DATA.
    sent: usize,
    /// Commands answered.
    answered: usize,
    /// The command whose reply refused the message for all recipients.
    refused: Option<ReplyTo>,
    /// Accepted recipients.
    accepted: usize,
    /// The indices of the refused recipients, in order. They are usually fewer than the accepted ones.
    refused_recipients: Vec<usize>,
    /// Final replies received, for all or for one recipient.
    finals: usize,
    /// 353 came: a reply for each recipient and one for all follow (draft-hall-prdr).
    verdicts_follow: bool,
    /// Positive final replies.
    delivered: usize,
    pub(super) content: Content,
}

/// The part of the envelope that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it: DATA follows the last recipient.
    Complete,
    /// The application adds recipients one by one.
    Open,
}

/// The part of a finished transaction that the server still has. RSET clears it before the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leftover {
    Nothing,
    Sender,
    Recipients,
    /// A chunk was refused.
    Broken,
    /// The last chunk was refused (RFC 3030 section 2).
    LastChunk,
}

/// The effect of a reply to MAIL, RCPT or DATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// Further commands or replies follow.
    GoOn,
    /// The server awaits the message.
    Permitted,
    /// The server awaits a message although every recipient was refused; the reply to this command decided.
    ForNobody(ReplyTo),
}

/// The progress of the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Replies are due, or commands wait to be sent.
    Waiting,
    /// All recipients are answered, and the message is sent in chunks.
    Chunks,
    /// The message has no recipient left; the reply to this command decided.
    Refused(ReplyTo),
}

impl Transaction {
    pub(super) const fn new(number: u32, envelope: Envelope, scope: Scope, content: Content) -> Self {
        Self {
            number,
            envelope,
            scope,
            sent: 0,
            answered: 0,
            refused: None,
            accepted: 0,
            refused_recipients: Vec::new(),
            finals: 0,
            verdicts_follow: false,
            delivered: 0,
            content,
        }
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    pub(super) const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Adds a recipient to an open envelope.
    pub(super) fn add(&mut self, recipient: Recipient) {
        self.envelope.push(recipient);
    }

    /// Completes an open envelope: DATA, or the first chunk, may follow.
    pub(super) const fn complete(&mut self) {
        self.scope = Scope::Complete;
    }

    /// Returns true if the application may add recipients.
    pub(super) fn is_open(&self) -> bool {
        self.scope == Scope::Open
    }

    /// Returns true if the transaction waits for the application to add a recipient or complete the envelope.
    pub(super) fn awaits_application(&self) -> bool {
        self.is_open() && self.outstanding() == 0 && self.sent > self.envelope.recipients().len()
    }

    /// Returns true if a command was sent.
    pub(super) const fn has_begun(&self) -> bool {
        self.sent > 0
    }

    /// The number of unanswered commands.
    pub(super) const fn outstanding(&self) -> usize {
        self.sent - self.answered
    }

    /// The command that the next reply answers.
    pub(super) fn awaited(&self) -> ReplyTo {
        self.command(self.answered)
    }

    fn command(&self, position: usize) -> ReplyTo {
        match position.checked_sub(1) {
            None => ReplyTo::Mail,
            Some(index) if index < self.envelope.recipients().len() => ReplyTo::Recipient(index),
            Some(_) => ReplyTo::Data,
        }
    }

    /// The reply that refused the message for all recipients.
    pub(super) const fn refused(&self) -> Option<ReplyTo> {
        self.refused
    }

    /// Records that the message was refused for all recipients. The first refusal counts.
    pub(super) fn refuse(&mut self, by: ReplyTo) {
        self.refused.get_or_insert(by);
    }

    /// The part that the server holds before the message is sent.
    pub(super) const fn leftover(&self) -> Leftover {
        if self.answered == 0 || matches!(self.refused, Some(ReplyTo::Mail)) {
            Leftover::Nothing
        } else if self.accepted == 0 {
            Leftover::Sender
        } else {
            Leftover::Recipients
        }
    }

    /// The state while the message is sent.
    pub(super) const fn content_state(&self) -> State {
        match &self.content {
            Content::Data(_) => State::Data,
            Content::Chunks(_) if self.refused.is_some() => State::Broken,
            Content::Chunks(chunks) if chunks.accepted > 0 => State::Chunks,
            Content::Chunks(_) => State::Recipients,
        }
    }

    /// Returns true if the completed message is written. `unwritten` is the output left, in octets, and `behind` the
    /// part of it after the message.
    pub(super) const fn is_written(&self, unwritten: usize, behind: usize) -> bool {
        let held_back = match &self.content {
            Content::Data(_) => false,
            Content::Chunks(chunks) => chunks.holds_last(),
        };
        !held_back && unwritten <= behind
    }

    /// The number of final replies that are due: one, or in LMTP one for each accepted recipient; after 353 both.
    pub(super) const fn final_replies_due(&self, protocol: Protocol) -> usize {
        let recipients = self.accepted.saturating_sub(self.finals);
        match protocol {
            Protocol::Lmtp => recipients,
            Protocol::Smtp if self.verdicts_follow => recipients + 1,
            Protocol::Smtp => 1,
        }
    }

    /// The command that the next final reply answers.
    pub(super) fn final_reply(&self, protocol: Protocol) -> ReplyTo {
        match protocol {
            Protocol::Smtp if !self.verdicts_follow => ReplyTo::Message,
            _ if self.finals >= self.accepted => ReplyTo::Message,
            _ => ReplyTo::MessageFor(self.accepted_index(self.finals)),
        }
    }

    /// The index of the accepted recipient that comes after this many accepted ones.
    fn accepted_index(&self, before: usize) -> usize {
        self.refused_recipients
            .iter()
            .fold(before, |index, refused| index + usize::from(*refused <= index))
    }

    /// Returns true if 353 may come: the client asked for it, it has not come, and the message is not refused.
    pub(super) const fn awaits_verdicts(&self) -> bool {
        self.envelope.parameters().prdr()
            && !self.verdicts_follow
            && self.refused.is_none()
            && self.accepted > 0
    }

    /// Returns true if 353 came, and the replies for all recipients are refusals.
    pub(super) const fn was_refused_by_all(&self) -> bool {
        self.verdicts_follow && self.delivered == 0 && self.finals == self.accepted
    }

    /// Returns true if 353 came, one recipient has no reply, and the replies for all others are refusals.
    pub(super) const fn was_refused_by_the_others(&self) -> bool {
        self.verdicts_follow && self.delivered == 0 && self.finals + 1 == self.accepted
    }

    /// Returns true if a final reply accepted the message.
    pub(super) const fn is_delivered(&self) -> bool {
        self.delivered > 0
    }

    /// Records a final reply.
    pub(super) const fn final_answered(&mut self, to: ReplyTo, reply: &Reply<'_>) {
        let positive = reply.is_positive_completion() && self.refused.is_none();
        match to {
            ReplyTo::Message if self.verdicts_follow => {
                // A refusal for all voids the replies before it.
                if !positive {
                    self.delivered = 0;
                }
            }
            _ if reply.is_intermediate() => self.verdicts_follow = true,
            _ => {
                self.finals += 1;
                if positive {
                    self.delivered += 1;
                }
            }
        }
    }

    /// Queues further commands, at most `window` of them unanswered. Returns the number of those queued.
    pub(super) fn send(&mut self, window: usize, offered: &Extensions, output: &mut Output) -> usize {
        let recipients = self.envelope.recipients().len();
        let data = matches!((self.scope, &self.content), (Scope::Complete, Content::Data(_)));
        let commands = 1 + recipients + usize::from(data);
        let before = self.sent;
        while self.sent < commands
            && self.outstanding() < window
            && output.len() < OUTPUT_HIGH
            && self.refused.is_none()
        {
            match self.command(self.sent) {
                ReplyTo::Mail => {
                    output.put(b"MAIL FROM:");
                    self.envelope.reverse_path().write(output);
                    mail_parameters(&self.envelope, offered).write(output);
                }
                ReplyTo::Recipient(index) => {
                    if let Some(recipient) = self.envelope.recipients().get(index) {
                        output.put(b"RCPT TO:");
                        recipient.forward_path().write(output);
                        rcpt_parameters(recipient, offered).write(output);
                    }
                }
                // If every recipient is refused, do not send DATA.
                _ if self.answered == self.sent && self.accepted == 0 => break,
                _ => output.put(b"DATA"),
            }
            output.put(b"\r\n");
            self.sent += 1;
        }
        self.sent - before
    }

    /// The progress, after [`send`](Self::send) has queued all permitted commands.
    pub(super) fn progress(&self) -> Progress {
        let recipients = self.envelope.recipients().len();
        if self.outstanding() > 0 {
            return Progress::Waiting;
        }
        match self.refused {
            Some(by) => Progress::Refused(by),
            None if self.is_open() || self.answered <= recipients => Progress::Waiting,
            None if self.accepted == 0 => Progress::Refused(self.last_recipient()),
            None if matches!(self.content, Content::Chunks(_)) => Progress::Chunks,
            None => Progress::Waiting,
        }
    }

    /// Records the reply to MAIL, RCPT or DATA.
    pub(super) fn answered(&mut self, to: ReplyTo, reply: &Reply<'_>) -> Answered {
        self.answered += 1;
        let positive = reply.is_positive_completion();
        match to {
            ReplyTo::Mail if positive => {}
            ReplyTo::Recipient(_) if positive && self.refused.is_none() => self.accepted += 1,
            ReplyTo::Recipient(index) => self.refused_recipients.push(index),
            ReplyTo::Data => {
                if self.accepted == 0 {
                    // The refusal of the last recipient caused the reply to DATA.
                    self.refuse(self.last_recipient());
                }
                return match self.refused {
                    _ if !reply.is_intermediate() => {
                        self.refuse(to);
                        Answered::GoOn
                    }
                    None => Answered::Permitted,
                    Some(by) => Answered::ForNobody(by),
                };
            }
            _ => self.refuse(to),
        }
        Answered::GoOn
    }

    fn last_recipient(&self) -> ReplyTo {
        ReplyTo::Recipient(self.envelope.recipients().len().saturating_sub(1))
    }
}

impl Leftover {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Nothing | Self::LastChunk => State::Ready,
            Self::Sender => State::Mail,
            Self::Recipients => State::Recipients,
            Self::Broken => State::Broken,
        }
    }
}

/// The MAIL parameters that may be sent to this server.
fn mail_parameters<'a>(envelope: &Envelope, offered: &Extensions) -> MailParameters<'a> {
    let mut parameters = envelope.parameters().clone();
    parameters.smtputf8 |= offered.has(Keyword::SmtpUtf8) && envelope.needs_smtputf8();
    if !offered.has(Keyword::Size) {
        parameters.size = None;
    }
    if !offered.has(Keyword::EightBitMime) && parameters.body != Some(Body::BinaryMime) {
        parameters.body = None;
    }
    if !offered.has(Keyword::Dsn) {
        parameters.ret = None;
        parameters.envelope_id = None;
    }
    if let Some(rare) = &mut parameters.rare {
        let offers = |keyword| offered.has(keyword);
        rare.auth.take_if(|_| !offers(Keyword::Auth));
        rare.deliver_by.take_if(|_| !offers(Keyword::DeliverBy));
        rare.priority.take_if(|_| !offers(Keyword::MtPriority));
        rare.solicitation.take_if(|_| !offers(Keyword::NoSoliciting));
    }
    parameters
}

/// The RCPT parameters that may be sent to this server.
fn rcpt_parameters<'a>(recipient: &Recipient, offered: &Extensions) -> RcptParameters<'a> {
    let mut parameters = recipient.parameters().clone();
    if !offered.has(Keyword::Dsn) {
        parameters.notify = None;
        parameters.original_recipient = None;
    }
    if !offered.has(Keyword::Rrvs) {
        parameters.rrvs = None;
    }
    parameters
}
