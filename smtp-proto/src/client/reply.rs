//! Replies: the command that each one answers, and its effect.

use core::mem;

use super::{
    Client, Closed, Event, MessageOutcome, Outcome, ReplyTo,
    delivery::Then,
    stage::{Stage, Step},
    transaction::Leftover,
};
use crate::{
    limits::ClientLimits,
    output::Sink,
    syntax::{ReplyLimits, ReplyReader},
    types::{Auth, Code, Reply, Severity},
};

/// The longest line with a challenge in octets, CRLF included (RFC 4954 section 4), and one octet more, so that a
/// challenge that was cut is too long.
const LONGEST_CHALLENGE: usize = "334 ".len() + Auth::MAX_INITIAL + "\r\n".len() + 1;

/// The reader of replies, and its progress in one.
#[derive(Debug, Default)]
pub(super) struct Replies {
    reader: ReplyReader,
    under_way: UnderWay,
}

/// The reply that is not whole yet.
#[derive(Debug, Default)]
struct UnderWay {
    /// Octets taken of a reply beyond the limits.
    taken: usize,
    start: Start,
}

/// The time at which the reply under way began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Start {
    /// The reply has not begun, or it began while a written command was unanswered.
    #[default]
    InTurn,
    /// It began while no written command was unanswered. It answers nothing, not even a command written before it is
    /// complete.
    Early,
}

impl Replies {
    /// Returns true if text of the last reply was dropped.
    pub(super) const fn was_cut(&self) -> bool {
        self.reader.was_cut()
    }

    /// Reads a reply of at most `most` octets. A longer one ends the session.
    #[cold]
    fn read_long<'i>(
        &mut self,
        input: &mut &'i [u8],
        limits: &ReplyLimits,
        most: usize,
    ) -> Result<Option<Reply<'i>>, Closed> {
        // One octet more shows that the reply is too long. Later octets must not matter, however the input is cut.
        let window = most.saturating_add(1).saturating_sub(self.under_way.taken);
        let offered = input.get(..window).unwrap_or(input);
        let mut rest = offered;
        let read = self.reader.read(&mut rest, limits);
        let reply = read.map_err(|error| Closed::Malformed(error.fault()))?;
        *input = input.get(offered.len() - rest.len()..).unwrap_or_default();
        if reply.is_none() && offered.len() >= window {
            return Err(Closed::ReplyTooLong);
        }
        Ok(reply)
    }
}

