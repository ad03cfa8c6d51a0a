use super::*;

fn turns(places: usize) -> Turns {
    let mut turns = Turns::new(places);
    (0..places).for_each(|_| assert!(turns.take()));
    turns
}

#[test]
fn places_are_bounded() {
    let mut turns = turns(2);
    assert!(!turns.take());
    assert_eq!(turns.taken(), 2);
    assert!(turns.give_back().is_none());
    assert_eq!(turns.taken(), 1);
    assert!(turns.take());
}

#[test]
fn a_place_goes_to_the_longest_waiter() {
    let (mut turns, waker) = (turns(1), Waker::noop());
    let (first, second) = (turns.wait(waker), turns.wait(waker));
    assert!(!turns.take_reserved(first, waker));
    assert!(turns.give_back().is_some());
    // No newcomer overtakes a waiter.
    assert!(!turns.take());
    assert!(!turns.take_reserved(second, waker));
    assert!(turns.take_reserved(first, waker));
    assert_eq!((turns.taken(), turns.waiting()), (1, 1));
}

#[test]
fn a_leaving_waiter_passes_its_place_on() {
    let (mut turns, waker) = (turns(1), Waker::noop());
    let (first, second) = (turns.wait(waker), turns.wait(waker));
    assert!(turns.give_back().is_some());
    assert!(turns.leave(first).is_some());
    assert!(turns.take_reserved(second, waker));
    assert!(turns.give_back().is_none());
    assert_eq!((turns.taken(), turns.waiting()), (0, 0));
}

#[test]
fn a_waiter_that_leaves_without_a_place_wakes_no_task() {
    let (mut turns, waker) = (turns(1), Waker::noop());
    let (first, second) = (turns.wait(waker), turns.wait(waker));
    assert!(turns.leave(first).is_none());
    assert!(turns.give_back().is_some());
    assert!(turns.take_reserved(second, waker));
}

#[test]
fn the_last_leaving_waiter_frees_the_place() {
    let (mut turns, waker) = (turns(1), Waker::noop());
    let only = turns.wait(waker);
    assert!(turns.give_back().is_some());
    assert!(turns.leave(only).is_none());
    assert_eq!(turns.taken(), 0);
    assert!(turns.take());
}

#[test]
fn dismissed_waiters_have_no_places() {
    let (mut turns, waker) = (turns(2), Waker::noop());
    let first = turns.wait(waker);
    turns.wait(waker);
    assert!(turns.give_back().is_some());
    assert_eq!(turns.dismiss().count(), 2);
    assert_eq!((turns.taken(), turns.waiting()), (1, 0));
    assert!(!turns.take_reserved(first, waker));
    assert!(turns.leave(first).is_none());
}
