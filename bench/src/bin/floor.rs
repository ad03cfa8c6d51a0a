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
use smtp_bench::floor::{GREETING, Replier};

const LISTENER: Token = Token(0);

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
    replier: Replier,
}

impl Connection {
    const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            replier: Replier::new(),
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
            let replies = self.replier.replies_to(&buffer[..read]);
            self.stream.write_all(&replies)?;
            if self.replier.is_over() {
                return Ok(false);
            }
        }
    }
}
