//! Streams: transports, sockets and readers.

#[cfg(unix)]
use std::os::{fd, unix::net::UnixStream};
use std::{
    io::{self, IoSlice},
    mem,
    net::{Shutdown, TcpStream, ToSocketAddrs},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{self, Duration},
};

use async_io::{Async, Timer};
use futures_lite::{AsyncRead, AsyncWrite, future::or};
use smtp_driver::{Address, BodySource, Connect, MAX_IO_SLICES, StreamError, Transport, proto::Instant};
use socket2::Socket;

/// A [`Transport`] over any stream of `futures-io`: TCP, a Unix socket, a tunnel, or a stream that is already encrypted.
///
/// It works on any executor, because `async-io` has the timer. The function `poll_close` of the stream must shut down the
/// sending side. Pass an unbuffered stream: the driver writes whole groups, and flushes after each write.
#[derive(Debug)]
pub struct Io<S> {
    stream: S,
    /// The origin of the clock.
    origin: time::Instant,
    /// The timer and its time. It fires at the deadline or earlier. Most deadlines move on before they pass, so the timer is
    /// reset only if it would fire too late, or has fired too early.
    timer: Option<(Timer, time::Instant)>,
    /// Octets that the stream has accepted but not flushed.
    unflushed: usize,
    /// Number of reads since the task last yielded.
    reads: u8,
    /// Octets of the last read.
    last_read: usize,
}

impl<S> Io<S> {
    /// Wraps a stream. For TCP, set `TCP_NODELAY` first.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            origin: time::Instant::now(),
            timer: None,
            unflushed: 0,
            reads: 0,
            last_read: 0,
        }
    }

    /// The stream.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream, mutably. What is read or written here is unknown to the session.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the stream.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Io<S> {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        if self.reads == MAX_READS {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = match self.last_read {
            ..SMALL_READ => poll_read::<SMALL_READ>(&mut self.stream, cx, sink),
            SMALL_READ..MIDDLE_READ => poll_read::<MIDDLE_READ>(&mut self.stream, cx, sink),
            _ => poll_read::<LARGE_READ>(&mut self.stream, cx, sink),
        };
        self.reads = if read.is_ready() { self.reads + 1 } else { 0 };
        read.map_ok(|octets| self.last_read = octets)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Polled {
        if self.unflushed == 0 {
            let stream = Pin::new(&mut self.stream);
            self.unflushed = ready!(match slices {
                [octets] => stream.poll_write(cx, octets),
                many => {
                    let slice = |slot| IoSlice::new(many.get(slot).copied().unwrap_or_default());
                    let slots: [_; MAX_IO_SLICES] = std::array::from_fn(slice);
                    stream.poll_write_vectored(cx, slots.get(..many.len()).unwrap_or(&slots))
                }
            })?;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        Poll::Ready(Ok(mem::take(&mut self.unflushed)))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed > 0 {
            // The machine counts these octets as not sent, so they must not arrive.
            return Poll::Ready(Err(StreamError::WriteZero.into()));
        }
        Pin::new(&mut self.stream).poll_close(cx)
    }

    fn now(&self) -> Instant {
        Instant::after_origin(self.origin.elapsed())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let due = self.origin + at.since_origin().min(MAX_SLEEP);
        while time::Instant::now() < due {
            self.timer.take_if(|(_, set)| *set > due);
            let (timer, _) = self.timer.get_or_insert_with(|| (Timer::at(due), due));
            ready!(Pin::new(timer).poll(cx));
            // A timer runs out once.
            self.timer = None;
        }
        Poll::Ready(())
    }
}

