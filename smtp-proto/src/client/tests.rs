mod auth;
mod chunks;
mod content;
mod deadlines;
mod endings;
mod envelope;
mod greeting;
mod limits;
mod lmtp;
mod next;
mod pipelining;
mod random;
mod receipt;
mod session;
mod steps;
#[cfg(feature = "serde")]
mod stored;
mod tls;

use core::time::Duration;
use std::{
    collections::VecDeque,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::*;
use crate::{
    machine::{Machine, Step, Wait},
    types::{Body, ClientName, Envelope, ForwardPath, MailParameters, Mailbox},
    types::{Keyword, Protocol},
};

/// A client with its events and output. In all texts `|` stands for CRLF.
struct Session {
    client: Client,
    now: Instant,
    /// The output of the server that the client has not used.
    input: Vec<u8>,
    /// The octets written since the last look.
    wire: Vec<u8>,
    /// The events since the last look.
    events: Vec<String>,
    permit: Option<BodyPermit>,
    upgrade: Option<TlsUpgrade>,
    /// The receipt of the open transaction, and those of later ones.
    receipts: VecDeque<Receipt>,
    /// The wait of the client.
    wait: Wait,
    over: bool,
}

/// The reason why the client needs no more content now.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Blocked,
    Stopped,
}

fn config() -> Config {
    Config::new(ClientName::parse("me.example").unwrap())
}

fn lmtp() -> Config {
    let mut config = config();
    config.protocol = Protocol::Lmtp;
    config
}

