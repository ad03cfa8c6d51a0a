//! Messages from a client, to a server of this crate and to others.

use std::{
    io::{self, Read},
    net::{TcpListener, TcpStream},
    thread,
};

use smtp_blocking::{Client, Error, Io, Reader, SendError};
use smtp_proto::{
    client::{Closed, Config, ExtensionUse, MessageOutcome},
    types::{Body, ClientAttribute, ClientInfo, Envelope, Etrn, ForwardPath, MailParameters, ReversePath},
};

use crate::support::{Fake, bob, client_config, envelope, narrow, on, receive, server_config, text};

fn chunking() -> Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// The reason for the end of the session, and the outcome for the message.
fn ending(failed: &SendError) -> (Closed, MessageOutcome) {
    match &failed.error {
        Error::Closed { why, message, .. } => (*why, *message),
        other => panic!("{other}"),
    }
}

/// Bob's envelope for a message with octets beyond ASCII that is read while it is sent.
fn bob_eight_bit() -> Envelope {
    let parameters = MailParameters::default().with_body(Body::EightBitMime);
    let from = Envelope::new(ReversePath::parse("alice@client.example").unwrap());
    from.with_parameters(parameters)
        .recipient(ForwardPath::parse("bob@mx.example").unwrap())
}

#[test]
fn several_messages_and_questions_over_a_unix_socket() {
    let (near, far) = narrow();
    let serving = thread::spawn(move || receive(Io::new(far), server_config()));
    let mut client = on(near, client_config()).unwrap();
    for octets in [0, 10, 100_000] {
        let two = envelope(&["bob@mx.example", "nobody@mx.example"]);
        let receipt = client.send(two, text(octets)).unwrap();
        assert!(!receipt.all_accepted());
        assert_eq!(client.noop().unwrap().code().get(), 250);
    }
    assert_eq!(client.help(None).unwrap().code().get(), 214);
    client.quit().unwrap();
    let (mails, _) = serving.join().unwrap();
    assert_eq!(mails.len(), 3);
    assert!(
        mails.iter().all(|mail| mail.to == ["<bob@mx.example>"]),
        "{mails:?}"
    );
}

#[test]
fn commands_of_extensions_wait_for_their_replies() {
    let (near, far) = narrow();
    let serving = thread::spawn(move || {
        let mut fake = Fake::new(far);
        fake.say("220 mx\r\n");
        fake.line();
        fake.say("250-mx\r\n250-ETRN\r\n250-XFORWARD NAME\r\n250 XCLIENT NAME\r\n");
        for (command, replies) in [
            ("ETRN mx.example", "250 ok\r\n"),
            ("XFORWARD NAME=mx.example", "250 ok\r\n"),
            ("XCLIENT NAME=mx.example", "220 mx\r\n"),
            ("EHLO client.example", "250 mx\r\n"),
            ("QUIT", "221 mx\r\n"),
        ] {
            assert_eq!(fake.line(), command);
            fake.say(replies);
        }
    });
    let mut client = on(near, client_config()).unwrap();
    let info = || {
        ClientInfo::default()
            .with(ClientAttribute::Name, "mx.example")
            .unwrap()
    };
    assert_eq!(
        client
            .etrn(Etrn::parse("mx.example").unwrap())
            .unwrap()
            .code()
            .get(),
        250
    );
    assert_eq!(client.xforward(info()).unwrap().code().get(), 250);
    assert_eq!(client.xclient(info()).unwrap().code().get(), 220);
    client.quit().unwrap();
    serving.join().unwrap();
}

/// A source with short reads and interruptions, which fails if the test selects it.
struct Pieces<'m> {
    rest: &'m [u8],
    reads: usize,
    fails: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        match self.reads % 3 {
            0 => Err(io::ErrorKind::Interrupted.into()),
            _ if self.rest.is_empty() && self.fails => Err(io::Error::other("as told")),
            _ => {
                let most = buffer.len().min(1000);
                self.rest.read(&mut buffer[..most])
            }
        }
    }
}

#[test]
fn a_source_may_return_short_reads_or_fail() {
    let message = text(200_000);
    for fails in [false, true] {
        for config in [client_config(), chunking()] {
            let (near, far) = narrow();
            let serving = thread::spawn(move || receive(Io::new(far), server_config()));
            let mut client = on(near, config).unwrap();
            let source = Pieces {
                rest: &message,
                reads: 0,
                fails,
            };
            let sent = client.send_from(bob_eight_bit(), Reader(source));
            drop(client);
            let (mails, _) = serving.join().unwrap();
            if fails {
                assert!(matches!(sent.unwrap_err().error, Error::Source(_)));
                assert!(mails.is_empty());
            } else {
                assert!(sent.unwrap().all_accepted() && mails[0].body == message);
            }
        }
    }
}

#[test]
fn a_server_that_has_left_is_found_out_although_the_source_dawdled() {
    struct Dawdling(Option<thread::JoinHandle<()>>);
    impl Read for Dawdling {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if let Some(server) = self.0.take() {
                server.join().unwrap();
            }
            b"x\r\n".as_slice().read(buffer)
        }
    }
    let (near, far) = narrow();
    let serving = thread::spawn(move || {
        let mut fake = Fake::new(far);
        fake.take_envelope();
        fake.say("421 4.3.2 closing\r\n");
    });
    let mut client = on(near, client_config()).unwrap();
    let failed = client
        .send_from(bob(), Reader(Dawdling(Some(serving))))
        .unwrap_err();
    assert_eq!(
        ending(&failed),
        (Closed::NotAvailable, MessageOutcome::NotAccepted)
    );
}

#[test]
fn an_address_that_does_not_answer_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // No server listens on a client's own address, and no other test can bind it.
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = client.local_addr().unwrap();
    let refused = Client::builder(client_config()).connect(address).unwrap_err();
    assert!(matches!(refused, Error::Connect(_)), "{refused}");
}
