//! Rare calls of a driver or an application: out of turn, accepting everything, an unexpected end of a message, and
//! output for logs.
#![expect(clippy::unwrap_used, reason = "a panic reports a failed test")]

use std::time::Duration;

use smtp_proto::{
    Instant, Machine, Phase, State, Step, TlsInfo,
    client::{self, BodyPermit, BodyStep, Client, Closed, ExtensionUse, More, RequestError},
    data::{LineEndings, Unsendable},
    sasl::{Context, Credentials, Mechanism},
    server::{self, Event, Member, Server, UnknownPolicy},
    types::{
        Argument, Envelope, ForwardPath, Host, Mailbox, Protocol, Query, Rejection, ReversePath, Text,
        UnknownCommand,
    },
};

/// The application of a client, with a log.
struct Sender {
    client: Client,
    permit: Option<BodyPermit>,
    log: Vec<String>,
}

impl Sender {
    fn new(configure: impl FnOnce(&mut client::Config)) -> Self {
        let mut config = client::Config::new("client.example".parse().unwrap());
        configure(&mut config);
        Self {
            client: Client::new(config.into()),
            permit: None,
            log: Vec::new(),
        }
    }

    /// Passes a reply to the client. Returns its output.
    fn hears(&mut self, text: &str) -> String {
        let mut input = text.as_bytes();
        while let Step::Event(event) = self.client.poll(&mut input, Instant::ORIGIN) {
            match event {
                client::Event::Body(permit) => self.permit = Some(permit),
                client::Event::Finished(outcome) => self.log.push(format!("{outcome:?}")),
                client::Event::Closed { why, message } => {
                    self.log.push(format!("{why:?} {message:?}"));
                    break;
                }
                _ => {}
            }
        }
        self.says()
    }

    fn says(&mut self) -> String {
        let said = String::from_utf8(self.client.output().to_vec()).unwrap();
        self.client.advance_output(said.len());
        said
    }

    /// Starts a transaction with a server that sends these EHLO lines and accepts all recipients.
    fn begins(&mut self, offers: &str, to: &[&str]) {
        self.hears("220 mx.example.org\r\n");
        self.hears(&format!("250-mx.example.org\r\n{offers}\r\n"));
        let mut envelope = Envelope::new(ReversePath::parse("a@client.example").unwrap());
        for path in to {
            envelope = envelope.recipient(ForwardPath::parse(path).unwrap().into_owned());
        }
        self.client.deliver(envelope).unwrap();
        self.hears("");
        for _ in 0..=to.len() {
            self.hears("250 ok\r\n");
        }
    }

    /// Passes content that is not the last. Returns the octets to write.
    fn gives(&mut self, mut content: &[u8]) -> Result<String, Unsendable> {
        let permit = self.permit.as_ref().unwrap();
        let mut wire = String::new();
        while let BodyStep::Write(octets) = self.client.body(permit, &mut content, More::Yes)? {
            wire.push_str(str::from_utf8(self.client.output()).unwrap());
            let all = self.client.output().len();
            self.client.advance_output(all);
            wire.push_str(str::from_utf8(octets).unwrap());
        }
        Ok(wire)
    }
}

#[test]
fn a_client_that_is_not_ready_returns_the_request() {
    let mut sender = Sender::new(|_| {});
    let client = &mut sender.client;
    assert_eq!(client.state(), State::Connected);
    for refused in [client.noop(), client.reset(), client.quit()] {
        assert_eq!(refused, Err(RequestError::OutOfTurn));
    }
    let query = Query::new("bob").unwrap();
    for refused in [client.verify(query.clone()), client.expand(query.clone())] {
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.value, refused.error),
            (query.clone(), RequestError::OutOfTurn)
        );
    }
    let topic = Argument::new("MAIL").unwrap();
    let refused = client.help(Some(topic.clone())).unwrap_err();
    assert_eq!(
        (refused.value, refused.error),
        (Some(topic), RequestError::OutOfTurn)
    );
    let command = UnknownCommand::new("XYZZY", None).unwrap();
    let refused = client.command(command.clone()).unwrap_err();
    assert_eq!((refused.value, refused.error), (command, RequestError::OutOfTurn));
    let envelope = Envelope::new(ReversePath::Null).recipient(ForwardPath::parse("b@example.org").unwrap());
    let refused = client.deliver(envelope.clone()).unwrap_err();
    assert_eq!(
        (*refused.value, refused.error),
        (envelope, RequestError::OutOfTurn)
    );
    let mechanism = Credentials::password("ann", "pw").start(Mechanism::PLAIN, &Context::default());
    let refused = client.authenticate(mechanism.unwrap()).unwrap_err();
    assert_eq!(refused.error, RequestError::OutOfTurn);
    assert_eq!(sender.says(), "");
}

