//! TLS as a layer, with a session that encrypts nothing.

mod handshake;

use std::time::Duration;

use smtp_driver::{
    Client, Error,
    proto::{
        Phase,
        client::{self, Closed as ClientClosed, MessageOutcome, Tls},
        server::Closed,
    },
    testing::{Control, Duplex, Network, PretendTls, ScriptedPeer, join},
};

use crate::support::{
    Received, bob, client_config, closed, converse, ending, offering, server, text, wanting,
};

/// A record of the session that encrypts nothing: its kind, its length, its content.
fn record(kind: u8, octets: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, u8::try_from(octets.len()).unwrap()];
    record.extend(octets.iter().map(|octet| octet ^ 0xaa));
    record
}

/// The content of records.
fn content(mut records: &[u8]) -> String {
    let mut text = Vec::new();
    while let [kind, length, rest @ ..] = records {
        let (octets, rest) = rest.split_at(usize::from(*length));
        if *kind == 23 {
            text.extend(octets.iter().map(|octet| octet ^ 0xaa));
        }
        records = rest;
    }
    String::from_utf8(text).unwrap()
}

async fn receive_with_tls(transport: Duplex, implicit: bool) -> Received {
    let mut connection = server(transport, offering());
    if implicit {
        connection.start_implicit_tls(&PretendTls::server());
    }
    converse(&mut connection, Some(&PretendTls::server())).await
}

async fn connect_with_tls(
    transport: Duplex,
    implicit: bool,
) -> Result<Client<Duplex>, Error<std::io::Error>> {
    let builder = Client::<Duplex>::builder(wanting(Tls::Required));
    if implicit {
        builder.implicit_tls(PretendTls::client()).on(transport).await
    } else {
        builder.starttls(PretendTls::client()).on(transport).await
    }
}

/// A session of a server under TLS from the first octet, and the test that plays the client.
struct Raw {
    network: Network,
    client: Option<Duplex>,
    control: Control,
    server: Control,
}

impl Raw {
    fn new() -> (Self, impl Future<Output = Received> + Unpin) {
        let network = Network::new();
        let (near, far) = network.pair();
        let raw = Self {
            network,
            control: near.control(),
            client: Some(near),
            server: far.control(),
        };
        (raw, Box::pin(receive_with_tls(far, true)))
    }

    /// Lets the server run until it waits, past the delay of its greeting.
    fn settle(&self, session: &mut (impl Future<Output = Received> + Unpin)) {
        assert!(self.network.settle(session).is_pending());
    }
}

