//! The steps of an open transaction, without the session around it.

use super::{
    BodyStep, Closed, Config, More, Outcome, ReplyTo,
    content::{ChunkAnswered, ChunkBounds, Content},
    session::Session,
    stage::{Finished, Sending, Step},
    transaction::{Answered, Leftover, Progress},
};
use crate::{
    data::Unsendable,
    output::{Output, Sink},
    time::Timer,
    types::{Extensions, Protocol, Reply},
};

/// The effect of a step on the session.
#[derive(Debug)]
pub(super) enum Then {
    /// The transaction continues.
    GoOn,
    /// The transaction is over.
    Finish(Finished),
    /// The session is over.
    Close(Closed),
}

impl Sending {
    /// The command that the next reply answers; `None` if no written command is unanswered.
    pub(super) fn awaited(&self, output: &Output, protocol: Protocol) -> Option<ReplyTo> {
        let unwritten = || memchr::memchr_iter(b'\n', output.pending()).count();
        match self.step() {
            Step::Reset(_) | Step::Abandon => output.is_empty().then_some(ReplyTo::Reset),
            Step::Envelope => {
                let waits = self.transaction.outstanding() > unwritten();
                waits.then(|| self.transaction.awaited())
            }
            Step::LoneDot(_) => output.is_empty().then_some(ReplyTo::Message),
            Step::Permit => None,
            Step::Content => {
                let content = &self.transaction.content;
                // The last chunk is not among the unanswered ones.
                let unwritten = unwritten().saturating_sub(usize::from(content.has_begun_last()));
                (content.unanswered() > unwritten).then_some(ReplyTo::Chunk)
            }
            // Here the last chunk is among them.
            Step::ChunkRefused => {
                (self.transaction.content.unanswered() > unwritten()).then_some(ReplyTo::Chunk)
            }
            Step::EndOfData { .. } if self.transaction.content.unanswered() > 0 => Some(ReplyTo::Chunk),
            Step::EndOfData { behind } => self
                .transaction
                .is_written(output.len(), behind)
                .then(|| self.transaction.final_reply(protocol)),
        }
    }

    /// Returns true if the application may cancel the transaction with RSET: it is open, and all commands are answered.
    pub(super) fn can_be_abandoned(&self) -> bool {
        matches!(self.step(), Step::Envelope) && self.transaction.awaits_application()
    }

    /// Takes a reply that answers this command.
    pub(super) fn answered(
        &mut self,
        to: ReplyTo,
        reply: &Reply<'_>,
        protocol: Protocol,
        output: &mut Output,
    ) -> Then {
        let positive = reply.is_positive_completion();
        match self.step() {
            Step::Reset(_) if positive => self.enter(Step::Envelope),
            Step::Reset(leftover) => {
                return Then::Finish(self.finish(Outcome::Refused(ReplyTo::Reset), leftover));
            }
            Step::Abandon => {
                let leftover = if positive {
                    Leftover::Nothing
                } else {
                    self.transaction.leftover()
                };
                return Then::Finish(self.finish(Outcome::Abandoned, leftover));
            }
            Step::Envelope => match (self.transaction.answered(to, reply), protocol) {
                (Answered::GoOn, _) => {}
                (Answered::Permitted, _) => self.enter(Step::Permit),
                (Answered::ForNobody(by), Protocol::Smtp) => {
                    output.put(b".\r\n");
                    self.enter(Step::LoneDot(by));
                }
                // An LMTP server must refuse DATA (RFC 2033 section 4.2): without recipients, the message would get no reply.
                (Answered::ForNobody(_), Protocol::Lmtp) => return Then::Close(Closed::Unexpected),
            },
            Step::LoneDot(by) => {
                return Then::Finish(self.finish(Outcome::Refused(by), Leftover::Nothing));
            }
            Step::Permit | Step::Content | Step::ChunkRefused | Step::EndOfData { .. } => {
                return match &mut self.transaction.content {
                    Content::Chunks(chunks) if to == ReplyTo::Chunk => {
                        let answered = chunks.answered(reply);
                        self.chunk_answered(answered)
                    }
                    _ => self.message_answered(to, reply, protocol),
                };
            }
        }
        Then::GoOn
    }

