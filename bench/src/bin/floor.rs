//! A server as cheap as one can be: a readiness loop that knows nothing of SMTP but line ends and the first letter of a
//! command. It accepts everything and stores nothing. What other servers cost above it is theirs.
//!
//! `floor ADDRESS`

use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

const LISTENER: Token = Token(0);
const GREETING: &[u8] = b"220 floor ESMTP\r\n";
const HELLO: &[u8] = b"250-floor\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n250 HELP\r\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args().nth(1).ok_or("usage: floor ADDRESS")?.parse()?;
    let mut listener = TcpListener::bind(address)?;
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; 64 * 1024]);
    let mut connections: HashMap<Token, Connection> = HashMap::new();
    let mut last = LISTENER;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                if let Some(connection) = connections.get_mut(&event.token())
                    && !connection.turn(&mut buffer).unwrap_or(false)
                {
                    connections.remove(&event.token());
                }
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                last.0 += 1;
                stream.set_nodelay(true)?;
                poll.registry().register(&mut stream, last, Interest::READABLE)?;
                if stream.write_all(GREETING).is_ok() {
                    connections.insert(last, Connection::new(stream));
                }
            }
        }
    }
}

/// A connection, and the place in the session.
struct Connection {
    stream: TcpStream,
    /// The first octet of the current line; `None` at its beginning.
    first: Option<u8>,
    /// The line has one octet so far, which may be the final dot.
    alone: bool,
    in_message: bool,
    over: bool,
}

impl Connection {
    const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            first: None,
            alone: false,
            in_message: false,
            over: false,
        }
    }

    /// Reads until nothing is left, and writes the replies to each read at once. Returns false at the end.
    fn turn(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            let mut replies = Vec::new();
            self.take(&buffer[..read], &mut replies);
            self.stream.write_all(&replies)?;
            if self.over {
                return Ok(false);
            }
        }
    }

    fn take(&mut self, mut octets: &[u8], replies: &mut Vec<u8>) {
        while let Some(end) = memchr::memchr(b'\n', octets) {
            let line = &octets[..end];
            octets = &octets[end + 1..];
            let short =
                line.len() + usize::from(self.first.is_some()) <= 2 && (self.alone || self.first.is_none());
            let first = self.first.take().or(line.first().copied());
            self.alone = false;
            if self.in_message {
                if first == Some(b'.') && short {
                    self.in_message = false;
                    replies.extend_from_slice(b"250 2.6.0 ok\r\n");
                }
                continue;
            }
            replies.extend_from_slice(match first {
                Some(b'E' | b'e') => HELLO,
                Some(b'D' | b'd') => {
                    self.in_message = true;
                    b"354 go on\r\n"
                }
                Some(b'Q' | b'q') => {
                    self.over = true;
                    b"221 2.0.0 bye\r\n"
                }
                _ => b"250 2.0.0 ok\r\n",
            });
        }
        if let (None, [first, rest @ ..]) = (self.first, octets) {
            (self.first, self.alone) = (Some(*first), rest.iter().all(|octet| *octet == b'\r'));
        } else if !octets.iter().all(|octet| *octet == b'\r') {
            self.alone = false;
        }
    }
}
