//! Sessions that are kept for a second, for the next message to the same host.
//!
//! It is not a `Pool`, which is for one server with one TLS policy: here the route determines both for each message.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use smtp_relay::route::Target;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::Hop;

/// Time for which an idle session is kept: the next message is due at once, or much later.
const IDLE: Duration = Duration::from_secs(1);

/// Maximum kept sessions.
const MOST: usize = 200;

/// Maximum messages of one session.
const MESSAGES: u32 = 100;

/// The kept sessions.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<HashMap<String, Vec<Idle>>>>);

struct Idle {
    hop: Hop,
    since: Instant,
}

/// Returns the key of the sessions that a target may use: the same host, and the same TLS demand.
pub(crate) fn key(target: &Target) -> String {
    format!(
        "{:?} {} {:?} {:?}",
        target.host, target.port, target.start, target.tls
    )
}

impl Kept {
    /// Takes the session with this key that was used last.
    pub(crate) fn take(&self, key: &str) -> Option<Hop> {
        let mut all = self.lock();
        let sessions = all.get_mut(key)?;
        let last = sessions.pop();
        if sessions.is_empty() {
            all.remove(key);
        }
        last.map(|idle| idle.hop)
    }

    /// Keeps a session for the next message, or ends it.
    pub(crate) async fn put(&self, key: String, mut hop: Hop) {
        hop.messages += 1;
        if !hop.client.is_usable() || hop.messages >= MESSAGES || self.number() >= MOST {
            return hop.quit().await;
        }
        let since = Instant::now();
        self.lock()
            .entry(key.clone())
            .or_default()
            .push(Idle { hop, since });
        let kept = self.clone();
        tokio::spawn(async move {
            sleep(IDLE).await;
            let expired = kept.expired(&key);
            for idle in expired {
                idle.hop.quit().await;
            }
        });
    }

    /// Ends all sessions.
    pub(crate) async fn close(&self) {
        let all: Vec<_> = self.lock().drain().flat_map(|(_, sessions)| sessions).collect();
        let ends: JoinSet<_> = all.into_iter().map(|idle| idle.hop.quit()).collect();
        ends.join_all().await;
    }

    fn expired(&self, key: &str) -> Vec<Idle> {
        let mut all = self.lock();
        let Some(sessions) = all.get_mut(key) else {
            return Vec::new();
        };
        let expired = sessions
            .extract_if(.., |idle| idle.since.elapsed() >= IDLE)
            .collect();
        if sessions.is_empty() {
            all.remove(key);
        }
        expired
    }

    fn number(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Idle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
