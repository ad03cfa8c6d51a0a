//! A connection in memory. A test can slow down and cut both ends.

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use smtp_proto::Instant;

use super::{Network, network::Timer};
use crate::Transport;

/// Maximum unread octets of an end by default, like the buffer of a socket.
const CAPACITY: usize = 64 * 1024;

/// One end of a connection in memory: a [`Transport`].
///
/// A test can also play the peer by hand, without futures: it [pushes](Control::push) and [pulls](Control::pull) octets.
/// Dropping an end closes the connection: the peer reads the remaining octets, then the end of input.
#[derive(Debug)]
pub struct Duplex {
    control: Control,
    timer: Timer,
}

impl Duplex {
    pub(super) fn pair(network: &Network) -> (Self, Self) {
        let ends = Arc::new(Mutex::new((End::new(), End::new())));
        let end = |first| Self {
            control: Control {
                ends: Arc::clone(&ends),
                first,
            },
            timer: Timer::new(network),
        };
        (end(true), end(false))
    }

    /// Returns a handle that controls this end, even after the end was moved into a connection.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Network {
        self.timer.network()
    }
}

impl Transport for Duplex {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let octets: Vec<u8> = {
            let mut ends = self.control.lock();
            let (own, peer) = ends.sides();
            if own.incoming.is_empty() {
                if let Some(error) = own.read_error {
                    return Poll::Ready(Err(error.into()));
                }
                if !peer.shut_down {
                    own.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
            let octets = own.incoming.len().min(own.max_read);
            wake(&mut peer.writer);
            own.incoming.drain(..octets).collect()
        };
        sink(&octets);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let mut ends = self.control.lock();
        let (own, peer) = ends.sides();
        if let Some(error) = own.write_error {
            return Poll::Ready(Err(error.into()));
        }
        if own.shut_down || peer.gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if own.max_write == 0 {
            return Poll::Ready(Ok(0));
        }
        let room = peer.capacity.saturating_sub(peer.incoming.len());
        let room = room.min(own.budget).min(own.max_write);
        if room == 0 {
            own.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let octets: Vec<u8> = slices.concat().into_iter().take(room).collect();
        if own.budget != usize::MAX {
            own.budget -= octets.len();
        }
        peer.incoming.extend(&octets);
        wake(&mut peer.reader);
        let written = octets.len();
        if let Some(writes) = &mut own.writes {
            writes.push(octets);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.control.lock();
        let (own, peer) = ends.sides();
        if let Some(error) = own.write_error {
            return Poll::Ready(Err(error.into()));
        }
        if own.budget == 0 {
            own.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        own.shut_down = true;
        wake(&mut peer.reader);
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        self.network().now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.timer.poll_at(cx, at)
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        let mut ends = self.control.lock();
        let (own, peer) = ends.sides();
        own.shut_down = true;
        own.gone = true;
        wake(&mut peer.reader);
        wake(&mut peer.writer);
    }
}

/// A handle that controls one end of a connection. Each change takes effect at once.
#[derive(Clone)]
pub struct Control {
    ends: Arc<Mutex<(End, End)>>,
    first: bool,
}

impl Control {
    /// Sends octets from this end, even beyond the capacity of the peer.
    pub fn push(&self, octets: impl AsRef<[u8]>) {
        self.with(|_, peer| {
            peer.incoming.extend(octets.as_ref());
            wake(&mut peer.reader);
        });
    }

    /// Takes the unread octets that arrived at this end.
    #[must_use]
    pub fn pull(&self) -> Vec<u8> {
        self.with(|own, peer| {
            wake(&mut peer.writer);
            own.incoming.drain(..).collect()
        })
    }

    /// Takes the unread octets as [`pull`](Self::pull) does, as text.
    #[must_use]
    pub fn pull_text(&self) -> String {
        String::from_utf8_lossy(&self.pull()).into_owned()
    }

    /// Limits each read of this end to `octets`. Default: unlimited.
    pub fn limit_reads(&self, octets: usize) {
        self.with(|own, _| own.max_read = octets.max(1));
    }

    /// Limits each write of this end to `octets`. With zero, a write accepts nothing and does not wait. Default: unlimited.
    pub fn limit_writes(&self, octets: usize) {
        self.with(|own, _| own.max_write = octets);
    }

    /// Lets this end write `octets` more. Further writes and a shutdown wait. Default: unlimited.
    pub fn allow(&self, octets: usize) {
        self.with(|own, _| {
            own.budget = octets;
            wake(&mut own.writer);
        });
    }

    /// Lets this end write without limit again.
    pub fn allow_all(&self) {
        self.allow(usize::MAX);
    }

    /// Sets the maximum number of unread octets of this end; beyond it, the peer's writes wait. Default: 65,536.
    pub fn set_capacity(&self, octets: usize) {
        self.with(|own, peer| {
            own.capacity = octets;
            wake(&mut peer.writer);
        });
    }

    /// Makes writes of this end fail. It can still read octets that have arrived.
    pub fn fail_writes(&self, error: io::ErrorKind) {
        self.with(|own, _| {
            own.write_error = Some(error);
            wake(&mut own.writer);
        });
    }

    /// Makes reads of this end fail after the octets that have arrived.
    pub fn fail_reads(&self, error: io::ErrorKind) {
        self.with(|own, _| {
            own.read_error = Some(error);
            wake(&mut own.reader);
        });
    }

    /// Ends the input of the peer without QUIT or close_notify; this end can write no more.
    pub fn cut(&self) {
        self.with(|own, peer| {
            own.shut_down = true;
            wake(&mut peer.reader);
        });
    }

    /// Resets the connection: unread octets are lost, and both ends fail.
    pub fn reset(&self) {
        self.with(|own, peer| {
            for end in [own, peer] {
                end.incoming.clear();
                end.read_error = Some(io::ErrorKind::ConnectionReset);
                end.write_error = Some(io::ErrorKind::ConnectionReset);
                wake(&mut end.reader);
                wake(&mut end.writer);
            }
        });
    }

    /// Returns true if this end shut down its sending side or was dropped.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.with(|own, _| own.shut_down)
    }

    /// Starts recording the writes of this end.
    pub fn record_writes(&self) {
        self.with(|own, _| own.writes = Some(Vec::new()));
    }

    /// The writes since [`record_writes`](Self::record_writes).
    #[must_use]
    pub fn writes(&self) -> Vec<Vec<u8>> {
        self.with(|own, _| own.writes.clone().unwrap_or_default())
    }

    fn with<R>(&self, change: impl FnOnce(&mut End, &mut End) -> R) -> R {
        let mut ends = self.lock();
        let (own, peer) = ends.sides();
        change(own, peer)
    }

    fn lock(&self) -> Ends<'_> {
        Ends {
            ends: self.ends.lock().unwrap_or_else(PoisonError::into_inner),
            first: self.first,
        }
    }
}

/// Shows the number of unread octets.
impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("unread", &self.with(|own, _| own.incoming.len()))
            .finish_non_exhaustive()
    }
}

/// Both ends, seen from one of them.
struct Ends<'e> {
    ends: MutexGuard<'e, (End, End)>,
    first: bool,
}

impl Ends<'_> {
    /// The own end, and that of the peer.
    fn sides(&mut self) -> (&mut End, &mut End) {
        let (first, second) = &mut *self.ends;
        if self.first {
            (first, second)
        } else {
            (second, first)
        }
    }
}

struct End {
    /// Octets of the peer that this end has not read.
    incoming: VecDeque<u8>,
    capacity: usize,
    max_read: usize,
    max_write: usize,
    /// Octets that this end may write.
    budget: usize,
    read_error: Option<io::ErrorKind>,
    write_error: Option<io::ErrorKind>,
    shut_down: bool,
    /// The end was dropped.
    gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    writes: Option<Vec<Vec<u8>>>,
}

impl End {
    const fn new() -> Self {
        Self {
            incoming: VecDeque::new(),
            capacity: CAPACITY,
            max_read: usize::MAX,
            max_write: usize::MAX,
            budget: usize::MAX,
            read_error: None,
            write_error: None,
            shut_down: false,
            gone: false,
            reader: None,
            writer: None,
            writes: None,
        }
    }
}

/// Wakes a task, once. The wakers of the executor take no lock.
fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
