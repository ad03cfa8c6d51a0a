//! Threads that run one task after the other, and end if none comes for some seconds.

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

/// Runs a task on a thread that it has for itself meanwhile. It may block the thread.
///
/// The threads are a pool of the process: one runs a task after the other, and ends if none comes for 10 seconds. If no
/// thread is idle, and none can be started, the task is dropped. A task that panics ends alone.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    let mut state = lock();
    state.waiting.push_back(Box::pin(task));
    if state.waiting.len() <= state.idle {
        CALLED.notify_one();
        if !state.is_short_of_threads() {
            return;
        }
        drop(state);
        // The thread that drops its task will have done so in a moment, or something blocks it.
        start(stand_by);
        return;
    }
    state.idle += 1;
    drop(state);
    if !start(work) {
        let mut state = lock();
        state.idle -= 1;
        // Another thread may have taken the task.
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

/// Runs the tasks for which there is still no thread after some time.
fn stand_by() {
    thread::sleep(DROP_TIME);
    let mut state = lock();
    if state.is_short_of_threads() {
        state.idle += 1;
        drop(state);
        work();
    }
}

/// Runs tasks as long as there are some.
fn work() {
    loop {
        let waited = CALLED.wait_timeout_while(lock(), PATIENCE, |state| state.waiting.is_empty());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.idle -= 1;
        let Some(mut task) = state.waiting.pop_front() else {
            return;
        };
        drop(state);
        if catch_unwind(AssertUnwindSafe(|| block_on(task.as_mut()))).is_err() {
            warn!("a task panicked");
        }
        // It is idle already: dropping a task may make room for the next, which shall find this thread.
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
    /// Threads without a task, or about to begin.
    idle: usize,
    /// Threads of these that drop the task before.
    dropping: usize,
    /// Tasks for them, never more than there are of these.
    waiting: VecDeque<Task>,
}

impl State {
    /// Returns true if a task waits until a thread has dropped the task before.
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
const PATIENCE: Duration = Duration::from_secs(10);

/// Time to drop a task, after which a further thread runs the next one.
const DROP_TIME: Duration = Duration::from_millis(100);

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