#[test]
fn an_envelope_without_recipients_is_not_sent() {
    let mut sender = Sender::new(|_| {});
    sender.hears("220 mx.example.org\r\n");
    sender.hears("250 mx.example.org\r\n");
    let refused = sender
        .client
        .deliver(Envelope::new(ReversePath::Null))
        .unwrap_err();
    assert_eq!(refused.error, RequestError::NoRecipients);
    assert_eq!(sender.says(), "");
}

// RFC 3030 section 2: the last chunk may have no octets of its own; here it completes the last line.
#[test]
fn an_unannounced_end_is_sent_as_the_last_chunk() {
    let mut sender = Sender::new(|config| config.chunking = ExtensionUse::IfOffered);
    sender.begins("250 CHUNKING", &["b@example.org"]);
    assert_eq!(sender.gives(b"hello").unwrap(), "BDAT 5\r\nhello");
    let permit = sender.permit.take().unwrap();
    sender.client.end_body(permit).unwrap();
    assert_eq!(sender.hears("250 chunk ok\r\n"), "BDAT 2 LAST\r\n\r\n");
    sender.hears("250 ok\r\n");
    assert_eq!(sender.log, ["Accepted"]);
}

#[test]
fn a_message_that_ends_in_a_bare_cr_is_not_completed() {
    let mut sender = Sender::new(|config| config.line_endings = LineEndings::Refuse);
    sender.begins("250 8BITMIME", &["b@example.org"]);
    sender.hears("354 go on\r\n");
    assert_eq!(sender.gives(b"hello\r").unwrap(), "hello\r");
    let permit = sender.permit.take().unwrap();
    let fault = Unsendable::BareLineEnding { offset: 5 };
    assert_eq!(sender.client.end_body(permit), Err(fault));
    sender.hears("");
    assert_eq!(
        sender.log,
        [format!("{:?} NotAccepted", Closed::Unsendable(fault))]
    );
}

// RFC 2033 section 4.2: each recipient has a final reply of its own; 421 closes the connection after any of them.
#[test]
fn lmtp_recipients_without_a_reply_before_421_are_unknown() {
    let mut sender = Sender::new(|config| config.protocol = Protocol::Lmtp);
    sender.begins("250 PIPELINING", &["b@example.org", "c@example.org"]);
    sender.hears("354 go on\r\n");
    sender.gives(b"hello\r\n").unwrap();
    let permit = sender.permit.take().unwrap();
    sender.client.end_body(permit).unwrap();
    assert_eq!(sender.says(), ".\r\n");
    sender.hears("250 kept for b\r\n421 closing\r\n");
    assert_eq!(sender.log.len(), 2, "{:?}", sender.log);
    assert_eq!(sender.log[0], "Accepted");
    assert!(sender.log[1].starts_with("NotAvailable"), "{:?}", sender.log);
}

fn server(configure: impl FnOnce(&mut server::Config)) -> Server {
    let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
    configure(&mut config);
    greeted(config)
}

fn greeted(config: server::Config) -> Server {
    let mut server = Server::new(config.into());
    converse(&mut server, "", accept);
    server
}

/// Passes commands to a server, and each event to `act`. Returns the replies.
fn converse(server: &mut Server, text: &str, mut act: impl FnMut(&mut Server, Event<'_>)) -> String {
    let mut input = text.as_bytes();
    while let Step::Event(event) = server.poll(&mut input, Instant::ORIGIN) {
        let closed = matches!(event, Event::Closed(_));
        act(server, event);
        if closed {
            break;
        }
    }
    let said = String::from_utf8(server.output().to_vec()).unwrap();
    server.advance_output(said.len());
    said
}

/// Accepts every question.
fn accept(server: &mut Server, event: Event<'_>) {
    if let Some(ticket) = event.into_ticket() {
        server.accept(ticket).unwrap();
    }
}

// RFC 5321 section 3.5.3: without verification, VRFY and EXPN must not get 250.
#[test]
fn every_question_may_be_accepted() {
    let mut server = server(|config| config.unknown_commands = UnknownPolicy::AskApplication);
    assert_eq!(server.state(), State::Greeted);
    let mut said = String::new();
    for flight in [
        "EHLO client.example\r\n",
        "VRFY bob\r\n",
        "EXPN staff\r\n",
        "HELP\r\n",
        "XYZZY\r\n",
        "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\n",
        "DATA\r\n",
        "hello\r\n.\r\n",
        "QUIT\r\n",
    ] {
        for line in converse(&mut server, flight, accept).lines() {
            if line.as_bytes()[3] == b' ' {
                said.push_str(&line[..4]);
            }
        }
        if flight.starts_with("MAIL") {
            assert_eq!((server.state(), server.recipients()), (State::Recipients, 1));
            let (verb, name) = server.hello().unwrap();
            assert_eq!((verb.as_str(), name.as_str()), ("EHLO", "client.example"));
        }
    }
    assert_eq!(said, "250 252 252 214 250 250 250 354 250 221 ");
}

#[test]
fn vrfy_expn_and_help_are_answered_by_the_application() {
    let mut server = server(|_| {});
    converse(&mut server, "EHLO client.example\r\n", accept);
    let mut act = |server: &mut Server, event: Event<'_>| match event {
        Event::Verify { ticket, .. } => {
            let member = Member::from(Mailbox::parse("bob@example.org").unwrap());
            server.answer_vrfy(ticket, &member).unwrap();
        }
        // The list is empty.
        Event::Expand { ticket, .. } => server.answer_expn(ticket, &[]).unwrap(),
        Event::Help { ticket, .. } => server.answer_help(ticket, Text::from_static("call us")).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        converse(&mut server, "VRFY bob\r\n", &mut act),
        "250 2.1.5 <bob@example.org>\r\n"
    );
    assert!(converse(&mut server, "EXPN staff\r\n", &mut act).starts_with("252 "));
    assert_eq!(
        converse(&mut server, "HELP\r\n", &mut act),
        "214 2.0.0 call us\r\n"
    );
}

