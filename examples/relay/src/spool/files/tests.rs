use std::{fs, path::PathBuf};

use smtp_driver::Bytes;
use smtp_proto::types::Envelope;

use super::*;
use crate::spool::{Ending, State, store};

const CONTENT: &[u8] = b"Subject: t\r\n\r\nhello\r\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("spool")
    }

    async fn open(&self) -> Files {
        if self.path().exists() {
            self.closed().await;
        }
        Files::open(&self.path()).await.unwrap()
    }

    /// Waits until no relay uses the directory: the last task of a spool lets go of it a moment later.
    async fn closed(&self) {
        let is_open = || Folder::existing(&self.path()).unwrap().lock().unwrap().is_none();
        let closed = async {
            while is_open() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), closed).await.unwrap();
    }

    fn entries(&self, part: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path().join(part)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn head(recipients: &[&str]) -> Head {
    Head {
        id: Id::new(),
        accepted: now(),
        envelope: Envelope::parse("a@sender.example", recipients).unwrap(),
        next_hops: recipients
            .iter()
            .map(|address| address.rsplit('@').next().unwrap().to_owned())
            .collect(),
    }
}

fn facts() -> Facts {
    Facts {
        octets: CONTENT.len() as u64,
        size: CONTENT.len() as u64,
        ..Facts::default()
    }
}

async fn put(files: &Files, recipients: &[&str]) -> Id {
    let head = head(recipients);
    let id = head.id.clone();
    store(files, head, facts(), &[CONTENT.into()]).await.unwrap();
    id
}

async fn claims(files: &Files) -> Vec<Claim> {
    files.claim(10, &HashSet::new()).await.unwrap()
}

fn ended(n: usize) -> Progress {
    let state = State {
        attempts: 1,
        ending: Some(Ending::Delivered),
        ..State::default()
    };
    Progress { n, state }
}

fn later(n: usize, due: u64) -> Progress {
    let state = State {
        attempts: 1,
        due,
        ..State::default()
    };
    Progress { n, state }
}

#[tokio::test]
async fn a_message_is_claimed_read_and_finished() {
    let place = Place::new();
    let files = place.open().await;
    let id = put(&files, &["b@example.org"]).await;
    files.ready(&HashSet::new()).await;
    let claim = claims(&files).await.remove(0);
    assert_eq!((&claim.head.id, &*claim.next_hop), (&id, "example.org"));
    let mut content = Vec::new();
    files
        .content(&claim)
        .await
        .unwrap()
        .read_to_end(&mut content)
        .await
        .unwrap();
    assert_eq!(content, CONTENT);
    assert!(files.renew(&claim).await.unwrap());
    files.record(claim, vec![ended(0)]).await.unwrap();
    assert!(place.entries("queue").is_empty());
    assert_eq!(files.len(), 0);
}

#[tokio::test]
async fn a_large_message_is_written_in_pieces() {
    let place = Place::new();
    let files = place.open().await;
    let line = [b'x'; 62].into_iter().chain(*b"\r\n").collect::<Vec<_>>();
    let pieces = vec![Bytes::from(line.repeat(1000)); 20];
    let octets = 20 * 64_000;
    let facts = Facts { octets, ..facts() };
    store(&files, head(&["b@example.org"]), facts, &pieces)
        .await
        .unwrap();
    let claim = claims(&files).await.remove(0);
    let mut content = Vec::new();
    files
        .content(&claim)
        .await
        .unwrap()
        .read_to_end(&mut content)
        .await
        .unwrap();
    assert_eq!(content, line.repeat(20_000));
    assert!(place.entries("incoming").is_empty());
}

#[tokio::test]
async fn results_are_there_after_a_restart() {
    let place = Place::new();
    let files = place.open().await;
    put(&files, &["b@example.org", "c@example.org"]).await;
    let claim = claims(&files).await.remove(0);
    let due = now() + 60_000;
    files.record(claim, vec![ended(0), later(1, due)]).await.unwrap();
    drop(files);
    let files = place.open().await;
    assert!(claims(&files).await.is_empty());
    let listed = files.list().await.unwrap().remove(0);
    assert_eq!(listed.states[0].ending, Some(Ending::Delivered));
    assert_eq!((listed.states[1].due, listed.states[1].attempts), (due, 1));
}

#[tokio::test]
async fn a_crash_before_the_end_of_an_attempt_makes_it_due_again() {
    let place = Place::new();
    let files = place.open().await;
    put(&files, &["b@example.org"]).await;
    assert_eq!(claims(&files).await.len(), 1);
    drop(files);
    assert_eq!(claims(&place.open().await).await.len(), 1);
}

#[tokio::test]
async fn a_message_without_commit_is_gone() {
    let place = Place::new();
    let files = place.open().await;
    let mut incoming = files.begin(head(&["b@example.org"])).await.unwrap();
    files.write(&mut incoming, &vec![b'x'; 1 << 20]).await.unwrap();
    assert_eq!(place.entries("incoming").len(), 1);
    drop(incoming);
    assert!(place.entries("incoming").is_empty());
    // As after a crash.
    fs::write(place.path().join("incoming/x"), "half a message").unwrap();
    drop(files);
    let files = place.open().await;
    assert!(place.entries("incoming").is_empty());
    assert_eq!(files.len(), 0);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_others_stay() {
    let place = Place::new();
    let files = place.open().await;
    let (bad, good) = (
        put(&files, &["b@example.org"]).await,
        put(&files, &["c@example.org"]).await,
    );
    drop(files);
    let path = place.path().join("queue").join(bad.as_str());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let files = place.open().await;
    assert_eq!(place.entries("damaged"), [bad.to_string(), format!("{bad}.why")]);
    let left: Vec<_> = claims(&files)
        .await
        .into_iter()
        .map(|claim| claim.head.id.clone())
        .collect();
    assert_eq!(left, [good]);
}

#[tokio::test]
async fn a_log_without_its_message_is_removed() {
    let place = Place::new();
    drop(place.open().await);
    fs::write(
        place.path().join("queue").join(format!("{}.log", Id::new())),
        "[]\n",
    )
    .unwrap();
    drop(place.open().await);
    assert!(place.entries("queue").is_empty());
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_stores_nothing() {
    let place = Place::new();
    let files = place.open().await;
    let head = head(&["b@example.org"]);
    std::os::unix::fs::symlink("/dev/full", place.path().join("incoming").join(head.id.as_str())).unwrap();
    assert!(store(&files, head, facts(), &[CONTENT.into()]).await.is_err());
    assert!(place.entries("queue").is_empty());
    assert_eq!(files.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_messages_are_durable_and_each_has_its_own_result() {
    let place = Place::new();
    let files = place.open().await;
    // More than are written at a time. Each fourth cannot be written.
    let messages = (0..100).map(|n| {
        let (files, head) = (files.clone(), head(&["b@example.org"]));
        if n % 4 == 0 {
            let path = place.path().join("incoming").join(head.id.as_str());
            std::os::unix::fs::symlink("/dev/full", path).unwrap();
        }
        tokio::spawn(async move { (n, store(&files, head, facts(), &[CONTENT.into()]).await) })
    });
    for message in messages.collect::<Vec<_>>() {
        let (n, stored) = message.await.unwrap();
        assert_eq!(stored.is_err(), n % 4 == 0, "{n}: {stored:?}");
    }
    assert_eq!((files.len(), place.entries("queue").len()), (75, 75));
    assert!(place.entries("incoming").is_empty());
    drop(files);
    let files = place.open().await;
    assert_eq!(files.len(), 75);
    assert!(place.entries("damaged").is_empty());
}

#[tokio::test]
async fn a_delivery_whose_owed_report_cannot_be_recorded_is_not_repeated() {
    let place = Place::new();
    let files = place.open().await;
    let id = put(&files, &["b@example.org", "c@example.org"]).await;
    let claim = claims(&files).await.remove(0);
    // The log cannot be written for a time.
    let log = place.path().join("queue").join(format!("{id}.log"));
    fs::create_dir(&log).unwrap();
    let mut owed = later(0, 0);
    owed.state.owed = Some("mx.example.org".into());
    assert!(files.record(claim, vec![owed, later(1, 0)]).await.is_err());
    fs::remove_dir(log).unwrap();
    let claim = claims(&files).await.remove(0);
    assert_eq!(claim.recipients.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_directory_that_is_gone_is_an_error() {
    let place = Place::new();
    let files = place.open().await;
    fs::remove_dir_all(place.path()).unwrap();
    assert!(
        store(&files, head(&["b@example.org"]), facts(), &[CONTENT.into()])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn two_relays_never_share_a_directory() {
    let place = Place::new();
    let _files = place.open().await;
    assert!(Files::open(&place.path()).await.is_err());
}

#[tokio::test]
async fn a_deleted_message_has_no_lease() {
    let place = Place::new();
    let files = place.open().await;
    let id = put(&files, &["b@example.org"]).await;
    let claim = claims(&files).await.remove(0);
    assert!(files.delete(&id).await.unwrap());
    assert!(!files.renew(&claim).await.unwrap());
    files.record(claim, vec![later(0, 5)]).await.unwrap();
    assert!(!files.delete(&id).await.unwrap());
    assert!(place.entries("queue").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_reach_a_running_relay_or_the_directory_of_a_stopped_relay() {
    let place = Place::new();
    let files = place.open().await;
    let id = put(&files, &["b@example.org"]).await;
    let claim = claims(&files).await.remove(0);
    files
        .record(claim, vec![later(0, now() + 3_600_000)])
        .await
        .unwrap();
    let commands = |commands: Vec<Command>| {
        let folder = Folder::existing(&place.path()).unwrap();
        spawn_blocking(move || {
            let mut shown = Vec::new();
            let unknown = give(&folder, &commands, &mut |done, all| shown.push((done, all)));
            (unknown.unwrap(), shown)
        })
    };
    let retried = commands(vec![Command::Retry(Some(id.clone()))]).await.unwrap();
    assert_eq!(retried, (vec![], vec![(1, 1)]));
    let claim = claims(&files).await.remove(0);
    files.release(claim).await.unwrap();
    let (known, unknown) = (put(&files, &["c@example.org"]).await, Id::new());
    let both = [&unknown, &known].map(|id| Command::Delete(id.clone()));
    let (not_there, shown) = commands(both.into()).await.unwrap();
    assert_eq!((not_there, shown.last()), (vec![unknown], Some(&(2, 2))));
    assert!(!place.entries("queue").contains(&known.to_string()));
    drop(files);
    drop(place.open().await);
    place.closed().await;
    let (_, shown) = commands(vec![Command::Retry(None)]).await.unwrap();
    assert_eq!(shown.first(), Some(&(1, 1)));
    assert!(commands(vec![Command::Delete(id)]).await.unwrap().0.is_empty());
    assert!(place.entries("queue").is_empty());
}
