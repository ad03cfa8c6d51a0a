//! The end of TLS. The peer is rustls on a socket of the standard library.

use std::{
    io::{self, Read, Write},
    net,
    sync::Arc,
};

use smtp_proto::{client, server};
use smtp_tokio::{
    Client,
    tls::rustls::{ClientConnection, Connection, ServerConnection},
};
use tokio::{net::TcpListener, task};

use super::{Pair, offering, receive_over_tls, wanting};

/// A peer that speaks in lines.
struct Peer {
    tls: Connection,
    stream: net::TcpStream,
}

impl Peer {
    /// Does the handshake.
    fn new(tls: impl Into<Connection>, stream: net::TcpStream) -> Self {
        let (mut tls, mut stream) = (tls.into(), stream);
        tls.complete_io(&mut stream).unwrap();
        Self { tls, stream }
    }

    fn say(&mut self, text: &str) {
        self.tls.writer().write_all(text.as_bytes()).unwrap();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream).unwrap();
        }
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.octet().unwrap());
        }
        String::from_utf8(line).unwrap()
    }

    /// The next octet; `None` after close_notify. Without it, rustls reports an unexpected end.
    fn octet(&mut self) -> Option<u8> {
        let mut octet = [0];
        loop {
            match self.tls.reader().read(&mut octet) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.tls.read_tls(&mut self.stream).unwrap();
                    self.tls.process_new_packets().unwrap();
                }
                read => return (read.unwrap() == 1).then_some(octet[0]),
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_quits_sends_close_notify() {
    let pair = Pair::new();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::clone(pair.server.config());
    let serving = task::spawn_blocking(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut peer = Peer::new(ServerConnection::new(config).unwrap(), stream);
        peer.say("220 mx\r\n");
        assert_eq!(peer.line(), "EHLO client.example\r\n");
        peer.say("250 mx\r\n");
        assert_eq!(peer.line(), "QUIT\r\n");
        peer.say("221 bye\r\n");
        assert_eq!(peer.octet(), None);
    });
    let client = Client::builder(wanting(client::Tls::Required))
        .implicit_tls(pair.client())
        .connect(address)
        .await
        .unwrap();
    client.quit().await.unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_server_that_closes_sends_close_notify() {
    let why = with_client(|mut peer| {
        assert!(peer.line().starts_with("220 "));
        peer.say("QUIT\r\n");
        assert!(peer.line().starts_with("221 "));
        assert_eq!(peer.octet(), None);
    })
    .await;
    assert_eq!(why, server::Closed::Quit);
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_broken_connection() {
    let why = with_client(|mut peer| {
        assert!(peer.line().starts_with("220 "));
    })
    .await;
    assert_eq!(why, server::Closed::ConnectionLost);
    let why = with_client(|mut peer| {
        assert!(peer.line().starts_with("220 "));
        peer.tls.send_close_notify();
        peer.say("");
    })
    .await;
    assert_eq!(why, server::Closed::ConnectionClosed);
}

/// Runs a session with this client, in a thread of its own, and returns how it ended.
async fn with_client<C>(client: C) -> server::Closed
where
    C: FnOnce(Peer) + Send + 'static,
{
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (config, name) = (Arc::clone(pair.client.config()), pair.client.name().clone());
    let talking = task::spawn_blocking(move || {
        let stream = net::TcpStream::connect(address).unwrap();
        client(Peer::new(ClientConnection::new(config, name).unwrap(), stream));
    });
    let (stream, _) = listener.accept().await.unwrap();
    let received = receive_over_tls(stream, offering(), &pair.server).await;
    talking.await.unwrap();
    received.why
}
