//! A pool of threads. Each runs one task after the other, and ends after some seconds without a task.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::warn;

use crate::block_on;

/// Runs a task on a thread of its own until the task ends. The task may block the thread.
///
/// The threads are a pool of the process. A thread runs one task after the other, and ends after 10 seconds without a task.
/// If no thread is idle and none can be started, the task is dropped. A task that panics does not affect others.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    let mut state = lock();
    state.waiting.push_back(Box::pin(task));
    if state.waiting.len() <= state.idle {
        CALLED.notify_one();
        if !state.is_short_of_threads() {
            return;
        }
        drop(state);
        // A thread that drops its task is usually idle in a moment; if not, another thread runs the new task.
        start(stand_by);
        return;
    }
    state.idle += 1;
    drop(state);
    if !start(work) {
        let mut state = lock();
        state.idle -= 1;
        // Another thread may have taken the task in the meantime.
        let dropped = (state.waiting.len() > state.idle).then(|| state.waiting.pop_back());
        drop(state);
        drop(dropped);
    }
}

/// Starts a thread. Returns false if the system has no more.
fn start(run: fn()) -> bool {
    let started = thread::Builder::new().name("smtp-reactor".into()).spawn(run);
    if let Err(error) = &started {
        warn!(%error, "cannot start a thread");
    }
    started.is_ok()
}

/// Runs tasks for which no thread became idle within [`DROP_TIME`].
fn stand_by() {
    thread::sleep(DROP_TIME);
    let mut state = lock();
    if state.is_short_of_threads() {
        state.idle += 1;
        drop(state);
        work();
    }
}

/// Runs tasks until none comes for [`IDLE_TIMEOUT`].
fn work() {
    loop {
        let waited = CALLED.wait_timeout_while(lock(), IDLE_TIMEOUT, |state| state.waiting.is_empty());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.idle -= 1;
        let Some(mut task) = state.waiting.pop_front() else {
            return;
        };
        drop(state);
        if catch_unwind(AssertUnwindSafe(|| block_on(task.as_mut()))).is_err() {
            warn!("a task panicked");
        }
        // Count this thread as idle before it drops the task: the drop may lead to the next task, which can then use this
        // thread.
        let mut state = lock();
        state.idle += 1;
        state.dropping += 1;
        drop(state);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(task)));
        lock().dropping -= 1;
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State {
    /// Number of threads without a task, including those that are starting.
    idle: usize,
    /// Number of these threads that still drop their previous task.
    dropping: usize,
    /// Tasks for the idle threads; at most one for each.
    waiting: VecDeque<Task>,
}

impl State {
    /// Returns true if a task waits for a thread that still drops its previous task.
    fn is_short_of_threads(&self) -> bool {
        self.waiting.len() + self.dropping > self.idle
    }
}

static STATE: Mutex<State> = Mutex::new(State {
    idle: 0,
    dropping: 0,
    waiting: VecDeque::new(),
});
static CALLED: Condvar = Condvar::new();

/// Time after which a thread without a task ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a thread to drop its task, after which a further thread runs the next task.
const DROP_TIME: Duration = Duration::from_millis(100);

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
