//! TLS with rustls.

use std::{io::Write as _, sync::Arc, time::Duration};

use smtp_driver::{
    Client,
    proto::{
        client::Tls,
        server::{self, Closed},
    },
    testing::{Control, Duplex, Network, join},
};
use smtp_rustls::{
    ClientTls, Identity, ServerSettings, ServerTls,
    rustls::{ClientConnection, Connection, ServerConnection, crypto::CryptoProvider},
};

use crate::support::{Received, bob, closed, converse, offering, server, text, wanting};

/// The settings of a server, and those of a client that trusts it and no other.
struct Pair {
    server: ServerTls,
    client: ClientTls,
}

impl Pair {
    fn new() -> Self {
        let identity = Identity::self_signed(["mx.example"]).unwrap();
        Self {
            client: ClientTls::trusting(&identity.to_roots().unwrap(), "mx.example").unwrap(),
            server: ServerSettings::new(identity).build().unwrap(),
        }
    }
}

async fn receive(transport: Duplex, tls: &ServerTls, implicit: bool) -> Received {
    let mut config = offering();
    config.tls = server::Tls::Required;
    let mut connection = server(transport, config);
    if implicit {
        connection.start_implicit_tls(tls);
    }
    converse(&mut connection, Some(tls)).await
}

#[test]
fn messages_arrive_with_any_partial_writes() {
    let pair = Pair::new();
    for implicit in [false, true] {
        for (room, octets) in [
            (1, 500),
            (16, 3000),
            (100, 9000),
            (4096, 300_000),
            (1 << 20, 300_000),
        ] {
            let message = text(octets);
            let network = Network::new();
            let (near, far) = network.pair();
            near.control().set_capacity(room);
            far.control().set_capacity(room);
            let sending = async {
                let builder = Client::<Duplex>::builder(wanting(Tls::Required));
                let builder = if implicit {
                    builder.implicit_tls(pair.client.clone())
                } else {
                    builder.starttls(pair.client.clone())
                };
                let mut client = builder.on(near).await.unwrap();
                assert_eq!(client.tls().unwrap().protocol.as_deref(), Some("TLSv1.3"));
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = receive(far, &pair.server, implicit);
            let ((), received) = network.block_on(join(sending, receiving));
            assert_eq!(received.why, Closed::Quit);
            assert!(received.error.is_none(), "{:?}", received.error);
            assert!(
                received.encrypted && received.mails[0].body == message,
                "room {room}"
            );
            assert!(network.now().since_origin() < Duration::from_secs(5));
        }
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "no provider is installed for the process"
    );
}

/// A client or server of rustls that the test moves by hand.
struct Raw {
    connection: Connection,
    control: Control,
    received: Vec<u8>,
    closed: bool,
}

impl Raw {
    fn new(pair: &Pair, control: Control) -> Self {
        let config = Arc::clone(pair.client.config());
        let client = ClientConnection::new(config, pair.client.name().clone()).unwrap();
        Self::with(client.into(), control)
    }

    fn server(pair: &Pair, control: Control) -> Self {
        let server = ServerConnection::new(Arc::clone(pair.server.config())).unwrap();
        Self::with(server.into(), control)
    }

    const fn with(connection: Connection, control: Control) -> Self {
        Self {
            connection,
            control,
            received: Vec::new(),
            closed: false,
        }
    }

    /// Moves the octets that wait on both sides.
    fn pump(&mut self) {
        let mut out = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut out).unwrap();
        }
        self.control.push(&out);
        let arrived = self.control.pull();
        let mut rest = &*arrived;
        while !rest.is_empty() {
            self.connection.read_tls(&mut rest).unwrap();
            let state = self.connection.process_new_packets().unwrap();
            self.closed |= state.peer_has_closed();
            let mut octets = vec![0; state.plaintext_bytes_to_read()];
            std::io::Read::read_exact(&mut self.connection.reader(), &mut octets).unwrap();
            self.received.extend(octets);
        }
    }

    fn send(&mut self, text: &str) {
        self.connection.writer().write_all(text.as_bytes()).unwrap();
    }

    fn text(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.received)).unwrap()
    }
}

