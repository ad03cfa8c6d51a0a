//! Servers: sessions on the accepted connections, each on a thread of its own.

use std::{future, io, pin::pin, sync::Arc, task, time::Duration};

use smtp_driver::{self as driver, Blocking, Listener, Peer, ServeOptions, Service, proto::server::Config};
use smtp_reactor::Socket;

use crate::{Io, Session, Stream, block_on};

/// A [`Listener`] on threads.
#[derive(Debug)]
pub struct Acceptor(Socket<Listener>);

impl Acceptor {
    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe. Run it with
    /// [`block_on`].
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        let (stream, peer, local) = self.0.accept().await?;
        // The system may not know the address if the connection is already broken.
        let local = local.map_or_else(|| self.0.get_ref().local(), |address| Ok(address.into()))?;
        Ok((Io::new(stream), peer.map_or(Peer::Unix, Peer::Ip), local))
    }
}

impl From<Listener> for Acceptor {
    fn from(listener: Listener) -> Self {
        Self(Socket::new(listener))
    }
}

/// The [`driver::Runtime`] of threads: accepting, spawning and sleeping. Each adapter has a type of this name. Run futures
/// that use it with [`block_on`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Runtime;

impl driver::Runtime for Runtime {
    type Listener = Acceptor;
    type Transport = Io<Stream>;

    async fn accept(acceptor: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
        acceptor.accept().await
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        smtp_reactor::spawn(task);
    }

    fn spawn_brief(task: impl Future<Output = ()> + Send + 'static) {
        // Not worth a thread: poll the task once, and drop it.
        let _ = pin!(task).poll(&mut task::Context::from_waker(task::Waker::noop()));
    }

    async fn sleep(time: Duration) {
        smtp_reactor::sleep(time).await;
    }
}

/// Accepts connections and runs the service on each, with the default [`ServeOptions`]. Does not return; [`serve_until`] has
/// options and a graceful shutdown.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if the configuration offers STARTTLS and the options have no TLS settings.
/// On other runtimes also if the listener is not accepted. Errors of connections are logged.
pub fn serve(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let options = ServeOptions::default();
    serve_until(listener, config, options, future::pending(), service)
}

/// Accepts connections and runs the service on each, on a thread for each session, until `stop` is ready, for example a
/// [`ShutdownHandle`](crate::ShutdownHandle). [`driver::serve`] has the details of sessions, and [`serve_sessions`] those of
/// threads.
///
/// A function of the service may block its thread, for example to read a file: only its session waits.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if the configuration offers STARTTLS and the options have no TLS settings.
/// On other runtimes also if the listener is not accepted. Errors of connections are logged.
pub fn serve_until(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let (acceptor, service) = (listener.into().into(), Arc::new(service));
    let served = driver::serve::<Runtime, _>(acceptor, config.into(), options, stop, service);
    block_on(served)
}

/// Accepts connections and runs `session` on each, on a thread for each session, until `stop` is ready, for example a
/// [`ShutdownHandle`](crate::ShutdownHandle).
///
/// Shutdown: when `stop` is ready, the server accepts no more connections. Sessions finish the current transaction, then send
/// 421 (RFC 5321 section 3.8). After [`ServeOptions::shutdown_grace`] the remaining sessions send 421 at once. The function
/// returns when all sessions have ended. A session that panics does not affect others.
///
/// The maximum number of threads is the sum of [`ServeOptions::max_connections`] of all servers, plus the calling threads. A
/// thread runs one session after the other, and ends after 10 seconds without a session. If no thread can be started, the
/// connection is closed. Each thread holds two descriptors that wake it.
///
/// A thread cannot be ended from outside. If a session still blocks its thread after
/// [`CLOSE_TIMEOUT`](smtp_driver::CLOSE_TIMEOUT), the function returns without waiting for it.
///
/// `session` is a loop of your own: see [`Session`]. End the loop with [`close`](Session::close).
///
/// # Errors
///
/// None on threads; on other runtimes, if the listener is not accepted. Errors of connections are logged.
pub fn serve_sessions(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) + Send + Sync + 'static,
) -> io::Result<()> {
    let (acceptor, session) = (listener.into().into(), Arc::new(session));
    let start = |accepted| {
        let session = Arc::clone(&session);
        async move { session(Blocking(accepted)) }
    };
    let served = driver::serve_sessions::<Runtime, _>(acceptor, config.into(), options, stop, start);
    block_on(served);
    Ok(())
}
