//! The message on the wire: one dot-stuffed text (DATA), or counted chunks (BDAT).

use super::{BodyStep, More};
use crate::{
    data::{DotStuffer, Unsendable},
    output::{Output, Sink},
    types::Reply,
};

/// The form in which a message is sent.
#[derive(Debug)]
pub(super) enum Content {
    /// DATA (RFC 5321 section 4.1.1.4).
    Data(DotStuffer),
    /// BDAT (RFC 3030 section 2).
    Chunks(Chunks),
}

/// A message sent in chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    stuffer: DotStuffer,
    open: OpenChunk,
    /// Chunks without a reply, not counting the last one of the message.
    pub(super) unanswered: usize,
    /// Chunks with a positive reply.
    pub(super) accepted: usize,
    /// Chunks with a negative reply.
    refused: usize,
    last: Last,
}

/// The chunk that is being sent. Between two chunks it is empty.
#[derive(Debug)]
struct OpenChunk {
    /// Octets of input that belong to the chunk and are unused.
    input: usize,
    /// Octets of the chunk that were not returned yet.
    left: u64,
    /// The completion of the last line of the message, after the input.
    tail: &'static [u8],
}

/// The chunk marked LAST.
#[derive(Clone, Copy, Debug)]
enum Last {
    /// More content may come.
    Unknown,
    /// The message is complete and ends with these octets. The chunk waits for the replies to earlier chunks.
    Held(&'static [u8]),
    /// The last chunk has begun.
    Begun,
}

/// The maximum octets of a chunk, and the maximum number of chunks without a reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkBounds {
    pub(super) octets: usize,
    pub(super) window: usize,
}

/// The effect of the reply to a chunk that was not the last.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChunkAnswered {
    Accepted,
    /// The chunk was refused. No further chunk may begin.
    RefusedFirst,
    /// The chunk was refused after another chunk, or after the last chunk was complete.
    Refused,
    /// The server accepted a chunk before it was complete.
    Impossible,
}

impl Content {
    /// Returns true if a chunk has begun and is not complete.
    pub(super) const fn has_open_chunk(&self) -> bool {
        match self {
            Self::Data(_) => false,
            Self::Chunks(chunks) => chunks.is_open(),
        }
    }

    /// Returns true if the last chunk has begun.
    pub(super) const fn has_begun_last(&self) -> bool {
        match self {
            Self::Data(_) => false,
            Self::Chunks(chunks) => chunks.has_begun_last(),
        }
    }

    /// The number of chunks without a reply, not counting the last one.
    pub(super) const fn unanswered(&self) -> usize {
        match self {
            Self::Data(_) => 0,
            Self::Chunks(chunks) => chunks.unanswered,
        }
    }
}

impl Chunks {
    pub(super) const fn new(stuffer: DotStuffer) -> Self {
        Self {
            stuffer,
            open: OpenChunk {
                input: 0,
                left: 0,
                tail: &[],
            },
            unanswered: 0,
            accepted: 0,
            refused: 0,
            last: Last::Unknown,
        }
    }

    /// Returns true if a chunk has begun and is not complete.
    pub(super) const fn is_open(&self) -> bool {
        self.open.left > 0
    }

    /// Returns true if the last chunk waits for the replies to earlier chunks.
    pub(super) const fn holds_last(&self) -> bool {
        matches!(self.last, Last::Held(_))
    }

    /// Returns true if the last chunk has begun.
    pub(super) const fn has_begun_last(&self) -> bool {
        matches!(self.last, Last::Begun)
    }

