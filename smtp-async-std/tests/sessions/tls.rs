//! TLS in both roles, with a login.

mod slow;

use std::{
    io::Write,
    net::TcpListener,
    sync::{Arc, mpsc},
    time::Duration,
};

use futures_io::{AsyncRead, AsyncWrite};
use smtp_async_std::{
    ClientTls, Error, Session,
    rustls::ServerConfig,
    tls::{Identity, ServerSettings},
};
use smtp_proto::{
    Phase, Step, client,
    client::ExtensionUse,
    sasl::{AuthOutcome, AuthRequest, Credentials, Mechanism},
    server::{self, Closed, Event},
    types::Extension,
};

use crate::{
    runtimes::Runtime,
    support::{Mail, News, Running, answer, bob, options, server_config, start_with, text},
};

on_each_runtime! {
    a_login_and_mail_under_both_kinds_of_tls,
    a_login_that_is_refused_ends_the_session,
    a_certificate_of_nobody_known_is_refused,
    a_handshake_that_stalls_is_given_up,
    a_handshake_that_stalls_ends_at_the_shutdown,
    a_server_whose_handshake_stalls_is_given_up,
}

const SHORT: Duration = Duration::from_millis(200);

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

    fn start<R: Runtime>(&self, config: server::Config, implicit: bool) -> Running {
        let tls = Arc::clone(&self.server);
        let mut options = options(10, 10);
        options.implicit_tls = implicit;
        start_with::<R, _>(config, options, move |session, news| {
            converse(session, Arc::clone(&tls), implicit, news)
        })
    }
}

/// Takes nothing in clear and nothing without a login.
fn requiring() -> server::Config {
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config.tls = server::Tls::Required;
    config.offer_auth([Mechanism::PLAIN]);
    config.auth = server::Auth::Required;
    config
}

fn logging_in(password: &str) -> client::Config {
    let credentials = Credentials::password("ann", password);
    client::Config::submission("client.example".parse().unwrap(), credentials)
}

async fn converse<S>(
    mut session: Session<S>,
    tls: Arc<ServerConfig>,
    implicit: bool,
    news: mpsc::Sender<News>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    if implicit {
        session.start_implicit_tls(&tls).await;
    }
    let why = loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => session.start_tls(upgrade, &tls).await,
            Step::Event(Event::Auth { request, ticket, .. }) => {
                let progress = match request {
                    AuthRequest::Password { user, password, .. } if password == "secret".into() => {
                        AuthOutcome::Accept(user)
                    }
                    _ => AuthOutcome::Reject,
                };
                server.answer_auth(ticket, progress).unwrap();
            }
            Step::Event(event) => {
                answer(event, server, &mut open, &mut taken);
                taken
                    .drain(..)
                    .for_each(|mail| news.send(News::Mail(mail)).unwrap());
            }
        }
    };
    session.close().await;
    let _ = news.send(News::Closed(why));
}

fn a_login_and_mail_under_both_kinds_of_tls<R: Runtime>() {
    let pair = Pair::new();
    let message = text(1 << 20);
    for implicit in [false, true] {
        let server = pair.start::<R>(requiring(), implicit);
        for chunking in [ExtensionUse::Never, ExtensionUse::IfOffered] {
            let mut config = logging_in("secret");
            config.chunking = chunking;
            let mut client = if implicit {
                R::connect_over_tls(server.address, config, &pair.client)
            } else {
                R::connect_with_tls(server.address, config, pair.client.clone())
            }
            .unwrap();
            assert!(client.is_encrypted());
            let facts = client.tls().unwrap();
            assert_eq!(facts.protocol.as_deref(), Some("TLSv1.3"));
            R::block_on(async {
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            });
            assert!(server.mail().body == message);
            assert_eq!(server.closed(), Closed::Quit);
        }
    }
}

fn a_login_that_is_refused_ends_the_session<R: Runtime>() {
    let pair = Pair::new();
    let server = pair.start::<R>(requiring(), false);
    let refused = R::connect_with_tls(server.address, logging_in("guess"), pair.client).unwrap_err();
    assert!(refused.to_string().contains("535 "), "{refused}");
}

fn a_certificate_of_nobody_known_is_refused<R: Runtime>() {
    let (pair, other) = (Pair::new(), Pair::new());
    let server = pair.start::<R>(requiring(), false);
    let refused = R::connect_with_tls(server.address, logging_in("secret"), other.client.clone());
    assert!(
        matches!(
            refused,
            Err(Error::Closed {
                why: client::Closed::TlsFailed,
                source: Some(_),
                ..
            })
        ),
        "{refused:?}"
    );
    let server = pair.start::<R>(requiring(), true);
    let refused = R::connect_over_tls(server.address, logging_in("secret"), &other.client);
    assert!(matches!(refused, Err(Error::Handshake(_))), "{refused:?}");
}

fn a_handshake_that_stalls_is_given_up<R: Runtime>() {
    let mut config = requiring();
    config.timeouts.handshake = SHORT;
    let server = Pair::new().start::<R>(config, true);
    let mut peer = server.connect();
    peer.say("\x16\x03\x01");
    assert_eq!(peer.rest(), "");
    assert_eq!(server.closed(), Closed::TimedOut(Phase::Handshake));
}

fn a_handshake_that_stalls_ends_at_the_shutdown<R: Runtime>() {
    let server = Pair::new().start::<R>(requiring(), false);
    let mut peer = server.greeted();
    peer.ask("EHLO c\r\n");
    assert!(peer.ask("STARTTLS\r\n").starts_with("220 "));
    peer.say("\x16\x03\x01");
    server.stop();
    assert_eq!(peer.rest(), "");
    server.serving.join().unwrap();
}

fn a_server_whose_handshake_stalls_is_given_up<R: Runtime>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stalling = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"\x16\x03\x03").unwrap();
        stream
    });
    let mut config = logging_in("secret");
    config.timeouts.handshake = SHORT;
    let late = R::connect_over_tls(address, config, &Pair::new().client);
    match late {
        Err(Error::Handshake(error)) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut),
        other => panic!("the time should have been over: {other:?}"),
    }
    drop(stalling.join().unwrap());
}