    /// Queues the commands of the envelope that may be sent, and moves on when all are answered. Returns `None` before
    /// that.
    pub(super) fn send_envelope(
        &mut self,
        window: usize,
        offered: &Extensions,
        output: &mut Output,
        waiting: &mut Timer,
    ) -> Option<Then> {
        let waits = self.transaction.outstanding() > 0;
        if self.transaction.send(window, offered, output) > 0 && !waits {
            waiting.stop();
        }
        match self.transaction.progress() {
            Progress::Waiting => None,
            Progress::Chunks => {
                self.enter(Step::Permit);
                Some(Then::GoOn)
            }
            Progress::Refused(by) => {
                let leftover = self.transaction.leftover();
                Some(Then::Finish(self.finish(Outcome::Refused(by), leftover)))
            }
        }
    }

    /// Queues the rest of a completed message, as far as replies allow: the last chunk; or, after the final dot,
    /// commands of the next transaction, if the server offers PIPELINING. The replies to the message count in the
    /// window.
    pub(super) fn send_end(&mut self, session: &Session, config: &Config, output: &mut Output) {
        let replies = self.transaction.final_replies_due(config.protocol);
        match (self.step(), &mut self.transaction.content, &mut self.next) {
            (_, Content::Chunks(chunks), _) => chunks.send_last(session.chunk_window(config), output),
            (Step::EndOfData { behind }, Content::Data(_), Some(next)) if session.pipelines(config) => {
                let before = output.len();
                let window = session.window(config).saturating_sub(replies);
                if next.send(window, &session.extensions, output) > 0 {
                    let behind = behind + output.len() - before;
                    self.enter(Step::EndOfData { behind });
                }
            }
            _ => {}
        }
    }

    /// Returns the next piece of a chunk, and begins a chunk if none was refused.
    pub(super) fn chunk<'b>(
        &mut self,
        input: &mut &'b [u8],
        more: More,
        bounds: ChunkBounds,
        output: &mut Output,
    ) -> Result<BodyStep<'b>, Unsendable> {
        match (self.step(), &mut self.transaction.content) {
            (Step::Content, Content::Chunks(chunks)) => {
                let result = chunks.next(input, more, bounds, output);
                if chunks.has_begun_last() && !chunks.is_open() {
                    self.enter(Step::EndOfData { behind: 0 });
                }
                result
            }
            (_, Content::Chunks(chunks)) if chunks.is_open() => chunks.piece(input),
            _ => Ok(BodyStep::Abort),
        }
    }

    /// Goes on after the reply to a chunk that was not the last.
    fn chunk_answered(&mut self, answered: ChunkAnswered) -> Then {
        match answered {
            ChunkAnswered::Accepted => {}
            ChunkAnswered::Impossible => return Then::Close(Closed::Unexpected),
            ChunkAnswered::Refused => self.transaction.refuse(ReplyTo::Chunk),
            ChunkAnswered::RefusedFirst => {
                self.transaction.refuse(ReplyTo::Chunk);
                self.enter(Step::ChunkRefused);
            }
        }
        self.settle_chunks()
    }

    /// Ends the transaction after a refused chunk, once every chunk that has begun is sent and answered.
    pub(super) fn settle_chunks(&mut self) -> Then {
        let content = &self.transaction.content;
        match self.step() {
            Step::ChunkRefused if content.unanswered() == 0 && !content.has_open_chunk() => {
                Then::Finish(self.finish(Outcome::Refused(ReplyTo::Chunk), Leftover::Broken))
            }
            _ => Then::GoOn,
        }
    }

    /// Takes a final reply.
    fn message_answered(&mut self, to: ReplyTo, reply: &Reply<'_>, protocol: Protocol) -> Then {
        let due = self.transaction.final_replies_due(protocol);
        let transaction = &mut self.transaction;
        transaction.final_answered(to, reply);
        if due > 1 || reply.is_intermediate() {
            return Then::GoOn;
        }
        if transaction.is_delivered() {
            return Then::Finish(self.finish(Outcome::Accepted, Leftover::Nothing));
        }
        // A refused chunk spoils the transaction, even if it was the last (RFC 3030 section 2).
        let leftover = match transaction.content {
            Content::Data(_) => Leftover::Nothing,
            Content::Chunks(_) => Leftover::LastChunk,
        };
        let by = transaction.refused().unwrap_or(to);
        Then::Finish(self.finish(Outcome::Refused(by), leftover))
    }
}
