//! Deadlines: the wait when nothing can be done, and the effect of a deadline.

use super::{
    event::Closed,
    phase::Phase,
    session::{Await, Server},
};
use crate::{
    machine::{Step, Wait},
    time::{self, Deadline},
};

impl Server {
    /// Returns the wait when nothing can be done. Returns `None` after it has acted on a deadline that passed.
    pub(super) fn idle(&mut self, what: Await) -> Option<Wait> {
        let now = self.clock.now;
        let penalty = self.abuse.penalty();
        let want_write = !self.replies.output.is_empty() && penalty.is_none();
        let asked = self
            .replies
            .oldest()
            .map(|(question, asked)| *asked + question.time(&self.config.timeouts));
        let mut deadline = match asked {
            Some(at) => Some(Deadline::new(at, time::Phase::Application)),
            // The client need not act while replies are delayed.
            None => self.client_deadline(what == Await::Input && penalty.is_none()),
        };
        if let Some(until) = penalty {
            // The client cannot read delayed output.
            self.clock.stop_writing();
            deadline = Deadline::earlier(Some(Deadline::new(until, time::Phase::Penalty)), deadline);
        } else if want_write {
            deadline = Deadline::earlier(Some(self.write_deadline()), deadline);
        }
        match deadline {
            Some(due) if due.at <= now => {
                self.act_on_deadline(due.phase);
                None
            }
            _ => Some(Wait {
                want_read: what == Await::Input && !self.end_of_input,
                want_write,
                application_pending: asked.is_some() || matches!(self.phase, Phase::Handshake(_)),
                deadline,
            }),
        }
    }

    /// Waits until the last output is written.
    pub(super) fn await_end<E>(&mut self) -> Option<Step<E>> {
        if self.replies.output.is_empty() {
            return None;
        }
        let deadline = self.write_deadline();
        if deadline.at <= self.clock.now {
            self.replies.output.clear();
            return None;
        }
        Some(Step::Wait(Wait {
            want_write: true,
            deadline: Some(deadline),
            ..Wait::default()
        }))
    }

    /// Returns the time by which the client must have sent the awaited input.
    fn client_deadline(&mut self, expects_input: bool) -> Option<Deadline> {
        let (timeouts, now) = (&self.config.timeouts, self.clock.now);
        let clock = &mut self.clock;
        Some(match &mut self.phase {
            Phase::Handshake(_) => clock.await_input(time::Phase::Handshake, timeouts.handshake),
            Phase::Connected => clock.await_input(time::Phase::GreetingDelay, timeouts.greeting_delay),
            _ if !expects_input => return None,
            Phase::Text(text) => text.transfer.await_data(now),
            Phase::Chunk(transfer, _) => transfer.await_data(now),
            Phase::Auth(_) => clock.await_input(time::Phase::Auth, timeouts.command),
            phase => {
                if let Some(chunk) = self.lines.refused_chunk() {
                    return Some(chunk.pace.resume(now));
                }
                let command = clock.await_input(time::Phase::Command, timeouts.command);
                match phase {
                    // The time between two chunks is part of the time of the message.
                    Phase::BetweenChunks(transfer) => {
                        let data = transfer.await_data(now);
                        if data.at < command.at { data } else { command }
                    }
                    _ => command,
                }
            }
        })
    }

    fn write_deadline(&mut self) -> Deadline {
        self.clock
            .await_write(self.replies.output.len(), self.config.timeouts.write)
    }

    fn act_on_deadline(&mut self, phase: time::Phase) {
        match phase {
            time::Phase::Penalty => self.abuse.end_penalty(),
            time::Phase::Application => self.answer_for_the_application(),
            time::Phase::Write => {
                self.close(Closed::TimedOut(phase));
                self.replies.output.clear();
            }
            time::Phase::GreetingDelay => {}
            _ => self.close_with("421 4.4.2 timed out, closing", Closed::TimedOut(phase)),
        }
    }
}
