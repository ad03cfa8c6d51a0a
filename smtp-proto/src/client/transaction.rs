//! The envelope on its way: MAIL, RCPT and DATA, one by one or in groups.

use alloc::{boxed::Box, vec::Vec};

use super::{Client, Closed, ExtensionUse, Outcome, Rejected, ReplyTo, RequestError, Stage, body::Content};
use crate::{
    output::{Output, Sink},
    state::{Move, State},
    types::{
        Body, Envelope, Extensions, Keyword, MailParameters, Parameter, Protocol, RcptParameters, Recipient,
        Reply,
    },
};

/// No further command is queued while more than this is waiting to be written, in octets.
const OUTPUT_HIGH: usize = 4096;

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Transaction {
    /// Which of the session it is, for the permit to send its message.
    pub(super) number: u32,
    envelope: Envelope,
    /// How many commands were queued: MAIL is the first, then RCPT for each recipient, then DATA.
    sent: usize,
    /// How many of them were answered.
    answered: usize,
    /// The reply that decided that nobody gets the message.
    refused: Option<ReplyTo>,
    /// The indexes of the accepted recipients, in order.
    accepted: Vec<usize>,
    /// How many final replies came.
    finals: usize,
    /// Whether one of them was positive.
    any_accepted: bool,
    pub(super) content: Content,
}

impl Transaction {
    /// Whether something of it was sent.
    pub(super) const fn has_begun(&self) -> bool {
        self.sent > 0
    }

    /// How many commands are unanswered.
    pub(super) const fn outstanding(&self) -> usize {
        self.sent - self.answered
    }

    /// What the next reply answers.
    pub(super) fn awaited(&self) -> ReplyTo {
        self.asked(self.answered)
    }

    fn asked(&self, position: usize) -> ReplyTo {
        match position.checked_sub(1) {
            None => ReplyTo::Mail,
            Some(index) if index < self.envelope.recipients().len() => ReplyTo::Recipient(index),
            Some(_) => ReplyTo::Data,
        }
    }

    /// The recipient whose final reply comes next (LMTP).
    pub(super) fn final_recipient(&self) -> Option<usize> {
        self.accepted.get(self.finals).copied()
    }

    /// How many final replies LMTP still owes.
    pub(super) fn final_replies_due(&self) -> usize {
        self.accepted.len().saturating_sub(self.finals)
    }

    pub(super) const fn any_accepted(&self) -> bool {
        self.any_accepted
    }

    /// What decided that nobody gets the message.
    pub(super) const fn refused(&self) -> Option<ReplyTo> {
        self.refused
    }

    /// Notes that nobody gets the message because of this.
    pub(super) fn refuse(&mut self, asked: ReplyTo) {
        self.refused.get_or_insert(asked);
    }

    /// Notes a final reply; `true` when it was the last.
    pub(super) fn final_answered(&mut self, positive: bool, replies: usize) -> bool {
        self.any_accepted |= positive && self.refused.is_none();
        self.finals += 1;
        self.finals >= replies
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// Queues the commands that may be queued, so that at most `window` are unanswered. Returns whether there were any.
    pub(super) fn send(&mut self, window: usize, offered: &Extensions, output: &mut Output) -> bool {
        let recipients = self.envelope.recipients().len();
        let commands = 1 + recipients + usize::from(!self.content.chunking());
        let before = self.sent;
        while self.sent < commands
            && self.outstanding() < window
            && output.len() < OUTPUT_HIGH
            && self.refused.is_none()
        {
            // With every recipient refused there is no use for DATA.
            if self.answered == 1 + recipients && self.accepted.is_empty() {
                break;
            }
            match self.asked(self.sent) {
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
                _ => output.put(b"DATA"),
            }
            output.put(b"\r\n");
            self.sent += 1;
        }
        self.sent > before
    }
}

impl Client {
    /// Begins a transaction. MAIL and RCPT go out, in one group when the server offers PIPELINING; when the server
    /// is ready for the message, [`Event::Body`](super::Event::Body) comes, and in any case
    /// [`Event::Finished`](super::Event::Finished). A further message can be announced with
    /// [`deliver_next`](Self::deliver_next).
    ///
    /// Only parameters whose extension is offered are sent: SIZE, AUTH and the DSN parameters are left out silently
    /// (RFC 1870 section 6, RFC 4954 section 5, RFC 3461 section 5); a message that needs 8BITMIME, BINARYMIME or SMTPUTF8 is refused
    /// here, before anything is sent.
    ///
    /// # Errors
    ///
    /// Gives the envelope back with the reason when nothing can be sent.
    pub fn deliver(&mut self, envelope: Envelope) -> Result<(), Rejected<Box<Envelope>>> {
        let turn = self.turn();
        self.transaction = Some(self.plan(turn, envelope)?);
        self.begin();
        Ok(())
    }

