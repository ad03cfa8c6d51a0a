//! Replies.

use std::hint::black_box;

use smtp_proto::syntax::{parse_ehlo, parse_reply};
use smtp_proto_registry::{EhloResponse, response::parser::ResponseReceiver};

use crate::{Case, Round};

/// The reply to EHLO of a server with many extensions.
pub(crate) const EHLO: &str = "250-mx.example.org greets you\r\n\
    250-PIPELINING\r\n\
    250-SIZE 26214400\r\n\
    250-ETRN\r\n\
    250-STARTTLS\r\n\
    250-AUTH PLAIN LOGIN XOAUTH2\r\n\
    250-ENHANCEDSTATUSCODES\r\n\
    250-8BITMIME\r\n\
    250-DSN\r\n\
    250-SMTPUTF8\r\n\
    250 CHUNKING\r\n";

/// Its lines.
const LINES: u64 = 11;

/// The replies of a server around a message.
const REPLIES: [&str; 6] = [
    "250 2.1.0 sender ok\r\n",
    "250 2.1.5 recipient ok\r\n",
    "550 5.1.1 <carol.smith@example.org>: no such user here\r\n",
    "354 end with <CRLF>.<CRLF>\r\n",
    "250 2.0.0 Ok: queued as 4XyZ1234567\r\n",
    "221 2.0.0 bye\r\n",
];

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "reply/mix/smtp-proto",
        unit: "line",
        start: replies,
    },
    Case {
        name: "reply/mix/registry",
        unit: "line",
        start: replies_registry,
    },
    Case {
        name: "reply/EHLO/smtp-proto",
        unit: "line",
        start: ehlo,
    },
    Case {
        name: "reply/EHLO/registry",
        unit: "line",
        start: ehlo_registry,
    },
];

fn replies() -> Round {
    Box::new(|| {
        for reply in black_box(REPLIES) {
            let reply = parse_reply(reply.as_bytes()).expect("the replies are valid");
            black_box(reply.enhanced());
            black_box(&reply);
        }
        REPLIES.len() as u64
    })
}

fn replies_registry() -> Round {
    let mut receiver = ResponseReceiver::default();
    Box::new(move || {
        for reply in black_box(REPLIES) {
            assert!(black_box(&receiver.parse(&mut reply.as_bytes().iter())).is_ok());
            receiver.reset();
        }
        REPLIES.len() as u64
    })
}

fn ehlo() -> Round {
    Box::new(|| {
        let reply = parse_reply(black_box(EHLO).as_bytes()).expect("the reply is valid");
        black_box(&parse_ehlo(&reply));
        LINES
    })
}

fn ehlo_registry() -> Round {
    Box::new(|| {
        assert!(black_box(&EhloResponse::parse(&mut black_box(EHLO).as_bytes().iter())).is_ok());
        LINES
    })
}
