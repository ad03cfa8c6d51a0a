//! The format of a message in a file: a line of JSON, the content, and a trailer.
//!
//! ```text
//! {"id":"...","accepted":...,"envelope":{...},"next_hops":[...]}
//! the content, octet for octet
//! {"id":"...","octets":...,...}
//! ```
//!
//! The trailer is a line of its own, after a line end that is not part of the content. It has the length of the content and
//! the id, which the sender does not know, so a file that was cut anywhere has no valid trailer.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::spool::{Facts, Head, Id};

/// Maximum octets of the first line: the envelope of 10,000 recipients fits.
const MAX_HEAD: u64 = 16 << 20;

/// Maximum octets of the trailer.
const MAX_TRAILER: u64 = 1024;

/// A message file without its content.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) head: Head,
    pub(super) facts: Facts,
    /// The position of the content.
    pub(super) start: u64,
}

/// The reason why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// The file is damaged.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// The system does not give the file.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    id: Id,
    #[serde(flatten)]
    facts: Facts,
}

/// The line before the content.
pub(super) fn head_line(head: &Head) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    Ok(line)
}

/// The octets after the content.
pub(super) fn trailer(id: &Id, facts: Facts) -> io::Result<Vec<u8>> {
    let mut octets = vec![b'\n'];
    serde_json::to_writer(
        &mut octets,
        &Trailer {
            id: id.clone(),
            facts,
        },
    )?;
    octets.push(b'\n');
    Ok(octets)
}

/// Reads the head and the trailer of a message file, and checks its length.
pub(super) fn read(path: &Path, id: &Id) -> Result<Stored, Unusable> {
    read_from(File::open(path)?, id)
}

fn read_from(mut file: File, id: &Id) -> Result<Stored, Unusable> {
    let length = file.metadata()?.len();
    let mut line = Vec::new();
    BufReader::new((&mut file).take(MAX_HEAD)).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(Unusable::Damaged("the first line is incomplete"));
    }
    let head: Head =
        serde_json::from_slice(&line).map_err(|_| Unusable::Damaged("the first line is not an envelope"))?;
    let start = line.len() as u64 + 1;
    let room = length.saturating_sub(start).min(MAX_TRAILER);
    file.seek(SeekFrom::Start(length.saturating_sub(room)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let trailer = tail
        .strip_suffix(b"\n")
        .and_then(|tail| tail.rsplit(|octet| *octet == b'\n').next())
        .ok_or(Unusable::Damaged("the trailer is missing"))?;
    let parsed: Trailer =
        serde_json::from_slice(trailer).map_err(|_| Unusable::Damaged("the trailer is missing"))?;
    let expected = start + parsed.facts.octets + trailer.len() as u64 + 2;
    if expected != length {
        return Err(Unusable::Damaged("the length is wrong"));
    }
    if head.id != *id || parsed.id != *id {
        return Err(Unusable::Damaged("the id is that of another message"));
    }
    if head.next_hops.len() != head.envelope.recipients().len() {
        return Err(Unusable::Damaged("the envelope is incomplete"));
    }
    Ok(Stored {
        head,
        facts: parsed.facts,
        start,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use smtp_proto::types::Envelope;

    use super::*;

    fn sample() -> (Head, Vec<u8>) {
        let envelope = Envelope::parse("a@sender.example", ["b@example.org"]).unwrap();
        let head = Head {
            id: Id::new(),
            accepted: 1,
            envelope,
            next_hops: vec!["example.org".into()],
        };
        // The content ends like a trailer of another message.
        let content = b"Subject: x\r\n\r\n{\"id\":\"0123456789abcdef0123456789ab\",\"octets\":3}\n".to_vec();
        let facts = Facts {
            octets: content.len() as u64,
            size: content.len() as u64,
            ..Facts::default()
        };
        let mut file = head_line(&head).unwrap();
        file.extend(content);
        file.extend(trailer(&head.id, facts).unwrap());
        (head, file)
    }

    #[test]
    fn a_whole_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (head, octets) = sample();
        let path = folder.path().join("x");
        fs::write(&path, &octets).unwrap();
        let stored = read(&path, &head.id).unwrap();
        assert_eq!(stored.head, head);
        assert!(octets[stored.start as usize..].starts_with(b"Subject"));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (head, octets) = sample();
        let path = folder.path().join("x");
        for length in 0..octets.len() {
            fs::write(&path, &octets[..length]).unwrap();
            assert!(
                matches!(read(&path, &head.id), Err(Unusable::Damaged(_))),
                "cut at {length}"
            );
        }
    }

    #[test]
    fn a_file_with_more_octets_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (head, mut octets) = sample();
        let path = folder.path().join("x");
        octets.extend(b"x\n");
        fs::write(&path, &octets).unwrap();
        assert!(matches!(read(&path, &head.id), Err(Unusable::Damaged(_))));
    }

    #[test]
    fn a_file_under_another_name_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (_, octets) = sample();
        let path = folder.path().join("x");
        fs::write(&path, &octets).unwrap();
        assert!(matches!(read(&path, &Id::new()), Err(Unusable::Damaged(_))));
    }
}
