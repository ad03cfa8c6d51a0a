//! Servers and clients on async-std.
//!
//! async-std is discontinued, and its authors advise to use smol: see [the crate](crate).
//!
//! ```no_run
//! use smtp_async_std::{Options, async_std::Session, proto::{server::Config, types::Host}, serve};
//!
//! # async fn converse(session: Session) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! async_std::task::block_on(async {
//!     let config = Config::new(Host::parse("mx.example.org")?);
//!     let listener = async_std::net::TcpListener::bind("127.0.0.1:2525").await?;
//!     Ok(serve(listener, config.into(), Options::default(), std::future::pending(), converse).await?)
//! })
//! # }
//! ```

use std::{
    future::Future,
    io::{self, IoSlice},
    net::{Shutdown, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use ::async_std::net::{TcpListener, TcpStream, ToSocketAddrs};
use futures_io::{AsyncRead, AsyncWrite};
use tracing::debug;

use crate::{Listener, connect::connecting};

/// A client that is connected by async-std.
pub type Client = crate::Client<Tcp>;

/// A server's end of a connection that was accepted by async-std.
pub type Session = crate::Session<Tcp>;

connecting!(Tcp, ToSocketAddrs, dial);

/// Makes a TCP connection.
async fn dial(address: impl ToSocketAddrs) -> io::Result<Tcp> {
    let stream = TcpStream::connect(address).await?;
    // Without it the end of a message would wait for the acknowledgement of its beginning.
    stream.set_nodelay(true)?;
    Ok(Tcp(stream))
}

impl Listener for TcpListener {
    type Stream = Tcp;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    async fn accept(&self) -> io::Result<(Tcp, SocketAddr)> {
        let (stream, peer) = self.accept().await?;
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, %peer, "cannot set TCP_NODELAY");
        }
        Ok((Tcp(stream), peer))
    }

    fn local_addr_of(&self, stream: &Tcp) -> io::Result<SocketAddr> {
        stream.0.local_addr()
    }

    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        // Its handle is no more than a way to wait for it.
        drop(::async_std::task::spawn(session));
    }
}

/// A TCP stream of async-std that can be closed: the stream itself takes that for a flush, so that the peer would not
/// hear that nothing more will come.
#[derive(Clone, Debug)]
pub struct Tcp(TcpStream);

impl Tcp {
    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream {
        &self.0
    }
}

impl From<TcpStream> for Tcp {
    fn from(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}
