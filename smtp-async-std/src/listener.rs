//! Listening sockets.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
#[cfg(unix)]
use std::{
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::Path,
};

use async_io::Async;
use futures_lite::future::yield_now;
use smtp_driver::{Address, Peer};
use socket2::{Domain, Protocol, Type};

use crate::{Io, Stream, stream::resolve};

/// A listening socket of a server, on smol and async-std alike.
///
/// [`bind`](Self::bind) makes a queue for 4,096 connections; the system may have a lower limit (`net.core.somaxconn` on
/// Linux). Other listeners often have a queue of 128, too short for a burst of clients.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Listener {
    /// A TCP socket.
    Tcp(Arc<Async<TcpListener>>),
    /// A Unix socket, for example for LMTP.
    #[cfg(unix)]
    Unix(Arc<Async<UnixListener>>),
}

impl Listener {
    /// Listens on this address. Port 0 makes the system choose a port.
    ///
    /// # Errors
    ///
    /// If no address is found, or none of them can be bound.
    pub async fn bind(address: impl Into<Address>) -> io::Result<Self> {
        match address.into() {
            Address::Tcp(address) => {
                let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
                for address in resolve(&address).await? {
                    match listen(address) {
                        Ok(listener) => return listener.try_into(),
                        Err(error) => failed = error,
                    }
                }
                Err(failed)
            }
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
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(path)?)?;
        socket.listen(BACKLOG)?;
        UnixListener::from(OwnedFd::from(socket)).try_into()
    }

    /// Takes the listeners that the service manager has opened (socket activation of systemd, `LISTEN_FDS`). Empty if
    /// there are none, and for a second call.
    ///
    /// # Errors
    ///
    /// If one is neither a TCP nor a Unix socket that listens.
    #[cfg(feature = "systemd")]
    pub fn from_env() -> io::Result<Vec<Self>> {
        let mut passed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..passed.len() {
            #[cfg(unix)]
            if let Ok(Some(listener)) = passed.take_unix_listener(index) {
                listeners.push(listener.try_into()?);
                continue;
            }
            if let Some(listener) = passed.take_tcp_listener(index)? {
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
            Self::Tcp(listener) => listener.get_ref().local_addr().map(Peer::Ip),
            #[cfg(unix)]
            Self::Unix(_) => Ok(Peer::Unix),
        }
    }

    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        // The executors do not interrupt a task, and a flood of connections must not keep the others from theirs.
        yield_now().await;
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let socket = stream.get_ref();
                // It fails if the connection is broken already, which the session will notice.
                let _ = socket.set_nodelay(true);
                let local = socket.local_addr().or_else(|_| listener.get_ref().local_addr())?;
                Ok((Io::new(Stream::Tcp(stream.into())), peer.into(), local.into()))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Io::new(Stream::Unix(stream.into())), Peer::Unix, Peer::Unix))
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server can start again at once after it has stopped. On Windows the option has another meaning.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl TryFrom<TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: TcpListener) -> io::Result<Self> {
        Ok(Self::Tcp(Arc::new(Async::new(listener)?)))
    }
}

#[cfg(unix)]
impl TryFrom<UnixListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: UnixListener) -> io::Result<Self> {
        Ok(Self::Unix(Arc::new(Async::new(listener)?)))
    }
}

/// Maximum connections that wait to be accepted.
const BACKLOG: i32 = 4096;
