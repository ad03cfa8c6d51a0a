//! The message on its way: DATA and BDAT.

use super::{BodyPermit, Client, Closed, Outcome, ReplyTo, Stage};
use crate::{
    data::{DotStuffer, LineEndings, Unsendable},
    output::Sink,
    state::{Move, State},
    types::Protocol,
};

/// Whether more content comes behind what is given to [`Client::body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Coming {
    /// There may be more.
    More,
    /// That is all: the last chunk can be marked as such.
    Nothing,
}

/// What to do next with the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers match on each")]
#[must_use]
pub enum BodyStep<'b> {
    /// Write these octets, behind what [`output`](crate::Machine::output) holds now and before what it gains
    /// later. Never empty.
    Write(&'b [u8]),
    /// The input is used up: give more, or call [`Client::end_body`].
    NeedInput,
    /// Write what there is, then poll, and come again: a chunk cannot begin before that.
    AwaitReply,
    /// The server refused the message, or the session is over: send no more, and poll.
    Abort,
}

/// How the content is sent, and how far it is.
#[derive(Debug)]
pub(super) struct Content {
    stuffer: DotStuffer,
    chunking: bool,
    chunk: Chunk,
    /// Chunks whose replies have not come; the one marked LAST is not counted.
    unanswered: usize,
    /// The chunk marked LAST has begun.
    last: bool,
    /// The message is complete, but the chunk marked LAST has to wait for the replies to others.
    completed: bool,
}

/// The open chunk.
#[derive(Debug, Default)]
struct Chunk {
    /// Octets of input that belong to it and were not used yet.
    input: usize,
    /// Octets of it that were not handed out yet.
    left: u64,
    /// What completes the last line of the message, behind the input.
    tail: &'static [u8],
}

impl Content {
    pub(super) const fn new(chunking: bool, binary: bool, endings: LineEndings, seven_bit: bool) -> Self {
        let endings = if binary { LineEndings::Keep } else { endings };
        let stuffer = if chunking {
            DotStuffer::for_chunks(endings)
        } else {
            DotStuffer::for_data(endings)
        };
        let stuffer = if seven_bit { stuffer.seven_bit() } else { stuffer };
        let chunk = Chunk {
            input: 0,
            left: 0,
            tail: &[],
        };
        Self {
            stuffer,
            chunking,
            chunk,
            unanswered: 0,
            last: false,
            completed: false,
        }
    }

    pub(super) const fn chunking(&self) -> bool {
        self.chunking
    }

    /// How many chunks are unanswered, the last one apart.
    pub(super) const fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Whether nothing can be sent before a chunk is answered.
    pub(super) const fn blocked(&self) -> bool {
        self.unanswered > 0 && self.chunk.left == 0
    }

    /// Whether the message, once completed, went out without a rest.
    pub(super) const fn is_sent(&self) -> bool {
        !self.completed
    }

    /// Begins a chunk with what `input` holds, at most `most` octets of it.
    fn begin_chunk(
        &mut self,
        input: &[u8],
        most: usize,
        coming: Coming,
        sink: &mut impl Sink,
    ) -> Result<(), Unsendable> {
        let head = input.get(..most).unwrap_or(input);
        let last = coming == Coming::Nothing && head.len() == input.len();
        let mut measured = self.stuffer.clone();
        let mut octets = 0;
        let mut rest = head;
        while let Some(piece) = measured.next(&mut rest)? {
            octets += piece.len() as u64;
        }
        let tail = if last { measured.end()? } else { &[] };
        octets += tail.len() as u64;
        self.last = last;
        self.chunk = Chunk {
            input: head.len(),
            left: octets,
            tail,
        };
        self.unanswered += usize::from(!last);
        write_bdat(octets, last, sink);
        Ok(())
    }

