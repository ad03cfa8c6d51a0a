//! Listening sockets.

use std::{
    io,
    net::{TcpListener, ToSocketAddrs},
    os::unix::net::UnixListener,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
};

use rustix::event::PollFlags;
use smtp_driver::Peer;

use crate::{Io, Stream, runtime::poll_io};

/// A listening socket: TCP or Unix.
#[derive(Clone, Debug)]
pub struct Listener(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Tcp(Arc<TcpListener>),
    Unix(Arc<UnixListener>),
}

impl Listener {
    /// Listens on a TCP address, with a queue of 4,096 connections (the system caps it).
    ///
    /// # Errors
    ///
    /// If the address cannot be used.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        // The standard library asks for 128. In a larger burst, clients would wait in vain for a greeting.
        rustix::net::listen(&listener, QUEUE)?;
        listener.try_into()
    }

    /// Listens on a Unix socket, for LMTP. The path must not exist.
    ///
    /// # Errors
    ///
    /// If the path cannot be used.
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        rustix::net::listen(&listener, QUEUE)?;
        listener.try_into()
    }

    /// Takes over the sockets that systemd passes to this process (`LISTEN_FDS`). Empty if there are none, and after the
    /// first call.
    ///
    /// # Errors
    ///
    /// If one of them is not a listening stream socket.
    #[cfg(feature = "systemd")]
    pub fn from_env() -> io::Result<Vec<Self>> {
        let mut passed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..passed.len() {
            match passed.take_unix_listener(index) {
                Ok(Some(listener)) => listeners.push(listener.try_into()?),
                _ => listeners.extend(passed.take_tcp_listener(index)?.map(Self::try_from).transpose()?),
            }
        }
        Ok(listeners)
    }

    /// The address that the socket listens on.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn local(&self) -> io::Result<Peer> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().map(Peer::Ip),
            Kind::Unix(_) => Ok(Peer::Unix),
        }
    }

    /// Accepts a connection, with the addresses of the peer and of this end.
    pub(crate) fn poll_accept(&self, cx: &Context<'_>) -> Poll<io::Result<(Io<Stream>, Peer, Peer)>> {
        match &self.0 {
            Kind::Tcp(listener) => poll_io(cx, listener, PollFlags::IN, |listener| {
                let (stream, peer) = listener.accept()?;
                // It fails if the connection is broken already, which the session will notice.
                let _ = stream.set_nodelay(true);
                let local = stream.local_addr().or_else(|_| listener.local_addr())?;
                Ok((Io::new(Stream::Tcp(stream)), peer.into(), local.into()))
            }),
            Kind::Unix(listener) => poll_io(cx, listener, PollFlags::IN, |listener| {
                let (stream, _) = listener.accept()?;
                Ok((Io::new(Stream::Unix(stream)), Peer::Unix, Peer::Unix))
            }),
        }
    }
}

impl TryFrom<TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Tcp(Arc::new(listener))))
    }
}

impl TryFrom<UnixListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Kind::Unix(Arc::new(listener))))
    }
}

/// Connections that may wait to be accepted.
const QUEUE: i32 = 4096;
