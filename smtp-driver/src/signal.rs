//! Signals between tasks and threads.

use std::{
    collections::BTreeMap,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// A handle for shutting down servers, on any runtime. Pass one clone to [`serve_sessions`](crate::serve_sessions) as `stop`,
/// and keep another in the task or thread that decides, such as a signal handler.
///
/// The handle is a future, which is ready after the shutdown was requested. One handle can end several servers, including
/// servers that start later.
#[derive(Debug, Default)]
pub struct ShutdownHandle {
    signal: Arc<Signal>,
    /// The place of this handle's waker in the signal, after the handle has waited.
    place: Option<u64>,
}

impl ShutdownHandle {
    /// Creates a handle; the shutdown is not requested.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the shutdown. The servers and their sessions begin to shut down at once.
    pub fn shut_down(&self) {
        self.signal.raise();
    }

    /// Returns true if the shutdown was requested.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.signal.lock().raised
    }
}

impl Clone for ShutdownHandle {
    fn clone(&self) -> Self {
        Self {
            signal: Arc::clone(&self.signal),
            place: None,
        }
    }
}

impl Future for ShutdownHandle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let place = self.place;
        let mut state = self.signal.lock();
        if state.raised {
            return Poll::Ready(());
        }
        let place = place.unwrap_or_else(|| {
            state.next += 1;
            state.next
        });
        state.wakers.insert(place, cx.waker().clone());
        drop(state);
        self.place = Some(place);
        Poll::Pending
    }
}

/// Removes the waker, which would keep its task in memory.
impl Drop for ShutdownHandle {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.signal.lock().wakers.remove(&place);
        }
    }
}

/// A flag, and the wakers of the tasks that wait for it. Used as a waker, it raises the flag.
#[derive(Debug, Default)]
pub(crate) struct Signal(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    raised: bool,
    /// The last place given to a handle. Place 0 belongs to the owner of the [`Signal`].
    next: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Signal {
    /// Lowers the flag, and returns true if it was raised. Otherwise stores the waker.
    pub(crate) fn take(&self, cx: &Context<'_>) -> bool {
        let mut state = self.lock();
        if !state.raised {
            state.wakers.insert(0, cx.waker().clone());
        }
        mem::take(&mut state.raised)
    }

    fn raise(&self) {
        let wakers = {
            let mut state = self.lock();
            state.raised = true;
            mem::take(&mut state.wakers)
        };
        // Outside the lock: a waker may run its task at once.
        wakers.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.raise();
    }
}

#[cfg(test)]
mod tests;
