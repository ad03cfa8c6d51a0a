//! Servers: listening sockets, and sessions on what they accept.

use std::{io, sync::Arc, time::Duration};

use smtp_driver::{self as driver, Listener, Peer, Runtime, ServeOptions, Service, proto::server::Config};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::{net::TcpListener, time};

use crate::{Io, Session, Stream};

/// A listening socket on tokio, made of a [`Listener`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Acceptor {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl TryFrom<Listener> for Acceptor {
    type Error = io::Error;

    fn try_from(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Self::Tcp)
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Self::Unix)
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// The functions of tokio that a server needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tokio;

impl Runtime for Tokio {
    type Listener = Acceptor;
    type Transport = Io<Stream>;

    async fn accept(listener: &Acceptor) -> io::Result<(Io<Stream>, Peer, Peer)> {
        match listener {
            Acceptor::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // It fails if the connection is broken already, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Io::new(Stream::Tcp(stream)), peer.into(), local.into()))
            }
            #[cfg(unix)]
            Acceptor::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Io::new(Stream::Unix(stream)), Peer::Unix, Peer::Unix))
            }
        }
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(task));
    }

    async fn sleep(time: Duration) {
        time::sleep(time).await;
    }
}

/// Accepts connections and serves each by the service, with the default [`ServeOptions`], until the future is dropped.
/// [`serve_until`] has options and shuts down gracefully.
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

/// Accepts connections and serves each by the service, until `stop` is ready. Then sessions finish the transaction in hand.
/// [`driver::serve`] has the details.
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
    driver::serve::<Tokio, _>(acceptor, config.into(), options, stop, service).await
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
/// [`driver::serve_sessions`] has the details.
///
/// The caller writes the loop of the session: see [`Session`]. It ends with [`close`](crate::driver::Session::close).
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
    driver::serve_sessions::<Tokio, F>(acceptor, config.into(), options, stop, session).await;
    Ok(())
}
