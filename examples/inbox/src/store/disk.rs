//! Messages in a Maildir. The envelope is in fields above each message.

use std::{
    fs::File,
    io,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use maildir::Maildir;

use crate::message::{Envelope, Message};

/// The last field above a message. Its value is the time of arrival, in milliseconds since 1970.
const RECEIVED: &str = "X-Inbox-Received";

/// A Maildir.
pub(super) struct Disk {
    path: PathBuf,
    maildir: Maildir,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Disk").field(&self.path).finish()
    }
}

impl Disk {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let maildir = Maildir::from(path.clone());
        maildir.create_dirs()?;
        Ok(Self { path, maildir })
    }

    /// Stores a message, and returns the name of its file. The file and its name are on the disk then.
    pub(super) fn keep(&self, message: &Message) -> io::Result<String> {
        let mut octets = header(message).into_bytes();
        octets.extend_from_slice(&message.content);
        let id = self.maildir.store_new(&octets).map_err(io::Error::other)?;
        // The crate syncs the file, but not its name in the directory.
        let synced = File::open(self.path.join("new")).and_then(|new| new.sync_all());
        match synced {
            Ok(()) => Ok(id),
            Err(error) => {
                // The client will send it again.
                let _ = self.maildir.delete(&id);
                Err(error)
            }
        }
    }

    /// The messages in the Maildir, the oldest first.
    pub(super) fn load(&self) -> io::Result<Vec<Message>> {
        let mut messages = Vec::new();
        for entry in self.maildir.list_new().chain(self.maildir.list_cur()) {
            let entry = entry?;
            let octets = std::fs::read(entry.path())?;
            let modified = std::fs::metadata(entry.path())?.modified()?;
            messages.push(parse(octets, modified, entry.id().to_owned()));
        }
        messages.sort_by_key(|message| message.received);
        Ok(messages)
    }

    /// Deletes a file. One that is gone already is no error.
    pub(super) fn delete(&self, id: &str) -> io::Result<()> {
        match self.maildir.delete(id) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// The fields above a message.
fn header(message: &Message) -> String {
    let envelope = &message.envelope;
    let mut header = format!("Return-Path: <{}>\r\n", envelope.from);
    for recipient in &envelope.to {
        header.push_str(&format!("Delivered-To: {recipient}\r\n"));
    }
    let since = message.received.duration_since(UNIX_EPOCH).unwrap_or_default();
    header.push_str(&format!("{RECEIVED}: {}\r\n", since.as_millis()));
    header
}

/// A message from its file. One that another program has stored has no fields above it.
fn parse(octets: Vec<u8>, modified: SystemTime, file: String) -> Message {
    let mut envelope = Envelope::default();
    let mut received = None;
    let mut rest = &octets[..];
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let (line, after) = rest.split_at(end);
        let line = String::from_utf8_lossy(line);
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        rest = after.get(2..).unwrap_or_default();
        match name {
            "Return-Path" => envelope.from = value.trim_matches(['<', '>']).to_owned(),
            "Delivered-To" => envelope.to.push(value.to_owned()),
            RECEIVED => {
                received = value.parse().ok().map(Duration::from_millis);
                break;
            }
            _ => break,
        }
    }
    let (content, received) = match received {
        Some(since) => (rest.to_vec(), UNIX_EPOCH + since),
        None => (octets, modified),
    };
    Message::new(0, None, received, envelope, content, Default::default()).with_file(file)
}
