//! The messages and sessions in memory, and the announcement of changes.

mod disk;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smtp_driver::{Peer, Side, Transcript, TranscriptLine};
use tokio::sync::broadcast;

use self::disk::Disk;
use crate::{
    message::{Message, Query},
    session::{CutMessage, Session},
};

/// Changes that a slow reader may be behind, before it has to read everything again.
const CHANGES: usize = 1024;

/// The maximum that is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Messages, and sessions without a message.
    pub(crate) number: usize,
    /// Octets of all messages.
    pub(crate) octets: usize,
}

/// A change, for readers that follow the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A message was stored.
    Message(u64),
    /// A session began, got a reply, or ended.
    Session(u64),
    /// Messages and sessions are gone.
    Deleted { messages: Vec<u64>, sessions: Vec<u64> },
}

/// The messages and sessions.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    changes: broadcast::Sender<Change>,
    limits: Limits,
    disk: Option<Disk>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: BTreeMap<u64, Arc<Message>>,
    octets: usize,
    last_message: u64,
    sessions: BTreeMap<u64, Session>,
    /// The last session of each address.
    by_peer: HashMap<Peer, u64>,
    last_session: u64,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            inner: Mutex::default(),
            changes: broadcast::channel(CHANGES).0,
            limits,
            disk: None,
        }
    }

    /// Also stores messages in this Maildir, and takes those that are there, the newest if there are too many.
    pub(crate) fn with_maildir(mut self, path: PathBuf) -> io::Result<Self> {
        let disk = Disk::open(path)?;
        for mut message in disk.load()? {
            message.id = self.next_message();
            self.insert(message);
        }
        self.disk = Some(disk);
        Ok(self)
    }

    /// Follows the changes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// A new number for a message.
    pub(crate) fn next_message(&self) -> u64 {
        let mut inner = self.lock();
        inner.last_message += 1;
        inner.last_message
    }

    /// Stores a message: on disk first, if there is a Maildir. Waits for the disk.
    pub(crate) fn add(&self, mut message: Message) -> io::Result<()> {
        if let Some(disk) = &self.disk {
            message.file = Some(disk.keep(&message)?);
        }
        self.insert(message);
        Ok(())
    }

    /// Returns true if storing waits for a disk.
    pub(crate) const fn waits(&self) -> bool {
        self.disk.is_some()
    }

    fn insert(&self, message: Message) {
        let id = message.id;
        let mut inner = self.lock();
        inner.octets += message.content.len();
        inner.messages.insert(id, Arc::new(message));
        let mut gone = Vec::new();
        // The newest stays, even if it is too big alone.
        while inner.messages.len() > 1
            && (inner.messages.len() > self.limits.number || inner.octets > self.limits.octets)
        {
            gone.extend(inner.remove_oldest());
        }
        drop(inner);
        self.announce(Change::Message(id));
        self.announce_gone(gone, Vec::new());
    }

    /// A message.
    pub(crate) fn message(&self, id: u64) -> Option<Arc<Message>> {
        self.lock().messages.get(&id).map(Arc::clone)
    }

    /// The messages that fit, the newest first.
    pub(crate) fn messages(&self, query: &Query) -> Vec<Arc<Message>> {
        let all: Vec<_> = self.lock().messages.values().rev().map(Arc::clone).collect();
        all.into_iter().filter(|message| query.fits(message)).collect()
    }

    /// Deletes a message, in the Maildir, too. Returns false if there is none.
    pub(crate) fn delete(&self, id: u64) -> io::Result<bool> {
        let Some(message) = self.message(id) else {
            return Ok(false);
        };
        self.delete_file(&message)?;
        let mut inner = self.lock();
        inner.remove(id);
        drop(inner);
        self.announce_gone(vec![id], Vec::new());
        Ok(true)
    }

    /// Deletes all messages and ended sessions.
    pub(crate) fn delete_all(&self) -> io::Result<()> {
        let messages: Vec<_> = self.lock().messages.values().map(Arc::clone).collect();
        for message in &messages {
            self.delete_file(message)?;
        }
        let messages: Vec<_> = messages.iter().map(|message| message.id).collect();
        let mut inner = self.lock();
        for id in &messages {
            inner.remove(*id);
        }
        let sessions = inner.remove_sessions(|session| session.closed.is_some());
        drop(inner);
        self.announce_gone(messages, sessions);
        Ok(())
    }

    /// Deletes an ended session. Returns false if there is none.
    pub(crate) fn delete_session(&self, id: u64) -> bool {
        let gone = self
            .lock()
            .remove_sessions(|session| session.id == id && session.closed.is_some());
        let any = !gone.is_empty();
        self.announce_gone(Vec::new(), gone);
        any
    }

    fn delete_file(&self, message: &Message) -> io::Result<()> {
        match (&self.disk, &message.file) {
            (Some(disk), Some(file)) => disk.delete(file),
            _ => Ok(()),
        }
    }

    /// Reads a session.
    pub(crate) fn with_session<T>(&self, id: u64, read: impl FnOnce(&Session) -> T) -> Option<T> {
        self.lock().sessions.get(&id).map(read)
    }

    /// Reads all sessions, the newest first.
    pub(crate) fn map_sessions<T>(&self, mut read: impl FnMut(&Session) -> Option<T>) -> Vec<T> {
        let inner = self.lock();
        inner.sessions.values().rev().filter_map(&mut read).collect()
    }

    /// The session of this client.
    pub(crate) fn session_of(&self, peer: Peer) -> Option<u64> {
        self.lock().by_peer.get(&peer).copied()
    }

    /// Notes that the session of this client ended within a message.
    pub(crate) fn note_cut_message(&self, peer: Peer, cut: CutMessage) {
        let mut inner = self.lock();
        if let Some(session) = inner.session_mut(peer) {
            session.cut_message = Some(cut);
        }
    }

    /// Notes the end of the session of this client.
    pub(crate) fn close_session(&self, peer: Peer, why: String) {
        let mut inner = self.lock();
        let Some(session) = inner.session_mut(peer) else {
            return;
        };
        session.closed = Some(why);
        let id = session.id;
        let gone = inner.remove_excess_sessions(self.limits.number);
        drop(inner);
        self.announce(Change::Session(id));
        self.announce_gone(Vec::new(), gone);
    }

    fn announce(&self, change: Change) {
        // An error: nobody follows.
        let _ = self.changes.send(change);
    }

    fn announce_gone(&self, messages: Vec<u64>, sessions: Vec<u64>) {
        if !messages.is_empty() || !sessions.is_empty() {
            self.announce(Change::Deleted { messages, sessions });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records the lines of all sessions. A client is known by its address until its session has ended.
impl Transcript for Store {
    fn line(&self, line: &TranscriptLine<'_>) {
        let Some(peer) = line.peer else {
            return;
        };
        let mut inner = self.lock();
        let open = inner.by_peer.get(&peer).copied();
        // After the end only the driver adds lines. A client with the same address is a new one.
        let open = open.filter(|id| {
            let session = inner.sessions.get(id);
            session.is_some_and(|session| session.closed.is_none() || line.side == Side::Driver)
        });
        let (id, is_new) = match open {
            Some(id) => (id, false),
            None if line.side == Side::Driver => return,
            None => (inner.begin_session(peer), true),
        };
        if let Some(session) = inner.sessions.get_mut(&id) {
            session.push(line.side, line.text);
        }
        drop(inner);
        if is_new || line.side == Side::Server {
            self.announce(Change::Session(id));
        }
    }
}

impl Inner {
    fn begin_session(&mut self, peer: Peer) -> u64 {
        self.last_session += 1;
        let id = self.last_session;
        self.sessions.insert(id, Session::new(id, peer.to_string()));
        self.by_peer.insert(peer, id);
        id
    }

    fn session_mut(&mut self, peer: Peer) -> Option<&mut Session> {
        let id = self.by_peer.get(&peer)?;
        self.sessions.get_mut(id)
    }

    /// Removes a message, and its session if that is over and has no other.
    fn remove(&mut self, id: u64) {
        let Some(message) = self.messages.remove(&id) else {
            return;
        };
        self.octets -= message.content.len();
        let session = message.session.and_then(|session| self.sessions.get(&session));
        let is_over = session.is_some_and(|session| {
            let mut brought = session.brought.iter();
            session.closed.is_some() && !brought.any(|brought| self.messages.contains_key(&brought.message))
        });
        if let (true, Some(session)) = (is_over, message.session) {
            self.remove_sessions(|other| other.id == session);
        }
    }

    fn remove_oldest(&mut self) -> Option<u64> {
        let id = *self.messages.first_key_value()?.0;
        self.remove(id);
        Some(id)
    }

    /// Removes the oldest ended sessions of which no message is kept, up to this number.
    fn remove_excess_sessions(&mut self, keep: usize) -> Vec<u64> {
        let is_kept = |session: &Session| {
            let mut brought = session.brought.iter();
            session.closed.is_none() || brought.any(|brought| self.messages.contains_key(&brought.message))
        };
        let others = self.sessions.values().filter(|session| !is_kept(session));
        let others: Vec<_> = others.map(|session| session.id).collect();
        let excess = others.len().saturating_sub(keep);
        let gone: Vec<_> = others.into_iter().take(excess).collect();
        self.remove_sessions(|session| gone.contains(&session.id))
    }

    fn remove_sessions(&mut self, which: impl Fn(&Session) -> bool) -> Vec<u64> {
        let gone: Vec<_> = self.sessions.values().filter(|session| which(session)).collect();
        let gone: Vec<_> = gone.into_iter().map(|session| session.id).collect();
        self.sessions.retain(|id, _| !gone.contains(id));
        self.by_peer.retain(|_, id| !gone.contains(id));
        gone
    }
}

#[cfg(test)]
mod tests;
