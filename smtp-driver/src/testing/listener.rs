//! A listener in memory.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

use super::{Duplex, Network};
use crate::Peer;

/// A listener of a [`Network`]. Clones share the listener.
#[derive(Clone, Debug)]
pub struct Listener {
    network: Network,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    connections: VecDeque<Duplex>,
    accepted: u16,
    waker: Option<Waker>,
}

impl Listener {
    pub(super) fn new(network: &Network) -> Self {
        Self {
            network: network.clone(),
            queue: Arc::default(),
        }
    }

    /// Connects to this listener.
    #[must_use]
    pub fn connect(&self) -> Duplex {
        let (near, far) = self.network.pair();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.connections.push_back(far);
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
        near
    }

    /// Accepts a connection, and returns it with the addresses of the peer and of the local end. The port numbers of peers
    /// count from 1.
    pub async fn accept(&self) -> (Duplex, Peer, Peer) {
        poll_fn(|cx| {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(connection) = queue.connections.pop_front() else {
                queue.waker = Some(cx.waker().clone());
                return Poll::Pending;
            };
            queue.accepted = queue.accepted.wrapping_add(1);
            Poll::Ready((connection, peer(queue.accepted), local()))
        })
        .await
    }
}

/// An address for documentation (RFC 5737).
pub(super) fn peer(port: u16) -> Peer {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), port)).into()
}

/// The address of the server.
pub(super) fn local() -> Peer {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 25), 25)).into()
}
