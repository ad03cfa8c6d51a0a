//! Accepting connections and running a session on each.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step, Wait,
    server::{Config, Event, Server, Shutdown},
    types::Rejection,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time,
};
use tracing::{Instrument, debug, debug_span, warn};

use crate::Connection;

/// How long accepting pauses after an error such as running out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How many sessions [`serve`] runs, and how it stops.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Most connections at a time; one more is greeted with 421. Default 1000.
    pub connections: usize,
    /// Most connections at a time from one address. Default 100.
    pub per_peer: usize,
    /// How long sessions may finish their transactions after the stop signal; then they are ended at once.
    /// Default 30 seconds.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 1000,
            per_peer: 100,
            grace: Duration::from_secs(30),
        }
    }
}

/// A server's end of one accepted connection: a [`Connection`] that also hears of the shutdown.
#[derive(Debug)]
pub struct Session {
    connection: Connection<TcpStream, Server>,
    peer: SocketAddr,
    local: SocketAddr,
    stop: watch::Receiver<Option<Shutdown>>,
}

impl Session {
    /// As [`Connection::wait`], and ends early to tell the machine of the shutdown.
    pub async fn wait(&mut self, wait: Wait) {
        tokio::select! {
            () = self.connection.wait(wait) => {}
            Ok(()) = self.stop.changed() => self.obey(),
        }
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
    pub async fn close(self) {
        self.connection.close().await;
    }

    fn obey(&mut self) {
        let how = *self.stop.borrow_and_update();
        if let Some(how) = how {
            self.connection.machine_mut().shutdown(how);
        }
    }
}

impl Deref for Session {
    type Target = Connection<TcpStream, Server>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Then no more are accepted; sessions finish the transaction in hand and say 421 (RFC 5321 section 3.8), at once
/// after [`Options::grace`]. Returns when all have ended. A session that panics ends alone.
///
/// The session loop is the caller's: see [`Connection`]. Its end is [`Session::close`].
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
    let peers = Arc::new(Mutex::new(HashMap::new()));
    let mut sessions = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(ended) = sessions.join_next() => {
                log_end(ended);
                continue;
            }
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, %local, "cannot accept");
                time::sleep(PAUSE).await;
                continue;
            }
        };
        let place = Place::take(&peers, peer.ip(), options.per_peer);
        let (Some(place), true) = (place, sessions.len() < options.connections) else {
            debug!(%peer, "too many connections");
            turn_away(&stream, Arc::clone(&config));
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, %peer, "cannot set TCP_NODELAY");
        }
        let connection = Connection::new(stream, Server::new(Arc::clone(&config)));
        let local = connection.stream().local_addr().unwrap_or(local);
        let task = session(Session {
            connection,
            peer,
            local,
            stop: hear.clone(),
        });
        sessions.spawn(
            async move {
                let _place = place;
                debug!("connected");
                task.await;
            }
            .instrument(debug_span!("session", %peer)),
        );
    }
    drop(listener);
    stopping.send_replace(Some(Shutdown::Gracefully));
    let all_ended = async {
        while let Some(ended) = sessions.join_next().await {
            log_end(ended);
        }
    };
    if time::timeout(options.grace, all_ended).await.is_err() {
        stopping.send_replace(Some(Shutdown::Now));
        let all_ended = async {
            while let Some(ended) = sessions.join_next().await {
                log_end(ended);
            }
        };
        // The farewells may be written; what hangs after that is dropped.
        let _ = time::timeout(options.grace, all_ended).await;
    }
    Ok(())
}

fn log_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        warn!(%error, "a session failed");
    }
}

/// One of the connections that a peer may have; given back when dropped.
struct Place {
    peers: Arc<Mutex<HashMap<IpAddr, usize>>>,
    peer: IpAddr,
}

impl Place {
    fn take(peers: &Arc<Mutex<HashMap<IpAddr, usize>>>, peer: IpAddr, most: usize) -> Option<Self> {
        let mut held = peers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(peer).or_insert(0);
        (*count < most).then(|| {
            *count += 1;
            Self {
                peers: Arc::clone(peers),
                peer,
            }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.peer);
            }
        }
    }
}

/// Says 421 to a connection for which there is no room, without waiting for anything.
fn turn_away(stream: &TcpStream, config: Arc<Config>) {
    let mut server = Server::new(config);
    if let Step::Event(Event::Connect { ticket }) = server.poll(&mut &[][..], Instant::ORIGIN)
        && server.reject(ticket, Rejection::TOO_BUSY).is_ok()
    {
        let _ = stream.try_write(server.output());
    }
}
