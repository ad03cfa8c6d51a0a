//! What the machine waits for when there is nothing to do, and what is overdue then.

use super::{Closed, Server, body::Mode, ticket::Kind};
use crate::{
    machine::Wait,
    state::State,
    time::{Deadline, Phase},
};

impl Server {
    /// What to wait for when nothing can be done, or `None` if a deadline has passed and was acted upon.
    pub(super) fn idle(&mut self, read: bool) -> Option<Wait> {
        let asked = self.pipeline.oldest();
        let upgrading = matches!(self.mode, Mode::Upgrading);
        let write = !self.pipeline.output.is_empty() && self.penalty.is_none();
        let mut deadline = match asked {
            Some((kind, asked)) => {
                let time = match kind {
                    Kind::EndOfData => self.config.timeouts.message_acceptance,
                    _ => self.config.timeouts.application,
                };
                Some(Deadline::new(asked + time, Phase::Application))
            }
            None if self.penalty.is_some() && !upgrading => None, // nothing is expected of the client meanwhile
            None => self.client_deadline(read),
        };
        if let Some(until) = self.penalty {
            deadline = Deadline::earlier(Some(Deadline::new(until, Phase::Penalty)), deadline);
        } else if write {
            deadline = Deadline::earlier(Some(self.write_deadline()), deadline);
        }
        match deadline {
            Some(due) if due.at <= self.now => {
                self.overdue(due.phase);
                None
            }
            _ => Some(Wait {
                want_read: read && !self.end_of_input,
                want_write: write,
                application_pending: asked.is_some() || upgrading,
                deadline,
            }),
        }
    }

    /// When the client must have sent what is expected of it.
    fn client_deadline(&mut self, read: bool) -> Option<Deadline> {
        let (timeouts, now) = (&self.config.timeouts, self.now);
        let (phase, span) = match self.mode {
            Mode::Upgrading => (Phase::Handshake, timeouts.handshake),
            _ if self.state == State::Connected => (Phase::GreetingDelay, timeouts.greeting_delay),
            _ if !read => return None,
            Mode::Commands => (Phase::Command, timeouts.command),
            Mode::Auth(_) => (Phase::Auth, timeouts.command),
            _ => return Some(self.transaction.waiting(timeouts, now)),
        };
        let whole = self.reading.run(phase, span, now);
        if phase == Phase::Command && self.state == State::Chunks {
            // The time between two chunks is part of the time of the message.
            let content = self.transaction.waiting(timeouts, now);
            return Deadline::earlier(Some(whole), Some(content));
        }
        Some(whole)
    }

    /// When the peer must have taken what waits to be written. What was added since does not count, so that a
    /// client may keep the output filled for long, as long as it reads.
    pub(super) fn write_deadline(&mut self) -> Deadline {
        if self.unwritten == 0 {
            self.unwritten = self.pipeline.output.len();
        }
        self.writing
            .run(Phase::Write, self.config.timeouts.write, self.now)
    }

    fn overdue(&mut self, phase: Phase) {
        match phase {
            Phase::Penalty => self.penalty = None,
            Phase::Application => self.answer_for_the_application(),
            Phase::Write => {
                self.close(Closed::TimedOut(phase));
                self.pipeline.output.clear();
            }
            Phase::GreetingDelay => {}
            _ => self.close_with("421 4.4.2 timed out, closing", Closed::TimedOut(phase)),
        }
    }
}
