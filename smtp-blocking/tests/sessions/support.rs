//! A server that stores what it accepts, a scripted server, and streams with small buffers.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use rustix::net::sockopt::set_socket_send_buffer_size;
use smtp_blocking::{
    Client, Error, Io, block_on,
    driver::{Connection, Transport},
};
use smtp_proto::{
    Step, client,
    server::{self, Closed, Event, Server},
    types::{Envelope, ForwardPath, Host, Rejection, ReversePath},
};

/// The time after which a session counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A deadline that is short enough to be waited for.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// A message that was taken.
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

/// Lines of all lengths, some of which begin with dots, with octets beyond ASCII.
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

/// One event of a server that keeps what it takes. Recipients whose name begins with "no" are refused.
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

/// A client on one end of a pair.
pub(crate) fn on(stream: UnixStream, config: client::Config) -> Result<Client<Io<UnixStream>>, Error> {
    Client::builder(config).on(Io::new(stream))
}

/// A whole session of that server.
pub(crate) fn receive(
    stream: impl Transport<Error = io::Error>,
    config: server::Config,
) -> (Vec<Mail>, Closed) {
    let mut conn = Connection::new(stream, Server::new(Arc::new(config)));
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => block_on(conn.wait(wait)),
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    };
    block_on(conn.close());
    (taken, why)
}

/// The two ends of a stream, each of which holds as little as the system allows: some 4 kB.
pub(crate) fn narrow() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    for end in [&near, &far] {
        set_socket_send_buffer_size(end, 1).unwrap();
        end.set_read_timeout(Some(PATIENCE)).unwrap();
        end.set_write_timeout(Some(PATIENCE)).unwrap();
    }
    (near, far)
}

/// A server that does as the test says, not as the protocol says.
pub(crate) struct Fake<S> {
    pub(crate) stream: S,
    read: Vec<u8>,
}

impl<S: Read + Write> Fake<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Reads more, which has to come.
    fn more(&mut self) {
        let mut scratch = [0; 4096];
        let octets = self.stream.read(&mut scratch).unwrap();
        let said = String::from_utf8_lossy(&self.read);
        assert_ne!(octets, 0, "the client closed, having said {said:?}");
        self.read.extend_from_slice(&scratch[..octets]);
    }

    /// Reads up to the next CRLF.
    pub(crate) fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.read.drain(..end + 2).collect();
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            self.more();
        }
    }

    /// Greets, and takes an envelope with one recipient, up to the 354.
    pub(crate) fn take_envelope(&mut self) {
        self.say("220 mx\r\n");
        assert_eq!(self.line(), "EHLO client.example");
        self.say("250-mx\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
        for verb in ["MAIL", "RCPT", "DATA"] {
            let line = self.line();
            assert!(line.starts_with(verb), "{line}");
        }
        self.say("250 ok\r\n250 ok\r\n354 go on\r\n");
    }
}
