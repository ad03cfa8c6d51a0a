//! Accepting connections and running a session on each.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use smtp_proto::{
    Step, Wait,
    driver::{FAREWELL, Options, PAUSE, busy_reply},
    server::{Config, Event, Server, Shutdown},
};
use tracing::{debug, debug_span, warn};

#[cfg(feature = "rustls")]
use {smtp_proto::TlsUpgrade, smtp_rustls::rustls::ServerConfig};

use crate::{
    Connection, Stop, Stream, Waker,
    alarm::Bell,
    hall::Hall,
    socket::{Blocked, due, is_over, would_block},
};

/// A server's end of one accepted connection: as a [`Connection`], and it also hears of the shutdown.
#[derive(Debug)]
pub struct Session {
    connection: Connection<Stream<TcpStream>, Server>,
    peer: SocketAddr,
    local: SocketAddr,
    orders: Arc<Orders>,
    /// Which of the orders was obeyed.
    obeyed: Option<Shutdown>,
}

/// What the sessions of a server are told when it stops.
#[derive(Debug)]
struct Orders {
    gracefully: Bell,
    now: Bell,
    /// Whoever has not said 421 by then does not say it any more.
    over: Bell,
}

impl Orders {
    fn last(&self) -> Option<Shutdown> {
        if self.now.is_rung() {
            Some(Shutdown::Now)
        } else {
            self.gracefully.is_rung().then_some(Shutdown::Gracefully)
        }
    }
}

impl Session {
    /// As [`Connection::poll`].
    pub fn poll(&mut self) -> (Step<Event<'_>>, &mut Server) {
        let (step, server) = self.connection.poll();
        if let Step::Event(Event::Closed(why)) = &step {
            debug!(%why, "closed");
        }
        (step, server)
    }

    /// As [`Connection::wait`], and ends early to tell the machine of the shutdown.
    pub fn wait(&mut self, wait: Wait) {
        let bell = match self.obeyed {
            None => Some(&self.orders.gracefully),
            Some(Shutdown::Gracefully) => Some(&self.orders.now),
            Some(Shutdown::Now) => Some(&self.orders.over),
        };
        self.connection.wait_beside(wait, bell);
        self.obey();
        if self.orders.over.is_rung() {
            self.connection.lose(io::ErrorKind::TimedOut.into());
        }
    }

    /// As [`Connection::waker`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn waker(&mut self) -> io::Result<Waker> {
        self.connection.waker()
    }

    /// As [`Connection::start_tls`](Connection::start_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        let bell = Some(&self.orders.gracefully);
        self.connection.start_tls_beside(upgrade, config, bell);
        self.obey();
    }

    /// As [`Connection::start_implicit_tls`](Connection::start_implicit_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub fn start_implicit_tls(&mut self, config: &Arc<ServerConfig>) {
        let bell = Some(&self.orders.gracefully);
        self.connection.begin_tls_beside(config, bell);
        self.obey();
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &Server {
        self.connection.machine()
    }

    /// The machine, to give it answers.
    pub const fn machine_mut(&mut self) -> &mut Server {
        self.connection.machine_mut()
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &Stream<TcpStream> {
        self.connection.stream()
    }

    /// As [`Connection::take_error`].
    pub const fn take_error(&mut self) -> Option<io::Error> {
        self.connection.take_error()
    }

    /// The client's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The address that the client connected to.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Closes the connection; see [`Connection::close`].
    pub fn close(self) {
        self.connection.close();
    }

    fn obey(&mut self) {
        let last = self.orders.last();
        if let Some(how) = last.filter(|_| last != self.obeyed) {
            self.obeyed = last;
            self.connection.machine_mut().shutdown(how);
        }
    }
}

