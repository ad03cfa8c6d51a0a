//! The rules of a session for an SMTP or LMTP server: RFC 5321 section 4.1.4, RFC 1870, 1985, 2033, 3030, 3207, 4954 and
//! draft-hall-prdr.

mod order;
mod said;

pub use self::said::{Outcome, Question, Reset, Rules};
use super::{Answer, Say, Unit};

/// The permitted codes of a reply.
type Codes = &'static [u16];

/// The state of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    rules: Rules,
    stage: Stage,
    introduced: bool,
    /// True after HELO, which permits no parameters (RFC 5321 section 2.2.1).
    helo: bool,
    tls: bool,
    login: bool,
    transaction: Option<Transaction>,
}

/// The next input to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that there is")]
pub enum Stage {
    /// Nothing: the server has not greeted.
    New,
    /// Commands.
    Commands,
    /// Commands, after a negative greeting.
    Refused,
    /// The text of a message (DATA).
    Text,
    /// The response of an exchange (AUTH).
    Exchange,
    /// Nothing: the session is over.
    Closed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Transaction {
    recipients: usize,
    binary: bool,
    /// True if the client requested a reply for each recipient (PRDR).
    prdr: bool,
    /// True if BDAT has begun.
    chunks: bool,
    content: String,
    /// True if a chunk was refused.
    spoilt: bool,
}

const UNKNOWN: Codes = &[500];
const NOT_OFFERED: Codes = &[500, 502];
const SEQUENCE: Codes = &[503];
const REFUSED: Codes = &[550];

impl Server {
    /// Creates a session that has just been connected.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self {
            rules,
            stage: Stage::New,
            introduced: false,
            helo: false,
            tls: false,
            login: false,
            transaction: None,
        }
    }

    /// The next input to read.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns true if the client is authenticated.
    #[must_use]
    pub const fn is_logged_in(&self) -> bool {
        self.login
    }

    /// The name of the state in the table of `smtp-proto`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.stage, &self.transaction) {
            (Stage::New, _) => "Connected",
            (Stage::Refused, _) => "Refused",
            (Stage::Closed, _) => "Closed",
            (Stage::Text, _) => "Data",
            (_, None) if self.introduced => "Ready",
            (_, None) => "Greeted",
            (_, Some(mail)) if mail.spoilt => "Broken",
            (_, Some(mail)) if mail.chunks => "Chunks",
            (_, Some(mail)) if mail.recipients > 0 => "Recipients",
            (_, Some(_)) => "Mail",
        }
    }

    /// Returns the session with only the length of the message, by `length`, and not its content.
    #[must_use]
    pub fn key(&self, length: impl Fn(usize) -> usize) -> Self {
        let mut key = self.clone();
        if let Some(transaction) = &mut key.transaction {
            transaction.content = "x".repeat(length(transaction.content.len()));
        }
        key
    }

    /// Returns the required effect of this input.
    #[must_use]
    pub fn hear(&mut self, say: Say) -> Outcome {
        let mut outcome = Outcome::default();
        self.go_on(say, &mut outcome);
        outcome
    }

    fn go_on(&mut self, say: Say, outcome: &mut Outcome) {
        match (self.stage, say.unit) {
            (Stage::Closed, _) => {}
            // RFC 5321 section 4.1.1.10: a lost connection cancels the open transaction.
            (_, Unit::End | Unit::Lost) => self.close(Reset::Closed, outcome),
            (Stage::New, Unit::Connect) => self.greet(say, outcome),
            // RFC 5321 section 4.3.1: a client SHOULD wait for the greeting. Choice: the server refuses an early talker.
            (Stage::New, _) => {
                outcome.replies.push(vec![554]);
                self.stage = Stage::Refused;
                self.go_on(say, outcome);
            }
            (Stage::Text, _) => self.text(say, outcome),
            (Stage::Exchange, _) => self.response(say, outcome),
            (Stage::Commands | Stage::Refused, _) => self.command(say, outcome),
        }
    }

    /// RFC 5321 section 3.1: 220, or 554; after 554 the server accepts only QUIT.
    fn greet(&mut self, say: Say, outcome: &mut Outcome) {
        if self.ask(Question::Connect, say.answer, &[554], outcome) {
            outcome.replies.push(vec![220]);
            self.stage = Stage::Commands;
        } else if self.stage != Stage::Closed {
            self.stage = Stage::Refused;
        }
    }

    /// RFC 5321 sections 4.1.1.4 and 4.5.2: all lines are text, up to the line with a single dot.
    fn text(&mut self, say: Say, outcome: &mut Outcome) {
        let line = say.unit.octets();
        if say.unit == Unit::Dot {
            self.stage = Stage::Commands;
            self.complete(say, outcome);
        } else if let Some(transaction) = &mut self.transaction {
            transaction.content += line.strip_prefix('.').unwrap_or(&line);
        }
    }

    /// Handles the end of a message. RFC 5321 section 4.1.1.4: it always ends the transaction. RFC 2033 section 4.2: an LMTP
    /// server replies once for each recipient. draft-hall-prdr section 4: so does a server with PRDR, between 353 and a reply
    /// for the message. Choice: not for one recipient, or if the message is refused for its size.
    fn complete(&mut self, say: Say, outcome: &mut Outcome) {
        let Some(transaction) = self.transaction.take() else {
            return;
        };
        let too_big = transaction.content.len() > self.rules.size;
        let prdr = transaction.prdr && transaction.recipients > 1 && !too_big;
        let verdicts: Vec<Vec<usize>> = if self.rules.lmtp || prdr {
            (0..transaction.recipients).map(|one| vec![one]).collect()
        } else {
            vec![(0..transaction.recipients).collect()]
        };
        // RFC 1870 section 6.2: 552 if the message is too large.
        if too_big {
            outcome.replies.extend(verdicts.iter().map(|_| vec![552]));
            outcome.resets.push(Reset::TooBig);
            return;
        }
        if prdr {
            outcome.replies.push(vec![353]);
        }
        let last = verdicts.len() - 1;
        for (index, recipients) in verdicts.into_iter().enumerate() {
            let answer = if index == 0 { say.verdict } else { Answer::Accept };
            if self.ask(Question::Verdict, answer, REFUSED, outcome) {
                outcome.replies.push(vec![250]);
                outcome.stored.push((transaction.content.clone(), recipients));
            } else if self.stage == Stage::Closed {
                // Recipients without a verdict count as lost.
                outcome.resets.extend((index < last).then_some(Reset::Closed));
                return;
            }
        }
        if prdr {
            // The last recipient accepts.
            outcome.replies.push(vec![250]);
        }
    }

    /// RFC 4954 section 4: 501 for `*` and for invalid base64, 500 for a line that is too long (section 6: 5.5.6).
    fn response(&mut self, say: Say, outcome: &mut Outcome) {
        self.stage = Stage::Commands;
        match say.unit {
            Unit::Response => self.log_in(say, outcome),
            Unit::Long => outcome.replies.push(vec![500]),
            Unit::Star => outcome.replies.push(vec![501]),
            // Text that happens to be base64 is no valid response of PLAIN: a refused login, or a syntax error.
            _ => outcome.replies.push(vec![501, 535]),
        }
        self.lines_behind(say, outcome);
    }

    fn log_in(&mut self, say: Say, outcome: &mut Outcome) {
        if self.ask(Question::Auth, say.answer, &[535], outcome) {
            outcome.replies.push(vec![235]);
            self.login = true;
        }
    }

    fn command(&mut self, say: Say, outcome: &mut Outcome) {
        let unit = say.unit;
        if unit == Unit::BdatBad {
            // Choice: the beginning of the next command is unknown, so the session ends (RFC 5321 section 3.8: 421).
            outcome.replies.extend(self.refusal(unit));
            outcome.replies.push(vec![421]);
            return self.close(Reset::Closed, outcome);
        }
        if let Some(codes) = self.refusal(unit) {
            // RFC 5321 section 4.1.4: the state is unchanged. RFC 3030 section 2: the server reads the chunk anyway.
            outcome.replies.push(codes);
            if unit.chunk().is_none() {
                self.lines_behind(say, outcome);
            }
            return;
        }
        match unit {
            Unit::Ehlo | Unit::Helo | Unit::Lhlo => {
                if self.ask(Question::Hello, say.answer, REFUSED, outcome) {
                    // RFC 5321 section 4.1.4: as RSET.
                    self.forget(Reset::Hello, outcome);
                    self.introduced = true;
                    self.helo = unit == Unit::Helo;
                    outcome.replies.push(vec![250]);
                    // RFC 3207 section 4.2: not under TLS. RFC 4954 section 4: not twice. RFC 5321 section 3.2: HELO offers
                    // no extension.
                    let offers = [
                        self.rules.starttls && !self.tls,
                        self.rules.auth && !self.login,
                        self.rules.chunking,
                    ];
                    outcome.offers = Some(if unit == Unit::Helo { [false; 3] } else { offers });
                }
            }
            Unit::Mail | Unit::MailBinary | Unit::MailPrdr => {
                if self.ask(Question::Mail, say.answer, REFUSED, outcome) {
                    outcome.replies.push(vec![250]);
                    let binary = unit == Unit::MailBinary;
                    self.transaction = Some(Transaction {
                        binary,
                        prdr: unit == Unit::MailPrdr,
                        ..Transaction::default()
                    });
                }
            }
            Unit::Rcpt => {
                if self.ask(Question::Recipient, say.answer, REFUSED, outcome) {
                    outcome.replies.push(vec![250]);
                    if let Some(transaction) = &mut self.transaction {
                        transaction.recipients += 1;
                    }
                }
            }
            Unit::Data => {
                if self.ask(Question::Message, say.answer, REFUSED, outcome) {
                    outcome.replies.push(vec![354]);
                    self.stage = Stage::Text;
                }
            }
            Unit::Rset => {
                self.forget(Reset::Rset, outcome);
                outcome.replies.push(vec![250]);
            }
            Unit::Noop => outcome.replies.push(vec![250]),
            // RFC 5321 section 3.5.3: 252 if the server has not verified it.
            Unit::Vrfy => self.inquire(Question::Verify, say, &[252], outcome),
            Unit::Expn => self.inquire(Question::Expand, say, &[252], outcome),
            Unit::Help => self.inquire(Question::Help, say, &[211, 214], outcome),
            // RFC 1985 section 5.3: 250 if the server has begun. Postfix XCLIENT_README: as after connecting, with a greeting
            // in place of the reply; TLS stays. Choice: the login of the proxy ends.
            Unit::Xclient => {
                if self.ask(Question::Xclient, say.answer, REFUSED, outcome) {
                    outcome.asks.push((Question::Connect, Answer::Accept));
                    outcome.replies.push(vec![220]);
                    (self.introduced, self.helo, self.login) = (false, false, false);
                }
            }
            // Postfix XFORWARD_README.
            Unit::Xforward => self.inquire(Question::Xforward, say, &[250], outcome),
            Unit::Etrn => self.inquire(Question::Etrn, say, &[250], outcome),
            Unit::Quit => {
                outcome.replies.push(vec![221]);
                self.close(Reset::Quit, outcome);
            }
            Unit::StartTls => {
                outcome.replies.push(vec![220]);
                outcome.asks.push((Question::Tls, say.answer));
                if say.answer == Answer::Accept {
                    // RFC 3207 section 4.2: the server discards all facts about the client.
                    (self.tls, self.introduced, self.login) = (true, false, false);
                } else {
                    self.close(Reset::Closed, outcome);
                }
            }
            // RFC 3207 section 4.2: the server does not obey plaintext after STARTTLS. Choice: the session ends.
            Unit::StartTlsAndMore => {
                outcome.replies.push(vec![421]);
                self.close(Reset::Closed, outcome);
            }
            Unit::Auth => self.log_in(say, outcome),
            Unit::AuthAlone => {
                outcome.replies.push(vec![334]);
                self.stage = Stage::Exchange;
            }
            _ => self.chunk(say, outcome),
        }
    }

    /// RFC 3030 section 2: one reply for each chunk. A refused chunk makes the transaction fail, and the last chunk completes
    /// it.
    fn chunk(&mut self, say: Say, outcome: &mut Outcome) {
        let (Some((octets, last)), Some(transaction)) = (say.unit.chunk(), &mut self.transaction) else {
            return;
        };
        let first = !transaction.chunks;
        transaction.chunks = true;
        transaction.content += &octets;
        let too_big = transaction.content.len() > self.rules.size;
        if first && !too_big {
            outcome.asks.push((Question::Message, say.answer));
        }
        let refused: Option<(Codes, Reset)> = match say.answer {
            _ if too_big => Some((&[552], Reset::TooBig)),
            Answer::Refuse if first => Some((REFUSED, Reset::Refused)),
            Answer::Close if first => Some((&[421], Reset::Refused)),
            _ => None,
        };
        match refused {
            None if last => self.complete(say, outcome),
            None => outcome.replies.push(vec![250]),
            Some((codes, reset)) => {
                let replies = if last && self.rules.lmtp && codes != [421] {
                    transaction.recipients
                } else {
                    1
                };
                outcome.replies.extend((0..replies).map(|_| codes.to_vec()));
                outcome.resets.push(reset);
                transaction.spoilt = true;
                if last {
                    self.transaction = None;
                }
                if codes == [421] {
                    self.close(Reset::Closed, outcome);
                }
            }
        }
    }

    fn inquire(&mut self, question: Question, say: Say, codes: Codes, outcome: &mut Outcome) {
        if self.ask(question, say.answer, REFUSED, outcome) {
            outcome.replies.push(codes.to_vec());
        }
    }

    /// Asks the application, and sends its rejection. RFC 5321 section 3.8: after 421 the session ends.
    fn ask(&mut self, question: Question, answer: Answer, refused: Codes, outcome: &mut Outcome) -> bool {
        outcome.asks.push((question, answer));
        match answer {
            Answer::Accept => {}
            Answer::Refuse => outcome.replies.push(refused.to_vec()),
            Answer::Close => {
                outcome.replies.push(vec![421]);
                self.close(Reset::Closed, outcome);
            }
        }
        answer == Answer::Accept
    }

    fn lines_behind(&mut self, say: Say, outcome: &mut Outcome) {
        for unit in say.unit.behind() {
            self.go_on(Say { unit: *unit, ..say }, outcome);
        }
    }

    /// Drops the transaction. Notifies the application, unless a refused chunk has done so.
    fn forget(&mut self, why: Reset, outcome: &mut Outcome) {
        if self
            .transaction
            .take()
            .is_some_and(|transaction| !transaction.spoilt)
        {
            outcome.resets.push(why);
        }
    }

    fn close(&mut self, why: Reset, outcome: &mut Outcome) {
        self.forget(why, outcome);
        self.stage = Stage::Closed;
        outcome.closed = true;
    }
}
