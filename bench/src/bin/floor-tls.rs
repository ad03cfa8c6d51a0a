//! A server with TLS as cheap as one can be: `floor` with a session of rustls on each connection. TLS begins with the first
//! octet. Other servers add their own cost to it.
//!
//! `floor-tls ADDRESS [tokio|smol|threads]`
//!
//! With the name of a runtime, the same session is a task or a thread of it: the difference is the cost of the runtime.

use std::{
    collections::HashMap,
    io::{self, BufRead, ErrorKind, Read, Write},
    net::{self, SocketAddr},
    sync::Arc,
    thread,
};

use mio::{Events, Interest, Poll, Token};
use smtp_bench::floor::{GREETING, Replier};
use smtp_rustls::{
    Identity, ServerSettings,
    rustls::{ServerConfig, ServerConnection},
};
use tokio::io::AsyncReadExt as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: floor-tls ADDRESS [tokio|smol|threads]";
    let address: SocketAddr = arguments.first().ok_or(usage)?.parse()?;
    let listener = net::TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let tls = ServerSettings::new(Identity::self_signed(["localhost"])?).build()?;
    let config = tls.config();
    match arguments.get(1).map(String::as_str) {
        None => serve(listener, config)?,
        Some("tokio") => serve_on_tokio(listener, config)?,
        Some("smol") => serve_on_smol(listener, config)?,
        Some("threads") => serve_on_threads(&listener, config)?,
        Some(_) => return Err(usage.into()),
    }
    Ok(())
}

/// A session of TLS, and the place in the session of SMTP.
struct Session {
    tls: ServerConnection,
    replier: Replier,
}

impl Session {
    fn new(config: &Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        // It leaves after the handshake.
        tls.writer().write_all(GREETING)?;
        Ok(Self {
            tls,
            replier: Replier::new(),
        })
    }

    /// Decrypts, and writes the replies at once. Returns false at the end.
    fn turn(&mut self, ciphertext: &[u8], mut stream: impl Write) -> io::Result<bool> {
        let replies = self.replies_to(ciphertext)?;
        self.tls.writer().write_all(&replies)?;
        while self.tls.wants_write() {
            self.tls.write_tls(&mut stream)?;
        }
        Ok(!ciphertext.is_empty() && !self.replier.is_over())
    }

    fn replies_to(&mut self, mut ciphertext: &[u8]) -> io::Result<Vec<u8>> {
        let mut replies = Vec::new();
        // It reads nothing after close_notify.
        while !ciphertext.is_empty() && self.tls.read_tls(&mut ciphertext)? > 0 {
            self.tls.process_new_packets().map_err(io::Error::other)?;
            let mut reader = self.tls.reader();
            while let Ok(content @ [_, ..]) = reader.fill_buf() {
                replies.append(&mut self.replier.replies_to(content));
                let used = content.len();
                reader.consume(used);
            }
        }
        Ok(replies)
    }
}

/// Serves with a readiness loop, as `floor`.
fn serve(listener: net::TcpListener, config: &Arc<ServerConfig>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; ROOM]);
    let mut connections: HashMap<Token, (mio::net::TcpStream, Session)> = HashMap::new();
    let mut last = LISTENER;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                if let Some(connection) = connections.get_mut(&event.token())
                    && !read_all(connection, &mut buffer).unwrap_or(false)
                {
                    connections.remove(&event.token());
                }
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                last.0 += 1;
                stream.set_nodelay(true)?;
                poll.registry().register(&mut stream, last, Interest::READABLE)?;
                connections.insert(last, (stream, Session::new(config)?));
            }
        }
    }
}

/// Reads until nothing is left. Returns false at the end.
fn read_all((stream, session): &mut (mio::net::TcpStream, Session), buffer: &mut [u8]) -> io::Result<bool> {
    loop {
        let read = match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            read => read?,
        };
        let more = session.turn(&buffer[..read], &mut *stream)?;
        // A read that left room has found all there was; the next octets are a new event.
        if !more || read < buffer.len() {
            return Ok(more);
        }
    }
}

/// Serves with a task of tokio for each connection.
#[tokio::main]
async fn serve_on_tokio(listener: net::TcpListener, config: &Arc<ServerConfig>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut session = Session::new(config)?;
        tokio::spawn(async move {
            let mut buffer = vec![0; ROOM];
            while let Ok(read) = stream.read(&mut buffer).await
                && session.turn(&buffer[..read], WriteNow(&stream)).unwrap_or(false)
            {}
        });
    }
}

/// A stream of tokio that does not wait for room.
struct WriteNow<'s>(&'s tokio::net::TcpStream);

impl Write for WriteNow<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.try_write(octets)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves with a task of smol for each connection.
fn serve_on_smol(listener: net::TcpListener, config: &Arc<ServerConfig>) -> io::Result<()> {
    smol::block_on(async {
        let listener = smol::Async::new(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            let mut session = Session::new(config)?;
            let task = async move {
                let mut buffer = vec![0; ROOM];
                // It waits before each read, so that none finds nothing.
                while stream.readable().await.is_ok()
                    && let Ok(read) = stream.get_ref().read(&mut buffer)
                    && session.turn(&buffer[..read], stream.get_ref()).unwrap_or(false)
                {}
            };
            smol::spawn(task).detach();
        }
    })
}

/// Serves with a thread for each connection.
fn serve_on_threads(listener: &net::TcpListener, config: &Arc<ServerConfig>) -> io::Result<()> {
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        let mut session = Session::new(config)?;
        thread::spawn(move || {
            let mut buffer = vec![0; ROOM];
            while let Ok(read) = stream.read(&mut buffer)
                && session.turn(&buffer[..read], &stream).unwrap_or(false)
            {}
        });
    }
    Ok(())
}

const LISTENER: Token = Token(0);

/// Maximum octets of a read.
const ROOM: usize = 64 * 1024;
