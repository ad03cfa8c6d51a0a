//! What the machine waits for when there is nothing to do, and what is overdue then.

use super::{Client, Closed, ReplyTo, Stage};
use crate::{
    machine::Wait,
    time::{Deadline, Phase},
};

impl Client {
    /// What to wait for when nothing can be done, or `None` if a deadline has passed and was acted upon.
    pub(super) fn idle(&mut self) -> Option<Wait> {
        let timeouts = &self.config.timeouts;
        let write = !self.output.is_empty();
        let answer = match self.stage {
            Stage::Content | Stage::Upgrading => true,
            Stage::ChunksRefused => self.chunk_is_open(),
            _ => false,
        };
        let (phase, time) = match self.stage {
            Stage::Greeting => (Phase::Greeting, timeouts.greeting),
            Stage::Envelope => match self.transaction.as_ref().map(|transaction| transaction.awaited()) {
                Some(ReplyTo::Mail) => (Phase::Mail, timeouts.mail),
                Some(ReplyTo::Recipient(_)) => (Phase::Recipient, timeouts.recipient),
                _ => (Phase::DataStart, timeouts.data_start),
            },
            Stage::Content => match self.transaction.as_ref() {
                Some(transaction) if transaction.content.blocked() => (Phase::DataEnd, timeouts.data_end),
                _ => (Phase::DataBlock, timeouts.data_block),
            },
            Stage::ChunksRefused if answer => (Phase::DataBlock, timeouts.data_block),
            Stage::Final | Stage::LoneDot(_) | Stage::ChunksRefused => (Phase::DataEnd, timeouts.data_end),
            Stage::Upgrading => (Phase::Handshake, timeouts.handshake),
            Stage::Quitting(_) => (Phase::Quit, timeouts.quit),
            Stage::Auth => (Phase::Auth, timeouts.command),
            _ => (Phase::Command, timeouts.command),
        };
        let mut deadline = None;
        if !matches!(self.stage, Stage::Ready) {
            deadline = Some(self.waiting.run(phase, time, self.now));
        }
        if write {
            let other = self.writing.run(Phase::Write, timeouts.write, self.now);
            deadline = Deadline::earlier(deadline, Some(other));
        }
        match deadline {
            Some(due) if due.at <= self.now => {
                self.broke(Closed::TimedOut(due.phase));
                None
            }
            _ => Some(Wait {
                // What comes during the handshake belongs to TLS.
                want_read: !self.end_of_input && !matches!(self.stage, Stage::Upgrading),
                want_write: write,
                application_pending: answer,
                deadline,
            }),
        }
    }
}