/// Reads once, and returns the number of octets.
// Not inlined, so that the large buffer is on the stack only during a large read.
#[inline(never)]
fn poll_read<const ROOM: usize>(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Polled {
    let mut buffer = [0; ROOM];
    let octets = ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    sink(buffer.get(..octets).unwrap_or_default());
    Poll::Ready(Ok(octets))
}

/// A connected socket, TCP or Unix, on smol and async-std alike.
///
/// On Unix, `AsFd` gives access to the options of the socket, for example with the crates `socket2` and `rustix`.
#[derive(Debug)]
pub struct Stream {
    socket: Async<Socket>,
    /// True if the last read left room in the buffer.
    drained: bool,
    /// Since then it was written to, so the peer waits for the answer, and a read would find nothing. The next read waits first.
    idle: bool,
}

impl Stream {
    pub(crate) fn new(socket: Socket) -> io::Result<Self> {
        // With Nagle's algorithm, the end of a message would wait for the acknowledgement of its beginning. The call fails
        // for a Unix socket, and if the connection is already broken, which the session will notice.
        let _ = socket.set_tcp_nodelay(true);
        Ok(Self {
            socket: Async::new(socket)?,
            drained: false,
            idle: false,
        })
    }

    async fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let name = address.clone();
                let mut addresses = blocking::unblock(move || name.to_socket_addrs()).await?;
                let mut connected = Err(io::ErrorKind::AddrNotAvailable.into());
                while connected.is_err()
                    && let Some(address) = addresses.next()
                {
                    connected = Async::<TcpStream>::connect(address).await;
                }
                Self::new(connected?.into_inner()?.into())
            }
            #[cfg(unix)]
            Address::Unix(path) => Self::new(Async::<UnixStream>::connect(path).await?.into_inner()?.into()),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Connect for Io<Stream> {
    async fn connect(address: &Address, limit: Duration) -> io::Result<Self> {
        let late = async {
            Timer::after(limit).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        or(Stream::connect(address), late).await.map(Self::new)
    }

    #[cfg(feature = "ring")]
    fn default_tls(
        host: &str,
        mode: smtp_driver::TlsMode,
    ) -> Result<std::sync::Arc<dyn smtp_driver::TlsSettings>, StreamError> {
        smtp_rustls::default_tls(host, mode)
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut [u8]) -> Polled {
        if mem::take(&mut self.idle) {
            // It may miss an event that comes at once, so after it has woken the task a read decides. Then it may be ready
            // for that event the next time: so it is asked twice.
            ready!(self.socket.poll_readable(cx))?;
            ready!(self.socket.poll_readable(cx))?;
        }
        let read = Pin::new(&mut &self.socket).poll_read(cx, room);
        self.drained = matches!(&read, Poll::Ready(Ok(octets)) if *octets > 0 && *octets < room.len());
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Polled {
        Pin::new(&mut &self.socket).poll_write(cx, octets)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Polled {
        Pin::new(&mut &self.socket).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.idle |= mem::take(&mut self.drained);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(unix)]
impl fd::AsFd for Stream {
    fn as_fd(&self) -> fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A message that the client reads from any reader of `futures-io` while sending it: see
/// [`Client::send_from`](crate::driver::Client::send_from).
///
/// The end of the reader is the end of the message. If the reader is a pipe whose writer was dropped early, the client sends
/// a truncated message as if it were whole: let the reader return an error in that case, or wrap the `Reader` in
/// [`ExactLength`](crate::ExactLength).
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Reader<R>(pub R);

impl<R: AsyncRead + Unpin> BodySource<io::Error> for Reader<R> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Polled {
        Pin::new(&mut self.0).poll_read(cx, room)
    }
}

/// The number of octets that were read or written.
type Polled = Poll<io::Result<usize>>;

/// Maximum octets of a read. The buffer must be cleared first, and clearing a large buffer for each command costs nearly as
/// much as the read. It is on the stack, so an idle connection holds no buffer.
const SMALL_READ: usize = 2 * 1024;

/// Maximum octets of a read after one that filled the small buffer.
const MIDDLE_READ: usize = 16 * 1024;

/// Maximum octets of a read after one that filled the middle buffer.
const LARGE_READ: usize = 64 * 1024;

/// Maximum reads before the task yields, because smol and async-std do not preempt a task that never waits, such as a session
/// whose peer sends fast.
const MAX_READS: u8 = 64;

/// Maximum time for the timer, because a longer time overflows its clock.
const MAX_SLEEP: Duration = Duration::from_secs(u32::MAX as u64);

#[cfg(test)]
mod tests;
