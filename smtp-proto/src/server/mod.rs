//! The server machine: a whole SMTP or LMTP session without I/O.
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     server::{Config, Event, Server},
//!     types::{Host, Rejection},
//! };
//!
//! let config = Config::new(Host::parse("mx.example.org")?);
//! let mut server = Server::new(config.into());
//! let mut said = Vec::new();
//! for line in ["", "EHLO client.example\r\n", "MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\n"] {
//!     let mut input = line.as_bytes();
//!     while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             Event::Recipient { rcpt, ticket } if rcpt.forward_path().as_str().starts_with("bob@") => {
//!                 server.reject(ticket, Rejection::NO_SUCH_USER)?;
//!             }
//!             other => {
//!                 if let Some(ticket) = other.into_ticket() {
//!                     server.accept(ticket)?;
//!                 }
//!             }
//!         }
//!     }
//!     said.extend_from_slice(server.output());
//!     server.advance_output(server.output().len());
//! }
//! assert!(said.ends_with(b"250 2.1.0 sender ok\r\n550 5.1.1 no such user here\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod auth;
mod body;
mod command;
mod config;
mod deadline;
mod event;
mod hello;
mod inquiry;
mod pipeline;
pub mod ticket;
mod tls;
mod transaction;

use alloc::{boxed::Box, sync::Arc};

pub use config::{Auth, Config, EarlyTalker, ObsoleteCommands, Timeouts, Tls, UnknownPolicy};
pub use event::{AuthFailure, Closed, Event, Reset};
pub use inquiry::Member;
pub use ticket::{StaleTicket, Ticket};

use self::{
    auth::Login,
    body::Mode,
    pipeline::{Pipeline, Reply},
    transaction::Transaction,
};
use crate::{
    line::LineCutter,
    machine::{Machine, Step, Wait, sealed::Sealed},
    state::State,
    time::{Instant, Timer},
    tls::TlsInfo,
    types::{ClientName, Extensions, Keyword, Verb},
};

/// No further command is looked at while more than this is waiting to be written, in octets.
const OUTPUT_HIGH: usize = 4096;

/// An over-long line is followed to its end up to this length, in octets; then the session ends.
const LONGEST_DROPPED_LINE: u64 = 1 << 20;

/// One SMTP or LMTP session, seen from the server.
///
/// See [`Machine`] for how to drive it and [`Event`] for what it asks. Answers that fit every question are
/// [`accept`](Self::accept), [`accept_with`](Self::accept_with) and [`reject`](Self::reject).
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    /// What this session is offered, once it differs from the configuration.
    extensions: Option<Box<Extensions>>,
    state: State,
    mode: Mode,
    /// The session is under TLS, of which this is known.
    tls: Option<Box<TlsInfo>>,
    /// Who the client has proven to be.
    login: Option<Login>,
    /// What the client says of who submitted a message first is believed.
    trusts_originators: bool,
    /// How the client introduced itself; the last accepted EHLO, HELO or LHLO.
    hello: Option<(Verb, ClientName<'static>)>,
    /// The EHLO, HELO or LHLO that is being asked about.
    introduction: Option<(Verb, ClientName<'static>)>,
    transaction: Transaction,
    /// MAIL, or RCPT for the open transaction, was tried. If it was refused, the commands that were pipelined
    /// behind it are out of order through no fault of the client (RFC 2920 section 3.1).
    attempted: bool,
    /// The line that is being dropped is AUTH with a response that is too long.
    long_response: bool,
    /// The open VRFY or EXPN had the parameter SMTPUTF8.
    inquiry_utf8: bool,
    pipeline: Pipeline,
    line: LineCutter,
    /// How the session is to end, once that is decided.
    closing: Option<Closed>,
    /// A transaction whose end is still to be reported.
    reset: Option<Reset>,
    stopping: Option<Shutdown>,
    end_of_input: bool,
    counters: Counters,
    /// Waiting for the peer to send something whole.
    reading: Timer,
    /// Waiting for the peer to take what is written.
    writing: Timer,
    /// How much of the output was there when that wait began and has not been taken.
    unwritten: usize,
    /// Replies are held back until then.
    penalty: Option<Instant>,
    now: Instant,
}

#[derive(Debug, Default)]
struct Counters {
    errors: u32,
    unknown_commands: u32,
    idle_commands: u32,
    failed_logins: u32,
    dropped: u64,
}

/// How a session is to be ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Shutdown {
    /// When the transaction in hand is over, or at once if there is none.
    Gracefully,
    /// At once; the transaction in hand is lost.
    Now,
}

