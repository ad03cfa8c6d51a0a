use core::pin::pin;
use std::{
    format,
    string::{String, ToString},
    task::Poll,
    vec::Vec,
};

use smtp_proto::{
    Step,
    client::{Config, More, RecipientStatus},
    types::{Body, ClientName, ForwardPath, MailParameters, Mailbox},
};

use super::*;
use crate::{
    Connection,
    testing::{Control, Duplex, Network},
};

type Message = (Envelope, &'static [u8]);

/// A client, and a server that sends these replies, one after each group of commands; `|` stands for CRLF.
struct Session {
    network: Network,
    client: Connection<Duplex, Client>,
    server: Control,
    _far: Duplex,
    replies: VecDeque<String>,
    /// The commands received by the server, group by group.
    groups: Vec<String>,
}

/// An envelope from `a@x`; spaces separate the recipients.
fn to(recipients: &str) -> Envelope {
    let from = Envelope::new(Mailbox::parse("a@x").unwrap());
    recipients.split_whitespace().fold(from, |envelope, recipient| {
        envelope.recipient(ForwardPath::parse(recipient).unwrap())
    })
}

impl Session {
    fn new(offers: &str, replies: &[&str]) -> Self {
        let config = Config::new(ClientName::parse("me.example").unwrap());
        let network = Network::new();
        let (near, far) = network.pair();
        let mut session = Self {
            network,
            client: Connection::new(near, Client::new(config.into())),
            server: far.control(),
            _far: far,
            replies: replies.iter().map(ToString::to_string).collect(),
            groups: Vec::new(),
        };
        session.replies.push_front(format!("250-mx|{offers}"));
        session.replies.push_front("220 hi".to_string());
        session.drive(&[], |event, _| matches!(event, Event::Ready));
        session.groups.clear();
        session
    }

    /// Drives the session to the expected event, or to its end. Returns the reason of the end.
    fn drive(
        &mut self,
        mut content: &[u8],
        mut is_it: impl FnMut(&Event<'_>, &mut Client) -> bool,
    ) -> Option<Error<std::io::Error>> {
        let mut permit = None;
        loop {
            let (step, machine) = self.client.poll();
            match step {
                Step::Event(event) => {
                    let found = is_it(&event, machine);
                    match event {
                        Event::Body(granted) => permit = Some(granted),
                        Event::Closed { why, message } => {
                            return Some(Error::Closed {
                                why,
                                message,
                                reply: None,
                                source: None,
                            });
                        }
                        _ => {}
                    }
                    if found {
                        return None;
                    }
                }
                Step::Wait(wait) => {
                    let sending = self.client.send(wait, &mut permit, content, More::Last);
                    let sent = self.network.settle(&mut pin!(sending));
                    match sent {
                        Poll::Ready(used) => content = &content[used..],
                        Poll::Pending => self.answer(),
                    }
                }
            }
        }
    }

    /// Receives a group of commands, and sends the next reply.
    fn answer(&mut self) {
        let group = self.server.pull_text();
        if !group.is_empty() {
            self.groups.push(group.replace("\r\n", "|"));
        }
        match self.replies.pop_front() {
            Some(reply) => self.server.push(format!("{reply}|").replace('|', "\r\n")),
            None => self.server.cut(),
        }
    }

    /// Sends the messages. Returns the result of each.
    fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Vec<String> {
        let mut results = Vec::new();
        let mut outbox = Outbox::new(messages.into_iter(), |result| results.push(told(result)));
        while let Some(content) = outbox.begin(self.client.machine_mut()) {
            let error = self.drive(content, |event, machine| {
                outbox.follow(event, machine);
                matches!(event, Event::Finished(_))
            });
            if let Some(error) = error {
                outbox.failed(error);
            }
        }
        assert_eq!(outbox.records.len(), 0);
        results
    }
}

/// The code or status of each recipient, and the error of the message.
fn told(result: Result<Receipt, SendError<std::io::Error>>) -> String {
    let (receipt, error) = match result {
        Ok(receipt) => (receipt, String::new()),
        Err(failed) => (failed.receipt, format!(": {}", failed.error)),
    };
    let fates: Vec<String> = receipt
        .recipients()
        .map(|(_, fate)| match fate {
            RecipientStatus::Accepted(reply) | RecipientStatus::Refused { reply, .. } => {
                reply.code().to_string()
            }
            other => format!("{other:?}"),
        })
        .collect();
    fates.join(" ") + &error
}

#[test]
fn a_message_shares_a_write_with_the_next_envelope() {
    let mut session = Session::new(
        "250 PIPELINING",
        &[
            "250|250|354",
            "250|250|250|354",
            "250|250|550|503",
            "250",
            "250|250|354",
            "451",
        ],
    );
    let results = session.send([
        (to("b@y"), b"1\r\n" as &[u8]),
        (to("c@y"), b"2\r\n"),
        (to("d@y"), b"3\r\n"),
        (to("e@y"), b"4\r\n"),
    ]);
    assert_eq!(results, ["250", "250", "550", "451"]);
    assert_eq!(
        session.groups,
        [
            "MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|",
            "1|.|MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|",
            "2|.|MAIL FROM:<a@x>|RCPT TO:<d@y>|DATA|",
            "RSET|",
            "MAIL FROM:<a@x>|RCPT TO:<e@y>|DATA|",
            "4|.|",
        ]
    );
}

#[test]
fn messages_are_scanned_and_split() {
    let mut session = Session::new(
        "250-PIPELINING|250-8BITMIME|250-SIZE 100|250 LIMITS RCPTMAX=1",
        &["250|250|354", "250|250|250|354", "250|250|250|354", "250"],
    );
    let results = session.send([
        (to("b@y c@z"), "\r\n\u{e4}\r\n".as_bytes()),
        (to("d@y"), b"2\r\n"),
    ]);
    assert_eq!(results, ["250 250", "250"]);
    assert_eq!(
        session.groups,
        [
            "MAIL FROM:<a@x> SIZE=6 BODY=8BITMIME|RCPT TO:<b@y>|DATA|",
            "|\u{e4}|.|MAIL FROM:<a@x> SIZE=6 BODY=8BITMIME|RCPT TO:<c@z>|DATA|",
            "|\u{e4}|.|MAIL FROM:<a@x> SIZE=3|RCPT TO:<d@y>|DATA|",
            "2|.|",
        ]
    );
}

#[test]
fn an_unsendable_message_does_not_stop_the_others() {
    let binary = MailParameters::default().with_body(Body::BinaryMime);
    let mut session = Session::new("250 PIPELINING", &["250|250|354", "250|250|250|354", "250"]);
    let results = session.send([
        (to(""), b"0\r\n" as &[u8]),
        (to("b@y"), b"1\r\n"),
        (to("c@y").with_parameters(binary), b"2\r\n"),
        (to("d@y"), b"3\r\n"),
    ]);
    assert_eq!(
        results,
        [
            ": envelope has no recipients",
            "250",
            "NotAccepted: server does not offer CHUNKING",
            "250"
        ]
    );
    assert_eq!(session.groups[1], "1|.|MAIL FROM:<a@x>|RCPT TO:<d@y>|DATA|");
}

#[test]
fn no_message_follows_the_last_transaction_that_the_server_accepts() {
    let mut session = Session::new(
        "250-PIPELINING|250 LIMITS MAILMAX=2 RCPTMAX=1",
        &["250|250|354", "250|250|250|354", "250"],
    );
    let results = session.send([(to("b@y"), b"1\r\n" as &[u8]), (to("c@y d@y"), b"2\r\n")]);
    assert_eq!(
        results,
        [
            "250",
            "250 NotAccepted: session has had 2 transactions, the server's limit: connect again"
        ]
    );
}

#[test]
fn the_end_of_the_session_fails_all_queued_messages() {
    let messages = || {
        [
            (to("b@y"), b"1\r\n" as &[u8]),
            (to("c@y"), b"2\r\n"),
            (to("d@y"), b"3\r\n"),
            (to("e@y"), b"4\r\n"),
        ]
        .into_iter()
    };
    let over = "NotAccepted: session is over: connect again";
    // After the final dot of the first, which may have been accepted.
    let mut session = Session::new("250 PIPELINING", &["250|250|354"]);
    let eof = "NotAccepted: server closed the connection";
    let lost = "Unknown: server closed the connection";
    let mut left = messages();
    assert_eq!(session.send(left.by_ref()), [lost, eof]);
    assert_eq!(left.count(), 2, "for another session");
    // After the first message, so that the second one was not sent.
    let mut session = Session::new("250 PIPELINING", &["250|250|354", "250|421"]);
    let refused = "421: server closed the session with 421";
    let mut left = messages();
    assert_eq!(session.send(left.by_ref()), ["250", refused, over]);
    assert_eq!(left.count(), 1);
    // Between the parts of one message.
    let mut session = Session::new("250-PIPELINING|250 LIMITS RCPTMAX=1", &["250|250|354", "250"]);
    let results = session.send([(to("b@y c@y"), b"1\r\n" as &[u8]), (to("d@y"), b"2\r\n")]);
    assert_eq!(results, ["250 NotAccepted: server closed the connection", over]);
    // Before any.
    let mut session = Session::new("250 PIPELINING", &["421"]);
    let mut left = messages();
    assert_eq!(session.send(left.by_ref()), [refused, over]);
    assert_eq!(left.count(), 2);
    // An ended session consumes one message to report its end.
    let mut left = messages();
    assert_eq!(session.send(left.by_ref()), [over]);
    assert_eq!(left.count(), 3);
}

#[test]
fn an_endless_sequence_is_reported_message_by_message_and_ends_with_the_session() {
    let unsendable = MailParameters::default().with_body(Body::BinaryMime);
    let mut session = Session::new("250 PIPELINING", &["250|250|354"]);
    let told = core::cell::Cell::new(0);
    let messages = (0..).map(|number| {
        assert!(
            number < told.get() + 3,
            "{number} were taken, {} told",
            told.get()
        );
        let envelope = if number < 100 {
            to("b@y").with_parameters(unsendable.clone())
        } else {
            to("b@y")
        };
        (envelope, b"1\r\n" as &[u8])
    });
    let mut outbox = Outbox::new(messages, |_| told.set(told.get() + 1));
    while let Some(content) = outbox.begin(session.client.machine_mut()) {
        let ended = session.drive(content, |event, machine| {
            outbox.follow(event, machine);
            matches!(event, Event::Finished(_))
        });
        ended.into_iter().for_each(|error| outbox.failed(error));
    }
    assert_eq!(told.get(), 102);
}
