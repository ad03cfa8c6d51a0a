use std::fs;

use super::*;

/// The stored octets of a message that is written in pieces of `size`.
fn stored(message: &[u8], size: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let mut incoming = store.begin("Return-Path: <a@b>\r\n").unwrap();
    for piece in message.chunks(size) {
        incoming.write(piece).unwrap();
    }
    let stored = incoming.keep(None).unwrap();
    fs::read(folder.path().join("new").join(stored.id())).unwrap()
}

#[test]
fn all_but_an_earlier_return_path_is_stored_octet_by_octet() {
    let message =
        b"Subject: x\r\nReturn-Path: <evil@x>\r\n\tfolded\r\nTo: y\r\n\r\nReturn-Path: <in@body>\r\n\0\xff";
    let wanted = b"Return-Path: <a@b>\r\nSubject: x\r\nTo: y\r\n\r\nReturn-Path: <in@body>\r\n\0\xff";
    for size in 1..message.len() {
        assert_eq!(stored(message, size), wanted, "pieces of {size}");
    }
}

#[test]
fn messages_without_header_or_body_are_kept() {
    assert_eq!(stored(b"\r\nbody\r\n", 3), b"Return-Path: <a@b>\r\n\r\nbody\r\n");
    assert_eq!(
        stored(b"Subject: only\r\n", 4),
        b"Return-Path: <a@b>\r\nSubject: only\r\n"
    );
    assert_eq!(stored(b"", 1), b"Return-Path: <a@b>\r\n");
}

#[test]
fn an_incomplete_message_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let mut incoming = store.begin("").unwrap();
    incoming.write(b"Subject: lost\r\n\r\nbody").unwrap();
    drop(incoming);
    for part in ["new", "tmp", "cur"] {
        assert_eq!(
            fs::read_dir(folder.path().join(part)).unwrap().count(),
            0,
            "{part}"
        );
    }
}

/// A message with a copy: the folder, and their names.
fn with_copy(
    due: Option<Timestamp>,
    between: impl FnOnce(&Path, &Stored),
) -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let mut incoming = store.begin("").unwrap();
    incoming.write(b"Subject: x\r\n\r\n").unwrap();
    let stored = incoming.keep(due).unwrap();
    between(folder.path(), &stored);
    let copy = stored.copy().unwrap();
    let names = [&stored, &copy].map(|one| one.id().to_owned());
    assert_ne!(names[0], names[1]);
    (folder, names)
}

#[test]
fn a_copy_is_another_file_with_the_same_octets() {
    let (folder, names) = with_copy(None, |_, _| ());
    for name in names {
        let stored = fs::read(folder.path().join("new").join(name)).unwrap();
        assert_eq!(stored, b"Subject: x\r\n\r\n");
    }
}

#[test]
fn a_copy_of_a_held_message_is_due_at_the_same_time() {
    let due = Timestamp::from_unix_time(4_000_000_000).unwrap();
    let (folder, names) = with_copy(Some(due), |_, _| ());
    for name in names {
        let held = folder.path().join("held").join(format!("4000000000.{name}"));
        assert_eq!(fs::read(held).unwrap(), b"Subject: x\r\n\r\n");
    }
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
}

/// A mail reader may be quicker than the next recipient.
#[test]
fn a_message_that_was_moved_can_be_copied() {
    let (folder, names) = with_copy(None, |path, stored| {
        fs::rename(path.join("new").join(stored.id()), path.join("cur/read")).unwrap();
    });
    let copy = fs::read(folder.path().join("new").join(&names[1])).unwrap();
    assert_eq!(copy, b"Subject: x\r\n\r\n");
}

#[test]
fn many_received_fields_are_a_loop() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let mut incoming = store.begin("").unwrap();
    incoming
        .write("received : x\r\n".repeat(HOPS).as_bytes())
        .unwrap();
    incoming.write(b"\r\n").unwrap();
    assert!(!incoming.is_looping());
    let mut incoming = store.begin("").unwrap();
    incoming
        .write("Received: x\r\n".repeat(HOPS + 1).as_bytes())
        .unwrap();
    incoming.write(b"\r\n").unwrap();
    assert!(incoming.is_looping());
}

/// Octets are buffered.
#[test]
fn small_pieces_are_written_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let mut incoming = store.begin("").unwrap();
    incoming.write(b"\r\n").unwrap();
    for _ in 0..1000 {
        incoming.write(b"x").unwrap();
    }
    let tmp = || fs::read_dir(folder.path().join("tmp")).unwrap();
    let written: u64 = tmp().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(written, 0, "each piece was written by itself");
    let kept = incoming.keep(None).unwrap();
    let stored = fs::read(folder.path().join("new").join(kept.id())).unwrap();
    assert_eq!(stored, [b"\r\n".as_slice(), &[b'x'; 1000]].concat());
}

#[test]
fn stale_files_in_tmp_are_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::maildir(folder.path()).unwrap());
    let tmp = folder.path().join("tmp");
    let hours = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    for (name, modified) in [("old", hours(37)), ("young", hours(35)), ("new", hours(0))] {
        let file = File::create(tmp.join(name)).unwrap();
        file.set_modified(modified).unwrap();
    }
    drop(Store::maildir(folder.path()).unwrap());
    let left = |name: &str| tmp.join(name).exists();
    assert_eq!(["old", "young", "new"].map(left), [false, true, true]);
}
