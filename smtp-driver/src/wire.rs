//! A transport, in plaintext or under TLS.

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::poll_fn,
    mem,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use smtp_proto::TlsInfo;

use crate::{LINGER_TIMEOUT, StreamError, TlsSession, Transport};

/// Maximum reads that find no content before the task yields. Records without content must not keep it from the deadline.
const MAX_EMPTY_READS: u8 = 16;

/// A transport, and the TLS session over it once that has begun.
pub(crate) struct Wire<T> {
    pub(crate) transport: T,
    tls: Option<Box<Tls>>,
    /// Octets that were read before the session, and belong to it. The next read passes them on.
    unread: Box<[u8]>,
}

struct Tls {
    session: Box<dyn TlsSession>,
    /// Octets of content that were encrypted and have not left.
    sealed: usize,
    /// close_notify is in the output, or was sent.
    closing: bool,
    peer_closed: bool,
    /// The failure of a read that passed on content before it. The next read reports it.
    failed: Option<StreamError>,
    /// Content that arrived with the end of the handshake.
    early: BytesMut,
}

impl Tls {
    /// Writes the output of the session.
    fn poll_transmit<T: Transport>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), T::Error>> {
        let mut failed = None;
        let done = self
            .session
            .transmit(&mut |slices| match transport.poll_write(cx, slices) {
                Poll::Ready(Ok(octets @ 1..)) => octets,
                Poll::Ready(Ok(_)) => {
                    failed = Some(StreamError::WriteZero.into());
                    0
                }
                Poll::Ready(Err(error)) => {
                    failed = Some(error);
                    0
                }
                Poll::Pending => 0,
            });
        match failed {
            Some(error) => Poll::Ready(Err(error)),
            None if done => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }

    /// Reads once. The answer of the session, such as an alert, is written if the transport accepts it now.
    fn poll_receive<T: Transport>(
        &mut self,
        transport: &mut T,
        unread: &mut Box<[u8]>,
        cx: &mut Context<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Poll<Result<(), T::Error>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error.into()));
        }
        let (session, mut received, mut any) = (&mut self.session, Ok(false), false);
        ready!(poll_read(transport, unread, cx, &mut |octets| match received {
            Ok(false) if octets.is_empty() => received = Err(StreamError::Truncated),
            Ok(false) => {
                received = session.decrypt(octets, &mut |content| {
                    any = true;
                    sink(content);
                });
            }
            // After close_notify nothing counts.
            Ok(true) | Err(_) => {}
        }))?;
        // An error shows in the next write. Here it would hide content that was read, such as the reason of a server.
        let _ = self.poll_transmit(transport, cx);
        match received {
            Ok(closed) => self.peer_closed |= closed,
            Err(error) if any => self.failed = Some(error),
            Err(error) => return Poll::Ready(Err(error.into())),
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> Wire<T> {
    pub(crate) fn plaintext(transport: T) -> Self {
        Self {
            transport,
            tls: None,
            unread: Box::default(),
        }
    }

    /// Gives octets back, for the next read.
    pub(crate) fn unread(&mut self, octets: Vec<u8>) {
        self.unread = octets.into();
    }

    /// Begins TLS. The handshake is done by [`poll_handshake`](Self::poll_handshake).
    pub(crate) fn start_tls(&mut self, session: Box<dyn TlsSession>) {
        self.tls = Some(Box::new(Tls {
            session,
            sealed: 0,
            closing: false,
            peer_closed: false,
            failed: None,
            early: BytesMut::new(),
        }));
    }

    /// Does the next part of the handshake. The next read passes on content that arrives with its end: until then the machine
    /// has not asked for any, and would take it for a client that does not wait for the greeting.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<TlsInfo, T::Error>> {
        let Some(tls) = &mut self.tls else {
            return Poll::Ready(Err(StreamError::Truncated.into()));
        };
        loop {
            // The rest of it, such as the last flight of the handshake, goes before the next write.
            let _ = tls.poll_transmit(&mut self.transport, cx)?;
            if let Some(info) = tls.session.info() {
                return Poll::Ready(Ok(info));
            }
            if tls.peer_closed {
                return Poll::Ready(Err(StreamError::Truncated.into()));
            }
            let mut early = mem::take(&mut tls.early);
            let received = tls.poll_receive(&mut self.transport, &mut self.unread, cx, &mut |octets| {
                early.extend_from_slice(octets);
            });
            tls.early = early;
            ready!(received)?;
        }
    }

    /// Reads once, as [`Transport::poll_read`].
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Poll<Result<(), T::Error>> {
        let Some(tls) = &mut self.tls else {
            return poll_read(&mut self.transport, &mut self.unread, cx, sink);
        };
        // The answer to an earlier read, if there was no room for it. An error shows in the next write.
        let _ = tls.poll_transmit(&mut self.transport, cx);
        if !tls.early.is_empty() {
            sink(&mem::take(&mut tls.early));
            return Poll::Ready(Ok(()));
        }
        let mut any = false;
        for _ in 0..MAX_EMPTY_READS {
            if tls.peer_closed {
                sink(&[]);
                return Poll::Ready(Ok(()));
            }
            ready!(
                tls.poll_receive(&mut self.transport, &mut self.unread, cx, &mut |octets| {
                    any = true;
                    sink(octets);
                })
            )?;
            if any {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes as [`Transport::poll_write`]: under TLS, `Ready(Ok(n))` reports that the ciphertext of `n` octets has left.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[&[u8]],
    ) -> Poll<Result<usize, T::Error>> {
        let Some(tls) = &mut self.tls else {
            return self.transport.poll_write(cx, slices);
        };
        if tls.sealed == 0 {
            // An answer of the session may be unwritten still, and the session accepts nothing behind it.
            ready!(tls.poll_transmit(&mut self.transport, cx))?;
            tls.sealed = tls.session.encrypt(slices)?;
        }
        ready!(tls.poll_transmit(&mut self.transport, cx))?;
        Poll::Ready(Ok(mem::take(&mut tls.sealed)))
    }

    /// Shuts down the sending side, under TLS after close_notify.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        if let Some(tls) = &mut self.tls {
            if tls.sealed > 0 {
                // The machine counts it as not sent, so it must not arrive.
                return Poll::Ready(Err(StreamError::WriteZero.into()));
            }
            if !mem::replace(&mut tls.closing, true) {
                tls.session.close_notify();
            }
            ready!(tls.poll_transmit(&mut self.transport, cx))?;
        }
        self.transport.poll_shutdown(cx)
    }

    /// Shuts down the sending side within [`LINGER_TIMEOUT`]. Returns true if the peer gets to know.
    pub(crate) async fn shut_down(&mut self) -> bool {
        let end = self.transport.now() + LINGER_TIMEOUT;
        poll_fn(|cx| match self.poll_shutdown(cx) {
            Poll::Pending => self.transport.poll_deadline(cx, end).map(|()| false),
            Poll::Ready(done) => Poll::Ready(done.is_ok()),
        })
        .await
    }
}

/// Reads from the transport, after the octets that were given back.
fn poll_read<T: Transport>(
    transport: &mut T,
    unread: &mut Box<[u8]>,
    cx: &mut Context<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Poll<Result<(), T::Error>> {
    if unread.is_empty() {
        return transport.poll_read(cx, sink);
    }
    sink(&mem::take(unread));
    Poll::Ready(Ok(()))
}

/// Shows if TLS has begun.
impl<T: fmt::Debug> fmt::Debug for Wire<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("transport", &self.transport)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}
