//! Accepting connections, and running a session on each.

mod arrivals;

use std::{
    future::{Future, poll_fn},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step, Wait,
    server::{Config, Event, Server},
    types::Rejection,
};
use tracing::{debug, debug_span, warn};

use self::arrivals::{Arrival, Arrivals, Terms, arrive};
use crate::{
    CLOSE_TIMEOUT, Connection, Peer, ProxyHeaderError, ServeOptions, Session, Transport,
    options::ServeTls,
    session::Ends,
    shutdown::{ConnectionPermit, EndOnDrop, Shared, Stage, StageWatch},
    wire::Wire,
};

/// The interface of a server to a runtime: accepting, spawning and sleeping.
pub trait Runtime: 'static {
    /// A listening socket.
    type Listener;
    /// An accepted connection.
    type Transport: Transport<Error = io::Error> + Send + 'static;

    /// Accepts a connection, and returns it with the addresses of the peer and of the local end.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<(Self::Transport, Peer, Peer)>>;

    /// Spawns a task. The task does not panic.
    fn spawn(task: impl Future<Output = ()> + Send + 'static);

    /// Spawns a task that is almost always ready at its first poll. An implementation may poll it once and drop it.
    fn spawn_brief(task: impl Future<Output = ()> + Send + 'static) {
        Self::spawn(task);
    }

    /// Waits for some time.
    fn sleep(time: Duration) -> impl Future<Output = ()>;
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Shutdown: when `stop` is ready, the server accepts no more connections, and closes those whose PROXY header is incomplete.
/// Sessions finish the current transaction, then send 421 (RFC 5321 section 3.8). After [`ServeOptions::shutdown_grace`] the
/// remaining sessions send 421 at once. The function returns when all sessions have ended.
///
/// A session that panics does not affect others. Dropping the future drops all sessions.
///
/// The server logs errors of accepting, and continues.
pub async fn serve_sessions<R: Runtime, F: Future<Output = ()> + Send + 'static>(
    listener: R::Listener,
    config: Arc<Config>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session<R::Transport>) -> F,
) {
    let config = options.apply(config);
    let shared = EndOnDrop(Shared::new(&options));
    let arrivals = Arrivals::new();
    let mut stop = pin!(stop);
    loop {
        let mut accept = pin!(R::accept(&listener));
        let accepted = loop {
            let next = poll_fn(|cx| {
                if stop.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Next::Stop);
                }
                match arrivals.poll_next(cx) {
                    Poll::Ready(arrival) => Poll::Ready(Next::Begin(arrival)),
                    Poll::Pending => accept.as_mut().poll(cx).map(Next::Accepted),
                }
            });
            match next.await {
                Next::Stop => break None,
                Next::Begin(arrival) => begin::<R, F>(arrival, &config, &options, &shared.0, &session),
                Next::Accepted(accepted) => break Some(accepted),
            }
        };
        match accepted {
            None => break,
            Some(Ok((transport, peer, local))) => {
                let proxy = options.expect_proxy.as_ref();
                if let Some(proxy) = proxy.filter(|proxy| !proxy.allows(peer)) {
                    proxy.refused(peer, &ProxyHeaderError::UnexpectedPeer);
                    continue;
                }
                // Behind a proxy, the client is known only after the PROXY header.
                let address = if proxy.is_some() { None } else { peer.ip() };
                let Some(permit) = ConnectionPermit::take(&shared.0, address) else {
                    debug!(%peer, "refused: too many connections");
                    if !options.tls.is_implicit() {
                        R::spawn_brief(reject_busy(transport, Arc::clone(&config)));
                    }
                    continue;
                };
                let arrival = Arrival {
                    wire: Wire::plaintext(transport),
                    permit,
                    peer,
                    local,
                    proxied: None,
                };
                let Some(proxy) = proxy else {
                    begin::<R, F>(arrival, &config, &options, &shared.0, &session);
                    continue;
                };
                let terms = Terms {
                    proxy: proxy.clone(),
                    implicit_tls: options.tls.is_implicit(),
                    config: Arc::clone(&config),
                };
                R::spawn(arrive(
                    arrival,
                    terms,
                    StageWatch::new(&shared.0),
                    Arc::clone(&arrivals),
                ));
            }
            Some(Err(error)) => {
                warn!(%error, "cannot accept");
                if !is_of_one_connection(&error) {
                    R::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }
    let shared = &*shared.0;
    debug!(sessions = shared.connections(), "shutting down");
    // First notify the sessions, then stop accepting: when a client is refused, every session knows of the shutdown.
    shared.begin(Stage::Graceful);
    arrivals.close();
    drop(listener);
    if within::<R>(options.shutdown_grace, shared.idle()).await {
        return;
    }
    debug!(
        sessions = shared.connections(),
        "ending the sessions that are left"
    );
    shared.begin(Stage::Now);
    if !within::<R>(CLOSE_TIMEOUT, shared.idle()).await {
        warn!(
            sessions = shared.connections(),
            "dropping sessions that do not end"
        );
        shared.begin(Stage::Over);
        within::<R>(CLOSE_TIMEOUT, shared.idle()).await;
    }
}

/// The next event for the loop that accepts.
enum Next<T> {
    Stop,
    /// A PROXY header was read.
    Begin(Arrival<T>),
    Accepted(io::Result<(T, Peer, Peer)>),
}

/// Begins the session on a connection.
fn begin<R: Runtime, F: Future<Output = ()> + Send + 'static>(
    arrival: Arrival<R::Transport>,
    config: &Arc<Config>,
    options: &ServeOptions,
    shared: &Arc<Shared>,
    session: impl Fn(Session<R::Transport>) -> F,
) {
    let (peer, local) = (arrival.peer, arrival.local);
    let mut connection = Connection::on_wire(arrival.wire, Server::new(Arc::clone(config)));
    if let Some(transcript) = &options.transcript {
        connection.set_transcript_of(Arc::clone(transcript), Some(peer));
    }
    if let Some(proxied) = &arrival.proxied {
        connection.record(format_args!("PROXY header of {}", proxied.address()));
    }
    let ends = Ends {
        peer,
        local,
        proxied: arrival.proxied.map(Box::new),
    };
    let mut accepted = Session::of_server(connection, ends, StageWatch::new(shared));
    if let ServeTls::Implicit(tls) = &options.tls {
        accepted.start_implicit_tls(tls);
    }
    start::<R, F>(accepted, arrival.permit, shared, session);
}

