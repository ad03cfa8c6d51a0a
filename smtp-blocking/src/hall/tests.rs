use std::{net::Ipv4Addr, thread};

use super::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Serves one connection after the other, and gives them.
fn work(hall: &Hall<char>) -> String {
    let mut served = String::new();
    while let Some(connection) = hall.next() {
        let place = hall.place(PEER);
        served.push(connection);
        place.end();
    }
    served
}

/// Waits for the place to be free.
fn admitted(hall: &Hall<char>) {
    while !hall.admit(PEER) {
        thread::yield_now();
    }
}

#[test]
fn whoever_finds_a_place_free_finds_its_thread_too() {
    let hall = Hall::new(1, 1);
    assert!(hall.admit(PEER) && !hall.admit(PEER));
    assert!(hall.hand('a'), "there is no thread yet");
    thread::scope(|scope| {
        let served = scope.spawn(|| work(&hall));
        for connection in "bcdef".chars() {
            admitted(&hall);
            assert!(!hall.hand(connection), "no other is made");
        }
        assert!(hall.empty_within(Duration::MAX));
        hall.close();
        assert_eq!(served.join().unwrap(), "abcdef");
    });
}

#[test]
fn what_waits_is_served_though_no_more_come() {
    let hall = Hall::new(2, 2);
    assert!(hall.admit(PEER) && hall.admit(PEER) && !hall.empty_within(Duration::ZERO));
    assert!(hall.hand('a') && hall.hand('b'), "a thread for each");
    hall.close();
    assert_eq!(work(&hall), "ab");
    assert!(hall.empty_within(Duration::ZERO));
}

#[test]
fn a_connection_for_which_no_thread_can_be_made_comes_back() {
    let hall = Hall::new(2, 2);
    assert!(hall.admit(PEER) && hall.admit(PEER));
    assert!(hall.hand('a') && hall.hand('b'));
    assert_eq!(hall.take_back(), Some('b'));
    assert_eq!(hall.next(), Some('a'));
    assert!(hall.hand('c'));
    // Another thread is free by then, and takes it.
    hall.place(PEER).end();
    assert_eq!(hall.take_back(), None);
    assert_eq!(hall.next(), Some('c'));
}

#[test]
fn a_thread_that_panics_gives_its_place_back() {
    let hall = Hall::<char>::new(1, 1);
    assert!(hall.admit(PEER));
    let place = hall.place(PEER);
    thread::scope(|scope| {
        let served = scope.spawn(|| {
            let _place = place;
            panic!("on purpose");
        });
        assert!(served.join().is_err());
    });
    assert!(hall.admit(PEER));
}
