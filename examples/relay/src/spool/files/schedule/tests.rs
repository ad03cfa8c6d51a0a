use smtp_proto::types::Envelope;

use super::*;
use crate::spool::Ending;

fn head(hops: &[&str], accepted: u64) -> Head {
    let recipients: Vec<_> = hops
        .iter()
        .enumerate()
        .map(|(n, hop)| format!("r{n}@{hop}"))
        .collect();
    Head {
        id: Id::new(),
        accepted,
        envelope: Envelope::parse("a@sender.example", recipients).unwrap(),
        next_hops: hops.iter().map(|hop| (*hop).to_owned()).collect(),
    }
}

fn add(schedule: &mut Schedule, hops: &[&str], accepted: u64) -> Id {
    let head = head(hops, accepted);
    assert!(schedule.insert(&head, &head.first_states(), false));
    head.id
}

fn result(n: usize, due: u64, ending: Option<Ending>) -> Progress {
    let state = State {
        due,
        attempts: 1,
        ending,
        ..State::default()
    };
    Progress { n, state }
}

fn none() -> HashSet<Arc<str>> {
    HashSet::new()
}

#[test]
fn recipients_with_one_next_hop_are_one_delivery() {
    let mut schedule = Schedule::default();
    let id = add(&mut schedule, &["x", "y", "x"], 5);
    assert!(schedule.claim(4, 9, &none()).is_empty());
    let mut leases = schedule.claim(5, 9, &none());
    leases.sort_by(|one, other| one.next_hop.cmp(&other.next_hop));
    let seen: Vec<_> = leases
        .iter()
        .map(|lease| (&*lease.next_hop, lease.recipients.clone()))
        .collect();
    assert_eq!(seen, [("x", vec![0, 2]), ("y", vec![1])]);
    assert!(leases.iter().all(|lease| schedule.is_leased(&id, lease.number)));
    assert!(schedule.claim(5, 9, &none()).is_empty(), "leased once");
    assert_eq!(schedule.next_due(&none()), None);
}

#[test]
fn results_end_recipients_or_move_them() {
    let mut schedule = Schedule::default();
    let id = add(&mut schedule, &["x", "x"], 5);
    let lease = schedule.claim(5, 1, &none()).remove(0);
    let results = [result(0, 0, Some(Ending::Delivered)), result(1, 50, None)];
    assert_eq!(schedule.left_after(&id, lease.number, &results), Left::Some);
    schedule.end(&id, lease.number, &results);
    assert_eq!(schedule.next_due(&none()), Some(50));
    let lease = schedule.claim(50, 1, &none()).remove(0);
    assert_eq!(lease.recipients, [1]);
    let results = [result(1, 0, Some(Ending::Failed))];
    assert_eq!(
        schedule.left_after(&id, lease.number, &results),
        Left::Nothing { logged: true }
    );
    schedule.end(&id, lease.number, &results);
    assert_eq!(schedule.len(), 0);
}

#[test]
fn full_next_hops_are_passed_over() {
    let mut schedule = Schedule::default();
    add(&mut schedule, &["slow"], 1);
    let other = add(&mut schedule, &["fast"], 2);
    let full = HashSet::from([Arc::from("slow")]);
    assert_eq!(schedule.next_due(&full), Some(2));
    let leases = schedule.claim(9, 9, &full);
    assert_eq!(leases.iter().map(|lease| &lease.id).collect::<Vec<_>>(), [&other]);
}

#[test]
fn the_oldest_is_first() {
    let mut schedule = Schedule::default();
    let late = add(&mut schedule, &["x"], 8);
    let early = add(&mut schedule, &["x"], 3);
    let order: Vec<_> = schedule
        .claim(9, 9, &none())
        .into_iter()
        .map(|lease| lease.id)
        .collect();
    assert_eq!(order, [early, late]);
}

#[test]
fn a_retry_is_due_now_and_a_removed_message_has_no_lease() {
    let mut schedule = Schedule::default();
    let id = add(&mut schedule, &["x"], 1000);
    assert!(schedule.make_due(&id, 10));
    let lease = schedule.claim(10, 1, &none()).remove(0);
    assert!(schedule.remove(&id));
    assert!(!schedule.is_leased(&id, lease.number));
    assert_eq!(schedule.left_after(&id, lease.number, &[]), Left::Stale);
    schedule.end(&id, lease.number, &[result(0, 5, None)]);
    assert!(!schedule.make_due(&id, 10) && !schedule.remove(&id));
    assert_eq!(schedule.next_due(&none()), None);
}

#[test]
fn a_returned_lease_keeps_its_due_time() {
    let mut schedule = Schedule::default();
    let id = add(&mut schedule, &["x"], 7);
    let lease = schedule.claim(7, 1, &none()).remove(0);
    schedule.end(&id, lease.number, &[]);
    assert_eq!(schedule.next_due(&none()), Some(7));
}

#[test]
fn nothing_is_left_of_a_finished_message() {
    let mut schedule = Schedule::default();
    let head = head(&["x"], 1);
    let ended = State {
        ending: Some(Ending::Delivered),
        ..State::default()
    };
    assert!(!schedule.insert(&head, &[ended], true));
}
