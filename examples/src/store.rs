//! A Maildir that stores a message on disk before the server accepts it.

mod held;

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use maildir::{Maildir, TemporaryMailFile};
use smtp_proto::types::Timestamp;

use self::held::Held;

/// Maximum octets of a header that are searched for `Return-Path` and `Received`. The rest is stored unchanged.
const HEADER: usize = 1 << 20;

/// Age of a file in `tmp` that belongs to a failed delivery (maildir(5)).
const STALE: Duration = Duration::from_secs(36 * 60 * 60);

/// Maximum `Received` fields; more mean a mail loop (RFC 5321 section 6.3 requires a limit of at least 100).
const HOPS: usize = 100;

/// A store for messages: a Maildir, or none.
#[derive(Clone, Debug)]
pub struct Store(Option<Arc<Directory>>);

#[derive(Debug)]
struct Directory {
    maildir: Maildir,
    path: PathBuf,
    held: Held,
}

impl Store {
    /// Creates a store that discards messages.
    #[must_use]
    pub const fn discard() -> Self {
        Self(None)
    }

    /// Creates a store in the Maildir at `path`. Creates its directories, removes stale files from `tmp`, and releases held
    /// messages that are due.
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
            held: Held::open(path),
        }))))
    }

    /// Returns true if storing a message waits for the disk.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a message with these trace fields.
    ///
    /// # Errors
    ///
    /// If no file can be created.
    pub fn begin(&self, trace: impl Into<Vec<u8>>) -> io::Result<Incoming> {
        let trace = trace.into();
        let file = match &self.0 {
            Some(directory) => Some(directory.maildir.open_file_in_tmp().map_err(io::Error::other)?),
            None => None,
        };
        Ok(Incoming {
            directory: self.0.clone(),
            file: file.map(|file| Box::new(BufWriter::new(file))),
            trace: trace.len(),
            header: Some(trace),
            hops: 0,
            solicitation: None,
        })
    }
}

impl Directory {
    /// Moves a complete file to `new`, or holds it until it is due. Afterwards, its octets and its name are on disk.
    fn keep(self: Arc<Self>, file: TemporaryMailFile, due: Option<Timestamp>) -> io::Result<Stored> {
        let octets = File::open(file.path())?;
        let id = match due {
            Some(due) => self.held.keep(&file, due.unix_time())?,
            None => self.release(file)?,
        };
        Ok(Stored {
            id,
            due,
            original: Some((self, octets)),
        })
    }

    fn release(&self, file: TemporaryMailFile) -> io::Result<String> {
        let id = self.maildir.move_tmp_to_new(file).map_err(io::Error::other)?;
        // The crate syncs the file but not the directory with its name.
        let synced = File::open(self.path.join("new")).and_then(|new| new.sync_all());
        if synced.is_err() {
            // The client will send it again.
            let _ = fs::remove_file(self.path.join("new").join(&id));
        }
        synced.map(|()| id)
    }
}

/// A stored message, which can be copied.
#[derive(Debug)]
pub struct Stored {
    id: String,
    due: Option<Timestamp>,
    /// The open file, which stays readable after a move.
    original: Option<(Arc<Directory>, File)>,
}

impl Stored {
    /// Its name in the store.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Stores a copy for a further recipient (LMTP, PRDR). It is held until the same time.
    ///
    /// # Errors
    ///
    /// If it cannot be stored.
    pub fn copy(&self) -> io::Result<Self> {
        let Some((directory, mut original)) = self.original.as_ref().map(|(to, file)| (to, file)) else {
            return Ok(Self::dropped());
        };
        let mut copy = directory.maildir.open_file_in_tmp().map_err(io::Error::other)?;
        original.rewind()?;
        io::copy(&mut original, &mut copy)?;
        Arc::clone(directory).keep(copy, self.due)
    }

    /// Returns a message that was accepted and discarded.
    const fn dropped() -> Self {
        Self {
            id: String::new(),
            due: None,
            original: None,
        }
    }
}

/// An incomplete message: a file in `tmp`, which is removed if this value is dropped.
pub struct Incoming {
    directory: Option<Arc<Directory>>,
    /// Buffered, because a piece of the message may be a single line ending. On the heap, because a transaction is moved.
    file: Option<Box<BufWriter<TemporaryMailFile>>>,
    /// The trace fields and the header so far, while the header is not complete.
    header: Option<Vec<u8>>,
    /// Octets of the trace fields.
    trace: usize,
    hops: usize,
    /// The value of the field `Solicitation`.
    solicitation: Option<String>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// Writes the next octets of the message. Omits `Return-Path` fields of its header, because the server at the final
    /// delivery adds its own (RFC 5321 section 4.4).
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.directory.is_none() {
            return Ok(());
        }
        let Some(header) = &mut self.header else {
            return self.put(octets);
        };
        let searched = header.len().saturating_sub(3).max(self.trace);
        header.extend_from_slice(octets);
        let message = header.get(self.trace..).unwrap_or_default();
        let fresh = header.get(searched..).unwrap_or_default();
        let complete = message.starts_with(b"\r\n") || fresh.windows(4).any(|window| window == b"\r\n\r\n");
        if complete || message.len() > HEADER {
            self.finish_header()
        } else {
            Ok(())
        }
    }

    /// Ends the header of a message without a body.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn end_header(&mut self) -> io::Result<()> {
        self.finish_header()
    }

    /// The value of the field `Solicitation` (RFC 3865 section 2.5). Known once the header is complete.
    #[must_use]
    pub fn solicitation(&self) -> Option<&str> {
        self.solicitation.as_deref()
    }

    /// Returns true if the message has so many `Received` fields that it must be in a loop. Known once the header is
    /// complete.
    #[must_use]
    pub const fn is_looping(&self) -> bool {
        self.hops > HOPS
    }

    /// Completes the message. Afterwards it survives a crash of the computer: the file and its name in the directory are on
    /// disk. With a time `due` the message is held, and appears in the store at that time, even after a restart.
    ///
    /// # Errors
    ///
    /// If the message cannot be stored. Then nothing of it remains.
    pub fn keep(mut self, due: Option<Timestamp>) -> io::Result<Stored> {
        self.finish_header()?;
        match (self.directory.take(), self.file.take()) {
            (Some(directory), Some(file)) => {
                directory.keep(file.into_inner().map_err(io::IntoInnerError::into_error)?, due)
            }
            _ => Ok(Stored::dropped()),
        }
    }

    /// Writes the trace fields, and the header field by field.
    fn finish_header(&mut self) -> io::Result<()> {
        let Some(octets) = self.header.take() else {
            return Ok(());
        };
        let (trace, mut rest) = octets.split_at_checked(self.trace).unwrap_or_default();
        self.put(trace)?;
        let (mut dropping, mut is_solicitation) = (false, false);
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
                is_solicitation = is_field(line, b"solicitation");
            }
            if is_solicitation {
                let line = String::from_utf8_lossy(line);
                let value = match &mut self.solicitation {
                    None => line.split_once(':').map_or("", |(_, value)| value),
                    Some(_) => &line,
                };
                self.solicitation.get_or_insert_default().push_str(value.trim());
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

/// Removes the files of this directory that are stale at the time `now`. Ignores files that another process has removed.
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

/// Returns true if a header line begins a field of this name.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(name) && rest.trim_ascii_start().first() == Some(&b':')
    })
}

#[expect(clippy::print_stderr, reason = "the log of a program for the terminal")]
fn log(line: impl fmt::Display) {
    eprintln!("{line}");
}

/// The current time in seconds since 1970, for trace fields.
#[must_use]
pub fn unix_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
