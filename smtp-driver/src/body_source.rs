//! The interface to the source of a message that the client reads while sending.

use core::task::{Context, Poll};

/// The source of a message that the client reads while sending. `E` is the error of the stream.
pub trait BodySource<E> {
    /// Reads the octets that are available now into `room`, and returns their number. Zero is the end of the message.
    ///
    /// After an error the message is incomplete: the driver aborts the session, so that the server does not accept the
    /// message.
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<Result<usize, E>>;
}

/// A source without octets, for a message that is in memory.
impl<E> BodySource<E> for () {
    fn poll_fill(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<Result<usize, E>> {
        Poll::Ready(Ok(0))
    }
}
