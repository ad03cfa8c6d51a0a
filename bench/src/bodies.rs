//! Message content: dots taken out and put in.

use std::hint::black_box;

use smtp_proto::data::{BareLineEndings, DotStuffer, DotUnstuffer, LineEndings, Unstuffed};
use smtp_proto_registry::request::receiver::{DataReceiver, DummyDataReceiver};

use crate::{Case, Round};

/// The octets that one read gives a server.
const PIECE: usize = 16 * 1024;

/// Octets of message in a round, about.
const MESSAGE: usize = 256 << 10;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "unstuff-text/reject/smtp-proto",
        unit: "octet",
        start: || unstuff(&text(), BareLineEndings::Reject),
    },
    Case {
        name: "unstuff-text/normalize/smtp-proto",
        unit: "octet",
        start: || unstuff(&text(), BareLineEndings::Normalize),
    },
    Case {
        name: "unstuff-text/keep/smtp-proto",
        unit: "octet",
        start: || unstuff(&text(), BareLineEndings::Keep),
    },
    Case {
        name: "unstuff-text/copying/registry",
        unit: "octet",
        start: || unstuff_registry(&text()),
    },
    Case {
        name: "unstuff-text/dropping/registry",
        unit: "octet",
        start: || drop_registry(&text()),
    },
    Case {
        name: "unstuff-dots/reject/smtp-proto",
        unit: "octet",
        start: || unstuff(&dots(), BareLineEndings::Reject),
    },
    Case {
        name: "unstuff-dots/normalize/smtp-proto",
        unit: "octet",
        start: || unstuff(&dots(), BareLineEndings::Normalize),
    },
    Case {
        name: "unstuff-dots/keep/smtp-proto",
        unit: "octet",
        start: || unstuff(&dots(), BareLineEndings::Keep),
    },
    Case {
        name: "unstuff-dots/copying/registry",
        unit: "octet",
        start: || unstuff_registry(&dots()),
    },
    Case {
        name: "unstuff-dots/dropping/registry",
        unit: "octet",
        start: || drop_registry(&dots()),
    },
    Case {
        name: "stuff-text/normalize/smtp-proto",
        unit: "octet",
        start: || stuff(text()),
    },
    Case {
        name: "stuff-dots/normalize/smtp-proto",
        unit: "octet",
        start: || stuff(dots()),
    },
];

/// Lines of about 72 columns.
fn text() -> Vec<u8> {
    repeat("It is a truth universally acknowledged, that a man in need of a mail ser\r\n")
}

/// Lines of which each begins with a dot.
fn dots() -> Vec<u8> {
    repeat(".This line begins with a dot, and so does every other one of this text.\r\n")
}

fn repeat(line: &str) -> Vec<u8> {
    line.repeat(MESSAGE / line.len()).into_bytes()
}

/// The octets on the wire for it.
fn wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() * 2);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Gives out slices; nothing is copied.
fn unstuff(message: &[u8], policy: BareLineEndings) -> Round {
    let wire = wire(message);
    Box::new(move || {
        let mut unstuffer = DotUnstuffer::new(policy);
        for mut input in black_box(&wire).chunks(PIECE) {
            while let Unstuffed::Piece(piece) = unstuffer.next(&mut input) {
                black_box(piece);
            }
        }
        wire.len() as u64
    })
}

/// Copies the message into a buffer that has room for a piece.
fn unstuff_registry(message: &[u8]) -> Round {
    let wire = wire(message);
    let mut buffer = Vec::with_capacity(PIECE * 2);
    Box::new(move || {
        let mut receiver = DataReceiver::new();
        for input in black_box(&wire).chunks(PIECE) {
            black_box(receiver.ingest(&mut input.iter(), &mut buffer));
            black_box(&buffer);
            buffer.clear();
        }
        wire.len() as u64
    })
}

/// Only looks for the end: what it costs without the copy.
fn drop_registry(message: &[u8]) -> Round {
    let wire = wire(message);
    Box::new(move || {
        let mut receiver = DummyDataReceiver::new_data(&DataReceiver::new());
        for input in black_box(&wire).chunks(PIECE) {
            black_box(receiver.ingest(&mut input.iter()));
        }
        wire.len() as u64
    })
}

fn stuff(message: Vec<u8>) -> Round {
    Box::new(move || {
        let mut stuffer = DotStuffer::for_data(LineEndings::Normalize);
        for mut input in black_box(&message).chunks(PIECE) {
            while let Some(piece) = stuffer.next(&mut input).expect("the message can be sent") {
                black_box(piece);
            }
        }
        black_box(stuffer.end()).expect("the message can be sent");
        message.len() as u64
    })
}
