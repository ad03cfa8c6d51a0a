//! A machine on a transport.

mod body;
mod input;
#[cfg(feature = "std")]
mod kept_body;
mod recording;

use core::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
    time::Duration,
};

use alloc::boxed::Box;
use bytes::{Buf, BytesMut};
use smtp_proto::{Deadline, Instant, Machine, Step, TlsUpgrade, Wait, server::Server};
use tracing::debug;

use self::input::Input;
#[cfg(feature = "std")]
pub(crate) use self::kept_body::LastBody;
use crate::{
    ProxyHeader, ProxyHeaderError, StreamError, TlsSession, TlsSettings, Transport, proxied::read_header,
    transcript::Recorder, wire::Wire,
};

/// A machine, its transport, and the octets between them.
///
/// The loop is the same for client and server: [`poll`](Self::poll) until the machine waits, and handle each event; then
/// [`wait`](Self::wait). An event borrows only the input, so you can answer the machine while you hold the event.
///
/// The deadlines of the machine run only during `wait`. While the application awaits something else, a silent peer keeps the
/// session open. So await both together, for example with `select!`, or use a
#[cfg_attr(feature = "std", doc = "[`Service`](crate::Service), which does so.")]
#[cfg_attr(not(feature = "std"), doc = "`Service`, which does so.")]
pub struct Connection<T: Transport, M> {
    pub(crate) wire: Wire<T>,
    machine: M,
    /// The TLS handshake that the next waits do.
    upgrade: Option<TlsUpgrade>,
    input: Input,
    /// The octets of the last [`Event::Body`].
    #[cfg(feature = "std")]
    body: LastBody,
    /// Deferred output, to be written before the output of the machine.
    backlog: BytesMut,
    /// The transport accepts no more output.
    write_closed: bool,
    error: Option<T::Error>,
    transcript: Option<Box<Recorder>>,
}

impl<T: Transport, M: Machine> Connection<T, M> {
    /// Puts a machine on a transport. For TCP, set `TCP_NODELAY` first: the machine writes whole groups.
    pub fn new(transport: T, machine: M) -> Self {
        Self::on_wire(Wire::plaintext(transport), machine)
    }

    pub(crate) fn on_wire(wire: Wire<T>, machine: M) -> Self {
        Self {
            wire,
            machine,
            upgrade: None,
            input: Input::default(),
            #[cfg(feature = "std")]
            body: LastBody::None,
            backlog: BytesMut::new(),
            write_closed: false,
            error: None,
            transcript: None,
        }
    }

    /// Polls the machine. Returns the step, and the machine for answering it.
    pub fn poll(&mut self) -> (Step<M::Event<'_>>, &mut M) {
        let now = self.wire.transport.now();
        self.poll_at(now)
    }

    /// Polls as [`poll`](Self::poll), at a time that the caller has read from the transport's clock.
    pub(crate) fn poll_at(&mut self, now: Instant) -> (Step<M::Event<'_>>, &mut M) {
        let step = self.input.step(&mut self.machine, now);
        (step, &mut self.machine)
    }

    /// Does the next I/O that the machine waits for: reads, writes, does the TLS handshake, or waits for the deadline.
    ///
    /// Cancel-safe: dropping the future loses nothing. A broken stream is reported to the machine, and its next event
    /// reports the result; [`take_error`](Self::take_error) returns the cause.
    pub async fn wait(&mut self, wait: Wait) {
        poll_fn(|cx| self.poll_wait(cx, wait)).await;
    }

    /// Waits as [`wait`](Self::wait).
    pub fn poll_wait(&mut self, cx: &mut Context<'_>, wait: Wait) -> Poll<()> {
        if self.upgrade.is_some() {
            return self.poll_handshake(cx, wait.deadline);
        }
        let backlog = self.has_backlog();
        let listens = wait.want_read || wait.application_pending;
        let mut blocked = false;
        if (wait.want_write || backlog) && !self.write_closed {
            blocked = self.poll_output(cx, wait.want_write).is_pending();
            // The machine may have waited for room in its output.
            if !blocked && !wait.want_read && !self.write_closed {
                return Poll::Ready(());
            }
        }
        if self.write_closed && !listens {
            self.machine.connection_lost();
            return Poll::Ready(());
        }
        if wait.want_read && self.poll_input(cx, wait.want_write).is_ready() {
            if blocked {
                // Report the written output before the machine parses a reply to it.
                let _ = self.poll_output(cx, wait.want_write);
            }
            return Poll::Ready(());
        }
        if backlog && !blocked {
            return Poll::Ready(());
        }
        self.poll_deadline(cx, wait.deadline)
    }

