//! Servers: listening sockets, and the functions that serve on them.

use std::io;

use async_io::Async;
use futures_lite::future::yield_now;
use socket2::{SockAddr, SockRef};

use crate::{Io, Listener, Peer, Stream};

/// A [`Listener`] on `async-io`.
#[derive(Debug)]
pub struct Acceptor(Async<Listener>);

impl Acceptor {
    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Io<Stream>, Peer, Peer)> {
        // Yield, because the executors do not preempt a task: a flood of connections must not starve the sessions.
        yield_now().await;
        let to_peer = |address: SockAddr| address.as_socket().map_or(Peer::Unix, Peer::Ip);
        let (socket, peer) = self.0.read_with(|own| SockRef::from(own).accept()).await?;
        let local = socket.local_addr().map(to_peer);
        // The system may not know the address if the connection is already broken.
        let local = local.or_else(|_| self.0.get_ref().local())?;
        Ok((Io::new(Stream::new(socket)?), to_peer(peer), local))
    }
}

impl TryFrom<Listener> for Acceptor {
    type Error = io::Error;

    fn try_from(listener: Listener) -> io::Result<Self> {
        Async::new(listener).map(Self)
    }
}
