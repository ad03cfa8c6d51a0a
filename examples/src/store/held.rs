//! Messages that are held until a time (RFC 4865).

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use maildir::TemporaryMailFile;

/// The longest sleep, because a clock can be set.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// The directory `held` in a Maildir. Each file is a message, and its name begins with its due time in seconds since 1970.
///
/// A thread moves due messages to `new`, including those of an earlier process.
#[derive(Debug)]
pub(super) struct Held {
    maildir: PathBuf,
    /// Wakes the thread, if it was started. Dropping it ends the thread.
    wake: Mutex<Option<Sender<()>>>,
}

impl Held {
    /// Opens the directory of a Maildir. If it exists, it may have messages of an earlier process.
    pub(super) fn open(maildir: &Path) -> Self {
        let held = Self {
            maildir: maildir.to_path_buf(),
            wake: Mutex::new(None),
        };
        if held.folder().exists() {
            held.wake();
        }
        held
    }

    /// Holds a complete file until `due`. Afterwards, its octets and its name are on disk. Returns its name in the store.
    pub(super) fn keep(&self, file: &TemporaryMailFile, due: i64) -> io::Result<String> {
        let folder = self.folder();
        fs::create_dir_all(&folder)?;
        File::open(file.path())?.sync_all()?;
        let name = file.path().file_name().unwrap_or_default().to_string_lossy();
        let held = folder.join(format!("{due}.{name}"));
        fs::rename(file.path(), &held)?;
        if let Err(error) = sync(&folder).and_then(|()| sync(&self.maildir)) {
            // The client will send it again.
            let _ = fs::remove_file(&held);
            return Err(error);
        }
        self.wake();
        Ok(name.into_owned())
    }

    /// Wakes the thread, or starts it.
    fn wake(&self) {
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        let awake = wake.as_ref().is_some_and(|wake| wake.send(()).is_ok());
        if !awake {
            let (sender, receiver) = channel();
            let maildir = self.maildir.clone();
            *wake = Some(sender);
            thread::spawn(move || release_all(&maildir, &receiver));
        }
    }

    fn folder(&self) -> PathBuf {
        self.maildir.join("held")
    }
}

/// Releases messages as they become due, until the store is closed.
fn release_all(maildir: &Path, woken: &Receiver<()>) {
    loop {
        let sleep = match release(maildir, SystemTime::now()) {
            Ok(Some(next)) => next
                .duration_since(SystemTime::now())
                .unwrap_or_default()
                .min(MAX_SLEEP),
            Ok(None) => MAX_SLEEP,
            Err(error) => {
                super::log(format_args!("cannot release held messages: {error}"));
                MAX_SLEEP
            }
        };
        if woken.recv_timeout(sleep) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Moves the messages that are due at the time `now` to `new`. Returns the time at which the next one is due.
pub(super) fn release(maildir: &Path, now: SystemTime) -> io::Result<Option<SystemTime>> {
    let (held, new) = (maildir.join("held"), maildir.join("new"));
    let mut next = None;
    let mut moved = false;
    for entry in fs::read_dir(&held)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((due, id)) = name.to_str().and_then(parse) else {
            continue;
        };
        if due <= now {
            fs::rename(entry.path(), new.join(id))?;
            moved = true;
        } else {
            next = Some(next.map_or(due, |next: SystemTime| next.min(due)));
        }
    }
    if moved {
        sync(&new)?;
        sync(&held)?;
    }
    Ok(next)
}

/// Splits a name into the time at which the message is due, and its name in the store.
fn parse(name: &str) -> Option<(SystemTime, &str)> {
    let (due, id) = name.split_once('.')?;
    let due = UNIX_EPOCH.checked_add(Duration::from_secs(due.parse().ok()?))?;
    Some((due, id))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
