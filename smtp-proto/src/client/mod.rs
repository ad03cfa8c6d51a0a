//! The client machine: a whole SMTP or LMTP session without I/O.
//!
//! The machine greets, introduces itself, and pipelines by itself. The application asks it to
//! [`deliver`](Client::deliver) an envelope, sends the content when [`Event::Body`] says so, and learns from
//! [`Event::Reply`] what the server said of each recipient; [`Receipt`] collects that.
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     client::{Client, Coming, Config, Event, Outcome, BodyStep},
//!     types::{ClientName, Envelope, Mailbox},
//! };
//!
//! let mut client = Client::new(Config::new(ClientName::parse("client.example")?).into());
//! let envelope = Envelope::new(Mailbox::parse("ann@client.example")?).recipient(Mailbox::parse("bob@example.org")?);
//! let mut said = Vec::new();
//! for reply in ["220 mx", "250-mx\r\n250 PIPELINING", "250 ok\r\n250 ok\r\n354 go on", "250 queued", "221 bye"] {
//!     let reply = format!("{reply}\r\n");
//!     let mut input = reply.as_bytes();
//!     while let Step::Event(event) = client.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             Event::Ready => client.deliver(envelope.clone())?,
//!             Event::Body(permit) => {
//!                 let mut message: &[u8] = b"Subject: Hi\r\n\r\n.\r\n";
//!                 while let BodyStep::Write(piece) = client.body(&permit, &mut message, Coming::Nothing)? {
//!                     said.extend_from_slice(piece);
//!                 }
//!                 client.end_body(permit)?;
//!             }
//!             Event::Finished(outcome) => {
//!                 assert_eq!(outcome, Outcome::Accepted);
//!                 client.quit()?;
//!             }
//!             Event::Closed { .. } => break,
//!             _ => {}
//!         }
//!     }
//!     said.extend_from_slice(client.output());
//!     client.advance_output(client.output().len());
//! }
//! assert!(said.ends_with(b"DATA\r\nSubject: Hi\r\n\r\n..\r\n.\r\nQUIT\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth;
mod body;
mod command;
mod config;
mod deadline;
mod event;
mod next;
mod receipt;
mod reply;
mod tls;
mod transaction;

use alloc::{boxed::Box, sync::Arc};

pub use body::{BodyStep, Coming};
pub use config::{Config, ExtensionUse, Login, Timeouts, Tls};
pub use event::{BodyPermit, Closed, Event, MessageOutcome, Outcome, Rejected, ReplyTo, RequestError};
pub use receipt::{Receipt, RecipientStatus};

use self::{auth::Exchange, transaction::Transaction};
use crate::{
    machine::{Machine, Step, sealed::Sealed},
    output::Output,
    state::State,
    syntax::ReplyScanner,
    time::{Instant, Timer},
    tls::TlsInfo,
    types::{Extensions, Keyword, Protocol, Verb},
};

/// One SMTP or LMTP session, seen from the client.
///
/// See [`Machine`] for how to drive it and [`Event`] for what it reports.
#[derive(Debug)]
pub struct Client {
    config: Arc<Config>,
    /// What the last EHLO reply offered.
    extensions: Extensions,
    state: State,
    stage: Stage,
    transaction: Option<Box<Transaction>>,
    /// The transaction that was announced behind it.
    next: Option<Box<Transaction>>,
    /// Octets that were queued behind the end of the message: commands of the next transaction.
    behind_message: usize,
    scanner: ReplyScanner,
    output: Output,
    /// The server still holds a spoilt transaction: RSET comes before the next.
    needs_reset: bool,
    /// The session is under TLS, of which this is known.
    tls: Option<Box<TlsInfo>>,
    /// The exchange of AUTH that is under way.
    exchange: Option<Exchange>,
    /// The server has accepted who the client is.
    authenticated: bool,
    /// Transactions begun since the last EHLO (RFC 9422 section 4.1 counts them).
    transactions: u32,
    end_of_input: bool,
    /// The server said something, if only the beginning of a reply, before it had the message: that is no reply to it.
    talked_early: bool,
    /// Waiting for a reply, or for the application.
    waiting: Timer,
    /// Waiting for the server to take what is written.
    writing: Timer,
    now: Instant,
}

