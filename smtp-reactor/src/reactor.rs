//! The reactor of each thread: `poll(2)` for everything that a future waits for.

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
/// While the future is pending, the thread sleeps until a [`Socket`](crate::Socket) is ready, the nearest deadline has come, or
/// the waker of the future is called. Any future will do: a channel of another crate works, too.
///
/// Calls may be nested. The inner one blocks the outer one, with its deadlines.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bell = BELL.with(Arc::clone);
    let waker = Waker::from(Arc::clone(&bell));
    let _leave = Leave(&bell);
    loop {
        // A swap, and no store: what the waker did before it rang must be visible to the poll.
        bell.rung.swap(false, SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        WAITS.with_borrow(|waits| bell.wait(waits));
        bell.forget();
    }
}

/// Ready at this time. `None` is a time that never comes. Works within [`block_on`] only.
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

/// Waits for some time. Works within [`block_on`] only.
pub async fn sleep(time: Duration) {
    let until = Instant::now().checked_add(time);
    poll_fn(|cx| poll_deadline(cx, until)).await;
}

/// Makes the thread wait until the socket is ready.
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

/// The events that a future waits for since it was polled, besides the bell.
#[derive(Default)]
struct Waits {
    sockets: Vec<(Arc<dyn AsFd + Send + Sync>, PollFlags)>,
    until: Option<Instant>,
    /// The wakers of the parts that wait.
    wakers: Vec<Waker>,
}

/// The end of a call of `block_on`, also by a panic. A wake may have been meant for an outer call, and its waits are
/// forgotten, so it polls its future again.
struct Leave<'b>(&'b Bell);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// Wakes a thread: by a flag while the thread runs, and through a pipe while it waits.
struct Bell {
    rung: AtomicBool,
    /// `None` if the system had no more descriptors.
    pipe: Option<(PipeReader, PipeWriter)>,
}

impl Default for Bell {
    fn default() -> Self {
        // A pipe that is full has woken the thread, so writing must not block.
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
        let mut all: Vec<_> = waits
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
        // A time that the system cannot hold never comes. An error is an interruption: the future is polled again.
        let _ = poll(&mut all, left.min(most).try_into().ok().as_ref());
        if let (Some(last), Some((heard, _))) = (all.last(), &self.pipe)
            && !last.revents().is_empty()
        {
            let _ = { heard }.read(&mut [0; 64]);
        }
    }

    /// Drops the waits of this thread, because they keep sockets open. Each part of the future registers again when it is
    /// polled, so each is woken: some have a waker of their own.
    fn forget(&self) {
        // First, so that nothing is written for that.
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

/// Time after which a thread without a pipe looks if it was woken.
const BLIND: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
