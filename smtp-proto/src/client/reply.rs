//! Replies: which command each one answers, and what follows from it.

use super::{Asked, Client, Closed, Event, Fate, Outcome, Stage};
use crate::{
    output::Sink,
    state::{Move, State},
    syntax,
    types::{Auth, Code, Protocol, Reply, Severity, Verb},
};

/// The longest line with a challenge in octets, CRLF included (RFC 4954 section 4).
const LONGEST_CHALLENGE: usize = "334 ".len() + Auth::MAX_INITIAL + "\r\n".len();

impl Client {
    /// Takes the next whole reply off the input, if there is one.
    pub(super) fn read_reply<'i>(&mut self, input: &mut &'i [u8]) -> Option<Event<'i>> {
        if input.is_empty() {
            return None;
        }
        let mut limits = self.config.limits.reply;
        if matches!(self.stage, Stage::Auth) {
            limits.line = limits.line.max(LONGEST_CHALLENGE);
            limits.total = limits.total.max(LONGEST_CHALLENGE);
        }
        let reply = match self.scanner.scan(input, &limits) {
            Ok(Some(reply)) => reply,
            Ok(None) => return None,
            Err(error) => {
                self.close(Closed::Malformed(error.fault()));
                return None;
            }
        };
        *input = input.get(reply.raw().len()..).unwrap_or_default();
        self.waiting.stop();
        let to = self.answered(&reply);
        Some(Event::Reply { to, reply })
    }

    /// Says what a reply answers and does what follows from it.
    fn answered(&mut self, reply: &Reply<'_>) -> Asked {
        let Some(to) = self.asked() else {
            // A positive reply to a message that the server has not got is worth nothing.
            let early = is_negative(reply) && self.owes_content();
            match reply.code() {
                // It began to say so before it had the message.
                Code::NOT_AVAILABLE if self.talked_early => self.not_available(Asked::Nothing),
                Code::NOT_AVAILABLE => self.close(Closed::NotAvailable),
                _ if early => self.close(Closed::RefusedEarly),
                _ => self.close(Closed::Unsolicited),
            }
            return if early { Asked::Message } else { Asked::Nothing };
        };
        if reply.code() == Code::NOT_AVAILABLE {
            self.not_available(to);
        } else {
            self.follow(to, reply);
        }
        to
    }

    /// What the next reply answers; `None` when no command was written that is still unanswered.
    pub(super) fn asked(&self) -> Option<Asked> {
        let unwritten = || memchr::memchr_iter(b'\n', self.output.pending()).count();
        let written = self.output.is_empty();
        if self.talked_early {
            return None;
        }
        match self.stage {
            Stage::Greeting => Some(Asked::Greeting),
            Stage::Hello(verb) => written.then_some(Asked::Hello(verb)),
            Stage::Command(asked) => written.then_some(asked),
            Stage::StartTls => written.then_some(Asked::StartTls),
            Stage::Auth => written.then_some(Asked::Auth),
            Stage::Resetting => written.then_some(Asked::Reset),
            Stage::Quitting(_) => written.then_some(Asked::Quit),
            Stage::LoneDot(_) => written.then_some(Asked::Message),
            Stage::Envelope => {
                let transaction = self.transaction.as_ref()?;
                (transaction.outstanding() > unwritten()).then(|| transaction.awaited())
            }
            Stage::Content | Stage::ChunksRefused => {
                let chunks = self.transaction.as_ref()?.content.unanswered();
                (chunks > unwritten()).then_some(Asked::Chunk)
            }
            Stage::Final => {
                let transaction = self.transaction.as_ref()?;
                if transaction.content.unanswered() > 0 {
                    return Some(Asked::Chunk);
                }
                self.message_is_written().then(|| match self.config.protocol {
                    Protocol::Smtp => Asked::Message,
                    Protocol::Lmtp => transaction
                        .final_recipient()
                        .map_or(Asked::Message, Asked::MessageFor),
                })
            }
            _ => None,
        }
    }

    /// Whether the message is on its way, or its end waits to be written or answered.
    pub(super) const fn owes_content(&self) -> bool {
        matches!(self.stage, Stage::Content | Stage::Final)
    }

    /// 421: whatever was asked is refused, and the server closes (RFC 5321 section 3.8).
    fn not_available(&mut self, to: Asked) {
        match (to, &self.transaction) {
            (Asked::Quit, _) => self.quitted(),
            // The fate of the recipients behind this one is open.
            (Asked::MessageFor(_), Some(transaction)) if transaction.final_replies_due() > 1 => {
                self.close(Closed::NotAvailable);
            }
            // This was the last one, and those before it were accepted.
            (Asked::MessageFor(_), Some(transaction)) if transaction.any_accepted() => {
                self.finish(Outcome::Accepted);
                self.close(Closed::NotAvailable);
            }
            (_, Some(_)) => self.end(Closed::NotAvailable, Fate::NotAccepted),
            (_, None) => self.close(Closed::NotAvailable),
        }
    }

    fn follow(&mut self, to: Asked, reply: &Reply<'_>) {
        let positive = reply.is_positive_completion();
        let expected = match to {
            Asked::Data => !positive,
            Asked::Auth => {
                is_negative(reply) || matches!(reply.code(), Code::CHALLENGE | Code::AUTHENTICATED)
            }
            // Commands of the application's own may be answered by anything.
            Asked::Command => true,
            _ => !reply.is_intermediate(),
        };
        if !expected {
            return self.close(Closed::Unexpected);
        }
        match to {
            Asked::Greeting if positive => {
                self.state = State::Greeted;
                self.stage = Stage::Introduce(self.first_verb());
            }
            Asked::Greeting => {
                self.state = State::Refused;
                self.leave(Closed::Refused);
            }
            Asked::Hello(verb) => self.introduced(verb, reply),
            Asked::StartTls => self.start_tls_answered(reply),
            Asked::Auth => self.auth_answered(reply),
            Asked::Quit => self.quitted(),
            Asked::Reset => self.was_reset(positive),
            Asked::Mail | Asked::Recipient(_) | Asked::Data => self.envelope_answered(to, reply),
            Asked::Chunk => self.chunk_answered(positive),
            Asked::Message | Asked::MessageFor(_) => self.message_answered(to, positive),
            _ => self.stage = Stage::Ready,
        }
    }

    /// RSET was answered: the application's own, or the one before a transaction.
    fn was_reset(&mut self, positive: bool) {
        if positive {
            self.needs_reset = false;
            self.state = self.state.after(Move::Rset).unwrap_or(self.state);
        }
        self.stage = match self.stage {
            Stage::Resetting if positive => Stage::Envelope,
            Stage::Resetting => Stage::Finished(Outcome::Refused(Asked::Reset), None),
            _ => Stage::Ready,
        };
    }

    /// QUIT was answered, or will not be any more.
    pub(super) fn quitted(&mut self) {
        if let Stage::Quitting(why) = self.stage {
            self.end(why, Fate::Settled);
        }
    }

    fn introduced(&mut self, verb: Verb, reply: &Reply<'_>) {
        if reply.is_positive_completion() {
            // Whatever an earlier introduction offered is void (RFC 3207 section 4.2, RFC 9422 section 3.6).
            self.extensions = match verb {
                Verb::Helo => crate::types::Extensions::default(),
                _ => syntax::parse_ehlo(reply).1,
            };
            self.transactions = 0;
            self.state = self.state.after(Move::Hello).unwrap_or(self.state);
            self.secure();
        } else if verb == Verb::Ehlo && reply.is_permanent() && !self.must_encrypt() {
            self.stage = Stage::Introduce(Verb::Helo);
        } else {
            self.leave(Closed::Refused);
        }
    }

    fn message_answered(&mut self, to: Asked, positive: bool) {
        if let Stage::LoneDot(decided) = self.stage {
            self.finish(Outcome::Refused(decided));
            return;
        }
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        let replies = match self.config.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => transaction.accepted(),
        };
        if transaction.final_answered(positive, replies) {
            let outcome = if transaction.any_accepted() {
                Outcome::Accepted
            } else {
                Outcome::Refused(transaction.refused().unwrap_or(to))
            };
            // A refused chunk spoils the transaction, even if it was the last (RFC 3030 section 2).
            let spoilt = transaction.content.chunking() && outcome != Outcome::Accepted;
            self.finish(outcome);
            self.needs_reset = spoilt;
        }
    }

    /// The server is done with the transaction.
    fn finish(&mut self, outcome: Outcome) {
        self.needs_reset = false;
        self.state = State::Ready;
        self.stage = Stage::Finished(outcome, None);
    }

    /// Says QUIT and ends the session for this reason.
    pub(super) fn leave(&mut self, why: Closed) {
        self.send(&[b"QUIT"]);
        self.stage = Stage::Quitting(why);
    }

    /// Queues a command line.
    pub(super) fn send(&mut self, words: &[&[u8]]) {
        for word in words {
            self.output.put(word);
        }
        self.output.put(b"\r\n");
        self.waiting.stop();
    }
}

pub(super) fn is_negative(reply: &Reply<'_>) -> bool {
    matches!(reply.code().severity(), Severity::Transient | Severity::Permanent)
}