/// What is under way.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The greeting is awaited.
    Greeting,
    /// The greeting was positive: this is the next thing to say.
    Introduce(Verb),
    /// EHLO, HELO or LHLO was sent.
    Hello(Verb),
    /// STARTTLS was sent.
    StartTls,
    /// [`Event::StartTls`] is to be reported.
    Upgrade,
    /// The TLS handshake is under way.
    Upgrading,
    /// AUTH, or a response of its exchange, was sent.
    Auth,
    /// [`Event::Ready`] is to be reported.
    Welcome,
    /// Nothing is under way.
    Ready,
    /// One command of the application was sent.
    Command(ReplyTo),
    /// RSET was sent before a transaction.
    Resetting,
    /// MAIL, RCPT and DATA are on their way.
    Envelope,
    /// [`Event::Body`] is to be reported.
    Permit,
    /// The application sends the message.
    Content,
    /// The whole message was sent; its final reply or replies are awaited.
    Final,
    /// An empty message was sent because nobody was to get it (RFC 2920 section 3.1).
    LoneDot(ReplyTo),
    /// A chunk was refused; the replies to those behind it are awaited.
    ChunksRefused,
    /// [`Event::Finished`] is to be reported, and behind it the end of the session, if there is a reason.
    Finished(Outcome, Option<Closed>),
    /// QUIT was sent; the session ends for this reason.
    Quitting(Closed),
    /// The session is over.
    Over(Closed, MessageOutcome),
}

