//! The request to shut down.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// A request to shut down servers: one clone is passed to [`serve_sessions`](crate::serve_sessions), another is kept by
/// the thread that decides, such as one that waits for signals.
///
/// It is a future, ready once the shutdown was requested. One handle may serve several servers, also those that begin later.
#[derive(Clone, Debug, Default)]
pub struct ShutdownHandle(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requested: bool,
    wakers: Vec<Waker>,
}

impl ShutdownHandle {
    /// A handle without a request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the shutdown. The servers and their sessions begin it at once.
    pub fn shut_down(&self) {
        let mut state = self.lock();
        state.requested = true;
        state.wakers.drain(..).for_each(Waker::wake);
    }

    /// Returns true if the shutdown was requested.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.lock().requested
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for ShutdownHandle {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.requested {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|known| known.will_wake(cx.waker())) {
            state.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}
