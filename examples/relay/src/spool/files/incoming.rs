//! A message that is being received.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::format;
use crate::spool::{Facts, Head};

/// Octets that are kept in memory before they are written: a small message is one write.
const SPILL: usize = 256 << 10;

/// A message that is being received. Dropping it removes its file.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(super) head: Head,
    buffer: Vec<u8>,
    octets: u64,
    draft: Draft,
}

/// A message whose file is complete. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) head: Head,
    draft: Draft,
}

/// The file of a message that is not accepted.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    file: Option<File>,
}

impl Incoming {
    pub(super) fn new(path: PathBuf, head: Head) -> io::Result<Self> {
        Ok(Self {
            buffer: format::head_line(&head)?,
            head,
            octets: 0,
            draft: Draft { path, file: None },
        })
    }

    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(octets);
        self.octets += octets.len() as u64;
        if self.buffer.len() < SPILL {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let empty = Draft {
            path: PathBuf::new(),
            file: None,
        };
        // If this future is dropped, the draft is removed by the thread that has it.
        let mut draft = std::mem::replace(&mut self.draft, empty);
        let written = spawn_blocking(move || {
            draft.write(&buffer)?;
            buffer.clear();
            io::Result::Ok((draft, buffer))
        });
        (self.draft, self.buffer) = written.await??;
        Ok(())
    }

    /// Syncs the octets of a large message that are in its file already.
    pub(super) async fn sync_written(self) -> io::Result<Self> {
        if self.draft.file.is_none() {
            return Ok(self);
        }
        spawn_blocking(move || self.draft.sync().map(|()| self)).await?
    }

    /// Writes the rest and the trailer to the file. Blocks.
    pub(super) fn write_rest(mut self, facts: Facts) -> io::Result<Whole> {
        if facts.octets != self.octets {
            return Err(io::Error::other("the facts are about another content"));
        }
        self.buffer.extend(format::trailer(&self.head.id, facts)?);
        self.draft.write(&self.buffer)?;
        Ok(Whole {
            head: self.head,
            draft: self.draft,
        })
    }
}

impl Whole {
    /// Begins to write the file to the disk, so that the disk gets several files at once. Only a hint: [`sync`](Self::sync)
    /// waits for the end, and reports errors.
    pub(super) fn begin_writing(&self) {
        #[cfg(target_os = "linux")]
        if let Some(file) = &self.draft.file {
            use rustix::fs::{Advice, fadvise};
            let _ = fadvise(file, 0, None, Advice::DontNeed);
        }
    }

    /// Waits until the file is on the disk. Blocks.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.draft.sync()
    }

    /// Moves the file to its place. The directory is not synced.
    pub(super) fn move_to(mut self, place: &Path) -> io::Result<Head> {
        fs::rename(&self.draft.path, place)?;
        self.draft.file = None;
        Ok(self.head)
    }
}

impl Draft {
    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut options = OpenOptions::new();
                options.create(true).truncate(true).write(true).mode(0o600);
                none.insert(options.open(&self.path)?)
            }
        };
        file.write_all(octets)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
