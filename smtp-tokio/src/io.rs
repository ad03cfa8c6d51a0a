//! Streams: transports, sockets and readers.

#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(feature = "ring")]
use std::sync::Arc;
use std::{
    io::{self, IoSlice},
    mem::{self, MaybeUninit},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use smtp_driver::{Address, BodySource, Connect, MAX_IO_SLICES, StreamError, Transport, proto::Instant};
#[cfg(feature = "ring")]
use smtp_driver::{TlsMode, TlsSettings};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{self, Sleep},
};

/// A [`Transport`] over any stream of tokio: TCP, a Unix socket, a tunnel, or a stream that is already encrypted.
///
/// Pass an unbuffered stream: the driver writes whole groups, and flushes after each write.
#[derive(Debug)]
pub struct Io<S> {
    stream: S,
    /// The origin of the clock.
    origin: time::Instant,
    /// The timer. It fires at the deadline or earlier. Most deadlines move on before they pass, so the timer is reset only if
    /// it would fire too late, or has fired too early.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Octets that the stream has accepted but not flushed.
    unflushed: usize,
    /// True if the last read filled the small buffer.
    much_to_read: bool,
}

impl<S> Io<S> {
    /// Wraps a stream. For TCP, set `TCP_NODELAY` first.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            origin: time::Instant::now(),
            sleep: None,
            unflushed: 0,
            much_to_read: false,
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
        let read = if self.much_to_read {
            ready!(poll_read::<LARGE_READ>(&mut self.stream, cx, sink))
        } else {
            ready!(poll_read::<SMALL_READ>(&mut self.stream, cx, sink))
        };
        Poll::Ready(read.map(|octets| self.much_to_read = octets >= SMALL_READ))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.stream);
        if self.unflushed == 0 {
            self.unflushed = ready!(match slices {
                [octets] => stream.as_mut().poll_write(cx, octets),
                many => {
                    let mut slots = [IoSlice::new(&[]); MAX_IO_SLICES];
                    let used = slots.iter_mut().zip(many);
                    let used = used.map(|(slot, octets)| *slot = IoSlice::new(octets)).count();
                    stream
                        .as_mut()
                        .poll_write_vectored(cx, slots.get(..used).unwrap_or_default())
                }
            })?;
        }
        ready!(stream.poll_flush(cx))?;
        Poll::Ready(Ok(mem::take(&mut self.unflushed)))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed > 0 {
            // The machine counts these octets as not sent, so they must not arrive.
            return Poll::Ready(Err(StreamError::WriteZero.into()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        Instant::after_origin(self.origin.elapsed())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let due = self.origin + at.since_origin().min(MAX_SLEEP);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(time::sleep_until(due)));
        if sleep.deadline() > due {
            sleep.as_mut().reset(due);
        }
        ready!(sleep.as_mut().poll(cx));
        if sleep.deadline() < due && time::Instant::now() < due {
            sleep.as_mut().reset(due);
            return sleep.as_mut().poll(cx);
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
) -> Poll<io::Result<usize>> {
    let mut scratch = [const { MaybeUninit::uninit() }; ROOM];
    let mut buffer = ReadBuf::uninit(&mut scratch);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    sink(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// A connected socket.
///
/// On Unix, `AsFd` gives access to the options of the socket, for example with the crates `socket2` and `rustix`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection to a Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Connect for Io<Stream> {
    async fn connect(address: &Address, limit: Duration) -> io::Result<Self> {
        let stream = match address {
            Address::Tcp(address) => {
                let stream = time::timeout(limit, TcpStream::connect(address)).await??;
                // With Nagle's algorithm, the end of a message would wait for the acknowledgement of its beginning.
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            #[cfg(unix)]
            Address::Unix(path) => Stream::Unix(time::timeout(limit, UnixStream::connect(path)).await??),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self::new(stream))
    }

    #[cfg(feature = "ring")]
    fn default_tls(host: &str, mode: TlsMode) -> Result<Arc<dyn TlsSettings>, StreamError> {
        smtp_rustls::default_tls(host, mode)
    }
}

trait Socket: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Socket for S {}

impl Stream {
    fn socket(self: Pin<&mut Self>) -> Pin<&mut dyn Socket> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.socket().poll_write(cx, octets)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket().poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_shutdown(cx)
    }
}

/// A message that the client reads from any reader of tokio while sending it: see
/// [`Client::send_from`](crate::driver::Client::send_from).
///
/// The end of the reader is the end of the message. If the reader is a pipe whose writer was dropped early, the client sends
/// a truncated message as if it were whole: let the reader return an error in that case, or wrap the `Reader` in
/// [`ExactLength`](crate::ExactLength).
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Reader<R>(pub R);

impl<R: AsyncRead + Unpin> BodySource<io::Error> for Reader<R> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(room);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

/// Maximum octets of a read. The buffer is on the stack, so an idle connection holds no buffer.
const SMALL_READ: usize = 16 * 1024;

/// Maximum octets of a read after one that filled the small buffer.
const LARGE_READ: usize = 64 * 1024;

/// Maximum time for the timer, because a longer time overflows its clock.
const MAX_SLEEP: Duration = Duration::from_secs(u32::MAX as u64);

#[cfg(test)]
mod tests;
