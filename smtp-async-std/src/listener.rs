//! What a server needs of a runtime.

use std::{future::Future, io, net::SocketAddr};

use futures_io::{AsyncRead, AsyncWrite};

/// Where the connections of a server come from, and where its sessions run.
///
/// The `TcpListener` of smol is one, with smol's own executor, and so is the pair of it and another executor; the
/// `TcpListener` of async-std is one, with async-std's. With this trait there may be others.
pub trait Listener {
    /// A connection. To close it has to tell the peer that nothing more will come.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// The address that is listened on.
    ///
    /// # Errors
    ///
    /// When there is none.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// Accepts a connection: the stream, ready for use (for TCP, with `TCP_NODELAY`), and the address of the peer. The
    /// future may be dropped without losing anything.
    ///
    /// # Errors
    ///
    /// When no connection can be accepted now. It will be tried again, after a pause unless only this connection is
    /// concerned: `ConnectionAborted`, `ConnectionReset`, `Interrupted`.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// The address that a client has connected to.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    fn local_addr_of(&self, stream: &Self::Stream) -> io::Result<SocketAddr>;

    /// Runs a session in the background, in a task of its own. A session does not panic, and when it has to end, it
    /// ends by itself.
    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static);
}
