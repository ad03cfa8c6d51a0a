//! Connections of a listener behind a proxy, until their header is read.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use smtp_proto::server::Config;
use tracing::debug;

use super::reject_busy;
use crate::{
    ExpectProxy, Peer, Proxied, Transport,
    proxied::read_header,
    shutdown::{ConnectionPermit, Stage, StageWatch},
    wire::Wire,
};

/// A queue of connections whose header was read, for the loop that accepts. A task of its own reads each header, so a slow
/// header delays only its connection.
#[derive(Debug)]
pub(super) struct Arrivals<T>(Mutex<Queue<T>>);

#[derive(Debug)]
struct Queue<T> {
    ready: VecDeque<Arrival<T>>,
    is_closed: bool,
    /// The waker of the loop that accepts.
    waker: Option<Waker>,
}

/// A connection whose session may begin.
#[derive(Debug)]
pub(super) struct Arrival<T> {
    pub(super) wire: Wire<T>,
    pub(super) permit: ConnectionPermit,
    pub(super) peer: Peer,
    pub(super) local: Peer,
    pub(super) proxied: Option<Proxied>,
}

impl<T> Arrivals<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Queue {
            ready: VecDeque::new(),
            is_closed: false,
            waker: None,
        })))
    }

    /// Takes the next connection.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Arrival<T>> {
        let mut queue = self.queue();
        match queue.ready.pop_front() {
            Some(arrival) => Poll::Ready(arrival),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Drops the waiting connections, and each further connection.
    pub(super) fn close(&self) {
        let mut queue = self.queue();
        queue.is_closed = true;
        let waiting = std::mem::take(&mut queue.ready);
        // Outside the lock: the end of a connection may wake a task.
        drop(queue);
        drop(waiting);
    }

    fn push(&self, arrival: Arrival<T>) {
        let mut queue = self.queue();
        if queue.is_closed {
            drop(queue);
            return;
        }
        queue.ready.push_back(arrival);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The settings for connections of one listener.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) proxy: ExpectProxy,
    pub(super) implicit_tls: bool,
    pub(super) config: Arc<Config>,
}

/// Reads the header of a connection, and passes the connection to the loop that accepts. Until then its permit counts only in
/// the total.
pub(super) async fn arrive<T: Transport<Error = io::Error>>(
    mut arrival: Arrival<T>,
    terms: Terms,
    mut watch: StageWatch,
    arrivals: Arc<Arrivals<T>>,
) {
    let proxy = arrival.peer;
    let read = async {
        let mut reading = pin!(read_header(&mut arrival.wire, HEADER_TIMEOUT));
        poll_fn(|cx| match watch.poll_after(cx, Stage::Serving) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => reading.as_mut().poll(cx).map(Some),
        })
        .await
    };
    let header = match read.await {
        Some(Ok(header)) => header,
        Some(Err(error)) => {
            terms.proxy.refused(proxy, &error);
            return;
        }
        None => return,
    };
    let proxied = Proxied::new(proxy, header);
    (arrival.peer, arrival.local) = proxied.ends(arrival.local);
    arrival.proxied = Some(proxied);
    if arrival.permit.identify(arrival.peer) {
        arrivals.push(arrival);
        return;
    }
    debug!(peer = %arrival.peer, %proxy, "refused: too many connections");
    if !terms.implicit_tls {
        reject_busy(arrival.wire.transport, terms.config).await;
    }
}

/// Time for the whole header of a proxy.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
