//! The connections of a server.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use event_listener::Event;
use smtp_proto::driver::ConnectionLimiter;

/// The connections that there are.
#[derive(Debug)]
pub(crate) struct Hall {
    places: Mutex<ConnectionLimiter>,
    /// A place was given back.
    left: Event,
}

impl Hall {
    /// Room for so many connections, in all and of each peer.
    pub(crate) const fn new(most: usize, most_per_peer: usize) -> Self {
        Self {
            places: Mutex::new(ConnectionLimiter::new(most, most_per_peer)),
            left: Event::new(),
        }
    }

    /// How many there are.
    pub(crate) fn taken(&self) -> usize {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).taken()
    }

    /// Waits until there is no connection left.
    pub(crate) async fn empty(&self) {
        loop {
            let left = self.left.listen();
            if self.taken() == 0 {
                return;
            }
            left.await;
        }
    }
}

/// One of the connections that there may be; given back when dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    hall: Arc<Hall>,
    peer: IpAddr,
}

impl ConnectionPermit {
    /// Takes a place for a connection from this address, if there is one.
    pub(crate) fn take(hall: &Arc<Hall>, peer: IpAddr) -> Option<Self> {
        let mut places = hall.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.take(peer).then(|| Self {
            hall: Arc::clone(hall),
            peer,
        })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut places = self.hall.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.leave(self.peer);
        drop(places);
        self.hall.left.notify(usize::MAX);
    }
}
