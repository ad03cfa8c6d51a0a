//! A spool of files in a directory of one machine.
//!
//! A message is durable when its file and then the directory are synced, and moves to its place between the two. Results are
//! lines in a log beside it. The times are in memory, and read from the files at the start. [`folder`] has the names.

mod commands;
mod commits;
mod folder;
mod format;
mod incoming;
mod journal;
mod schedule;
mod sync;

use std::{
    collections::HashSet,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, Take},
    sync::Notify,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::{error, info, warn};

pub(crate) use self::{
    commands::{Command, give},
    folder::Folder,
    incoming::Incoming,
};
use self::{
    commits::Commits,
    folder::{Lock, Message},
    format::Unusable,
    schedule::{Lease, Left, Schedule},
    sync::DirectorySync,
};
use super::{Claim, Ending, Facts, Head, Id, Listed, Progress, Spool, id::now};

/// A spool of files. One process uses a directory at a time.
#[derive(Clone, Debug)]
pub(crate) struct Files(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: Folder,
    schedule: Mutex<Schedule>,
    /// A delivery may have become due.
    changed: Notify,
    sync: DirectorySync,
    commits: Commits,
    _lock: Lock,
}

impl Files {
    /// Opens a directory, makes it if it is missing, and reads the times of all messages. Files that are damaged are set
    /// aside.
    ///
    /// # Errors
    ///
    /// If another relay uses the directory, or the system refuses something.
    pub(crate) async fn open(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        let shared = spawn_blocking(move || Shared::open(&path)).await??;
        let files = Self(Arc::new(shared));
        tokio::spawn(obey(Arc::downgrade(&files.0)));
        Ok(files)
    }