/// A session of a server under TLS, greeted.
fn greeted<'p>(
    pair: &'p Pair,
    network: &Network,
    near: &Duplex,
    far: Duplex,
) -> (Raw, std::pin::Pin<Box<dyn Future<Output = Received> + 'p>>) {
    let mut raw = Raw::new(pair, near.control());
    let mut session: std::pin::Pin<Box<dyn Future<Output = Received> + 'p>> =
        Box::pin(receive(far, &pair.server, true));
    for _ in 0..4 {
        raw.pump();
        assert!(network.settle(&mut session).is_pending());
        network.advance(Duration::from_secs(1));
    }
    raw.pump();
    assert!(raw.text().starts_with("220 mx.example"));
    (raw, session)
}

#[test]
fn keys_are_updated_in_the_middle_of_a_session() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let server = far.control();
    let (mut raw, mut session) = greeted(&pair, &network, &near, far);
    server.limit_reads(1);
    for _ in 0..20 {
        raw.connection.refresh_traffic_keys().unwrap();
        raw.send("NOOP\r\n");
        for _ in 0..2 {
            raw.pump();
            assert!(network.settle(&mut session).is_pending());
        }
        raw.pump();
        assert!(raw.text().starts_with("250 "));
    }
    // The server's answer to a key update waits for room, and precedes the reply.
    server.allow(0);
    raw.connection.refresh_traffic_keys().unwrap();
    raw.send("NOOP\r\n");
    raw.pump();
    assert!(network.settle(&mut session).is_pending());
    server.allow_all();
    assert!(network.settle(&mut session).is_pending());
    raw.pump();
    assert!(raw.text().starts_with("250 "));
    raw.send("QUIT\r\n");
    raw.pump();
    assert!(network.settle(&mut session).is_pending());
    raw.pump();
    assert!(raw.text().starts_with("221 "));
    assert!(raw.closed, "the server sends close_notify");
}

#[test]
fn an_end_without_close_notify_is_a_lost_connection() {
    let pair = Pair::new();
    for notify in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let (mut raw, session) = greeted(&pair, &network, &near, far);
        if notify {
            raw.connection.send_close_notify();
            raw.pump();
        }
        drop(near);
        let received = network.block_on(session);
        if notify {
            assert_eq!(received.why, Closed::ConnectionClosed);
            assert!(received.error.is_none());
        } else {
            assert_eq!(received.why, Closed::ConnectionLost);
            assert_eq!(received.error.unwrap().kind(), std::io::ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn a_changed_record_ends_the_session_with_an_alert() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let (raw, session) = greeted(&pair, &network, &near, far);
    raw.control.push(b"\x17\x03\x03\x00\x20");
    raw.control.push([1; 32]);
    let received = network.block_on(session);
    assert_eq!(received.why, Closed::ConnectionLost);
    assert_eq!(received.error.unwrap().kind(), std::io::ErrorKind::InvalidData);
    let alert = raw.control.pull();
    assert!(alert.starts_with(b"\x17\x03\x03"), "{alert:?}");
}

#[test]
fn a_client_refuses_a_certificate_that_it_does_not_trust_and_sends_an_alert() {
    let pair = Pair::new();
    let stranger = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let control = near.control();
    control.record_writes();
    let connecting = async {
        let builder = Client::<Duplex>::builder(wanting(Tls::Opportunistic));
        builder.starttls(pair.client.clone()).on(near).await.map(drop)
    };
    let receiving = receive(far, &stranger.server, false);
    let (client, received) = network.block_on(join(connecting, receiving));
    let (why, source) = closed(client);
    assert_eq!(why, smtp_driver::proto::client::Closed::TlsFailed);
    assert!(source.is_some());
    assert_eq!(received.why, Closed::TlsFailed);
    let error = received.error.unwrap().to_string();
    assert!(error.contains("alert"), "{error}");
}

#[test]
fn a_server_of_rustls_reads_a_message_encrypted_in_small_records() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let (mut raw, mut session) = greeted(&pair, &network, &near, far);
    for line in [
        "EHLO c\r\n",
        "MAIL FROM:<a@b>\r\n",
        "RCPT TO:<c@d>\r\n",
        "DATA\r\n",
    ] {
        raw.send(line);
        raw.pump();
        assert!(network.settle(&mut session).is_pending());
        raw.pump();
    }
    let message = "x\r\n".repeat(500);
    for octet in message.split_inclusive('x') {
        raw.send(octet);
        raw.pump();
    }
    raw.send(".\r\nQUIT\r\n");
    raw.pump();
    assert!(network.settle(&mut session).is_pending());
    raw.pump();
    drop(near);
    let received = network.block_on(session);
    assert_eq!(received.mails[0].body, message.as_bytes());
}

#[test]
fn a_reply_counts_although_the_answer_to_a_key_update_cannot_be_written() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let client_end = near.control();
    let mut raw = Raw::server(&pair, far.control());
    let builder = Client::<Duplex>::builder(wanting(Tls::Required)).implicit_tls(pair.client);
    let mut connecting = Box::pin(builder.on(near));
    for text in ["", "", "220 mx\r\n", "250 mx\r\n"] {
        assert!(network.settle(&mut connecting).is_pending());
        raw.pump();
        raw.send(text);
        raw.pump();
    }
    let mut client = network.block_on(connecting).unwrap();
    let mut noop = Box::pin(client.noop());
    assert!(network.settle(&mut noop).is_pending());
    raw.pump();
    client_end.fail_writes(std::io::ErrorKind::BrokenPipe);
    raw.connection.refresh_traffic_keys().unwrap();
    raw.send("421 4.3.2 closing\r\n");
    raw.pump();
    let failed = network.block_on(noop).unwrap_err();
    assert!(failed.to_string().ends_with("421 4.3.2 closing"), "{failed}");
}

