//! Command lines and refused chunks: the input between the bodies of messages.

use super::{abuse::AbuseMeter, content::Pace};
use crate::{
    data::ChunkReader,
    line::{Bare, LineCutter, NoLine},
};

/// An over-long line is dropped up to this length, in octets; then the session ends.
const LONGEST_DROPPED_LINE: u64 = 1 << 20;

/// Reader of lines. It drops faulty lines, and BDAT chunks that came out of order.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    cutter: LineCutter,
    /// The chunk that is being dropped.
    refused_chunk: Option<RefusedChunk>,
}

/// A BDAT chunk that came out of order. Its octets follow nevertheless (RFC 3030 section 2).
#[derive(Debug)]
pub(super) struct RefusedChunk {
    pub(super) octets: ChunkReader,
    pub(super) pace: Pace,
    /// The reply to the chunk, sent once it is dropped.
    pub(super) reply: &'static str,
}

/// The meaning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// A command.
    Command,
    /// A response of an AUTH exchange, which may begin with any letters.
    Response,
}

/// The result of reading a line.
#[derive(Debug)]
pub(super) enum Line<'i> {
    /// A whole line without its CRLF.
    Whole(&'i [u8]),
    /// The line was longer than allowed, and was dropped.
    TooLong,
    /// An AUTH command was longer than allowed, and was dropped.
    TooLongAuth,
    /// The line holds a bare CR or LF. The rest of it will be dropped.
    Bare(Bare),
    /// The rest of a line was dropped. Read again.
    Dropped,
    /// No whole line yet.
    Incomplete,
    /// A faulty BDAT command: the next octets may be a chunk.
    LostChunk,
    /// An over-long line exceeded its limit for dropped octets.
    Endless,
    /// The session exceeded its limit for dropped octets.
    TooMuchDropped,
}

impl LineReader {
    /// Reads the next line. `most` bounds the octets that may be dropped in the whole session.
    #[inline(always)] // or every command pays for a call
    pub(super) fn next<'i>(
        &mut self,
        input: &mut &'i [u8],
        limit: usize,
        kind: LineKind,
        budget: (&mut AbuseMeter, u64),
    ) -> Line<'i> {
        let before = self.cutter.dropped();
        match self.cutter.cut(input, limit) {
            Ok(line) => Line::Whole(line),
            Err(reason) => self.faulty(reason, before, kind, budget),
        }
    }

    /// Returns `true` if the input begins where a line begins.
    pub(super) const fn at_start(&self) -> bool {
        self.cutter.at_start()
    }

    /// Begins to drop a chunk.
    pub(super) fn refuse_chunk(&mut self, chunk: RefusedChunk) {
        self.refused_chunk = Some(chunk);
    }

    /// Returns the chunk that is being dropped.
    pub(super) const fn refused_chunk(&mut self) -> Option<&mut RefusedChunk> {
        self.refused_chunk.as_mut()
    }

    /// Ends the chunk that was dropped.
    pub(super) fn end_chunk(&mut self) {
        self.refused_chunk = None;
    }

    #[cold]
    fn faulty<'i>(
        &mut self,
        reason: NoLine,
        before: u64,
        kind: LineKind,
        (abuse, most): (&mut AbuseMeter, u64),
    ) -> Line<'i> {
        let length = match reason {
            NoLine::TooLong(length) | NoLine::Dropped(length) => length,
            NoLine::Bare(_) | NoLine::Incomplete => self.cutter.dropped(),
        };
        let dropped = length.saturating_sub(before);
        if before == 0 && dropped > 0 && kind == LineKind::Command && self.cutter.dropped_verb(b"BDAT") {
            return Line::LostChunk;
        }
        if dropped > 0 && (abuse.discard(dropped, most) || length > LONGEST_DROPPED_LINE) {
            let is_bare = matches!(reason, NoLine::Dropped(_)) || self.cutter.is_bare();
            return if is_bare {
                Line::TooMuchDropped
            } else {
                Line::Endless
            };
        }
        match reason {
            NoLine::TooLong(_) if self.cutter.dropped_verb(b"AUTH ") => Line::TooLongAuth,
            NoLine::TooLong(_) => Line::TooLong,
            NoLine::Bare(bare) => Line::Bare(bare),
            NoLine::Dropped(_) => Line::Dropped,
            NoLine::Incomplete => Line::Incomplete,
        }
    }
}
