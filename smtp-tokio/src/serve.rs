//! Accepting connections and running a session on each.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use smtp_proto::{
    Step, Wait,
    driver::{ConnectionLimiter, FAREWELL, Options, PAUSE, busy_reply},
    server::{Config, Event, Server, Shutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time,
};
use tracing::{Instrument, debug, debug_span, warn};

#[cfg(feature = "rustls")]
use {smtp_proto::TlsUpgrade, tokio_rustls::rustls::ServerConfig};

use crate::{Connection, Stream};

/// A server's end of one accepted connection: as a [`Connection`], and it also hears of the shutdown.
#[derive(Debug)]
pub struct Session(Box<Inner>);

// On the heap: the future that is given a session has room for it more than once, for as long as it lasts.
#[derive(Debug)]
struct Inner {
    connection: Connection<Stream<TcpStream>, Server>,
    place: ConnectionPermit,
    local: SocketAddr,
    stop: watch::Receiver<Option<Shutdown>>,
}

impl Session {
    /// As [`Connection::poll`].
    pub fn poll(&mut self) -> (Step<Event<'_>>, &mut Server) {
        let (step, server) = self.0.connection.poll();
        if let Step::Event(Event::Closed(why)) = &step {
            debug!(%why, "closed");
        }
        (step, server)
    }

    /// As [`Connection::wait`], and ends early to tell the machine of the shutdown.
    pub async fn wait(&mut self, wait: Wait) {
        let Inner { connection, stop, .. } = &mut *self.0;
        tokio::select! {
            () = connection.wait(wait) => {}
            Ok(()) = stop.changed() => self.obey(),
        }
    }

    /// As [`Connection::start_tls`](Connection::start_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        let Inner { connection, stop, .. } = &mut *self.0;
        tokio::select! {
            () = connection.start_tls(upgrade, config) => return,
            _ = stop.wait_for(Option::is_some) => {}
        }
        self.obey();
    }

    /// As [`Connection::start_implicit_tls`](Connection::start_implicit_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub async fn start_implicit_tls(&mut self, config: &Arc<ServerConfig>) {
        let Inner { connection, stop, .. } = &mut *self.0;
        tokio::select! {
            () = connection.start_implicit_tls(config) => return,
            _ = stop.wait_for(Option::is_some) => {}
        }
        self.obey();
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &Server {
        self.0.connection.machine()
    }

    /// The machine, to give it answers.
    pub const fn machine_mut(&mut self) -> &mut Server {
        self.0.connection.machine_mut()
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &Stream<TcpStream> {
        self.0.connection.stream()
    }

    /// As [`Connection::take_error`].
    pub const fn take_error(&mut self) -> Option<io::Error> {
        self.0.connection.take_error()
    }

    /// The client's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.0.place.peer
    }

    /// The address that the client connected to.
    #[must_use]
    pub const fn local(&self) -> SocketAddr {
        self.0.local
    }

    /// Closes the connection; see [`Connection::close`].
    pub async fn close(mut self) {
        self.0.connection.end().await;
    }

    fn obey(&mut self) {
        let how = *self.0.stop.borrow_and_update();
        if let Some(how) = how {
            self.0.connection.machine_mut().shutdown(how);
        }
    }
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Then no more are accepted; sessions finish the transaction in hand and say 421 (RFC 5321 section 3.8), at once
/// after [`Options::grace`]. Returns when all have ended. A session that panics ends alone. Dropping the future drops
/// all sessions.
///
/// The session loop is the caller's: see [`Connection`]. Its end is [`Session::close`].
///
/// Give it a listener with a large queue, such as 4,096 connections (the system caps it): `tokio::net::TcpSocket::listen`.
/// `TcpListener::bind` makes a queue of 128, and in a larger burst clients wait for a greeting in vain.
///
/// # Errors
///
/// When the listener has no address. Errors in accepting are logged and survived.
pub async fn serve<F>(
    listener: TcpListener,
    config: Arc<Config>,
    options: Options,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) -> F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let local = listener.local_addr()?;
    let (stopping, hear) = watch::channel(None);
    let places = Arc::new(Mutex::new(ConnectionLimiter::new(
        options.connections,
        options.per_peer,
    )));
    let mut sessions = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            // In this order no flood of connections can keep the others from their turn.
            biased;
            () = &mut stop => break,
            Some(ended) = sessions.join_next() => {
                log_end(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, %local, "cannot accept");
                if !is_of_one_connection(&error) {
                    time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        let Some(place) = ConnectionPermit::take(&places, peer) else {
            debug!(%peer, "refused: too many connections");
            if !options.implicit_tls {
                turn_away(stream, Arc::clone(&config));
            }
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, %peer, "cannot set TCP_NODELAY");
        }
        let local = stream.local_addr().unwrap_or(local);
        let accepted = Session(Box::new(Inner {
            connection: Connection::new(Stream::clear(stream), Server::new(Arc::clone(&config))),
            place,
            local,
            stop: hear.clone(),
        }));
        // The closure of the caller may panic, too, before there is a task to contain it.
        let Ok(task) = catch_unwind(AssertUnwindSafe(|| session(accepted))) else {
            warn!(%peer, "a session panicked before it began");
            continue;
        };
        let span = debug_span!("session", %peer);
        span.in_scope(|| debug!("connected"));
        // As it is: an async block around it would be twice as large, for as long as the session lasts.
        sessions.spawn(task.instrument(span));
    }
    debug!(%local, sessions = sessions.len(), "shutting down");
    // In this order: once a connection is refused, every session knows.
    stopping.send_replace(Some(Shutdown::Gracefully));
    drop(listener);
    if time::timeout(options.grace, all_ended(&mut sessions))
        .await
        .is_err()
    {
        debug!(%local, sessions = sessions.len(), "ending the sessions that are left");
        stopping.send_replace(Some(Shutdown::Now));
        let farewells = time::timeout(FAREWELL, all_ended(&mut sessions));
        if farewells.await.is_err() {
            warn!(%local, sessions = sessions.len(), "dropping sessions that do not end");
            sessions.shutdown().await;
        }
    }
    Ok(())
}

async fn all_ended(sessions: &mut JoinSet<()>) {
    while let Some(ended) = sessions.join_next().await {
        log_end(ended);
    }
}

/// Whether an error in accepting concerns only the connection that was to be accepted: it was gone already.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

fn log_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        warn!(%error, "a session failed");
    }
}

/// One of the connections that there may be; given back when dropped, also by a panic.
#[derive(Debug)]
struct ConnectionPermit {
    places: Arc<Mutex<ConnectionLimiter>>,
    peer: SocketAddr,
}

impl ConnectionPermit {
    /// Takes a place for a connection from this address, if there is one.
    fn take(places: &Arc<Mutex<ConnectionLimiter>>, peer: SocketAddr) -> Option<Self> {
        let taken = places
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(peer.ip());
        taken.then(|| Self {
            places: Arc::clone(places),
            peer,
        })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.leave(self.peer.ip());
    }
}

/// Says 421 to a connection for which there is no place, without waiting for anything.
fn turn_away(stream: TcpStream, config: Arc<Config>) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(&busy_reply(config));
    }
}
