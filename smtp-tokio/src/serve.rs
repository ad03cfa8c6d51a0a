//! Servers: listening sockets, and sessions on the accepted connections.

use std::io;

use smtp_driver::{Listener, Peer};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use crate::{Io, Stream};

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

smtp_driver::serve_on! {
    listener: Acceptor, transport: Io<Stream>,
    spawn: |task| drop(tokio::spawn(task)), sleep: tokio::time::sleep
}
