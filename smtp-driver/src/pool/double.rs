//! Servers in memory, with a clock that the test moves.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step,
    server::{Closed, Config, Event, Server, Shutdown},
    types::{Envelope, Host, Protocol, Rejection},
};

use crate::{Address, Connect, Transport};

/// A host that accepts connections at an address of its own. The test moves its clock.
pub(crate) struct World {
    address: String,
    state: Mutex<State>,
}

struct State {
    config: Arc<Config>,
    now: Duration,
    wakers: Vec<Waker>,
    peers: Vec<Peer>,
    /// Connections are refused.
    refuses: bool,
    /// Servers do not read.
    held: bool,
}

/// The server's end of a connection.
struct Peer {
    server: Server,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Messages received so far.
    messages: Vec<Vec<u8>>,
    body: Vec<u8>,
    end: End,
    quit: bool,
    /// The client's end exists.
    connected: bool,
}

/// The state of the connection, as the client finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    /// The server has closed the connection.
    Closed,
    /// The server closes it after this number of replies to a message.
    ClosedAfter(usize),
    /// The server closes it instead of replying to MAIL, after this number of replies to it.
    ClosedAtMail(usize),
    /// The host is gone: nothing arrives, and nothing comes.
    Gone,
}

/// The number of connections, and what came of each.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) messages: usize,
    pub(crate) quit: bool,
    pub(crate) connected: bool,
}

static WORLDS: Mutex<BTreeMap<String, Arc<World>>> = Mutex::new(BTreeMap::new());

impl World {
    pub(crate) fn new(protocol: Protocol) -> Arc<Self> {
        let mut config = Config::new(Host::parse("mx.example.org").unwrap());
        config.protocol = protocol;
        Self::with(config)
    }

    pub(crate) fn with(config: Config) -> Arc<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let address = format!("host{}:25", NUMBER.fetch_add(1, Ordering::Relaxed));
        let state = State {
            config: config.into(),
            now: Duration::ZERO,
            wakers: Vec::new(),
            peers: Vec::new(),
            refuses: false,
            held: false,
        };
        let world = Arc::new(Self {
            address: address.clone(),
            state: Mutex::new(state),
        });
        WORLDS.lock().unwrap().insert(address, Arc::clone(&world));
        world
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state();
        let result = change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.change(|state| state.now += time);
    }

    pub(crate) fn refuse(&self, refuses: bool) {
        self.change(|state| state.refuses = refuses);
    }

    /// Servers do not read until the next call.
    pub(crate) fn hold(&self, held: bool) {
        self.change(|state| {
            state.held = held;
            let now = state.now;
            if !held {
                state.peers.iter_mut().for_each(|peer| peer.run(now));
            }
        });
    }

    pub(crate) fn end(&self, peer: usize, end: End) {
        self.change(|state| state.peers[peer].end = end);
    }

    /// The server sends 421, and closes.
    pub(crate) fn shut_down(&self, peer: usize) {
        self.change(|state| {
            let now = state.now;
            let peer = &mut state.peers[peer];
            peer.server.shutdown(Shutdown::Now);
            peer.run(now);
        });
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = |peer: &Peer| Seen {
            messages: peer.messages.len(),
            quit: peer.quit,
            connected: peer.connected,
        };
        self.state().peers.iter().map(seen).collect()
    }

    /// The messages received on each connection.
    pub(crate) fn messages(&self) -> Vec<usize> {
        self.seen().iter().map(|seen| seen.messages).collect()
    }

    pub(crate) fn contents(&self) -> Vec<Vec<u8>> {
        let state = self.state();
        state
            .peers
            .iter()
            .flat_map(|peer| peer.messages.clone())
            .collect()
    }
}

