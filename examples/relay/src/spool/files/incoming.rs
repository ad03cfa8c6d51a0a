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

    /// Writes the rest, syncs the file, and moves it to its place. The directory is not synced. Blocks.
    pub(super) fn finish(mut self, facts: Facts, place: &Path) -> io::Result<Head> {
        if facts.octets != self.octets {
            return Err(io::Error::other("the facts are about another content"));
        }
        self.buffer.extend(format::trailer(&self.head.id, facts)?);
        self.draft.write(&self.buffer)?;
        self.draft.keep(place)?;
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

    fn keep(&mut self, place: &Path) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_data()?;
        }
        fs::rename(&self.path, place)?;
        self.file = None;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