/// Accepts connections and runs `session` on each, in a thread that it has for itself meanwhile, until it is told to
/// `stop`.
///
/// Then no more are accepted; sessions finish the transaction in hand and say 421 (RFC 5321 section 3.8), at once
/// after [`Options::grace`]. Returns when all have ended. A session that panics ends alone.
///
/// There are never more threads than [`Options::connections`], beside the one that calls this. They are made as
/// connections come, serve one after the other, and end when there was none for them for some seconds.
///
/// A connection counts as long as `session` runs with it: let it end there. A thread cannot be ended from outside, so
/// sessions that do not [`wait`](Session::wait) when all of the time is over are left behind, with their connections, and
/// this returns without them.
///
/// The session loop is the caller's: see [`Connection`]. Its end is [`Session::close`].
///
/// Give it a listener with a large queue, such as 4,096 connections (the system caps it): `listen` of the crate `socket2`.
/// `TcpListener::bind` makes a queue of 128, and in a larger burst clients wait for a greeting in vain.
///
/// # Errors
///
/// When the listener has no address, or the system has no more descriptors: eight are needed beside the connections.
/// Errors in accepting are logged and survived.
pub fn serve(
    listener: TcpListener,
    config: Arc<Config>,
    options: Options,
    stop: &Stop,
    session: impl Fn(Session) + Send + Sync + 'static,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let (alarm, bell) = Bell::new()?;
    let (finish, gracefully) = Bell::new()?;
    let (end, now) = Bell::new()?;
    let (give_up, over) = Bell::new()?;
    let orders = Arc::new(Orders {
        gracefully,
        now,
        over,
    });
    stop.rings(alarm);
    let hall = Arc::new(Hall::new(options.connections, options.per_peer));
    let session = Arc::new(session);
    // In this order no flood of connections can keep the stop from its turn.
    while !bell.is_rung() {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                let waited = if would_block(&error) {
                    Blocked::READ.wait(&listener, Some(bell.as_fd()), None)
                } else if is_of_one_connection(&error) {
                    Ok(())
                } else {
                    Err(error)
                };
                if let Err(error) = waited {
                    warn!(%error, %local, "cannot accept");
                    pause(&bell);
                }
                continue;
            }
        };
        if !hall.admit(peer.ip()) {
            debug!(%peer, "refused: too many connections");
            if !options.implicit_tls {
                let _ = stream.set_nonblocking(true);
                turn_away(&mut &stream, Arc::clone(&config));
            }
            continue;
        }
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, %peer, "cannot set TCP_NODELAY");
        }
        let accepted = Session {
            local: stream.local_addr().unwrap_or(local),
            connection: Connection::new(Stream::clear(stream), Server::new(Arc::clone(&config))),
            peer,
            orders: Arc::clone(&orders),
            obeyed: None,
        };
        if !hall.hand(accepted) {
            continue;
        }
        let (of, session) = (Arc::clone(&hall), Arc::clone(&session));
        let thread = thread::Builder::new().name("smtp session".to_owned());
        if let Err(error) = thread.spawn(move || work(&of, &*session)) {
            warn!(%error, %peer, "cannot start a thread");
            if let Some(mut unserved) = hall.take_back() {
                let _place = hall.place(unserved.peer.ip());
                if !options.implicit_tls {
                    turn_away(unserved.connection.stream_mut(), Arc::clone(&config));
                }
            }
            pause(&bell);
        }
    }
    debug!(%local, sessions = hall.taken(), "shutting down");
    // In this order: once a connection is refused, every session knows.
    finish.ring();
    drop(listener);
    hall.close();
    if !hall.empty_within(options.grace) {
        debug!(%local, sessions = hall.taken(), "ending the sessions that are left");
        end.ring();
        if !hall.empty_within(FAREWELL) {
            debug!(%local, sessions = hall.taken(), "giving up the connections that are left");
            give_up.ring();
            if !hall.empty_within(FAREWELL) {
                warn!(%local, sessions = hall.taken(), "leaving sessions behind that do not end");
            }
        }
    }
    Ok(())
}

/// Runs sessions as long as there are any for this thread.
fn work(hall: &Hall<Session>, session: &impl Fn(Session)) {
    while let Some(accepted) = hall.next() {
        let peer = accepted.peer;
        let place = hall.place(peer.ip());
        debug_span!("session", %peer).in_scope(|| {
            debug!("connected");
            if catch_unwind(AssertUnwindSafe(|| session(accepted))).is_err() {
                warn!("a session panicked");
            }
        });
        place.end();
    }
}

/// Waits for things to get better, or for the bell.
fn pause(bell: &Bell) {
    let due = due(PAUSE);
    while !bell.is_rung() && !is_over(due) {
        if Blocked::READ.wait(bell, None, due).is_err() {
            thread::sleep(PAUSE);
        }
    }
}

/// Whether an error in accepting concerns only the connection that was to be accepted: it was gone already.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// Says 421 to a connection that nobody can serve, without waiting for anything.
fn turn_away(stream: &mut impl Write, config: Arc<Config>) {
    let _ = stream.write(&busy_reply(config));
}

#[cfg(test)]
mod tests;
