//! TLS in both roles: STARTTLS, TLS from the first octet, and what can go wrong with either.

use std::{
    io::{self, BufReader, IoSlice, Read, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{Arc, mpsc},
    thread,
};

use smtp_blocking::{
    Client, ClientTls, Connection, Error, Options, Socket, Stop, Stream,
    rustls::{ServerConfig, crypto::CryptoProvider},
    serve,
    tls::{Identity, ServerSettings},
};
use smtp_proto::{
    Phase, Step, TlsInfo,
    client::{self, ExtensionUse, Login},
    sasl::{AuthOutcome, AuthRequest, Credentials, Mechanism},
    server::{self, Event, Server},
    types::{Extension, Keyword},
};

use crate::support::{
    Fake, Mail, PATIENCE, SHORT, answer, bob, client_config, drip, narrow, server_config, text,
};

/// A server's settings, and those of a client that trusts it and nobody else.
struct Pair {
    server: Arc<ServerConfig>,
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

/// Takes nothing in clear, and lets Ann in.
fn requiring() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config.tls = server::Tls::Required;
    config.offer_auth([Mechanism::PLAIN]);
    config
}

fn wanting(tls: client::Tls) -> client::Config {
    let mut config = client_config();
    config.tls = tls;
    config.login = Some(Login::new(Credentials::password("ann", "pw")));
    config
}

/// What a session of a server came to.
#[derive(Debug)]
struct Received {
    mails: Vec<Mail>,
    why: server::Closed,
    facts: Option<TlsInfo>,
    user: Option<String>,
    error: Option<io::Error>,
}

/// A whole session of a server that keeps what it takes.
fn receive(stream: impl Socket, config: server::Config, tls: &Arc<ServerConfig>, implicit: bool) -> Received {
    let mut conn = Connection::new(Stream::clear(stream), Server::new(config.into()));
    if implicit {
        conn.start_implicit_tls(tls);
    }
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait),
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => conn.start_tls(upgrade, tls),
            Step::Event(Event::Auth { request, ticket, .. }) => {
                let AuthRequest::Password { user, .. } = request else {
                    panic!("{request:?}");
                };
                server.answer_auth(ticket, AuthOutcome::Accept(user)).unwrap();
            }
            Step::Event(event) => answer(event, server, &mut open, &mut mails),
        }
    };
    let machine = conn.machine();
    let (facts, user) = (machine.tls().cloned(), machine.identity().map(str::to_owned));
    let error = conn.take_error();
    conn.close();
    Received {
        mails,
        why,
        facts,
        user,
        error,
    }
}

/// A stream that takes and gives a few octets at a time, so that no record comes in one piece. With none it fails to read,
/// as one does that the system has given up.
struct Crumbs(UnixStream, usize);

