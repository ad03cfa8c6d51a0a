//! The reactor of each thread: `poll(2)` for everything that a future waits for.

use std::{
    cell::RefCell,
    io, mem,
    os::fd::{AsFd, OwnedFd},
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Runs a future to its end on this thread.
///
/// While the future is pending, the thread sleeps until a socket of an [`Io`](crate::Io) is ready, the nearest deadline has
/// come, or the waker of the future is called. Any future will do: a channel of another crate works, too.
///
/// Calls may be nested. The inner one blocks the outer one, with its deadlines.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    REACTOR.with(|reactor| {
        let _outer = Outer(reactor, reactor.waits.take());
        loop {
            reactor.bell.state.store(IDLE, SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&reactor.waker)) {
                return output;
            }
            reactor.park();
            reactor.forget();
        }
    })
}

/// A socket that futures of several threads may wait for.
pub(crate) type Socket = Arc<dyn AsFd + Send + Sync>;

/// Tries an operation on a non-blocking socket. If it would block, the thread waits for `ready`.
pub(crate) fn poll_io<T, S: AsFd + Send + Sync + 'static>(
    cx: &Context<'_>,
    socket: &Arc<S>,
    ready: PollFlags,
    mut operation: impl FnMut(&S) -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        match operation(socket) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let socket = Arc::clone(socket) as Socket;
                register(cx, |waits| waits.sockets.push((socket, ready)));
                return Poll::Pending;
            }
            done => return Poll::Ready(done),
        }
    }
}

/// Ready at this time. `None` is a time that never comes.
pub(crate) fn poll_time(cx: &Context<'_>, at: Option<Instant>) -> Poll<()> {
    let Some(at) = at else {
        return Poll::Pending;
    };
    if at <= Instant::now() {
        return Poll::Ready(());
    }
    register(cx, |waits| {
        waits.until = Some(waits.until.map_or(at, |until| until.min(at)))
    });
    Poll::Pending
}

fn register(cx: &Context<'_>, add: impl FnOnce(&mut Waits)) {
    REACTOR.with(|reactor| {
        let mut waits = reactor.waits.borrow_mut();
        add(&mut waits);
        if !cx.waker().will_wake(&reactor.waker) {
            waits.wakers.push(cx.waker().clone());
        }
    });
}

thread_local! {
    static REACTOR: Reactor = {
        let bell = Arc::new(Bell { state: AtomicU8::new(IDLE), ends: OnceLock::new() });
        Reactor { waker: Arc::clone(&bell).into(), bell, waits: RefCell::default() }
    };
}

struct Reactor {
    waits: RefCell<Waits>,
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
}

/// The events that a future waits for since it was polled, besides the bell.
#[derive(Default)]
struct Waits {
    sockets: Vec<(Socket, PollFlags)>,
    until: Option<Instant>,
    /// Wakers of parts of the future that have one of their own.
    wakers: Vec<Waker>,
}

impl Reactor {
    /// Waits for the first of the events.
    fn park(&self) {
        let waits = self.waits.borrow();
        let mut all: Vec<_> = waits
            .sockets
            .iter()
            .map(|(socket, ready)| PollFd::new(socket, *ready))
            .collect();
        let (mut until, mut bell) = (waits.until, None);
        // Only another owner of the waker can ring.
        if Arc::strong_count(&self.bell) > 2 {
            bell = self.bell.ends();
            match bell {
                Some((_, heard)) => all.push(PollFd::new(heard, PollFlags::IN)),
                None => {
                    let blind = Instant::now() + BLIND;
                    until = Some(until.map_or(blind, |until| until.min(blind)));
                }
            }
        }
        // A time that no `Timespec` can hold never comes.
        let limit = until.and_then(|until| until.saturating_duration_since(Instant::now()).try_into().ok());
        if self
            .bell
            .state
            .compare_exchange(IDLE, PARKED, SeqCst, SeqCst)
            .is_err()
        {
            return;
        }
        // An error is an interruption by a signal. In any case the future is polled again.
        let _ = poll(&mut all, limit.as_ref() as Option<&Timespec>);
        let rung = all.last().is_some_and(|last| !last.revents().is_empty());
        drop(all);
        if let (Some((_, heard)), true) = (bell, rung) {
            let _ = rustix::io::read(heard, &mut [0; 8]);
        }
    }

    /// Drops the events, because they keep sockets open. All parts of the future register again when they are polled.
    fn forget(&self) {
        let mut waits = self.waits.borrow_mut();
        waits.sockets.clear();
        waits.until = None;
        let wakers = mem::take(&mut waits.wakers);
        drop(waits);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The waits of an outer call of `block_on`. They are restored in any case, also after a panic.
struct Outer<'r>(&'r Reactor, Waits);

impl Drop for Outer<'_> {
    fn drop(&mut self) {
        self.0.waits.replace(mem::take(&mut self.1));
        // A wake may have been meant for the outer future.
        self.0.bell.state.store(WOKEN, SeqCst);
    }
}

/// Wakes a thread: by its state while the thread runs, and through a descriptor while it waits.
struct Bell {
    state: AtomicU8,
    /// The ends to ring and to hear. Made for the first wait that can be woken.
    ends: OnceLock<(Arc<OwnedFd>, Arc<OwnedFd>)>,
}

impl Bell {
    /// The ends; `None` if the system has no more descriptors.
    fn ends(&self) -> Option<&(Arc<OwnedFd>, Arc<OwnedFd>)> {
        if self.ends.get().is_none() {
            let _ = self.ends.set(ends().ok()?);
        }
        self.ends.get()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let (PARKED, Some((ring, _))) = (self.state.swap(WOKEN, SeqCst), self.ends.get()) {
            let _ = rustix::io::write(ring, &1_u64.to_ne_bytes());
        }
    }
}

/// One descriptor.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ends() -> io::Result<(Arc<OwnedFd>, Arc<OwnedFd>)> {
    use rustix::event::{EventfdFlags, eventfd};
    let ring = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    Ok((Arc::clone(&ring), ring))
}

/// Two descriptors.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn ends() -> io::Result<(Arc<OwnedFd>, Arc<OwnedFd>)> {
    let (ring, heard) = std::os::unix::net::UnixStream::pair()?;
    ring.set_nonblocking(true)?;
    heard.set_nonblocking(true)?;
    Ok((Arc::new(ring.into()), Arc::new(heard.into())))
}

/// The thread runs, and was not woken since the future was polled.
const IDLE: u8 = 0;
/// The thread waits.
const PARKED: u8 = 1;
/// The thread was woken.
const WOKEN: u8 = 2;

/// Time after which a thread without a bell looks for itself.
const BLIND: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
