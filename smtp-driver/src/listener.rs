//! Listening sockets of the standard library, for every runtime.

#[cfg(windows)]
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::{
    io,
    net::{TcpListener, ToSocketAddrs},
};
#[cfg(unix)]
use std::{
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixListener,
    },
    path::Path,
};

use socket2::SockRef;

use crate::Peer;

/// A listening socket of a server, for any runtime.
///
/// [`bind`](Self::bind) and [`bind_unix`](Self::bind_unix) request a queue for 4,096 connections, enough for a burst of
/// clients; the system may have a lower limit (`net.core.somaxconn` on Linux). Listeners of other crates often request 128.
///
/// ```
/// use smtp_driver::{Listener, Peer};
///
/// let listener = Listener::bind("127.0.0.1:0")?;
/// assert!(matches!(listener.local()?, Peer::Ip(address) if address.port() > 0));
/// # Ok::<(), std::io::Error>(())
/// ```
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
    /// Listens on this address. With port 0 the system chooses a port. Looking up a host name blocks the thread.
    ///
    /// # Errors
    ///
    /// If no address is found, or none can be bound.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(Self::Tcp(listener))
    }

    /// Listens on a Unix socket with this path. The path must not exist: remove the socket of an earlier server first.
    ///
    /// # Errors
    ///
    /// If the socket cannot be created.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        SockRef::from(&listener).listen(BACKLOG)?;
        Ok(Self::Unix(listener))
    }

    /// Takes the listeners that the service manager has opened (socket activation of systemd, `LISTEN_FDS`). Returns an empty
    /// list if there are none, and at a second call.
    ///
    /// # Errors
    ///
    /// If one of them is not a listening TCP or Unix socket.
    #[cfg(all(unix, feature = "systemd"))]
    pub fn from_env() -> io::Result<Vec<Self>> {
        let mut passed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..passed.len() {
            if let Ok(Some(listener)) = passed.take_unix_listener(index) {
                listeners.push(Self::Unix(listener));
            } else if let Some(listener) = passed.take_tcp_listener(index)? {
                listeners.push(Self::Tcp(listener));
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

/// For a runtime, and for options of the socket (by the crate `socket2`, for example).
#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

/// For a runtime, and for options of the socket (by the crate `socket2`, for example).
#[cfg(windows)]
impl AsSocket for Listener {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match self {
            Self::Tcp(listener) => listener.as_socket(),
        }
    }
}

/// Maximum connections that wait to be accepted.
const BACKLOG: i32 = 4096;

#[cfg(test)]
mod tests;
