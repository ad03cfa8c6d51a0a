//! Answers taken from the reply of a next hop, and default answers.

use super::{
    answer::Words,
    event::Event,
    phase::Step,
    question::Question,
    replies::{Reply, Turn},
    session::Server,
    ticket::{StaleTicket, Ticket},
};
use crate::types::{self, Code, EnhancedCode, Rejection, Severity};

impl Server {
    /// Answers a question with the reply of a next hop, for proxies.
    ///
    /// - 250, 251 and 252 accept RCPT and VRFY with this code; 250 and 252 accept EXPN. Any 2yz accepts HELP, XCLIENT
    ///   and unknown commands. 250 accepts any other question. 354 accepts DATA, or the first BDAT. The enhanced code
    ///   is kept.
    /// - A 4yz or 5yz reply rejects the question with its codes and its text. 421 is about the session with the next hop, so
    ///   it becomes 451.
    /// - AUTH cannot be accepted this way. A positive reply to it, and every reply that does not fit the question,
    ///   becomes 451 4.3.0.
    ///
    /// Malformed UTF-8, and characters that a [`Text`](types::Text) cannot contain, become `?`.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn relay<Q>(&mut self, ticket: Ticket<Q>, reply: &types::Reply<'_>) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        let mut text = reply.to_text();
        if !question.allows_utf8() {
            text = text.into_ascii();
        }
        let words = Words {
            status: reply.enhanced(),
            text: &text,
        };
        match (reply.code().severity(), &question) {
            (Severity::Transient | Severity::Permanent, _) => {
                self.reject_legibly(question, turn, rejection(reply));
            }
            (
                Severity::Completion,
                Question::Recipient(_) | Question::Verify { .. } | Question::Expand { .. },
            ) if is_address_code(reply.code(), &question) => {
                self.relay_address(turn, &question, reply.code(), &words);
            }
            (
                Severity::Completion,
                Question::Help { .. } | Question::Xclient(_) | Question::Command { .. },
            )
            | (Severity::Intermediate, Question::Data { .. } | Question::Chunk { .. }) => {
                self.accept_question(question, turn, Some(&words));
            }
            (
                Severity::Completion,
                Question::Connect
                | Question::Hello(_)
                | Question::Mail(_)
                | Question::Chunk { .. }
                | Question::EndOfData { .. }
                | Question::Xforward(_),
            ) if reply.code() == Code::OK => {
                self.accept_question(question, turn, Some(&words));
            }
            _ => self.reject_question(question, turn, Rejection::LOCAL_ERROR),
        }
        Ok(())
    }

    /// Gives an event its default answer, for events that an application does not handle.
    ///
    /// - Connections, EHLO, MAIL, RCPT, DATA, VRFY, EXPN and HELP are accepted.
    /// - [`EndOfData`](Event::EndOfData) is rejected with 451 4.3.0, because the message is not stored.
    /// - [`Auth`](Event::Auth) is rejected with 454 4.7.0, because the credentials are not checked.
    /// - [`Xclient`](Event::Xclient) and [`Xforward`](Event::Xforward) are rejected with 550 5.7.0, because the proxy
    ///   is not known.
    /// - [`Etrn`](Event::Etrn) is rejected with 459 4.7.1, because no delivery was started.
    /// - [`Command`](Event::Command) is rejected with 502 5.5.1.
    /// - [`StartTls`](Event::StartTls) ends the session, because there is no handshake.
    /// - Notifications need no answer.
    ///
    /// A question that a later version adds documents its default.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn proceed(&mut self, event: Event<'_>) -> Result<(), StaleTicket> {
        const UNKNOWN: Rejection = Rejection::from_static(502, (5, 5, 1), "command not implemented");
        match event {
            Event::Connect { ticket } => self.accept(ticket),
            Event::Hello { ticket, .. } => self.accept(ticket),
            Event::Mail { ticket, .. } => self.accept(ticket),
            Event::Recipient { ticket, .. } => self.accept(ticket),
            Event::Data { ticket } => self.accept(ticket),
            Event::Verify { ticket, .. } => self.accept(ticket),
            Event::Expand { ticket, .. } => self.accept(ticket),
            Event::Help { ticket, .. } => self.accept(ticket),
            Event::EndOfData { ticket, .. } => self.reject(ticket, Rejection::LOCAL_ERROR),
            Event::Auth { ticket, .. } => self.reject(ticket, Rejection::AUTH_FAILURE),
            Event::Xclient { ticket, .. } => self.reject(ticket, Rejection::NOT_AUTHORIZED),
            Event::Xforward { ticket, .. } => self.reject(ticket, Rejection::NOT_AUTHORIZED),
            Event::Etrn { ticket, .. } => self.reject(ticket, Rejection::NODE_NOT_ALLOWED),
            Event::Command { ticket, .. } => self.reject(ticket, UNKNOWN),
            Event::StartTls(upgrade) => {
                self.tls_failed(upgrade);
                Ok(())
            }
            Event::AuthFailed(_) | Event::Body(_) | Event::Reset(_) | Event::Closed(_) => Ok(()),
        }
    }

    /// Accepts a question about an address with the code of a next hop.
    fn relay_address(&mut self, turn: Turn, question: &Question, code: Code, words: &Words<'_>) {
        let status = words.status.or(EnhancedCode::new(2, 1, 5));
        self.replies.answer(turn, &Reply::Lines(code, status, words.text));
        if let Question::Recipient(recipient) = question {
            self.advance(Step::Recipient(recipient.index));
        }
    }
}

/// Returns `true` if the code accepts this question about an address.
fn is_address_code(code: Code, question: &Question) -> bool {
    match code {
        Code::OK | Code::CANNOT_VERIFY => true,
        Code::FORWARDED => !matches!(question, Question::Expand { .. }),
        _ => false,
    }
}

/// Converts the reply of a next hop to a rejection. Its 421 is about another session.
fn rejection(reply: &types::Reply<'_>) -> Rejection {
    match Rejection::try_from(reply) {
        Ok(rejection) if rejection.closes() => {
            Rejection::new(Code::LOCAL_ERROR, rejection.enhanced(), rejection.text().clone())
                .unwrap_or(Rejection::LOCAL_ERROR)
        }
        Ok(rejection) => rejection,
        Err(_) => Rejection::LOCAL_ERROR,
    }
}
