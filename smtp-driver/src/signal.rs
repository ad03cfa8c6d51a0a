//! Signals between tasks and threads.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// A request to shut down servers, for any runtime. One clone is passed to [`serve_sessions`](crate::serve_sessions), another
/// is kept by the task or thread that decides, such as one that waits for signals of the system.
///
/// It is a future, ready once the shutdown was requested. One handle may end several servers, also those that begin later.
#[derive(Clone, Debug, Default)]
pub struct ShutdownHandle(Arc<Signal>);

impl ShutdownHandle {
    /// Creates a handle without a request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the shutdown. The servers and their sessions begin it at once.
    pub fn shut_down(&self) {
        Arc::clone(&self.0).wake();
    }

    /// Returns true if the shutdown was requested.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.0.lock().0
    }
}

impl Future for ShutdownHandle {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

/// A flag, and the wakers of the tasks that wait for it. As a waker it raises itself.
#[derive(Debug, Default)]
pub(crate) struct Signal(Mutex<(bool, Vec<Waker>)>);

impl Signal {
    /// Ready if the flag is raised.
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let (raised, wakers) = &mut *self.lock();
        if *raised {
            return Poll::Ready(());
        }
        if !wakers.iter().any(|known| known.will_wake(cx.waker())) {
            wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Lowers the flag, and returns true if it was raised. Otherwise the waker is remembered.
    pub(crate) fn take(&self, cx: &Context<'_>) -> bool {
        let raised = self.poll(cx).is_ready();
        if raised {
            self.lock().0 = false;
        }
        raised
    }

    fn lock(&self) -> MutexGuard<'_, (bool, Vec<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        let wakers = {
            let (raised, wakers) = &mut *self.lock();
            *raised = true;
            mem::take(wakers)
        };
        // Not under the lock: a waker may run its task at once.
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
