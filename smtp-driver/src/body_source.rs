//! The interface to the source of a message that the client reads while sending.

use core::task::{Context, Poll, ready};

use crate::StreamError;

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

impl<E, S: BodySource<E> + ?Sized> BodySource<E> for &mut S {
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<Result<usize, E>> {
        (**self).poll_fill(cx, room)
    }
}

/// A message of a known length. If the source ends earlier, the message is incomplete: sending it fails, and the server does
/// not accept it. Without this wrapper, a pipe whose writer was dropped looks like the end of the message.
///
/// Octets after the length are not read.
#[derive(Debug)]
pub struct ExactLength<S> {
    source: S,
    /// Octets that were not read yet.
    missing: u64,
}

impl<S> ExactLength<S> {
    /// Wraps the source of a message with this number of octets.
    pub const fn new(source: S, octets: u64) -> Self {
        Self {
            source,
            missing: octets,
        }
    }
}

impl<E: From<StreamError>, S: BodySource<E>> BodySource<E> for ExactLength<S> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<Result<usize, E>> {
        let most = usize::try_from(self.missing).map_or(room.len(), |missing| missing.min(room.len()));
        let (room, _) = room.split_at_mut(most);
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let octets = ready!(self.source.poll_fill(cx, room))?;
        if octets == 0 {
            let missing = self.missing;
            return Poll::Ready(Err(StreamError::IncompleteMessage { missing }.into()));
        }
        self.missing = self.missing.saturating_sub(octets as u64);
        Poll::Ready(Ok(octets))
    }
}
