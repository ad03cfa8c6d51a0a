//! Refusals of commands, and their effect on the counters.

use super::{
    abuse::Strike,
    event::Closed,
    replies::Reply,
    session::{Next, Server},
};
use crate::{
    state::{Move, State},
    types::Protocol,
};

/// The refusal of the parameter SMTPUTF8.
pub(super) const SMTPUTF8_NOT_OFFERED: &str = "555 5.5.4 SMTPUTF8 is not offered";

impl Server {
    /// Refuses a command that is faulty or out of order.
    pub(super) fn refuse<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.replies.reply(&Reply::Fixed(reply));
        self.count_error();
        Next::Again
    }

    /// Refuses EHLO, HELO or LHLO, whose replies have no enhanced code (RFC 2034 section 4).
    pub(super) fn refuse_uncoded<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.replies.reply(&Reply::Uncoded(reply));
        self.count_error();
        Next::Again
    }

    /// Counts a faulty command.
    pub(super) fn count_error(&mut self) {
        let strike = self.abuse.count_error(self.config.limits.errors);
        self.act_on(
            strike,
            "421 4.7.0 too many errors, closing",
            Closed::TooManyErrors,
        );
    }

    /// Acts on a counted fault: no effect, a penalty, or the end of the session.
    pub(super) fn act_on(&mut self, strike: Strike, reply: &'static str, why: Closed) {
        match strike {
            Strike::Counted => {}
            Strike::Penalty => {
                let penalty = self.config.timeouts.penalty;
                if !penalty.is_zero() {
                    self.abuse.delay_replies(self.clock.now + penalty);
                }
            }
            Strike::TooMany => self.close_with(reply, why),
        }
    }

    /// Refuses a command without progress that is not an error.
    pub(super) fn refuse_for_now<'i>(&mut self, reply: &'static str) -> Next<'i> {
        self.replies.reply(&Reply::Fixed(reply));
        self.count_idle();
        Next::Again
    }

    /// Refuses a command that is out of order.
    #[cold]
    pub(super) fn refuse_misplaced<'i>(&mut self, step: Move) -> Next<'i> {
        let reply = self.out_of_order(step);
        if step == Move::Hello {
            self.refuse_uncoded(reply)
        } else if self.phase.follows_a_refusal(step) {
            self.refuse_for_now(reply)
        } else {
            self.refuse(reply)
        }
    }

    /// Returns the refusal of a command that is out of order.
    pub(super) fn out_of_order(&self, step: Move) -> &'static str {
        match (self.state(), step) {
            (State::Refused, _) => "503 5.5.1 no service here, send QUIT",
            (State::Greeted, _) => match self.config.protocol {
                Protocol::Smtp => "503 5.5.1 send EHLO first",
                Protocol::Lmtp => "503 5.5.1 send LHLO first",
            },
            (State::Broken, _) => "503 5.5.1 a chunk was refused, send RSET first",
            (_, Move::Mail | Move::StartTls | Move::Auth | Move::Etrn | Move::Xclient | Move::Xforward) => {
                "503 5.5.1 a transaction is open, send RSET to drop it"
            }
            (State::Mail, _) => "503 5.5.1 no valid recipients",
            (State::Chunks, _) => "503 5.5.1 the message has begun, continue with BDAT",
            _ => "503 5.5.1 send MAIL first",
        }
    }
}
