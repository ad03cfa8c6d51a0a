//! A transaction that is announced while another one is under way.

use alloc::boxed::Box;

use super::{Client, Rejected, RequestError, Stage};
use crate::types::{Envelope, Protocol};

impl Client {
    /// Announces the transaction behind the one that is under way, at any time before that is
    /// [finished](super::Event::Finished); it begins then at the latest, and goes on like one that was begun with
    /// [`deliver`](Self::deliver). One can be announced at a time.
    ///
    /// With PIPELINING and DATA its commands leave together with the final dot of the message before it (RFC 2920
    /// section 3.1), so that a message costs one round trip instead of two. Announce it when
    /// [`Event::Body`](super::Event::Body) comes, or earlier. With BDAT it waits: if the last chunk is refused, RSET has to come
    /// first (RFC 3030 section 2).
    ///
    /// # Errors
    ///
    /// Gives the envelope back with the reason: as `deliver`, or [`RequestError::OutOfTurn`] when no transaction is under way
    /// or one has been announced.
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), Rejected<Box<Envelope>>> {
        let turn = match (&self.transaction, &self.next) {
            (Some(_), None) => Ok(()),
            _ => self.turn().and(Err(RequestError::OutOfTurn)),
        };
        self.next = Some(self.plan(turn, envelope)?);
        Ok(())
    }

    /// Begins the transaction that was announced, if there is one; else the session is ready.
    pub(super) fn turn_to_next(&mut self) {
        self.transaction = self.next.take();
        self.behind_message = 0;
        match &self.transaction {
            None => self.stage = Stage::Ready,
            Some(next) if next.has_begun() => self.stage = Stage::Envelope,
            Some(_) => self.begin(),
        }
    }

    /// Queues commands of the next transaction behind the final dot of this one. The replies to the message count in
    /// the window.
    pub(super) fn send_next(&mut self) {
        let window = self.window();
        if self.pipelines()
            && let (Stage::Final, Some(current), Some(next)) = (self.stage, &self.transaction, &mut self.next)
            && !current.content.chunking()
        {
            let replies = match self.config.protocol {
                Protocol::Smtp => 1,
                Protocol::Lmtp => current.final_replies_due(),
            };
            let before = self.output.len();
            next.send(window.saturating_sub(replies), &self.extensions, &mut self.output);
            self.behind_message += self.output.len() - before;
        }
    }

    /// Whether nothing of a completed message waits to be written.
    pub(super) fn message_is_written(&self) -> bool {
        let transaction = self.transaction.as_ref();
        transaction.is_some_and(|transaction| transaction.content.is_sent())
            && self.output.len() <= self.behind_message
    }

    /// What is to be written as a whole: the rest of a message by itself, and then what stands behind it. A driver may
    /// learn of a write only when all of it has left, and what became of the message depends on its end alone.
    pub(super) fn unwritten(&self) -> &[u8] {
        let all = self.output.pending();
        match all.len().checked_sub(self.behind_message) {
            Some(message) if message > 0 && self.behind_message > 0 => all.get(..message).unwrap_or(all),
            _ => all,
        }
    }

    /// All that is to be written, for a driver that knows how much of a write has left.
    pub(crate) fn all_output(&self) -> &[u8] {
        self.output.pending()
    }
}
