//! Tests of the server with a client, an application and a clock.

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
    /// The replies since the last look.
    replies: Vec<u8>,
    /// The events since the last look.
    events: Vec<String>,
    /// The octets of all `Body` events.
    body: Vec<u8>,
    /// Questions of these kinds are refused.
    refused: Vec<(&'static str, Rejection)>,
    /// Questions are kept instead of answered.
    holds: bool,
    held: Vec<Ticket>,
    upgrade: Option<crate::TlsUpgrade>,
    /// The answers of the application to credentials, in order. After them it rejects.
    auth_outcomes: Vec<AuthOutcome>,
    auth: Option<Ticket<ticket::Auth>>,
    /// The client reads the replies.
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
    /// A newly connected session.
    fn fresh(config: Config) -> Self {
        Self {
            server: Server::new(config.into()),
            input: Vec::new(),
            now: Instant::ORIGIN,
            replies: Vec::new(),
            events: Vec::new(),
            body: Vec::new(),
            refused: Vec::new(),
            holds: false,
            held: Vec::new(),
            upgrade: None,
            auth_outcomes: Vec::new(),
            auth: None,
            reads: true,
            wait: Wait::default(),
        }
    }

    /// A session after the greeting and EHLO.
    fn with(config: Config) -> Self {
        let hello = match config.protocol {
            Protocol::Smtp => "EHLO client.test",
            Protocol::Lmtp => "LHLO client.test",
        };
        let mut session = Self::fresh(config);
        session.poll_all();
        session.sends(hello);
        session.clear();
        session
    }

    fn new() -> Self {
        Self::with(config())
    }

    /// A session with an open transaction and one recipient.
    fn with_recipient(config: Config) -> Self {
        let mut session = Self::with(config);
        session.sends("MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>");
        assert_eq!(session.server.state(), State::Recipients);
        session.clear();
        session
    }

    /// A session after DATA.
    fn in_data(config: Config) -> Self {
        let mut session = Self::with_recipient(config);
        session.sends("DATA");
        assert_eq!(session.replies(), "354 end with <CRLF>.<CRLF>\r\n");
        session.clear();
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

    fn clear(&mut self) {
        self.replies.clear();
        self.events.clear();
    }

    /// The client sends lines.
    fn sends(&mut self, lines: &str) {
        self.sends_octets(format!("{lines}\r\n").as_bytes());
    }

    fn sends_octets(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        self.poll_all();
    }

    /// The client sends a line, and the application answers the question with this function.
    fn asks(&mut self, line: &str, answer: impl FnOnce(&mut Server, Event<'_>)) -> String {
        let line = format!("{line}\r\n");
        let mut input = line.as_bytes();
        let Step::Event(event) = self.server.poll(&mut input, self.now) else {
            panic!("no question");
        };
        answer(&mut self.server, event);
        assert!(input.is_empty());
        self.poll_all();
        self.replies()
    }

    /// The client sends nothing more.
    fn ends(&mut self) {
        self.server.end_of_input();
        self.poll_all();
    }

    /// Time passes.
    fn later(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.poll_all();
    }

    /// Polls until the server waits.
    fn poll_all(&mut self) {
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

    /// The client reads this number of octets.
    fn takes(&mut self, octets: usize) {
        let octets = octets.min(self.server.output().len());
        self.replies.extend_from_slice(&self.server.output()[..octets]);
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
        self.events
            .push(format!("{kind} {details}").trim_end().to_owned());
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
                let progress = if self.auth_outcomes.is_empty() {
                    AuthOutcome::Reject
                } else {
                    self.auth_outcomes.remove(0)
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
    fn replies(&mut self) -> String {
        String::from_utf8(core::mem::take(&mut self.replies)).unwrap()
    }

    /// The codes of the replies since the last call, in order.
    fn codes(&mut self) -> String {
        let replies = self.replies();
        let codes = replies
            .lines()
            .filter(|line| line.as_bytes().get(3) == Some(&b' '));
        codes.map(|line| &line[..3]).collect::<Vec<_>>().join(" ")
    }

    /// The events since the last call.
    fn events(&mut self) -> String {
        core::mem::take(&mut self.events).join(", ")
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

/// Compares the replies since the last call with these.
#[track_caller]
fn assert_replies(session: &mut Session, expected: &str) {
    assert_eq!(session.replies(), expected);
}
