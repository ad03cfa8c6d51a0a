//! A server that keeps messages, a fake server, and streams that record.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use smtp_proto::{
    Step, TlsInfo, client,
    server::{self, Closed, Event, Server},
    types::{Envelope, ForwardPath, Host, Rejection, ReversePath},
};
use smtp_tokio::{Client, Connection, Error, Io, driver};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

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

/// A message with lines of all lengths, some of which begin with dots, and with 8-bit octets.
pub(crate) fn text(octets: usize) -> Vec<u8> {
    let mut text = b"Subject: x\r\n\r\n.\r\n..\r\n".to_vec();
    for number in 0_usize.. {
        if text.len() >= octets {
            break;
        }
        let dots = &b"..."[..[0, 0, 0, 1, 0, 2, 0, 0, 3][number % 9]];
        text.extend_from_slice(dots);
        text.extend(std::iter::repeat_n(b"abc\xe9"[number % 4], number % 97));
        text.extend_from_slice(b"\r\n");
    }
    text
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

/// Begins a session on a stream that the application encrypts.
pub(crate) async fn on_encrypted<S>(
    stream: S,
    config: client::Config,
    info: TlsInfo,
) -> Result<ClientOn<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::builder(config).encrypted(info).on(Io::new(stream)).await
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

    /// Reads this number of octets.
    pub(crate) async fn octets(&mut self, octets: usize) -> Vec<u8> {
        while self.read.len() < octets {
            assert_ne!(self.stream.read_buf(&mut self.read).await.unwrap(), 0);
        }
        self.read.drain(..octets).collect()
    }

    /// Greets, and accepts an envelope with one recipient, up to the 354.
    pub(crate) async fn take_envelope(&mut self) {
        self.say("220 mx\r\n").await;
        assert_eq!(self.line().await, "EHLO client.example");
        self.say("250-mx\r\n250-8BITMIME\r\n250 PIPELINING\r\n").await;
        for verb in ["MAIL", "RCPT", "DATA"] {
            let line = self.line().await;
            assert!(line.starts_with(verb), "{line}");
        }
        self.say("250 ok\r\n250 ok\r\n354 go on\r\n").await;
    }

    /// Greets, and accepts an envelope with one recipient for a message in chunks.
    pub(crate) async fn take_envelope_for_chunks(&mut self) {
        self.say("220 mx\r\n").await;
        assert_eq!(self.line().await, "EHLO client.example");
        self.say("250-mx\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 PIPELINING\r\n")
            .await;
        for verb in ["MAIL", "RCPT"] {
            let line = self.line().await;
            assert!(line.starts_with(verb), "{line}");
        }
        self.say("250 ok\r\n250 ok\r\n").await;
    }

    /// Reads `BDAT`, and returns the size of the chunk, and true if it is the last.
    pub(crate) async fn chunk(&mut self) -> (usize, bool) {
        let line = self.line().await;
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("BDAT"), "{line}");
        (
            words.next().unwrap().parse().unwrap(),
            words.next() == Some("LAST"),
        )
    }
}

/// A stream that records each write.
#[derive(Debug)]
pub(crate) struct Recorded<S> {
    pub(crate) stream: S,
    pub(crate) writes: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(octets)) = written {
            let mut all = slices
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .collect::<Vec<_>>();
            all.truncate(octets);
            self.writes.lock().unwrap().push(all);
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
