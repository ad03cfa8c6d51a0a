//! TLS in both roles: STARTTLS, TLS from the first octet, and what can go wrong with either.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use smtp_proto::{
    Phase, Step, client,
    client::Use,
    server::{self, Event, Server},
    types::{Extension, Keyword},
};
use smtp_tokio::{
    Client, ClientTls, Connection, Error, Stream,
    rustls::{
        self, CertificateError, ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{PrivateKeyDer, ServerName},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    net::TcpListener,
    time,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Fake, Mail, Recorded, answer, bob, client_config, server_config, text};

/// The server's identity, and a client that trusts nothing else.
struct Identity {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["mx.example".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            server: Arc::new(server),
            client: Arc::new(client),
        }
    }

    fn client(&self) -> ClientTls {
        ClientTls::new(Arc::clone(&self.client), name("mx.example"))
    }

    /// Clients that must not be satisfied, and whether it is the name that they mind.
    fn distrustful(&self) -> [(ClientTls, bool); 2] {
        let other_name = ClientTls::new(Arc::clone(&self.client), name("other.example"));
        [(other_name, true), (Self::new().client(), false)]
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

fn offering() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config
}

/// Takes nothing in clear.
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

/// What a session of a server came to.
#[derive(Debug)]
struct Received {
    mails: Vec<Mail>,
    why: server::Closed,
    encrypted: bool,
    error: Option<io::Error>,
}

/// A whole session of a server that keeps what it takes, on a stream that was prepared.
async fn converse<S>(mut conn: Connection<Stream<S>, Server>, tls: &Arc<ServerConfig>) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => conn.start_tls(upgrade, tls).await,
            Step::Event(event) => answer(event, server, &mut open, &mut mails),
        }
    };
    let (encrypted, error) = (conn.machine().is_encrypted(), conn.take_error());
    conn.close().await;
    Received {
        mails,
        why,
        encrypted,
        error,
    }
}

/// A session that begins in clear.
async fn receive<S>(stream: S, config: server::Config, tls: &Arc<ServerConfig>) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let conn = Connection::new(Stream::clear(stream), Server::new(config.into()));
    converse(conn, tls).await
}

/// A session under TLS from the first octet.
async fn receive_over_tls<S>(stream: S, config: server::Config, tls: &Arc<ServerConfig>) -> Received
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Stream::clear(stream), Server::new(config.into()));
    conn.begin_tls(tls).await;
    converse(conn, tls).await
}

/// Whether rustls refused the certificate for its name, or for who signed it.
fn minds(error: &io::Error, its_name: bool) -> bool {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => its_name,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => !its_name,
        _ => false,
    }
}

/// Greets, offers STARTTLS, and is asked for it.
async fn asked_for_tls(far: DuplexStream) -> Fake<DuplexStream> {
    let mut fake = Fake::new(far);
    fake.say("220 mx\r\n").await;
    assert_eq!(fake.line().await, "EHLO client.example");
    fake.say("250-mx\r\n250 STARTTLS\r\n").await;
    assert_eq!(fake.line().await, "STARTTLS");
    fake
}

/// Says EHLO and is offered STARTTLS.
async fn greeted(near: &mut DuplexStream) {
    assert!(heard(near).await.starts_with("220 "));
    near.write_all(b"EHLO client.example\r\n").await.unwrap();
    assert!(heard(near).await.contains("STARTTLS\r\n"));
}

/// The next that is said.
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

