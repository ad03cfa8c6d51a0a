//! The server as a client, an application and a clock see it.

mod auth;
mod bodies;
mod chunks;
mod closing;
mod cuts;
mod deadlines;
mod delivery;
mod faults;
mod inquiries;
mod limits;
mod lmtp;
mod login;
mod offers;
mod order;
mod relay;
mod tickets;
mod tls;

use std::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    time::Duration,
    vec::Vec,
};

use super::*;
use crate::{
    Instant, Machine, State, Step, TlsInfo, Wait,
    sasl::{AuthOutcome, AuthRequest, Mechanism, PlaintextAuth, Secret},
    time::Phase,
    types::{Host, Keyword, Protocol, Rejection},
};

/// A session with a client, an application and a clock.
struct Session {
    server: Server,
    /// The input that the server has not used.
    input: Vec<u8>,
    now: Instant,
    /// The output of the server since the last look.
    said: Vec<u8>,
    /// The events since the last look.
    seen: Vec<String>,
    /// All octets of bodies that were handed out.
    body: Vec<u8>,
    /// Questions of these kinds are refused.
    refused: Vec<(&'static str, Rejection)>,
    /// Questions are not answered, but kept.
    holds: bool,
    held: Vec<Ticket>,
    upgrade: Option<crate::TlsUpgrade>,
    /// The answers of the application to credentials, in this order; then it rejects.
    judgements: Vec<AuthOutcome>,
    auth: Option<Ticket<ticket::Auth>>,
    /// The client reads what the server says.
    reads: bool,
    wait: Wait,
}

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

fn lmtp() -> Config {
    let mut config = config();
    config.protocol = Protocol::Lmtp;
    config
}

impl Session {
    /// Connected, nothing done yet.
    fn fresh(config: Config) -> Self {
        Self {
            server: Server::new(config.into()),
            input: Vec::new(),
            now: Instant::ORIGIN,
            said: Vec::new(),
            seen: Vec::new(),
            body: Vec::new(),
            refused: Vec::new(),
            holds: false,
            held: Vec::new(),
            upgrade: None,
            judgements: Vec::new(),
            auth: None,
            reads: true,
            wait: Wait::default(),
        }
    }

    /// Greeted and introduced.
    fn with(config: Config) -> Self {
        let hello = match config.protocol {
            Protocol::Smtp => "EHLO client.test",
            Protocol::Lmtp => "LHLO client.test",
        };
        let mut session = Self::fresh(config);
        session.goes_on();
        session.sends(hello);
        session.forgets();
        session
    }

    fn new() -> Self {
        Self::with(config())
    }

    /// With an open transaction and one recipient.
    fn with_recipient(config: Config) -> Self {
        let mut session = Self::with(config);
        session.sends("MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>");
        assert_eq!(session.server.state(), State::Recipients);
        session.forgets();
        session
    }

    /// With its text on the way.
    fn in_data(config: Config) -> Self {
        let mut session = Self::with_recipient(config);
        session.sends("DATA");
        assert_eq!(session.said(), "354 end with <CRLF>.<CRLF>\r\n");
        session.forgets();
        session
    }

    fn refusing(mut self, kind: &'static str, rejection: Rejection) -> Self {
        self.refused.push((kind, rejection));
        self
    }

    fn holding(mut self) -> Self {
        self.holds = true;
        self
    }

    fn forgets(&mut self) {
        self.said.clear();
        self.seen.clear();
    }

    /// The client sends lines.
    fn sends(&mut self, lines: &str) {
        self.sends_octets(format!("{lines}\r\n").as_bytes());
    }

    fn sends_octets(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        self.goes_on();
    }

