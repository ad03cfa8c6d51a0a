//! Client sessions in memory, against replies that are ready.

use std::{hint::black_box, sync::Arc};

use smtp_proto::{
    Instant, Machine, Step,
    client::{BodyStep, Client, Config, Event, More, Outcome},
    types::{ClientName, Envelope, ForwardPath, ReversePath},
};

use crate::{Case, Round, replies::EHLO};

const GREETING: &str = "220 mx.example.org ESMTP ready\r\n";

/// The replies to MAIL, two RCPT and DATA.
const ENVELOPE: &str = "250 2.1.0 sender ok\r\n\
    250 2.1.5 recipient ok\r\n\
    250 2.1.5 recipient ok\r\n\
    354 end with <CRLF>.<CRLF>\r\n";

const ACCEPTED: &str = "250 2.6.0 message accepted\r\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "client/session/smtp-proto",
        unit: "session",
        start: session,
    },
    Case {
        name: "client/message/smtp-proto",
        unit: "message",
        start: message,
    },
];

/// One message from the envelope to its final reply, in an open session. The envelope is copied for it.
fn message() -> Round {
    let envelope = envelope();
    let mut client = open(&config());
    Box::new(move || {
        send(&mut client, black_box(&envelope));
        1
    })
}

fn session() -> Round {
    let (config, envelope) = (config(), envelope());
    Box::new(move || {
        let mut client = open(black_box(&config));
        send(&mut client, &envelope);
        client.quit().expect("the session is ready");
        hear(&mut client, "");
        hear(&mut client, "221 2.0.0 bye\r\n");
        1
    })
}

fn config() -> Arc<Config> {
    Config::new(ClientName::parse("mail.client.example").expect("the name is valid")).into()
}

fn envelope() -> Envelope {
    let to = |path| {
        ForwardPath::parse(path)
            .expect("the address is valid")
            .into_owned()
    };
    let from = ReversePath::parse("<alice.miller@client.example>").expect("the address is valid");
    Envelope::new(from.into_owned())
        .recipient(to("<bob@example.org>"))
        .recipient(to("<carol.smith@example.org>"))
}

fn open(config: &Arc<Config>) -> Client {
    let mut client = Client::new(Arc::clone(config));
    hear(&mut client, "");
    hear(&mut client, GREETING);
    hear(&mut client, EHLO);
    client
}

fn send(client: &mut Client, envelope: &Envelope) {
    client.deliver(envelope.clone()).expect("the session is ready");
    hear(client, "");
    assert!(!hear(client, ENVELOPE));
    assert!(hear(client, ACCEPTED), "the message was not accepted");
}

/// Takes the replies, sends the message when it is asked for; gives whether a message was accepted.
fn hear(client: &mut Client, replies: &str) -> bool {
    let mut input = replies.as_bytes();
    let mut accepted = false;
    while let Step::Event(event) = client.poll(&mut input, Instant::ORIGIN) {
        match black_box(event) {
            Event::Body(permit) => {
                let mut message = crate::sessions::MESSAGE
                    .strip_suffix(".\r\n")
                    .unwrap_or_default()
                    .as_bytes();
                while let Ok(BodyStep::Write(piece)) = client.body(&permit, &mut message, More::Yes) {
                    black_box(piece);
                }
                client.end_body(permit).expect("the message can be sent");
            }
            Event::Finished(outcome) => accepted = outcome == Outcome::Accepted,
            Event::Closed { .. } => break,
            _ => {}
        }
    }
    flush(client);
    accepted
}

fn flush(client: &mut Client) {
    let octets = black_box(client.output()).len();
    client.advance_output(octets);
}
