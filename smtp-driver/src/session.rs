//! A server's session on one accepted connection.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use smtp_proto::{
    Instant, Machine, Step, TlsInfo, TlsUpgrade, Wait,
    server::{Event, Server},
};
use tracing::debug;

use crate::{
    Connection, Peer, Proxied, ServeOptions, TlsSettings, Transport,
    shutdown::{Shared, Stage, StageWatch},
    signal::Signal,
};

/// A server's session on one accepted connection: a [`Connection`] that takes part in the shutdown of the server.
/// [`serve_sessions`](crate::serve_sessions) creates it; [`Session::new`] creates one without a server.
pub struct Session<T: Transport>(Box<Inner<T>>);

// Boxed, because an async function reserves space for every move of a by-value argument.
struct Inner<T: Transport> {
    connection: Connection<T, Server>,
    ends: Arc<Ends>,
    watch: StageWatch,
    /// The last stage that was reported to the machine.
    stage: Stage,
    /// The signal by which another task or thread ends a wait.
    call: Option<Arc<Signal>>,
}

/// The two ends of a connection, shared with the [`About`](crate::About) of a service.
#[derive(Debug)]
pub(crate) struct Ends {
    /// The client.
    pub(crate) peer: Peer,
    pub(crate) local: Peer,
    /// The proxy between client and server. On the heap, because few connections have one.
    pub(crate) proxied: Option<Box<Proxied>>,
}

impl<T: Transport> Session<T> {
    /// Creates a session on one stream, without a listener: for inetd, for a socket pair, or behind a program that does TLS.
    /// [`converse`](crate::converse) then runs a service on it.
    ///
    /// Before that, the connection can get a [transcript](Connection::set_transcript), or read a [PROXY
    /// header](Connection::read_proxy_header).
    ///
    /// ```
    /// use std::{error::Error, io};
    ///
    /// use smtp_driver::proto::{server::{Config, Server}, types::Host};
    /// use smtp_driver::{Connection, Peer, Service, Session, Transport, converse};
    ///
    /// async fn run<T: Transport<Error = io::Error>>(stream: T, peer: Peer, service: &impl Service) -> Result<(), Box<dyn Error>> {
    ///     let config = Config::new(Host::parse("mx.example.org")?);
    ///     let connection = Connection::new(stream, Server::new(config.into()));
    ///     converse(Session::new(connection, peer, Peer::Unix), service, None).await;
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn new(connection: Connection<T, Server>, peer: Peer, local: Peer) -> Self {
        let ends = Ends {
            peer,
            local,
            proxied: None,
        };
        // Nobody shuts it down from outside.
        let shared = Shared::new(&ServeOptions::default());
        Self::of_server(connection, ends, StageWatch::new(&shared))
    }

    /// Declares that the stream is already encrypted, with these parameters. Call it before the first poll.
    #[must_use]
    pub fn encrypted(mut self, info: TlsInfo) -> Self {
        self.machine_mut().set_implicit_tls(info);
        self
    }

    pub(crate) fn of_server(connection: Connection<T, Server>, ends: Ends, watch: StageWatch) -> Self {
        Self(Box::new(Inner {
            connection,
            ends: Arc::new(ends),
            watch,
            stage: Stage::Serving,
            call: None,
        }))
    }

    /// Polls the machine: [`Connection::poll`].
    pub fn poll(&mut self) -> (Step<Event<'_>>, &mut Server) {
        let now = self.now();
        let (step, server) = self.0.connection.poll_body_at(now);
        if let Step::Event(Event::Closed(why)) = &step {
            debug!(%why, "closed");
        }
        (step, server)
    }

    pub(crate) const fn connection(&mut self) -> &mut Connection<T, Server> {
        &mut self.0.connection
    }

    /// The time of the transport.
    pub(crate) fn now(&self) -> Instant {
        self.0.connection.transport().now()
    }

    /// Waits as [`Connection::wait`]. A shutdown ends the wait, and the session reports it to the machine.
    pub async fn wait(&mut self, wait: Wait) {
        poll_fn(|cx| self.poll_wait(cx, wait)).await;
    }

    /// Waits as [`wait`](Self::wait).
    pub fn poll_wait(&mut self, cx: &mut Context<'_>, wait: Wait) -> Poll<()> {
        if self.0.call.as_ref().is_some_and(|call| call.take(cx)) {
            return Poll::Ready(());
        }
        match self.poll_stage(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => self.0.connection.poll_wait(cx, wait),
        }
    }

