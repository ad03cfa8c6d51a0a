//! How the sessions of a server are told to end.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use event_listener::{Event, EventListener};
use smtp_proto::server::Shutdown;

/// How far a server has come. It only goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Serving,
    /// Sessions finish what is in hand.
    Gracefully,
    /// Sessions say that they end, and end.
    Now,
    /// Sessions are dropped.
    Over,
}

/// Tells all that [hear](Stop::hear). When it is dropped, all is over.
#[derive(Debug)]
pub(crate) struct Stop(Arc<Told>);

#[derive(Debug)]
struct Told {
    stage: AtomicU8,
    news: Event,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Told {
            stage: AtomicU8::new(Stage::Serving as u8),
            news: Event::new(),
        }))
    }

    pub(crate) fn tell(&self, stage: Stage) {
        self.0.stage.store(stage as u8, Ordering::SeqCst);
        self.0.news.notify(usize::MAX);
    }

    pub(crate) fn hear(&self) -> Hearing {
        Hearing {
            told: Arc::clone(&self.0),
            heard: Stage::Serving,
            listener: None,
        }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.tell(Stage::Over);
    }
}

/// A session's end.
#[derive(Debug)]
pub(crate) struct Hearing {
    told: Arc<Told>,
    heard: Stage,
    /// It is kept from one wait to the next: most hear nothing.
    listener: Option<EventListener>,
}

impl Hearing {
    fn stage(&self) -> Stage {
        let stage = self.told.stage.load(Ordering::SeqCst);
        [Stage::Gracefully, Stage::Now, Stage::Over]
            .into_iter()
            .rfind(|known| *known as u8 == stage)
            .unwrap_or(Stage::Serving)
    }

    /// What there is to do, whether that is new or not.
    pub(crate) fn heed(&mut self) -> Option<Shutdown> {
        self.heard = self.stage();
        match self.heard {
            Stage::Serving => None,
            Stage::Gracefully => Some(Shutdown::Gracefully),
            Stage::Now | Stage::Over => Some(Shutdown::Now),
        }
    }

    /// Whether there is something that was not heeded yet.
    pub(crate) fn has_news(&self) -> bool {
        self.stage() > self.heard
    }

    /// Waits for something that was not heeded yet. It may be dropped without losing anything.
    pub(crate) async fn news(&mut self) {
        while !self.has_news() {
            self.listen().await;
        }
    }

    /// Waits until this stage was reached.
    pub(crate) async fn until(&mut self, stage: Stage) {
        while self.stage() < stage {
            self.listen().await;
        }
    }

    /// Waits until there may be news; the first time there may be at once.
    async fn listen(&mut self) {
        match &mut self.listener {
            Some(listener) => {
                listener.await;
                self.listener = None;
            }
            None => self.listener = Some(self.told.news.listen()),
        }
    }
}

#[cfg(test)]
mod tests;