impl Peer {
    fn run(&mut self, now: Duration) {
        let input = std::mem::take(&mut self.input);
        let mut rest = &*input;
        loop {
            let step = self.server.poll(&mut rest, Instant::after_origin(now));
            let written = self.server.output().len();
            self.output.extend_from_slice(self.server.output());
            self.server.advance_output(written);
            match step {
                Step::Event(Event::EndOfData { ticket, recipient }) => {
                    if recipient.is_none_or(|index| index == 0) {
                        self.messages.push(std::mem::take(&mut self.body));
                    }
                    match &mut self.end {
                        End::ClosedAfter(0) => {
                            self.end = End::Closed;
                            return;
                        }
                        End::ClosedAfter(replies) => *replies -= 1,
                        _ => {}
                    }
                    self.server.accept(ticket).unwrap();
                }
                Step::Event(Event::Mail { ticket, .. }) => {
                    match &mut self.end {
                        End::ClosedAtMail(0) => {
                            self.end = End::Closed;
                            return;
                        }
                        End::ClosedAtMail(replies) => *replies -= 1,
                        _ => {}
                    }
                    self.server.accept(ticket).unwrap();
                }
                Step::Event(Event::Recipient { rcpt, ticket, .. })
                    if rcpt.forward_path().as_str().starts_with("nobody@") =>
                {
                    self.server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
                }
                Step::Event(Event::Body(octets)) => self.body.extend_from_slice(octets),
                Step::Event(Event::Closed(why)) => {
                    self.quit = why == Closed::Quit;
                    self.end = End::Closed;
                    return;
                }
                Step::Event(event) => self.server.proceed(event).unwrap(),
                Step::Wait(_) if written == 0 => break,
                Step::Wait(_) => {}
            }
        }
        self.input = rest.to_vec();
    }
}

/// The client's end of a connection.
pub(crate) struct Memory {
    world: Arc<World>,
    index: usize,
    since: Duration,
}

impl Connect for Memory {
    async fn connect(address: &Address, _: Duration) -> io::Result<Self> {
        let world = Arc::clone(&WORLDS.lock().unwrap()[&address.to_string()]);
        let mut state = world.state();
        if state.refuses {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let mut peer = Peer {
            server: Server::new(Arc::clone(&state.config)),
            input: Vec::new(),
            output: Vec::new(),
            messages: Vec::new(),
            body: Vec::new(),
            end: End::Open,
            quit: false,
            connected: true,
        };
        let since = state.now;
        if !state.held {
            peer.run(since);
        }
        state.peers.push(peer);
        let index = state.peers.len() - 1;
        drop(state);
        Ok(Self { world, index, since })
    }
}

impl Transport for Memory {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let mut state = self.world.state();
        let peer = &mut state.peers[self.index];
        if peer.end != End::Gone && (!peer.output.is_empty() || peer.end == End::Closed) {
            sink(&std::mem::take(&mut peer.output));
            return Poll::Ready(Ok(()));
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let mut state = self.world.state();
        let (now, held) = (state.now, state.held);
        let peer = &mut state.peers[self.index];
        if matches!(peer.end, End::Open | End::ClosedAfter(_) | End::ClosedAtMail(_)) {
            peer.input.extend(slices.concat());
            if !held {
                peer.run(now);
            }
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        Instant::after_origin(self.world.state().now - self.since)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        if self.now() >= at {
            return Poll::Ready(());
        }
        self.world.state().wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.world.state().peers[self.index].connected = false;
    }
}

/// A future that the test polls by hand.
pub(crate) struct Task<'f, R> {
    future: Pin<Box<dyn Future<Output = R> + 'f>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<'f, R> Task<'f, R> {
    pub(crate) fn new(future: impl Future<Output = R> + 'f) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::new(Wakes(AtomicUsize::new(1))),
        }
    }

    /// Polls as often as it was woken. Returns `None` if it waits.
    pub(crate) fn run(&mut self) -> Option<R> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        while self.wakes.0.swap(0, Ordering::Relaxed) > 0 {
            if let Poll::Ready(result) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(result);
            }
        }
        None
    }
}

/// Runs a future that must not wait for anything outside.
pub(crate) fn run<R>(future: impl Future<Output = R>) -> R {
    Task::new(future).run().expect("waits for something")
}

/// An envelope from `ann@example.org`; spaces separate the recipients.
pub(crate) fn to(recipients: &str) -> Envelope {
    Envelope::parse("ann@example.org", recipients.split_whitespace()).unwrap()
}
