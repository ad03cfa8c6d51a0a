//! A server that keeps messages, a fake server, and streams that record.

use std::sync::Arc;

use smtp_proto::{
    Step, client,
    server::{self, Closed, Event, Server},
};
pub(crate) use smtp_tests::mailbox::{Mail, Mailbox, bob, client_config, server_config};
use smtp_tokio::{Client, Connection, Error, Io, driver};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

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

/// Runs a whole session of a server that keeps messages.
pub(crate) async fn receive<S>(stream: S, config: server::Config) -> (Vec<Mail>, Closed)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Io::new(stream), Server::new(Arc::new(config)));
    let mut mailbox = Mailbox::default();
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => mailbox.see(event, server),
        }
    };
    conn.close().await;
    (mailbox.mails, why)
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
