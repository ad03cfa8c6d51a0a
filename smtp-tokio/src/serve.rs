//! Servers: listening sockets, and sessions on the accepted connections.

use std::{io, sync::Arc, time::Duration};

use smtp_driver::{self as driver, Listener, Peer, ServeOptions, Service, proto::server::Config};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::{net::TcpListener, time};

use crate::{Io, Session, Stream};

/// A [`Listener`] on tokio.
#[derive(Debug)]
pub struct Acceptor(Socket);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Acceptor {
    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        match &self.0 {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // It fails if the connection is already broken, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Io::new(Stream::Tcp(stream)), peer.into(), local.into()))
            }
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Io::new(Stream::Unix(stream)), Peer::Unix, Peer::Unix))
            }
        }
    }
}

impl TryFrom<Listener> for Acceptor {
    type Error = io::Error;

    fn try_from(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Self(Socket::Tcp(TcpListener::from_std(listener)?)))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Self(Socket::Unix(UnixListener::from_std(listener)?)))
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// The [`driver::Runtime`] of tokio: accepting, spawning and sleeping. Each adapter has a type of this name.
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
        drop(tokio::spawn(task));
    }

    async fn sleep(time: Duration) {
        time::sleep(time).await;
    }
}

/// Accepts connections and runs the service on each, with the default [`ServeOptions`], until the future is dropped.
/// [`serve_until`] has options and a graceful shutdown.
///
/// # Errors
///
/// If the runtime does not accept the listener. Errors of connections are logged.
pub async fn serve(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let options = ServeOptions::default();
    serve_until(listener, config, options, std::future::pending(), service).await
}

/// Accepts connections and runs the service on each, until `stop` is ready. Then each session finishes its current
/// transaction. [`driver::serve`] has the details.
///
/// # Errors
///
/// If the runtime does not accept the listener. Errors of connections are logged.
pub async fn serve_until(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    service: impl Service + 'static,
) -> io::Result<()> {
    let (acceptor, service) = (listener.into().try_into()?, Arc::new(service));
    driver::serve::<Runtime, _>(acceptor, config.into(), options, stop, service).await
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
/// [`driver::serve_sessions`] has the details.
///
/// `session` is a loop of your own: see [`Session`]. End the loop with [`close`](crate::driver::Session::close).
///
/// # Errors
///
/// If the runtime does not accept the listener. Errors of connections are logged.
pub async fn serve_sessions<F: Future<Output = ()> + Send + 'static>(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) -> F,
) -> io::Result<()> {
    let acceptor = listener.into().try_into()?;
    driver::serve_sessions::<Runtime, F>(acceptor, config.into(), options, stop, session).await;
    Ok(())
}