#[test]
fn messages_arrive_under_tls_with_any_partial_writes() {
    let message = text(9000);
    for implicit in [false, true] {
        for room in [1, 2, 10, 1000, 1 << 20] {
            let network = Network::new();
            let (near, far) = network.pair();
            far.control().set_capacity(room);
            near.control().set_capacity(room);
            let control = near.control();
            control.record_writes();
            let sending = async {
                let mut client = connect_with_tls(near, implicit).await.unwrap();
                assert!(client.is_encrypted());
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let ((), received) = network.block_on(join(sending, receive_with_tls(far, implicit)));
            assert_eq!(received.why, Closed::Quit);
            assert!(
                received.encrypted && received.mails[0].body == message,
                "room {room}"
            );
            let wire = control.writes().concat();
            let plaintext: &[u8] = if implicit {
                b"\x16"
            } else {
                b"EHLO client.example\r\nSTARTTLS\r\n\x16"
            };
            assert!(wire.starts_with(plaintext));
            assert!(
                !wire
                    .windows(4)
                    .any(|octets| octets == b"MAIL" || octets == b"QUIT")
            );
        }
    }
}

#[test]
fn an_end_without_close_notify_is_a_lost_connection() {
    for notify in [false, true] {
        let (raw, mut session) = Raw::new();
        raw.control.push(record(22, b"hello"));
        raw.settle(&mut session);
        raw.network.advance(Duration::from_secs(2));
        raw.settle(&mut session);
        assert!(content(&raw.control.pull()).starts_with("220 "));
        if notify {
            raw.control.push(record(21, &[0]));
        }
        raw.control.cut();
        let received = raw.network.block_on(session);
        let expected = if notify {
            Closed::ConnectionClosed
        } else {
            Closed::ConnectionLost
        };
        assert_eq!(received.why, expected);
        // The server sends close_notify in any case.
        assert_eq!(raw.control.pull(), record(21, &[0]));
    }
}

#[test]
fn records_without_content_neither_wake_nor_keep_a_session() {
    let (raw, mut session) = Raw::new();
    raw.control.push(record(22, b"hello"));
    raw.settle(&mut session);
    raw.network.advance(Duration::from_secs(2));
    raw.settle(&mut session);
    for _ in 0..10 {
        raw.control.push(record(23, b"").repeat(1000));
        raw.server.limit_reads(3);
        raw.settle(&mut session);
        raw.network.advance(Duration::from_secs(20));
    }
    let received = raw.network.block_on(session);
    assert_eq!(received.why, Closed::TimedOut(Phase::Command));
    assert!(raw.client.is_some());
}

#[test]
fn octets_after_close_notify_do_not_hide_the_reply() {
    let (raw, mut session) = Raw::new();
    raw.control.push(record(22, b"hello"));
    raw.settle(&mut session);
    raw.network.advance(Duration::from_secs(2));
    raw.settle(&mut session);
    raw.control.push([record(21, &[0]), b"garbage".to_vec()].concat());
    let received = raw.network.block_on(async {
        raw.control.cut();
        session.await
    });
    assert_eq!(received.why, Closed::ConnectionClosed);
    assert!(received.error.is_none());
}

#[test]
fn content_is_written_when_its_ciphertext_has_left() {
    let network = Network::new();
    let (near, far) = network.pair();
    let (near_control, far_control) = (near.control(), far.control());
    let sending = async {
        let mut client = connect_with_tls(near, true).await.unwrap();
        // All of the message is encrypted, and an octet of its last record does not leave.
        near_control.set_capacity(1 << 20);
        client.send(bob(), b"Hello\r\n").await.unwrap_err()
    };
    let serving = async {
        let mut envelope = [
            "220 mx\r\n",
            "250-mx\r\n250 PIPELINING\r\n",
            "250 ok\r\n250 ok\r\n354 go\r\n",
        ]
        .into_iter();
        far_control.push(record(22, b"hello"));
        far_control.push(record(23, envelope.next().unwrap().as_bytes()));
        network.sleep(Duration::from_secs(1)).await;
        far_control.push(record(23, envelope.next().unwrap().as_bytes()));
        network.sleep(Duration::from_secs(1)).await;
        let commands = far_control.pull();
        assert!(content(&commands[..]).ends_with("DATA\r\n"));
        // "Hello", CRLF, the dot, CRLF: a record of 12 octets.
        near_control.allow(11);
        far_control.push(record(23, envelope.next().unwrap().as_bytes()));
        network.sleep(Duration::from_secs(1)).await;
        far_control.push(record(23, b"250 stored\r\n"));
        network.sleep(Duration::from_secs(1)).await;
        far_control.cut();
        far
    };
    let (failed, _far) = network.block_on(join(sending, serving));
    assert_eq!(
        ending(&failed),
        (ClientClosed::Unsolicited, MessageOutcome::NotAccepted)
    );
}

#[test]
fn close_notify_is_sent_once() {
    let (raw, mut session) = Raw::new();
    raw.control.push(record(22, b"hello"));
    raw.settle(&mut session);
    raw.network.advance(Duration::from_secs(2));
    raw.settle(&mut session);
    let _ = raw.control.pull();
    // The reply to QUIT leaves, and close_notify octet by octet.
    raw.control.push(record(23, b"NOOP\r\n"));
    raw.settle(&mut session);
    let reply = raw.control.pull();
    raw.control.push(record(23, b"QUIT\r\n"));
    raw.control.push(record(21, &[0]));
    raw.control.cut();
    raw.server.allow(reply.len());
    for _ in 0..300 {
        if raw.network.settle(&mut session).is_ready() {
            break;
        }
        raw.server.allow(1);
    }
    let octets = raw.control.pull();
    assert!(content(&octets).starts_with("221 "));
    let notify = record(21, &[0]);
    assert!(octets.ends_with(&notify));
    assert_eq!(octets.windows(3).filter(|octets| *octets == notify).count(), 1);
}
