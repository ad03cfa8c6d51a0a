//! The client machine: a whole SMTP or LMTP session without I/O.
//!
//! The machine sends EHLO, STARTTLS and AUTH by itself, and groups commands if the server offers PIPELINING. The
//! application does the rest on its events:
//!
//! - On [`Event::Ready`], it asks the client to [`deliver`](Client::deliver) an envelope.
//! - On [`Event::Body`], it passes the message to [`body`](Client::body), in pieces, and calls
//!   [`end_body`](Client::end_body).
//! - [`Event::Finished`] ends the transaction. The outcome for each recipient is in the [`Receipt`], which the
//!   application makes of the envelope and of each event.
//! - Then it delivers the next envelope, or calls [`quit`](Client::quit).
//!
//! To send MAIL, RCPT and DATA one by one, as a proxy does, begin with [`mail`](Client::mail).
//!
//! In this example the server's replies are a list; a driver reads them from a stream:
//!
//! ```
//! use smtp_proto::{
//!     Instant, Machine, Step,
//!     client::{BodyStep, Client, Config, Event, More, Outcome},
//!     types::{ClientName, Envelope, Mailbox},
//! };
//!
//! let mut client = Client::new(Config::new(ClientName::parse("client.example")?).into());
//! let envelope = Envelope::new(Mailbox::parse("ann@client.example")?).recipient(Mailbox::parse("bob@example.org")?);
//! let mut sent = Vec::new();
//! for reply in ["220 mx", "250-mx\r\n250 PIPELINING", "250 ok\r\n250 ok\r\n354 go on", "250 queued", "221 bye"] {
//!     let reply = format!("{reply}\r\n");
//!     let mut input = reply.as_bytes();
//!     while let Step::Event(event) = client.poll(&mut input, Instant::ORIGIN) {
//!         match event {
//!             Event::Ready => client.deliver(envelope.clone())?,
//!             Event::Body(permit) => {
//!                 let mut message: &[u8] = b"Subject: Hi\r\n\r\n.\r\n";
//!                 while let BodyStep::Write(piece) = client.body(&permit, &mut message, More::Last)? {
//!                     sent.extend_from_slice(piece);
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
//!     sent.extend_from_slice(client.output());
//!     client.advance_output(client.output().len());
//! }
//! assert!(sent.ends_with(b"DATA\r\nSubject: Hi\r\n\r\n..\r\n.\r\nQUIT\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod auth;
mod body;
mod closing;
mod command;
mod config;
mod content;
mod deadline;
mod deliver;
mod delivery;
mod event;
mod exchange;
mod omitted;
mod outcome;
mod receipt;
mod reply;
mod retry;
mod session;
mod setup;
mod stage;
mod steps;
mod tls;
mod transaction;
mod xclient;

use alloc::sync::Arc;

pub use body::{BodyStep, More};
pub use config::{Config, EightBit, ExtensionUse, Fallback, Login, Timeouts, Tls};
pub use event::{BodyPermit, Closed, Event, MessageOutcome, Outcome, Rejected, ReplyTo, RequestError};
pub use outcome::{Outcomes, RecipientOutcome};
pub use receipt::{Receipt, RecipientStatus};
pub use retry::Retry;
pub use stage::moves;

use self::{
    deadline::Timers,
    reply::Replies,
    session::Session,
    stage::{Stage, Step},
    transaction::Leftover,
};
use crate::{
    machine::{Machine, Step as Polled, sealed::Sealed},
    output::Output,
    state::State,
    time::Instant,
    tls::{TlsInfo, TlsUpgrade},
    types::Extensions,
};

/// The client's side of one SMTP or LMTP session.
///
/// [`Machine`] has the contract with the driver, [`Event`] the reports to the application, and [`moves`] the stages of
/// a session.
#[derive(Debug)]
pub struct Client {
    config: Arc<Config>,
    session: Session,
    stage: Stage,
    replies: Replies,
    output: Output,
    timers: Timers,
    end_of_input: bool,
}