/// Spawns the task of a session, which holds the permit until its end.
fn start<R: Runtime, F: Future<Output = ()> + Send + 'static>(
    accepted: Session<R::Transport>,
    permit: ConnectionPermit,
    shared: &Arc<Shared>,
    session: impl Fn(Session<R::Transport>) -> F,
) {
    // The addresses are shared, because the task has little room.
    let ends = accepted.share_ends();
    let mut over = StageWatch::new(shared);
    // The closure may panic, too, and no task catches that.
    let Ok(task) = catch_unwind(AssertUnwindSafe(|| session(accepted))) else {
        warn!(peer = %ends.peer, "a session panicked before it began");
        return;
    };
    let span = debug_span!("session", peer = %ends.peer);
    span.in_scope(|| debug!("connected"));
    let mut task = Box::pin(task);
    // The span is outside the box of the session, because the task has room for it.
    R::spawn(poll_fn(move |cx| {
        let (_permit, _entered) = (&permit, span.enter());
        match over.poll_after(cx, Stage::Now) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx))).unwrap_or_else(|_| {
                warn!(peer = %ends.peer, "a session panicked");
                Poll::Ready(())
            }),
        }
    }));
}

/// Waits for a future, at most for this time. Returns true if the future was ready.
async fn within<R: Runtime>(limit: Duration, future: impl Future<Output = ()>) -> bool {
    let (mut future, mut sleep) = (pin!(future), pin!(R::sleep(limit)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| false),
    })
    .await
}

/// Returns true if an error of accepting concerns only one connection, which the peer had already closed.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// Sends 421 to a connection over the limit. The buffer of a new socket has room for it.
async fn reject_busy<T: Transport>(mut transport: T, config: Arc<Config>) {
    let reply = busy_reply(config);
    let end = transport.now() + ACCEPT_BACKOFF;
    poll_fn(|cx| match transport.poll_write(cx, &[&reply]) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => transport.poll_deadline(cx, end),
    })
    .await;
}

/// Returns the reply of a server to a connection over the limit: 421 instead of the greeting.
///
/// The buffer of a new socket has room for the reply, so it can be written without waiting. Do not send it on a port with
/// implicit TLS.
#[must_use]
pub fn busy_reply(config: impl Into<Arc<Config>>) -> Vec<u8> {
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    loop {
        match server.poll(&mut &[][..], now) {
            Step::Event(Event::Connect { ticket }) => {
                return match server.reject(ticket, Rejection::TOO_BUSY) {
                    Ok(()) => server.output().into(),
                    Err(_) => Vec::new(),
                };
            }
            // Skip the greeting delay.
            Step::Wait(Wait {
                deadline: Some(deadline),
                ..
            }) if deadline.at > now => now = deadline.at,
            _ => return Vec::new(),
        }
    }
}

/// Pause of a server after a failed accept, for example for lack of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
