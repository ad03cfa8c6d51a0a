//! The connections of a server.

use std::{
    net::IpAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use smtp_proto::driver::Places;

/// The connections that there are.
#[derive(Debug)]
pub(crate) struct Hall {
    places: Mutex<Places>,
    /// A place was given back.
    left: Condvar,
}

impl Hall {
    /// Room for so many connections, in all and of each peer.
    pub(crate) const fn new(most: usize, most_per_peer: usize) -> Self {
        Self {
            places: Mutex::new(Places::new(most, most_per_peer)),
            left: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn taken(&self) -> usize {
        self.lock().taken()
    }

    /// Waits so long for all to end, and says whether they have.
    pub(crate) fn empty_within(&self, limit: Duration) -> bool {
        let waited = self
            .left
            .wait_timeout_while(self.lock(), limit, |places| places.taken() > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.taken() == 0
    }
}

/// One of the connections that there may be; given back when dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct Place {
    hall: Arc<Hall>,
    peer: IpAddr,
}

impl Place {
    /// Takes a place for a connection from this address, if there is one.
    pub(crate) fn take(hall: &Arc<Hall>, peer: IpAddr) -> Option<Self> {
        hall.lock().take(peer).then(|| Self {
            hall: Arc::clone(hall),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hall.lock().leave(self.peer);
        self.hall.left.notify_all();
    }
}
