//! The directory of a spool.
//!
//! | entry | contents |
//! | --- | --- |
//! | `lock` | held by the relay that uses the directory |
//! | `incoming/` | messages that are being received; of no meaning after a crash |
//! | `queue/ID`, `queue/ID.log` | messages that were accepted, and the results since then |
//! | `damaged/` | files that cannot be used, set aside for a person |
//! | `commands/` | commands of `relay queue` for the relay that runs |

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use tracing::warn;

use super::{
    format::{self, Stored, Unusable},
    journal,
};
use crate::spool::{Id, Listed, Progress, State};

/// The directory of a spool.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// The right to use a directory. It ends with the process.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

/// A message and the states of its recipients.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) stored: Stored,
    pub(super) states: Vec<State>,
    /// There is a log.
    pub(super) logged: bool,
}

impl Folder {
    /// Opens the directory, and makes what is missing.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let folder = Self(path.to_owned());
        for part in ["incoming", "queue", "damaged", "commands"] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path.join(part))?;
        }
        Ok(folder)
    }

    /// Opens a directory that exists.
    pub(crate) fn existing(path: &Path) -> io::Result<Self> {
        fs::metadata(path.join("queue"))?;
        Ok(Self(path.to_owned()))
    }

    /// Takes the lock. Returns `None` if another process has it.
    pub(crate) fn lock(&self) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.0.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn incoming(&self, id: &Id) -> PathBuf {
        self.0.join("incoming").join(id.as_str())
    }

    pub(super) fn message(&self, id: &Id) -> PathBuf {
        self.queue().join(id.as_str())
    }

    pub(super) fn log(&self, id: &Id) -> PathBuf {
        self.queue().join(format!("{id}.log"))
    }

    pub(super) fn queue(&self) -> PathBuf {
        self.0.join("queue")
    }

    pub(super) fn commands(&self) -> PathBuf {
        self.0.join("commands")
    }

    /// The ids of the messages, the oldest first.
    pub(super) fn ids(&self) -> io::Result<Vec<Id>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(self.queue())? {
            if let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Reads a message and its log.
    pub(super) fn read(&self, id: &Id) -> Result<Message, Unusable> {
        let stored = format::read(&self.message(id), id)?;
        let mut states = stored.head.first_states();
        let logged = journal::read(&self.log(id), &mut states)?;
        Ok(Message {
            stored,
            states,
            logged,
        })
    }

    /// Lists the messages. Those that end meanwhile, and damaged ones, are left out. `show` gets the number of those that
    /// were read, and of all.
    pub(crate) fn list(&self, show: &mut dyn FnMut(usize, usize)) -> io::Result<Vec<Listed>> {
        let ids = self.ids()?;
        let all = ids.len();
        let messages = ids.into_iter().enumerate().filter_map(|(n, id)| {
            let read = self.read(&id);
            show(n + 1, all);
            match read {
                Ok(message) => Some(Listed {
                    head: message.stored.head,
                    octets: message.stored.facts.octets,
                    states: message.states,
                }),
                Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    warn!(%id, %error, "left out");
                    None
                }
            }
        });
        Ok(messages.collect())
    }

    /// Appends results to the log of a message, durably.
    pub(super) fn append(&self, id: &Id, results: &[Progress]) -> io::Result<()> {
        journal::append(&self.log(id), results)
    }

    /// Makes all that is left of a message due, for a relay that does not run.
    pub(crate) fn make_due(&self, id: &Id, now: u64) -> io::Result<bool> {
        let message = match self.read(id) {
            Ok(message) => message,
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(io::Error::other(error)),
        };
        let left = message.states.into_iter().enumerate();
        let results: Vec<_> = left
            .filter(|(_, state)| state.ending.is_none())
            .map(|(n, state)| Progress {
                n,
                state: State { due: now, ..state },
            })
            .collect();
        self.append(id, &results)?;
        Ok(true)
    }

    /// Removes a message. Returns false if there is none.
    pub(crate) fn remove(&self, id: &Id) -> io::Result<bool> {
        match fs::remove_file(self.message(id)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Removes the log of a message that was removed durably.
    pub(super) fn remove_log(&self, id: &Id) {
        let removed = fs::remove_file(self.log(id));
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(%id, %error, "cannot remove a log");
        }
    }

    /// Moves a message that cannot be used, and its log, to `damaged/`.
    pub(super) fn set_aside(&self, id: &Id, why: &dyn std::fmt::Display) -> io::Result<()> {
        let aside = self.0.join("damaged");
        fs::rename(self.message(id), aside.join(id.as_str()))?;
        let log = format!("{id}.log");
        let _ = fs::rename(self.log(id), aside.join(&log));
        let mut note = File::create(aside.join(format!("{id}.why")))?;
        writeln!(note, "{why}")?;
        warn!(%id, %why, folder = %aside.display(), "a message cannot be used and was set aside");
        Ok(())
    }

    /// Removes what has no meaning after a crash: messages that were not accepted, logs without a message, old commands.
    pub(super) fn tidy(&self) -> io::Result<()> {
        for part in ["incoming", "commands"] {
            for entry in fs::read_dir(self.0.join(part))? {
                fs::remove_file(entry?.path())?;
            }
        }
        for entry in fs::read_dir(self.queue())? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let owner = name.strip_suffix(".log").and_then(|id| id.parse().ok());
            if let Some(id) = owner
                && !self.message(&id).exists()
            {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}
