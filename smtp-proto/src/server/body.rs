//! Message content: DATA and BDAT.

use alloc::boxed::Box;

use super::{Closed, Event, Next, Reset, Server, auth::Exchange, pipeline::Reply, ticket::Kind};
use crate::{
    data::{BareLineEndings, ChunkReader, DotUnstuffer, Unstuffed},
    state::{Move, State},
    types::{Bdat, Body, Command, Keyword, Protocol, Rejection},
};

/// The last word to a client that sends more than will be read to be dropped.
const TOO_BIG_TO_SKIP: &str = "421 4.7.0 too much to be skipped, closing";

/// What the next octets of the input are.
#[derive(Debug)]
pub(super) enum Mode {
    /// Command lines.
    Commands,
    /// Message text, up to the final dot.
    Text(DotUnstuffer),
    /// A BDAT chunk.
    Chunk(Chunk),
    /// Nothing: the reply to STARTTLS is to be written.
    Upgrade,
    /// Not for the machine: the TLS handshake is under way.
    Upgrading,
    /// The responses of an exchange that AUTH began.
    Auth(Box<Exchange>),
    /// Commands again, but first the verdict for this recipient (counted from 0) is needed.
    Verdicts(u32),
}

/// A BDAT chunk on its way.
#[derive(Debug)]
pub(super) struct Chunk {
    octets: ChunkReader,
    size: u64,
    last: bool,
    /// The chunk is refused with this when it is over: it came out of order.
    misplaced: Option<&'static str>,
}

/// Why the message in hand will be refused.
#[derive(Debug)]
pub(super) enum Failure {
    TooBig,
    BareLineEnding,
    Application(Box<Rejection>),
}

impl Failure {
    const fn reset(&self) -> Reset {
        match self {
            Self::TooBig => Reset::TooBig,
            Self::BareLineEnding => Reset::BareLineEnding,
            Self::Application(_) => Reset::Refused,
        }
    }
}

impl Server {
    /// Refuses the message whose content is on its way. The rest of it is read and dropped, then the client is
    /// told, and the transaction ends with [`Reset::Refused`]; a rejection with code 421 then ends the session, too.
    ///
    /// # Errors
    ///
    /// Gives the rejection back when no message content is on its way.
    pub fn reject_body(&mut self, rejection: Rejection) -> Result<(), Rejection> {
        if !matches!(self.state, State::Data | State::Chunks) || matches!(self.mode, Mode::Verdicts(_)) {
            return Err(rejection);
        }
        let rejection = if self.transaction.smtputf8 {
            rejection
        } else {
            rejection.into_ascii()
        };
        self.fail(Failure::Application(Box::new(rejection)));
        Ok(())
    }

    /// DATA was accepted: its text comes next.
    pub(super) fn begin_text(&mut self) {
        self.state = State::Data;
        self.transaction.begin_content();
        self.mode = Mode::Text(DotUnstuffer::new(self.config.line_endings));
    }

