//! The limit of simultaneous sessions with one destination.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Maximum wait for the end of another client's session. Meanwhile this client waits for the reply to RCPT.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Maximum records of destinations; beyond it, records without a session are removed.
const KEPT: usize = 1000;

/// A limiter of the sessions with each destination.
pub(crate) struct Sessions {
    most: usize,
    destinations: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The permit for a session with a destination. Dropping it frees the place.
pub(crate) type Permit = OwnedSemaphorePermit;

impl Sessions {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS).max(1),
            destinations: Mutex::default(),
        }
    }

    /// Waits for a permit for a session with a destination. Returns `None` after [`MAX_WAIT`].
    pub(super) async fn acquire(&self, destination: &str) -> Option<Permit> {
        let semaphore = self.semaphore(destination);
        timeout(MAX_WAIT, semaphore.acquire_owned()).await.ok()?.ok()
    }

    fn semaphore(&self, destination: &str) -> Arc<Semaphore> {
        let mut all = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(destination) {
            return Arc::clone(known);
        }
        if all.len() >= KEPT {
            // Each session and each waiting client holds a reference.
            all.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        let new = Arc::new(Semaphore::new(self.most));
        all.insert(destination.to_owned(), Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_destination_has_so_many_sessions_and_no_more() {
        let sessions = Sessions::new(2);
        let (first, second) = (sessions.acquire("a").await, sessions.acquire("a").await);
        assert!(first.is_some() && second.is_some());
        assert!(sessions.acquire("a").await.is_none(), "a third one");
        assert!(sessions.acquire("b").await.is_some(), "another destination");
        drop(first);
        assert!(sessions.acquire("a").await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn destinations_without_a_session_are_forgotten() {
        let sessions = Sessions::new(1);
        let held = sessions.acquire("held").await;
        for n in 0..2 * KEPT {
            drop(sessions.acquire(&n.to_string()).await);
        }
        assert!(sessions.destinations.lock().unwrap().len() <= KEPT);
        assert!(sessions.acquire("held").await.is_none());
        drop(held);
    }
}
