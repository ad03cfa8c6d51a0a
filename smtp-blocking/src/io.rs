//! Sockets as transports.

use std::{
    io::{self, ErrorKind, IoSlice, Read},
    mem::MaybeUninit,
    net::{TcpStream, ToSocketAddrs},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use rustix::{event::PollFlags, net::Shutdown};
use smtp_driver::{Address, BodySource, Connect, MAX_IO_SLICES, Transport};
use smtp_proto::Instant as Time;

use crate::runtime::{poll_io, poll_time};

/// A [`Transport`] over any socket. Use it within [`block_on`](crate::block_on) only, which waits for it.
#[derive(Debug)]
pub struct Io<S> {
    socket: Arc<S>,
    origin: Instant,
    /// The last read filled its buffer.
    full: bool,
}

impl<S: AsFd + Send + Sync + 'static> Io<S> {
    /// Makes the socket non-blocking. For TCP, set `TCP_NODELAY` first.
    pub fn new(socket: S) -> Self {
        // Any open socket has this flag.
        let _ = rustix::io::ioctl_fionbio(&socket, true);
        Self {
            socket: Arc::new(socket),
            origin: Instant::now(),
            full: false,
        }
    }

    /// The socket.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.socket
    }
}

impl<S: AsFd + Send + Sync + 'static> Transport for Io<S> {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        // Nothing is allocated for a small read.
        let mut large = Box::new_uninit_slice(if self.full { LARGE_READ } else { 0 });
        let mut small = [MaybeUninit::uninit(); SMALL_READ];
        let room = if self.full { &mut *large } else { &mut small[..] };
        let size = room.len();
        let read = poll_io(cx, &self.socket, PollFlags::IN, |socket| {
            let (octets, _) = rustix::io::read(socket, &mut *room)?;
            sink(octets);
            Ok(octets.len())
        });
        self.full = matches!(read, Poll::Ready(Ok(octets)) if octets == size);
        read.map_ok(drop)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let mut slots = [IoSlice::new(&[]); MAX_IO_SLICES];
        let used = slots
            .iter_mut()
            .zip(slices)
            .map(|(slot, octets)| *slot = IoSlice::new(octets))
            .count();
        let slots = slots.get(..used).unwrap_or_default();
        poll_io(cx, &self.socket, PollFlags::OUT, |socket| {
            Ok(rustix::io::writev(socket, slots)?)
        })
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(rustix::net::shutdown(&self.socket, Shutdown::Write).map_err(Into::into))
    }

    fn now(&self) -> Time {
        Time::after_origin(self.origin.elapsed())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Time) -> Poll<()> {
        poll_time(cx, self.origin.checked_add(at.since_origin()))
    }
}

/// The stream of a connection that this crate makes or accepts.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix socket.
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

impl Connect for Io<Stream> {
    /// Blocks. The time that the system takes to look up the name does not count.
    async fn connect(address: &Address, limit: Duration) -> io::Result<Self> {
        if let Address::Unix(path) = address {
            return UnixStream::connect(path).map(|stream| Self::new(Stream::Unix(stream)));
        }
        let (begin, mut done) = (Instant::now(), Err(ErrorKind::AddrNotAvailable.into()));
        for address in address.to_string().to_socket_addrs()? {
            let left = limit
                .saturating_sub(begin.elapsed())
                .max(Duration::from_millis(1));
            done = TcpStream::connect_timeout(&address, left);
            if done.is_ok() {
                break;
            }
        }
        done.and_then(|stream| stream.set_nodelay(true).map(|()| Self::new(Stream::Tcp(stream))))
    }
}

/// A message that is read while it is sent, from a file for example. Reading blocks the session, so a slow reader needs a
/// timeout of its own.
///
/// The end of the reader is the end of the message, also if it is a pipe whose writer was dropped halfway. Return an error
/// instead if the message is incomplete.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Reader<R>(pub R);

impl<R: Read> BodySource<io::Error> for Reader<R> {
    fn poll_fill(&mut self, _: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.0.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

/// Octets of a read. They are on the stack of the thread, below the frames of TLS, and stack that was used once stays in
/// memory.
const SMALL_READ: usize = 4 * 1024;

/// Octets of a read while the reads before were full. They are allocated, for the time of the read.
const LARGE_READ: usize = 64 * 1024;
