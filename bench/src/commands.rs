//! Command lines.

use std::hint::black_box;

use memchr::memchr;
use smtp_proto::syntax::{Leniency, parse_command};
use smtp_proto_registry::request::receiver::RequestReceiver;

use crate::{Case, Round};

/// The commands of a client around one message, without the message.
pub(crate) const MIX: &str = "EHLO mail.client.example\r\n\
    MAIL FROM:<alice.miller@client.example> SIZE=1024 BODY=8BITMIME\r\n\
    RCPT TO:<bob@example.org>\r\n\
    RCPT TO:<carol.smith@example.org>\r\n\
    RCPT TO:<dave+lists@mail.example.org>\r\n\
    DATA\r\n\
    RSET\r\n\
    NOOP\r\n\
    QUIT\r\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "command/mix/smtp-proto",
        unit: "command",
        start: || ours(MIX),
    },
    Case {
        name: "command/mix/registry",
        unit: "command",
        start: || registry(MIX),
    },
    Case {
        name: "command/EHLO/smtp-proto",
        unit: "command",
        start: || ours("EHLO mail.client.example\r\n"),
    },
    Case {
        name: "command/EHLO/registry",
        unit: "command",
        start: || registry("EHLO mail.client.example\r\n"),
    },
    Case {
        name: "command/MAIL/smtp-proto",
        unit: "command",
        start: || ours(MAIL),
    },
    Case {
        name: "command/MAIL/registry",
        unit: "command",
        start: || registry(MAIL),
    },
    Case {
        name: "command/RCPT/smtp-proto",
        unit: "command",
        start: || ours(RCPT),
    },
    Case {
        name: "command/RCPT/registry",
        unit: "command",
        start: || registry(RCPT),
    },
    Case {
        name: "command/RSET/smtp-proto",
        unit: "command",
        start: || ours("RSET\r\n"),
    },
    Case {
        name: "command/RSET/registry",
        unit: "command",
        start: || registry("RSET\r\n"),
    },
];

const MAIL: &str = "MAIL FROM:<alice.miller@client.example> SIZE=1024 BODY=8BITMIME\r\n";
const RCPT: &str = "RCPT TO:<carol.smith@example.org>\r\n";

/// Cuts the lines off at their CRLF and parses each.
fn ours(lines: &'static str) -> Round {
    let leniency = Leniency::default();
    Box::new(move || {
        let mut input = black_box(lines).as_bytes();
        let mut commands = 0;
        while let Some(end) = memchr(b'\n', input) {
            let line = input[..end].strip_suffix(b"\r").expect("the lines end in CRLF");
            assert!(black_box(&parse_command(line, &leniency)).is_ok());
            input = &input[end + 1..];
            commands += 1;
        }
        commands
    })
}

/// Its receiver finds the line ends itself.
fn registry(lines: &'static str) -> Round {
    let mut receiver = RequestReceiver::default();
    Box::new(move || {
        let mut input = black_box(lines).as_bytes().iter();
        let mut commands = 0;
        while !input.as_slice().is_empty() {
            assert!(black_box(&receiver.ingest(&mut input)).is_ok());
            commands += 1;
        }
        commands
    })
}