    pub(super) fn begin(&mut self) {
        if self.needs_reset {
            self.send(&[b"RSET"]);
            self.stage = Stage::Resetting;
        } else {
            self.stage = Stage::Envelope;
        }
    }

    /// A transaction for this envelope, if it is its turn and the server takes it.
    pub(super) fn plan(
        &mut self,
        turn: Result<(), RequestError>,
        envelope: Envelope,
    ) -> Result<Box<Transaction>, Rejected<Box<Envelope>>> {
        let chunking = match turn.and_then(|()| self.judge(&envelope)) {
            Ok(chunking) => chunking,
            Err(error) => {
                return Err(Rejected {
                    value: Box::new(envelope),
                    error,
                });
            }
        };
        let endings = self.config.line_endings;
        let binary = envelope.parameters().body() == Some(Body::BinaryMime);
        let seven_bit = !self.extensions.has(Keyword::EightBitMime);
        self.transactions += 1;
        Ok(Box::new(Transaction {
            number: self.transactions,
            envelope,
            sent: 0,
            answered: 0,
            refused: None,
            accepted: Vec::new(),
            finals: 0,
            any_accepted: false,
            content: Content::new(chunking, binary, endings, seven_bit && !binary),
        }))
    }

    /// Whether this envelope can be sent in this session, and whether its message goes in chunks.
    fn judge(&self, envelope: &Envelope) -> Result<bool, RequestError> {
        let offers = |keyword| self.extensions.has(keyword);
        let needs = |keyword| {
            if offers(keyword) {
                Ok(())
            } else {
                Err(RequestError::NotOffered(keyword))
            }
        };
        let parameters = envelope.parameters();
        match parameters.body() {
            Some(Body::EightBitMime) => needs(Keyword::EightBitMime)?,
            Some(Body::BinaryMime) => needs(Keyword::Chunking).and(needs(Keyword::BinaryMime))?,
            _ => {}
        }
        if parameters.smtputf8() || envelope.needs_smtputf8() {
            needs(Keyword::SmtpUtf8)?;
        }
        if parameters.require_tls() {
            needs(Keyword::RequireTls)?;
            if self.tls.is_none() {
                // An offer in clear is anybody's (RFC 8689 section 4.1).
                return Err(RequestError::NotOffered(Keyword::RequireTls));
            }
        }
        let others = envelope
            .recipients()
            .iter()
            .flat_map(|recipient| recipient.parameters().others());
        if !parameters
            .others()
            .chain(others)
            .all(|parameter| self.offers_parameter(&parameter))
        {
            return Err(RequestError::ParameterNotOffered);
        }
        if let (Some(size), Some(limit)) = (parameters.size(), self.extensions.size_limit())
            && size > limit
        {
            return Err(RequestError::TooBig { size, limit });
        }
        let recipients = envelope.recipients();
        if recipients.is_empty() {
            return Err(RequestError::NoRecipients);
        }
        let limits = self.extensions.limits();
        let exceeds = |count: usize, most: u32| u32::try_from(count).map_or(true, |count| count > most);
        if let Some(most) = limits
            .rcpt_max()
            .filter(|most| exceeds(recipients.len(), most.get()))
        {
            return Err(RequestError::TooManyRecipients(most.get()));
        }
        if let Some(most) = limits.rcpt_domain_max()
            && exceeds(envelope.domains(), most.get())
        {
            return Err(RequestError::TooManyDomains(most.get()));
        }
        if let Some(most) = limits.mail_max().filter(|most| self.transactions >= most.get()) {
            return Err(RequestError::TooManyTransactions(most.get()));
        }
        let binary = parameters.body() == Some(Body::BinaryMime);
        Ok(binary || (self.config.chunking == ExtensionUse::IfOffered && offers(Keyword::Chunking)))
    }