impl Read for Crumbs {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1 == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

impl Write for Crumbs {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(&octets[..octets.len().min(self.1)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&slices[0])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsFd for Crumbs {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Socket for Crumbs {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.set_nonblocking(nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.0.shut_down()
    }
}

/// A stream with a buffer of its own, so that there may be something to read though its descriptor has nothing.
struct Ahead(BufReader<UnixStream>);

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Ahead {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}

impl AsFd for Ahead {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

impl Socket for Ahead {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.get_ref().set_nonblocking(nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.0.get_mut().shut_down()
    }
}

#[test]
fn what_a_stream_holds_already_is_not_waited_for() {
    let pair = Pair::new();
    let message = text(300_000);
    let (near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        let far = Ahead(BufReader::with_capacity(1 << 16, far));
        let receiving = scope.spawn(|| receive(far, requiring(), &pair.server, false));
        let mut client = Client::on_with_tls(near, wanting(client::Tls::Required), pair.client()).unwrap();
        assert!(client.send(bob(), &message).unwrap().all_accepted());
        client.quit().unwrap();
        assert!(receiving.join().unwrap().mails[0].body == message);
    });
}

#[test]
fn starttls_in_both_roles_however_little_the_stream_takes() {
    let pair = Pair::new();
    let message = text(300_000);
    for (policy, crumb) in [
        (client::Tls::Required, 11),
        (client::Tls::Opportunistic, 100),
        (client::Tls::Required, 1 << 20),
    ] {
        let (near, far) = narrow();
        thread::scope(|scope| {
            let receiving = scope.spawn(|| receive(Crumbs(far, crumb), requiring(), &pair.server, false));
            let near = Crumbs(near, crumb);
            let mut client = Client::on_with_tls(near, wanting(policy), pair.client()).unwrap();
            assert!(client.is_encrypted());
            assert!(!client.extensions().has(Keyword::StartTls), "learnt under TLS");
            assert!(client.send(bob(), &message).unwrap().all_accepted());
            client.quit().unwrap();
            let received = receiving.join().unwrap();
            assert_eq!(received.why, server::Closed::Quit);
            assert_eq!(received.user.as_deref(), Some("ann"));
            assert!(received.facts.is_some());
            assert!(received.mails[0].body == message);
        });
    }
}

#[test]
fn a_stream_that_the_system_has_given_up_is_no_handshake_that_takes_too_long() {
    let (_near, far) = narrow();
    let received = receive(Crumbs(far, 0), requiring(), &Pair::new().server, true);
    assert_eq!(received.why, server::Closed::TlsFailed);
    assert_eq!(received.error.unwrap().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn tls_from_the_first_octet_on_a_stream_of_the_callers() {
    let pair = Pair::new();
    let message = text(9000);
    // The policy is about STARTTLS.
    for policy in [client::Tls::Required, client::Tls::Disabled] {
        let (near, far) = narrow();
        thread::scope(|scope| {
            let receiving = scope.spawn(|| receive(far, requiring(), &pair.server, true));
            let near = Crumbs(near, 100);
            let mut client = Client::on_over_tls(near, wanting(policy), &pair.client).unwrap();
            assert!(client.is_encrypted() && client.is_authenticated());
            assert!(client.send(bob(), &message).unwrap().all_accepted());
            client.quit().unwrap();
            let received = receiving.join().unwrap();
            assert_eq!(received.why, server::Closed::Quit);
            assert!(received.mails[0].body == message);
        });
    }
}

#[test]
fn both_kinds_of_tls_over_the_loopback_interface() {
    let pair = Pair::new();
    let message = text(4 << 20);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for chunking in [ExtensionUse::Never, ExtensionUse::IfOffered] {
        for implicit in [false, true] {
            let mut config = wanting(client::Tls::Required);
            config.chunking = chunking;
            thread::scope(|scope| {
                let receiving = scope.spawn(|| {
                    let (stream, _) = listener.accept().unwrap();
                    receive(stream, requiring(), &pair.server, implicit)
                });
                let mut client = if implicit {
                    Client::connect_over_tls(address, config, &pair.client)
                } else {
                    Client::connect_with_tls(address, config, pair.client())
                }
                .unwrap();
                let near = client.tls().cloned().unwrap();
                assert!(client.send(bob(), &message).unwrap().all_accepted());
                client.quit().unwrap();
                let received = receiving.join().unwrap();
                assert_eq!(received.why, server::Closed::Quit);
                assert!(received.mails[0].body == message);
                let far = received.facts.unwrap();
                assert_eq!(near.server_name, far.server_name);
                assert_eq!(near.channel_binding, far.channel_binding);
                assert!(near.channel_binding.is_some());
            });
        }
    }
    assert!(
        CryptoProvider::get_default().is_none(),
        "that is not for a library to choose"
    );
}

/// Greets, offers STARTTLS, is asked for it, agrees, and sees the handshake begin.
fn agreed_to_tls(far: UnixStream) -> Fake<UnixStream> {
    let mut fake = Fake::new(far);
    fake.say("220 mx\r\n");
    assert_eq!(fake.line(), "EHLO client.example");
    fake.say("250-mx\r\n250 STARTTLS\r\n");
    assert_eq!(fake.line(), "STARTTLS");
    fake.say("220 go\r\n");
    assert_eq!(fake.octets(1), b"\x16");
    fake
}

fn closed<T: std::fmt::Debug>(result: Result<T, Error>) -> (client::Closed, io::Error) {
    match result {
        Err(Error::Closed {
            why,
            source: Some(source),
            ..
        }) => (why, source),
        other => panic!("the session should have ended: {other:?}"),
    }
}

#[test]
fn a_client_gives_a_dripping_handshake_up_in_time() {
    let pair = Pair::new();
    let (near, far) = narrow();
    let serving = thread::spawn(move || {
        let fake = agreed_to_tls(far);
        // A long record of which an octet comes now and then.
        (&fake.stream).write_all(b"\x16\x03\x03\x20").unwrap();
        drip(&fake.stream, 0);
    });
    let mut config = wanting(client::Tls::Required);
    config.timeouts.handshake = SHORT;
    let (why, source) = closed(Client::on_with_tls(near, config, pair.client()).map(drop));
    assert_eq!(why, client::Closed::TimedOut(Phase::Handshake));
    assert_eq!(source.kind(), io::ErrorKind::TimedOut);
    serving.join().unwrap();
}

#[test]
fn a_server_gives_a_stalling_handshake_up_in_time() {
    let pair = Pair::new();
    for stalls in [true, false] {
        let (mut near, far) = narrow();
        let talking = thread::spawn(move || {
            if stalls {
                near.write_all(b"\x16\x03\x01").unwrap();
                assert_eq!(near.read(&mut [0; 1]).unwrap(), 0, "closed, and nothing is said");
            } else {
                near.write_all(b"\x16\x03\x01\x20").unwrap();
                drip(near, 0);
            }
        });
        let mut config = requiring();
        config.timeouts.handshake = SHORT;
        let received = receive(far, config, &pair.server, true);
        assert_eq!(received.why, server::Closed::TimedOut(Phase::Handshake));
        assert_eq!(received.error.unwrap().kind(), io::ErrorKind::TimedOut);
        assert!(received.facts.is_none());
        talking.join().unwrap();
    }
}

#[test]
fn what_is_no_handshake_ends_the_session() {
    let pair = Pair::new();
    let (near, far) = narrow();
    let serving = thread::spawn(move || {
        let mut fake = agreed_to_tls(far);
        fake.say("250 what was that?\r\n");
        let mut rest = Vec::new();
        fake.stream.read_to_end(&mut rest).unwrap();
        assert!(!rest.windows(4).any(|four| four == b"EHLO" || four == b"MAIL"));
    });
    let config = wanting(client::Tls::Opportunistic);
    let (why, source) = closed(Client::on_with_tls(near, config, pair.client()).map(drop));
    assert_eq!(why, client::Closed::TlsFailed);
    assert_eq!(source.kind(), io::ErrorKind::InvalidData);
    serving.join().unwrap();

    let (mut near, far) = narrow();
    let talking = thread::spawn(move || {
        near.write_all(b"EHLO client.example\r\n").unwrap();
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).unwrap();
        assert!(rest.starts_with(b"\x15\x03"), "an alert: {rest:?}");
    });
    let received = receive(far, requiring(), &pair.server, true);
    assert_eq!(received.why, server::Closed::TlsFailed);
    talking.join().unwrap();
}

#[test]
fn a_server_that_the_client_does_not_trust_gets_nothing() {
    let (pair, other) = (Pair::new(), Pair::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        let receiving = scope.spawn(|| {
            let (stream, _) = listener.accept().unwrap();
            receive(stream, requiring(), &pair.server, true)
        });
        let refused = Client::connect_over_tls(address, wanting(client::Tls::Required), &other.client);
        assert!(matches!(refused, Err(Error::Handshake(_))), "{refused:?}");
        drop(refused);
        assert!(receiving.join().unwrap().user.is_none());
    });
}

#[test]
fn an_end_without_close_notify_is_a_broken_connection() {
    let pair = Pair::new();
    for notify in [false, true] {
        let (near, far) = narrow();
        thread::scope(|scope| {
            let receiving = scope.spawn(|| receive(far, requiring(), &pair.server, false));
            let cut = near.try_clone().unwrap();
            let client = Client::on_with_tls(near, wanting(client::Tls::Required), pair.client()).unwrap();
            if notify {
                client.quit().unwrap();
            } else {
                cut.shutdown(std::net::Shutdown::Both).unwrap();
            }
            let why = receiving.join().unwrap().why;
            let wanted = if notify {
                server::Closed::Quit
            } else {
                server::Closed::ConnectionLost
            };
            assert_eq!(why, wanted);
        });
    }
}

#[test]
fn tls_that_is_wanted_and_not_set_up_is_an_error_before_anything_is_said() {
    let (near, mut far) = narrow();
    let client = Client::on(near, wanting(client::Tls::Opportunistic));
    assert!(matches!(client, Err(Error::NoTls)));
    drop(client);
    assert_eq!(far.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn where_tls_comes_first_nothing_is_ever_said_in_clear() {
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = Options::default();
    options.connections = 1;
    options.implicit_tls = true;
    let stop = Stop::new();
    let (ended, news) = mpsc::channel();
    let tls = Arc::clone(&pair.server);
    let heard = |stream: &mut TcpStream| {
        let mut heard = Vec::new();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read_to_end(&mut heard).unwrap();
        heard
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let config = Arc::new(requiring());
            serve(listener, config, options, &stop, move |mut session| {
                session.start_implicit_tls(&tls);
                let why = loop {
                    match session.poll().0 {
                        Step::Wait(wait) => session.wait(wait),
                        Step::Event(Event::Closed(why)) => break why,
                        Step::Event(_) => {}
                    }
                };
                session.close();
                ended.send(why).unwrap();
            })
            .unwrap();
        });
        let mut first = TcpStream::connect(address).unwrap();
        first.write_all(b"\x16\x03\x01").unwrap();
        // One too many, which is closed without a word.
        let mut second = TcpStream::connect(address).unwrap();
        assert_eq!(heard(&mut second), b"");
        // A handshake hears of the shutdown at once, and says nothing.
        stop.stop();
        assert_eq!(heard(&mut first), b"");
        drop(first);
        assert_eq!(news.recv_timeout(PATIENCE), Ok(server::Closed::Shutdown));
    });
}
