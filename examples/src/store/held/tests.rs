use std::{io::Write, time::Instant};

use maildir::Maildir;

use super::*;

/// A Maildir with a message that is held until `due`.
fn holding(path: &Path, due: i64) -> Held {
    let maildir = Maildir::from(path.to_path_buf());
    maildir.create_dirs().unwrap();
    let held = Held::open(path);
    let mut file = maildir.open_file_in_tmp().unwrap();
    file.write_all(b"Subject: x\r\n\r\n").unwrap();
    held.keep(&file, due).unwrap();
    held
}

fn count(folder: PathBuf) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Waits until the thread has released the message.
fn await_release(path: &Path) {
    let begun = Instant::now();
    while count(path.join("new")) == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the message is not released"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_message_is_in_the_folder_until_it_is_due() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let far = 4_000_000_000;
    let held = holding(path, far);
    assert_eq!((count(path.join("tmp")), count(path.join("held"))), (0, 1));
    assert_eq!(release(path, at(3_999_999_999)).unwrap(), Some(at(4_000_000_000)));
    assert_eq!(count(path.join("new")), 0);
    assert_eq!(release(path, at(4_000_000_000)).unwrap(), None);
    assert_eq!((count(path.join("new")), count(path.join("held"))), (1, 0));
    drop(held);
}

#[test]
fn a_message_is_released_when_it_is_due() {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let due = now.as_secs() + 1;
    let held = holding(folder.path(), due.try_into().unwrap());
    await_release(folder.path());
    assert!(SystemTime::now() >= at(due));
    drop(held);
}

#[test]
fn messages_of_an_earlier_process_are_released() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("held")).unwrap();
    fs::create_dir_all(folder.path().join("new")).unwrap();
    fs::write(folder.path().join("held").join("1.a.b"), "x").unwrap();
    fs::write(folder.path().join("held").join("junk"), "x").unwrap();
    let held = Held::open(folder.path());
    await_release(folder.path());
    assert!(folder.path().join("new").join("a.b").exists());
    assert_eq!(count(folder.path().join("held")), 1, "junk stays");
    drop(held);
}
