//! Messages from a client, to a server of this crate and to others.

use std::{
    io::{self, Read},
    net::TcpListener,
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

use smtp_blocking::{Client, Error, Io, Reader, SendError};
use smtp_proto::{
    Phase,
    client::{Closed, Config, ExtensionUse, MessageOutcome},
    types::{Body, Envelope, ForwardPath, MailParameters, Protocol, ReversePath},
};

use crate::support::{Fake, SHORT, bob, client_config, envelope, narrow, on, receive, server_config, text};

fn chunking() -> Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// Why the session ended, and what became of the message.
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

/// Sends a message to a server that does as told, and gives the failure.
fn fail_to_send(
    config: Config,
    message: &[u8],
    server: impl FnOnce(&mut Fake<UnixStream>) + Send,
) -> SendError {
    let (near, far) = narrow();
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            let mut fake = Fake::new(far);
            server(&mut fake);
            fake
        });
        let mut client = on(near, config).unwrap();
        let failed = client.send(bob(), message).unwrap_err();
        drop(client);
        serving.join().unwrap();
        failed
    })
}

#[test]
fn large_messages_arrive_over_the_loopback_interface() {
    let message = text(10 << 20);
    for config in [client_config(), chunking()] {
        for from_reader in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let serving =
                thread::spawn(move || receive(Io::new(listener.accept().unwrap().0), server_config()));
            let mut client = Client::builder(config.clone()).connect(address).unwrap();
            let receipt = if from_reader {
                client
                    .send_from(bob_eight_bit(), Reader(message.as_slice()))
                    .unwrap()
            } else {
                client.send(bob(), &message).unwrap()
            };
            assert!(receipt.all_accepted());
            client.quit().unwrap();
            let (mails, _) = serving.join().unwrap();
            assert!(mails[0].body == message);
        }
    }
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

/// A source that gives a little at a time, is interrupted now and then, and fails if it is told to.
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
fn a_source_may_give_little_at_a_time_or_fail() {
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
    struct Dawdling(thread::JoinHandle<()>);
    impl Read for Dawdling {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            while !self.0.is_finished() {
                thread::sleep(Duration::from_millis(5));
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
    let failed = client.send_from(bob(), Reader(Dawdling(serving))).unwrap_err();
    assert_eq!(
        ending(&failed),
        (Closed::NotAvailable, MessageOutcome::NotAccepted)
    );
}

#[test]
fn a_server_that_stops_reading_is_given_up_at_the_deadline() {
    let mut config = client_config();
    config.timeouts.data_block = SHORT;
    // The stream stays open all the while: it is kept until the client is gone.
    let failed = fail_to_send(config, &text(1 << 20), |fake| {
        fake.take_envelope();
        fake.octets(5000);
    });
    assert_eq!(
        ending(&failed),
        (Closed::TimedOut(Phase::DataBlock), MessageOutcome::NotAccepted)
    );
}

#[test]
fn both_sides_may_write_at_once() {
    // The server says much about each chunk before it reads on; the stream holds little of either.
    let message = text(600_000);
    let mut config = chunking();
    config.limits.max_chunk_octets = 60_000;
    let (near, far) = narrow();
    let talking = thread::spawn(move || {
        let mut fake = Fake::new(far);
        fake.take_envelope_for_chunks();
        let (mut taken, mut owed) = (Vec::new(), 0);
        loop {
            let (size, last) = fake.chunk();
            // What it says about a chunk comes in the midst of the next one.
            taken.extend(fake.octets(size.min(200)));
            for _ in 0..owed {
                fake.say(&format!("250-{}\r\n", "x".repeat(300)).repeat(90));
                fake.say("250 ok\r\n");
            }
            taken.extend(fake.octets(size - size.min(200)));
            owed = 1;
            if last {
                break;
            }
        }
        fake.say("250 ok\r\n");
        taken
    });
    let mut client = on(near, config).unwrap();
    assert!(client.send(bob(), &message).unwrap().all_accepted());
    assert!(talking.join().unwrap() == message);
}

#[test]
fn what_ended_the_session_with_one_message_is_told_of_the_next() {
    let mut config = client_config();
    config.protocol = Protocol::Lmtp;
    let (near, far) = narrow();
    let refusing = thread::spawn(move || {
        let mut fake = Fake::new(far);
        fake.say("220 mx\r\n");
        for (verb, reply) in [
            ("LHLO", "250 mx\r\n"),
            ("MAIL", "250 ok\r\n"),
            ("RCPT", "250 ok\r\n"),
            ("RCPT", "250 ok\r\n"),
            ("DATA", "354 go on\r\n"),
            ("Hi", ""),
            (".", "250 ok\r\n421 4.3.2 closing\r\n"),
        ] {
            assert!(fake.line().starts_with(verb));
            fake.say(reply);
        }
    });
    let mut client = on(near, config).unwrap();
    let both = bob().recipient(ForwardPath::parse("ann@mx.example").unwrap());
    let mut results = Vec::new();
    client.send_all([(both, &b"Hi\r\n"[..]), (bob(), b"Hi\r\n")], |result| {
        results.push(result);
    });
    assert!(results[0].is_ok());
    let failed = results[1].as_ref().unwrap_err().to_string();
    assert_eq!(failed, "server closed the session with 421: 421 4.3.2 closing");
    refusing.join().unwrap();
}

#[test]
fn an_address_that_does_not_answer_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = Client::builder(client_config()).connect(address).unwrap_err();
    assert!(matches!(refused, Error::Connect(_)), "{refused}");
}

#[test]
fn a_reply_that_ends_the_session_answers_no_question() {
    use std::io::{BufRead, BufReader, Write};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for reply in ["220 mx", "250 mx", "421 4.3.2 closing"] {
            stream.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
            if !reply.starts_with("421") {
                lines.next().unwrap().unwrap();
            }
        }
    });
    let mut client = Client::builder(client_config()).connect(address).unwrap();
    assert!(client.is_usable());
    let failed = client.noop().unwrap_err();
    assert_eq!(
        failed.to_string(),
        "server closed the session with 421: 421 4.3.2 closing"
    );
    assert!(!client.is_usable());
    answering.join().unwrap();
}
