//! The log of a message: one line of JSON for each attempt.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::spool::{Progress, State};

/// Appends results durably. The line end comes last, so a line that was cut does not count.
pub(super) fn append(path: &Path, results: &[Progress]) -> io::Result<()> {
    let mut line = serde_json::to_vec(results)?;
    line.push(b'\n');
    let mut log = OpenOptions::new().create(true).append(true).open(path)?;
    let length = log.metadata()?.len();
    if let Err(error) = log.write_all(&line) {
        // A part of a line must not join the next one.
        let _ = log.set_len(length);
        return Err(error);
    }
    log.sync_data()
}

/// Applies the results in a log, in their order. Returns true if there is a log. A last line without its end is ignored.
pub(super) fn read(path: &Path, states: &mut [State]) -> io::Result<bool> {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        // A line that cannot be read is an attempt whose results are lost: the message may be sent twice.
        let Ok(results) = serde_json::from_slice::<Vec<Progress>>(line) else {
            continue;
        };
        for Progress { n, state } in results {
            if let Some(known) = states.get_mut(n) {
                *known = state;
            }
        }
    }
    Ok(true)
}

/// Drops a last line without its end, so that the next one does not join it.
pub(super) fn mend(path: &Path) -> io::Result<()> {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let whole = octets
        .iter()
        .rposition(|octet| *octet == b'\n')
        .map_or(0, |end| end + 1);
    if whole == octets.len() {
        return Ok(());
    }
    let log = OpenOptions::new().write(true).open(path)?;
    log.set_len(whole as u64)?;
    log.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Ending;

    fn result(n: usize, attempts: u32, ending: Option<Ending>) -> Progress {
        let state = State {
            due: 7,
            attempts,
            ending,
            ..State::default()
        };
        Progress { n, state }
    }

    #[test]
    fn a_log_that_is_cut_anywhere_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        append(
            &path,
            &[result(0, 1, None), result(1, 1, Some(Ending::Delivered))],
        )
        .unwrap();
        let first = fs::read(&path).unwrap().len();
        append(&path, &[result(0, 2, Some(Ending::Failed))]).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let mut states = vec![State::default(); 2];
            assert!(read(&path, &mut states).unwrap());
            let expected = if length == whole.len() {
                (2, Some(Ending::Failed), Some(Ending::Delivered))
            } else if length >= first {
                (1, None, Some(Ending::Delivered))
            } else {
                (0, None, None)
            };
            assert_eq!(
                (states[0].attempts, states[0].ending, states[1].ending),
                expected,
                "cut at {length}"
            );
            mend(&path).unwrap();
            append(&path, &[result(0, 9, None)]).unwrap();
            read(&path, &mut states).unwrap();
            assert_eq!(states[0].attempts, 9, "appended after a cut at {length}");
        }
    }

    #[test]
    fn without_a_log_nothing_has_happened() {
        let folder = tempfile::tempdir().unwrap();
        let mut states = vec![State::default()];
        assert!(!read(&folder.path().join("none.log"), &mut states).unwrap());
    }

    #[test]
    fn a_full_disk_is_an_error() {
        assert!(append(Path::new("/dev/full"), &[result(0, 1, None)]).is_err());
    }
}
