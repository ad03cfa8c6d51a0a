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

/// Maximum reads without content before the task yields: empty TLS records must not keep the task from its deadline.
const MAX_EMPTY_READS: u8 = 16;

/// A transport, and the TLS session over it after TLS has begun.
pub(crate) struct Wire<T> {
    pub(crate) transport: T,
    tls: Option<Box<Tls>>,
    /// Octets of the session that were read before it began. The next read passes them on.
    unread: Box<[u8]>,
}

struct Tls {
    session: Box<dyn TlsSession>,
    /// Octets of content whose ciphertext has not left.
    sealed: usize,
    /// close_notify is in the output, or was sent.
    closing: bool,
    peer_closed: bool,
    /// The failure of a read that had passed on content first. The next read reports it.
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

    /// Reads once. Writes the response of the TLS session, such as an alert, if the transport accepts it now.
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
            // Octets after close_notify are ignored.
            Ok(true) | Err(_) => {}
        }))?;
        // The next write reports the error. Here it would hide content that was read, such as a server's last reply.
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

    /// Puts octets back, for the next read.
    pub(crate) fn unread(&mut self, octets: Vec<u8>) {
        self.unread = octets.into();
    }

    /// Begins TLS. [`poll_handshake`](Self::poll_handshake) does the handshake.
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

    /// Does the next part of the handshake. Content that arrives with the last handshake message waits for the next read: the
    /// machine would otherwise treat it as sent before the greeting.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<TlsInfo, T::Error>> {
        let Some(tls) = &mut self.tls else {
            return Poll::Ready(Err(StreamError::Truncated.into()));
        };
        loop {
            // The rest, such as the last flight of the handshake, is written before the next content.
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
        // Writes the response to an earlier read that the transport did not accept then. The next write reports an error.
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
            // A response of the TLS session may be unwritten, and the session accepts no content before it has left.
            ready!(tls.poll_transmit(&mut self.transport, cx))?;
            tls.sealed = tls.session.encrypt(slices)?;
        }
        ready!(tls.poll_transmit(&mut self.transport, cx))?;
        Poll::Ready(Ok(mem::take(&mut tls.sealed)))
    }

    /// Shuts down the sending side; under TLS, sends close_notify first.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        if let Some(tls) = &mut self.tls {
            if tls.sealed > 0 {
                // The machine counts these octets as not sent, so they must not arrive.
                return Poll::Ready(Err(StreamError::WriteZero.into()));
            }
            if !mem::replace(&mut tls.closing, true) {
                tls.session.close_notify();
            }
            ready!(tls.poll_transmit(&mut self.transport, cx))?;
        }
        self.transport.poll_shutdown(cx)
    }

    /// Shuts down the sending side within [`LINGER_TIMEOUT`]. Returns true if the peer can read the end of the stream.
    pub(crate) async fn shut_down(&mut self) -> bool {
        let end = self.transport.now() + LINGER_TIMEOUT;
        poll_fn(|cx| match self.poll_shutdown(cx) {
            Poll::Pending => self.transport.poll_deadline(cx, end).map(|()| false),
            Poll::Ready(done) => Poll::Ready(done.is_ok()),
        })
        .await
    }
}

/// Reads the octets that were put back, then from the transport.
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

/// Shows only if TLS has begun.
impl<T: fmt::Debug> fmt::Debug for Wire<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("transport", &self.transport)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}
