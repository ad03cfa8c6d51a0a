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
        return;
    }
    state.idle += 1;
    drop(state);
    if let Err(error) = thread::Builder::new().name("smtp-reactor".into()).spawn(work) {
        warn!(%error, "cannot start a thread");
        let mut state = lock();
        state.idle -= 1;
        // Another thread may have taken the task.
        let dropped = (state.waiting.len() > state.idle).then(|| state.waiting.pop_back());
        drop(state);
        drop(dropped);
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
        // In this order: dropping a task may make room for the next, which shall find this thread.
        lock().idle += 1;
        let _ = catch_unwind(AssertUnwindSafe(|| drop(task)));
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State {
    /// Threads without a task, or about to begin.
    idle: usize,
    /// Tasks for them, never more than there are of these.
    waiting: VecDeque<Task>,
}

static STATE: Mutex<State> = Mutex::new(State {
    idle: 0,
    waiting: VecDeque::new(),
});
static CALLED: Condvar = Condvar::new();

/// Time after which a thread without a task ends.
const PATIENCE: Duration = Duration::from_secs(10);

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
