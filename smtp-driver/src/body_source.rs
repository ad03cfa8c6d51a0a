//! The interface to a message that is read while it is sent.

use core::task::{Context, Poll};

/// A message that is read while it is sent. `E` is the error of the stream.
pub trait BodySource<E> {
    /// Reads into `room`, as much as is available now, and returns the number of octets. Zero is the end of the message.
    ///
    /// An error means that the message is incomplete: the session is aborted, and nothing of it is accepted.
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<Result<usize, E>>;
}

/// A source without octets, for a message that is in memory.
impl<E> BodySource<E> for () {
    fn poll_fill(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<Result<usize, E>> {
        Poll::Ready(Ok(0))
    }
}
