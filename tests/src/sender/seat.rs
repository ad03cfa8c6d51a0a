//! The machine as a driver sees it.

use smtp_proto::{Instant, Machine, State, Step, Wait, client::Event, types::Auth};

use super::Sender;
use crate::{dialogue::owed, seat::Seat};

impl Seat for Sender {
    fn step(&mut self, input: &mut &[u8], now: Instant) -> Step<bool> {
        let offered = *input;
        let step = self.client.poll(input, now);
        let used = offered.len() - input.len();
        self.received.extend_from_slice(&offered[..used]);
        match step {
            Step::Wait(mut wait) => {
                wait.want_write |= !self.wire.is_empty();
                Step::Wait(wait)
            }
            Step::Event(event) => {
                let closed = matches!(event, Event::Closed { .. });
                self.see(event);
                Step::Event(closed)
            }
        }
    }

    fn output(&self) -> &[u8] {
        if self.wire.is_empty() {
            self.client.output()
        } else {
            &self.wire
        }
    }

    fn advance_output(&mut self, octets: usize) {
        if self.wire.is_empty() {
            self.sent.extend_from_slice(&self.client.output()[..octets]);
            self.client.advance_output(octets);
        } else {
            self.sent.extend(self.wire.drain(..octets));
        }
    }

    fn end_of_input(&mut self) {
        self.client.end_of_input();
    }

    fn connection_lost(&mut self) {
        self.client.connection_lost();
    }

    fn awaits_tls(&self) -> bool {
        self.upgrade.is_some()
    }

    fn shake_hands(&mut self, done: bool) {
        let upgrade = self.upgrade.take().expect("the machine waits for a handshake");
        if done {
            self.client.tls_established(upgrade, self.info.clone());
        } else {
            self.client.tls_failed(upgrade);
        }
    }

    fn answer_held(&mut self) -> bool {
        if !self.wire.is_empty() {
            return false;
        }
        self.send_content() || self.act().expect("an action that the client understands")
    }

    fn log(&self) -> &[String] {
        &self.log
    }

    fn most_kept(&self) -> usize {
        if self.client.state() == State::Greeted || self.client.state() == State::Ready {
            // A challenge of AUTH may be longer than other replies.
            return self.most_kept.max(LONGEST_CHALLENGE);
        }
        self.most_kept
    }

    fn quiescent(&self, wait: Wait, _left: &[u8]) -> Result<(), String> {
        if wait.want_write && !Seat::output(self).is_empty() || self.upgrade.is_some() {
            return Ok(());
        }
        let owed = owed(&self.sent, &self.received, self.client.config().protocol);
        let ready = self.client.is_ready();
        if ready && owed > 0 {
            return Err(format!(
                "the client is ready, and {owed} replies are still to come"
            ));
        }
        if wait.application_pending && self.permit.is_none() {
            return Err("the client waits for its application, which has nothing to do".to_owned());
        }
        if owed > 0 || ready || wait.application_pending && self.content.is_none() {
            return Ok(());
        }
        Err("the client waits for a reply, and none is still to come".to_owned())
    }
}

/// The longest challenge of AUTH with its code and CRLF, in octets.
const LONGEST_CHALLENGE: usize = 4 + Auth::MAX_INITIAL + 2;
