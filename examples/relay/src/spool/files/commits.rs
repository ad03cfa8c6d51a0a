//! Making messages durable, several at a time.
//!
//! A message waits for the disk twice: for its file, and for the directory after the file was moved there. Threads share the
//! work. One takes a few messages, has their files written together, syncs each, and moves them. One at a time syncs the
//! directory, for all that were moved until then. A thread that writes does not wait for the thread that syncs, and a thread that
//! has done its work looks for more.

use std::{
    io, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, task::spawn_blocking};
use tracing::error;

use super::{Shared, incoming::Incoming};
use crate::spool::{Facts, Head};

/// Maximum messages that a thread writes at a time: the disk writes them together, but syncs one after the other.
const BATCH: usize = 2;

/// Maximum threads: the file system syncs several files at a time.
const THREADS: usize = 16;

/// Messages that wait to be made durable.
#[derive(Debug, Default)]
pub(super) struct Commits(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    received: Vec<((Incoming, Facts), Answer)>,
    /// Messages in their places. They wait for the directory.
    moved: Vec<(Head, Answer)>,
    threads: usize,
    /// A thread syncs the directory.
    is_syncing: bool,
}

/// The channel for the result of a message.
type Answer = oneshot::Sender<io::Result<()>>;

/// The next work of a thread.
enum Work {
    Write(Vec<((Incoming, Facts), Answer)>),
    Sync(Vec<(Head, Answer)>),
}

impl Commits {
    /// Adds a message. Returns true if a thread must be started for it.
    fn add(&self, incoming: Incoming, facts: Facts, answer: Answer) -> bool {
        let mut queue = self.lock();
        queue.received.push(((incoming, facts), answer));
        let is_new = queue.threads < THREADS;
        queue.threads += usize::from(is_new);
        is_new
    }

    /// Takes work. A thread ends if there is none.
    fn take(&self) -> Option<Work> {
        let mut queue = self.lock();
        if !queue.is_syncing && !queue.moved.is_empty() {
            queue.is_syncing = true;
            return Some(Work::Sync(mem::take(&mut queue.moved)));
        }
        if queue.received.is_empty() {
            queue.threads -= 1;
            return None;
        }
        let number = queue.received.len().min(BATCH);
        Some(Work::Write(queue.received.drain(..number).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Makes a message durable and schedules it. After an error it does not exist.
    pub(super) async fn commit(self: &Arc<Self>, incoming: Incoming, facts: Facts) -> io::Result<()> {
        // Other messages must not wait for all of a large one.
        let incoming = incoming.sync_written().await?;
        let (answer, result) = oneshot::channel();
        if self.commits.add(incoming, facts, answer) {
            let shared = Arc::clone(self);
            spawn_blocking(move || shared.work());
        }
        result.await.map_err(io::Error::other)?
    }

    /// Works until there is no work. Blocks.
    fn work(self: &Arc<Self>) {
        while let Some(work) = self.commits.take() {
            let done = catch_unwind(AssertUnwindSafe(|| match work {
                Work::Write(messages) => self.write(messages),
                Work::Sync(messages) => {
                    let synced = catch_unwind(AssertUnwindSafe(|| self.sync.sync()));
                    self.commits.lock().is_syncing = false;
                    match synced.unwrap_or_else(|_| Err(io::Error::other("syncing panicked"))) {
                        // In a task, which wakes those that wait without a system call for each.
                        Ok(()) => {
                            let shared = Arc::clone(self);
                            tokio::spawn(async move { shared.accept(messages) });
                        }
                        Err(error) => self.take_back(messages, error.kind()),
                    }
                }
            }));
            // The answers are dropped, which is an error for those that wait.
            if done.is_err() {
                error!("making messages durable panicked");
            }
        }
    }

    /// Writes messages, and moves them to their places.
    fn write(&self, messages: Vec<((Incoming, Facts), Answer)>) {
        let written = each(messages, |(incoming, facts)| incoming.write_rest(facts));
        if written.len() > 1 {
            written.iter().for_each(|(whole, _)| whole.begin_writing());
        }
        let synced = each(written, |whole| whole.sync().map(|()| whole));
        let moved = each(synced, |whole| {
            let place = self.folder.message(&whole.head.id);
            whole.move_to(&place)
        });
        self.commits.lock().moved.extend(moved);
    }

    /// Schedules messages that are durable, and answers.
    fn accept(&self, messages: Vec<(Head, Answer)>) {
        let mut schedule = self.schedule();
        for (head, _) in &messages {
            schedule.insert(head, &head.first_states(), false);
        }
        drop(schedule);
        self.changed.notify_one();
        for (_, answer) in messages {
            let _ = answer.send(Ok(()));
        }
    }

    /// Removes messages whose directory was not synced. Their clients will send them again.
    fn take_back(&self, messages: Vec<(Head, Answer)>, why: io::ErrorKind) {
        for (head, answer) in messages {
            let _ = self.folder.remove(&head.id);
            let _ = answer.send(Err(why.into()));
        }
    }
}

/// Does work for each message. One that fails gets the error, and is left out.
fn each<T, U>(messages: Vec<(T, Answer)>, work: impl Fn(T) -> io::Result<U>) -> Vec<(U, Answer)> {
    let done = messages
        .into_iter()
        .filter_map(|(message, answer)| match work(message) {
            Ok(done) => Some((done, answer)),
            Err(error) => {
                let _ = answer.send(Err(error));
                None
            }
        });
    done.collect()
}
