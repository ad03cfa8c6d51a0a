//! A client on a socket, for the servers that have a loop of their own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use smtp_proto::{server::Config, types::Host};

/// Maximum wait of a client: it only prevents a failing test from hanging.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A deadline that tests let expire. Long enough for a client to send a few commands.
pub(crate) const SHORT_TIMEOUT: Duration = Duration::from_millis(500);

pub(crate) const MESSAGE: &str = "Subject: hi\r\n\r\n.a dot\r\n";

pub(crate) fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

/// The client's side of a stream.
pub(crate) struct Peer(pub(crate) BufReader<TcpStream>);

impl Peer {
    /// Connects without waiting for the greeting.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TEST_TIMEOUT)).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn greeted(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address);
        peer.expect_reply("220 mx.test ");
        peer
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads a reply and checks the start of its last line.
    pub(crate) fn expect_reply(&mut self, begin: &str) {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            assert!(
                self.0.read_line(&mut reply).unwrap() > 0,
                "the end after {reply:?}"
            );
            let line = reply.get(start..).unwrap();
            if line.get(3..4) != Some("-") {
                assert!(line.starts_with(begin), "{reply:?} and not {begin:?}");
                break;
            }
        }
    }

    pub(crate) fn expect_replies(&mut self, replies: &[&str]) {
        for begin in replies {
            self.expect_reply(begin);
        }
    }

    pub(crate) fn expect_close(&mut self) {
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0);
    }

    /// Runs a complete session with one message, in two groups of commands.
    pub(crate) fn send_message(&mut self, from: &str) {
        self.send("EHLO client.test\r\n");
        self.expect_reply("250 ");
        self.send(&format!(
            "MAIL FROM:<{from}>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>\r\nDATA\r\n"
        ));
        self.expect_replies(&["250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "]);
        self.send("Subject: hi\r\n\r\n..a dot\r\n.\r\nQUIT\r\n");
        self.expect_replies(&["250 2.6.0", "221 "]);
        self.expect_close();
    }
}
