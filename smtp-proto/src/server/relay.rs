//! Answers that somebody else decides: a next hop, or the default.

use alloc::string::String;

use super::{
    event::Event,
    phase::Step,
    question::Question,
    replies::{Reply, Turn},
    session::Server,
    ticket::{StaleTicket, Ticket},
};
use crate::types::{self, Code, EnhancedCode, Rejection, Severity, Text};

impl Server {
    /// Answers a question with the reply of a next hop, for proxies.
    ///
    /// - 250, 251 and 252 accept RCPT and VRFY with this code, and 250 and 252 EXPN. Any 2yz accepts HELP and unknown commands.
    ///   250 accepts any other question; 354 accepts DATA, and BDAT in its place.
    /// - A 4yz or 5yz reply rejects the question with its codes and its text. 421 is about the session with the next hop, so
    ///   it becomes 451.
    /// - AUTH cannot be accepted this way. This and every reply that does not fit the question become 451 4.3.0.
    ///
    /// Text that is not UTF-8, or has control characters, is made fit for a reply.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] if the question is closed.
    pub fn relay<Q>(&mut self, ticket: Ticket<Q>, reply: &types::Reply<'_>) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        let status = reply.enhanced();
        let mut text = text(reply, status);
        if !question.allows_utf8() {
            text = text.into_ascii();
        }
        match (reply.code().severity(), &question) {
            (Severity::Transient | Severity::Permanent, _) => {
                self.reject_question(question, turn, rejection(reply.code(), status, text));
            }
            (
                Severity::Completion,
                Question::Recipient(_) | Question::Verify { .. } | Question::Expand { .. },
            ) if is_address_code(reply.code(), &question) => {
                self.relay_address(turn, &question, (reply.code(), status), &text);
            }
            (Severity::Completion, Question::Data { .. } | Question::Auth(_))
            | (Severity::Intermediate, Question::Auth(_)) => {
                self.reject_question(question, turn, Rejection::LOCAL_ERROR);
            }
            (Severity::Completion, Question::Help { .. } | Question::Command { .. })
            | (Severity::Intermediate, Question::Data { .. } | Question::Chunk { .. }) => {
                self.accept_question(question, turn, Some(&text));
            }
            (Severity::Completion, _) if reply.code() == Code::OK => {
                self.accept_question(question, turn, Some(&text));
            }
            _ => self.reject_question(question, turn, Rejection::LOCAL_ERROR),
        }
        Ok(())
    }

    /// Answers an event with its default, for those that an application does not care about.
    ///
    /// - Connections, EHLO, MAIL, RCPT, DATA, VRFY, EXPN and HELP are accepted.
    /// - [`EndOfData`](Event::EndOfData) is rejected with 451 4.3.0: nobody has stored the message.
    /// - [`Auth`](Event::Auth) is rejected with 454 4.7.0: nobody has checked the credentials.
    /// - [`Command`](Event::Command) is rejected with 502 5.5.1.
    /// - [`StartTls`](Event::StartTls) ends the session: nobody does the handshake.
    /// - Notifications need no answer.
    ///
    /// Questions of later versions get the default that their documentation names.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] if the question is closed.
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
            Event::Command { ticket, .. } => self.reject(ticket, UNKNOWN),
            Event::StartTls(upgrade) => {
                self.tls_failed(upgrade);
                Ok(())
            }
            Event::AuthFailed(_) | Event::Body(_) | Event::Reset(_) | Event::Closed(_) => Ok(()),
        }
    }

    /// Accepts a question about an address with the code of a next hop.
    fn relay_address(
        &mut self,
        turn: Turn,
        question: &Question,
        (code, status): (Code, Option<EnhancedCode>),
        text: &Text<'_>,
    ) {
        let status = status.or(EnhancedCode::new(2, 1, 5));
        self.replies.answer(turn, &Reply::Lines(code, status, text));
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

/// Makes a rejection of the codes of a next hop.
fn rejection(code: Code, status: Option<EnhancedCode>, text: Text<'static>) -> Rejection {
    let code = if code == Code::NOT_AVAILABLE {
        Code::LOCAL_ERROR
    } else {
        code
    };
    let fallback = match code.severity() {
        Severity::Permanent => EnhancedCode::new(5, 0, 0),
        _ => EnhancedCode::new(4, 0, 0),
    };
    status
        .filter(|status| status.fits(code))
        .or(fallback)
        .and_then(|status| Rejection::new(code, status, text).ok())
        .unwrap_or(Rejection::LOCAL_ERROR)
}

/// Makes a text of the lines of a reply, without their enhanced code.
fn text(reply: &types::Reply<'_>, status: Option<EnhancedCode>) -> Text<'static> {
    let mut lines = String::new();
    for (number, line) in reply.lines().enumerate() {
        let line = match (status, EnhancedCode::parse(line)) {
            (Some(status), Some((own, rest))) if own == status => rest,
            _ => line,
        };
        if number > 0 {
            lines.push('\n');
        }
        lines.push_str(&String::from_utf8_lossy(line));
    }
    Text::from_str_lossy(&lines)
}