impl Client {
    /// A session on a stream that has just been connected.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            extensions: Extensions::default(),
            state: State::Connected,
            stage: Stage::Greeting,
            transaction: None,
            next: None,
            behind_message: 0,
            scanner: ReplyScanner::default(),
            output: Output::default(),
            needs_reset: false,
            tls: None,
            exchange: None,
            authenticated: false,
            transactions: 0,
            end_of_input: false,
            talked_early: false,
            waiting: Timer::default(),
            writing: Timer::default(),
            now: Instant::ORIGIN,
        }
    }

    /// A session on a stream that is under TLS from the first octet (RFC 8314 section 3.3), and what is known of that:
    /// the handshake is done, and the server is the one that was meant.
    #[must_use]
    pub fn new_over_tls(config: Arc<Config>, facts: TlsInfo) -> Self {
        Self {
            tls: Some(Box::new(facts)),
            ..Self::new(config)
        }
    }

    /// Gives the session up at once, without QUIT. Poll afterwards; the stream must be closed.
    pub fn abort(&mut self) {
        self.close(Closed::Aborted);
    }

    /// What the server offered in its last reply to EHLO or LHLO; empty after HELO.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the session is, as far as the server has said.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether a command or transaction may be begun.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Whether a command may be begun now.
    const fn turn(&self) -> Result<(), RequestError> {
        match self.stage {
            Stage::Ready => Ok(()),
            Stage::Over(..) => Err(RequestError::Over),
            _ => Err(RequestError::OutOfTurn),
        }
    }

    /// Ends the session for this reason, if it has not ended yet.
    fn close(&mut self, why: Closed) {
        let fate = match (self.stage, &self.transaction) {
            (Stage::Over(..) | Stage::Finished(_, Some(_)), _) => return,
            (Stage::Finished(outcome, None), _) => {
                self.stage = Stage::Finished(outcome, Some(why));
                return;
            }
            (_, None) => MessageOutcome::None,
            // While its end waits to be written, the server cannot have the whole message; and once a chunk was refused it
            // cannot accept it (RFC 3030 section 2).
            (Stage::Final, Some(transaction))
                if self.message_is_written() && transaction.refused().is_none() =>
            {
                MessageOutcome::Unknown
            }
            _ => MessageOutcome::NotAccepted,
        };
        self.end(why, fate);
    }

    /// The session ends for this reason, unless it was ending anyway.
    fn broke(&mut self, why: Closed) {
        match self.stage {
            Stage::Quitting(_) => self.quitted(),
            _ => self.close(why),
        }
    }

    fn end(&mut self, why: Closed, fate: MessageOutcome) {
        self.output.clear();
        self.output.release();
        (self.transaction, self.next) = (None, None);
        self.exchange = None;
        self.state = State::Closed;
        self.stage = Stage::Over(why, fate);
    }

    /// Takes the next step that needs no input, if there is one.
    fn advance<'i>(&mut self) -> Option<Event<'i>> {
        loop {
            match self.stage {
                Stage::Introduce(verb) => self.introduce(verb),
                Stage::Welcome => {
                    self.stage = Stage::Ready;
                    return Some(Event::Ready);
                }
                Stage::Envelope => {
                    if !self.send_envelope() {
                        return None;
                    }
                }
                Stage::Permit => {
                    self.stage = Stage::Content;
                    let number = self
                        .transaction
                        .as_ref()
                        .map_or(0, |transaction| transaction.number);
                    return Some(Event::Body(BodyPermit(number)));
                }
                Stage::Final => {
                    self.send_last_chunk();
                    self.send_next();
                    return None;
                }
                Stage::Finished(outcome, why) => {
                    self.turn_to_next();
                    if let Some(why) = why {
                        self.close(why);
                    }
                    return Some(Event::Finished(outcome));
                }
                Stage::Over(why, message) => return Some(Event::Closed { why, message }),
                _ => return None,
            }
        }
    }

    fn introduce(&mut self, verb: Verb) {
        self.send(&[
            verb.as_str().as_bytes(),
            b" ",
            self.config.clone().hello.as_str().as_bytes(),
        ]);
        self.stage = Stage::Hello(verb);
    }

    /// The verb that this protocol begins with.
    fn first_verb(&self) -> Verb {
        match self.config.protocol {
            Protocol::Smtp => Verb::Ehlo,
            Protocol::Lmtp => Verb::Lhlo,
        }
    }

    fn pipelines(&self) -> bool {
        self.config.pipelining == ExtensionUse::IfOffered && self.extensions.has(Keyword::Pipelining)
    }
}

impl Sealed for Client {}

impl Machine for Client {
    type Event<'i> = Event<'i>;

    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Step<Event<'i>> {
        self.now = now;
        loop {
            if let Some(event) = self.advance() {
                self.talked_early |= matches!(event, Event::Body(_)) && !input.is_empty();
                return Step::Event(event);
            }
            if let Some(event) = self.upgrade(input) {
                return Step::Event(event);
            }
            if let Some(event) = self.read_reply(input) {
                return Step::Event(event);
            }
            if matches!(self.stage, Stage::Over(..) | Stage::Introduce(_) | Stage::Upgrade) {
                continue;
            }
            if self.end_of_input {
                self.broke(Closed::ConnectionClosed);
                continue;
            }
            self.talked_early |= !input.is_empty() && self.owes_content() && self.asked().is_none();
            if let Some(wait) = self.idle() {
                return Step::Wait(wait);
            }
        }
    }

    fn output(&self) -> &[u8] {
        self.unwritten()
    }

    fn advance_output(&mut self, octets: usize) {
        let taken = self.output.pending();
        if memchr::memchr(b'\n', taken.get(..octets).unwrap_or(taken)).is_some() {
            self.writing.stop();
        }
        self.output.advance(octets);
        if self.output.is_empty() && self.transaction.is_none() {
            self.output.release();
        }
    }

    fn end_of_input(&mut self) {
        self.end_of_input = true;
    }

    fn connection_lost(&mut self) {
        self.broke(Closed::ConnectionLost);
    }
}

#[cfg(test)]
mod tests;
