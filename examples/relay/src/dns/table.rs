//! A table of records in a file, for tests and for small networks.
//!
//! ```text
//! example.org       MX    10 mx1.example.org       secure
//! mx1.example.org   A     127.0.0.11               secure
//! broken.example    MX    SERVFAIL
//! ```

mod lookup;
mod parse;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use smtp_relay::route::{Answer, DnsFault, Question};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use self::parse::Table;
use super::{Boxed, Dns, LookupFailed};

/// A table that is read again when its file changes.
#[derive(Debug)]
pub(super) struct TableFile(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    current: Mutex<(Stamp, Arc<Table>)>,
}

/// The version of a file: its place, time and length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp(u64, i64, i64, u64);

impl TableFile {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let watched = Watched {
            path: path.to_owned(),
            current: Mutex::default(),
        };
        let stamp = watched.stamp()?;
        let table = watched.read()?;
        *watched.current.lock().unwrap_or_else(PoisonError::into_inner) = (stamp, Arc::new(table));
        Ok(Self(Arc::new(watched)))
    }

    /// Runs a lookup on a thread that may wait for the disk.
    async fn run<T: Send + 'static>(&self, look: impl FnOnce(&Table) -> T + Send + 'static) -> Option<T> {
        let watched = Arc::clone(&self.0);
        spawn_blocking(move || look(&watched.table())).await.ok()
    }
}

impl Watched {
    fn stamp(&self) -> Result<Stamp, String> {
        let data = fs::metadata(&self.path).map_err(|error| error.to_string())?;
        Ok(Stamp(data.ino(), data.mtime(), data.mtime_nsec(), data.size()))
    }

    fn read(&self) -> Result<Table, String> {
        let text = fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
        Table::parse(&text)
    }

    /// The table, read again if the file has changed. A file that cannot be read or parsed changes nothing.
    fn table(&self) -> Arc<Table> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp();
        if let Ok(stamp) = stamp
            && stamp != current.0
        {
            current.0 = stamp;
            match self.read() {
                Ok(table) => {
                    info!(path = %self.path.display(), "the DNS table has changed");
                    current.1 = Arc::new(table);
                }
                Err(why) => warn!(path = %self.path.display(), %why, "the DNS table is not used"),
            }
        }
        Arc::clone(&current.1)
    }
}

impl Dns for TableFile {
    fn answer(&self, question: Question) -> Boxed<'_, Answer> {
        Box::pin(async move {
            let answered = self.run(move |table| table.answer(&question)).await;
            answered.unwrap_or(Answer::Failed(DnsFault::Unavailable))
        })
    }

    fn texts(&self, name: String) -> Boxed<'_, Result<Vec<Vec<u8>>, LookupFailed>> {
        Box::pin(async move {
            self.run(move |table| table.texts(&name))
                .await
                .unwrap_or(Err(LookupFailed))
        })
    }
}

#[cfg(test)]
mod tests;