    /// The number of messages.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.schedule().len()
    }

    /// Runs work that waits for the disk on a thread for that.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let shared = Arc::clone(&self.0);
        spawn_blocking(move || work(&shared.folder)).await?
    }

    /// As [`run`](Self::run), and syncs the directory then, in the same thread.
    async fn run_and_sync<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let shared = Arc::clone(&self.0);
        spawn_blocking(move || {
            let value = work(&shared.folder)?;
            shared.sync.sync().map(|()| value)
        })
        .await?
    }

    /// Reads a leased message. A message that cannot be used is set aside.
    async fn read(&self, lease: Lease) -> io::Result<Option<Claim>> {
        let id = lease.id.clone();
        let read = self.run(move |folder| match folder.read(&id) {
            Ok(message) => Ok(Some(message)),
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(Unusable::Io(error)) => Err(error),
            Err(damaged) => folder.set_aside(&id, &damaged).map(|()| None),
        });
        match read.await {
            Ok(Some(message)) => Ok(Some(claim(message, lease))),
            Ok(None) => {
                warn!(id = %lease.id, "the file of a message is gone");
                self.0.schedule().remove(&lease.id);
                Ok(None)
            }
            Err(error) => {
                // Not at once again: the error may stay.
                self.0.schedule().postpone(&lease, now() + PAUSE);
                Err(error)
            }
        }
    }

    /// Removes a message that is finished, durably, and then its log.
    async fn finish(&self, id: &Id, logged: bool) -> io::Result<()> {
        let message = id.clone();
        self.run_and_sync(move |folder| folder.remove(&message)).await?;
        if logged {
            let id = id.clone();
            self.run(move |folder| {
                folder.remove_log(&id);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn save(&self, claim: &Claim, results: &[Progress]) -> io::Result<()> {
        let id = &claim.head.id;
        let left = self.0.schedule().left_after(id, claim.lease, results);
        match left {
            Left::Stale => return Ok(()),
            // The end needs no log, because the message goes.
            Left::Nothing { logged: false } => return self.finish(id, false).await,
            Left::Some | Left::Nothing { logged: true } => {}
        }
        let (message, lines) = (id.clone(), results.to_vec());
        self.run_and_sync(move |folder| folder.append(&message, &lines))
            .await?;
        match left {
            Left::Some => Ok(()),
            _ => self.finish(id, true).await,
        }
    }
}

impl Shared {
    fn open(path: &Path) -> io::Result<Self> {
        let folder = Folder::create(path)?;
        let lock = folder
            .lock()?
            .ok_or_else(|| io::Error::other("another relay uses the directory"))?;
        folder.tidy()?;
        let mut schedule = Schedule::default();
        for id in folder.ids()? {
            let message = match folder.read(&id) {
                Ok(message) => message,
                Err(Unusable::Io(error)) => return Err(error),
                Err(damaged) => {
                    folder.set_aside(&id, &damaged)?;
                    continue;
                }
            };
            journal::mend(&folder.log(&id))?;
            if !schedule.insert(&message.stored.head, &message.states, message.logged) {
                folder.remove(&id)?;
            }
        }
        // A log goes after its message, so this is later than the loop.
        folder.tidy()?;
        info!(messages = schedule.len(), path = %path.display(), "spool is open");
        Ok(Self {
            sync: DirectorySync::new(folder.queue()),
            folder,
            schedule: Mutex::new(schedule),
            changed: Notify::new(),
            commits: Commits::default(),
            _lock: lock,
        })
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spool for Files {
    type Incoming = Incoming;
    type Content = Take<File>;

    async fn begin(&self, head: Head) -> io::Result<Incoming> {
        Incoming::new(self.0.folder.incoming(&head.id), head)
    }

    async fn write(&self, incoming: &mut Incoming, octets: &[u8]) -> io::Result<()> {
        incoming.write(octets).await
    }

    async fn commit(&self, incoming: Incoming, facts: Facts) -> io::Result<()> {
        self.0.commit(incoming, facts).await
    }

    async fn claim(&self, most: usize, full: &HashSet<Arc<str>>) -> io::Result<Vec<Claim>> {
        let leases = self.0.schedule().claim(now(), most, full);
        let mut claims = Vec::new();
        for lease in leases {
            match self.read(lease).await {
                Ok(claim) => claims.extend(claim),
                Err(error) => error!(%error, "cannot read a message"),
            }
        }
        Ok(claims)
    }

    async fn renew(&self, claim: &Claim) -> io::Result<bool> {
        Ok(self.0.schedule().is_leased(&claim.head.id, claim.lease))
    }

    async fn content(&self, claim: &Claim) -> io::Result<Take<File>> {
        let id = claim.head.id.clone();
        let (file, start) = self
            .run(move |folder| {
                let path = folder.message(&id);
                let start = format::read(&path, &id).map_err(io::Error::other)?.start;
                Ok((std::fs::File::open(path)?, start))
            })
            .await?;
        let mut file = File::from_std(file);
        file.seek(io::SeekFrom::Start(start)).await?;
        Ok(file.take(claim.facts.octets))
    }

    async fn record(&self, claim: Claim, mut results: Vec<Progress>) -> io::Result<()> {
        let saved = self.save(&claim, &results).await;
        if let Err(error) = &saved {
            // This process knows the ends; after a restart the recipients would be tried again. It does not know an owed
            // report, so such a recipient ends without it: a second message would be worse.
            error!(id = %claim.head.id, %error, "cannot record the results of a delivery");
            for result in results.iter_mut().filter(|result| result.state.owed.is_some()) {
                result.state.ending = Some(Ending::Delivered);
            }
        }
        self.0.schedule().end(&claim.head.id, claim.lease, &results);
        self.0.changed.notify_one();
        saved
    }

    async fn release(&self, claim: Claim) -> io::Result<()> {
        self.0.schedule().end(&claim.head.id, claim.lease, &[]);
        self.0.changed.notify_one();
        Ok(())
    }

    async fn ready(&self, full: &HashSet<Arc<str>>) {
        loop {
            let due = self.0.schedule().next_due(full);
            let changed = self.0.changed.notified();
            match due.map(|due| due.saturating_sub(now())) {
                Some(0) => return,
                Some(left) => {
                    let _ = timeout(Duration::from_millis(left), changed).await;
                }
                None => changed.await,
            }
        }
    }

    async fn list(&self) -> io::Result<Vec<Listed>> {
        self.run(|folder| folder.list(&mut |_, _| {})).await
    }

    async fn retry(&self, id: Option<&Id>) -> io::Result<bool> {
        let mut schedule = self.0.schedule();
        let ids = id.map_or_else(|| schedule.ids(), |id| vec![id.clone()]);
        let mut known = id.is_none();
        for id in ids {
            known |= schedule.make_due(&id, now());
        }
        self.0.changed.notify_one();
        Ok(known)
    }

    async fn delete(&self, id: &Id) -> io::Result<bool> {
        let known = self.0.schedule().remove(id);
        self.finish(id, true).await?;
        Ok(known)
    }
}

/// Milliseconds until a message that cannot be read is tried again.
const PAUSE: u64 = 30_000;

/// Joins a message and a lease on it.
fn claim(message: Message, lease: Lease) -> Claim {
    let states = message.states;
    let recipients = lease.recipients.into_iter();
    Claim {
        facts: message.stored.facts,
        head: Arc::new(message.stored.head),
        next_hop: lease.next_hop,
        recipients: recipients
            .filter_map(|n| Some((n, states.get(n)?.clone())))
            .collect(),
        lease: lease.number,
    }
}

/// Obeys the commands of `relay queue` as long as the spool is open.
async fn obey(spool: Weak<Shared>) {
    let mut failing = false;
    while let Some(shared) = spool.upgrade() {
        let files = Files(shared);
        let obeyed = obey_all(&files).await;
        drop(files);
        if let Err(error) = &obeyed
            && !failing
        {
            warn!(%error, "cannot look for commands");
        }
        failing = obeyed.is_err();
        sleep(commands::INTERVAL).await;
    }
}

async fn obey_all(files: &Files) -> io::Result<()> {
    for command in files.run(commands::waiting).await? {
        match &command {
            Command::Retry(id) => files.retry(id.as_ref()).await?,
            Command::Delete(id) => files.delete(id).await?,
        };
        files.run(move |folder| commands::done(folder, &command)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
