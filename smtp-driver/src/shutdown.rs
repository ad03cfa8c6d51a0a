//! State shared by the sessions of a server: connection limits, and the stages of its shutdown.

use std::{
    future::poll_fn,
    mem,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use smtp_proto::server::Shutdown;

use crate::{ConnectionLimiter, Peer, ServeOptions};

/// A stage of the shutdown. A later stage is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Serving,
    /// Sessions finish the current transaction.
    Graceful,
    /// Sessions send 421 at once.
    Now,
    /// Sessions are dropped.
    Over,
}

impl Stage {
    /// The request to the machine in this stage.
    pub(crate) const fn shutdown(self) -> Option<Shutdown> {
        match self {
            Self::Serving => None,
            Self::Graceful => Some(Shutdown::Gracefully),
            Self::Now | Self::Over => Some(Shutdown::Now),
        }
    }

    const fn from_u8(stage: u8) -> Self {
        match stage {
            0 => Self::Serving,
            1 => Self::Graceful,
            2 => Self::Now,
            _ => Self::Over,
        }
    }
}

/// The state shared by the sessions of a server.
#[derive(Debug)]
pub(crate) struct Shared {
    stage: AtomicU8,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limiter: ConnectionLimiter,
    /// The tasks to wake at the next stage. Each place belongs to a [`StageWatch`], or is free.
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
    /// The waker of the server, while it waits for the last session to end.
    server: Option<Waker>,
}

impl State {
    /// Puts a waker into a place, and returns the previous waker.
    fn set(&mut self, place: usize, waker: Option<Waker>) -> Option<Waker> {
        let slot = self.wakers.get_mut(place)?;
        mem::replace(slot, waker)
    }
}

impl Shared {
    pub(crate) fn new(options: &ServeOptions) -> Arc<Self> {
        let limiter = ConnectionLimiter::new(options.max_connections, options.max_connections_per_peer);
        Arc::new(Self {
            stage: AtomicU8::new(Stage::Serving as u8),
            state: Mutex::new(State {
                limiter,
                wakers: Vec::new(),
                free: Vec::new(),
                server: None,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self) -> Stage {
        Stage::from_u8(self.stage.load(Ordering::Acquire))
    }

    /// Begins a stage, and wakes all tasks that watch.
    pub(crate) fn begin(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
        // Outside the lock: a waker may run its task at once.
        let wakers: Vec<_> = self.state().wakers.iter().flatten().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Number of open connections.
    pub(crate) fn connections(&self) -> usize {
        self.state().limiter.taken()
    }

    /// Waits until no connection is open.
    pub(crate) async fn idle(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if state.limiter.taken() == 0 {
                return Poll::Ready(());
            }
            state.server = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// The permit of one connection within the limits of a server. Dropping it frees the place, even after a panic.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    shared: Arc<Shared>,
    /// The address for which the permit counts.
    address: Option<IpAddr>,
}

impl ConnectionPermit {
    /// Takes a permit for a connection from this address. Returns `None` if a limit is reached. Without an address, the
    /// connection counts only in the total.
    pub(crate) fn take(shared: &Arc<Shared>, address: Option<IpAddr>) -> Option<Self> {
        let taken = shared.state().limiter.take(address);
        taken.then(|| Self {
            shared: Arc::clone(shared),
            address,
        })
    }

    /// Assigns this peer to a connection that had no address. Returns false if the limit of the peer is reached.
    pub(crate) fn identify(&mut self, peer: Peer) -> bool {
        let Some(address) = peer.ip() else {
            return true;
        };
        let identified = self.shared.state().limiter.identify(address);
        if identified {
            self.address = Some(address);
        }
        identified
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.limiter.leave(self.address);
        let server = match state.limiter.taken() {
            0 => state.server.take(),
            _ => None,
        };
        drop(state);
        if let Some(server) = server {
            server.wake();
        }
    }
}

/// A watch for the next stage, by one task.
#[derive(Debug)]
pub(crate) struct StageWatch {
    shared: Arc<Shared>,
    place: usize,
    waker: Option<Waker>,
}

impl StageWatch {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut state = shared.state();
        let place = state.free.pop().unwrap_or_else(|| {
            state.wakers.push(None);
            state.wakers.len() - 1
        });
        Self {
            shared: Arc::clone(shared),
            place,
            waker: None,
        }
    }

    /// Returns the stage if it is later than `known`. Takes the lock only for a new waker.
    #[inline]
    pub(crate) fn poll_after(&mut self, cx: &mut Context<'_>, known: Stage) -> Poll<Stage> {
        if !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            self.keep_waker(cx.waker());
        }
        let stage = self.shared.stage();
        if stage > known {
            Poll::Ready(stage)
        } else {
            Poll::Pending
        }
    }

    #[cold]
    fn keep_waker(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
        let before = self.shared.state().set(self.place, self.waker.clone());
        // Outside the lock: dropping the last waker may drop a task.
        drop(before);
    }
}

impl Drop for StageWatch {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        let waker = state.set(self.place, None);
        state.free.push(self.place);
        drop(state);
        drop(waker);
    }
}

/// A guard that drops the sessions if the future of the server is dropped.
#[derive(Debug)]
pub(crate) struct EndOnDrop(pub(crate) Arc<Shared>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.begin(Stage::Over);
    }
}

#[cfg(test)]
mod tests;
