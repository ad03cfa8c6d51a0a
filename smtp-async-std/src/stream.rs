//! The streams that are connected and accepted.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::{
    io::{self, IoSlice},
    net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use async_io::{Async, Timer};
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::or;
use smtp_driver::{Address, Connect};

use crate::Io;

/// A connected socket, on smol and async-std alike.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// A TCP connection.
    Tcp(Socket<TcpStream>),
    /// A connection to a Unix socket.
    #[cfg(unix)]
    Unix(Socket<UnixStream>),
}

/// A socket that is not read again before there is something to read.
#[derive(Debug)]
pub struct Socket<T> {
    socket: Async<T>,
    /// The last read found nothing, or less than it had room for.
    drained: bool,
}

impl<T> Socket<T> {
    /// The socket.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        self.socket.get_ref()
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>>
    where
        Async<T>: AsyncRead,
    {
        if self.drained {
            ready!(self.socket.poll_readable(cx))?;
        }
        let read = Pin::new(&mut self.socket).poll_read(cx, room);
        self.drained = match read {
            Poll::Ready(Ok(octets)) => octets > 0 && octets < room.len(),
            Poll::Ready(Err(_)) => false,
            Poll::Pending => true,
        };
        read
    }
}

impl<T> From<Async<T>> for Socket<T> {
    fn from(socket: Async<T>) -> Self {
        Self {
            socket,
            drained: false,
        }
    }
}

impl Connect for Io<Stream> {
    async fn connect(address: &Address, limit: Duration) -> io::Result<Self> {
        let late = async {
            Timer::after(limit).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        or(connect(address), late).await.map(Self::new)
    }
}

async fn connect(address: &Address) -> io::Result<Stream> {
    match address {
        Address::Tcp(address) => {
            let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in resolve(address).await? {
                match Async::<TcpStream>::connect(address).await {
                    Ok(stream) => {
                        // Otherwise the end of a message would wait until its beginning is acknowledged.
                        stream.get_ref().set_nodelay(true)?;
                        return Ok(Stream::Tcp(stream.into()));
                    }
                    Err(error) => failed = error,
                }
            }
            Err(failed)
        }
        #[cfg(unix)]
        Address::Unix(path) => {
            let stream = Async::<UnixStream>::connect(path).await?;
            Ok(Stream::Unix(stream.into()))
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Looks up the addresses of a host and port.
pub(crate) async fn resolve(address: &str) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    let address = address.to_owned();
    let addresses = blocking::unblock(move || address.to_socket_addrs()).await?;
    Ok(addresses.collect())
}

impl Stream {
    fn writer(self: Pin<&mut Self>) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(&mut tcp.socket),
            #[cfg(unix)]
            Self::Unix(unix) => Pin::new(&mut unix.socket),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => tcp.poll_read(cx, room),
            #[cfg(unix)]
            Self::Unix(unix) => unix.poll_read(cx, room),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.writer().poll_write(cx, octets)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writer().poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.get_mut() {
            Self::Tcp(tcp) => tcp.get_ref().shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(unix) => unix.get_ref().shutdown(Shutdown::Write),
        })
    }
}
