//! Sending a message: RFC 2033, 2920, 3030 and draft-hall-prdr.

use std::collections::VecDeque;

use super::{
    Chunks, Client, Command, Outcome, Report, RequestError, Turn,
    mail::{Mail, Next},
};

impl Client {
    pub(super) fn take(&mut self, turn: Turn, recipients: usize, outcome: &mut Outcome) {
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

    /// Returns the error if no message to this number of recipients can be started or announced now.
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

    /// RFC 5321 section 4.1.4: MAIL inside of a transaction is out of order. RFC 3030 section 2: RSET after a refused chunk.
    fn start(&mut self, outcome: &mut Outcome) {
        if self.spoilt {
            self.send(Command::Rset, outcome);
        } else {
            self.fill(outcome);
        }
    }

    /// RFC 2920 section 3.1: MAIL, RCPT and DATA in one group, DATA at its end, if that is offered.
    pub(super) fn fill(&mut self, outcome: &mut Outcome) {
        let window = self.window();
        while self.awaited.len() < window
            && let Some(command) = self.mail.as_mut().and_then(Mail::pop)
        {
            self.send(command, outcome);
        }
    }

    /// RFC 2920 section 3.1: commands after a message may be in one group with its end. RFC 3030 section 2: after a refused
    /// last chunk RSET must be first. Choice: no command follows a message that is empty because all recipients were refused.
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
    pub(super) fn go_on(&mut self, asked: Command, outcome: &mut Outcome) {
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

    /// RFC 3030 section 2: chunks may be pipelined, but no chunk follows a refused chunk. In LMTP each chunk waits: the
    /// number of replies to the last chunk is undefined if an earlier chunk was refused.
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

    /// Handles 354. RFC 2920 section 3.1: if all recipients were refused, the message is empty.
    pub(super) fn go_ahead(&mut self, outcome: &mut Outcome) {
        let somebody = self
            .mail
            .as_ref()
            .is_some_and(|mail| !mail.mail_refused && mail.welcome().next().is_some());
        if somebody {
            self.send_last(Command::Text, outcome);
        } else if self.setting.lmtp {
            // RFC 2033 section 4.2: the server must refuse DATA, because a dot would receive no reply.
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

    /// Ends the transaction. Begins the next one, or continues it if its commands were already sent.
    pub(super) fn finish(&mut self, outcome: &mut Outcome) {
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

    pub(super) fn settle(&mut self, outcome: &mut Outcome) {
        let accepted = self.any_accepted();
        if let Some(mail) = self.mail.take() {
            outcome.reports.push(Report::Finished(accepted, mail.fates()));
        }
    }

    /// Returns true if 353 makes sense.
    pub(super) fn may_answer_each(&self) -> bool {
        let may = |mail: &Mail| mail.prdr && !mail.each && !mail.refused && !mail.mail_refused;
        self.mail.as_ref().is_some_and(may)
    }

    pub(super) fn any_accepted(&self) -> bool {
        self.mail.as_ref().is_some_and(Mail::any_accepted)
    }

    /// The number of commands that may be unanswered. The replies to a message count.
    const fn window(&self) -> usize {
        if self.offered { self.setting.window } else { 1 }
    }

    /// Returns true if this message is sent in chunks.
    fn chunks(&self, turn: Turn) -> bool {
        match self.setting.chunks {
            Chunks::Never => false,
            Chunks::IfOffered | Chunks::InParts => self.offered,
            Chunks::Binary(binary) => binary == turn,
        }
    }
}
