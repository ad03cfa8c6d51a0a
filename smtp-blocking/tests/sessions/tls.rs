//! TLS in both roles: STARTTLS, implicit TLS, and their faults.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

use smtp_blocking::{
    Client, Io, ServeOptions, ShutdownHandle, block_on,
    driver::{Connection, Transport},
    serve_sessions,
    tls::{ClientTls, Identity, ServerSettings, ServerTls, rustls::crypto::CryptoProvider},
};
use smtp_proto::{
    Step, TlsInfo,
    client::{self, ExtensionUse, Login},
    sasl::{AuthOutcome, AuthRequest, Credentials, Mechanism},
    server::{self, Event, Server},
    types::Extension,
};

use crate::support::{Mail, PATIENCE, answer, bob, client_config, server_config, text};

/// A server's settings, and those of a client that trusts it and nobody else.
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
    info: Option<TlsInfo>,
}

/// A whole session of a server that keeps what it takes.
fn receive(
    stream: impl Transport<Error = io::Error>,
    config: server::Config,
    tls: &ServerTls,
    implicit: bool,
) -> Received {
    let mut conn = Connection::new(stream, Server::new(config.into()));
    if implicit {
        conn.start_implicit_tls(tls);
    }
    let (mut open, mut mails) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => block_on(conn.wait(wait)),
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
    let info = machine.tls().cloned();
    block_on(conn.close());
    Received { mails, why, info }
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
                    receive(Io::new(stream), requiring(), &pair.server, implicit)
                });
                let builder = Client::builder(config);
                let builder = if implicit {
                    builder.implicit_tls(pair.client())
                } else {
                    builder.starttls(pair.client())
                };
                let mut client = builder.connect(address).unwrap();
                let near = client.tls().cloned().unwrap();
                assert!(client.send(bob(), &message).unwrap().all_accepted());
                client.quit().unwrap();
                let received = receiving.join().unwrap();
                assert_eq!(received.why, server::Closed::Quit);
                assert!(received.mails[0].body == message);
                let far = received.info.unwrap();
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

#[test]
fn where_tls_comes_first_nothing_is_ever_said_in_clear() {
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = ServeOptions::default();
    options.max_connections = 1;
    options.implicit_tls = true;
    let stop = ShutdownHandle::new();
    let stopping = stop.clone();
    let (ended, news) = mpsc::channel();
    let tls = pair.server;
    let heard = |stream: &mut TcpStream| {
        let mut heard = Vec::new();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.read_to_end(&mut heard).unwrap();
        heard
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            serve_sessions(listener, requiring(), options, stopping, move |mut session| {
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
        stop.shut_down();
        assert_eq!(heard(&mut first), b"");
        drop(first);
        assert_eq!(news.recv_timeout(PATIENCE), Ok(server::Closed::Shutdown));
    });
}