    /// Waits as [`poll_wait`](Self::poll_wait), at most until this time.
    pub(crate) fn poll_wait_until(
        &mut self,
        cx: &mut Context<'_>,
        wait: Wait,
        until: Option<Instant>,
    ) -> Poll<()> {
        match (self.poll_wait(cx, wait), until) {
            (Poll::Pending, Some(until)) => {
                let at = wait.deadline.map_or(until, |deadline| deadline.at.min(until));
                self.wire.transport.poll_deadline(cx, at)
            }
            (done, _) => done,
        }
    }

    /// Begins TLS with these settings. The next waits do the handshake, within the machine's deadline. A failed handshake
    /// ends the session.
    pub fn start_tls(&mut self, upgrade: TlsUpgrade, settings: &dyn TlsSettings) {
        match settings.session() {
            Ok(session) => self.start_tls_session(upgrade, session),
            Err(error) => {
                self.note(error.into());
                self.machine.tls_failed(upgrade);
            }
        }
    }

    fn start_tls_session(&mut self, upgrade: TlsUpgrade, session: Box<dyn TlsSession>) {
        self.wire.start_tls(session);
        self.upgrade = Some(upgrade);
    }

    /// The machine.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, mutably: for commands or answers.
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The transport.
    pub const fn transport(&self) -> &T {
        &self.wire.transport
    }