fn chunking() -> Config {
    let mut config = config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// An envelope from `a@x` to recipients separated by spaces.
fn to(recipients: &str) -> Envelope {
    let from = Envelope::new(Mailbox::parse("a@x").unwrap());
    recipients.split_whitespace().fold(from, |envelope, recipient| {
        envelope.recipient(ForwardPath::parse(recipient).unwrap())
    })
}

impl Session {
    /// A newly connected session.
    fn new(config: Config) -> Self {
        let mut session = Self {
            client: Client::new(config.into()),
            now: Instant::ORIGIN,
            input: Vec::new(),
            wire: Vec::new(),
            events: Vec::new(),
            permit: None,
            upgrade: None,
            receipts: VecDeque::new(),
            wait: Wait::default(),
            over: false,
        };
        session.poll_all();
        session
    }

    /// A session that is ready, with a server that offers these extensions, separated by `|`.
    fn with(config: Config, extensions: &str) -> Self {
        let mut session = Self::new(config);
        session.server("220 mx.example").written();
        let lines = format!("mx.example|{extensions}");
        let mut lines: Vec<_> = lines.trim_end_matches('|').split('|').collect();
        let last = lines.pop().unwrap();
        let first: String = lines.iter().map(|line| format!("250-{line}|")).collect();
        session.server(&format!("{first}250 {last}"));
        session.reports(match session.client.config.protocol {
            Protocol::Smtp => "Greeting 220, Hello(Ehlo) 250, Ready",
            Protocol::Lmtp => "Greeting 220, Hello(Lhlo) 250, Ready",
        });
        session.wire.clear();
        session
    }

    /// A session with a transaction whose message is awaited.
    fn at_body(config: Config, extensions: &str, recipients: &str) -> Self {
        let mut session = Self::with(config, extensions);
        session.deliver(to(recipients)).written();
        while session.permit.is_none() {
            let reply = match session.transaction().awaited() {
                ReplyTo::Data => "354",
                _ => "250",
            };
            session.server(reply).written();
        }
        session.events.clear();
        session.wire.clear();
        session
    }

    /// The open transaction.
    fn transaction(&self) -> &transaction::Transaction {
        match &self.client.stage {
            Stage::Sending(sending) => &sending.transaction,
            stage => panic!("{stage:?}"),
        }
    }

    /// A session whose final reply is awaited.
    fn at_end(config: Config, extensions: &str, recipients: &str) -> Self {
        let mut session = Self::at_body(config, extensions, recipients);
        session.pass("Hi|", More::Last);
        session.end().written();
        session.wire.clear();
        session
    }

    /// Polls until there is nothing to do.
    fn poll_all(&mut self) -> &mut Self {
        while !self.over {
            let mut input = self.input.as_slice();
            let step = self.client.poll(&mut input, self.now);
            let used = self.input.len() - input.len();
            match step {
                Step::Wait(wait) => {
                    self.wait = wait;
                    self.input.drain(..used);
                    break;
                }
                Step::Event(event) => {
                    if let Some(receipt) = self.receipts.front_mut() {
                        receipt.record(&event);
                    }
                    self.events.push(match &event {
                        Event::Ready => "Ready".to_string(),
                        Event::Reply { to, reply } => format!("{to:?} {}", reply.code()),
                        Event::StartTls(_) => "StartTls".to_string(),
                        Event::Body(_) => "Body".to_string(),
                        Event::Finished(outcome) => format!("{outcome:?}"),
                        Event::Closed { why, message } => format!("Closed {why:?} {message:?}"),
                    });
                    self.over = matches!(event, Event::Closed { .. });
                    match event {
                        Event::Body(permit) => self.permit = Some(permit),
                        Event::StartTls(upgrade) => self.upgrade = Some(upgrade),
                        // Keep the last one for the test.
                        Event::Finished(_) if self.receipts.len() > 1 => drop(self.receipts.pop_front()),
                        _ => {}
                    }
                }
            }
            self.input.drain(..used);
        }
        self
    }

    /// The server sends these lines at once. The client may have output that is not written.
    fn server(&mut self, text: &str) -> &mut Self {
        self.octets(format!("{text}|").replace('|', "\r\n").as_bytes())
    }

    fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.input.extend_from_slice(octets);
        self.poll_all()
    }

    /// The client writes all output.
    fn written(&mut self) -> &mut Self {
        while !self.client.output().is_empty() {
            self.writes(usize::MAX);
        }
        self
    }

    /// The client writes at most this number of octets.
    fn writes(&mut self, most: usize) -> &mut Self {
        let output = self.client.output();
        let octets = output.len().min(most);
        self.wire.extend_from_slice(&output[..octets]);
        self.client.advance_output(octets);
        self.poll_all()
    }

    /// The client writes all output; compares the octets written since the last look.
    #[track_caller]
    fn sends(&mut self, expected: &str) -> &mut Self {
        self.written();
        let wire = String::from_utf8(core::mem::take(&mut self.wire)).unwrap();
        assert_eq!(wire.replace("\r\n", "|"), expected);
        self
    }

    /// Compares the events since the last look.
    #[track_caller]
    fn reports(&mut self, expected: &str) -> &mut Self {
        assert_eq!(core::mem::take(&mut self.events).join(", "), expected);
        self
    }

    /// Compares the last events.
    #[track_caller]
    fn reports_last(&mut self, expected: &str) -> &mut Self {
        let events = core::mem::take(&mut self.events).join(", ");
        assert!(events.ends_with(expected), "{events}");
        self
    }

    #[track_caller]
    fn deliver(&mut self, envelope: Envelope) -> &mut Self {
        self.receipts.clear();
        self.receipts.push_back(Receipt::new(&envelope));
        self.client.deliver(envelope).unwrap();
        self.poll_all()
    }

    /// Announces a further message, to these recipients.
    #[track_caller]
    fn next(&mut self, recipients: &str) -> &mut Self {
        let envelope = to(recipients);
        self.receipts.push_back(Receipt::new(&envelope));
        self.client.deliver_next(envelope).unwrap();
        self.poll_all()
    }

    /// Passes content until all is used or the client needs no more. Returns the reason, and the unused content.
    fn pass<'b>(&mut self, content: &'b str, more: More) -> (Left, &'b str) {
        let wire = content.replace('|', "\r\n");
        let mut input = wire.as_bytes();
        let permit = self.permit.take().expect("a permit");
        let why = loop {
            match self.client.body(&permit, &mut input, more).unwrap() {
                BodyStep::Write(piece) => {
                    self.wire.extend_from_slice(self.client.output());
                    self.client.advance_output(usize::MAX);
                    self.wire.extend_from_slice(piece);
                }
                BodyStep::NeedInput => break Left::Nothing,
                BodyStep::AwaitReply => break Left::Blocked,
                BodyStep::Abort => break Left::Stopped,
            }
        };
        self.permit = Some(permit);
        let used = content.len() - input.iter().filter(|octet| **octet != b'\n').count();
        self.poll_all();
        (why, &content[used..])
    }

    /// Passes content once, and drops the unused part.
    fn pass_once(&mut self, content: &str) -> String {
        let permit = self.permit.take().expect("a permit");
        let mut input = content.as_bytes();
        let Ok(BodyStep::Write(piece)) = self.client.body(&permit, &mut input, More::Yes) else {
            panic!("nothing to write");
        };
        self.wire.extend_from_slice(piece);
        self.permit = Some(permit);
        String::from_utf8(piece.to_vec()).unwrap()
    }

    fn end(&mut self) -> &mut Self {
        let permit = self.permit.take().expect("a permit");
        self.client.end_body(permit).unwrap();
        self.poll_all()
    }

    fn later(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self.poll_all()
    }

    fn eof(&mut self) -> &mut Self {
        self.client.end_of_input();
        self.poll_all()
    }

    fn connection_lost(&mut self) -> &mut Self {
        self.client.connection_lost();
        self.poll_all()
    }

    /// The outcome for each recipient.
    fn outcomes(&self) -> Vec<String> {
        let receipt = self.receipts.front().unwrap();
        receipt
            .recipients()
            .map(|(_, fate)| match fate {
                RecipientStatus::Accepted(reply) => format!("Accepted {}", reply.code()),
                RecipientStatus::Refused { to: asked, reply, .. } => {
                    format!("Refused {asked:?} {}", reply.code())
                }
                other => format!("{other:?}"),
            })
            .collect()
    }
}
