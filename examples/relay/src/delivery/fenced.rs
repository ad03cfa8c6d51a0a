//! A content whose end is sent only while the lease is valid.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use smtp_driver::BodySource;
use tokio::io::{AsyncRead, ReadBuf};

/// A content, and the fence that is checked before its end is reported: the final dot follows the end.
pub(super) struct Fenced<'a, R> {
    reader: R,
    fence: Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>,
}

impl<'a, R> Fenced<'a, R> {
    pub(super) fn new(reader: R, fence: impl Future<Output = io::Result<()>> + Send + 'a) -> Self {
        Self {
            reader,
            fence: Box::pin(fence),
        }
    }
}

impl<R: AsyncRead + Unpin> BodySource<io::Error> for Fenced<'_, R> {
    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(room);
        ready!(Pin::new(&mut self.reader).poll_read(cx, &mut buffer))?;
        let octets = buffer.filled().len();
        if octets > 0 {
            return Poll::Ready(Ok(octets));
        }
        self.fence.as_mut().poll(cx).map_ok(|()| 0)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn read(fence: io::Result<()>) -> Vec<io::Result<usize>> {
        let mut source = Fenced::new(&b"content"[..], async { fence });
        let mut results = Vec::new();
        for _ in 0..2 {
            let mut room = [0; 100];
            results.push(poll_fn(|cx| source.poll_fill(cx, &mut room)).await);
        }
        results
    }

    #[tokio::test]
    async fn the_result_of_the_fence_follows_the_last_octets() {
        let results = read(Ok(())).await;
        assert!(matches!(results[..], [Ok(7), Ok(0)]));
        let results = read(Err(io::Error::other("lost"))).await;
        assert!(matches!(results[..], [Ok(7), Err(_)]));
    }
}