    /// The transport, mutably: for example, to register its socket. The machine does not see octets that you read or write
    /// directly.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.wire.transport
    }

    /// Takes the error that broke the stream or the handshake. Returns `None` if there was no error.
    pub const fn take_error(&mut self) -> Option<T::Error> {
        self.error.take()
    }

    /// Returns true if the stream accepts no more output. Input that arrived earlier can still be read.
    pub const fn is_write_closed(&self) -> bool {
        self.write_closed
    }

    /// Closes the connection so that the peer can read all output: shuts down the sending side, and waits up to
    /// [`LINGER_TIMEOUT`] for the peer to close. Otherwise a socket with unread input would be reset, and the peer would lose
    /// output that it has not read.
    ///
    /// Cancel-safe: call it again to continue, or drop the connection.
    pub async fn close(&mut self) {
        if !self.shut_down().await {
            return;
        }
        let (end, mut discarded) = (self.wire.transport.now() + LINGER_TIMEOUT, 0);
        poll_fn(|cx| {
            let mut over = false;
            while !over && discarded < LINGER_OCTETS {
                let read = self.wire.poll_read(cx, &mut |octets| {
                    over |= octets.is_empty();
                    discarded += octets.len();
                });
                match read {
                    Poll::Ready(read) => over |= read.is_err(),
                    Poll::Pending => return self.wire.transport.poll_deadline(cx, end),
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Shuts down the sending side. Returns true if the peer can read the end of the stream.
    pub(crate) async fn shut_down(&mut self) -> bool {
        if self.upgrade.is_some() {
            return false;
        }
        self.wire.shut_down().await
    }

    fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Option<Deadline>) -> Poll<()> {
        match deadline {
            Some(deadline) => self.wire.transport.poll_deadline(cx, deadline.at),
            None => Poll::Pending,
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>, deadline: Option<Deadline>) -> Poll<()> {
        let Poll::Ready(done) = self.wire.poll_handshake(cx) else {
            let expired = self.poll_deadline(cx, deadline);
            if expired.is_ready() {
                self.note(StreamError::TimedOut.into());
            }
            return expired;
        };
        if let Some(transcript) = &mut self.transcript {
            let now = self.wire.transport.now();
            match &done {
                Ok(info) => transcript.tls(now, info),
                Err(error) => transcript.note(now, format_args!("TLS handshake failed: {error}")),
            }
        }
        if let Some(upgrade) = self.upgrade.take() {
            match done {
                Ok(info) => self.machine.tls_established(upgrade, info),
                Err(error) => {
                    debug!(%error, "TLS handshake failed");
                    self.note(error);
                    self.machine.tls_failed(upgrade);
                }
            }
        }
        Poll::Ready(())
    }

    /// Writes the backlog, then the output of the machine if it wants to write. Pending if the transport accepts no more.
    fn poll_output(&mut self, cx: &mut Context<'_>, want_write: bool) -> Poll<()> {
        while !self.write_closed {
            let octets = match &*self.backlog {
                [] if want_write => self.machine.output(),
                backlog => backlog,
            };
            if octets.is_empty() {
                break;
            }
            let written = ready!(self.wire.poll_write(cx, &[octets]));
            if let (Some(transcript), Ok(written)) = (&mut self.transcript, &written) {
                // A write under TLS may have begun with more than the backlog.
                let rest = if *written > octets.len() {
                    self.machine.output()
                } else {
                    &[]
                };
                transcript.sent(self.wire.transport.now(), &[octets, rest], *written);
            }
            match written {
                Ok(0) => self.write_failed(StreamError::WriteZero.into()),
                Ok(octets) => self.advance_output(octets),
                Err(error) => self.write_failed(error),
            }
        }
        Poll::Ready(())
    }

    fn poll_input(&mut self, cx: &mut Context<'_>, want_write: bool) -> Poll<()> {
        self.input.drop_used();
        let (Self { wire, input, .. }, mut end) = (&mut *self, false);
        let before = input.octets().len();
        let read = wire.poll_read(cx, &mut |octets| {
            end |= octets.is_empty();
            input.extend(octets);
        });
        self.record_input(before);
        match read {
            Poll::Ready(Ok(())) if end => {
                if let Some(transcript) = &mut self.transcript {
                    transcript.end_of_input(self.wire.transport.now());
                }
                self.machine.end_of_input();
            }
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => {
                debug!(%error, "cannot read");
                self.record(format_args!("cannot read: {error}"));
                self.note(error);
                // A message whose end has left must be reported as sent.
                let _ = self.poll_output(cx, want_write);
                self.machine.connection_lost();
            }
            Poll::Pending => {
                self.release();
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Frees buffer memory: most sessions wait for input most of the time.
    fn release(&mut self) {
        self.input.release();
        if self.backlog.is_empty() {
            self.backlog = BytesMut::new();
        }
    }

    fn advance_output(&mut self, octets: usize) {
        let deferred = octets.min(self.backlog.len());
        self.backlog.advance(deferred);
        if octets > deferred {
            self.machine.advance_output(octets - deferred);
        }
    }

    /// Marks the stream as accepting no more output. Input that arrived earlier can still be read.
    fn write_failed(&mut self, error: T::Error) {
        debug!(%error, "cannot write");
        self.record(format_args!("cannot write: {error}"));
        self.write_closed = true;
        self.backlog = BytesMut::new();
        self.note(error);
    }

    /// Records an error; only the first one is kept.
    fn note(&mut self, error: T::Error) {
        self.error.get_or_insert(error);
    }
}

impl<T: Transport> Connection<T, Server> {
    /// Reads a PROXY header before the session begins. The octets after the header belong to the session, even if TLS begins
    /// next. Call this before the first [`poll`](Self::poll), and only if the peer is a trusted proxy.
    ///
    /// Not cancel-safe: after the future is dropped, drop the connection.
    ///
    /// # Errors
    ///
    /// If no complete and valid header arrives within `limit`. Then drop the connection, because its peer could claim any
    /// address.
    pub async fn read_proxy_header(
        &mut self,
        limit: Duration,
    ) -> Result<ProxyHeader, ProxyHeaderError<T::Error>> {
        read_header(&mut self.wire, limit).await
    }

    /// Begins TLS before the greeting (implicit TLS, RFC 8314 section 3.3). The next waits do the handshake. Call it before
    /// the first poll: later, TLS does not begin, and the session ends.
    pub fn start_implicit_tls(&mut self, settings: &dyn TlsSettings) {
        match self.machine.start_implicit_tls() {
            Some(upgrade) => self.start_tls(upgrade, settings),
            None => self.machine.connection_lost(),
        }
    }
}

/// Shows the number of octets in the buffers only, because they may be a password.
impl<T: Transport, M: fmt::Debug> fmt::Debug for Connection<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("machine", &self.machine)
            .field("input", &self.input.unused())
            .field("backlog", &self.backlog.len())
            .field("write_closed", &self.write_closed)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Time that a driver waits for the peer to close the connection, after shutting down its own sending side: 2 seconds.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum octets that a driver reads and discards during [`LINGER_TIMEOUT`]: 1 MiB.
pub const LINGER_OCTETS: usize = 1 << 20;

#[cfg(all(test, feature = "std"))]
mod tests;
