//! The rules of a session for an SMTP or LMTP client: RFC 5321 sections 3.1 to 3.3 and 3.8, RFC 2033, 2920, 3030, 3207, 4954,
//! draft-hall-prdr and Postfix XCLIENT_README.

mod mail;
mod said;
mod sending;
mod setup;

use std::collections::VecDeque;

pub use self::said::{
    Chunks, Command, MessageOutcome, Outcome, Proxied, Reply, Report, RequestError, Setting, Tls, Turn, Wish,
};
use self::{
    mail::{Mail, Next},
    setup::Passing,
};

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    setting: Setting,
    /// True if the last positive reply to EHLO or LHLO had the offers.
    offered: bool,
    tls: bool,
    /// True if the server still has a transaction that failed.
    spoilt: bool,
    closed: bool,
    /// True if the proxy has named a login of its client (XCLIENT).
    client_login: bool,
    passing: Option<Passing>,
    mail: Option<Mail>,
    next: Option<Next>,
    /// The commands without a reply, in order; those of the next transaction come last.
    awaited: VecDeque<Command>,
}

impl Client {
    /// Creates a session that has just been connected. RFC 5321 section 4.3.1: the greeting comes first.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            offered: false,
            tls: false,
            spoilt: false,
            closed: false,
            client_login: false,
            passing: None,
            mail: None,
            next: None,
            awaited: [Command::Greeting].into(),
        }
    }

    /// Returns the command that the next reply answers.
    #[must_use]
    pub fn awaited(&self) -> Option<Command> {
        self.awaited.front().copied()
    }

    /// Returns true if the session is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns the number of replies that may arrive now.
    #[must_use]
    pub fn due(&self) -> usize {
        self.awaited.len() + self.next.as_ref().map_or(0, |next| next.sent.len())
    }

    /// Returns true if the next message can be announced. Choice: from the first command of the current transaction until its
    /// end.
    #[must_use]
    pub const fn may_announce(&self) -> bool {
        self.mail.is_some() && self.next.is_none()
    }

    /// Returns true if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// Returns the required effect of a request at its time. The request for a next message may be early.
    #[must_use]
    pub fn wish(&mut self, wish: Wish) -> Outcome {
        let mut outcome = Outcome::default();
        match wish {
            Wish::Noop => self.send(Command::Noop, &mut outcome),
            Wish::Reset => self.send(Command::Rset, &mut outcome),
            Wish::Quit => self.send(Command::Quit, &mut outcome),
            Wish::Xclient(proxied) => self.pass(proxied, &mut outcome),
            Wish::Deliver(recipients) => self.take(Turn::Own, recipients, &mut outcome),
            Wish::Next(recipients) => self.take(Turn::Behind, recipients, &mut outcome),
        }
        outcome
    }

    /// Returns the required effect of a reply.
    #[must_use]
    pub fn hear(&mut self, reply: Reply) -> Outcome {
        let mut outcome = Outcome::default();
        if matches!(reply, Reply::Garbage | Reply::End) {
            self.close(&mut outcome);
            return outcome;
        }
        // RFC 2920 section 3.1: replies belong to commands only by their order.
        let asked = self.awaited.pop_front();
        outcome.reports.push(Report::Answered(asked));
        match asked {
            // A reply without a command: the server is out of step.
            None => self.close(&mut outcome),
            Some(asked) => self.answered(asked, reply, &mut outcome),
        }
        outcome
    }

    /// Returns the required effect of a lost stream, if this part of the last output has not left.
    #[must_use]
    pub fn lose(&mut self, unsent: &[Command]) -> Outcome {
        if let Some(mail) = &mut self.mail {
            // RFC 1047: a server that may have accepted the message has received its final dot. Choice: the last chunk counts
            // as sent once it is output with nothing before it, because its size precedes it. An empty last chunk consists of
            // its command.
            let in_parts = self.setting.chunks == Chunks::InParts;
            mail.complete &= !unsent.iter().any(|command| match command {
                Command::Text | Command::Chunk(_) => true,
                Command::LastChunk => in_parts,
                _ => false,
            });
        }
        let mut outcome = Outcome::default();
        self.close(&mut outcome);
        outcome
    }

    fn answered(&mut self, asked: Command, reply: Reply, outcome: &mut Outcome) {
        let positive = matches!(reply, Reply::Positive | Reply::Lines);
        let refused = matches!(
            reply,
            Reply::Transient | Reply::Permanent | Reply::Unavailable | Reply::NoService
        );
        if let Some(mail) = &mut self.mail {
            mail.note(asked, positive, refused);
        }
        match (asked, reply) {
            (Command::Quit, _) => self.close(outcome),
            // RFC 5321 section 3.8: the server may close the session after any command.
            (_, Reply::Unavailable) => {
                let all_said = self.awaited.is_empty();
                if all_said && matches!(asked, Command::For(_)) && self.any_accepted() {
                    self.settle(outcome);
                }
                self.close(outcome);
            }
            // RFC 5321 section 4.2.1: 3yz answers DATA, and AUTH (RFC 4954 section 4); 2yz never answers DATA. Choice: after
            // any other 3yz or 2yz the client closes the session at once.
            (Command::Data, Reply::Positive | Reply::Lines) => self.close(outcome),
            (Command::Data, Reply::Intermediate) => self.go_ahead(outcome),
            // draft-hall-prdr section 4: 353, if it was asked for; then a reply for each recipient, and one for all.
            (Command::Text | Command::LastChunk, Reply::Intermediate) if self.may_answer_each() => {
                if let Some(mail) = &mut self.mail {
                    mail.each = true;
                    self.awaited.push_front(asked);
                    for one in mail.welcome().collect::<Vec<_>>().into_iter().rev() {
                        self.awaited.push_front(Command::For(one));
                    }
                }
            }
            // AUTH PLAIN sent its whole response. RFC 4954 section 4: `*` cancels after an invalid challenge.
            (Command::Auth, Reply::Intermediate) => self.send(Command::Star, outcome),
            (_, Reply::Intermediate) | (Command::Star, Reply::Positive | Reply::Lines) => self.close(outcome),
            (Command::Greeting, _) if positive => self.introduce(outcome),
            (Command::Ehlo | Command::Lhlo, _) if positive => {
                self.offered = reply == Reply::Positive;
                self.secure(outcome);
            }
            (Command::Helo, _) if positive => {
                self.offered = false;
                self.log_in(outcome);
            }
            // RFC 5321 section 3.2: an old server has no EHLO. Without EHLO it has no STARTTLS, either.
            (Command::Ehlo, Reply::Permanent) if self.tls || self.setting.tls != Tls::Required => {
                self.send(Command::Helo, outcome);
            }
            (Command::StartTls, _) if positive => {
                outcome.reports.push(Report::Tls);
                // RFC 3207 section 4.2: the client discards its knowledge of the server and sends EHLO again.
                (self.tls, self.offered, self.client_login) = (true, false, false);
                self.introduce(outcome);
            }
            (Command::StartTls, _) if self.setting.tls != Tls::Required => self.log_in(outcome),
            (Command::Auth, _) if positive => outcome.reports.push(Report::Ready),
            (Command::Greeting | Command::Ehlo | Command::Helo | Command::Lhlo, _)
            | (Command::StartTls | Command::Auth | Command::Star, _) => self.send(Command::Quit, outcome),
            (Command::Rset, _) => {
                self.spoilt &= !positive;
                match &mut self.mail {
                    Some(_) if positive => self.fill(outcome),
                    Some(_) => self.finish(outcome),
                    None => self.reset_to_pass(positive, outcome),
                }
            }
            (Command::Xclient(_, part), _) => self.passed(part, reply, outcome),
            (Command::Noop, _) => {}
            _ => self.go_on(asked, outcome),
        }
    }

    fn send(&mut self, command: Command, outcome: &mut Outcome) {
        self.awaited.push_back(command);
        outcome.sends.push(command);
    }

    /// Ends the session. RFC 5321 section 3.8: without its reply, a message was not accepted. If the server had the whole
    /// message, the outcome is unknown. It had nothing of the next message.
    fn close(&mut self, outcome: &mut Outcome) {
        let open = [self.mail.take(), self.next.take().map(|next| next.mail)];
        let fates: Vec<MessageOutcome> = open.iter().flatten().flat_map(Mail::fates).collect();
        let fate = if fates.contains(&MessageOutcome::Unknown) {
            MessageOutcome::Unknown
        } else {
            MessageOutcome::Rejected
        };
        let settled = open.iter().all(Option::is_none);
        let fate = (!settled).then_some(fate);
        outcome.reports.push(Report::Closed(fate, fates));
        self.awaited.clear();
        self.closed = true;
    }
}