/// The server refuses the message during its transfer, and stops reading.
#[test]
fn a_refusal_counts_although_records_cannot_be_written() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let client_end = near.control();
    let mut raw = Raw::server(&pair, far.control());
    let builder = Client::<Duplex>::builder(wanting(Tls::Required)).implicit_tls(pair.client);
    let mut connecting = Box::pin(builder.on(near));
    for text in ["", "", "220 mx\r\n", "250 mx\r\n"] {
        assert!(network.settle(&mut connecting).is_pending());
        raw.pump();
        raw.send(text);
        raw.pump();
    }
    let mut client = network.block_on(connecting).unwrap();
    let message = "x\r\n".repeat(50_000);
    let mut sending = Box::pin(client.send(bob(), &message));
    for reply in ["250 ok\r\n", "250 ok\r\n"] {
        let step = network.settle(&mut sending);
        assert!(step.is_pending(), "{step:?}");
        raw.pump();
        raw.send(reply);
        raw.pump();
    }
    assert!(network.settle(&mut sending).is_pending());
    raw.pump();
    client_end.allow(10_000);
    raw.send("354 go on\r\n");
    raw.pump();
    assert!(network.settle(&mut sending).is_pending());
    client_end.fail_writes(std::io::ErrorKind::BrokenPipe);
    raw.send("552 5.3.4 too big\r\n");
    raw.pump();
    let failed = network.block_on(sending).unwrap_err();
    assert!(failed.to_string().ends_with("552 5.3.4 too big"), "{failed}");
}

/// The client's commands leave with the last octets of its handshake. A server that has not waited for anything greets it.
#[test]
fn commands_received_with_the_handshake_are_not_early_talk() {
    let pair = Pair::new();
    let network = Network::new();
    let (near, far) = network.pair();
    let mut raw = Raw::new(&pair, near.control());
    raw.send("EHLO c\r\nQUIT\r\n");
    let mut session = Box::pin(receive(far, &pair.server, true));
    for _ in 0..4 {
        raw.pump();
        let _ = network.settle(&mut session);
    }
    raw.pump();
    let text = raw.text();
    assert!(text.starts_with("220 ") && text.contains("\r\n221 "), "{text}");
}
