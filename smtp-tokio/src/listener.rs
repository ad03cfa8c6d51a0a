//! Listening sockets.

use std::{io, net};
#[cfg(unix)]
use std::{os::unix, path::Path};

use smtp_driver::Peer;
use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, lookup_host};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixSocket};

use crate::Stream;

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
        let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in lookup_host(address).await? {
            match listen(address) {
                Ok(listener) => return Ok(Self::Tcp(listener)),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Listens on a Unix socket with this path. The path must not exist, so remove the socket of an earlier server first.
    ///
    /// # Errors
    ///
    /// If the socket cannot be made.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        socket.listen(BACKLOG).map(Self::Unix)
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
            Self::Tcp(listener) => listener.local_addr().map(Peer::Ip),
            #[cfg(unix)]
            Self::Unix(_) => Ok(Peer::Unix),
        }
    }

    /// Accepts a connection, and returns it with the addresses of the peer and of the local end.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, Peer, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // It fails if the connection is broken already, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Stream::Tcp(stream), peer.into(), local.into()))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Unix, Peer::Unix))
            }
        }
    }
}

fn listen(address: net::SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A server can start again at once after it has stopped. On Windows the option has another meaning.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

impl TryFrom<net::TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::Tcp)
    }
}

#[cfg(unix)]
impl TryFrom<unix::net::UnixListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener).map(Self::Unix)
    }
}

/// Maximum connections that wait to be accepted.
const BACKLOG: u32 = 4096;
