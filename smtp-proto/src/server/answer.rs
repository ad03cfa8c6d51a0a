//! Answers that fit every question.

use alloc::boxed::Box;

use super::{
    content::Failure,
    event::Closed,
    phase::{Phase, Step},
    question::Question,
    replies::{Reply, Turn},
    session::Server,
    ticket::{Acceptable, StaleTicket, Ticket},
    verdicts::Verdict,
};
use crate::types::{Code, EnhancedCode, Rejection, Text};

/// The positive reply to a question: code, enhanced code, and the default line.
struct Yes(Code, (u8, u16, u16), &'static str);

/// A custom text for a positive reply.
pub(super) struct Words<'t> {
    /// The enhanced code; `None` means that of the default reply.
    pub(super) status: Option<EnhancedCode>,
    pub(super) text: &'t Text<'t>,
}

impl Server {
    /// Accepts a question. Each [`Event`](super::Event) documents the effect.
    ///
    /// [`Event::Auth`](super::Event::Auth) and [`Event::Etrn`](super::Event::Etrn) need more than acceptance: see
    /// [`answer_auth`](Self::answer_auth) and [`answer_etrn`](Self::answer_etrn).
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn accept<Q: Acceptable>(&mut self, ticket: Ticket<Q>) -> Result<(), StaleTicket> {
        self.accept_any(&ticket.without_question())
    }