    /// Whether the extension that a parameter belongs to is offered.
    fn offers_parameter(&self, parameter: &Parameter<'_>) -> bool {
        let keyword = parameter.keyword();
        // Keywords of extensions whose parameters are called otherwise.
        let extension = match keyword.to_ascii_uppercase().as_str() {
            "BY" => "DELIVERBY",
            "HOLDFOR" | "HOLDUNTIL" => "FUTURERELEASE",
            "SOLICIT" => "NO-SOLICITING",
            "TRANSID" => "CHECKPOINT",
            _ => keyword,
        };
        self.extensions.other(extension).is_some()
    }

    /// How many commands may be unanswered.
    pub(super) fn window(&self) -> usize {
        if self.pipelines() {
            self.config.limits.max_unanswered.max(1)
        } else {
            1
        }
    }

    /// Queues what may be queued. Returns `true` when the stage has changed.
    pub(super) fn send_envelope(&mut self) -> bool {
        let window = self.window();
        let Some(transaction) = &mut self.transaction else {
            return false;
        };
        let awaited = transaction.outstanding() > 0;
        if transaction.send(window, &self.extensions, &mut self.output) && !awaited {
            self.waiting.stop();
        }
        let recipients = transaction.envelope.recipients().len();
        if transaction.outstanding() > 0 {
            return false;
        }
        let all = 1 + recipients;
        let outcome = match transaction.refused {
            Some(asked) => asked,
            None if transaction.accepted.is_empty() => ReplyTo::Recipient(recipients.saturating_sub(1)),
            None if transaction.answered >= all && transaction.content.chunking() => {
                self.stage = Stage::Permit;
                return true;
            }
            None => return false,
        };
        // MAIL was accepted and the transaction is not completed: the server still holds it.
        self.needs_reset = outcome != ReplyTo::Mail;
        self.stage = Stage::Finished(Outcome::Refused(outcome), None);
        true
    }

    pub(super) fn envelope_answered(&mut self, to: ReplyTo, reply: &Reply<'_>) {
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        transaction.answered += 1;
        if to == ReplyTo::Data && transaction.accepted.is_empty() {
            // What DATA is answered follows from the refusal of the last recipient.
            let last = transaction.envelope.recipients().len().saturating_sub(1);
            transaction.refuse(ReplyTo::Recipient(last));
        }
        let positive = reply.is_positive_completion();
        match to {
            ReplyTo::Mail if positive => self.state = self.state.after(Move::Mail).unwrap_or(State::Mail),
            ReplyTo::Recipient(index) if positive && transaction.refused.is_none() => {
                transaction.accepted.push(index);
                self.state = State::Recipients;
            }
            ReplyTo::Recipient(_) => {}
            ReplyTo::Data if reply.is_intermediate() => {
                self.state = State::Data;
                match (transaction.refused, self.config.protocol) {
                    (None, _) => self.stage = Stage::Permit,
                    // Nobody is to get the message, but the server waits for one (RFC 2920 section 3.1).
                    (Some(decided), Protocol::Smtp) => {
                        self.output.put(b".\r\n");
                        self.stage = Stage::LoneDot(decided);
                    }
                    // An LMTP server must refuse DATA (RFC 2033 section 4.2): with nobody to get the message,
                    // none of the replies to it would come.
                    (Some(_), Protocol::Lmtp) => self.close(Closed::Unexpected),
                }
            }
            _ => transaction.refuse(to),
        }
    }
}

/// The MAIL parameters that may be sent to this server.
fn mail_parameters<'a>(envelope: &Envelope, offered: &Extensions) -> MailParameters<'a> {
    let mut parameters = envelope.parameters().clone();
    parameters.smtputf8 |= envelope.needs_smtputf8();
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
    if !offered.has(Keyword::Auth) {
        parameters.auth = None;
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
    parameters
}