impl Client {
    /// Takes the next whole reply off the input.
    pub(super) fn read_reply<'i>(&mut self, input: &mut &'i [u8]) -> Option<Event<'i>> {
        if input.is_empty() {
            return None;
        }
        let mut limits = self.config.limits.reply;
        if matches!(self.stage, Stage::Auth(_)) {
            limits.line = limits.line.max(LONGEST_CHALLENGE);
            limits.total = limits.total.max(LONGEST_CHALLENGE);
        }
        let before = input.len();
        let result = if self.replies.under_way.taken == 0 && before <= limits.total {
            let read = self.replies.reader.read(input, &limits);
            read.map_err(|error| Closed::Malformed(error.fault()))
        } else {
            let most = ClientLimits::MAX_REPLY_OCTETS.max(limits.total);
            self.replies.read_long(input, &limits, most)
        };
        let reply = match result {
            Ok(Some(reply)) => reply,
            Ok(None) => {
                self.replies.under_way.taken += before - input.len();
                return None;
            }
            Err(why) => {
                self.close(why);
                return None;
            }
        };
        let UnderWay { start, .. } = mem::take(&mut self.replies.under_way);
        self.timers.waiting.stop();
        let to = self.answered(&reply, start);
        Some(Event::Reply { to, reply })
    }

    /// Notes a reply that begins while no written command is unanswered. `input` is not a whole reply.
    pub(super) fn note_start(&mut self, input: &[u8]) {
        let has_begun = !input.is_empty() || self.replies.under_way.taken > 0;
        if has_begun && self.awaited().is_none() {
            self.replies.under_way.start = Start::Early;
        }
    }

    /// Returns the command that a reply answers, after its effect.
    fn answered(&mut self, reply: &Reply<'_>, start: Start) -> ReplyTo {
        let awaited = match start {
            Start::InTurn => self.awaited(),
            Start::Early => None,
        };
        let Some(to) = awaited else {
            return self.unsolicited(reply, start);
        };
        if reply.code() == Code::NOT_AVAILABLE {
            self.not_available(to);
        } else if is_expected(to, reply) || self.may_precede_verdicts(to, reply) {
            self.follow(to, reply);
        } else {
            self.close(Closed::Unexpected);
        }
        to
    }

    /// Returns true for 353 to a message whose client asked for a reply for each recipient (draft-hall-prdr section 4.5).
    #[cold]
    fn may_precede_verdicts(&self, to: ReplyTo, reply: &Reply<'_>) -> bool {
        match &self.stage {
            Stage::Sending(sending) => {
                to == ReplyTo::Message
                    && reply.code() == Code::RECIPIENTS_FOLLOW
                    && sending.transaction.awaits_verdicts()
            }
            _ => false,
        }
    }

    /// The command that the next reply answers; `None` if no written command is unanswered.
    fn awaited(&self) -> Option<ReplyTo> {
        let command = match &self.stage {
            Stage::Greeting => return Some(ReplyTo::Greeting),
            Stage::Sending(sending) => return sending.awaited(&self.output, self.config.protocol),
            Stage::Hello(verb) => ReplyTo::Hello(*verb),
            Stage::StartTls => ReplyTo::StartTls,
            Stage::Auth(_) => ReplyTo::Auth,
            Stage::Command(to, _) => *to,
            Stage::Passing(passing) => passing.to(),
            Stage::Quitting(_) => ReplyTo::Quit,
            Stage::Handshake(_) | Stage::Welcome | Stage::Ready(_) | Stage::Finished(_) | Stage::Over(..) => {
                return None;
            }
        };
        self.output.is_empty().then_some(command)
    }

    /// A reply that answers nothing: 421, a refusal of the message under way, or a fault of the server.
    #[cold]
    fn unsolicited(&mut self, reply: &Reply<'_>, start: Start) -> ReplyTo {
        let is_content = match &self.stage {
            Stage::Sending(sending) => matches!(sending.step(), Step::Content | Step::EndOfData { .. }),
            _ => false,
        };
        let refused = is_content && is_negative(reply);
        match (reply.code(), start) {
            // The reply began before the server had the message, so the message was not accepted.
            (Code::NOT_AVAILABLE, Start::Early) if is_content => {
                self.end(Closed::NotAvailable, MessageOutcome::NotAccepted);
            }
            (Code::NOT_AVAILABLE, _) => self.broke(Closed::NotAvailable),
            _ if refused => self.close(Closed::RefusedEarly),
            _ => self.broke(Closed::Unsolicited),
        }
        if refused {
            ReplyTo::Message
        } else {
            ReplyTo::Nothing
        }
    }

    /// 421: the server refuses the command and closes the connection (RFC 5321 section 3.8).
    fn not_available(&mut self, to: ReplyTo) {
        let Stage::Sending(sending) = &mut self.stage else {
            return self.broke(Closed::NotAvailable);
        };
        let transaction = &sending.transaction;
        match to {
            // With PRDR, nobody accepted the message: this was the last recipient.
            ReplyTo::MessageFor(_) if transaction.was_refused_by_the_others() => {
                self.end(Closed::NotAvailable, MessageOutcome::NotAccepted);
            }
            // The outcome for the recipients after this one is unknown. With PRDR, also for those before it.
            ReplyTo::MessageFor(_) if transaction.final_replies_due(self.config.protocol) > 1 => {
                self.close(Closed::NotAvailable);
            }
            // This was the last recipient, and an earlier one was accepted.
            ReplyTo::MessageFor(_) if transaction.is_delivered() => {
                let finished = sending.finish(Outcome::Accepted, Leftover::Nothing);
                self.enter(Stage::Finished(finished));
                self.close(Closed::NotAvailable);
            }
            _ => self.end(Closed::NotAvailable, MessageOutcome::NotAccepted),
        }
    }

    /// Applies an expected reply.
    fn follow(&mut self, to: ReplyTo, reply: &Reply<'_>) {
        match &mut self.stage {
            Stage::Greeting => self.greeted(reply),
            Stage::Hello(verb) => {
                let verb = *verb;
                self.introduced(verb, reply);
            }
            Stage::StartTls => self.start_tls_answered(reply),
            Stage::Auth(exchange) => {
                let answer = exchange.answered(reply);
                let (mechanism, purpose) = (exchange.mechanism(), exchange.purpose());
                self.auth_answered(answer, mechanism, purpose);
            }
            Stage::Passing(_) => self.passed(reply),
            Stage::Command(command, leftover) => {
                let reset = *command == ReplyTo::Reset && reply.is_positive_completion();
                let leftover = if reset { Leftover::Nothing } else { *leftover };
                self.enter(Stage::Ready(leftover));
            }
            Stage::Sending(sending) => {
                let then = sending.answered(to, reply, self.config.protocol, &mut self.output);
                self.apply(then);
            }
            Stage::Quitting(quitting) => {
                let why = quitting.why;
                self.end(why, MessageOutcome::None);
            }
            Stage::Handshake(_) | Stage::Welcome | Stage::Ready(_) | Stage::Finished(_) | Stage::Over(..) => {
                self.close(Closed::Unsolicited);
            }
        }
    }

    /// Applies the effect of a step of the transaction.
    #[inline]
    pub(super) fn apply(&mut self, then: Then) {
        match then {
            Then::GoOn => {}
            Then::Finish(finished) => self.enter(Stage::Finished(finished)),
            Then::Close(why) => self.close(why),
        }
    }

    /// Queues a command line.
    pub(super) fn send(&mut self, words: &[&[u8]]) {
        for word in words {
            self.output.put(word);
        }
        self.output.put(b"\r\n");
        self.timers.waiting.stop();
    }
}

/// Returns true if the reply can answer the command.
fn is_expected(to: ReplyTo, reply: &Reply<'_>) -> bool {
    match to {
        ReplyTo::Data => !reply.is_positive_completion(),
        ReplyTo::Auth => is_negative(reply) || matches!(reply.code(), Code::CHALLENGE | Code::AUTHENTICATED),
        // These codes answer the connection and QUIT (RFC 5321 section 4.3.2): the server is out of step.
        ReplyTo::Hello(_) => !reply.is_intermediate() && !matches!(reply.code().get(), 220 | 221),
        // Any reply may answer a command that this crate does not know.
        ReplyTo::Command => true,
        _ => !reply.is_intermediate(),
    }
}

fn is_negative(reply: &Reply<'_>) -> bool {
    matches!(reply.code().severity(), Severity::Transient | Severity::Permanent)
}
