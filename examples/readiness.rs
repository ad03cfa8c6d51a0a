//! A mail server with many connections on one thread: a readiness loop over `mio`, without a runtime. It prints the length of
//! each message and discards the message.
//!
//! ```sh
//! cargo run -p examples --example readiness -- 127.0.0.1:2525
//! ```
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, ErrorKind, IoSlice, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr},
    sync::Arc,
    task::{self, Waker},
    time::Duration,
};

use examples::exit::Failure;
use mio::{
    Events, Interest, Poll, Registry, Token,
    event::Source,
    net::{TcpListener, TcpStream},
};
use smtp_driver::{ConnectionLimiter, Transport, busy_reply};
use smtp_proto::{
    Instant, Step,
    server::{Config, Event, Server},
    types::{Host, Rejection},
};

fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:2525".into());
    let mut config = Config::new(Host::parse("mx.example.org")?);
    config.set_max_message_size(1 << 20); // with the number of connections, this bounds the memory
    let mut service = Service::bind(
        address.parse()?,
        config.into(),
        ConnectionLimiter::new(500, 100),
        |message| {
            println!("{} octets", message.len());
            Ok(())
        },
    )?;
    println!("listening on {}", service.address()?);
    Ok(service.run()?)
}

/// A listener with its connections and their deadlines. `F` stores a message, or returns the rejection for it.
pub(crate) struct Service<F> {
    poll: Poll,
    listener: TcpListener,
    config: Arc<Config>,
    limiter: ConnectionLimiter,
    store: F,
    connections: HashMap<Token, Connection>,
    /// The deadline of each connection, at most one for each.
    deadlines: BTreeSet<(Instant, Token)>,
    /// The last token. Tokens are not reused, so a late event cannot reach another connection.
    last_token: Token,
    origin: std::time::Instant,
}

struct Connection {
    session: smtp_driver::Connection<Io, Server>,
    peer: IpAddr,
    message: Vec<u8>,
    /// The registered interest of the stream.
    interest: Option<Interest>,
    deadline: Option<Instant>,
}

/// A stream, and the operations that would have blocked.
struct Io {
    stream: TcpStream,
    now: Instant,
    blocked: Option<Interest>,
    deadline: Option<Instant>,
}

impl Io {
    fn attempt<R>(&mut self, interest: Interest, done: io::Result<R>) -> task::Poll<io::Result<R>> {
        match done {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.blocked = Some(self.blocked.map_or(interest, |blocked| blocked.add(interest)));
                task::Poll::Pending
            }
            done => task::Poll::Ready(done),
        }
    }
}

impl Transport for Io {
    type Error = io::Error;

    fn poll_read(
        &mut self,
        _: &mut task::Context<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> task::Poll<io::Result<()>> {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer);
        self.attempt(Interest::READABLE, read)
            .map_ok(|octets| sink(buffer.get(..octets).unwrap_or_default()))
    }

    fn poll_write(&mut self, _: &mut task::Context<'_>, slices: &[&[u8]]) -> task::Poll<io::Result<usize>> {
        let slices: Vec<_> = slices.iter().map(|octets| IoSlice::new(octets)).collect();
        let written = self.stream.write_vectored(&slices);
        self.attempt(Interest::WRITABLE, written)
    }

    fn poll_shutdown(&mut self, _: &mut task::Context<'_>) -> task::Poll<io::Result<()>> {
        task::Poll::Ready(self.stream.shutdown(Shutdown::Write))
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn poll_deadline(&mut self, _: &mut task::Context<'_>, at: Instant) -> task::Poll<()> {
        self.deadline = Some(at);
        if self.now < at {
            task::Poll::Pending
        } else {
            task::Poll::Ready(())
        }
    }
}

/// The result of a connection's turn.
enum Turn {
    /// The connection waits for the deadline, or for the stream to become ready.
    Wait(Option<Instant>, Option<Interest>),
    /// The connection can continue after the others had their turn.
    Yield,
    Over,
}

const LISTENER: Token = Token(0);

/// Maximum I/O rounds of a connection's turn, so that others are not delayed.
const TURN: usize = 16;

impl<F: FnMut(&[u8]) -> Result<(), Rejection>> Service<F> {
    pub(crate) fn bind(
        address: SocketAddr,
        config: Arc<Config>,
        limiter: ConnectionLimiter,
        store: F,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            config,
            limiter,
            store,
            connections: HashMap::new(),
            deadlines: BTreeSet::new(),
            last_token: LISTENER,
            origin: std::time::Instant::now(),
        })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(crate) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = self.deadlines.first().map(|(at, _)| at.since(self.now()));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = self.now();
            let mut due: BTreeSet<Token> = events.iter().map(|event| event.token()).collect();
            due.extend(
                self.deadlines
                    .iter()
                    .take_while(|(at, _)| *at <= now)
                    .map(|(_, token)| token),
            );
            for token in due {
                match token {
                    LISTENER => self.accept(now),
                    token => self.take_turn(token, now),
                }
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::after_origin(self.origin.elapsed())
    }

