//! A server that keeps its messages, and a plain socket as a client.

use std::{net::SocketAddr, sync::mpsc, thread};

use smtp_async_std::{Client, Error, Listener, Peer, ServeOptions, Session, driver::serve_sessions};
use smtp_proto::{
    Step,
    server::{self, Closed, Event},
};
pub(crate) use smtp_tests::mailbox::{Mail, Mailbox, bob, client_config, server_config, text};

use crate::runtimes::Runtime;

/// The reports of the sessions of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    Mail(Mail),
    Closed(Closed),
}

/// Runs a session of a server that keeps messages.
pub(crate) async fn converse(mut session: Session, news: mpsc::Sender<News>) {
    let mut mailbox = Mailbox::default();
    let why = loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => {
                mailbox.see(event, server);
                for mail in mailbox.mails.drain(..) {
                    news.send(News::Mail(mail)).unwrap();
                }
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
