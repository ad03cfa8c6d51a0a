//! A server that keeps messages, a fake server, and streams that record.

use std::sync::Arc;

use smtp_proto::{
    Step, client,
    server::{self, Closed, Event, Server},
    types::{Envelope, ForwardPath, Host, Rejection, ReversePath},
};
use smtp_tokio::{Client, Connection, Error, Io, driver};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// An accepted message.
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

pub(crate) fn envelope(to: &[&str]) -> Envelope {
    let from = Envelope::new(ReversePath::parse("alice@client.example").unwrap());
    to.iter().fold(from, |envelope, to| {
        envelope.recipient(ForwardPath::parse(to).unwrap().into_owned())
    })
}

pub(crate) fn bob() -> Envelope {
    envelope(&["bob@mx.example"])
}

/// A client on a stream of the test.
pub(crate) type ClientOn<S> = driver::Client<Io<S>>;

/// Begins a session in plaintext.
pub(crate) async fn on<S>(stream: S, config: client::Config) -> Result<ClientOn<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::builder(config).on(Io::new(stream)).await
}

/// Begins a session with STARTTLS.
#[cfg(feature = "rustls")]
pub(crate) async fn on_with_starttls<S>(
    stream: S,
    config: client::Config,
    tls: smtp_tokio::tls::ClientTls,
) -> Result<ClientOn<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::builder(config).starttls(tls).on(Io::new(stream)).await
}

/// Handles an event of a server that keeps messages. Recipients whose name contains "no" are refused.
pub(crate) fn answer(event: Event<'_>, server: &mut Server, open: &mut Mail, taken: &mut Vec<Mail>) {
    match event {
        Event::Mail { mail, ticket } => {
            *open = Mail {
                from: mail.reverse_path().to_string(),
                ..Mail::default()
            };
            server.accept(ticket).unwrap();
        }
        Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().contains("no") => {
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

/// Runs a whole session of that server.
pub(crate) async fn receive<S>(stream: S, config: server::Config) -> (Vec<Mail>, Closed)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Io::new(stream), Server::new(Arc::new(config)));
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    };
    conn.close().await;
    (taken, why)
}

/// A server that sends the lines of the test.
pub(crate) struct Fake<S> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Fake<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads up to the next CRLF.
    pub(crate) async fn line(&mut self) -> String {
        let line = self.line_of_octets().await;
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    /// Reads up to the next CRLF, as octets.
    pub(crate) async fn line_of_octets(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                return self.read.drain(..end + 2).collect();
            }
            assert_ne!(
                self.stream.read_buf(&mut self.read).await.unwrap(),
                0,
                "the client closed, having said {:?}",
                String::from_utf8_lossy(&self.read)
            );
        }
    }
}
