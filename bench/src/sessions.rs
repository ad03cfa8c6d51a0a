//! Whole sessions in memory.

use std::{hint::black_box, sync::Arc};

use smtp_proto::{
    Instant, Machine, Step,
    server::{Config, Event, Server},
    types::Host,
};

use crate::{Case, Round, commands::MIX};

/// A message of 1 KiB with its final dot.
pub const MESSAGE: &str = concat!(
    "From: <alice.miller@client.example>\r\nTo: <bob@example.org>\r\nSubject: Minutes of Monday\r\n\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n",
    ".\r\n"
);

/// The greeting of a client.
pub const EHLO: &str = "EHLO mail.client.example\r\n";

/// One message to two recipients, up to DATA.
const ENVELOPE: &str = "MAIL FROM:<alice.miller@client.example> SIZE=1024 BODY=8BITMIME\r\n\
    RCPT TO:<bob@example.org>\r\n\
    RCPT TO:<carol.smith@example.org>\r\n\
    DATA\r\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "server/mix/smtp-proto",
        unit: "command",
        start: || mix(false),
    },
    Case {
        name: "server/mix-pipelined/smtp-proto",
        unit: "command",
        start: || mix(true),
    },
    Case {
        name: "server/session/smtp-proto",
        unit: "session",
        start: session,
    },
    Case {
        name: "server/message/smtp-proto",
        unit: "message",
        start: || message(false),
    },
    Case {
        name: "server/message-pipelined/smtp-proto",
        unit: "message",
        start: || message(true),
    },
    // The cost against the size of the message, in KiB.
    sized("server/size-1/smtp-proto", || sizes(1)),
    sized("server/size-4/smtp-proto", || sizes(4)),
    sized("server/size-16/smtp-proto", || sizes(16)),
    sized("server/size-64/smtp-proto", || sizes(64)),
    sized("server/size-256/smtp-proto", || sizes(256)),
    sized("server/size-1024/smtp-proto", || sizes(1024)),
    // The cost against the number of recipients.
    sized("server/recipients-1/smtp-proto", || recipients(1)),
    sized("server/recipients-2/smtp-proto", || recipients(2)),
    sized("server/recipients-5/smtp-proto", || recipients(5)),
    sized("server/recipients-10/smtp-proto", || recipients(10)),
    sized("server/recipients-20/smtp-proto", || recipients(20)),
    sized("server/recipients-50/smtp-proto", || recipients(50)),
    sized("server/recipients-100/smtp-proto", || recipients(100)),
];

const fn sized(name: &'static str, start: fn() -> Round) -> Case {
    Case {
        name,
        unit: "message",
        start,
    }
}

/// A session with a server that accepts everything and keeps nothing.
#[derive(Debug)]
pub struct Session {
    server: Server,
}

impl Session {
    /// Connects, and reads the greeting.
    #[must_use]
    pub fn new(config: &Arc<Config>) -> Self {
        let mut session = Self {
            server: Server::new(Arc::clone(config)),
        };
        session.hear("");
        session
    }

    /// The configuration for it: the default one.
    #[must_use]
    pub fn config() -> Arc<Config> {
        Config::new(Host::parse("mx.example.org").expect("the name is valid")).into()
    }

    /// Says these octets in one piece, and takes what is answered.
    pub fn hear(&mut self, octets: &str) {
        let mut input = octets.as_bytes();
        while let Step::Event(event) = self.server.poll(&mut input, Instant::ORIGIN) {
            match event {
                Event::Body(piece) => {
                    black_box(piece);
                }
                Event::Closed(_) => break,
                other => {
                    black_box(&other);
                    if let Some(ticket) = other.into_ticket() {
                        self.server.accept(ticket).expect("the question is open");
                    }
                }
            }
        }
        assert!(input.is_empty(), "the server left {} octets", input.len());
        let answer = black_box(self.server.output());
        let octets = answer.len();
        assert!(
            octets == 0 || matches!(answer.first(), Some(b'2' | b'3')),
            "the server refused something"
        );
        self.server.advance_output(octets);
    }

    /// Sends a message, line by line or all commands at once.
    pub fn send(&mut self, pipelined: bool) {
        if pipelined {
            self.hear(ENVELOPE);
        } else {
            ENVELOPE.split_inclusive('\n').for_each(|line| self.hear(line));
        }
        self.hear(MESSAGE);
    }
}

/// Every command of the mix but QUIT; an empty message follows DATA. Each comes in a piece of its own, or those
/// that RFC 2920 section 3.1 lets a client send together come together.
fn mix(pipelined: bool) -> Round {
    let mut session = Session::new(&Session::config());
    let lines = || MIX.split_inclusive('\n').filter(|line| !line.starts_with("QUIT"));
    let mut pieces = vec![String::new()];
    for line in lines() {
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(line);
        }
        let last = line.starts_with("EHLO") || line.starts_with("DATA");
        if last || !pipelined {
            pieces.push(String::new());
        }
        if line.starts_with("DATA") {
            pieces.extend([".\r\n".into(), String::new()]);
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    let commands = lines().count() as u64;
    Box::new(move || {
        for piece in black_box(&pieces) {
            session.hear(piece);
        }
        commands
    })
}

fn session() -> Round {
    let config = Session::config();
    Box::new(move || {
        let mut session = Session::new(black_box(&config));
        session.hear(EHLO);
        session.send(false);
        session.hear("QUIT\r\n");
        1
    })
}

fn message(pipelined: bool) -> Round {
    let mut session = Session::new(&Session::config());
    session.hear(EHLO);
    Box::new(move || {
        session.send(black_box(pipelined));
        1
    })
}

/// A message of so many KiB to two recipients, in pieces of nearly 16 KiB, as a driver reads them.
fn sizes(kib: usize) -> Round {
    let mut session = Session::new(&Session::config());
    session.hear(EHLO);
    let line = "The quick brown fox jumps over the lazy dog, and does so in 72 columns.\r\n";
    let mut message = line.repeat(kib * 1024 / line.len());
    message.push_str(".\r\n");
    Box::new(move || {
        session.hear(ENVELOPE);
        let mut rest = black_box(message.as_str());
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(224 * line.len()));
            session.hear(piece);
            rest = more;
        }
        1
    })
}

/// A message of 1 KiB to so many recipients, its envelope in one piece.
fn recipients(number: usize) -> Round {
    let mut session = Session::new(&Session::config());
    session.hear(EHLO);
    let mut envelope = String::from("MAIL FROM:<alice.miller@client.example> SIZE=1024 BODY=8BITMIME\r\n");
    for recipient in 0..number {
        envelope.push_str(&format!("RCPT TO:<recipient-{recipient:03}@example.org>\r\n"));
    }
    envelope.push_str("DATA\r\n");
    Box::new(move || {
        session.hear(black_box(&envelope));
        session.hear(MESSAGE);
        1
    })
}
