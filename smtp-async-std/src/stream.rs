//! A stream that may change to TLS.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use futures_io::{AsyncRead, AsyncWrite};
#[cfg(feature = "rustls")]
use futures_rustls::TlsStream;

/// A stream in clear, or under TLS once the handshake is done.
#[derive(Debug)]
pub struct Stream<S>(Inner<S>);

#[derive(Debug)]
enum Inner<S> {
    Clear(S),
    #[cfg(feature = "rustls")]
    Tls(Box<TlsStream<S>>),
    /// A handshake has taken the stream, and did not give it back.
    #[cfg(feature = "rustls")]
    Gone,
}

impl<S> Stream<S> {
    /// A stream without TLS of its own. It may well be one that is encrypted otherwise.
    pub const fn clear(stream: S) -> Self {
        Self(Inner::Clear(stream))
    }

    /// The stream below; `None` after a handshake that failed.
    pub fn inner(&self) -> Option<&S> {
        match &self.0 {
            Inner::Clear(stream) => Some(stream),
            #[cfg(feature = "rustls")]
            Inner::Tls(stream) => Some(stream.get_ref().0),
            #[cfg(feature = "rustls")]
            Inner::Gone => None,
        }
    }

    /// What is under TLS.
    #[cfg(feature = "rustls")]
    pub(crate) fn tls(stream: TlsStream<S>) -> Self {
        Self(Inner::Tls(Box::new(stream)))
    }

    /// Takes the stream in clear out, for a handshake.
    #[cfg(feature = "rustls")]
    pub(crate) fn take_clear(&mut self) -> io::Result<S> {
        match std::mem::replace(&mut self.0, Inner::Gone) {
            Inner::Clear(stream) => Ok(stream),
            other => {
                self.0 = other;
                Err(io::Error::other("the stream is not in clear"))
            }
        }
    }
}

/// Does the same with whichever stream there is.
macro_rules! delegate {
    ($stream:expr, $gone:expr, |$inner:ident| $do:expr) => {
        match &mut $stream.get_mut().0 {
            Inner::Clear($inner) => {
                let $inner = Pin::new($inner);
                $do
            }
            #[cfg(feature = "rustls")]
            Inner::Tls($inner) => {
                let $inner = Pin::new(&mut **$inner);
                $do
            }
            #[cfg(feature = "rustls")]
            Inner::Gone => $gone,
        }
    };
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, Poll::Ready(Ok(0)), |stream| stream
            .poll_read(context, buffer))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        delegate!(self, gone(), |stream| stream.poll_write(context, octets))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, gone(), |stream| stream.poll_write_vectored(context, slices))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, Poll::Ready(Ok(())), |stream| stream.poll_flush(context))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, Poll::Ready(Ok(())), |stream| stream.poll_close(context))
    }
}

#[cfg(feature = "rustls")]
fn gone<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}
