//! Listening sockets.

#[cfg(feature = "smol")]
use std::sync::Arc;
use std::{io, net::TcpListener};
#[cfg(unix)]
use std::{os::unix::net::UnixListener, path::Path};

use async_io::Async;
use futures_lite::future::yield_now;
use smtp_driver::{Address, Peer};
use socket2::{SockAddr, Socket};

use crate::{Io, Stream, io::resolve};

/// A listening socket of a server, TCP or Unix, on smol and async-std alike.
///
/// [`bind`](Self::bind) makes a queue for 4,096 connections; the system may have a lower limit (`net.core.somaxconn` on
/// Linux). Other listeners often have a queue of 128, too short for a burst of clients. The listeners of the standard
/// library and of the runtimes become one by [`TryFrom`].
#[derive(Debug)]
pub struct Listener(Async<Socket>);

impl Listener {
    /// Listens on this address. Port 0 makes the system choose a port.
    ///
    /// # Errors
    ///
    /// If no address is found, or none of them can be bound.
    pub async fn bind(address: impl Into<Address>) -> io::Result<Self> {
        match address.into() {
            Address::Tcp(address) => Self::listen(TcpListener::bind(&*resolve(&address).await?)?),
            #[cfg(unix)]
            Address::Unix(path) => Self::bind_unix(path),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Listens on a Unix socket with this path. The path must not exist, so remove the socket of an earlier server first.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::listen(UnixListener::bind(path)?)
    }

    fn listen(socket: impl Into<Socket>) -> io::Result<Self> {
        let socket = socket.into();
        socket.listen(BACKLOG)?;
        Async::new(socket).map(Self)
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
        self.0.get_ref().local_addr().map(to_peer)
    }

    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        // The executors do not interrupt a task, and a flood of connections must leave the sessions their turn.
        yield_now().await;
        let (socket, peer) = self.0.read_with(Socket::accept).await?;
        // It fails for a Unix socket, and if the connection is broken already, which the session will notice.
        let _ = socket.set_tcp_nodelay(true);
        let local = socket
            .local_addr()
            .map_or_else(|_| self.local(), |local| Ok(to_peer(local)))?;
        Ok((Io::new(Stream::new(socket)?), to_peer(peer), local))
    }
}

fn to_peer(address: SockAddr) -> Peer {
    address.as_socket().map_or(Peer::Unix, Peer::Ip)
}

/// Implements the conversion from a listener, which the function makes one of the standard library.
macro_rules! convert {
    ($listener:ty, $into_std:expr) => {
        impl TryFrom<$listener> for Listener {
            type Error = io::Error;

            fn try_from(listener: $listener) -> io::Result<Self> {
                Async::new($into_std(listener)?.into()).map(Self)
            }
        }
    };
}

convert!(TcpListener, io::Result::Ok);
#[cfg(unix)]
convert!(UnixListener, io::Result::Ok);
#[cfg(feature = "smol")]
convert!(smol::net::TcpListener, |own| Arc::<Async<TcpListener>>::from(own)
    .get_ref()
    .try_clone());
#[cfg(all(unix, feature = "smol"))]
convert!(smol::net::unix::UnixListener, |own| {
    Arc::<Async<UnixListener>>::from(own).get_ref().try_clone()
});
#[cfg(feature = "async-std")]
convert!(async_std::net::TcpListener, TcpListener::try_from);
#[cfg(all(unix, feature = "async-std"))]
convert!(async_std::os::unix::net::UnixListener, UnixListener::try_from);

/// Maximum connections that wait to be accepted.
const BACKLOG: i32 = 4096;
