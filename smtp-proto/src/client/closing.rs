//! The end of a session.

use super::{
    Client, Closed, MessageOutcome,
    stage::{Quitting, Stage},
};
use crate::{state::State, types::Verb};

impl Client {
    /// Ends the session at once for this reason, unless it has ended. The event of a finished transaction still comes.
    pub(super) fn close(&mut self, why: Closed) {
        let message = match &mut self.stage {
            Stage::Over(..) => return,
            Stage::Finished(finished) => {
                finished.then.get_or_insert(why);
                return;
            }
            Stage::Sending(sending) => sending.message_outcome(self.output.len()),
            _ => MessageOutcome::None,
        };
        self.end(why, message);
    }

    /// Ends the session because the peer closed, broke or stalled it. An earlier decision to end it takes precedence.
    pub(super) fn broke(&mut self, why: Closed) {
        match &self.stage {
            Stage::Quitting(quitting) => self.end(quitting.why, MessageOutcome::None),
            // HELO came after a refused EHLO, so that refusal decides.
            Stage::Hello(Verb::Helo) => self.end(Closed::Refused, MessageOutcome::None),
            _ => self.close(why),
        }
    }

    /// Ends the session with a known outcome for the message.
    pub(super) fn end(&mut self, why: Closed, message: MessageOutcome) {
        self.output.clear();
        self.output.release();
        self.enter(Stage::Over(why, message));
    }

    /// Sends QUIT and ends the session for this reason.
    pub(super) fn leave(&mut self, why: Closed) {
        let state = match &self.stage {
            Stage::Greeting | Stage::Passing(_) => State::Refused,
            stage => stage.state(),
        };
        self.send(&[b"QUIT"]);
        self.enter(Stage::Quitting(Quitting { why, state }));
    }
}
