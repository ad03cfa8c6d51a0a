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
use smallvec::SmallVec;

/// Runs a future to its end on this thread.
///
/// While the future is pending, the thread sleeps until a [`Socket`](crate::Socket) is ready, the nearest deadline passes, or
/// the waker of the future is called. Futures of other crates, such as channels, work, too.
///
/// Calls may be nested. The inner call blocks the outer future, including its deadlines.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = BELL.with(Arc::clone);
    let waker = Waker::from(Arc::clone(&bell));
    let _leave = Leave(&bell);
    loop {
        // A swap and not a store, so that the poll sees all writes that the waker made before.
        bell.rung.swap(false, SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        WAITS.with_borrow(|waits| bell.wait(waits));
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
    register(cx, |waits| waits.sockets.push((socket, ready)));
}

fn register(cx: &Context<'_>, add: impl FnOnce(&mut Waits)) {
    WAITS.with_borrow_mut(|waits| {
        add(waits);
        if !waits.wakers.iter().any(|known| known.will_wake(cx.waker())) {
            waits.wakers.push(cx.waker().clone());
        }
    });
}

thread_local! {
    static BELL: Arc<Bell> = Arc::default();
    static WAITS: RefCell<Waits> = RefCell::default();
}

/// The events that a future has registered since it was polled, besides the bell. Most futures wait for one socket with one
/// waker, which needs no allocation.
#[derive(Default)]
struct Waits {
    sockets: SmallVec<[(Arc<dyn AsFd + Send + Sync>, PollFlags); 1]>,
    until: Option<Instant>,
    /// The wakers of the parts of the future that wait.
    wakers: SmallVec<[Waker; 1]>,
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
        let mut all: SmallVec<[_; 2]> = waits
            .sockets
            .iter()
            .map(|(socket, ready)| PollFd::new(socket, *ready))
            .collect();
        all.extend(
            self.pipe
                .iter()
                .map(|(heard, _)| PollFd::new(heard, PollFlags::IN)),
        );
        let left = waits.until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(Instant::now())
        });
        let most = match &self.pipe {
            _ if self.rung.load(SeqCst) => Duration::ZERO,
            Some(_) => Duration::MAX,
            None => BLIND,
        };
        // A time beyond the range of the system counts as for ever. An error is an interruption, after which the future is
        // polled again.
        let _ = poll(&mut all, left.min(most).try_into().ok().as_ref());
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
        let wakers = WAITS.with_borrow_mut(|waits| {
            waits.sockets.clear();
            waits.until = None;
            mem::take(&mut waits.wakers)
        });
        wakers.into_iter().for_each(Waker::wake);
    }
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
