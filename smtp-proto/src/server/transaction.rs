//! MAIL, RCPT, DATA, RSET: opening a transaction and filling it.

use alloc::{format, string::String, vec::Vec};

use super::{
    auth::without_originator,
    config::{Config, UnknownPolicy},
    content::Transaction,
    event::{Closed, Event},
    info::SessionInfo,
    phase::{Phase, Step},
    question::{MailQuestion, Question, RcptQuestion},
    refusal::SMTPUTF8_NOT_OFFERED,
    replies::Reply,
    session::{Next, Server},
};
use crate::{
    state::Move,
    types::{
        Body, Code, EnhancedCode, Keyword, Mail, MailParameters, OriginalRecipient, RareMailParameters, Rcpt,
        RcptParameters, SolicitationKeywords, Text,
    },
};

impl Server {
    /// Handles an in-sequence MAIL.
    pub(super) fn mail<'i>(&mut self, mail: Mail<'i>) -> Next<'i> {
        if !self.session.count_mail(&self.config.limits) {
            return self.close_too_many_transactions();
        }
        let parameters = mail.parameters();
        if let Some(refusal) = self.judge_mail(parameters) {
            self.advance(Step::RefuseMail);
            return self.refuse(refusal);
        }
        let limit = self.session.max_message_octets(&self.config);
        if parameters.size().is_some_and(|size| size > limit) {
            self.advance(Step::RefuseMail);
            return self.refuse_for_now("552 5.3.4 message too big");
        }
        if let Some(classes) = parameters
            .solicitation()
            .and_then(|classes| self.refused_classes(classes))
        {
            self.advance(Step::RefuseMail);
            return self.refuse_solicitation(&classes);
        }
        let question = Question::Mail(MailQuestion {
            body: parameters.body(),
            smtputf8: parameters.smtputf8(),
            prdr: parameters.prdr(),
        });
        let mail = if parameters.auth().is_some() && !self.session.trusts_originators {
            without_originator(mail)
        } else {
            mail
        };
        Next::Event(Event::Mail {
            mail,
            ticket: self.replies.ask(question, self.clock.now),
        })
    }

    /// Ends a session that has reached its limit of transactions, so that the client reconnects (RFC 9422 section 4.1).
    #[cold]
    fn close_too_many_transactions<'i>(&mut self) -> Next<'i> {
        self.close_with(
            "421 4.7.0 too many transactions, connect again",
            Closed::TooManyTransactions,
        );
        Next::Again
    }

    /// Opens the transaction after an accepted MAIL.
    pub(super) fn open_transaction(&mut self, mail: MailQuestion) {
        let transaction = Transaction::new(self.config.protocol, mail);
        self.advance(Step::Mail(transaction));
        self.use_origin();
    }

    /// Handles RCPT.
    pub(super) fn rcpt<'i>(&mut self, rcpt: Rcpt<'i>) -> Next<'i> {
        let Phase::Envelope(transaction) = &mut self.phase else {
            return self.refuse_misplaced(Move::Rcpt);
        };
        let (smtputf8, recipients) = (transaction.smtputf8, transaction.recipients());
        let refusal = judge_rcpt(&self.session, &self.config, rcpt.parameters(), smtputf8);
        let is_unicode = !smtputf8 && !rcpt.forward_path().is_ascii();
        if refusal.is_none() && !is_unicode && recipients < self.config.limits.max_recipients {
            if !self
                .session
                .count_domain(&self.config.limits, rcpt.forward_path())
            {
                return self.refuse_excess("452 4.5.3 too many recipient domains");
            }
            let index = transaction.next_index();
            let question = RcptQuestion { index, smtputf8 };
            return Next::Event(Event::Recipient {
                index,
                rcpt,
                ticket: self.replies.ask_recipient(question, self.clock.now),
            });
        }
        let refusal = match refusal {
            Some(refusal) => refusal,
            None if is_unicode => "553 5.6.7 a non-ASCII address needs SMTPUTF8",
            None => return self.refuse_excess("452 4.5.3 too many recipients"),
        };
        self.advance(Step::RefuseRcpt);
        self.refuse(refusal)
    }

    /// Refuses a recipient beyond a limit.
    #[cold]
    fn refuse_excess<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.advance(Step::RefuseRcpt);
        self.replies.reply(&Reply::Fixed(reply));
        let most = self.config.limits.max_recipient_overshoot;
        self.abuse.count_excess_recipient(most);
        self.end_if_idle();
        Next::Again
    }

    /// Handles an in-sequence DATA.
    pub(super) fn data<'i>(&mut self) -> Next<'i> {
        let transaction = self.phase.transaction();
        // RFC 3030 section 3.
        if transaction.is_some_and(|transaction| transaction.body == Some(Body::BinaryMime)) {
            return self.refuse("503 5.5.1 a BINARYMIME message needs BDAT");
        }
        let smtputf8 = self.phase.smtputf8();
        Next::Event(Event::Data {
            ticket: self.replies.ask(Question::Data { smtputf8 }, self.clock.now),
        })
    }

    /// Handles an in-sequence RSET.
    pub(super) fn rset<'i>(&mut self) -> Next<'i> {
        self.advance(Step::Rset);
        self.forget_origin();
        self.replies.reply(&Reply::Fixed("250 2.0.0 reset"));
        Next::Again
    }

    /// Returns the refusal of a MAIL command with a parameter whose extension is not offered (RFC 5321 section 4.1.1.11).
    fn judge_mail(&self, parameters: &MailParameters<'_>) -> Option<&'static str> {
        let offers = |keyword| self.session.takes_parameters(&self.config, keyword);
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
            Some(SMTPUTF8_NOT_OFFERED)
        } else if (parameters.ret().is_some() || parameters.envelope_id().is_some()) && !offers(Keyword::Dsn)
        {
            Some("555 5.5.4 DSN is not offered")
        } else if parameters.require_tls() && !offers(Keyword::RequireTls) {
            Some("555 5.5.4 REQUIRETLS is not offered")
        } else if parameters.prdr() && !offers(Keyword::Prdr) {
            Some("555 5.5.4 PRDR is not offered")
        } else if self.config.unknown_parameters == UnknownPolicy::Reject
            && !parameters.others.is_empty()
            && parameters.others().next().is_some()
        {
            Some("555 5.5.4 parameter not recognised")
        } else {
            parameters.rare.as_deref().and_then(|rare| self.judge_rare(rare))
        }
    }

    /// Does the same for parameters that few clients send, and checks them against the bounds that EHLO announced.
    #[cold]
    fn judge_rare(&self, rare: &RareMailParameters<'_>) -> Option<&'static str> {
        let offers = |keyword| self.session.takes_parameters(&self.config, keyword);
        let extensions = self.session.extensions(&self.config);
        if rare.auth.is_some() && !(offers(Keyword::Auth) && self.takes_originators()) {
            Some("555 5.5.4 AUTH is not offered")
        } else if rare.hold.is_some() && !offers(Keyword::FutureRelease) {
            Some("555 5.5.4 FUTURERELEASE is not offered")
        } else if rare.deliver_by.is_some() && !offers(Keyword::DeliverBy) {
            Some("555 5.5.4 DELIVERBY is not offered")
        } else if rare.priority.is_some() && !offers(Keyword::MtPriority) {
            Some("555 5.5.4 MT-PRIORITY is not offered")
        } else if rare.solicitation.is_some() && !offers(Keyword::NoSoliciting) {
            Some("555 5.5.4 NO-SOLICITING is not offered")
        } else if rare
            .hold
            .is_some_and(|hold| !extensions.future_release().allows(hold))
        {
            // RFC 4865 section 4.2.
            Some("501 5.5.4 the message would be held too long")
        } else if rare.is_held_beyond_deadline() {
            // RFC 4865 section 5.2.2.
            Some("501 5.5.4 the message would be held longer than BY allows")
        } else if rare
            .deliver_by
            .is_some_and(|by| by.is_below(extensions.deliver_by_min()))
        {
            // RFC 2852 section 3.
            Some("555 5.5.4 the time of BY is below the minimum")
        } else {
            None
        }
    }

    /// The classes of a message that EHLO announced as refused, separated by commas; `None` if there is none.
    #[cold]
    fn refused_classes(&self, classes: &SolicitationKeywords<'_>) -> Option<String> {
        let refused = self.session.extensions(&self.config).no_soliciting()?;
        // In the spelling of the server, because a reply never echoes the client's input.
        let refused: Vec<_> = refused.iter().filter(|class| classes.contains(class)).collect();
        (!refused.is_empty()).then(|| refused.join(","))
    }

    /// Refuses a message of these classes, and names them (RFC 3865 section 2.4).
    #[cold]
    fn refuse_solicitation<'i>(&mut self, classes: &str) -> Next<'i> {
        let text = Text::from_str_lossy(format!("SOLICIT={classes}"));
        let status = EnhancedCode::new(5, 7, 1);
        self.replies
            .reply(&Reply::Lines(Code::UNAVAILABLE, status, &text));
        self.count_idle();
        Next::Again
    }
}

/// Does the same for RCPT.
fn judge_rcpt(
    session: &SessionInfo,
    config: &Config,
    parameters: &RcptParameters<'_>,
    smtputf8: bool,
) -> Option<&'static str> {
    let dsn = parameters.notify().is_some() || parameters.original_recipient().is_some();
    if dsn && !session.takes_parameters(config, Keyword::Dsn) {
        Some("555 5.5.4 DSN is not offered")
    } else if parameters.rrvs.is_some() && !session.takes_parameters(config, Keyword::Rrvs) {
        Some("555 5.5.4 RRVS is not offered")
    } else if config.unknown_parameters == UnknownPolicy::Reject
        && !parameters.others.is_empty()
        && parameters.others().next().is_some()
    {
        Some("555 5.5.4 parameter not recognised")
    } else if !smtputf8
        && parameters
            .original_recipient()
            .is_some_and(OriginalRecipient::needs_smtputf8)
    {
        // RFC 3461 section 4.2 allows ASCII only. With SMTPUTF8, Postfix sends UTF-8 as xtext.
        Some("501 5.5.4 a non-ASCII ORCPT needs SMTPUTF8")
    } else {
        None
    }
}
