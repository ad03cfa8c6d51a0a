//! The other side of a scenario: a plain socket, or TLS over it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use smtp_rustls::{
    ClientTls, ServerTls,
    rustls::{ClientConnection, ServerConnection, StreamOwned},
};
use socket2::{Domain, SockRef, Socket, Type};

use super::{PATIENCE, stage::LITTLE};
use crate::escape;

/// A stream in plaintext or under TLS.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A peer that a scenario controls, without regard to the protocol.
pub(super) struct Peer {
    stream: Box<dyn Stream>,
    /// The socket below.
    pub(super) socket: TcpStream,
    /// The octets that were read and not used yet.
    heard: Vec<u8>,
}

impl Peer {
    fn new(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream: Box::new(socket.try_clone().unwrap()),
            socket,
            heard: Vec::new(),
        }
    }

    pub(super) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect_timeout(&address, PATIENCE).unwrap())
    }

    /// Connects from another address of 127/8, as if from another host.
    pub(super) fn connect_from(own: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((own, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::new(socket.into())
    }

    /// Connects with small socket buffers.
    pub(super) fn connect_with_little_room(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(LITTLE).unwrap();
        socket.set_send_buffer_size(LITTLE).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::new(socket.into())
    }

    /// Accepts the connection of a client.
    pub(super) fn accept(listener: &TcpListener) -> Self {
        listener.set_nonblocking(true).unwrap();
        let begin = Instant::now();
        loop {
            match listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(false).unwrap();
                    return Self::new(socket);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    assert!(begin.elapsed() < PATIENCE, "nobody connects");
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Starts TLS as a client. The first read or write does the handshake.
    pub(super) fn start_tls(mut self, tls: &ClientTls) -> Self {
        assert!(self.heard.is_empty(), "{}", escape(&self.heard));
        let connection = ClientConnection::new(Arc::clone(tls.config()), tls.name().clone()).unwrap();
        self.stream = Box::new(StreamOwned::new(connection, self.socket.try_clone().unwrap()));
        self
    }

    /// Begins TLS as a server.
    pub(super) fn accept_tls(mut self, tls: &ServerTls) -> Self {
        assert!(self.heard.is_empty(), "{}", escape(&self.heard));
        let connection = ServerConnection::new(Arc::clone(tls.config())).unwrap();
        self.stream = Box::new(StreamOwned::new(connection, self.socket.try_clone().unwrap()));
        self
    }

    pub(super) fn try_say(&mut self, octets: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(octets.as_ref())?;
        self.stream.flush()
    }

    pub(super) fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.try_say(octets).unwrap();
    }

    /// Reads once; `false` at the end.
    fn hear(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 1 << 16];
        let octets = self.stream.read(&mut buffer)?;
        self.heard.extend_from_slice(&buffer[..octets]);
        Ok(octets > 0)
    }

    /// Reads once.
    pub(super) fn flight(&mut self) -> String {
        if self.heard.is_empty() {
            self.hear().unwrap();
        }
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    /// Reads up to the next CRLF.
    pub(super) fn octets_of_line(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = self.heard.windows(2).position(|pair| pair == b"\r\n") {
                let mut line: Vec<u8> = self.heard.drain(..end + 2).collect();
                line.truncate(end);
                return line;
            }
            match self.hear() {
                Ok(true) => {}
                other => panic!("{other:?} in a line: {}", escape(&self.heard)),
            }
        }
    }

    pub(super) fn line(&mut self) -> String {
        String::from_utf8(self.octets_of_line()).unwrap()
    }

    /// Reads this number of octets, or fewer if the peer closes before.
    pub(super) fn octets_or_less(&mut self, octets: usize) -> Vec<u8> {
        while self.heard.len() < octets && matches!(self.hear(), Ok(true)) {}
        self.heard.drain(..octets.min(self.heard.len())).collect()
    }

    /// Reads that many octets.
    pub(super) fn octets(&mut self, octets: usize) -> Vec<u8> {
        while self.heard.len() < octets {
            assert!(self.hear().unwrap(), "the other side has closed");
        }
        self.heard.drain(..octets).collect()
    }

    /// Reads a reply, and returns all of its lines.
    pub(super) fn reply(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                return lines;
            }
        }
    }

    /// Reads a reply that begins so.
    #[track_caller]
    pub(super) fn expect(&mut self, begin: &str) -> Vec<String> {
        let reply = self.reply();
        assert!(reply[0].starts_with(begin), "not {begin}: {reply:?}");
        reply
    }

    /// Sends a line, and reads a reply with this beginning.
    #[track_caller]
    pub(super) fn ask(&mut self, line: &str, begin: &str) -> Vec<String> {
        self.say(format!("{line}\r\n"));
        let reply = self.reply();
        assert!(reply[0].starts_with(begin), "{line}: not {begin}: {reply:?}");
        reply
    }

    /// Reads a line that begins so.
    #[track_caller]
    pub(super) fn command(&mut self, begin: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(begin), "not {begin}: {line}");
        line
    }

    /// Reads until the peer closes or resets the connection. Panics after a timeout.
    pub(super) fn rest(&mut self) -> String {
        loop {
            match self.hear() {
                Ok(true) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    panic!("the other side does not close: {}", escape(&self.heard))
                }
                Ok(false) | Err(_) => {
                    let heard = std::mem::take(&mut self.heard);
                    return String::from_utf8_lossy(&heard).into_owned();
                }
            }
        }
    }

    /// Returns true if the other side closes now, and does so properly.
    pub(super) fn is_over(&mut self) -> bool {
        self.heard.is_empty() && matches!(self.hear(), Ok(false))
    }

    /// Sends one octet at a time, with a read of some milliseconds after each, until the peer sends something.
    pub(super) fn drip(&mut self, octet: u8) {
        self.socket
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        let begin = Instant::now();
        while self.heard.is_empty() && begin.elapsed() < PATIENCE {
            if self.try_say([octet]).is_err() || self.hear().is_ok() {
                break;
            }
        }
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Closes the sending side.
    pub(super) fn finish(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Resets the connection.
    pub(super) fn reset(self) {
        SockRef::from(&self.socket)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Closes the connection, or breaks it.
    pub(super) fn leave(self, reset: bool) {
        if reset {
            self.reset();
        }
    }
}
