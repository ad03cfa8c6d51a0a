//! A mail server with many connections on one thread: a readiness loop over `mio`, without a runtime. It prints the length of
//! each message and discards the message.
//!
//! ```sh
//! cargo run -p smtp-proto --example readiness -- 127.0.0.1:2525
//! ```
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a driver owns the streams and the clock"
)]

use std::{
    collections::{BTreeSet, HashMap},
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr},
    sync::Arc,
    time::Duration,
};

use mio::{
    Events, Interest, Poll, Registry, Token,
    event::Source,
    net::{TcpListener, TcpStream},
};
use smtp_proto::{
    Instant, Machine, Step, Wait,
    driver::{Buffered, ConnectionLimiter, NextIo, busy_reply},
    server::{Config, Event, Server},
    types::{Host, Rejection},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
    /// The latest time of the next turn of each connection. Each connection has at most one entry.
    deadlines: BTreeSet<(Instant, Token)>,
    /// The last token used. Tokens are not reused, so a late event cannot reach another connection.
    last_token: Token,
    origin: std::time::Instant,
}

struct Connection {
    stream: TcpStream,
    peer: IpAddr,
    session: Buffered<Server>,
    message: Vec<u8>,
    /// The interest for which the stream is registered.
    interest: Option<Interest>,
    deadline: Option<Instant>,
}

/// Result of a connection's turn.
enum Turn {
    /// The connection waits for the deadline, or for the stream to become ready.
    Wait(Wait, Option<Interest>),
    /// The connection can continue after the others had their turn.
    Yield,
    Over,
}

const LISTENER: Token = Token(0);

/// Maximum I/O rounds of one connection before the others have their turn.
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
                Ok((stream, peer)) if self.limiter.take(peer.ip()) => {
                    self.last_token.0 += 1;
                    let connection = Connection::new(stream, peer.ip(), self.config.clone());
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
                // Most likely out of file descriptors: try again later.
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
            Turn::Wait(wait, interest) => connection
                .register(self.poll.registry(), token, interest)
                .map(|()| wait.deadline.map(|due| due.at))
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
                self.limiter.leave(connection.peer);
                self.connections.remove(&token);
            }
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, peer: IpAddr, config: Arc<Config>) -> Self {
        Self {
            stream,
            peer,
            session: Buffered::new(Server::new(config)),
            message: Vec::new(),
            interest: None,
            deadline: None,
        }
    }

    /// Reads, writes and answers until the stream would block or the turn is over.
    fn turn(&mut self, now: Instant, store: &mut impl FnMut(&[u8]) -> Result<(), Rejection>) -> Turn {
        let mut left = TURN;
        loop {
            let (step, server) = self.session.poll(now);
            match step {
                Step::Wait(_) if left == 0 => return Turn::Yield,
                Step::Wait(wait) => {
                    left -= 1;
                    if let Some(interest) = self.exchange(wait) {
                        return Turn::Wait(wait, interest);
                    }
                }
                Step::Event(Event::Closed(_)) => {
                    self.close();
                    return Turn::Over;
                }
                Step::Event(Event::Body(octets)) => self.message.extend_from_slice(octets),
                Step::Event(Event::Reset(_)) => self.message = Vec::new(),
                Step::Event(Event::EndOfData { ticket, .. }) => {
                    // The answer is too late if the server has sent 451: the client will send the message again.
                    let _ = match store(&std::mem::take(&mut self.message)) {
                        Ok(()) => server.accept(ticket),
                        Err(rejection) => server.reject(ticket, rejection),
                    };
                }
                Step::Event(other) => drop(server.proceed(other)),
            }
        }
    }

    /// Performs one round of I/O. Returns `None` if the machine must be polled, or else the interest to register.
    ///
    /// The machine stops reading while too much of its output is unwritten, so a client that never reads cannot make it
    /// read forever.
    fn exchange(&mut self, wait: Wait) -> Option<Option<Interest>> {
        let mut round = self.session.attempt(wait);
        loop {
            match self.session.next_io(&mut round) {
                NextIo::Flush => self.session.flushed(), // a socket needs no flush
                NextIo::Write(octets) => match self.stream.write(octets) {
                    Ok(0) => self.session.write_failed(),
                    Ok(octets) => self.session.took(octets),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => round.write_blocked(),
                    Err(_) => self.session.write_failed(),
                },
                NextIo::Read => {
                    let mut buffer = [0; 4096];
                    match self.stream.read(&mut buffer).map(|octets| buffer.get(..octets)) {
                        Ok(None | Some([])) => self.session.machine_mut().end_of_input(),
                        Ok(Some(octets)) => self.session.received(octets),
                        Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            round.read_blocked();
                            continue;
                        }
                        Err(_) => self.session.machine_mut().connection_lost(),
                    }
                    round.read_done();
                }
                NextIo::PollMachine => return None,
                NextIo::AwaitReadiness => {
                    self.session.release(); // an idle session needs no buffers
                    let read = round.wants_read().then_some(Interest::READABLE);
                    let write = round.wants_write().then_some(Interest::WRITABLE);
                    return Some(read.into_iter().chain(write).reduce(Interest::add));
                }
            }
        }
    }

    /// Registers exactly for the blocked operations. They were just tried, so no event is missed.
    fn register(&mut self, registry: &Registry, token: Token, interest: Option<Interest>) -> io::Result<()> {
        match (std::mem::replace(&mut self.interest, interest), interest) {
            (None, Some(interest)) => self.stream.register(registry, token, interest),
            (Some(before), Some(interest)) if before != interest => {
                self.stream.reregister(registry, token, interest)
            }
            (Some(_), None) => self.stream.deregister(registry),
            _ => Ok(()),
        }
    }

    /// Closes the connection after discarding unread input, because unread input may make the client lose the last reply.
    fn close(&mut self) {
        let _ = self
            .stream
            .shutdown(Shutdown::Write)
            .and_then(|()| io::copy(&mut (&self.stream).take(1 << 20), &mut io::sink()));
    }
}
