//! A server that stores what it accepts, a scripted server, and streams with small buffers.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use rustix::net::sockopt::set_socket_send_buffer_size;
use smtp_blocking::{
    Blocking, Client, Error, Io, block_on,
    driver::{self, Connection, Transport},
};
use smtp_proto::{
    Step, client,
    server::{self, Closed, Event, Server},
};
pub(crate) use smtp_tests::mailbox::{Mail, Mailbox, bob, client_config, envelope, server_config, text};

/// The time after which a session counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A deadline that is short enough to be waited for.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// A client on one end of a pair.
pub(crate) fn on(
    stream: UnixStream,
    config: client::Config,
) -> Result<Blocking<driver::Client<Io<UnixStream>>>, Error> {
    Client::builder(config).on(Io::new(stream))
}

/// A whole session of a server that keeps messages.
pub(crate) fn receive(
    stream: impl Transport<Error = io::Error>,
    config: server::Config,
) -> (Vec<Mail>, Closed) {
    let mut conn = Connection::new(stream, Server::new(Arc::new(config)));
    let mut mailbox = Mailbox::default();
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => block_on(conn.wait(wait)),
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => mailbox.see(event, server),
        }
    };
    block_on(conn.close());
    (mailbox.mails, why)
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

/// A server that follows the test and not the protocol.
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

    /// Reads more input. Panics if the stream has ended.
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

    /// Greets, and accepts an envelope with one recipient, up to the 354.
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
