//! An SMTP or LMTP session as a client has to hold it: RFC 5321 sections 3.1 to 3.3 and 3.8, and the rules of RFC 2033, 2920,
//! 3030, 3207, 4954 and draft-hall-prdr.

mod mail;
mod said;

use std::collections::VecDeque;

use self::mail::{Mail, Next};
pub use self::said::{
    Chunks, Command, MessageOutcome, Outcome, Reply, Report, RequestError, Setting, Tls, Turn, Wish,
};

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    setting: Setting,
    /// The last positive reply to EHLO or LHLO had the offers.
    offered: bool,
    tls: bool,
    /// The server holds a transaction that came to nothing.
    spoilt: bool,
    closed: bool,
    mail: Option<Mail>,
    next: Option<Next>,
    /// The commands whose replies are still to come, in order; after them those of the next transaction.
    awaited: VecDeque<Command>,
}

impl Client {
    /// A session that has just been connected. RFC 5321 section 4.3.1: the greeting comes first.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            offered: false,
            tls: false,
            spoilt: false,
            closed: false,
            mail: None,
            next: None,
            awaited: [Command::Greeting].into(),
        }
    }

    /// The command that the next reply answers.
    #[must_use]
    pub fn awaited(&self) -> Option<Command> {
        self.awaited.front().copied()
    }

    /// Returns true if the session is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The number of replies that may come now.
    #[must_use]
    pub fn due(&self) -> usize {
        self.awaited.len() + self.next.as_ref().map_or(0, |next| next.sent.len())
    }

    /// Returns true if a message can be announced after the one under way. Choice: from the first command of its
    /// transaction until that is over.
    #[must_use]
    pub const fn may_announce(&self) -> bool {
        self.mail.is_some() && self.next.is_none()
    }

    /// Returns true if the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// The required effect of a request that is due; one for a message after another may be early.
    #[must_use]
    pub fn wish(&mut self, wish: Wish) -> Outcome {
        let mut outcome = Outcome::default();
        match wish {
            Wish::Noop => self.send(Command::Noop, &mut outcome),
            Wish::Reset => self.send(Command::Rset, &mut outcome),
            Wish::Quit => self.send(Command::Quit, &mut outcome),
            Wish::Deliver(recipients) => self.take(Turn::Own, recipients, &mut outcome),
            Wish::Next(recipients) => self.take(Turn::Behind, recipients, &mut outcome),
        }
        outcome
    }

    fn take(&mut self, turn: Turn, recipients: usize, outcome: &mut Outcome) {
        if let Some(why) = self.why_not(turn, recipients) {
            outcome.reports.push(Report::Rejected(why));
            return;
        }
        let prdr = self.offered && self.setting.prdr && recipients > 1;
        let mail = Mail::new(turn, self.chunks(turn), prdr, recipients);
        match turn {
            Turn::Own => {
                self.mail = Some(mail);
                self.start(outcome);
            }
            Turn::Behind => {
                let sent = VecDeque::new();
                self.next = Some(Next { mail, sent });
                self.fill_next(outcome);
            }
        }
    }

    /// The reason why no message to so many recipients can be given or announced now.
    fn why_not(&self, turn: Turn, recipients: usize) -> Option<RequestError> {
        if self.closed {
            Some(RequestError::Over)
        } else if turn == Turn::Behind && !self.may_announce() {
            Some(RequestError::OutOfTurn)
        } else if self.setting.chunks == Chunks::Binary(turn) && !self.offered {
            Some(RequestError::NotOffered)
        } else {
            (recipients == 0).then_some(RequestError::NoRecipients)
        }
    }

    /// The required effect of a reply.
    #[must_use]
    pub fn hear(&mut self, reply: Reply) -> Outcome {
        let mut outcome = Outcome::default();
        if matches!(reply, Reply::Garbage | Reply::End) {
            self.close(&mut outcome);
            return outcome;
        }
        // RFC 2920 section 3.1: replies belong to commands by their order alone.
        let asked = self.awaited.pop_front();
        outcome.reports.push(Report::Answered(asked));
        match asked {
            // A reply to nothing: the server says something else than what it is asked.
            None => self.close(&mut outcome),
            Some(asked) => self.answered(asked, reply, &mut outcome),
        }
        outcome
    }

    /// The required effect of the loss of the stream, if this part of the last output has not left.
    #[must_use]
    pub fn lose(&mut self, unsent: &[Command]) -> Outcome {
        if let Some(mail) = &mut self.mail {
            // RFC 1047: who may have taken the message has its final dot. Choice: the last chunk, whose length is said first, is as
            // good as sent when it is given out, and that is when nothing before it waits.
            // An empty last chunk is no more than its command.
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
        let refused = matches!(reply, Reply::Transient | Reply::Permanent | Reply::Unavailable);
        if let Some(mail) = &mut self.mail {
            mail.note(asked, positive, refused);
        }
        match (asked, reply) {
            (Command::Quit, _) => self.close(outcome),
            // RFC 5321 section 3.8: the server closes the session, whatever it was asked.
            (_, Reply::Unavailable) => {
                let all_said = self.awaited.is_empty();
                if all_said && matches!(asked, Command::For(_)) && self.any_accepted() {
                    self.settle(outcome);
                }
                self.close(outcome);
            }
            // RFC 5321 section 4.2.1: 3yz is a reply to DATA, and in RFC 4954 section 4 to AUTH; to DATA there is no 2yz. A server
            // that says it elsewhere is not understood. Choice: it is left at once.
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
            // Everything was said with AUTH PLAIN: RFC 4954 section 4 has `*` for challenges that make no sense.
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
            // RFC 5321 section 3.2: an old server has no EHLO. One without EHLO has no STARTTLS, either.
            (Command::Ehlo, Reply::Permanent) if self.tls || self.setting.tls != Tls::Required => {
                self.send(Command::Helo, outcome);
            }
            (Command::StartTls, _) if positive => {
                outcome.reports.push(Report::Tls);
                // RFC 3207 section 4.2: what is known of the server is forgotten, and EHLO said again.
                (self.tls, self.offered) = (true, false);
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
                    None => {}
                }
            }
            (Command::Noop, _) => {}
            _ => self.go_on(asked, outcome),
        }
    }

    /// RFC 5321 section 3.2, RFC 2033 section 4.1.
    fn introduce(&mut self, outcome: &mut Outcome) {
        let verb = if self.setting.lmtp {
            Command::Lhlo
        } else {
            Command::Ehlo
        };
        self.send(verb, outcome);
    }

    /// RFC 3207 section 4.
    fn secure(&mut self, outcome: &mut Outcome) {
        let offered = self.offered && self.setting.starttls && !self.tls;
        match self.setting.tls {
            Tls::IfOffered | Tls::Required if offered => self.send(Command::StartTls, outcome),
            Tls::Required if !self.tls => self.send(Command::Quit, outcome),
            _ => self.log_in(outcome),
        }
    }

    /// RFC 4954 section 4.
    fn log_in(&mut self, outcome: &mut Outcome) {
        match (self.setting.login, self.offered) {
            (true, true) => self.send(Command::Auth, outcome),
            (true, false) => self.send(Command::Quit, outcome),
            (false, _) => outcome.reports.push(Report::Ready),
        }
    }

    /// RFC 5321 section 4.1.4: MAIL inside of a transaction is out of order. RFC 3030 section 2: RSET after a refused chunk.
    fn start(&mut self, outcome: &mut Outcome) {
        if self.spoilt {
            self.send(Command::Rset, outcome);
        } else {
            self.fill(outcome);
        }
    }

    /// RFC 2920 section 3.1: MAIL, RCPT and DATA in one group, DATA at its end, if that is offered.
    fn fill(&mut self, outcome: &mut Outcome) {
        let window = self.window();
        while self.awaited.len() < window
            && let Some(command) = self.mail.as_mut().and_then(Mail::pop)
        {
            self.send(command, outcome);
        }
    }

    /// RFC 2920 section 3.1: what follows a message may be in one group with its end. RFC 3030 section 2: but RSET has to come
    /// first if the last chunk is refused. Choice: nothing is sent behind a message that is empty because nobody gets it.
    fn fill_next(&mut self, outcome: &mut Outcome) {
        let window = self.window();
        if let (Some(mail), Some(next)) = (&self.mail, &mut self.next)
            && mail.complete
            && !mail.chunks
        {
            while self.awaited.len() + next.sent.len() < window
                && let Some(command) = next.mail.pop()
            {
                next.mail.early = true;
                next.sent.push_back(command);
                outcome.sends.push(command);
            }
        }
    }

    /// The next step once a command of a transaction is answered.
    fn go_on(&mut self, asked: Command, outcome: &mut Outcome) {
        self.fill(outcome);
        self.fill_next(outcome);
        if matches!(asked, Command::Chunk(_)) {
            self.fill_chunks(outcome);
        }
        let Some(mail) = self.mail.as_ref().filter(|_| self.awaited.is_empty()) else {
            return;
        };
        match asked {
            Command::Mail(_) | Command::MailPrdr(_) | Command::Rcpt(_) if mail.mail_refused => {
                self.finish(outcome);
            }
            // RFC 5321 section 3.3: no message without a recipient. The server still has the reverse-path.
            Command::Mail(_) | Command::MailPrdr(_) | Command::Rcpt(_) if mail.welcome().next().is_none() => {
                self.spoilt = true;
                self.finish(outcome);
            }
            Command::Mail(_) | Command::MailPrdr(_) | Command::Rcpt(_) => self.fill_chunks(outcome),
            // RFC 5321 section 4.1.4: a refused command changes nothing.
            Command::Data => {
                self.spoilt = !mail.mail_refused;
                self.finish(outcome);
            }
            // RFC 3030 section 2: no further chunk, and RSET before anything else.
            Command::Chunk(_) | Command::LastChunk => {
                self.spoilt = !self.any_accepted();
                self.finish(outcome);
            }
            Command::For(_) => {
                self.spoilt = mail.chunks && !mail.any_accepted();
                self.finish(outcome);
            }
            _ => {
                self.spoilt = false;
                self.finish(outcome);
            }
        }
    }

    /// RFC 3030 section 2: chunks may be pipelined, but none follows one that was refused. In LMTP nobody can tell how many
    /// replies the last chunk has, if another one is refused: each waits.
    fn fill_chunks(&mut self, outcome: &mut Outcome) {
        let window = if self.setting.lmtp { 1 } else { self.window() };
        let chunks = if self.setting.chunks == Chunks::InParts {
            2
        } else {
            1
        };
        while self.awaited.len() < window
            && let Some(mail) = self.mail.as_mut().filter(|mail| !mail.refused && !mail.complete)
        {
            if mail.chunks_sent == chunks {
                return self.send_last(Command::LastChunk, outcome);
            }
            let chunk = Command::Chunk(mail.chunks_sent);
            mail.chunks_sent += 1;
            self.send(chunk, outcome);
        }
    }

    /// 354. RFC 2920 section 3.1: when nobody is to get the message, it is empty.
    fn go_ahead(&mut self, outcome: &mut Outcome) {
        let somebody = self
            .mail
            .as_ref()
            .is_some_and(|mail| !mail.mail_refused && mail.welcome().next().is_some());
        if somebody {
            self.send_last(Command::Text, outcome);
        } else if self.setting.lmtp {
            // RFC 2033 section 4.2: it has to refuse DATA, and would answer nothing to the dot.
            self.close(outcome);
        } else {
            self.send(Command::LoneDot, outcome);
        }
    }

    /// Completes the message. RFC 2033 section 4.2: in LMTP there is one reply for each accepted recipient.
    fn send_last(&mut self, command: Command, outcome: &mut Outcome) {
        self.send(command, outcome);
        if let Some(mail) = &mut self.mail {
            mail.complete = true;
            if self.setting.lmtp {
                self.awaited.pop_back();
                self.awaited.extend(mail.welcome().map(Command::For));
            }
        }
        self.fill_next(outcome);
    }

    fn send(&mut self, command: Command, outcome: &mut Outcome) {
        self.awaited.push_back(command);
        outcome.sends.push(command);
    }

    /// The transaction is over, and the next one under way: what it sent is answered from now on. Otherwise it begins.
    fn finish(&mut self, outcome: &mut Outcome) {
        self.settle(outcome);
        if let Some(next) = self.next.take() {
            (self.mail, self.awaited) = (Some(next.mail), next.sent);
            if self.awaited.is_empty() {
                self.start(outcome);
            } else {
                self.fill(outcome);
            }
        }
    }

    fn settle(&mut self, outcome: &mut Outcome) {
        let accepted = self.any_accepted();
        if let Some(mail) = self.mail.take() {
            outcome.reports.push(Report::Finished(accepted, mail.fates()));
        }
    }

    /// The session is over. RFC 5321 section 3.8: without the reply to it, a message was not accepted; but the server may
    /// think otherwise, if it had all of it. It had nothing of the next one.
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

    /// Returns true if 353 makes sense.
    fn may_answer_each(&self) -> bool {
        let may = |mail: &Mail| mail.prdr && !mail.each && !mail.refused && !mail.mail_refused;
        self.mail.as_ref().is_some_and(may)
    }

    fn any_accepted(&self) -> bool {
        self.mail.as_ref().is_some_and(Mail::any_accepted)
    }

    /// The number of commands that may be unanswered. The replies to a message count.
    const fn window(&self) -> usize {
        if self.offered { self.setting.window } else { 1 }
    }

    /// Returns true if a message of this kind goes in chunks.
    fn chunks(&self, turn: Turn) -> bool {
        match self.setting.chunks {
            Chunks::Never => false,
            Chunks::IfOffered | Chunks::InParts => self.offered,
            Chunks::Binary(binary) => binary == turn,
        }
    }
}
