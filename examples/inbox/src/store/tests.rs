use std::time::SystemTime;

use super::{Change, Limits, Store};
use crate::message::{Envelope, LineFaults, Message, Query};

const LIMITS: Limits = Limits {
    number: 3,
    octets: 1000,
};

fn message(store: &Store, text: &str) -> Message {
    let envelope = Envelope {
        from: "ann@client.example".into(),
        to: vec!["bob@example.org".into(), "carl@example.org".into()],
        ..Envelope::default()
    };
    let content = text.as_bytes().to_vec();
    let id = store.next_message();
    Message::new(
        id,
        None,
        SystemTime::now(),
        envelope,
        content,
        LineFaults::default(),
    )
}

fn numbers(store: &Store) -> Vec<u64> {
    let all = store.messages(&Query::default());
    all.iter().map(|message| message.id).collect()
}

#[test]
fn the_oldest_message_goes() {
    let store = Store::new(LIMITS);
    let mut changes = store.subscribe();
    for _ in 0..5 {
        store.add(message(&store, "Subject: hi\r\n\r\n")).unwrap();
    }
    assert_eq!(numbers(&store), [5, 4, 3]);
    let seen: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert_eq!(seen.len(), 7);
    let gone = Change::Deleted {
        messages: vec![2],
        sessions: vec![],
    };
    assert_eq!(seen.last(), Some(&gone));
}

#[test]
fn the_octets_are_limited_too() {
    let store = Store::new(LIMITS);
    for size in [400, 400, 400, 5000] {
        store.add(message(&store, &"x".repeat(size))).unwrap();
        let octets: usize = store
            .messages(&Query::default())
            .iter()
            .map(|one| one.content.len())
            .sum();
        assert!(octets <= LIMITS.octets || numbers(&store).len() == 1);
    }
    assert_eq!(numbers(&store), [4]);
}

#[test]
fn a_maildir_keeps_messages_with_their_envelopes() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::new(LIMITS).with_maildir(directory.path().into()).unwrap();
    let store = open();
    let text = "Delivered-To: inner@example.org\r\nSubject: kept\r\n\r\nHello\r\n";
    store.add(message(&store, text)).unwrap();
    store.add(message(&store, "Subject: gone\r\n\r\n")).unwrap();
    assert!(store.delete(2).unwrap());
    drop(store);

    let store = open();
    assert_eq!(numbers(&store), [1]);
    let kept = store.message(1).unwrap();
    assert_eq!(kept.content, text.as_bytes());
    assert_eq!(kept.envelope.from, "ann@client.example");
    assert_eq!(kept.envelope.to, ["bob@example.org", "carl@example.org"]);
    store.delete_all().unwrap();
    assert_eq!(numbers(&open()), [0; 0]);
}

#[test]
fn messages_of_other_programs_in_a_maildir_are_shown() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(LIMITS).with_maildir(directory.path().into()).unwrap();
    drop(store);
    std::fs::write(directory.path().join("new/1.host"), "Subject: other\r\n\r\n").unwrap();
    let store = Store::new(LIMITS).with_maildir(directory.path().into()).unwrap();
    assert_eq!(store.message(1).unwrap().summary.subject, "other");
}
