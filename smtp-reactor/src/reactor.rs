//! The reactor of each thread: one `poll(2)` for all events that a future waits for.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, PipeReader, PipeWriter, Read, Write},
    mem,
    os::fd::AsFd,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, poll};

/// Runs a future to its end on this thread.
///
/// While the future is pending, the thread sleeps until a [`Socket`](crate::Socket) is ready, the nearest deadline passes, or
/// the waker of the future is called. Futures of other crates, such as channels, work, too.
///
/// Calls may be nested. The inner call blocks the outer future, including its deadlines.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = REACTOR.with(|reactor| Arc::clone(&reactor.bell));
    let waker = Waker::from(Arc::clone(&bell));
    let _leave = Leave(&bell);
    loop {
        // A swap and not a store, so that the poll sees all writes that the waker made before.
        bell.rung.swap(false, SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        REACTOR.with(|reactor| bell.wait(&reactor.waits.borrow()));
        bell.forget();
    }
}

/// Waits until this time; with `None`, waits for ever. Works only within [`block_on`].
pub fn poll_deadline(cx: &Context<'_>, at: Option<Instant>) -> Poll<()> {
    match at {
        Some(at) if at <= Instant::now() => return Poll::Ready(()),
        Some(at) => register(cx, |waits| {
            waits.until = Some(waits.until.map_or(at, |until| until.min(at)));
        }),
        None => {}
    }
    Poll::Pending
}

/// Waits for this time. Works only within [`block_on`].
pub async fn sleep(time: Duration) {
    let until = Instant::now().checked_add(time);
    poll_fn(|cx| poll_deadline(cx, until)).await;
}

/// Adds a socket to the events that the thread waits for.
pub(crate) fn register_socket(cx: &Context<'_>, socket: Arc<dyn AsFd + Send + Sync>, ready: PollFlags) {
    register(cx, |waits| push(&mut waits.sockets, (socket, ready)));
}

fn register(cx: &Context<'_>, add: impl FnOnce(&mut Waits)) {
    REACTOR.with(|reactor| {
        let mut waits = reactor.waits.borrow_mut();
        add(&mut waits);
        if !waits.wakers.iter().any(|known| known.will_wake(cx.waker())) {
            push(&mut waits.wakers, cx.waker().clone());
        }
    });
}

/// Adds a value. Reserves room for one value first, because most threads wait for one socket.
fn push<T>(all: &mut Vec<T>, value: T) {
    if all.is_empty() {
        all.reserve_exact(1);
    }
    all.push(value);
}

thread_local! {
    static REACTOR: Reactor = Reactor::default();
}

/// The bell of a thread, and the events that it waits for.
#[derive(Default)]
struct Reactor {
    bell: Arc<Bell>,
    waits: RefCell<Waits>,
}

/// The events that a future has registered since it was polled, besides the bell.
#[derive(Default)]
struct Waits {
    sockets: Vec<Event>,
    until: Option<Instant>,
    /// The wakers of the parts of the future that wait.
    wakers: Vec<Waker>,
}

/// A guard for the end of a call of `block_on`, even by a panic. It rings the bell, so that an outer call polls its future
/// again: the inner call may have taken its wake and dropped its waits.
struct Leave<'b>(&'b Bell);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// The means to wake a thread: a flag while the thread runs, and a pipe while it waits.
struct Bell {
    rung: AtomicBool,
    /// `None`: the system had no more descriptors.
    pipe: Option<(PipeReader, PipeWriter)>,
}

impl Default for Bell {
    fn default() -> Self {
        // Writing must not block: a full pipe has already woken the thread.
        let pipe = io::pipe().and_then(|pipe| {
            rustix::io::ioctl_fionbio(&pipe.1, true)
                .map(|()| pipe)
                .map_err(Into::into)
        });
        Self {
            rung: AtomicBool::new(false),
            pipe: pipe.ok(),
        }
    }
}

impl Bell {
    /// Waits for the bell, or for the first of these events.
    fn wait(&self, waits: &Waits) {
        let left = waits.until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(Instant::now())
        });
        let most = match &self.pipe {
            _ if self.rung.load(SeqCst) => Duration::ZERO,
            Some(_) => Duration::MAX,
            None => BLIND,
        };
        let limit = left.min(most);
        let rings = self
            .pipe
            .as_ref()
            .map(|(heard, _)| PollFd::new(heard, PollFlags::IN));
        match (&*waits.sockets, rings) {
            // The usual case needs no allocation.
            ([only], Some(rings)) => self.poll(&mut [event(only), rings], limit),
            (all, rings) => self.poll(&mut all.iter().map(event).chain(rings).collect::<Vec<_>>(), limit),
        }
    }

    /// Waits for the first of these events. The last one is that of the bell, if it has a pipe.
    fn poll(&self, all: &mut [PollFd<'_>], limit: Duration) {
        // A time beyond the range of the system counts as for ever. An error is an interruption, after which the future is
        // polled again.
        let _ = poll(all, limit.try_into().ok().as_ref());
        if let (Some(last), Some((heard, _))) = (all.last(), &self.pipe)
            && !last.revents().is_empty()
        {
            let _ = { heard }.read(&mut [0; 64]);
        }
    }

    /// Drops the waits of this thread, because they keep sockets open. Wakes each part of the future, so that each registers
    /// again when it is polled; some parts have a waker of their own.
    fn forget(&self) {
        // Set the flag first, so that the wakers write nothing into the pipe.
        self.rung.store(true, SeqCst);
        let mut wakers = REACTOR.with(|reactor| {
            let mut waits = reactor.waits.borrow_mut();
            waits.sockets.clear();
            waits.until = None;
            mem::take(&mut waits.wakers)
        });
        wakers.drain(..).for_each(Waker::wake);
        REACTOR.with(|reactor| {
            let mut waits = reactor.waits.borrow_mut();
            if waits.wakers.is_empty() {
                // Keep the allocation.
                waits.wakers = wakers;
            }
        });
    }
}

type Event = (Arc<dyn AsFd + Send + Sync>, PollFlags);

fn event((socket, ready): &Event) -> PollFd<'_> {
    PollFd::new(socket, *ready)
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let (false, Some((_, ring))) = (self.rung.swap(true, SeqCst), &self.pipe) {
            let _ = { ring }.write(&[0]);
        }
    }
}

/// Interval at which a thread without a pipe checks its flag.
const BLIND: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
