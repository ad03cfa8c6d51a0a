//! A hand-written runtime: non-blocking sockets, a thread for each task, and a short sleep whenever nothing is ready.

use std::{
    future::Future,
    io::{self, ErrorKind, IoSlice, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use smtp_driver::{Address, Connect, Peer, Runtime, StreamError, Transport, proto};

/// Polls a future until it is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let (mut future, mut cx) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Converts `WouldBlock` to `Pending`.
fn attempt<R>(done: io::Result<R>) -> Poll<io::Result<R>> {
    match done {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Poll::Pending,
        done => Poll::Ready(done),
    }
}

/// A socket and its clock.
pub(crate) struct Io {
    socket: TcpStream,
    origin: Instant,
}

impl Io {
    pub(crate) fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let origin = Instant::now();
        Ok(Self { socket, origin })
    }
}

impl Transport for Io {
    type Error = io::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let mut buffer = [0; 16 * 1024];
        attempt(self.socket.read(&mut buffer)).map_ok(|octets| sink(buffer.get(..octets).unwrap_or_default()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let slices: Vec<_> = slices.iter().map(|octets| IoSlice::new(octets)).collect();
        attempt(self.socket.write_vectored(&slices))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(Shutdown::Write))
    }

    fn now(&self) -> proto::Instant {
        proto::Instant::after_origin(self.origin.elapsed())
    }

    fn poll_deadline(&mut self, _: &mut Context<'_>, at: proto::Instant) -> Poll<()> {
        if self.now() < at {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Connect for Io {
    async fn connect(address: &Address, _: Duration) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Self::new(TcpStream::connect(address)?),
            _ => Err(StreamError::TimedOut.into()),
        }
    }
}

/// The runtime of threads that poll and sleep.
pub(crate) struct ByHand;

impl Runtime for ByHand {
    type Listener = TcpListener;
    type Transport = Io;

    async fn accept(listener: &TcpListener) -> io::Result<(Io, Peer, Peer)> {
        let (socket, peer) = std::future::poll_fn(|_| attempt(listener.accept())).await?;
        let local = socket.local_addr()?;
        Ok((Io::new(socket)?, peer.into(), local.into()))
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        thread::spawn(|| block_on(task));
    }

    async fn sleep(time: Duration) {
        let end = Instant::now() + time;
        std::future::poll_fn(|_| {
            if Instant::now() < end {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}
