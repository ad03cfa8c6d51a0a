//! A mail server with many connections on one thread: a readiness loop over `mio`, and no runtime. It says how long the
//! messages are, and drops them.
//!
//! ```sh
//! cargo run -p smtp-proto --example readiness -- 127.0.0.1:2525
//! ```
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a driver is what has the streams and the clock"
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

/// A listener, its connections, and what they wait for. `F` stores a message, or says why it cannot.
pub(crate) struct Service<F> {
    poll: Poll,
    listener: TcpListener,
    config: Arc<Config>,
    places: ConnectionLimiter,
    store: F,
    connections: HashMap<Token, Connection>,
    /// Who is to be looked at when, at the latest. Each connection is in it once at most.
    deadlines: BTreeSet<(Instant, Token)>,
    /// Tokens are not used again, so what is late for one connection cannot reach another.
    last_token: Token,
    origin: std::time::Instant,
}

struct Connection {
    stream: TcpStream,
    peer: IpAddr,
    session: Buffered<Server>,
    message: Vec<u8>,
    /// What the stream is registered for.
    interest: Option<Interest>,
    deadline: Option<Instant>,
}

/// How a connection's turn ended.
enum Turn {
    /// It waits, for this of its stream beside the deadline.
    Wait(Wait, Option<Interest>),
    /// It could go on, but it is for others to have a turn.
    Yield,
    Over,
}

const LISTENER: Token = Token(0);

/// Reads and writes of one connection before others have their turn.
const TURN: usize = 16;

impl<F: FnMut(&[u8]) -> Result<(), Rejection>> Service<F> {
    pub(crate) fn bind(
        address: SocketAddr,
        config: Arc<Config>,
        places: ConnectionLimiter,
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
            places,
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

    /// Takes all connections that wait: there is no event for those that are left.
    fn accept(&mut self, now: Instant) {
        self.deadlines.retain(|(_, token)| *token != LISTENER);
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) if self.places.take(peer.ip()) => {
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
                // There are no files left to open, most likely: later there may be.
                Err(_) => {
                    self.deadlines.insert((now + Duration::from_secs(1), LISTENER));
                    return;
                }
            }
        }
    }

    /// Lets a connection do what it can, and sees to it that it is looked at again.
    fn take_turn(&mut self, token: Token, now: Instant) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return; // an event that was on its way when the connection ended
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
                self.places.leave(connection.peer);
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

    /// Reads, writes and answers until the stream would block.
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
                    // An answer comes too late when the client was told 451 already: it will send the message again.
                    let _ = match store(&std::mem::take(&mut self.message)) {
                        Ok(()) => server.accept(ticket),
                        Err(rejection) => server.reject(ticket, rejection),
                    };
                }
                Step::Event(other) => drop(server.proceed(other)),
            }
        }
    }

    /// Does what is wanted and possible. `None` when something came of it, or else what to register for. The machine wants
    /// no more input when too much of its output is not taken, so a client that never reads is not read from for ever.
    fn exchange(&mut self, wait: Wait) -> Option<Option<Interest>> {
        let mut attempt = self.session.attempt(wait);
        loop {
            match self.session.duty(&mut attempt) {
                NextIo::Flush => self.session.flushed(), // a socket has nothing to flush
                NextIo::Write(octets) => match self.stream.write(octets) {
                    Ok(0) => self.session.write_failed(),
                    Ok(octets) => self.session.took(octets),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => attempt.write_blocked(),
                    Err(_) => self.session.write_failed(),
                },
                NextIo::Read => {
                    let mut buffer = [0; 4096];
                    match self.stream.read(&mut buffer).map(|octets| buffer.get(..octets)) {
                        Ok(None | Some([])) => self.session.machine_mut().end_of_input(),
                        Ok(Some(octets)) => self.session.received(octets),
                        Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            attempt.read_blocked();
                            continue;
                        }
                        Err(_) => self.session.machine_mut().connection_lost(),
                    }
                    attempt.has_read();
                }
                NextIo::PollMachine => return None,
                NextIo::AwaitReadiness => {
                    self.session.release(); // an idle session needs no buffers
                    let read = attempt.wants_read().then_some(Interest::READABLE);
                    let write = attempt.wants_write().then_some(Interest::WRITABLE);
                    return Some(read.into_iter().chain(write).reduce(Interest::add));
                }
            }
        }
    }

    /// Registers for what could not be done and nothing else. It was tried, so no event is missed.
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

    /// Closes the stream, after taking what came and was not read: else the client might lose the last reply.
    fn close(&mut self) {
        let _ = self
            .stream
            .shutdown(Shutdown::Write)
            .and_then(|()| io::copy(&mut (&self.stream).take(1 << 20), &mut io::sink()));
    }
}
