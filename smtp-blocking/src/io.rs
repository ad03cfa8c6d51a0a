//! Sockets as transports.

use std::{
    io::{self, ErrorKind, IoSlice, Read},
    mem::MaybeUninit,
    os::fd::AsFd,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use rustix::net;
use smtp_driver::{Address, BlockOn, BodySource, Connect, MAX_IO_SLICES, Transport, proto};
use smtp_reactor::{Socket, Stream, block_on, connect, connect_unix, poll_deadline};

/// A [`Transport`] over any socket. Use it only within [`block_on`](crate::block_on), which waits for the socket.
#[derive(Debug)]
pub struct Io<S> {
    socket: Socket<S>,
    origin: Instant,
    /// True if the last read filled the small buffer.
    large: bool,
}

impl<S: AsFd + Send + Sync + 'static> Io<S> {
    /// Makes the socket non-blocking. For TCP, set `TCP_NODELAY` first.
    pub fn new(socket: S) -> Self {
        Self {
            socket: Socket::new(socket),
            origin: Instant::now(),
            large: false,
        }
    }

    /// The socket.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        self.socket.get_ref()
    }
}

impl<S: AsFd + Send + Sync + 'static> Transport for Io<S> {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        // A small read allocates nothing.
        let mut heap = Box::new_uninit_slice(if self.large { LARGE_READ } else { 0 });
        let mut stack = [MaybeUninit::uninit(); SMALL_READ];
        let room = if self.large { &mut *heap } else { &mut stack[..] };
        let read = self.socket.poll_read(cx, room, sink);
        self.large = matches!(read, Poll::Ready(Ok(octets)) if octets >= SMALL_READ);
        read.map_ok(drop)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        // Most writes have one slice. Filling all slots would cost more than the rest of the function.
        if let [octets] = slices {
            return self.socket.poll_write(cx, &[IoSlice::new(octets)]);
        }
        let mut slots = [IoSlice::new(&[]); MAX_IO_SLICES];
        let used = slots.iter_mut().zip(slices);
        let used = used.map(|(slot, octets)| *slot = IoSlice::new(octets)).count();
        self.socket.poll_write(cx, slots.get(..used).unwrap_or_default())
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(net::shutdown(self.get_ref(), net::Shutdown::Write).map_err(Into::into))
    }

    fn now(&self) -> proto::Instant {
        proto::Instant::after_origin(self.origin.elapsed())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: proto::Instant) -> Poll<()> {
        poll_deadline(cx, self.origin.checked_add(at.since_origin()))
    }
}

impl<S: AsFd + Send + Sync + 'static> BlockOn for Io<S> {
    fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }
}

impl Connect for Io<Stream> {
    /// Looking up a host name blocks the thread, beyond `limit` if the system takes longer.
    async fn connect(address: &Address, limit: Duration) -> io::Result<Self> {
        if let Address::Unix(path) = address {
            return Ok(Self::new(Stream::Unix(connect_unix(path, limit).await?)));
        }
        let stream = connect(address.to_string(), limit).await?;
        // With Nagle's algorithm, the end of a message would wait for the acknowledgement of its beginning.
        stream.set_nodelay(true)?;
        Ok(Self::new(Stream::Tcp(stream)))
    }

    #[cfg(feature = "ring")]
    fn default_tls(
        host: &str,
        mode: smtp_driver::TlsMode,
    ) -> Result<std::sync::Arc<dyn smtp_driver::TlsSettings>, smtp_driver::StreamError> {
        smtp_rustls::default_tls(host, mode)
    }
}

/// A message that the client reads from any [`Read`] while sending it: see [`Client::send_from`](crate::Client::send_from).
/// Reading blocks the session, so a slow reader needs a timeout of its own.
///
/// The end of the reader is the end of the message. If the reader is a pipe whose writer was dropped early, the client sends
/// a truncated message as if it were whole: let the reader return an error in that case, or wrap the `Reader` in
/// [`ExactLength`](crate::ExactLength).
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Reader<R>(pub R);

impl<R: Read> BodySource<io::Error> for Reader<R> {
    fn poll_fill(&mut self, _: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut read = self.0.read(room);
        while matches!(&read, Err(error) if error.kind() == ErrorKind::Interrupted) {
            read = self.0.read(room);
        }
        Poll::Ready(read)
    }
}

/// Maximum octets of a read. The buffer is on the stack of the thread, and is small because a used stack page stays in
/// memory.
const SMALL_READ: usize = 4 * 1024;

/// Maximum octets of a read after one that filled the small buffer. This buffer is allocated for each read.
const LARGE_READ: usize = 64 * 1024;

#[cfg(test)]
mod tests;