    /// The next piece of the open chunk; [`BodyStep::Abort`] when the input is not the one it was begun with.
    fn chunk_piece<'b>(&mut self, input: &mut &'b [u8]) -> Result<BodyStep<'b>, Unsendable> {
        let mut head = input.get(..self.chunk.input).unwrap_or(input);
        let offered = head.len();
        let piece = match self.stuffer.next(&mut head)? {
            Some(piece) => piece,
            None if self.chunk.input > 0 => return Ok(BodyStep::NeedInput),
            None => core::mem::take(&mut self.chunk.tail),
        };
        let used = offered - head.len();
        self.chunk.input -= used;
        match self.chunk.left.checked_sub(piece.len() as u64) {
            Some(left) if !piece.is_empty() => self.chunk.left = left,
            _ => return Ok(BodyStep::Abort),
        }
        *input = input.get(used..).unwrap_or_default();
        Ok(BodyStep::Write(piece))
    }
}

impl Client {
    /// Cuts the next piece for the wire off `input`, which is advanced past what was used. Nothing is copied: a
    /// piece is a run of the caller's own octets, or a constant. What is left of `input` has to come again first.
    ///
    /// DATA is dot-stuffed (RFC 5321 section 4.5.2); BDAT is cut into chunks (RFC 3030). A bare CR or LF is dealt
    /// with as [`Config::line_endings`](super::Config::line_endings) says, across the borders of inputs too.
    ///
    /// # Errors
    ///
    /// [`Unsendable`] when the content holds what this session cannot carry. The message cannot be completed
    /// then, nor the session be used: it ends with [`Closed::Unsendable`].
    pub fn body<'b>(
        &mut self,
        permit: &BodyPermit,
        input: &mut &'b [u8],
        coming: Coming,
    ) -> Result<BodyStep<'b>, Unsendable> {
        let window = self.chunk_window();
        let most = self.config.limits.max_chunk_octets.max(1);
        let (Stage::Content | Stage::ChunksRefused, Some(transaction)) = (
            self.stage,
            self.transaction.as_mut().filter(|open| open.number == permit.0),
        ) else {
            // Behind the last chunk there is nothing left to say.
            let done = matches!(self.stage, Stage::Final) && input.is_empty();
            return Ok(if done {
                BodyStep::NeedInput
            } else {
                BodyStep::Abort
            });
        };
        let content = &mut transaction.content;
        let result = if !content.chunking {
            match content.stuffer.next(input) {
                Ok(piece) => Ok(piece.map_or(BodyStep::NeedInput, BodyStep::Write)),
                Err(fault) => Err(fault),
            }
        } else if content.chunk.left > 0 {
            content.chunk_piece(input)
        } else if matches!(self.stage, Stage::ChunksRefused) {
            Ok(BodyStep::Abort)
        } else if input.is_empty() {
            Ok(BodyStep::NeedInput)
        } else if !self.output.is_empty() || content.unanswered >= window {
            return Ok(BodyStep::AwaitReply);
        } else {
            content
                .begin_chunk(input, most, coming, &mut self.output)
                .and_then(|()| content.chunk_piece(input))
        };
        let all_sent = content.last && content.chunk.left == 0;
        match result {
            Ok(BodyStep::Write(_)) => self.waiting.stop(),
            // The chunk cannot be completed without the octets that it was begun with.
            Ok(BodyStep::Abort) if self.chunk_is_open() => self.close(Closed::Aborted),
            Ok(_) => {}
            Err(fault) => self.close(Closed::Unsendable(fault)),
        }
        if all_sent && matches!(self.stage, Stage::Content) {
            self.stage = Stage::Final;
        }
        self.settle_chunks();
        result
    }

    /// Completes the message: its last line gets its CRLF if it has none, and DATA its final dot. The verdict comes
    /// as [`Event::Reply`](super::Event::Reply).
    ///
    /// # Errors
    ///
    /// [`Unsendable`] when the message ends in a bare CR and those are refused; see [`body`](Self::body).
    pub fn end_body(&mut self, permit: BodyPermit) -> Result<(), Unsendable> {
        if self
            .transaction
            .as_ref()
            .is_none_or(|open| open.number != permit.0)
        {
            return Ok(());
        }
        if self.chunk_is_open() {
            // The chunk cannot be completed without the octets that it was begun with.
            self.close(Closed::Aborted);
            return Ok(());
        }
        let (Stage::Content, Some(transaction)) = (self.stage, &mut self.transaction) else {
            return Ok(());
        };
        let content = &mut transaction.content;
        match content.stuffer.end() {
            Ok(end) if content.chunking => {
                content.chunk.tail = end;
                content.completed = true;
            }
            Ok(end) => self.output.put(end),
            Err(fault) => {
                self.close(Closed::Unsendable(fault));
                return Err(fault);
            }
        }
        self.waiting.stop();
        self.stage = Stage::Final;
        self.send_last_chunk();
        self.send_next();
        Ok(())
    }

    /// Sends what completes the message as the last chunk, once as few are unanswered as it takes.
    pub(super) fn send_last_chunk(&mut self) {
        let window = self.chunk_window();
        if let (Stage::Final, Some(transaction)) = (self.stage, &mut self.transaction)
            && transaction.content.completed
            && transaction.content.unanswered < window
        {
            let content = &mut transaction.content;
            content.completed = false;
            content.last = true;
            let tail = core::mem::take(&mut content.chunk.tail);
            write_bdat(tail.len() as u64, true, &mut self.output);
            self.output.put(tail);
        }
    }

    /// Whether a chunk was begun and its octets are not all given out.
    pub(super) fn chunk_is_open(&self) -> bool {
        self.transaction
            .as_ref()
            .is_some_and(|transaction| transaction.content.chunk.left > 0)
    }

    /// A chunk that was not the last was answered.
    pub(super) fn chunk_answered(&mut self, positive: bool) {
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        let early = positive && transaction.content.unanswered == 1 && !transaction.content.last;
        if early && transaction.content.chunk.left > 0 {
            // No server can be content with a chunk that it has not got.
            return self.close(Closed::Unexpected);
        }
        transaction.content.unanswered = transaction.content.unanswered.saturating_sub(1);
        if positive {
            self.state = self.state.after(Move::Bdat).unwrap_or(self.state);
            return;
        }
        self.state = State::Broken;
        transaction.refuse(ReplyTo::Chunk);
        if matches!(self.stage, Stage::Content) || transaction.content.completed {
            // Nothing more is begun. The reply to the last chunk, if that is on its way, is one more to come.
            transaction.content.unanswered += usize::from(transaction.content.last);
            self.stage = Stage::ChunksRefused;
        }
        self.settle_chunks();
    }

    /// Ends the transaction after a refused chunk, once all that was begun is sent and answered.
    fn settle_chunks(&mut self) {
        if let (Stage::ChunksRefused, Some(transaction)) = (self.stage, &self.transaction)
            && transaction.content.unanswered == 0
            && transaction.content.chunk.left == 0
        {
            self.needs_reset = true;
            self.stage = Stage::Finished(Outcome::Refused(ReplyTo::Chunk), None);
        }
    }

    /// How many chunks may be unanswered. In LMTP nobody could say how many replies the last chunk gets if one
    /// before it was refused, so there it is one.
    fn chunk_window(&self) -> usize {
        match self.config.protocol {
            Protocol::Smtp if self.pipelines() => self.config.limits.max_unanswered.max(1),
            _ => 1,
        }
    }
}

/// Writes `BDAT SP chunk-size [SP "LAST"] CRLF` (RFC 3030 section 2).
fn write_bdat(octets: u64, last: bool, sink: &mut impl Sink) {
    sink.put(b"BDAT ");
    sink.put_decimal(octets);
    sink.put(if last { b" LAST\r\n" } else { b"\r\n" });
}
