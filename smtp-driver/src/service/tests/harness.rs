//! A transport in memory with a manual clock, and a scripted service.

use std::{
    collections::{BTreeSet, VecDeque},
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use smtp_proto::{
    Instant,
    server::{Closed, Config, Reset, Server},
    types::{Host, Mail, Rcpt, Rejection},
};

use crate::{
    About, Accept, Connection, Peer, ServeOptions, Service, Session, TlsSettings, Transport, converse,
    session::Ends,
    shutdown::{ConnectionPermit, Shared, Stage, StageWatch},
};

const UNIX: Ends = Ends {
    peer: Peer::Unix,
    local: Peer::Unix,
    proxied: None,
};

/// The two directions of a stream, and the time.
#[derive(Default)]
pub(super) struct Pipe {
    pub(super) input: VecDeque<u8>,
    pub(super) output: Vec<u8>,
    pub(super) is_closed: bool,
    is_shut_down: bool,
    pub(super) now: Duration,
    pub(super) clock_reads: usize,
}

pub(super) struct Memory(pub(super) Arc<Mutex<Pipe>>);

impl Memory {
    fn pipe(&self) -> MutexGuard<'_, Pipe> {
        self.0.lock().unwrap()
    }
}

impl Transport for Memory {
    type Error = io::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let mut pipe = self.pipe();
        let octets: Vec<u8> = pipe.input.drain(..).collect();
        if octets.is_empty() && !pipe.is_closed {
            return Poll::Pending;
        }
        drop(pipe);
        sink(&octets);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let octets = slices.concat();
        self.pipe().output.extend_from_slice(&octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe().is_shut_down = true;
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        let mut pipe = self.pipe();
        pipe.clock_reads += 1;
        Instant::after_origin(pipe.now)
    }

    fn poll_deadline(&mut self, _: &mut Context<'_>, at: Instant) -> Poll<()> {
        if at.since_origin() <= self.pipe().now {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A session with a service, polled by hand.
pub(super) struct Harness {
    pub(super) pipe: Arc<Mutex<Pipe>>,
    shared: Arc<Shared>,
    session: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_over: bool,
}

impl Harness {
    pub(super) fn new<S: Service + 'static>(config: Config, service: &Arc<S>) -> Self {
        Self::with_tls(config, service, None)
    }

    pub(super) fn with_tls<S: Service + 'static>(
        config: Config,
        service: &Arc<S>,
        tls: Option<Arc<dyn TlsSettings>>,
    ) -> Self {
        let pipe = Arc::new(Mutex::new(Pipe::default()));
        let shared = Shared::new(&ServeOptions::default());
        let connection = Connection::new(Memory(Arc::clone(&pipe)), Server::new(config.into()));
        let permit = ConnectionPermit::take(&shared, None).unwrap();
        let session = Session::of_server(connection, UNIX, StageWatch::new(&shared));
        let service = Arc::clone(service);
        let mut harness = Self {
            pipe,
            shared,
            session: Box::pin(async move {
                let _permit = permit;
                converse(session, &*service, tls.as_ref()).await;
            }),
            is_over: false,
        };
        harness.poll();
        harness
    }

    /// A session in which EHLO was accepted.
    pub(super) fn greeted<S: Service + 'static>(config: Config, service: &Arc<S>) -> Self {
        let mut harness = Self::new(config, service);
        harness.send("EHLO client.example\r\n");
        assert!(harness.take_output().contains("HELP\r\n"));
        harness
    }