    /// Waits while the application uses the octets of a body: writes, but does not read (back-pressure). Ready at `until`, or
    /// at the next stage of the shutdown.
    pub(crate) fn poll_body_wait(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        if self.poll_stage(cx).is_ready() {
            return Poll::Ready(());
        }
        self.0.connection.poll_write_until(cx, until)
    }

    /// Returns true if octets were read that the machine has not used.
    pub(crate) fn has_input(&self) -> bool {
        self.0.connection.has_input()
    }

    /// Returns true if the session must end without finishing its transaction.
    pub(crate) fn must_end(&self) -> bool {
        self.0.stage >= Stage::Now
    }

    /// Waits for the next stage of the shutdown, and reports it to the machine.
    fn poll_stage(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Inner {
            connection,
            watch,
            stage,
            ..
        } = &mut *self.0;
        let now = ready!(watch.poll_after(cx, *stage));
        *stage = now;
        let server = connection.machine_mut();
        if let Some(how) = now.shutdown() {
            server.shutdown(how);
        }
        if now == Stage::Over {
            server.connection_lost();
        }
        Poll::Ready(())
    }

    /// Returns a waker that ends a wait of this session: another task or thread calls it when it has an answer. If the
    /// session is not waiting, its next wait ends at once.
    pub fn waker(&mut self) -> Waker {
        Arc::clone(self.0.call.get_or_insert_default()).into()
    }

    /// Takes the octets of the last [`Event::Body`] out of the input without a copy, so that you can keep them. Call it after
    /// the event and before the next [`poll`](Self::poll). Returns no octets after another event.
    pub fn take_body(&mut self) -> Bytes {
        self.0.connection.take_body()
    }

    /// Begins TLS after [`Event::StartTls`]: [`Connection::start_tls`].
    pub fn start_tls(&mut self, upgrade: TlsUpgrade, settings: &dyn TlsSettings) {
        self.0.connection.start_tls(upgrade, settings);
    }

    /// Begins TLS before the greeting: [`Connection::start_implicit_tls`].
    pub fn start_implicit_tls(&mut self, settings: &dyn TlsSettings) {
        self.0.connection.start_implicit_tls(settings);
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &Server {
        self.0.connection.machine()
    }

    /// The machine, mutably: for answers.
    pub const fn machine_mut(&mut self) -> &mut Server {
        self.0.connection.machine_mut()
    }

    /// The transport.
    #[must_use]
    pub const fn transport(&self) -> &T {
        self.0.connection.transport()
    }

    /// Takes the error that broke the stream: [`Connection::take_error`].
    pub const fn take_error(&mut self) -> Option<T::Error> {
        self.0.connection.take_error()
    }

    /// The address of the client. Behind a [proxy](crate::ServeOptions::expect_proxy) it is the address in the PROXY header.
    /// XCLIENT does not change it: see [`Server::xclient`].
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.0.ends.peer
    }

    /// The proxy that the client connected through. Returns `None` unless the listener expects a proxy.
    #[must_use]
    pub fn proxied(&self) -> Option<&Proxied> {
        self.0.ends.proxied.as_deref()
    }

    pub(crate) fn share_ends(&self) -> Arc<Ends> {
        Arc::clone(&self.0.ends)
    }

    /// The address that the client connected to.
    #[must_use]
    pub fn local(&self) -> Peer {
        self.0.ends.local
    }

    /// Returns the connection without its part in the shutdown.
    pub(crate) fn into_connection(self) -> Connection<T, Server> {
        self.0.connection
    }

    /// Closes the connection so that the client can read all output: [`Connection::close`].
    ///
    /// Cancellation: dropping the future drops the connection, and the client may not receive the last replies.
    pub async fn close(mut self) {
        self.close_connection().await;
    }

    /// Closes the connection as [`close`](Self::close), and keeps its permit.
    pub(crate) async fn close_connection(&mut self) {
        self.0.connection.close().await;
    }
}

/// Shows the addresses and the state of the machine.
impl<T: Transport> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("peer", &self.peer())
            .field("local", &self.local())
            .field("state", &self.machine().state())
            .finish_non_exhaustive()
    }
}