#[tokio::test]
async fn starttls_in_both_roles_however_little_the_stream_takes() {
    let identity = Identity::new();
    let message = text(9000);
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        // Not less: rustls does not read during a handshake while it has something to write, on either side.
        for room in [16, 100, 4096] {
            let (near, far) = duplex(room);
            let writes = Arc::new(Mutex::new(Vec::new()));
            let near = Recorded {
                stream: near,
                writes: Arc::clone(&writes),
            };
            let sending = async {
                let mut client = Client::on_with_tls(near, wanting(policy), identity.client())
                    .await
                    .unwrap();
                assert!(!client.extensions().has(Keyword::StartTls), "learnt under TLS");
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let ((), received) = tokio::join!(sending, receive(far, requiring(), &identity.server));
            assert_eq!(received.why, server::Closed::Quit);
            assert!(received.encrypted);
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
async fn both_kinds_of_tls_over_the_loopback_interface() {
    let identity = Identity::new();
    let message = text(4 << 20);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for chunking in [Use::Never, Use::WhenOffered] {
        for implicit in [false, true] {
            let mut config = wanting(client::Tls::Required);
            config.chunking = chunking;
            let sending = async {
                let mut client = if implicit {
                    Client::connect_over_tls(address, config, &identity.client()).await
                } else {
                    Client::connect_with_tls(address, config, identity.client()).await
                }
                .unwrap();
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = async {
                let (stream, _) = listener.accept().await.unwrap();
                if implicit {
                    receive_over_tls(stream, requiring(), &identity.server).await
                } else {
                    receive(stream, requiring(), &identity.server).await
                }
            };
            let ((), received) = tokio::join!(sending, receiving);
            assert_eq!(received.why, server::Closed::Quit);
            assert!(received.encrypted && received.mails[0].body == message);
        }
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "that is not for a library to choose"
    );
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_nobody_trusted_ends_the_session() {
    let identity = Identity::new();
    for (tls, its_name) in identity.distrustful() {
        for policy in [client::Tls::Required, client::Tls::Opportunistic] {
            let (near, far) = duplex(4096);
            let connecting = Client::on_with_tls(near, wanting(policy), tls.clone());
            let (client, received) = tokio::join!(connecting, receive(far, offering(), &identity.server));
            let (why, source) = closed(client);
            assert_eq!(why, client::Closed::Lost);
            let source = source.unwrap();
            assert!(minds(&source, its_name), "{source}");
            assert_eq!(received.why, server::Closed::Lost);
            assert!(received.mails.is_empty() && !received.encrypted);
        }
    }
}

#[tokio::test]
async fn neither_satisfies_when_tls_comes_first() {
    let identity = Identity::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for (tls, its_name) in identity.distrustful() {
        let receiving = async {
            let (stream, _) = listener.accept().await.unwrap();
            receive_over_tls(stream, offering(), &identity.server).await
        };
        let connecting = Client::connect_over_tls(address, client_config(), &tls);
        let (client, received) = tokio::join!(connecting, receiving);
        match client {
            Err(Error::Handshake(error)) => assert!(minds(&error, its_name), "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(received.why, server::Closed::Lost);
        assert!(received.mails.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_a_stalling_handshake_up_in_time() {
    let identity = Identity::new();
    let (near, far) = duplex(4096);
    let begin = time::Instant::now();
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n").await;
        // An octet now and then moves nothing.
        loop {
            time::sleep(Duration::from_secs(20)).await;
            if fake.stream.write_all(b"\x16").await.is_err() {
                break;
            }
        }
    };
    let connecting =
        async { Client::on_with_tls(near, wanting(client::Tls::Required), identity.client()).await };
    let (client, ()) = tokio::join!(connecting, serving);
    let (why, source) = closed(client);
    assert!(
        why == client::Closed::Lost || why == client::Closed::TimedOut(Phase::Handshake),
        "{why}"
    );
    assert_eq!(source.unwrap().kind(), io::ErrorKind::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(81), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_gives_a_stalling_handshake_up_in_time() {
    let identity = Identity::new();
    for implicit in [false, true] {
        let (mut near, far) = duplex(4096);
        let begin = time::Instant::now();
        let talking = async {
            if !implicit {
                greeted(&mut near).await;
                near.write_all(b"STARTTLS\r\n").await.unwrap();
                assert_eq!(heard(&mut near).await, "220 2.0.0 ready for TLS\r\n");
            }
            // The beginning of a handshake record.
            near.write_all(b"\x16\x03\x01").await.unwrap();
            assert_eq!(heard(&mut near).await, "", "closed, and nothing more is said");
        };
        let receiving = async {
            if implicit {
                receive_over_tls(far, offering(), &identity.server).await
            } else {
                receive(far, offering(), &identity.server).await
            }
        };
        let ((), received) = tokio::join!(talking, receiving);
        assert_eq!(received.error.unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(!received.encrypted);
        let elapsed = begin.elapsed().as_secs();
        assert!((60..70).contains(&elapsed), "{elapsed}");
    }
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_session_of_a_client() {
    let identity = Identity::new();
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        let (near, far) = duplex(4096);
        let serving = async {
            let mut fake = asked_for_tls(far).await;
            fake.say("220 go\r\n").await;
            assert_eq!(fake.octets(1).await, b"\x16", "the client begins its handshake");
            fake.say("250 what was that?\r\n").await;
            let mut rest = Vec::new();
            fake.stream.read_to_end(&mut rest).await.unwrap();
            assert!(
                !rest
                    .windows(4)
                    .any(|window| window == b"EHLO" || window == b"MAIL")
            );
        };
        let connecting = async {
            Client::on_with_tls(near, wanting(policy), identity.client())
                .await
                .map(drop)
        };
        let (client, ()) = tokio::join!(connecting, serving);
        let (why, source) = closed(client);
        assert_eq!(why, client::Closed::Lost);
        assert_eq!(source.unwrap().kind(), io::ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_session_of_a_server() {
    let identity = Identity::new();
    for implicit in [false, true] {
        let (mut near, far) = duplex(4096);
        let talking = async {
            if !implicit {
                greeted(&mut near).await;
                near.write_all(b"STARTTLS\r\n").await.unwrap();
                assert_eq!(heard(&mut near).await, "220 2.0.0 ready for TLS\r\n");
            }
            near.write_all(b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n")
                .await
                .unwrap();
            let mut rest = Vec::new();
            near.read_to_end(&mut rest).await.unwrap();
            assert!(!rest.windows(2).any(|window| window == b"\r\n"), "{rest:?}");
        };
        let receiving = async {
            if implicit {
                receive_over_tls(far, offering(), &identity.server).await
            } else {
                receive(far, offering(), &identity.server).await
            }
        };
        let ((), received) = tokio::join!(talking, receiving);
        assert_eq!(received.why, server::Closed::Lost);
        assert_eq!(received.error.unwrap().kind(), io::ErrorKind::InvalidData);
        assert!(!received.encrypted && received.mails.is_empty());
    }
}

#[tokio::test]
async fn a_server_obeys_nothing_that_came_in_clear_behind_starttls() {
    let identity = Identity::new();
    let (mut near, far) = duplex(4096);
    let talking = async {
        greeted(&mut near).await;
        near.write_all(b"STARTTLS\r\nMAIL FROM:<a@client.example>\r\n")
            .await
            .unwrap();
        let mut rest = String::new();
        near.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "421 4.7.0 plaintext behind STARTTLS, closing\r\n");
    };
    let ((), received) = tokio::join!(talking, receive(far, offering(), &identity.server));
    assert_eq!(received.why, server::Closed::PlaintextBeforeTls);
    assert!(!received.encrypted);
}

#[tokio::test]
async fn a_client_believes_nothing_that_came_in_clear_behind_the_220() {
    let identity = Identity::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n250-mx\r\n250 8BITMIME\r\n").await;
        let mut rest = Vec::new();
        fake.stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"", "no handshake, no QUIT");
    };
    let connecting = async {
        let config = wanting(client::Tls::Opportunistic);
        Client::on_with_tls(near, config, identity.client())
            .await
            .map(drop)
    };
    let (client, ()) = tokio::join!(connecting, serving);
    assert_eq!(closed(client).0, client::Closed::PlaintextBeforeTls);
}

#[tokio::test]
async fn opportunistic_tls_goes_on_in_clear_when_starttls_is_refused() {
    let identity = Identity::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("454 4.7.0 not now\r\n").await;
        assert_eq!(fake.line().await, "NOOP");
        fake.say("250 ok\r\n").await;
    };
    let connecting = async {
        let config = wanting(client::Tls::Opportunistic);
        let mut client = Client::on_with_tls(near, config, identity.client())
            .await
            .unwrap();
        client.noop().await.unwrap();
    };
    tokio::join!(connecting, serving);
}

#[tokio::test]
async fn required_tls_leaves_when_starttls_is_refused_or_not_offered() {
    let identity = Identity::new();
    for offered in [false, true] {
        let (near, far) = duplex(4096);
        let serving = async {
            let mut fake = if offered {
                let mut fake = asked_for_tls(far).await;
                fake.say("454 4.7.0 not now\r\n").await;
                fake
            } else {
                let mut fake = Fake::new(far);
                fake.say("220 mx\r\n").await;
                assert_eq!(fake.line().await, "EHLO client.example");
                fake.say("250 mx\r\n").await;
                fake
            };
            assert_eq!(fake.line().await, "QUIT");
            fake.say("221 bye\r\n").await;
        };
        let config = wanting(client::Tls::Required);
        let (client, ()) = tokio::join!(Client::on_with_tls(near, config, identity.client()), serving);
        let expected = if offered {
            client::Closed::TlsRefused
        } else {
            client::Closed::TlsNotOffered
        };
        assert_eq!(closed(client).0, expected);
    }
}

#[tokio::test]
async fn tls_that_is_wanted_and_not_set_up_is_an_error_before_anything_is_said() {
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        let (near, mut far) = duplex(4096);
        let client = Client::on(near, wanting(policy)).await;
        assert!(matches!(client, Err(Error::NoTls)));
        drop(client);
        assert_eq!(heard(&mut far).await, "");
    }
}

#[tokio::test]
async fn a_client_that_quits_says_close_notify() {
    let identity = Identity::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n").await;
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.server));
        let mut fake = Fake::new(acceptor.accept(fake.stream).await.unwrap());
        assert_eq!(fake.line().await, "EHLO client.example");
        fake.say("250 mx\r\n").await;
        assert_eq!(fake.line().await, "QUIT");
        fake.say("221 bye\r\n").await;
        // Without close_notify rustls calls it an unexpected end.
        assert_eq!(fake.stream.read(&mut [0; 10]).await.unwrap(), 0);
    };
    let quitting = async {
        let config = wanting(client::Tls::Required);
        let client = Client::on_with_tls(near, config, identity.client())
            .await
            .unwrap();
        client.quit().await.unwrap();
    };
    tokio::join!(quitting, serving);
}

#[tokio::test]
async fn a_server_that_closes_says_close_notify() {
    let identity = Identity::new();
    let (near, far) = duplex(4096);
    let talking = async {
        let connector = TlsConnector::from(Arc::clone(&identity.client));
        let mut near = connector.connect(name("mx.example"), near).await.unwrap();
        assert!(heard(&mut near).await.starts_with("220 "));
        near.write_all(b"QUIT\r\n").await.unwrap();
        assert!(heard(&mut near).await.starts_with("221 "));
        assert_eq!(near.read(&mut [0; 10]).await.unwrap(), 0);
    };
    let ((), received) = tokio::join!(talking, receive_over_tls(far, offering(), &identity.server));
    assert_eq!(received.why, server::Closed::Quit);
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_broken_connection() {
    let identity = Identity::new();
    for notify in [false, true] {
        let (near, far) = duplex(4096);
        let talking = async {
            let connector = TlsConnector::from(Arc::clone(&identity.client));
            let mut near = connector.connect(name("mx.example"), near).await.unwrap();
            assert!(heard(&mut near).await.starts_with("220 "));
            if notify {
                near.shutdown().await.unwrap();
            }
        };
        let ((), received) = tokio::join!(talking, receive_over_tls(far, offering(), &identity.server));
        let expected = if notify {
            server::Closed::Eof
        } else {
            server::Closed::Lost
        };
        assert_eq!(received.why, expected);
    }
}
