//! Answers that fit every question.

use super::{
    Closed, Next, Reset, Server, StaleTicket, Ticket,
    body::Mode,
    pipeline::Reply,
    ticket::{Acceptable, Kind},
};
use crate::{
    state::State,
    types::{Code, EnhancedCode, Protocol, Rejection, Text},
};

impl Server {
    /// Answers a question with yes. What that means stands with each [`Event`](super::Event);
    /// [`Auth`](super::Event::Auth) has an answer of its own, [`answer_auth`](Self::answer_auth).
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn accept<Q: Acceptable>(&mut self, ticket: Ticket<Q>) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        self.say_yes(&ticket, None);
        Ok(())
    }

    /// Answers a question with yes, in these words. The code stays what it is; a text that is not ASCII is made
    /// so unless the transaction, or the VRFY or EXPN in question, has SMTPUTF8 (RFC 6531 section 3.7.4).
    ///
    /// The greeting has the server's name before each line; of the words for EHLO, HELO and LHLO the first line
    /// follows the name; a first BDAT has no reply of its own yet, so the words for it are dropped.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn accept_with<Q: Acceptable>(
        &mut self,
        ticket: Ticket<Q>,
        text: Text<'_>,
    ) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        let text = if self.may_say_utf8(ticket.kind) {
            text
        } else {
            text.into_ascii()
        };
        self.say_yes(&ticket, Some(&text));
        Ok(())
    }

    /// Answers a question with no. No state changes; a rejection with code 421 also ends the session.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn reject<Q>(&mut self, ticket: Ticket<Q>, rejection: Rejection) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        let rejection = if self.may_say_utf8(ticket.kind) {
            rejection
        } else {
            rejection.into_ascii()
        };
        self.say_no(&ticket, rejection);
        Ok(())
    }

    /// Whether the reply to such a question may hold UTF-8 (RFC 6531 section 3.7.4).
    const fn may_say_utf8(&self, kind: Kind) -> bool {
        match kind {
            Kind::Connect | Kind::Hello | Kind::Auth => false,
            Kind::Verify | Kind::Expand => self.inquiry_utf8,
            _ => self.transaction.smtputf8,
        }
    }

    fn say_yes<Q>(&mut self, ticket: &Ticket<Q>, text: Option<&Text<'_>>) {
        let (code, status, usual) = match ticket.kind {
            Kind::Connect => return self.greeting(ticket, text),
            Kind::Hello => return self.welcome(ticket, text),
            // No such ticket can be accepted.
            Kind::Auth => return self.refuse_auth(ticket, Rejection::CREDENTIALS),
            Kind::Mail => {
                self.state = State::Mail;
                self.attempted = false;
                (Code::OK, (2, 1, 0), "250 2.1.0 sender ok")
            }
            Kind::Recipient => {
                self.recipient_accepted();
                (Code::OK, (2, 1, 5), "250 2.1.5 recipient ok")
            }
            Kind::Data if matches!(self.mode, Mode::Chunk(_)) => {
                self.pipeline.answer(ticket, &Reply::Ready(&[]));
                return self.chunks_allowed(None);
            }
            Kind::Data => {
                match text {
                    Some(text) => self
                        .pipeline
                        .answer(ticket, &Reply::Lines(Code::START_MAIL, None, text)),
                    None => self
                        .pipeline
                        .answer(ticket, &Reply::Bare("354 end with <CRLF>.<CRLF>")),
                }
                return self.begin_text();
            }
            Kind::EndOfData => (Code::OK, (2, 6, 0), "250 2.6.0 message accepted"),
            Kind::Verify => (
                Code::CANNOT_VERIFY,
                (2, 1, 5),
                "252 2.1.5 cannot verify, will try to deliver",
            ),
            Kind::Expand => (
                Code::CANNOT_VERIFY,
                (2, 1, 5),
                "252 2.1.5 cannot expand, will try to deliver",
            ),
            Kind::Help => (Code::HELP, (2, 0, 0), super::inquiry::HELP),
            Kind::Command => (Code::OK, (2, 5, 0), "250 2.5.0 ok"),
        };
        match text {
            None => self.pipeline.answer(ticket, &Reply::Fixed(usual)),
            Some(text) => {
                let status = EnhancedCode::new(status.0, status.1, status.2);
                self.pipeline.answer(ticket, &Reply::Lines(code, status, text));
            }
        }
        if ticket.kind == Kind::EndOfData {
            self.counters.idle_commands = 0;
            self.verdict_given();
        }
    }

    /// One more recipient of the open transaction.
    pub(super) fn recipient_accepted(&mut self) {
        self.transaction.recipients += 1;
        self.state = State::Recipients;
    }

    fn say_no<Q>(&mut self, ticket: &Ticket<Q>, rejection: Rejection) {
        match ticket.kind {
            Kind::Connect => return self.refuse_greeting(rejection.code(), rejection.text()),
            Kind::Hello => self.refuse_hello(ticket, &rejection),
            Kind::Auth if !rejection.closes() => self.refuse_auth(ticket, rejection.clone()),
            Kind::Data if matches!(self.mode, Mode::Chunk(_)) => {
                self.pipeline.answer(ticket, &Reply::Ready(&[]));
                return self.chunks_allowed(Some(rejection));
            }
            _ if rejection.closes() => {
                // Whatever question was open, this is the last word.
                self.pipeline.abandon();
                self.pipeline.reply(&Reply::Rejection(&rejection));
            }
            _ => self.pipeline.answer(ticket, &Reply::Rejection(&rejection)),
        }
        match ticket.kind {
            Kind::Mail => self.transaction = super::Transaction::default(),
            Kind::EndOfData => self.verdict_given(),
            _ => {}
        }
        if rejection.closes() {
            self.close(Closed::Rejected);
        } else if matches!(ticket.kind, Kind::Mail | Kind::Recipient | Kind::Data)
            || (ticket.kind, self.config.protocol) == (Kind::EndOfData, Protocol::Smtp)
        {
            self.counters.idle_commands = self.counters.idle_commands.saturating_add(1);
        }
    }

    /// The application's time is over: the question that is open for the longest time is answered with 451, and
    /// its ticket is stale.
    pub(super) fn answer_for_the_application(&mut self) {
        let Some((kind, _)) = self.pipeline.oldest() else {
            return;
        };
        if self.state == State::Connected {
            return self.refuse_greeting(
                Code::NOT_AVAILABLE,
                &const { Text::from_static("no answer, try again later") },
            );
        }
        if kind == Kind::EndOfData {
            let due = self.verdicts_due();
            self.pipeline
                .answer_oldest(&Reply::Rejection(&Rejection::LOCAL_ERROR));
            for _ in 1..due {
                self.pipeline.reply(&Reply::Rejection(&Rejection::LOCAL_ERROR));
            }
            self.abort(Reset::Unanswered);
            return self.end_transaction();
        }
        if kind == Kind::Data && matches!(self.mode, Mode::Chunk(_)) {
            self.pipeline.answer_oldest(&Reply::Ready(&[]));
            return self.chunks_allowed(Some(Rejection::LOCAL_ERROR));
        }
        if kind == Kind::Hello {
            self.introduction = None;
            return self
                .pipeline
                .answer_oldest(&Reply::Bare("451 no answer, try again later"));
        }
        if kind == Kind::Auth {
            return self.auth_unanswered();
        }
        if kind == Kind::Mail {
            self.transaction = super::Transaction::default();
        }
        self.pipeline
            .answer_oldest(&Reply::Fixed("451 4.3.0 no answer, try again later"));
    }

    /// A verdict was given: asks for the next, or ends the transaction.
    fn verdict_given(&mut self) {
        match self.mode {
            Mode::Verdicts(recipient) if self.verdicts_due() > 1 => self.mode = Mode::Verdicts(recipient + 1),
            _ => self.end_transaction(),
        }
    }

    /// How many verdicts the message still gets, the open one included.
    fn verdicts_due(&self) -> u32 {
        match (self.config.protocol, &self.mode) {
            (Protocol::Lmtp, Mode::Verdicts(recipient)) => {
                self.transaction.recipients.saturating_sub(*recipient)
            }
            _ => 1,
        }
    }

    /// Asks for the verdict on this recipient, or in SMTP on all.
    pub(super) fn next_verdict<'i>(&mut self, recipient: u32) -> Next<'i> {
        let recipient = match self.config.protocol {
            Protocol::Smtp => None,
            Protocol::Lmtp => Some(recipient),
        };
        Next::Event(super::Event::EndOfData {
            recipient,
            ticket: self.pipeline.ask(Kind::EndOfData, self.now),
        })
    }
}