/// The next thing to do, as the parts of the machine see it.
enum Next<'i> {
    /// Hand this out.
    Event(Event<'i>),
    /// Something was done; look again.
    Again,
    /// Nothing can be done without input, if this is true, or without an answer or a write.
    Wait(bool),
}

impl Server {
    /// A session that has just been connected.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let enhanced = config.extensions.has(Keyword::EnhancedStatusCodes);
        Self {
            config,
            extensions: None,
            state: State::Connected,
            mode: Mode::Commands,
            tls: None,
            login: None,
            trusts_originators: false,
            hello: None,
            introduction: None,
            transaction: Transaction::default(),
            attempted: false,
            long_response: false,
            inquiry_utf8: false,
            pipeline: Pipeline::new(enhanced),
            line: LineCutter::default(),
            closing: None,
            reset: None,
            stopping: None,
            end_of_input: false,
            counters: Counters::default(),
            reading: Timer::default(),
            writing: Timer::default(),
            unwritten: 0,
            penalty: None,
            now: Instant::ORIGIN,
        }
    }

    /// Changes what this session is offered. It takes effect with the next EHLO that is accepted, and for
    /// commands and parameters at once.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions
            .get_or_insert_with(|| Box::new(self.config.extensions.clone()))
    }

    /// Ends the session with 421 (RFC 5321 section 3.8). Poll afterwards.
    pub fn shutdown(&mut self, how: Shutdown) {
        self.stopping = self.stopping.max(Some(how));
    }

    /// What this session is offered.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        self.extensions.as_deref().unwrap_or(&self.config.extensions)
    }

    /// The configuration that all sessions share.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the session is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How the client introduced itself; `None` before it did.
    #[must_use]
    pub fn hello(&self) -> Option<(Verb, &ClientName<'static>)> {
        self.hello.as_ref().map(|(verb, name)| (*verb, name))
    }

    /// How many recipients of the open transaction were accepted.
    #[must_use]
    pub const fn recipients(&self) -> u32 {
        self.transaction.recipients
    }

    /// Decides how the session ends. An open transaction is lost with it.
    fn close(&mut self, why: Closed) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(why);
        self.pipeline.abandon();
        self.abort(Reset::Closed);
        self.mode = Mode::Commands;
        self.state = State::Closed;
        self.writing.stop();
        self.unwritten = 0;
    }

    /// Says a last reply and decides how the session ends. During a TLS handshake nothing can be said: in clear the
    /// client would take it for a part of it.
    fn close_with(&mut self, reply: &'static str, why: Closed) {
        let awaited = matches!(self.mode, Mode::Upgrade) && self.pipeline.output.is_empty();
        if awaited || matches!(self.mode, Mode::Upgrading) {
            self.close(why);
        } else if self.closing.is_none() {
            self.pipeline.abandon();
            // In place of the greeting it has no enhanced code (RFC 2034 section 4).
            self.pipeline.enhanced &= self.state != State::Connected;
            self.pipeline.reply(&Reply::Fixed(reply));
            self.close(why);
        }
    }

    /// Forgets the open transaction, if there is one, and has its end reported.
    fn abort(&mut self, why: Reset) {
        if self.state.in_transaction() && self.state != State::Broken {
            self.reset = Some(why);
        }
        self.transaction = Transaction::default();
    }

    /// Whether so many more octets may be read to be dropped.
    fn can_drop(&self, octets: u64) -> bool {
        self.counters.dropped.saturating_add(octets) <= self.config.limits.max_discarded_octets
    }

    /// Counts a command that brings no message forward; `true` when there were too many, and the session ends.
    fn idled(&mut self) -> bool {
        self.counters.idle_commands = self.counters.idle_commands.saturating_add(1);
        self.too_idle()
    }

    /// Ends the session if there were too many commands that brought no message forward.
    fn too_idle(&mut self) -> bool {
        let too_many = self.counters.idle_commands > self.config.limits.max_idle_commands;
        if too_many {
            self.close_with(
                "421 4.7.0 too many commands without mail, closing",
                Closed::TooManyIdleCommands,
            );
        }
        too_many
    }

    /// Counts octets that were read to be dropped; `false` when they are too many.
    fn drop_octets(&mut self, octets: u64) -> bool {
        self.counters.dropped = self.counters.dropped.saturating_add(octets);
        self.counters.dropped <= self.config.limits.max_discarded_octets
    }

    fn shut_down(&mut self) -> bool {
        let now = match self.stopping {
            Some(Shutdown::Now) => true,
            Some(Shutdown::Gracefully) => {
                let spoilt = self.state == State::Broken;
                self.pipeline.is_empty() && (spoilt || !self.state.in_transaction())
            }
            None => false,
        };
        if now && matches!(self.mode, Mode::Upgrade) {
            // The client was told to begin the handshake: what is said now it would take for a part of it.
            self.close(Closed::Shutdown);
        } else if now {
            self.close_with(
                "421 4.3.2 closing for shutdown, try again later",
                Closed::Shutdown,
            );
        }
        now
    }

    /// The last steps: what is still to be said is written, then the end is reported.
    fn farewell<'i>(&mut self, why: Closed) -> Step<Event<'i>> {
        if self.pipeline.output.is_empty() {
            return Step::Event(Event::Closed(why));
        }
        let deadline = self.write_deadline();
        if deadline.at <= self.now {
            self.pipeline.output.clear();
            return Step::Event(Event::Closed(why));
        }
        Step::Wait(Wait {
            want_write: true,
            deadline: Some(deadline),
            ..Wait::default()
        })
    }
}

