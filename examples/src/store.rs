//! A Maildir that has a message for good before anybody is told so.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use maildir::{Maildir, TemporaryMailFile};

/// Longest header that is looked at for `Return-Path` and `Received`, in octets. What is behind it goes through.
const HEADER: usize = 1 << 20;

/// A file in `tmp` that was not changed for this long was left behind by a delivery that failed (maildir(5)).
const STALE: Duration = Duration::from_secs(36 * 60 * 60);

/// More `Received` fields than this mean a loop (RFC 5321 section 6.3 asks for at least 100).
const HOPS: usize = 100;

/// Where messages go.
#[derive(Clone, Debug)]
pub struct Store(Option<Arc<Directory>>);

#[derive(Debug)]
struct Directory {
    maildir: Maildir,
    path: PathBuf,
}

impl Store {
    /// Accepts everything and keeps nothing.
    #[must_use]
    pub const fn discard() -> Self {
        Self(None)
    }

    /// Stores messages in the Maildir at `path`. Creates its directories, and removes stale files from `tmp`.
    ///
    /// # Errors
    ///
    /// Returns the error if the directories cannot be created, or `tmp` cannot be read.
    pub fn maildir(path: &Path) -> io::Result<Self> {
        let maildir = Maildir::from(path.to_path_buf());
        maildir.create_dirs()?;
        remove_stale(&path.join("tmp"), SystemTime::now())?;
        Ok(Self(Some(Arc::new(Directory {
            maildir,
            path: path.to_path_buf(),
        }))))
    }

    /// Whether keeping a message waits for the disk.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a message, with `trace` on top of it.
    ///
    /// # Errors
    ///
    /// When no file can be made.
    pub fn begin(&self, trace: &str) -> io::Result<Incoming> {
        let mut incoming = Incoming {
            directory: self.0.clone(),
            file: None,
            header: Some(Vec::new()),
            hops: 0,
        };
        if let Some(directory) = &self.0 {
            let file = directory.maildir.open_file_in_tmp().map_err(io::Error::other)?;
            incoming.file = Some(BufWriter::new(file));
            incoming.put(trace.as_bytes())?;
        }
        Ok(incoming)
    }

    /// Keeps one more copy of a message that is kept already (LMTP: one for each recipient).
    ///
    /// # Errors
    ///
    /// When it could not be kept.
    pub fn keep_copy(&self, id: &str) -> io::Result<String> {
        let Some(directory) = &self.0 else {
            return Ok(String::new());
        };
        let mut original = File::open(directory.path.join("new").join(id))?;
        let mut copy = directory.maildir.open_file_in_tmp().map_err(io::Error::other)?;
        io::copy(&mut original, &mut copy)?;
        directory.keep(copy)
    }
}

impl Directory {
    /// Moves a complete file to `new`, with everything on the disk.
    fn keep(&self, file: TemporaryMailFile) -> io::Result<String> {
        let id = self.maildir.move_tmp_to_new(file).map_err(io::Error::other)?;
        // The crate syncs the file; its entry in the directory has to be on the disk too.
        let synced = File::open(self.path.join("new")).and_then(|new| new.sync_all());
        if synced.is_err() {
            // It will come again.
            let _ = fs::remove_file(self.path.join("new").join(&id));
        }
        synced.map(|()| id)
    }
}

/// A message on its way: a file in `tmp` that is gone if the message is not completed.
pub struct Incoming {
    directory: Option<Arc<Directory>>,
    /// Buffered: a piece of the message may be a single line ending.
    file: Option<BufWriter<TemporaryMailFile>>,
    /// The header so far, while it is not complete.
    header: Option<Vec<u8>>,
    hops: usize,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming")
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// Writes the next octets of the message. `Return-Path` fields of its header are left out, since the final
    /// delivery writes its own (RFC 5321 section 4.4).
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.directory.is_none() {
            return Ok(());
        }
        let Some(header) = &mut self.header else {
            return self.put(octets);
        };
        let searched = header.len().saturating_sub(3);
        header.extend_from_slice(octets);
        let fresh = header.get(searched..).unwrap_or_default();
        let complete = header.starts_with(b"\r\n") || fresh.windows(4).any(|window| window == b"\r\n\r\n");
        if complete || header.len() > HEADER {
            self.finish_header()
        } else {
            Ok(())
        }
    }

    /// Whether the message has been handed on so often that it must be in a loop.
    #[must_use]
    pub const fn is_looping(&self) -> bool {
        self.hops > HOPS
    }

    /// Completes the message and says under which name it is kept. When this returns, the message survives a crash
    /// of the machine: the file and the directory's entry for it are on the disk.
    ///
    /// # Errors
    ///
    /// When it could not be kept. Then nothing of it is.
    pub fn keep(mut self) -> io::Result<String> {
        self.finish_header()?;
        match (self.directory.take(), self.file.take()) {
            (Some(directory), Some(file)) => {
                directory.keep(file.into_inner().map_err(io::IntoInnerError::into_error)?)
            }
            _ => Ok(String::new()),
        }
    }

    /// Writes the header out, field by field.
    fn finish_header(&mut self) -> io::Result<()> {
        let Some(octets) = self.header.take() else {
            return Ok(());
        };
        let mut rest = octets.as_slice();
        let mut dropping = false;
        while !rest.is_empty() {
            let end = rest
                .windows(2)
                .position(|window| window == b"\r\n")
                .map_or(rest.len(), |at| at + 2);
            let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            if line == b"\r\n" {
                break;
            }
            if !line.starts_with(b" ") && !line.starts_with(b"\t") {
                dropping = is_field(line, b"return-path");
                self.hops += usize::from(is_field(line, b"received"));
            }
            if !dropping {
                self.put(line)?;
            }
            rest = behind;
        }
        self.put(rest)
    }

    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(octets))
    }
}

/// Removes the files of this directory that are stale at the time `now`. A file that another process removes meanwhile is no error.
fn remove_stale(tmp: &Path, now: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(tmp)? {
        let entry = entry?;
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map(|modified| now.duration_since(modified).unwrap_or_default());
        if age.is_ok_and(|age| age > STALE) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Returns `true` if a header line begins a field of this name.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(name) && rest.trim_ascii_start().first() == Some(&b':')
    })
}

/// Seconds since 1970, for trace lines.
#[must_use]
pub fn unix_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
