//! The message, as the application passes it.

use super::{
    BodyPermit, Client, Closed,
    content::{ChunkBounds, Content},
    delivery::Then,
    stage::{Stage, Step},
};
use crate::{data::Unsendable, output::Sink};

/// Marker for the input of [`Client::body`]: more content follows, or this is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum More {
    /// More content may follow.
    Yes,
    /// The input is the rest of the message. With BDAT, its last chunk is marked LAST.
    Last,
}

/// The next step in sending a message: the result of [`Client::body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "drivers match on each")]
#[must_use]
pub enum BodyStep<'b> {
    /// Write these octets, after the present [`output`](crate::Machine::output) and before later output. Never empty.
    Write(&'b [u8]),
    /// All input is used: pass more, or call [`Client::end_body`].
    NeedInput,
    /// Write the output, poll, and call again. The next chunk cannot begin before the server replies.
    AwaitReply,
    /// The server refused the message, or the session is over. Stop sending, and poll.
    Abort,
}

impl Client {
    /// Returns the next piece of the message to write, and advances `input` past the octets used. Nothing is copied: a
    /// piece is a slice of `input`, or a constant. Pass the rest of `input` again at the next call, before later
    /// content.
    ///
    /// DATA is dot-stuffed (RFC 5321 section 4.5.2); BDAT is cut into chunks (RFC 3030).
    /// [`Config::line_endings`](super::Config::line_endings) applies to each bare CR or LF, also across two inputs.
    ///
    /// # Errors
    ///
    /// [`Unsendable`] if this session cannot carry the content. The session ends with [`Closed::Unsendable`], because
    /// the message cannot be completed.
    pub fn body<'b>(
        &mut self,
        permit: &BodyPermit,
        input: &mut &'b [u8],
        more: More,
    ) -> Result<BodyStep<'b>, Unsendable> {
        let bounds = ChunkBounds {
            octets: self.config.limits.max_chunk_octets.max(1),
            window: self.session.chunk_window(&self.config),
        };
        let sending = match &mut self.stage {
            Stage::Sending(sending) if sending.transaction.number() == permit.0 => sending,
            _ => return Ok(BodyStep::Abort),
        };
        let (result, then) = match (sending.step(), &mut sending.transaction.content) {
            (Step::Content, Content::Data(stuffer)) => match stuffer.next(input) {
                Ok(Some(piece)) => {
                    self.timers.waiting.stop();
                    return Ok(BodyStep::Write(piece));
                }
                Ok(None) => return Ok(BodyStep::NeedInput),
                Err(fault) => (Err(fault), Then::Close(Closed::Unsendable(fault))),
            },
            (Step::Content | Step::ChunkRefused, Content::Chunks(_)) => {
                let result = sending.chunk(input, more, bounds, &mut self.output);
                let then = match result {
                    // An open chunk cannot be completed without the octets with which it began.
                    Ok(BodyStep::Abort) if sending.transaction.content.has_open_chunk() => {
                        Then::Close(Closed::Aborted)
                    }
                    Ok(BodyStep::Write(_)) => {
                        self.timers.waiting.stop();
                        sending.settle_chunks()
                    }
                    Ok(_) => return result,
                    Err(fault) => Then::Close(Closed::Unsendable(fault)),
                };
                (result, then)
            }
            // The last chunk is complete.
            (Step::EndOfData { .. }, _) if input.is_empty() => return Ok(BodyStep::NeedInput),
            _ => return Ok(BodyStep::Abort),
        };
        self.apply(then);
        result
    }

    /// Completes the message: adds a missing CRLF after the last line and, for DATA, the final dot. The final reply
    /// comes as [`Event::Reply`](super::Event::Reply).
    ///
    /// # Errors
    ///
    /// [`Unsendable`] if the message ends in a bare CR and the configuration refuses that; see [`body`](Self::body).
    pub fn end_body(&mut self, permit: BodyPermit) -> Result<(), Unsendable> {
        let sending = match &mut self.stage {
            Stage::Sending(sending) if sending.transaction.number() == permit.0 => sending,
            _ => return Ok(()),
        };
        if sending.transaction.content.has_open_chunk() {
            // An open chunk cannot be completed without the octets with which it began.
            self.close(Closed::Aborted);
            return Ok(());
        }
        if !matches!(sending.step(), Step::Content) {
            return Ok(());
        }
        let ended = match &mut sending.transaction.content {
            Content::Data(stuffer) => stuffer.end().map(|end| self.output.put(end)),
            Content::Chunks(chunks) => chunks.end(),
        };
        match ended {
            Ok(()) => {
                sending.enter(Step::EndOfData { behind: 0 });
                self.timers.waiting.stop();
                sending.send_end(&self.session, &self.config, &mut self.output);
            }
            Err(fault) => self.close(Closed::Unsendable(fault)),
        }
        ended
    }

    /// The output to write next. The end of a message and the commands after it are returned separately: over TLS a driver
    /// only learns that a whole write has completed, and the outcome of the message depends on its end alone.
    #[inline]
    pub(super) fn unwritten(&self) -> &[u8] {
        let all = self.output.pending();
        match self.stage.behind() {
            0 => all,
            behind => match all.len().checked_sub(behind) {
                Some(message) if message > 0 => all.get(..message).unwrap_or(all),
                _ => all,
            },
        }
    }

    /// All output: [`output`](crate::Machine::output), then any commands of the next transaction that follow the end of
    /// a message. Only for a driver that learns exactly how many octets of a write have left; over TLS it does not.
    #[must_use]
    pub fn all_output(&self) -> &[u8] {
        self.output.pending()
    }

    /// Reports that `octets` octets of [`all_output`](Self::all_output) were written.
    pub fn advance_all_output(&mut self, octets: usize) {
        let taken = self.output.pending();
        if memchr::memchr(b'\n', taken.get(..octets).unwrap_or(taken)).is_some() {
            self.timers.writing.stop();
        }
        self.output.advance(octets);
        if self.output.is_empty() && !matches!(self.stage, Stage::Sending(_) | Stage::Finished(_)) {
            self.output.release();
        }
    }
}
