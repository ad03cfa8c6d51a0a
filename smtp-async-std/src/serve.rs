//! Accepting connections and running a session on each.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
};

use async_io::Timer;
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{
    FutureExt,
    future::{or, poll_once, yield_now},
};
use smtp_proto::{
    Step, Wait,
    driver::{FAREWELL, Options, PAUSE, busy_reply},
    server::{Config, Event, Server},
};
use tracing::{Instrument, debug, debug_span, warn};

#[cfg(feature = "rustls")]
use {smtp_proto::TlsUpgrade, smtp_rustls::rustls::ServerConfig};

use crate::{
    Connection, Listener, Stream,
    hall::{ConnectionPermit, Hall},
    stop::{Hearing, Stage, Stop},
    time::timeout,
};

/// A server's end of one accepted connection: as a [`Connection`], and it also hears of the shutdown. The modules of the
/// runtimes have it with their streams.
#[derive(Debug)]
pub struct Session<S> {
    /// In a box, since a session is moved from one future into another, and each has room for it.
    connection: Box<Connection<Stream<S>, Server>>,
    peer: SocketAddr,
    local: SocketAddr,
    stop: Hearing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// As [`Connection::poll`].
    pub fn poll(&mut self) -> (Step<Event<'_>>, &mut Server) {
        let (step, server) = self.connection.poll();
        if let Step::Event(Event::Closed(why)) = &step {
            debug!(%why, "closed");
        }
        (step, server)
    }

    /// As [`Connection::wait`], and ends early to tell the machine of the shutdown.
    pub async fn wait(&mut self, wait: Wait) {
        if !self.stop.has_news() {
            or(self.connection.wait(wait), self.stop.news()).await;
        }
        if self.stop.has_news() {
            self.obey();
        }
    }

    /// As [`Connection::start_tls`](Connection::start_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub async fn start_tls(&mut self, upgrade: TlsUpgrade, config: &Arc<ServerConfig>) {
        let shaking = async {
            self.connection.start_tls(upgrade, config).await;
            true
        };
        let stopping = async {
            self.stop.until(Stage::Gracefully).await;
            false
        };
        if !or(shaking, stopping).await {
            self.obey();
        }
    }

    /// As [`Connection::start_implicit_tls`](Connection::start_implicit_tls), and gives up at the shutdown.
    #[cfg(feature = "rustls")]
    pub async fn start_implicit_tls(&mut self, config: &Arc<ServerConfig>) {
        let shaking = async {
            self.connection.start_implicit_tls(config).await;
            true
        };
        let stopping = async {
            self.stop.until(Stage::Gracefully).await;
            false
        };
        if !or(shaking, stopping).await {
            self.obey();
        }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Server {
        self.connection.machine()
    }

    /// The machine, to give it answers.
    pub fn machine_mut(&mut self) -> &mut Server {
        self.connection.machine_mut()
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &Stream<S> {
        self.connection.stream()
    }

    /// As [`Connection::take_error`].
    pub fn take_error(&mut self) -> Option<io::Error> {
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
    pub async fn close(mut self) {
        self.connection.end().await;
    }

    fn obey(&mut self) {
        if let Some(how) = self.stop.heed() {
            self.connection.machine_mut().shutdown(how);
        }
    }
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Then no more are accepted; sessions finish the transaction in hand and say 421 (RFC 5321 section 3.8), at once
/// after [`Options::grace`]. Returns when all have ended. A session that panics ends alone. Dropping the future drops
/// all sessions, each where it next waits.
///
/// The session loop is the caller's: see [`Connection`]. Its end is [`Session::close`]. A connection counts as long as the
/// future of its session runs: let it end there.
///
/// Give it a listener with a large queue, such as 4,096 connections (the system caps it): `listen` of the crate `socket2`.
/// `TcpListener::bind` makes a queue of 128, and in a larger burst clients wait for a greeting in vain.
///
/// # Errors
///
/// When the listener has no address. Errors in accepting are logged and survived.
pub async fn serve<L, F>(
    listener: L,
    config: Arc<Config>,
    options: Options,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session<L::Stream>) -> F,
) -> io::Result<()>
where
    L: Listener,
    F: Future<Output = ()> + Send + 'static,
{
    let local = listener.local_addr()?;
    let stopping = Stop::new();
    let hall = Arc::new(Hall::new(options.connections, options.per_peer));
    let mut stop = pin!(stop);
    loop {
        // In this order, and with a turn for them, no flood of connections can keep the others from theirs.
        yield_now().await;
        let stopped = async {
            stop.as_mut().await;
            None
        };
        let Some(accepted) = or(stopped, async { Some(listener.accept().await) }).await else {
            break;
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, %local, "cannot accept");
                if !is_of_one_connection(&error) {
                    Timer::after(PAUSE).await;
                }
                continue;
            }
        };
        let Some(place) = ConnectionPermit::take(&hall, peer.ip()) else {
            debug!(%peer, "refused: too many connections");
            if !options.implicit_tls {
                turn_away(stream, Arc::clone(&config)).await;
            }
            continue;
        };
        let local = listener.local_addr_of(&stream).unwrap_or(local);
        let accepted = Session {
            connection: Box::new(Connection::new(
                Stream::clear(stream),
                Server::new(Arc::clone(&config)),
            )),
            peer,
            local,
            stop: stopping.hear(),
        };
        // The closure of the caller may panic, too, before there is a task to contain it.
        let Ok(task) = catch_unwind(AssertUnwindSafe(|| session(accepted))) else {
            warn!(%peer, "a session panicked before it began");
            continue;
        };
        // In a box, since a future that is moved into another takes its room twice.
        let task = Box::pin(AssertUnwindSafe(task).catch_unwind());
        let mut over = stopping.hear();
        listener.spawn(
            async move {
                let _place = place;
                debug!("connected");
                let over = async {
                    over.until(Stage::Over).await;
                    Ok(())
                };
                if or(task, over).await.is_err() {
                    warn!("a session panicked");
                }
            }
            .instrument(debug_span!("session", %peer)),
        );
    }
    debug!(%local, sessions = hall.taken(), "shutting down");
    // In this order: once a connection is refused, every session knows.
    stopping.tell(Stage::Gracefully);
    drop(listener);
    if timeout(options.grace, hall.empty()).await.is_none() {
        debug!(%local, sessions = hall.taken(), "ending the sessions that are left");
        stopping.tell(Stage::Now);
        if timeout(FAREWELL, hall.empty()).await.is_none() {
            warn!(%local, sessions = hall.taken(), "dropping sessions that do not end");
            stopping.tell(Stage::Over);
            hall.empty().await;
        }
    }
    Ok(())
}

/// Whether an error in accepting concerns only the connection that was to be accepted: it was gone already.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// Says 421 to a connection for which there is no place, without waiting for anything.
async fn turn_away(mut stream: impl AsyncWrite + Unpin, config: Arc<Config>) {
    let octets = busy_reply(config);
    let _ = poll_once(poll_fn(|context| {
        Pin::new(&mut stream).poll_write(context, &octets)
    }))
    .await;
}