impl Sealed for Server {}

impl Machine for Server {
    type Event<'i> = Event<'i>;

    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Step<Event<'i>> {
        self.now = now;
        loop {
            if let Some(why) = self.reset.take() {
                return Step::Event(Event::Reset(why));
            }
            if let Some(why) = self.closing {
                return self.farewell(why);
            }
            if self.shut_down() {
                continue;
            }
            let next = match self.mode {
                _ if self.pipeline.blocked() => Next::Wait(false),
                Mode::Commands if self.penalty.is_some_and(|until| now < until) => Next::Wait(false),
                Mode::Commands => self.next_command(input),
                Mode::Upgrade | Mode::Upgrading => self.next_upgrade(input),
                Mode::Auth(_) if self.penalty.is_some_and(|until| now < until) => Next::Wait(false),
                Mode::Auth(_) => self.next_response(input),
                Mode::Text(_) => self.next_text(input),
                Mode::Chunk(_) => self.next_octets(input),
                Mode::Verdicts(_) if self.pipeline.output.len() >= OUTPUT_HIGH => Next::Wait(false),
                Mode::Verdicts(recipient) => self.next_verdict(recipient),
            };
            match next {
                Next::Event(event) => return Step::Event(event),
                Next::Again => {}
                Next::Wait(read) => {
                    if let Some(wait) = self.idle(read) {
                        return Step::Wait(wait);
                    }
                }
            }
        }
    }

    fn output(&self) -> &[u8] {
        self.pipeline.output.pending()
    }

    fn advance_output(&mut self, octets: usize) {
        self.pipeline.output.advance(octets);
        self.unwritten = self.unwritten.saturating_sub(octets);
        if self.unwritten == 0 {
            self.writing.stop();
        }
        if self.pipeline.output.is_empty() && !self.state.in_transaction() {
            self.pipeline.output.release();
        }
    }

    fn end_of_input(&mut self) {
        self.end_of_input = true;
    }

    fn connection_lost(&mut self) {
        self.close(Closed::ConnectionLost);
        self.pipeline.output.clear();
    }
}

#[cfg(test)]
mod tests;