    /// A session in LMTP in which LHLO was accepted.
    pub(super) fn greeted_lmtp<S: Service + 'static>(mut config: Config, service: &Arc<S>) -> Self {
        config.protocol = smtp_proto::types::Protocol::Lmtp;
        let mut harness = Self::new(config, service);
        harness.send("LHLO client.example\r\n");
        assert!(harness.take_output().contains("HELP\r\n"));
        harness
    }

    /// Octets of the future of a session with this service.
    pub(super) fn size_of_session<S: Service + 'static>(service: &Arc<S>) -> usize {
        let shared = Shared::new(&ServeOptions::default());
        let connection = Connection::new(Memory(Arc::default()), Server::new(config().into()));
        let session = Session::of_server(connection, UNIX, StageWatch::new(&shared));
        size_of_val(&converse(session, &**service, None))
    }

    pub(super) fn poll(&mut self) {
        self.poll_with(Waker::noop());
    }

    pub(super) fn poll_with(&mut self, waker: &Waker) {
        let mut cx = Context::from_waker(waker);
        if !self.is_over {
            self.is_over = self.session.as_mut().poll(&mut cx).is_ready();
        }
    }

    pub(super) fn send(&mut self, octets: &str) {
        self.pipe.lock().unwrap().input.extend(octets.as_bytes());
        self.poll();
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.pipe.lock().unwrap().now += time;
        self.poll();
    }

    /// Closes the client's side, so that the session need not linger.
    pub(super) fn hang_up(&mut self) {
        self.pipe.lock().unwrap().is_closed = true;
        self.poll();
    }

    pub(super) fn begin(&mut self, stage: Stage) {
        self.shared.begin(stage);
        self.poll();
    }

    pub(super) fn take_output(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.pipe.lock().unwrap().output)).unwrap()
    }

    pub(super) fn unread(&self) -> usize {
        self.pipe.lock().unwrap().input.len()
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.pipe.lock().unwrap().is_shut_down
    }

    /// The session has ended.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Number of connections that take a place.
    pub(super) fn connections(&self) -> usize {
        self.shared.connections()
    }
}

pub(super) fn config() -> Config {
    Config::new(Host::parse("mx.example.org").unwrap())
}

/// A service that records its calls, and delays the answers that the test selects.
#[derive(Default)]
pub(super) struct Scripted {
    log: Mutex<Vec<String>>,
    held: Mutex<BTreeSet<String>>,
    rejected: Mutex<BTreeSet<String>>,
}

impl Scripted {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Calls with this name stay pending.
    pub(super) fn hold(&self, name: &str) {
        self.held.lock().unwrap().insert(name.into());
    }

    pub(super) fn release(&self, name: &str) {
        assert!(self.held.lock().unwrap().remove(name), "{name} is not held");
    }

    /// Calls with this name are rejected.
    pub(super) fn reject(&self, name: &str) {
        self.rejected.lock().unwrap().insert(name.into());
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub(super) fn note(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }

    /// Notes a call, waits while it is held, and answers.
    pub(super) async fn call(&self, name: &str) -> Result<(), Rejection> {
        /// Notes a call whose future is dropped before its end.
        struct Dropped<'s>(&'s Scripted, &'s str, bool);
        impl Drop for Dropped<'_> {
            fn drop(&mut self) {
                if !self.2 {
                    self.0.note(format!("{} dropped", self.1));
                }
            }
        }
        self.note(name);
        let mut guard = Dropped(self, name, false);
        poll_fn(|_| {
            if self.held.lock().unwrap().contains(name) {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        guard.2 = true;
        if self.rejected.lock().unwrap().contains(name) {
            Err(Rejection::POLICY)
        } else {
            Ok(())
        }
    }
}

fn names(to: &[Rcpt<'static>]) -> String {
    let names: Vec<_> = to.iter().map(|rcpt| name(rcpt)).collect();
    names.join(",")
}

fn name(rcpt: &Rcpt<'_>) -> String {
    let path = rcpt.forward_path().as_str();
    path.split('@').next().unwrap_or(path).into()
}

impl Service for Scripted {
    type Mail = Vec<u8>;

    async fn connect(&self, _: &About) -> Result<Accept, Rejection> {
        self.call("connect").await.map(|()| Accept::Yes)
    }

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Vec<u8>, Rejection> {
        self.call(&format!(
            "mail {} {}",
            about.protocol_name(),
            mail.reverse_path().as_str()
        ))
        .await
        .map(|()| Vec::new())
    }

    async fn recipient(&self, _: &Vec<u8>, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let name = name(rcpt);
        self.call(&name).await.map(|()| Accept::text(name))
    }

    async fn begin(&self, _: &mut Vec<u8>, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.call(&format!("begin {}", names(to)))
            .await
            .map(|()| Accept::Yes)
    }

    async fn body(&self, mail: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
        mail.extend_from_slice(&octets);
        let is_second = octets.starts_with(b"second");
        self.call(if is_second { "second body" } else { "body" }).await
    }

    async fn message(&self, mail: &mut Vec<u8>, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let octets = mail.len();
        self.call(&format!("message {}", names(to)))
            .await
            .map(|()| Accept::text(format!("stored {octets} octets")))
    }

    fn reset(&self, mail: Vec<u8>, why: Reset) {
        self.note(format!("reset {} {why:?}", mail.len()));
    }

    fn closed(&self, _: &About, why: Closed) {
        self.note(format!("closed {why:?}"));
    }
}