    /// The client sends a line, and the application does this with the question that it leads to.
    fn asks(&mut self, line: &str, answer: impl FnOnce(&mut Server, Event<'_>)) -> String {
        let line = format!("{line}\r\n");
        let mut input = line.as_bytes();
        let Step::Event(event) = self.server.poll(&mut input, self.now) else {
            panic!("no question");
        };
        answer(&mut self.server, event);
        assert!(input.is_empty());
        self.goes_on();
        self.said()
    }

    /// The client sends nothing more.
    fn ends(&mut self) {
        self.server.end_of_input();
        self.goes_on();
    }

    /// Time passes.
    fn later(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.goes_on();
    }

    /// Polls until nothing more happens without the world outside.
    fn goes_on(&mut self) {
        let sent = core::mem::take(&mut self.input);
        let mut input = sent.as_slice();
        loop {
            match self.server.poll(&mut input, self.now) {
                Step::Event(event) => {
                    let last = matches!(event, Event::Closed(_));
                    self.handles(event);
                    if last {
                        break;
                    }
                }
                Step::Wait(wait) => {
                    self.wait = wait;
                    if !self.reads || !wait.want_write {
                        break;
                    }
                    self.takes(usize::MAX);
                }
            }
        }
        self.input = input.to_vec();
    }

    /// The client reads so many octets.
    fn takes(&mut self, octets: usize) {
        let octets = octets.min(self.server.output().len());
        self.said.extend_from_slice(&self.server.output()[..octets]);
        self.server.advance_output(octets);
    }

    fn handles(&mut self, event: Event<'_>) {
        let (kind, details) = match &event {
            Event::Connect { .. } => ("connect", String::new()),
            Event::Hello { name, .. } => ("hello", name.to_string()),
            Event::Auth {
                mechanism, request, ..
            } => ("auth", format!("{mechanism} {}", shown(request))),
            Event::AuthFailed(fault) => ("auth-failed", format!("{fault:?}")),
            Event::Mail { mail, .. } => ("mail", mail.reverse_path().to_string()),
            Event::Recipient { rcpt, .. } => ("rcpt", rcpt.forward_path().to_string()),
            Event::Data { .. } => ("message", String::new()),
            Event::Body(octets) => {
                assert!(!octets.is_empty());
                self.body.extend_from_slice(octets);
                return;
            }
            Event::EndOfData { recipient, .. } => {
                ("verdict", recipient.map(|n| n.to_string()).unwrap_or_default())
            }
            Event::Verify { query, .. } => ("verify", query.as_str().to_string()),
            Event::Expand { query, .. } => ("expand", query.as_str().to_string()),
            Event::Help { .. } => ("help", String::new()),
            Event::Xclient { info, .. } => ("xclient", info.to_string()),
            Event::Xforward { info, .. } => ("xforward", info.to_string()),
            Event::Etrn { etrn, .. } => ("etrn", etrn.to_string()),
            Event::Command { command, .. } => ("command", command.verb().to_string()),
            Event::StartTls(_) => ("starttls", String::new()),
            Event::Reset(why) => ("reset", format!("{why:?}")),
            Event::Closed(why) => ("closed", format!("{why:?}")),
        };
        self.seen.push(format!("{kind} {details}").trim_end().to_owned());
        if let Event::StartTls(upgrade) = event {
            self.upgrade = Some(upgrade);
            return;
        }
        if let Event::Auth { ticket, .. } = event {
            if self.holds {
                self.auth = Some(ticket);
            } else if let Some((_, rejection)) = self.refused.iter().find(|(refused, _)| *refused == kind) {
                self.server.reject(ticket, rejection.clone()).unwrap();
            } else {
                let progress = if self.judgements.is_empty() {
                    AuthOutcome::Reject
                } else {
                    self.judgements.remove(0)
                };
                self.server.answer_auth(ticket, progress).unwrap();
            }
            return;
        }
        if let Event::Etrn { .. } = event {
            self.server.proceed(event).unwrap();
            return;
        }
        let Some(ticket) = event.into_ticket() else {
            return;
        };
        if self.holds {
            self.held.push(ticket);
        } else if let Some((_, rejection)) = self.refused.iter().find(|(refused, _)| *refused == kind) {
            self.server.reject(ticket, rejection.clone()).unwrap();
        } else {
            self.server.accept(ticket).unwrap();
        }
    }

    /// The output of the server since the last call.
    fn said(&mut self) -> String {
        String::from_utf8(core::mem::take(&mut self.said)).unwrap()
    }

    /// The codes of what the server said, in their order.
    fn codes(&mut self) -> String {
        let said = self.said();
        let codes = said.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        codes.map(|line| &line[..3]).collect::<Vec<_>>().join(" ")
    }

    /// The events since the last call.
    fn happened(&mut self) -> String {
        core::mem::take(&mut self.seen).join(", ")
    }
}

/// The credentials of a client, secrets included.
fn shown(request: &AuthRequest) -> String {
    let octets = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    match request {
        AuthRequest::Password {
            user,
            password,
            authorization_id,
        } => format!("{user}:{} {authorization_id:?}", octets(password)),
        AuthRequest::Bearer { user, token } => format!("{user:?} {}", octets(token)),
        AuthRequest::External { authorization_id, .. } => format!("{authorization_id:?}"),
        AuthRequest::Anonymous { trace } => trace.clone(),
        AuthRequest::Begin { initial } => format!("begin {:?}", initial.as_ref().map(octets)),
        AuthRequest::Step { response } => format!("{:?}", octets(response)),
    }
}

/// Fails with what was said instead.
#[track_caller]
fn assert_said(session: &mut Session, expected: &str) {
    assert_eq!(session.said(), expected);
}