    /// Returns the next piece of the open chunk, or begins a chunk and queues its command in `output`.
    pub(super) fn next<'b>(
        &mut self,
        input: &mut &'b [u8],
        more: More,
        bounds: ChunkBounds,
        output: &mut Output,
    ) -> Result<BodyStep<'b>, Unsendable> {
        if self.is_open() {
            self.piece(input)
        } else if input.is_empty() {
            Ok(BodyStep::NeedInput)
        } else if !output.is_empty() || self.unanswered >= bounds.window {
            Ok(BodyStep::AwaitReply)
        } else {
            self.begin(input, more, bounds.octets, output)?;
            self.piece(input)
        }
    }

    /// Begins a chunk with the content of `input`, at most `most` octets of it.
    fn begin(
        &mut self,
        input: &[u8],
        more: More,
        most: usize,
        output: &mut Output,
    ) -> Result<(), Unsendable> {
        let head = input.get(..most).unwrap_or(input);
        let last = more == More::Last && head.len() == input.len();
        let mut measured = self.stuffer.clone();
        let mut octets = 0;
        let mut rest = head;
        while let Some(piece) = measured.next(&mut rest)? {
            octets += piece.len() as u64;
        }
        let tail = if last { measured.end()? } else { &[] };
        octets += tail.len() as u64;
        self.open = OpenChunk {
            input: head.len(),
            left: octets,
            tail,
        };
        if last {
            self.last = Last::Begun;
            write_bdat(octets, b" LAST\r\n", output);
        } else {
            self.unanswered += 1;
            write_bdat(octets, b"\r\n", output);
        }
        Ok(())
    }

    /// Returns the next piece of the open chunk. Returns [`BodyStep::Abort`] if the input differs from that with which
    /// it began.
    pub(super) fn piece<'b>(&mut self, input: &mut &'b [u8]) -> Result<BodyStep<'b>, Unsendable> {
        let mut head = input.get(..self.open.input).unwrap_or(input);
        let offered = head.len();
        let piece = match self.stuffer.next(&mut head)? {
            Some(piece) => piece,
            None if self.open.input > 0 => return Ok(BodyStep::NeedInput),
            None => core::mem::take(&mut self.open.tail),
        };
        let used = offered - head.len();
        self.open.input -= used;
        match self.open.left.checked_sub(piece.len() as u64) {
            Some(left) if !piece.is_empty() => self.open.left = left,
            _ => return Ok(BodyStep::Abort),
        }
        *input = input.get(used..).unwrap_or_default();
        Ok(BodyStep::Write(piece))
    }

    /// Takes the reply to a chunk that was not the last.
    pub(super) fn answered(&mut self, reply: &Reply<'_>) -> ChunkAnswered {
        let positive = reply.is_positive_completion();
        if positive && self.unanswered == 1 && self.is_open() && !self.has_begun_last() {
            return ChunkAnswered::Impossible;
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        if positive {
            self.accepted += 1;
            return ChunkAnswered::Accepted;
        }
        let is_first = self.refused == 0;
        self.refused += 1;
        if !is_first || (self.has_begun_last() && !self.is_open()) {
            return ChunkAnswered::Refused;
        }
        // The last chunk, if it has begun, gets a reply, too.
        self.unanswered += usize::from(self.has_begun_last());
        ChunkAnswered::RefusedFirst
    }

    /// Completes the message. [`send_last`](Self::send_last) sends its end as the last chunk.
    pub(super) fn end(&mut self) -> Result<(), Unsendable> {
        self.last = Last::Held(self.stuffer.end()?);
        Ok(())
    }

    /// Queues the last chunk, if it waits, once fewer than `window` chunks are without a reply.
    pub(super) fn send_last(&mut self, window: usize, output: &mut Output) {
        if let Last::Held(tail) = self.last
            && self.unanswered < window
        {
            self.last = Last::Begun;
            write_bdat(tail.len() as u64, b" LAST\r\n", output);
            output.put(tail);
        }
    }
}

/// Writes `BDAT SP chunk-size [SP "LAST"] CRLF` (RFC 3030 section 2).
fn write_bdat(octets: u64, end: &[u8], output: &mut Output) {
    output.put(b"BDAT ");
    output.put_decimal(octets);
    output.put(end);
}