    pub(super) fn next_text<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        let Mode::Text(unstuffer) = &mut self.mode else {
            return Next::Again;
        };
        let before = input.len();
        let unstuffed = unstuffer.next(input);
        let bare = unstuffer.saw_bare_line_ending();
        self.transaction.arrived(before - input.len(), self.now);
        match unstuffed {
            Unstuffed::Piece(piece) => {
                if bare && self.config.line_endings == BareLineEndings::Reject {
                    self.fail(Failure::BareLineEnding);
                }
                self.piece(piece)
            }
            Unstuffed::NeedMore if self.end_of_input => {
                self.close(Closed::ConnectionClosed);
                Next::Again
            }
            Unstuffed::NeedMore => Next::Wait(true),
            Unstuffed::End => {
                if bare && self.config.line_endings == BareLineEndings::Reject {
                    self.fail(Failure::BareLineEnding);
                }
                self.finish_message();
                Next::Again
            }
        }
    }

    /// BDAT, in any state: its octets follow, whatever the answer will be (RFC 3030 section 2).
    pub(super) fn bdat<'i>(&mut self, bdat: Bdat) -> Next<'i> {
        let misplaced = if !self.extensions().has(Keyword::Chunking) {
            Some("502 5.5.1 BDAT is not offered")
        } else if let Some(reply) = self.too_early(&Command::Bdat(bdat)) {
            Some(reply)
        } else if self.state.after(Move::Bdat).is_none() {
            Some(self.out_of_order(Move::Bdat))
        } else {
            None
        };
        if misplaced.is_none() && self.transaction.octets.saturating_add(bdat.size) > self.message_limit() {
            self.fail(Failure::TooBig);
        }
        let dropped = misplaced.is_some() || self.transaction.failure.is_some();
        if dropped && !self.can_drop(bdat.size) {
            self.close_with(TOO_BIG_TO_SKIP, Closed::DropLimit);
            return Next::Again;
        }
        let first = misplaced.is_none() && self.state == State::Recipients;
        self.mode = Mode::Chunk(Chunk {
            octets: ChunkReader::new(bdat.size),
            size: bdat.size,
            last: bdat.last,
            misplaced,
        });
        if first {
            self.transaction.begin_content();
            if self.transaction.failure.is_none() {
                return Next::Event(Event::Data {
                    ticket: self.pipeline.ask(Kind::Data, self.now),
                });
            }
        }
        Next::Again
    }

    /// The application said yes or no to the first chunk of a message, whose octets come next.
    pub(super) fn chunks_allowed(&mut self, rejection: Option<Rejection>) {
        match rejection {
            None => self.state = State::Chunks,
            Some(rejection) => {
                if let Mode::Chunk(chunk) = &self.mode {
                    let size = chunk.size;
                    self.fail(Failure::Application(Box::new(rejection)));
                    if !self.can_drop(size) {
                        self.close_with(TOO_BIG_TO_SKIP, Closed::DropLimit);
                    }
                }
            }
        }
    }

    pub(super) fn next_octets<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        let Mode::Chunk(chunk) = &mut self.mode else {
            return Next::Again;
        };
        if let Some(octets) = chunk.octets.take(input) {
            let misplaced = chunk.misplaced.is_some();
            self.transaction.arrived(octets.len(), self.now);
            return if misplaced {
                self.skip(octets)
            } else {
                self.piece(octets)
            };
        }
        if chunk.octets.remaining() > 0 {
            if self.end_of_input {
                self.close(Closed::ConnectionClosed);
                return Next::Again;
            }
            return Next::Wait(true);
        }
        let (empty, last, misplaced) = (chunk.size == 0, chunk.last, chunk.misplaced);
        self.mode = Mode::Commands;
        match (misplaced, &self.transaction.failure) {
            (Some(reply), _) => {
                self.pipeline.reply(&Reply::Fixed(reply));
                if self.follows_a_refusal(Move::Bdat) {
                    self.idled();
                } else {
                    self.fault();
                }
            }
            (None, _) if last => self.finish_message(),
            (None, None) => {
                self.pipeline.reply(&Reply::Fixed("250 2.0.0 chunk ok"));
                if empty {
                    self.idled();
                }
            }
            (None, Some(_)) => {
                self.state = State::Broken;
                self.refuse_message(1);
            }
        }
        Next::Again
    }

    /// The transaction is over; whatever is to be said about it has been said.
    pub(super) fn end_transaction(&mut self) {
        self.mode = Mode::Commands;
        self.state = State::Ready;
        self.attempted = false;
        self.transaction = super::Transaction::default();
    }

    /// How many verdicts, and so replies, a message gets.
    fn verdicts(&self) -> u32 {
        match self.config.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.transaction.recipients,
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.transaction.failure.is_none() {
            self.transaction.failure = Some(failure);
        }
    }

    /// Counts a piece of the message and hands it out, unless the message will be refused.
    ///
    /// Of a piece that exceeds the limit the front part is handed out: what the application sees does not depend
    /// on how the input was cut.
    fn piece<'i>(&mut self, piece: &'i [u8]) -> Next<'i> {
        if self.transaction.failure.is_some() {
            return self.skip(piece);
        }
        let room = self.message_limit().saturating_sub(self.transaction.octets);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        self.transaction.octets = self.transaction.octets.saturating_add(piece.len() as u64);
        let Some((within, beyond)) = piece
            .split_at_checked(room)
            .filter(|(_, beyond)| !beyond.is_empty())
        else {
            return Next::Event(Event::Body(piece));
        };
        self.fail(Failure::TooBig);
        let next = self.skip(beyond);
        if within.is_empty() {
            next
        } else {
            Next::Event(Event::Body(within))
        }
    }

    /// Counts octets that are read to be dropped.
    fn skip<'i>(&mut self, octets: &[u8]) -> Next<'i> {
        if !self.drop_octets(octets.len() as u64) {
            self.close_with(TOO_BIG_TO_SKIP, Closed::DropLimit);
        }
        Next::Again
    }

    /// The end of the message came.
    fn finish_message(&mut self) {
        self.mode = Mode::Commands;
        if self.transaction.failure.is_some() {
            self.state = State::Ready;
            self.attempted = false;
            self.refuse_message(self.verdicts());
        } else {
            self.mode = Mode::Verdicts(0);
        }
    }

    /// Says why the message is refused, as often as replies are due, and reports the end of the transaction, whose
    /// state has been left.
    fn refuse_message(&mut self, replies: u32) {
        let Some(failure) = self.transaction.failure.take() else {
            return;
        };
        self.reset = Some(failure.reset());
        self.counters.idle_commands = self.counters.idle_commands.saturating_add(1);
        self.transaction = super::Transaction::default();
        let rejection = match failure {
            Failure::TooBig => &Rejection::TOO_BIG,
            Failure::BareLineEnding => &Rejection::BARE_LINE_ENDING,
            Failure::Application(ref rejection) => &**rejection,
        };
        let closes = rejection.closes();
        for _ in 0..if closes { 1 } else { replies } {
            self.pipeline.reply(&Reply::Rejection(rejection));
        }
        if closes {
            self.close(Closed::Rejected);
        }
    }

    /// The largest message of this session.
    pub(super) fn message_limit(&self) -> u64 {
        match self.extensions().size_limit() {
            Some(offered) => offered.min(self.config.limits.max_message_octets),
            None => self.config.limits.max_message_octets,
        }
    }

    /// Whether DATA may be used for the message that MAIL announced (RFC 3030 section 3).
    pub(super) fn needs_chunks(&self) -> bool {
        self.transaction.body == Some(Body::BinaryMime)
    }
}
