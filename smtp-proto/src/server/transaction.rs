//! MAIL, RCPT, DATA, RSET: opening a transaction and filling it.

use core::time::Duration;

use super::{
    Event, Next, Reset, Server, Timeouts, Unknown, auth::without_claims, body::Failure, pipeline::Reply,
    ticket::Kind,
};
use crate::{
    state::{Move, State},
    time::{Deadline, Instant, Phase},
    types::{Body, Keyword, Mail, MailParameters, OriginalRecipient, Rcpt, RcptParameters},
};

/// What the machine itself has to know of the open transaction; all else belongs to the application.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// Accepted recipients.
    pub(super) recipients: u32,
    /// What MAIL said of the content.
    pub(super) body: Option<Body>,
    /// MAIL had the parameter SMTPUTF8.
    pub(super) smtputf8: bool,
    /// Octets of content so far, as RFC 1870 counts them.
    pub(super) octets: u64,
    /// Why the message will be refused.
    pub(super) failure: Option<Failure>,
    /// Octets of content so far, as they came.
    received: u64,
    /// How long the machine has waited for them.
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Transaction {
    /// Starts the clock of the content.
    pub(super) fn begin_content(&mut self) {
        (self.received, self.waited, self.waiting_since) = (0, Duration::ZERO, None);
    }

    /// Counts octets of content that came, and ends the wait for them.
    pub(super) fn arrived(&mut self, octets: usize, now: Instant) {
        if octets > 0 {
            self.received = self.received.saturating_add(octets as u64);
            if let Some(since) = self.waiting_since.take() {
                self.waited = self.waited.saturating_add(now.since(since));
            }
        }
    }

    /// When the wait for content becomes too long. Every octet that came buys a little time, so that a large
    /// message may take long and a dripping peer may not.
    pub(super) fn waiting(&mut self, timeouts: &Timeouts, now: Instant) -> Deadline {
        let since = *self.waiting_since.get_or_insert(now);
        let earned = Duration::from_secs(self.received / u64::from(timeouts.min_rate.max(1)));
        let left = timeouts.data.saturating_add(earned).saturating_sub(self.waited);
        Deadline::new(since + left, Phase::DataBlock)
    }
}

impl Server {
    pub(super) fn mail<'i>(&mut self, mail: Mail<'i>) -> Next<'i> {
        if let Some(refusal) = self.judge_mail(mail.parameters()) {
            return self.fault_with(refusal);
        }
        if mail
            .parameters()
            .size()
            .is_some_and(|size| size > self.message_limit())
        {
            self.pipeline.reply(&Reply::Fixed("552 5.3.4 message too big"));
            self.idled();
            return Next::Again;
        }
        self.transaction = Transaction {
            body: mail.parameters().body(),
            smtputf8: mail.parameters().smtputf8(),
            ..Transaction::default()
        };
        let mail = if mail.parameters().auth().is_some() && !self.trusts_originators {
            without_claims(mail)
        } else {
            mail
        };
        Next::Event(Event::Mail {
            mail,
            ticket: self.pipeline.ask(Kind::Mail, self.now),
        })
    }

    pub(super) fn rcpt<'i>(&mut self, rcpt: Rcpt<'i>) -> Next<'i> {
        if let Some(refusal) = self.judge_rcpt(rcpt.parameters()) {
            return self.fault_with(refusal);
        }
        if !self.transaction.smtputf8 && !rcpt.forward_path().is_ascii() {
            return self.fault_with("553 5.6.7 a non-ASCII address needs SMTPUTF8");
        }
        if self.transaction.recipients >= self.config.limits.recipients {
            self.pipeline
                .reply(&Reply::Fixed("452 4.5.3 too many recipients"));
            self.idled();
            return Next::Again;
        }
        Next::Event(Event::Recipient {
            rcpt,
            ticket: self.pipeline.ask(Kind::Recipient, self.now),
        })
    }

    pub(super) fn data<'i>(&mut self) -> Next<'i> {
        if self.needs_chunks() {
            return self.fault_with("503 5.5.1 a BINARYMIME message needs BDAT");
        }
        Next::Event(Event::Message {
            ticket: self.pipeline.ask(Kind::Message, self.now),
        })
    }

    pub(super) fn rset<'i>(&mut self) -> Next<'i> {
        self.abort(Reset::Rset);
        self.state = self.state.after(Move::Rset).unwrap_or(self.state);
        self.attempted = false;
        self.pipeline.reply(&Reply::Fixed("250 2.0.0 reset"));
        Next::Again
    }

    pub(super) fn quit<'i>(&mut self) -> Next<'i> {
        self.abort(Reset::Quit);
        self.state = self.state.after(Move::Quit).unwrap_or(State::Closed);
        self.close_with("221 2.0.0 bye", super::Closed::Quit);
        Next::Again
    }

    /// Why the parameters of a MAIL command cannot be accepted: their extension is not offered
    /// (RFC 5321 section 4.1.1.11).
    fn judge_mail(&self, parameters: &MailParameters<'_>) -> Option<&'static str> {
        let offers = |keyword| self.extensions().has(keyword);
        let body_offered = match parameters.body() {
            None => true,
            Some(Body::BinaryMime) => offers(Keyword::BinaryMime) && offers(Keyword::Chunking),
            Some(_) => offers(Keyword::EightBitMime),
        };
        if parameters.size().is_some() && !offers(Keyword::Size) {
            Some("555 5.5.4 SIZE is not offered")
        } else if !body_offered {
            Some("555 5.5.4 this BODY is not offered")
        } else if parameters.smtputf8() && !offers(Keyword::SmtpUtf8) {
            Some("555 5.5.4 SMTPUTF8 is not offered")
        } else if (parameters.ret().is_some() || parameters.envelope_id().is_some()) && !offers(Keyword::Dsn)
        {
            Some("555 5.5.4 DSN is not offered")
        } else if parameters.auth().is_some() && !self.takes_originators() {
            Some("555 5.5.4 AUTH is not offered")
        } else if parameters.require_tls() && !self.offers(Keyword::RequireTls) {
            Some("555 5.5.4 REQUIRETLS is not offered")
        } else if self.config.unknown_parameters == Unknown::Refuse && parameters.others().next().is_some() {
            Some("555 5.5.4 parameter not recognised")
        } else {
            None
        }
    }

    /// The same for RCPT.
    fn judge_rcpt(&self, parameters: &RcptParameters<'_>) -> Option<&'static str> {
        let dsn = parameters.notify().is_some() || parameters.original_recipient().is_some();
        if dsn && !self.extensions().has(Keyword::Dsn) {
            Some("555 5.5.4 DSN is not offered")
        } else if self.config.unknown_parameters == Unknown::Refuse && parameters.others().next().is_some() {
            Some("555 5.5.4 parameter not recognised")
        } else if !self.transaction.smtputf8
            && parameters
                .original_recipient()
                .is_some_and(OriginalRecipient::needs_smtputf8)
        {
            // RFC 3461 section 4.2 has ASCII; with SMTPUTF8 Postfix sends UTF-8 as xtext.
            Some("501 5.5.4 syntax error in a parameter")
        } else {
            None
        }
    }
}
