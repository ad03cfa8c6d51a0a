//! The interface of the machine to a driver.

use smtp_proto::{Instant, Machine, Phase, Step, Wait, server::Event};

use super::{Answers, Application};
use crate::{octets::escape, seat::Seat};

impl Seat for Application {
    fn step(&mut self, input: &mut &[u8], now: Instant) -> Step<bool> {
        match self.server.poll(input, now) {
            Step::Wait(wait) => Step::Wait(wait),
            Step::Event(event) => {
                let closed = matches!(event, Event::Closed(_));
                self.see(event);
                Step::Event(closed)
            }
        }
    }

    fn output(&self) -> &[u8] {
        self.server.output()
    }

    fn advance_output(&mut self, octets: usize) {
        self.server.advance_output(octets);
    }

    fn end_of_input(&mut self) {
        self.server.end_of_input();
    }

    fn connection_lost(&mut self) {
        self.server.connection_lost();
    }

    fn awaits_tls(&self) -> bool {
        self.upgrade.is_some()
    }

    fn shake_hands(&mut self, done: bool) {
        let upgrade = self.upgrade.take().expect("the machine waits for a handshake");
        if done {
            self.server
                .tls_established(upgrade, self.settings.security.info.clone());
        } else {
            self.server.tls_failed(upgrade);
        }
    }

    fn answer_held(&mut self) -> bool {
        if self.held.is_empty() || self.answers == Answers::Told {
            return false;
        }
        let held = if self.answers == Answers::Reversed {
            self.held.pop()
        } else {
            Some(self.held.remove(0))
        };
        if let Some(held) = held {
            self.answer(held);
        }
        true
    }

    fn log(&self) -> &[String] {
        &self.log
    }

    fn most_kept(&self) -> usize {
        let limits = &self.settings.server.limits;
        // Lines of 16 octets are always accepted.
        limits.max_line_octets.max(limits.max_auth_octets).max(16)
    }

    fn quiescent(&self, wait: Wait, left: &[u8]) -> Result<(), String> {
        if wait.want_write && !Seat::output(self).is_empty() || self.upgrade.is_some() {
            return Ok(());
        }
        let acts = wait
            .deadline
            .is_some_and(|deadline| matches!(deadline.phase, Phase::Penalty | Phase::GreetingDelay));
        if wait.application_pending {
            // A question with a dropped ticket is answered at its deadline.
            return if self.held.is_empty() && !self.silent {
                Err("the server waits for its application, which has nothing to do".to_owned())
            } else {
                Ok(())
            };
        }
        if acts {
            return Ok(());
        }
        if !wait.want_read {
            return Err("the server neither reads nor writes nor asks".to_owned());
        }
        // The unused input may be the beginning of the end of a message: CRLF, a dot, and a CR.
        if left.len() > 4 && left.windows(2).any(|two| two == b"\r\n") {
            return Err(format!(
                "the server has a whole line and waits for more: {}",
                escape(left)
            ));
        }
        Ok(())
    }
}
