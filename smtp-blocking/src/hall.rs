//! The connections of a server, and the threads that serve them.

use std::{
    collections::VecDeque,
    mem::ManuallyDrop,
    net::IpAddr,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use smtp_proto::driver::ConnectionLimiter;

/// How long a thread without a connection waits for one before it ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connections that there are, and the threads that serve one after the other of them. There are never more threads
/// than there were connections at a time.
#[derive(Debug)]
pub(crate) struct Hall<C> {
    state: Mutex<State<C>>,
    /// A connection waits for a thread, or no more will come.
    called: Condvar,
    /// A place was given back.
    left: Condvar,
}

#[derive(Debug)]
struct State<C> {
    places: ConnectionLimiter,
    /// Threads that have no connection, or are about to begin.
    idle: usize,
    /// Connections for them, never more than there are of these.
    waiting: VecDeque<C>,
    closed: bool,
}

impl<C> Hall<C> {
    /// Room for so many connections, in all and of each peer.
    pub(crate) const fn new(most: usize, most_per_peer: usize) -> Self {
        Self {
            state: Mutex::new(State {
                places: ConnectionLimiter::new(most, most_per_peer),
                idle: 0,
                waiting: VecDeque::new(),
                closed: false,
            }),
            called: Condvar::new(),
            left: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection from this address, if there is one.
    pub(crate) fn admit(&self, peer: IpAddr) -> bool {
        self.lock().places.take(peer)
    }

    /// The place of a connection that was admitted.
    pub(crate) const fn place(&self, peer: IpAddr) -> ConnectionPermit<'_, C> {
        ConnectionPermit { hall: self, peer }
    }

    /// Hands a connection that was admitted to a thread that has none, and says whether a new thread is to be made for
    /// that.
    pub(crate) fn hand(&self, connection: C) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(connection);
        if state.waiting.len() > state.idle {
            state.idle += 1;
            return true;
        }
        drop(state);
        self.called.notify_one();
        false
    }

    /// There is no new thread after all: the connection comes back, unless another thread takes it.
    pub(crate) fn take_back(&self) -> Option<C> {
        let mut state = self.lock();
        state.idle -= 1;
        if state.waiting.len() > state.idle {
            state.waiting.pop_back()
        } else {
            None
        }
    }

    /// The next connection for a thread that has none; `None` when it is to end.
    pub(crate) fn next(&self) -> Option<C> {
        let waited = self.called.wait_timeout_while(self.lock(), PATIENCE, |state| {
            state.waiting.is_empty() && !state.closed
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.idle -= 1;
        state.waiting.pop_front()
    }

    /// No more connections will come: threads that have none end.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.called.notify_all();
    }

    /// How many connections there are.
    pub(crate) fn taken(&self) -> usize {
        self.lock().places.taken()
    }

    /// Waits so long for all connections to end, and says whether they have.
    pub(crate) fn empty_within(&self, limit: Duration) -> bool {
        let waited = self
            .left
            .wait_timeout_while(self.lock(), limit, |state| state.places.taken() > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.places.taken() == 0
    }
}

/// One of the connections that there may be; given back when dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct ConnectionPermit<'h, C> {
    hall: &'h Hall<C>,
    peer: IpAddr,
}

impl<C> ConnectionPermit<'_, C> {
    /// Gives the place back, with a thread that has no connection any more. In one step, so that whoever is given the
    /// place finds the thread.
    pub(crate) fn end(self) {
        let place = ManuallyDrop::new(self);
        let mut state = place.hall.lock();
        state.places.leave(place.peer);
        state.idle += 1;
        drop(state);
        place.hall.left.notify_all();
    }
}

impl<C> Drop for ConnectionPermit<'_, C> {
    fn drop(&mut self) {
        self.hall.lock().places.leave(self.peer);
        self.hall.left.notify_all();
    }
}

#[cfg(test)]
mod tests;
