//! Servers: listening sockets, and sessions on what they accept.

#[cfg(unix)]
use std::path::Path;
use std::{io, sync::Arc, time::Duration};

use smtp_driver::{self as driver, Peer, Runtime, ServeOptions, Service, proto::server::Config};
use socket2::SockRef;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    time,
};

use crate::{Io, Session, Stream};

/// A listening socket of a server.
///
/// [`bind`](Self::bind) and [`bind_unix`](Self::bind_unix) make a queue for 4,096 connections; the system may have a lower
/// limit (`net.core.somaxconn` on Linux). Other listeners often have a queue of 128, too short for a burst of clients.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listener {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket, for example for LMTP.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    /// Listens on this address. Port 0 makes the system choose a port.
    ///
    /// # Errors
    ///
    /// If no address is found, or none of them can be bound.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(Self::Tcp(listener))
    }

    /// Listens on a Unix socket with this path. The path must not exist, so remove the socket of an earlier server first.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(Self::Unix(listener))
    }

    /// Takes the listeners that the service manager has opened (socket activation of systemd, `LISTEN_FDS`). Empty if
    /// there are none, and for a second call.
    ///
    /// # Errors
    ///
    /// If one is neither a TCP nor a Unix socket that listens.
    #[cfg(all(unix, feature = "systemd"))]
    pub fn from_env() -> io::Result<Vec<Self>> {
        let mut passed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..passed.len() {
            if let Ok(Some(listener)) = passed.take_unix_listener(index) {
                listeners.push(listener.try_into()?);
            } else if let Some(listener) = passed.take_tcp_listener(index)? {
                listeners.push(listener.try_into()?);
            }
        }
        Ok(listeners)
    }

    /// The address that the socket listens on.
    ///
    /// # Errors
    ///
    /// If the system does not know it.
    pub fn local(&self) -> io::Result<Peer> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Peer::Ip),
            #[cfg(unix)]
            Self::Unix(_) => Ok(Peer::Unix),
        }
    }
}

/// Implements the conversions from the listener of tokio and that of the standard library.
macro_rules! convert {
    ($kind:ident, $listener:ty, $std:ty) => {
        impl From<$listener> for Listener {
            fn from(listener: $listener) -> Self {
                Self::$kind(listener)
            }
        }

        impl TryFrom<$std> for Listener {
            type Error = io::Error;

            fn try_from(listener: $std) -> io::Result<Self> {
                listener.set_nonblocking(true)?;
                <$listener>::from_std(listener).map(Self::$kind)
            }
        }
    };
}

convert!(Tcp, TcpListener, std::net::TcpListener);
#[cfg(unix)]
convert!(Unix, UnixListener, std::os::unix::net::UnixListener);

/// The functions of tokio that a server needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tokio;

impl Runtime for Tokio {
    type Listener = Listener;
    type Transport = Io<Stream>;

    async fn accept(listener: &Listener) -> io::Result<(Io<Stream>, Peer, Peer)> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // It fails if the connection is broken already, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Io::new(Stream::Tcp(stream)), peer.into(), local.into()))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
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
pub async fn serve(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    service: impl Service + 'static,
) {
    let options = ServeOptions::default();
    serve_until(listener, config, options, std::future::pending(), service).await;
}

/// Accepts connections and serves each by the service, until `stop` is ready. Then sessions finish the transaction in hand.
/// [`driver::serve`] has the details.
pub async fn serve_until(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    service: impl Service + 'static,
) {
    driver::serve::<Tokio, _>(listener.into(), config.into(), options, stop, Arc::new(service)).await;
}

/// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
///
/// Then it accepts no more. Sessions finish the transaction in hand and send 421 (RFC 5321 section 3.8); they do so at
/// once after [`ServeOptions::shutdown_grace`]. Returns when all have ended. A session that panics ends alone. Dropping
/// the future drops all sessions.
///
/// The caller writes the loop of the session: see [`Session`]. It ends with [`close`](crate::driver::Session::close).
pub async fn serve_sessions<F: Future<Output = ()> + Send + 'static>(
    listener: impl Into<Listener>,
    config: impl Into<Arc<Config>>,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    session: impl Fn(Session) -> F,
) {
    smtp_driver::serve_sessions::<Tokio, F>(listener.into(), config.into(), options, stop, session).await;
}

/// Maximum connections that wait to be accepted.
const BACKLOG: i32 = 4096;
