//! Non-blocking sockets, and connecting.

use std::{
    fmt,
    future::poll_fn,
    io::{self, ErrorKind, IoSlice},
    mem::{self, MaybeUninit},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use rustix::{
    event::PollFlags,
    io::{ioctl_fionbio, read, writev},
};
use socket2::{Domain, SockAddr, SockRef, Type};

use crate::{poll_deadline, reactor::register_socket, sleep};

/// A non-blocking socket. Use it only within [`block_on`](crate::block_on) or [`spawn`](crate::spawn), which wait for it.
///
/// An operation is a function that tries to read, write or accept. While it returns [`ErrorKind::WouldBlock`] or
/// [`ErrorKind::Interrupted`], the socket waits and calls it again.
pub struct Socket<S> {
    shared: Arc<S>,
    /// True if the last read left room in the buffer.
    drained: bool,
    /// Since then it was written to.
    idle: bool,
}

impl<S: AsFd + Send + Sync + 'static> Socket<S> {
    /// Wraps a socket, and makes it non-blocking.
    pub fn new(socket: S) -> Self {
        // Every open socket has this flag.
        let _ = ioctl_fionbio(&socket, true);
        Self {
            shared: Arc::new(socket),
            drained: false,
            idle: false,
        }
    }

    /// The socket.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.shared
    }

    /// Runs an operation that reads or accepts. Waits until the socket is readable.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    pub async fn read_with<T>(&self, mut operation: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        poll_fn(|cx| self.poll_read_with(cx, &mut operation)).await
    }

    /// Runs an operation that writes. Waits until the socket is writable.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    pub async fn write_with<T>(&self, mut operation: impl FnMut(&S) -> io::Result<T>) -> io::Result<T> {
        poll_fn(|cx| self.poll_write_with(cx, &mut operation)).await
    }

    /// Accepts a connection to this listener, TCP or Unix, and returns it with the addresses of the peer and of the local
    /// end. The addresses are `None` for a Unix socket. The local address is also `None` if the system does not know it. Sets
    /// `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// If no connection can be accepted now.
    pub async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>, Option<SocketAddr>)> {
        let (socket, peer) = self
            .read_with(|listener| SockRef::from(listener).accept())
            .await?;
        let Some(peer) = peer.as_socket() else {
            let stream = UnixStream::from(OwnedFd::from(socket));
            return Ok((Stream::Unix(stream), None, None));
        };
        let stream = TcpStream::from(socket);
        // It fails if the connection is already broken, which the next operation will notice.
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().ok();
        Ok((Stream::Tcp(stream), Some(peer), local))
    }

    /// Tries an operation that reads or accepts. Returns `Pending` if the socket is not readable.
    pub fn poll_read_with<T>(
        &self,
        cx: &Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_with(cx, PollFlags::IN, operation)
    }

    /// Reads once into `room` and passes the octets to `sink`. Returns their number.
    ///
    /// It waits first if a read would find nothing: if the last one left room, and the socket was written to since then, so
    /// that the peer waits for the answer.
    ///
    /// # Errors
    ///
    /// The error of the read.
    pub fn poll_read(
        &mut self,
        cx: &Context<'_>,
        room: &mut [MaybeUninit<u8>],
        sink: &mut dyn FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        if mem::take(&mut self.idle) {
            // Once only: another event may have ended the wait, so then a read decides.
            register_socket(cx, self.socket(), PollFlags::IN);
            return Poll::Pending;
        }
        let most = room.len();
        let read = self.poll_read_with(cx, |socket| {
            let (octets, _) = read(socket, &mut *room)?;
            sink(octets);
            Ok(octets.len())
        });
        self.drained = matches!(read, Poll::Ready(Ok(octets)) if (1..most).contains(&octets));
        read
    }

    /// Writes some octets of these slices. Returns their number.
    ///
    /// # Errors
    ///
    /// The error of the write.
    pub fn poll_write(&mut self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.idle |= mem::take(&mut self.drained);
        self.poll_write_with(cx, |socket| Ok(writev(socket, slices)?))
    }

    /// Tries an operation that writes. Returns `Pending` if the socket is not writable.
    pub fn poll_write_with<T>(
        &self,
        cx: &Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_with(cx, PollFlags::OUT, operation)
    }

    fn socket(&self) -> Arc<S> {
        Arc::clone(&self.shared)
    }

    fn poll_with<T>(
        &self,
        cx: &Context<'_>,
        ready: PollFlags,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            match operation(&self.shared) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    register_socket(cx, self.socket(), ready);
                    return Poll::Pending;
                }
                done => return Poll::Ready(done),
            }
        }
    }
}

/// Shows the socket.
impl<S: fmt::Debug> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Socket").field(&self.shared).finish()
    }
}

/// A connected socket: TCP or Unix.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection to a Unix socket.
    Unix(UnixStream),
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Connects over TCP within `limit`. Tries the addresses in their order until one accepts. First looks up a host name, which
/// blocks the thread and is not limited.
///
/// # Errors
///
/// The error of the last address; [`ErrorKind::TimedOut`] after `limit`.
pub async fn connect(addresses: impl ToSocketAddrs, limit: Duration) -> io::Result<TcpStream> {
    let addresses = addresses.to_socket_addrs()?;
    let (until, mut result) = (
        Instant::now().checked_add(limit),
        Err(ErrorKind::AddrNotAvailable.into()),
    );
    for address in addresses {
        result = connect_to(address, until).await;
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Connects to a Unix socket within `limit`. Tries again while the queue of the listener is full.
///
/// # Errors
///
/// The error of the system; [`ErrorKind::TimedOut`] after `limit`.
pub async fn connect_unix(path: impl AsRef<Path>, limit: Duration) -> io::Result<UnixStream> {
    let (address, until) = (SockAddr::unix(path)?, Instant::now().checked_add(limit));
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    loop {
        match socket.connect(&address) {
            Ok(()) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The queue is full, and the system does not report when it has room.
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(QUEUE_PAUSE).await,
            Err(error) => return Err(error),
        }
        if until.is_some_and(|until| until <= Instant::now()) {
            return Err(ErrorKind::TimedOut.into());
        }
    }
    socket.set_nonblocking(false)?;
    Ok(OwnedFd::from(socket).into())
}

async fn connect_to(address: SocketAddr, until: Option<Instant>) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    let socket = Socket::new(socket);
    let mut begun = false;
    poll_fn(|cx| {
        let connected = socket.poll_write_with(cx, |socket| {
            if !begun {
                begun = true;
                // After one of these errors, connecting continues. The socket is writable when it has ended.
                return match socket.connect(&SockAddr::from(address)) {
                    Err(error) if in_progress(&error) => Err(ErrorKind::WouldBlock.into()),
                    done => done,
                };
            }
            match (socket.take_error()?, socket.peer_addr()) {
                (Some(error), _) => Err(error),
                (None, Err(error)) if error.kind() == ErrorKind::NotConnected => {
                    Err(ErrorKind::WouldBlock.into())
                }
                (None, peer) => peer.map(drop),
            }
        });
        match connected {
            Poll::Pending => poll_deadline(cx, until).map(|()| Err(ErrorKind::TimedOut.into())),
            done => done,
        }
    })
    .await?;
    let stream = TcpStream::from(socket.get_ref().try_clone()?);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn in_progress(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Time between two tries to connect to a Unix socket whose queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
