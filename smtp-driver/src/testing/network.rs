//! The network in memory: a clock, connections, listeners and tasks.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fmt,
    future::{Future, poll_fn},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use smtp_proto::Instant;

use super::{Duplex, Listener};
use crate::{Address, Connect, Peer, Runtime};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A network in memory, with a clock and an executor of its own. Clones share the network.
///
/// It is also a [`Runtime`]: sessions that a server spawns run inside [`block_on`](Self::block_on).
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Instant,
    next_id: u64,
    timers: BTreeMap<u64, (Instant, Waker)>,
    listeners: HashMap<String, Listener>,
    tasks: Vec<Task>,
    executor: Option<Waker>,
}

thread_local! {
    /// The network whose executor runs on this thread.
    static CURRENT: RefCell<Option<Network>> = const { RefCell::new(None) };
}

impl Network {
    /// Creates a network whose clock is at its origin.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects two ends.
    #[must_use]
    pub fn pair(&self) -> (Duplex, Duplex) {
        Duplex::pair(self)
    }

    /// Creates a listener with this address for [`ClientBuilder::connect`](crate::ClientBuilder::connect).
    #[must_use]
    pub fn listen(&self, address: impl Into<Address>) -> Listener {
        let listener = Listener::new(self);
        let address = address.into().to_string();
        self.state().listeners.insert(address, listener.clone());
        listener
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state().now
    }

    /// Advances the clock by this time, and wakes the timers that are due.
    pub fn advance(&self, by: Duration) {
        let to = self.now() + by;
        self.advance_to(to);
    }

    /// Waits for this time on the network's clock.
    pub async fn sleep(&self, time: Duration) {
        let (timer, at) = (Timer::new(self), self.now() + time);
        poll_fn(|cx| timer.poll_at(cx, at)).await;
    }

    /// Runs a future to its end. When no task can run, the clock jumps to the next deadline.
    ///
    /// # Panics
    ///
    /// If the future waits and nothing can wake it: no task can run, and there is no deadline.
    #[expect(clippy::panic, reason = "a test that is stuck has failed")]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = self.settle(&mut future) {
                return output;
            }
            let next = self.state().timers.values().map(|(at, _)| *at).min();
            match next {
                Some(at) => self.advance_to(at),
                None => panic!("stuck: the future waits, and there is no deadline"),
            }
        }
    }

    /// Runs a future and all tasks until they wait. The clock stands still.
    pub fn settle<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let _current = Current::enter(self);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        self.state().executor = Some(waker.clone());
        let mut cx = Context::from_waker(&waker);
        while woken.0.swap(false, Ordering::AcqRel) {
            let output = Pin::new(&mut *future).poll(&mut cx);
            self.poll_tasks(&mut cx);
            if output.is_ready() {
                return output;
            }
        }
        Poll::Pending
    }

    /// Runs all tasks until they wait. The clock stands still.
    pub fn settle_tasks(&self) {
        let _ = self.settle(&mut std::future::pending::<()>());
    }

    /// Polls each task once. A panic ends only its task.
    fn poll_tasks(&self, cx: &mut Context<'_>) {
        let tasks = std::mem::take(&mut self.state().tasks);
        for mut task in tasks {
            match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx))) {
                Ok(Poll::Pending) => self.state().tasks.push(task),
                Ok(Poll::Ready(())) => drop(task),
                Err(panic) => drop::<Box<dyn Any + Send>>(panic),
            }
        }
    }

    fn advance_to(&self, to: Instant) {
        let mut state = self.state();
        state.now = state.now.max(to);
        let mut due = Vec::new();
        state.timers.retain(|_, (at, waker)| {
            let late = *at <= to;
            if late {
                due.push(waker.clone());
            }
            !late
        });
        drop(state);
        due.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::expect_used, reason = "a misuse in a test")]
    fn current() -> Self {
        CURRENT
            .with_borrow(Clone::clone)
            .expect("this function runs inside Network::block_on only")
    }
}

/// Shows the time.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

impl Runtime for Network {
    type Listener = Listener;
    type Transport = Duplex;

    async fn accept(listener: &Listener) -> io::Result<(Duplex, Peer, Peer)> {
        Ok(listener.accept().await)
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        let current = Self::current();
        let mut state = current.state();
        state.tasks.push(Box::pin(task));
        // A task spawned by a task is polled in the next round.
        if let Some(executor) = &state.executor {
            executor.wake_by_ref();
        }
    }

    async fn sleep(time: Duration) {
        let network = Self::current();
        Self::sleep(&network, time).await;
    }
}

impl Connect for Duplex {
    /// Connects to a [`Listener`] of the network whose executor runs.
    async fn connect(address: &Address, _: Duration) -> io::Result<Self> {
        let listener = Network::current()
            .state()
            .listeners
            .get(&address.to_string())
            .cloned();
        match listener {
            Some(listener) => Ok(listener.connect()),
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

/// Makes a network the current one of the thread while its executor runs.
struct Current(Option<Network>);

impl Current {
    fn enter(network: &Network) -> Self {
        Self(CURRENT.replace(Some(network.clone())))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// One timer on the clock of a network.
#[derive(Debug)]
pub(super) struct Timer {
    network: Network,
    id: u64,
}

impl Timer {
    pub(super) fn new(network: &Network) -> Self {
        let mut state = network.state();
        state.next_id += 1;
        Self {
            network: network.clone(),
            id: state.next_id,
        }
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    /// Waits until this time: ready at this time or later. Each call sets the timer anew.
    pub(super) fn poll_at(&self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let mut state = self.network.state();
        if state.now >= at {
            state.timers.remove(&self.id);
            return Poll::Ready(());
        }
        state.timers.insert(self.id, (at, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.network.state().timers.remove(&self.id);
    }
}