    /// Accepts a question with a custom reply text. The reply code is unchanged.
    ///
    /// If enhanced status codes are offered, the enhanced code of the default reply precedes each line, as in `250
    /// 2.1.5 bob`. A line that begins with an enhanced code of class 2 keeps its own.
    ///
    /// Characters beyond ASCII become `?` unless the transaction, or the VRFY or EXPN in question, has SMTPUTF8 (RFC 6531
    /// section 3.7.4).
    ///
    /// In the greeting, the server's name precedes each line. In the reply to EHLO, HELO and LHLO, the first line
    /// follows the name, and other lines are ignored. Acceptance of the first BDAT, or of XCLIENT, sends no reply, so
    /// the text is ignored.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn accept_with<Q: Acceptable>(
        &mut self,
        ticket: Ticket<Q>,
        text: Text<'_>,
    ) -> Result<(), StaleTicket> {
        self.accept_any_with(&ticket.without_question(), text)
    }

    /// Rejects a question. The state does not change. A rejection with code 421 also ends the session.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn reject<Q>(&mut self, ticket: Ticket<Q>, rejection: Rejection) -> Result<(), StaleTicket> {
        self.reject_any(&ticket.without_question(), rejection)
    }

    #[inline]
    fn accept_any(&mut self, ticket: &Ticket) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(ticket)?;
        self.accept_question(question, turn, None);
        Ok(())
    }

    fn accept_any_with(&mut self, ticket: &Ticket, text: Text<'_>) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(ticket)?;
        let text = if question.allows_utf8() {
            text
        } else {
            text.into_ascii()
        };
        let words = Words {
            status: None,
            text: &text,
        };
        self.accept_question(question, turn, Some(&words));
        Ok(())
    }

    fn reject_any(&mut self, ticket: &Ticket, rejection: Rejection) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(ticket)?;
        self.reject_legibly(question, turn, rejection);
        Ok(())
    }

    /// Rejects a question, with UTF-8 in the text only if the client allows it.
    pub(super) fn reject_legibly(&mut self, question: Question, turn: Turn, rejection: Rejection) {
        let rejection = if question.allows_utf8() {
            rejection
        } else {
            rejection.into_ascii()
        };
        self.reject_question(question, turn, rejection);
    }

    #[inline(always)] // most questions are accepted without a text
    pub(super) fn accept_question(&mut self, question: Question, turn: Turn, words: Option<&Words<'_>>) {
        let text = words.map(|words| words.text);
        match question {
            Question::Connect => self.accept_connection(turn, text),
            Question::Hello(hello) => self.accept_hello(turn, hello, text),
            // Authentication needs an identity.
            Question::Auth(round) => self.reject_auth(turn, round, Rejection::CREDENTIALS),
            // ETRN needs a result.
            Question::Etrn => self
                .replies
                .answer(turn, &Reply::Rejection(&Rejection::NODE_NOT_ALLOWED)),
            Question::Mail(mail) => {
                self.reply_yes(turn, Yes(Code::OK, (2, 1, 0), "250 2.1.0 sender ok"), words);
                self.open_transaction(mail);
            }
            Question::Recipient(recipient) => {
                self.reply_yes(turn, Yes(Code::OK, (2, 1, 5), "250 2.1.5 recipient ok"), words);
                self.advance(Step::Recipient(recipient.index));
            }
            Question::Data { .. } => {
                let reply = match text {
                    Some(text) => Reply::Lines(Code::START_MAIL, None, text),
                    None => Reply::Bare("354 end with <CRLF>.<CRLF>"),
                };
                self.replies.answer(turn, &reply);
                self.begin_text();
            }
            Question::Chunk { size, last, .. } => {
                self.replies.answer(turn, &Reply::Ready(&[]));
                self.begin_chunk(size, last);
            }
            Question::EndOfData { .. } => {
                self.reply_yes(
                    turn,
                    Yes(Code::OK, (2, 6, 0), "250 2.6.0 message accepted"),
                    words,
                );
                self.abuse.message_accepted();
                self.decide(Verdict::Accepted);
            }
            Question::Verify { .. } => {
                const LINE: &str = "252 2.1.5 cannot verify, will try to deliver";
                self.reply_yes(turn, Yes(Code::CANNOT_VERIFY, (2, 1, 5), LINE), words);
            }
            Question::Expand { .. } => {
                const LINE: &str = "252 2.1.5 cannot expand, will try to deliver";
                self.reply_yes(turn, Yes(Code::CANNOT_VERIFY, (2, 1, 5), LINE), words);
            }
            Question::Help { .. } => match words {
                None => self.list_commands(turn),
                Some(words) => {
                    let status = words.status.or(EnhancedCode::new(2, 0, 0));
                    self.replies
                        .answer(turn, &Reply::Lines(Code::HELP, status, words.text));
                }
            },
            Question::Xclient(info) => self.change_client(turn, &info, None),
            Question::Xforward(info) => {
                self.reply_yes(turn, Yes(Code::OK, (2, 0, 0), "250 2.0.0 ok"), words);
                self.keep_origin(&info);
            }
            Question::Command { .. } => {
                self.reply_yes(turn, Yes(Code::OK, (2, 5, 0), "250 2.5.0 ok"), words);
            }
        }
    }

    #[inline(always)]
    fn reply_yes(&mut self, turn: Turn, Yes(code, status, line): Yes, words: Option<&Words<'_>>) {
        let reply = match words {
            None => Reply::Fixed(line),
            Some(words) => {
                let usual = EnhancedCode::new(status.0, status.1, status.2);
                Reply::Lines(code, words.status.or(usual), words.text)
            }
        };
        self.replies.answer(turn, &reply);
    }

    pub(super) fn reject_question(&mut self, question: Question, turn: Turn, rejection: Rejection) {
        match question {
            Question::Connect => self.refuse_greeting(rejection.code(), rejection.text()),
            Question::Chunk { size, last, .. } => {
                self.replies.answer(turn, &Reply::Ready(&[]));
                self.begin_refused_chunk(size, last, Failure::Application(Box::new(rejection)));
            }
            question if rejection.closes() => self.close_rejected(&question, turn, &rejection),
            Question::Hello(_) => self.reject_hello(turn, &rejection),
            Question::Auth(round) => self.reject_auth(turn, round, rejection),
            Question::Mail(_) => {
                self.replies.answer(turn, &Reply::Rejection(&rejection));
                self.abuse.count_idle();
                self.advance(Step::RefuseMail);
            }
            Question::Recipient(_) | Question::Data { .. } => {
                self.replies.answer(turn, &Reply::Rejection(&rejection));
                self.abuse.count_idle();
            }
            Question::EndOfData { .. } => {
                self.replies.answer(turn, &Reply::Rejection(&rejection));
                let is_for_all =
                    matches!(&self.phase, Phase::Verdicts(verdicts) if verdicts.recipient().is_none());
                if is_for_all {
                    self.abuse.count_idle();
                }
                self.decide(Verdict::of(&rejection));
            }
            Question::Verify { .. }
            | Question::Expand { .. }
            | Question::Help { .. }
            | Question::Xclient(_)
            | Question::Xforward(_)
            | Question::Etrn
            | Question::Command { .. } => self.replies.answer(turn, &Reply::Rejection(&rejection)),
        }
    }

    /// Takes a decision on the message, or on one of its recipients.
    #[inline]
    fn decide(&mut self, verdict: Verdict) {
        self.reply_for_all(verdict);
        self.advance(Step::Verdict(verdict));
    }

    /// Queues the final PRDR reply if `last` is the decision for the last recipient (draft-hall-prdr). It is a refusal
    /// only if every recipient refused, because a client treats a refusal as one for all.
    fn reply_for_all(&mut self, last: Verdict) {
        let sum = match &self.phase {
            Phase::Verdicts(verdicts) => verdicts.sum(last),
            _ => None,
        };
        let Some(sum) = sum else {
            return;
        };
        self.replies.reply(&Reply::Fixed(match sum {
            Verdict::Accepted => "250 2.6.0 message accepted for at least one recipient",
            Verdict::NotNow => "450 4.0.0 no recipient accepted the message, try again later",
            Verdict::Refused => "550 5.0.0 no recipient accepted the message",
        }));
        if sum != Verdict::Accepted {
            self.abuse.count_idle();
        }
    }

    /// Rejects a question with 421 and ends the session, even if other questions are open.
    #[cold]
    fn close_rejected(&mut self, question: &Question, turn: Turn, rejection: &Rejection) {
        self.replies.abandon();
        let _ = turn; // its place is gone
        match question {
            Question::Hello(_) => {
                self.replies
                    .reply(&Reply::Lines(rejection.code(), None, rejection.text()));
            }
            _ => self.replies.reply(&Reply::Rejection(rejection)),
        }
        if matches!(question, Question::EndOfData { .. }) {
            self.advance(Step::Verdict(Verdict::of(rejection)));
        }
        self.close(Closed::Rejected);
    }

    /// Answers the oldest open question with 451, because the application did not answer in time. Its ticket is stale.
    pub(super) fn answer_for_the_application(&mut self) {
        const LATE: &str = "451 4.3.0 no answer, try again later";
        let Some((question, turn)) = self.replies.take_oldest() else {
            return;
        };
        match question {
            Question::Connect => self.refuse_greeting(
                Code::NOT_AVAILABLE,
                &const { Text::from_static("no answer, try again later") },
            ),
            Question::Hello(_) => {
                self.replies
                    .answer(turn, &Reply::Bare("451 no answer, try again later"));
            }
            Question::Auth(_) => {
                self.replies
                    .answer(turn, &Reply::Rejection(&Rejection::AUTH_FAILURE));
                self.count_failed_login();
            }
            Question::Chunk { size, last, .. } => {
                self.replies.answer(turn, &Reply::Ready(&[]));
                let failure = Failure::Application(Box::new(Rejection::LOCAL_ERROR));
                self.begin_refused_chunk(size, last, failure);
            }
            Question::EndOfData { .. } => {
                self.replies
                    .answer(turn, &Reply::Rejection(&Rejection::LOCAL_ERROR));
                while let Phase::Verdicts(verdicts) = &mut self.phase
                    && verdicts.due() > 1
                {
                    self.advance(Step::Verdict(Verdict::NotNow));
                    self.replies.reply(&Reply::Rejection(&Rejection::LOCAL_ERROR));
                }
                self.reply_for_all(Verdict::NotNow);
                self.advance(Step::Unanswered);
            }
            Question::Mail(_) => {
                self.replies.answer(turn, &Reply::Fixed(LATE));
                self.advance(Step::RefuseMail);
            }
            Question::Recipient(_)
            | Question::Data { .. }
            | Question::Verify { .. }
            | Question::Expand { .. }
            | Question::Help { .. }
            | Question::Xclient(_)
            | Question::Xforward(_)
            | Question::Etrn
            | Question::Command { .. } => self.replies.answer(turn, &Reply::Fixed(LATE)),
        }
    }
}
