use std::{net::Ipv4Addr, thread};

use super::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_thread_without_a_connection_is_given_the_next_and_no_other_is_made() {
    let hall = Hall::new(1, 1);
    assert!(hall.admit(PEER) && !hall.admit(PEER));
    assert_eq!(hall.hand('a'), Some('a'), "there is no thread yet");
    let place = hall.place(PEER);
    thread::scope(|scope| {
        let served = scope.spawn(|| {
            let first = place.next();
            (first, hall.place(PEER).next())
        });
        // Who finds the place free finds the thread, too.
        while !hall.admit(PEER) {
            thread::yield_now();
        }
        assert_eq!(hall.hand('b'), None);
        assert!(!hall.empty_within(Duration::ZERO));
        assert!(hall.empty_within(Duration::MAX));
        hall.close();
        assert_eq!(served.join().unwrap(), (Some('b'), None));
    });
}

#[test]
fn no_more_connections_wait_than_there_are_threads_for_them() {
    let hall = Hall::new(3, 3);
    assert!(hall.admit(PEER) && hall.admit(PEER));
    let place = hall.place(PEER);
    thread::scope(|scope| {
        let served = scope.spawn(|| place.next());
        while hall.taken() > 1 {
            thread::yield_now();
        }
        // It may have taken the first by then, and is not without a connection any more.
        assert_eq!(hall.hand('a'), None);
        assert_eq!(hall.hand('b'), Some('b'));
        assert_eq!(served.join().unwrap(), Some('a'));
    });
}

#[test]
fn a_thread_that_panics_gives_its_place_back() {
    let hall = Hall::<()>::new(1, 1);
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
