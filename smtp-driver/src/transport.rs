//! The interface to a runtime: a stream, a clock and a timer.

use alloc::boxed::Box;
use core::{
    error, fmt,
    task::{Context, Poll},
};

use smtp_proto::Instant;

/// A stream with a clock and one timer: the interface between the driver and a runtime.
///
/// The functions that return [`Poll`] never block. If they return `Pending`, they register the waker of the context.
pub trait Transport {
    /// The error of the stream.
    type Error: error::Error + From<StreamError> + 'static;

    /// Reads once and passes the octets to `sink`, in one call or several. An empty slice reports the end of input.
    ///
    /// The buffer belongs to the transport. So an idle connection needs no buffer, and a runtime can pass its own buffers.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Poll<Result<(), Self::Error>>;

    /// Writes some octets of these slices. There are at most [`MAX_IO_SLICES`](crate::MAX_IO_SLICES) slices, and none is
    /// empty.
    ///
    /// `Ready(Ok(n))` reports that the first `n` octets have left: if the stream has a buffer, flush it first. After
    /// `Pending`, the next call begins with the same octets, and may add more octets at the end.
    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<Result<usize, Self::Error>>;

    /// Shuts down the sending side.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>>;

    /// The current time, on a clock that does not go backwards. Its origin is the creation of the transport.
    fn now(&self) -> Instant;

    /// Waits until this time: ready at this time or later. There is one timer; each call sets it anew.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()>;
}

/// A transport that is borrowed, for example while the owner keeps it for later.
impl<T: Transport + ?Sized> Transport for &mut T {
    type Error = T::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<Result<(), T::Error>> {
        (**self).poll_read(cx, sink)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<Result<usize, T::Error>> {
        (**self).poll_write(cx, slices)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        (**self).poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        (**self).poll_deadline(cx, at)
    }
}

/// A transport of any type: `Box<dyn Transport<Error = E> + Send>`.
impl<T: Transport + ?Sized> Transport for Box<T> {
    type Error = T::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<Result<(), T::Error>> {
        (**self).poll_read(cx, sink)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<Result<usize, T::Error>> {
        (**self).poll_write(cx, slices)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        (**self).poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        (**self).poll_deadline(cx, at)
    }
}

/// A failure that the driver detects, such as a missed deadline. [`Transport::Error`] can represent each.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream accepts no octets.
    WriteZero,
    /// The peer closed the connection without close_notify, or during the handshake.
    Truncated,
    /// A deadline passed.
    TimedOut,
    /// The source of a message of a [known length](crate::ExactLength) ended early.
    #[non_exhaustive]
    IncompleteMessage {
        /// The number of octets that the source did not have.
        missing: u64,
    },
    /// TLS failed.
    Tls(Box<dyn error::Error + Send + Sync>),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteZero => f.write_str("stream accepts no octets"),
            Self::Truncated => f.write_str("peer closed the TLS connection without close_notify"),
            Self::TimedOut => f.write_str("timed out"),
            Self::IncompleteMessage { missing } => write!(f, "message ended {missing} octets early"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl error::Error for StreamError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Tls(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(feature = "std")]
impl From<StreamError> for std::io::Error {
    fn from(error: StreamError) -> Self {
        use std::io::ErrorKind;
        let kind = match error {
            StreamError::WriteZero => ErrorKind::WriteZero,
            StreamError::Truncated | StreamError::IncompleteMessage { .. } => ErrorKind::UnexpectedEof,
            StreamError::TimedOut => ErrorKind::TimedOut,
            StreamError::Tls(error) => return Self::new(ErrorKind::InvalidData, error),
        };
        Self::new(kind, error)
    }
}