impl Client {
    /// Creates a session on a newly connected stream.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            session: Session::default(),
            stage: Stage::Greeting,
            replies: Replies::default(),
            output: Output::default(),
            timers: Timers::default(),
            end_of_input: false,
        }
    }

    /// Creates a session on a stream that is under TLS from the first octet (RFC 8314 section 3.3). Call it after the
    /// handshake, with the negotiated parameters, and only if the server is the intended one.
    #[must_use]
    pub fn new_over_tls(config: Arc<Config>, info: TlsInfo) -> Self {
        Self {
            session: Session::encrypted(info),
            ..Self::new(config)
        }
    }

    /// Ends the session at once, without QUIT. Poll afterwards, and close the stream.
    pub fn abort(&mut self) {
        self.close(Closed::Aborted);
    }

    /// The extensions in the server's last reply to EHLO or LHLO; empty after HELO.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.session.extensions
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The state of the session, as far as the server has confirmed it.
    #[must_use]
    pub const fn state(&self) -> State {
        self.stage.state()
    }

    /// Returns true if the application may begin a command or a transaction.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready(_))
    }

    /// Returns true unless the session has ended or is ending with QUIT. The server may have closed an idle session in
    /// the meantime: [`noop`](Self::noop) checks that.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        match &self.stage {
            Stage::Over(..) | Stage::Quitting(_) => false,
            Stage::Finished(finished) => finished.then.is_none() && !self.end_of_input,
            _ => !self.end_of_input,
        }
    }

    /// Returns an error if no command may begin now, otherwise the leftover of the last transaction.
    const fn turn(&self) -> Result<Leftover, RequestError> {
        match self.stage {
            Stage::Ready(leftover) => Ok(leftover),
            _ => Err(self.out_of_turn()),
        }
    }

    /// Takes the next step that needs no reply, if there is one.
    fn advance<'i>(&mut self, input: &[u8]) -> Option<Event<'i>> {
        loop {
            match &mut self.stage {
                Stage::Handshake(handshake) => {
                    let handshake = *handshake;
                    let event = self.upgrade(handshake, input);
                    // Injected plaintext ended the session. Do not read it as a reply.
                    if !matches!(self.stage, Stage::Over(..)) {
                        return event;
                    }
                }
                Stage::Welcome => {
                    self.enter(Stage::Ready(Leftover::Nothing));
                    return Some(Event::Ready);
                }
                Stage::Sending(sending) => match sending.step() {
                    Step::Envelope => {
                        let window = self.session.window(&self.config);
                        let offered = &self.session.extensions;
                        let then = sending.send_envelope(
                            window,
                            offered,
                            &mut self.output,
                            &mut self.timers.waiting,
                        )?;
                        self.apply(then);
                    }
                    Step::Permit => {
                        let permit = BodyPermit(sending.transaction.number());
                        sending.enter(Step::Content);
                        // Input that has already arrived cannot answer the message, which may be written before the
                        // next poll.
                        self.note_start(input);
                        return Some(Event::Body(permit));
                    }
                    Step::EndOfData { .. } => {
                        sending.send_end(&self.session, &self.config, &mut self.output);
                        return None;
                    }
                    _ => return None,
                },
                Stage::Finished(finished) => {
                    let (outcome, leftover) = (finished.outcome, finished.leftover);
                    match (finished.then, finished.next.take()) {
                        (Some(why), None) => self.end(why, MessageOutcome::None),
                        (Some(why), Some(_)) => self.end(why, MessageOutcome::NotAccepted),
                        (None, None) => self.enter(Stage::Ready(leftover)),
                        (None, Some(next)) => self.begin(next, leftover),
                    }
                    return Some(Event::Finished(outcome));
                }
                Stage::Over(why, message) => {
                    let (why, message) = (*why, *message);
                    return Some(Event::Closed { why, message });
                }
                _ => return None,
            }
        }
    }

    /// Takes one step. Returns `None` if a further one follows.
    // Not inlined: the compiler would prepare the loop of `poll`, which goes round once nearly always, for each poll.
    #[inline(never)]
    fn step<'i>(&mut self, input: &mut &'i [u8]) -> Option<Polled<Event<'i>>> {
        if let Some(event) = self.advance(input) {
            return Some(Polled::Event(event));
        }
        if let Some(event) = self.read_reply(input) {
            return Some(Polled::Event(event));
        }
        if matches!(self.stage, Stage::Over(..)) {
            return None;
        }
        if self.end_of_input {
            self.broke(Closed::ConnectionClosed);
            return None;
        }
        self.note_start(input);
        self.idle().map(Polled::Wait)
    }
}

impl Sealed for Client {}

impl Machine for Client {
    type Event<'i> = Event<'i>;

    fn poll<'i>(&mut self, input: &mut &'i [u8], now: Instant) -> Polled<Event<'i>> {
        self.timers.now = now;
        loop {
            if let Some(step) = self.step(input) {
                return step;
            }
        }
    }

    fn output(&self) -> &[u8] {
        self.unwritten()
    }

    fn advance_output(&mut self, octets: usize) {
        let octets = match self.stage.behind() {
            0 => octets,
            _ => octets.min(self.unwritten().len()),
        };
        self.advance_all_output(octets);
    }

    fn end_of_input(&mut self) {
        self.end_of_input = true;
    }

    fn connection_lost(&mut self) {
        self.broke(Closed::ConnectionLost);
    }

    fn tls_established(&mut self, upgrade: TlsUpgrade, info: TlsInfo) {
        Self::tls_established(self, upgrade, info);
    }

    fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        Self::tls_failed(self, upgrade);
    }
}

/// Clients can be shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Client>();
};

#[cfg(test)]
mod tests;