#[test]
fn reject_body_without_a_body_returns_the_rejection() {
    let mut server = server(|_| {});
    assert_eq!(server.reject_body(Rejection::POLICY), Err(Rejection::POLICY));
}

// RFC 6409 section 4.3: no mail without authentication. RFC 8314 section 4.1: no authentication without TLS.
#[test]
fn a_submission_server_requires_tls_first() {
    let host = Host::parse("mail.example.org").unwrap();
    let config = server::Config::submission(host, [Mechanism::PLAIN]);
    let mut server = greeted(config);
    let said = converse(&mut server, "EHLO client.example\r\nMAIL FROM:<>\r\n", accept);
    assert!(said.contains("STARTTLS\r\n") && !said.contains("AUTH"), "{said}");
    assert!(said.ends_with("530 5.7.0 send STARTTLS first\r\n"), "{said}");
}

#[test]
fn debug_output_hides_secrets() {
    let credentials = Credentials::password("ann", "hunter2");
    let mut shown = format!("{credentials:?} {:?}", Credentials::token("ann", "hunter2"));
    let mut known = Context::default();
    known.channel_binding = Some(b"hunter2");
    shown += &format!("{known:?}");
    for mechanism in credentials.mechanisms() {
        shown += &format!("{:?}", credentials.start(*mechanism, &Context::default()));
    }
    let mut info = TlsInfo::default();
    info.channel_binding = Some(*b"hunter2 hunter2 hunter2 hunter2 ");
    shown += &format!("{info:?}");
    let octets = format!("{:?}", b"hunter2");
    let numbers = octets.trim_matches(['[', ']']);
    assert!(!shown.contains("hunter2") && !shown.contains(numbers), "{shown}");
    assert!(shown.contains("ann"), "{shown}");
}

#[test]
fn phases_and_questions_have_distinct_texts() {
    let phases = [
        Phase::GreetingDelay,
        Phase::Greeting,
        Phase::Handshake,
        Phase::Command,
        Phase::Auth,
        Phase::Mail,
        Phase::Recipient,
        Phase::DataStart,
        Phase::DataBlock,
        Phase::DataEnd,
        Phase::Application,
        Phase::Write,
        Phase::Penalty,
        Phase::Quit,
    ];
    let mut texts = phases.map(|phase| phase.to_string());
    texts.sort();
    assert!(texts.windows(2).all(|pair| pair[0] != pair[1]), "{texts:?}");

    let mut server = server(|_| {});
    converse(&mut server, "EHLO client.example\r\n", |server, event| {
        let Event::Hello { ticket, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(format!("{ticket:?}"), "Ticket(#1)");
        server.accept(ticket).unwrap();
    });
    assert_eq!(
        (Instant::ORIGIN + Duration::from_secs(2)).since_origin(),
        Duration::from_secs(2)
    );
}

#[test]
fn mechanism_names_ignore_case_and_have_at_most_twenty_characters() {
    let own: Mechanism = "x-own_1".parse().unwrap();
    assert_eq!(format!("{own} {own:?}"), "X-OWN_1 X-OWN_1");
    for text in ["", "A B", "X.1", "a-name-of-21-letters-"] {
        assert!(text.parse::<Mechanism>().is_err(), "{text}");
    }
}
