//! The loop: one step of the session.

use super::{
    body::ChunkEnd,
    config::Config,
    content::Bounds,
    event::{Closed, Event},
    info::SessionInfo,
    lines::{Line, LineKind},
    phase::Phase,
    question::Question,
    session::{Await, Next, OUTPUT_HIGH, Server, Shutdown},
};
use crate::{
    machine::{Machine, Step, sealed::Sealed},
    state::State,
    time::Instant,
    tls::{TlsInfo, TlsUpgrade},
};

impl Sealed for Server {}

impl Machine for Server {
    type Event<'i> = Event<'i>;

    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Step<Event<'i>> {
        self.clock.now = now;
        loop {
            if let Some(why) = self.ended {
                self.ended = None;
                return Step::Event(Event::Reset(why));
            }
            if self.shutdown.is_some() && self.shut_down() {
                continue;
            }
            match self.next(input) {
                Next::Event(event) => return Step::Event(event),
                Next::Again => {}
                Next::Over(why) => return self.await_end().unwrap_or(Step::Event(Event::Closed(why))),
                Next::Wait(what) => {
                    if let Some(wait) = self.idle(what) {
                        return Step::Wait(wait);
                    }
                }
            }
        }
    }

    fn output(&self) -> &[u8] {
        self.replies.output.pending()
    }

    fn advance_output(&mut self, octets: usize) {
        self.replies.output.advance(octets);
        self.clock.written(octets);
        if self.replies.output.holds_memory() && !self.phase.has_transaction() {
            self.replies.output.release();
        }
    }

    fn end_of_input(&mut self) {
        self.end_of_input = true;
    }

    fn connection_lost(&mut self) {
        self.close(Closed::ConnectionLost);
        self.replies.output.clear();
    }

    fn tls_established(&mut self, upgrade: TlsUpgrade, info: TlsInfo) {
        Self::tls_established(self, upgrade, info);
    }

    fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        Self::tls_failed(self, upgrade);
    }
}

impl Server {
    /// Takes the next step that the phase allows.
    fn next<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        if self.replies.is_blocked() {
            return Next::Wait(Await::Progress);
        }
        if let Some(next) = self.next_refused_chunk(input) {
            return next;
        }
        let now = self.clock.now;
        match &mut self.phase {
            Phase::Refused | Phase::Greeted | Phase::Ready(_) | Phase::Envelope(_) | Phase::Broken => {}
            // The wait continues if no whole line has come.
            Phase::BetweenChunks(transfer) => transfer.pause(now),
            Phase::Text(text) => {
                let bounds = bounds(&self.session, &self.config, now);
                return match text.next(input, &bounds) {
                    Some(data) => self.take_data(data),
                    None => {
                        let failure = text.transfer.take_failure();
                        self.end_message(failure);
                        Next::Again
                    }
                };
            }
            Phase::Chunk(transfer, chunk) => {
                let bounds = bounds(&self.session, &self.config, now);
                return match chunk.next(transfer, input, &bounds) {
                    Some(data) => self.take_data(data),
                    None => {
                        let end = ChunkEnd {
                            last: chunk.last,
                            empty: chunk.empty,
                            failure: transfer.take_failure(),
                        };
                        self.end_chunk(end);
                        Next::Again
                    }
                };
            }
            Phase::Verdicts(verdicts) => {
                if self.replies.output.len() >= OUTPUT_HIGH {
                    return Next::Wait(Await::Progress);
                }
                let question = Question::EndOfData {
                    smtputf8: verdicts.transaction().smtputf8,
                };
                return Next::Event(Event::EndOfData {
                    recipient: verdicts.recipient(),
                    ticket: self.replies.ask(question, now),
                });
            }
            Phase::Auth(exchange) => {
                if self.replies.output.len() >= OUTPUT_HIGH || self.abuse.delays_replies(now) {
                    return Next::Wait(Await::Progress);
                }
                let limits = &self.config.limits;
                let budget = (&mut self.abuse, limits.max_discarded_octets);
                return match self
                    .lines
                    .next(input, limits.max_auth_octets, LineKind::Response, budget)
                {
                    Line::Whole(line) => {
                        self.clock.input_came();
                        let exchange = exchange.take();
                        self.next_response(exchange, line)
                    }
                    line => self.without_response(&line),
                };
            }
            Phase::Connected => return self.greet(input),
            Phase::Reconnected => return self.ask_to_greet(),
            Phase::StartTls(_) => return self.next_upgrade(input),
            Phase::Handshake(_) => return self.next_handshake(input),
            Phase::Closed(why) => return Next::Over(*why),
        }
        self.next_command(input)
    }

    /// Ends the session if it was shut down, and no transaction keeps it open.
    #[cold]
    fn shut_down(&mut self) -> bool {
        let is_time = match self.shutdown {
            Some(Shutdown::Now) => true,
            Some(Shutdown::Gracefully) => {
                let is_spoilt = self.state() == State::Broken;
                self.replies.is_empty() && (is_spoilt || !self.state().in_transaction())
            }
            None => false,
        } && !self.is_closed();
        if is_time && matches!(self.phase, Phase::StartTls(_)) {
            // The client would read a reply after 220 as TLS data.
            self.close(Closed::Shutdown);
        } else if is_time {
            self.close_with(
                "421 4.3.2 closing for shutdown, try again later",
                Closed::Shutdown,
            );
        }
        is_time
    }
}

/// The bounds of message data in this session.
fn bounds<'s>(session: &SessionInfo, config: &'s Config, now: Instant) -> Bounds<'s> {
    Bounds {
        octets: session.max_message_octets(config),
        timeouts: &config.timeouts,
        now,
    }
}
