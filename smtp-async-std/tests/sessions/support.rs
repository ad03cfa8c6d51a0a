//! A server that keeps its messages, and a plain socket as a client.

use std::{net::SocketAddr, sync::mpsc, thread};

use smtp_async_std::{Client, Error, Listener, Peer, ServeOptions, Session, driver::serve_sessions};
use smtp_proto::{
    Step, client,
    server::{self, Closed, Event, Server},
    types::{Envelope, ForwardPath, Host, Rejection, ReversePath},
};

use crate::runtimes::Runtime;

/// A message that was accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn server_config() -> server::Config {
    let mut config = server::Config::new(Host::parse("mx.example").unwrap().into_owned());
    config.set_max_message_size(64 << 20);
    config
}

pub(crate) fn client_config() -> client::Config {
    client::Config::new("client.example".parse().unwrap())
}

pub(crate) fn bob() -> Envelope {
    Envelope::new(ReversePath::parse("alice@client.example").unwrap())
        .recipient(ForwardPath::parse("bob@mx.example").unwrap())
}

/// Lines of all lengths, some of which begin with dots.
pub(crate) fn text(octets: usize) -> Vec<u8> {
    let mut text = b"Subject: x\r\n\r\n.\r\n..\r\n".to_vec();
    for number in 0_usize.. {
        if text.len() >= octets {
            break;
        }
        let dots = &b"..."[..[0, 0, 0, 1, 0, 2, 0, 0, 3][number % 9]];
        text.extend_from_slice(dots);
        text.extend(std::iter::repeat_n(b"abcd"[number % 4], number % 97));
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// Answers one event of a server that keeps its messages. Recipients whose name begins with "no" are refused.
pub(crate) fn answer(event: Event<'_>, server: &mut Server, open: &mut Mail, taken: &mut Vec<Mail>) {
    match event {
        Event::Mail { mail, ticket } => {
            *open = Mail {
                from: mail.reverse_path().to_string(),
                ..Mail::default()
            };
            server.accept(ticket).unwrap();
        }
        Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().starts_with("no") => {
            server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
        }
        Event::Recipient { rcpt, ticket, .. } => {
            open.to.push(rcpt.forward_path().to_string());
            server.accept(ticket).unwrap();
        }
        Event::Body(octets) => open.body.extend_from_slice(octets),
        Event::EndOfData { ticket, .. } => {
            taken.push(std::mem::take(open));
            server.accept(ticket).unwrap();
        }
        other => {
            if let Some(ticket) = other.into_ticket() {
                server.accept(ticket).unwrap();
            }
        }
    }
}

/// The reports of the sessions of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    Mail(Mail),
    Closed(Closed),
}

/// Runs a session of that server.
pub(crate) async fn converse(mut session: Session, news: mpsc::Sender<News>) {
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
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

/// A running server.
pub(crate) struct Running {
    local: Peer,
    news: mpsc::Receiver<News>,
}

pub(crate) fn options(connections: usize, per_peer: usize) -> ServeOptions {
    let mut options = ServeOptions::default();
    (options.max_connections, options.max_connections_per_peer) = (connections, per_peer);
    options
}

pub(crate) fn start<R: Runtime>(config: server::Config, options: ServeOptions) -> Running {
    start_with::<R, _>(config, options, converse)
}

pub(crate) fn start_on<R: Runtime>(listener: Listener, config: server::Config) -> Running {
    run::<R, _>(listener, config, options(1000, 1000), converse)
}

pub(crate) fn start_with<R: Runtime, F>(
    config: server::Config,
    options: ServeOptions,
    session: impl Fn(Session, mpsc::Sender<News>) -> F + Send + 'static,
) -> Running
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    run::<R, F>(listener, config, options, session)
}

fn run<R: Runtime, F>(
    listener: Listener,
    config: server::Config,
    options: ServeOptions,
    session: impl Fn(Session, mpsc::Sender<News>) -> F + Send + 'static,
) -> Running
where
    F: Future<Output = ()> + Send + 'static,
{
    let local = listener.local().unwrap();
    let (tell, news) = mpsc::channel();
    // The server runs until the test ends.
    thread::spawn(move || {
        let session = move |accepted| session(accepted, tell.clone());
        R::block_on(serve_sessions::<R, F>(
            listener.try_into().unwrap(),
            config.into(),
            options,
            std::future::pending(),
            session,
        ));
    });
    Running { local, news }
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        match self.local {
            Peer::Ip(address) => address,
            Peer::Unix => panic!("it has no address"),
        }
    }

    pub(crate) async fn client(&self) -> Result<Client, Error> {
        Client::builder(client_config()).connect(self.address()).await
    }

    /// The next message.
    pub(crate) fn mail(&self) -> Mail {
        loop {
            if let News::Mail(mail) = self.news.recv().unwrap() {
                return mail;
            }
        }
    }

    /// The reason for which the next session ends.
    pub(crate) fn closed(&self) -> Closed {
        loop {
            if let News::Closed(why) = self.news.recv().unwrap() {
                return why;
            }
        }
    }

    pub(crate) fn delivers<R: Runtime>(&self) {
        R::block_on(async {
            let mut client = self.client().await.unwrap();
            assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
            client.quit().await.unwrap();
        });
        assert_eq!(self.mail().body, b"Hello\r\n");
    }
}
