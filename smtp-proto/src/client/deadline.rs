//! The timers of a session, and its wait.

use super::{
    Client, Closed, ReplyTo,
    stage::{Handshake, Stage, Step},
};
use crate::{
    machine::Wait,
    time::{Deadline, Instant, Phase, Timer},
};

/// The clock and the timers of a session.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The wait for a reply, or for the application.
    pub(super) waiting: Timer,
    /// The wait for the server to read the output.
    pub(super) writing: Timer,
    /// The time of the last poll.
    pub(super) now: Instant,
}

impl Client {
    /// Returns the wait when nothing can be done. Returns `None` after it has acted on a deadline that passed.
    pub(super) fn idle(&mut self) -> Option<Wait> {
        let timeouts = &self.config.timeouts;
        let write = !self.output.is_empty();
        let mut application_pending = false;
        let phase = match &self.stage {
            Stage::Ready(_) => None,
            Stage::Greeting => Some((Phase::Greeting, timeouts.greeting)),
            Stage::Handshake(_) => {
                application_pending = true;
                Some((Phase::Handshake, timeouts.handshake))
            }
            Stage::Quitting(_) => Some((Phase::Quit, timeouts.quit)),
            Stage::Auth(_) => Some((Phase::Auth, timeouts.command)),
            Stage::Sending(sending) => {
                let content = &sending.transaction.content;
                let (data_block, data_end) = (
                    (Phase::DataBlock, timeouts.data_block),
                    (Phase::DataEnd, timeouts.data_end),
                );
                match sending.step() {
                    Step::Envelope if sending.transaction.awaits_application() => {
                        application_pending = true;
                        None
                    }
                    Step::Envelope => match sending.transaction.awaited() {
                        ReplyTo::Mail => Some((Phase::Mail, timeouts.mail)),
                        ReplyTo::Recipient(_) => Some((Phase::Recipient, timeouts.recipient)),
                        _ => Some((Phase::DataStart, timeouts.data_start)),
                    },
                    Step::Content => {
                        application_pending = true;
                        let blocked = content.unanswered() > 0 && !content.has_open_chunk();
                        Some(if blocked { data_end } else { data_block })
                    }
                    Step::ChunkRefused if content.has_open_chunk() => {
                        application_pending = true;
                        Some(data_block)
                    }
                    Step::ChunkRefused | Step::EndOfData { .. } | Step::LoneDot(_) => Some(data_end),
                    _ => Some((Phase::Command, timeouts.command)),
                }
            }
            _ => Some((Phase::Command, timeouts.command)),
        };
        let mut deadline = phase.map(|(phase, time)| self.timers.waiting.run(phase, time, self.timers.now));
        if write {
            let other = self
                .timers
                .writing
                .run(Phase::Write, timeouts.write, self.timers.now);
            deadline = Deadline::earlier(deadline, Some(other));
        }
        match deadline {
            Some(due) if due.at <= self.timers.now => {
                self.broke(Closed::TimedOut(due.phase));
                None
            }
            _ => Some(Wait {
                // Input during the handshake belongs to TLS.
                want_read: !self.end_of_input && !matches!(self.stage, Stage::Handshake(Handshake::UnderWay)),
                want_write: write,
                application_pending,
                deadline,
            }),
        }
    }
}
