//! Message data: DATA and BDAT.

use alloc::boxed::Box;

use super::{
    content::{Chunk, Data, Failure, Pace},
    event::{Closed, Event},
    lines::RefusedChunk,
    phase::{Phase, Step},
    question::Question,
    replies::Reply,
    session::{Await, Next, Server},
};
use crate::{
    data::ChunkReader,
    state::Move,
    types::{Bdat, Rejection},
};

/// The end of a chunk.
pub(super) struct ChunkEnd {
    pub(super) last: bool,
    pub(super) empty: bool,
    /// The reason for refusing the message, and the number of replies due.
    pub(super) failure: Option<(Failure, u32)>,
}

impl Server {
    /// Refuses the message whose data is being received.
    ///
    /// The server reads and drops the rest of the data: after DATA up to the final dot; after BDAT up to the end of
    /// this chunk, or of the next chunk if none is open. Then it sends the refusal, and the transaction ends with
    /// [`Reset::Refused`](super::Reset::Refused). A rejection with code 421 also ends the session.
    ///
    /// If the message was refused earlier, the first reason counts.
    ///
    /// # Errors
    ///
    /// Returns the rejection if no message data is being received. This includes the octets of a refused first chunk:
    /// the server drops them, and then sends the refusal of that chunk.
    pub fn reject_body(&mut self, rejection: Rejection) -> Result<(), Rejection> {
        let Some(transfer) = self.phase.transfer() else {
            return Err(rejection);
        };
        let rejection = if transfer.transaction.smtputf8 {
            rejection
        } else {
            rejection.into_ascii()
        };
        transfer.fail(Failure::Application(Box::new(rejection)));
        Ok(())
    }

    /// Begins the text after an accepted DATA.
    pub(super) fn begin_text(&mut self) {
        let pace = Pace::new(&self.config.timeouts);
        self.advance(Step::Text(pace, self.config.line_endings));
    }

    /// Handles BDAT. Its octets follow even if it is refused.
    pub(super) fn bdat<'i>(&mut self, Bdat { size, last, .. }: Bdat) -> Next<'i> {
        let limit = self.session.max_message_octets(&self.config);
        let smtputf8 = self.phase.smtputf8();
        match &mut self.phase {
            Phase::Envelope(transaction) if transaction.recipients() > 0 => {
                if size > limit {
                    self.begin_refused_chunk(size, last, Failure::TooBig);
                    return Next::Again;
                }
                let question = Question::Chunk { size, last, smtputf8 };
                Next::Event(Event::Data {
                    ticket: self.replies.ask(question, self.clock.now),
                })
            }
            Phase::BetweenChunks(transfer) => {
                if transfer.would_exceed(size, limit) {
                    transfer.fail(Failure::TooBig);
                }
                if transfer.is_refused() && self.cannot_drop(size) {
                    return Next::Again;
                }
                self.advance(Step::NextChunk(Chunk::new(size, last)));
                Next::Again
            }
            _ => self.drop_chunk(size, self.out_of_order(Move::Bdat)),
        }
    }

    /// Begins the first chunk of a message, which was accepted.
    pub(super) fn begin_chunk(&mut self, size: u64, last: bool) {
        let pace = Pace::new(&self.config.timeouts);
        self.advance(Step::FirstChunk(pace, Chunk::new(size, last), None));
    }

    /// Begins the first chunk of a message, which was refused. Its octets follow nevertheless.
    pub(super) fn begin_refused_chunk(&mut self, size: u64, last: bool, failure: Failure) {
        let pace = Pace::new(&self.config.timeouts);
        self.advance(Step::FirstChunk(pace, Chunk::refused(size, last), Some(failure)));
        self.cannot_drop(size);
    }

    /// Begins to drop a chunk that is out of order. Its octets follow nevertheless (RFC 3030 section 2).
    pub(super) fn drop_chunk<'i>(&mut self, size: u64, reply: &'static str) -> Next<'i> {
        if !self.cannot_drop(size) {
            self.lines.refuse_chunk(RefusedChunk {
                octets: ChunkReader::new(size),
                pace: Pace::new(&self.config.timeouts),
                reply,
            });
        }
        Next::Again
    }

    /// Ends the session if this number of octets exceeds the limit for discarded octets.
    fn cannot_drop(&mut self, octets: u64) -> bool {
        let too_many = self
            .abuse
            .would_exceed(octets, self.config.limits.max_discarded_octets);
        if too_many {
            self.close_drop_limit();
        }
        too_many
    }

    /// Handles a piece of message data, or its absence.
    pub(super) fn take_data<'i>(&mut self, data: Data<'i>) -> Next<'i> {
        match data {
            Data::Piece(piece) => {
                if !piece.beyond.is_empty() && self.discard(piece.beyond.len()) && piece.within.is_empty() {
                    return Next::Again;
                }
                if piece.within.is_empty() {
                    Next::Again
                } else {
                    Next::Event(Event::Body(piece.within))
                }
            }
            Data::NeedMore if self.end_of_input => {
                self.close(Closed::ConnectionClosed);
                Next::Again
            }
            Data::NeedMore => Next::Wait(Await::Input),
        }
    }

    /// Handles the end of a whole message.
    pub(super) fn end_message(&mut self, failure: Option<(Failure, u32)>) {
        match failure {
            Some((failure, replies)) => self.refuse_message(&failure, replies),
            None => {
                self.advance(Step::Complete);
                if matches!(&self.phase, Phase::Verdicts(verdicts) if verdicts.has_prdr()) {
                    self.replies
                        .reply(&Reply::Bare("353 a reply for each recipient follows"));
                }
            }
        }
    }

    /// Handles the end of a chunk.
    pub(super) fn end_chunk(&mut self, end: ChunkEnd) {
        match end.failure {
            failure if end.last => self.end_message(failure),
            Some((failure, _)) => self.refuse_message(&failure, 1),
            None => {
                self.advance(Step::ChunkAccepted);
                self.replies.reply(&Reply::Fixed("250 2.0.0 chunk ok"));
                if end.empty {
                    self.count_idle();
                }
            }
        }
    }

    /// Refuses the message, with this number of replies.
    fn refuse_message(&mut self, failure: &Failure, replies: u32) {
        self.advance(Step::Refuse(failure.reset()));
        self.abuse.count_idle();
        let rejection = failure.rejection();
        for _ in 0..if rejection.closes() { 1 } else { replies } {
            self.replies.reply(&Reply::Rejection(rejection));
        }
        if rejection.closes() {
            self.close(Closed::Rejected);
        }
    }
}
