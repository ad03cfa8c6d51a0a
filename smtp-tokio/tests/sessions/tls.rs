//! STARTTLS and implicit TLS in both roles.

mod certificates;
mod clear;
mod closing;
mod failing;

use std::{
    io,
    sync::{Arc, Mutex},
};

use smtp_proto::{
    Step, TlsInfo, client,
    client::ExtensionUse,
    server::{self, Event, Server},
    types::{Extension, Keyword},
};
use smtp_tokio::{
    Client, Connection, Error, Io,
    tls::{
        ClientTls, Identity, ServerSettings, ServerTls, provider,
        rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, version::TLS12},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    net::TcpListener,
};

use crate::support::{
    Fake, Mail, Recorded, answer, bob, client_config, on, on_with_starttls, server_config, text,
};

/// The settings of a server, and of a client that trusts only this server.
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

    fn client(&self) -> ClientTls {
        self.client.clone()
    }
}

fn offering() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config
}

/// The configuration of a server that requires TLS.
fn requiring() -> server::Config {
    let mut config = offering();
    config.tls = server::Tls::Required;
    config
}

fn wanting(tls: client::Tls) -> client::Config {
    let mut config = client_config();
    config.tls = tls;
    config
}

/// The result of a server's session.
#[derive(Debug)]
struct Received {
    mails: Vec<Mail>,
    why: server::Closed,
    info: Option<TlsInfo>,
    error: Option<io::Error>,
}

/// Runs a session of a server that keeps messages.
async fn converse<S>(mut conn: Connection<S, Server>, tls: &ServerTls) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => conn.start_tls(upgrade, tls),
            Step::Event(event) => answer(event, server, &mut open, &mut mails),
        }
    };
    let (info, error) = (conn.machine().tls().cloned(), conn.take_error());
    conn.close().await;
    Received {
        mails,
        why,
        info,
        error,
    }
}

/// Runs a session that begins in plaintext.
async fn receive<S>(stream: S, config: server::Config, tls: &ServerTls) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let conn = Connection::new(Io::new(stream), Server::new(config.into()));
    converse(conn, tls).await
}

/// Runs a session with implicit TLS.
async fn receive_over_tls<S>(stream: S, config: server::Config, tls: &ServerTls) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Io::new(stream), Server::new(config.into()));
    conn.start_implicit_tls(tls);
    converse(conn, tls).await
}

/// Greets, offers STARTTLS, and reads the command.
async fn asked_for_tls(far: DuplexStream) -> Fake<DuplexStream> {
    let mut fake = Fake::new(far);
    fake.say("220 mx\r\n").await;
    assert_eq!(fake.line().await, "EHLO client.example");
    fake.say("250-mx\r\n250 STARTTLS\r\n").await;
    assert_eq!(fake.line().await, "STARTTLS");
    fake
}

/// Sends EHLO, and reads the offer of STARTTLS.
async fn greeted(near: &mut DuplexStream) {
    assert!(heard(near).await.starts_with("220 "));
    near.write_all(b"EHLO client.example\r\n").await.unwrap();
    assert!(heard(near).await.contains("STARTTLS\r\n"));
}

/// Reads once.
async fn heard(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut buffer = vec![0; 4096];
    let octets = stream.read(&mut buffer).await.unwrap();
    String::from_utf8(buffer[..octets].to_vec()).unwrap()
}

fn closed<T: std::fmt::Debug>(result: Result<T, Error>) -> (client::Closed, Option<io::Error>) {
    match result {
        Err(Error::Closed { why, source, .. }) => (why, source),
        other => panic!("the session should have ended: {other:?}"),
    }
}

/// Runs a session without mail over the loopback interface. Returns the parameters that the client knows.
async fn session(server: &ServerTls, tls: &ClientTls, implicit: bool) -> (TlsInfo, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let receiving = async {
        let (stream, _) = listener.accept().await.unwrap();
        if implicit {
            receive_over_tls(stream, requiring(), server).await
        } else {
            receive(stream, requiring(), server).await
        }
    };
    let connecting = async {
        let config = wanting(client::Tls::Required);
        let client = if implicit {
            Client::builder(config)
                .implicit_tls(tls.clone())
                .connect(address)
                .await
        } else {
            Client::builder(config)
                .starttls(tls.clone())
                .connect(address)
                .await
        }
        .unwrap();
        let info = client.tls().cloned().unwrap();
        client.quit().await.unwrap();
        info
    };
    tokio::join!(connecting, receiving)
}