    /// Accepts all pending connections, because there is no further event for them.
    fn accept(&mut self, now: Instant) {
        self.deadlines.retain(|(_, token)| *token != LISTENER);
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) if self.limiter.take(Some(peer.ip())) => {
                    self.last_token.0 += 1;
                    let connection = Connection::new(stream, peer.ip(), self.config.clone(), now);
                    self.connections.insert(self.last_token, connection);
                    self.take_turn(self.last_token, now);
                }
                Ok((mut stream, _)) => drop(stream.write(&busy_reply(self.config.clone()))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                // Most likely there are no file descriptors left: try again later.
                Err(_) => {
                    self.deadlines.insert((now + Duration::from_secs(1), LISTENER));
                    return;
                }
            }
        }
    }

    /// Runs a connection until it waits, and schedules its next turn.
    fn take_turn(&mut self, token: Token, now: Instant) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return; // a late event: the connection has ended
        };
        if let Some(deadline) = connection.deadline.take() {
            self.deadlines.remove(&(deadline, token));
        }
        let next = match connection.turn(now, &mut self.store) {
            Turn::Wait(deadline, interest) => connection
                .register(self.poll.registry(), token, interest)
                .map(|()| deadline)
                .ok(),
            Turn::Yield => Some(Some(now)),
            Turn::Over => None,
        };
        match next {
            Some(deadline) => {
                connection.deadline = deadline;
                self.deadlines.extend(deadline.map(|at| (at, token)));
            }
            None => {
                self.limiter.leave(Some(connection.peer));
                self.connections.remove(&token);
            }
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, peer: IpAddr, config: Arc<Config>, now: Instant) -> Self {
        let io = Io {
            stream,
            now,
            blocked: None,
            deadline: None,
        };
        Self {
            session: smtp_driver::Connection::new(io, Server::new(config)),
            peer,
            message: Vec::new(),
            interest: None,
            deadline: None,
        }
    }

    /// Reads, writes and answers until the stream would block or the turn is over.
    fn turn(&mut self, now: Instant, store: &mut impl FnMut(&[u8]) -> Result<(), Rejection>) -> Turn {
        let mut left = TURN;
        self.session.transport_mut().now = now;
        loop {
            let (step, server) = self.session.poll();
            match step {
                Step::Wait(_) if left == 0 => return Turn::Yield,
                Step::Wait(wait) => {
                    left -= 1;
                    let io = self.session.transport_mut();
                    (io.blocked, io.deadline) = (None, None);
                    let mut cx = task::Context::from_waker(Waker::noop());
                    if self.session.poll_wait(&mut cx, wait).is_pending() {
                        let io = self.session.transport();
                        return Turn::Wait(io.deadline, io.blocked);
                    }
                }
                Step::Event(Event::Closed(_)) => {
                    self.close();
                    return Turn::Over;
                }
                Step::Event(Event::Body(octets)) => self.message.extend_from_slice(octets),
                Step::Event(Event::Reset(_)) => self.message = Vec::new(),
                Step::Event(Event::EndOfData { ticket, .. }) => {
                    // Ignore a late answer: the server has sent 451, and the client will send the message again.
                    let _ = match store(&std::mem::take(&mut self.message)) {
                        Ok(()) => server.accept(ticket),
                        Err(rejection) => server.reject(ticket, rejection),
                    };
                }
                Step::Event(other) => drop(server.proceed(other)),
            }
        }
    }

    /// Registers for exactly the operations that would have blocked. They were tried just before, so no event is missed.
    fn register(&mut self, registry: &Registry, token: Token, interest: Option<Interest>) -> io::Result<()> {
        let stream = &mut self.session.transport_mut().stream;
        match (std::mem::replace(&mut self.interest, interest), interest) {
            (None, Some(interest)) => stream.register(registry, token, interest),
            (Some(before), Some(interest)) if before != interest => {
                stream.reregister(registry, token, interest)
            }
            (Some(_), None) => stream.deregister(registry),
            _ => Ok(()),
        }
    }

    /// Closes the connection after reading the rest of the input, because unread input may make the client lose the last
    /// reply.
    fn close(&mut self) {
        let stream = &self.session.transport().stream;
        let _ = stream
            .shutdown(Shutdown::Write)
            .and_then(|()| io::copy(&mut (&*stream).take(1 << 20), &mut io::sink()));
    }
}