#[tokio::test]
async fn starttls_in_both_roles_however_little_the_stream_takes() {
    let pair = Pair::new();
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        // Both sides write during a handshake, so the stream needs some room.
        // A message of several blocks where the test stays fast.
        for (room, octets) in [(16, 9000), (100, 9000), (4096, 300_000)] {
            let message = text(octets);
            let (near, far) = duplex(room);
            let writes = Arc::new(Mutex::new(Vec::new()));
            let near = Recorded {
                stream: near,
                writes: Arc::clone(&writes),
            };
            let sending = async {
                let mut client = on_with_starttls(near, wanting(policy), pair.client())
                    .await
                    .unwrap();
                assert!(!client.extensions().has(Keyword::StartTls), "learnt under TLS");
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let ((), received) = tokio::join!(sending, receive(far, requiring(), &pair.server));
            assert_eq!(received.why, server::Closed::Quit);
            assert!(received.info.is_some());
            assert!(received.mails[0].body == message, "room {room}");
            let wire = writes.lock().unwrap().concat();
            assert!(wire.starts_with(b"EHLO client.example\r\nSTARTTLS\r\n\x16\x03"));
            assert!(
                !wire
                    .windows(4)
                    .any(|window| window == b"MAIL" || window == b"QUIT")
            );
        }
    }
}

#[tokio::test]
async fn tls_from_the_first_octet_on_a_stream_of_the_callers() {
    let pair = Pair::new();
    let message = text(9000);
    // The policy is about STARTTLS, so it has no effect.
    for policy in [client::Tls::Required, client::Tls::Disabled] {
        let (near, far) = duplex(100);
        let writes = Arc::new(Mutex::new(Vec::new()));
        let near = Recorded {
            stream: near,
            writes: Arc::clone(&writes),
        };
        let sending = async {
            let mut client = Client::builder(wanting(policy))
                .implicit_tls(pair.client())
                .on(Io::new(near))
                .await
                .unwrap();
            assert!(client.is_encrypted());
            assert!(client.send(bob(), &message).await.unwrap().all_accepted());
            client.quit().await.unwrap();
        };
        let ((), received) = tokio::join!(sending, receive_over_tls(far, requiring(), &pair.server));
        assert_eq!(received.why, server::Closed::Quit);
        assert!(received.mails[0].body == message);
        assert!(writes.lock().unwrap().concat().starts_with(b"\x16\x03"));
    }
}

#[tokio::test]
async fn both_kinds_of_tls_over_the_loopback_interface() {
    let pair = Pair::new();
    let message = text(4 << 20);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for chunking in [ExtensionUse::Never, ExtensionUse::IfOffered] {
        for implicit in [false, true] {
            let mut config = wanting(client::Tls::Required);
            config.chunking = chunking;
            let sending = async {
                let mut client = if implicit {
                    Client::builder(config)
                        .implicit_tls(pair.client())
                        .connect(address)
                        .await
                } else {
                    Client::builder(config)
                        .starttls(pair.client())
                        .connect(address)
                        .await
                }
                .unwrap();
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = async {
                let (stream, _) = listener.accept().await.unwrap();
                if implicit {
                    receive_over_tls(stream, requiring(), &pair.server).await
                } else {
                    receive(stream, requiring(), &pair.server).await
                }
            };
            let ((), received) = tokio::join!(sending, receiving);
            assert_eq!(received.why, server::Closed::Quit);
            assert!(received.info.is_some() && received.mails[0].body == message);
        }
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "that is not for a library to choose"
    );
}

#[tokio::test]
async fn tls_that_is_wanted_and_not_set_up_is_an_error_before_anything_is_said() {
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        let (near, mut far) = duplex(4096);
        let client = on(near, wanting(policy)).await;
        assert!(matches!(client, Err(Error::NoTls)));
        drop(client);
        assert_eq!(heard(&mut far).await, "");
    }
}

#[tokio::test]
async fn both_sides_know_the_same_of_tls() {
    let pair = Pair::new();
    for implicit in [false, true] {
        let (near, received) = session(&pair.server, &pair.client, implicit).await;
        let far = received.info.unwrap();
        assert_eq!(near.protocol.as_deref(), Some("TLSv1.3"));
        assert!(
            near.cipher.as_deref().unwrap().starts_with("TLS_AES_"),
            "{near:?}"
        );
        assert_eq!(near.server_name.as_deref(), Some("mx.example"));
        assert!(near.channel_binding.is_some());
        assert!(near.peer_certificate.is_some());
        let mut both = near;
        both.peer_certificate = None;
        assert_eq!(both, far);
    }
}

#[tokio::test]
async fn before_tls_1_3_nothing_binds() {
    let identity = Identity::self_signed(["mx.example"]).unwrap();
    let server = ServerSettings::new(identity.clone()).build().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate().unwrap().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = ClientTls::new(config.into(), "mx.example".try_into().unwrap());
    let (near, received) = session(&server, &tls, false).await;
    let far = received.info.unwrap();
    assert_eq!(far.protocol.as_deref(), Some("TLSv1.2"));
    assert_eq!((near.channel_binding, far.channel_binding), (None, None));
}
