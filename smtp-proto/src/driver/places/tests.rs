use super::*;

fn take(places: &mut ConnectionLimiter, peer: &str) -> bool {
    places.take(peer.parse().unwrap())
}

fn leave(places: &mut ConnectionLimiter, peer: &str) {
    places.leave(peer.parse().unwrap());
}

#[test]
fn places_are_counted_by_peer_and_in_all() {
    let mut places = ConnectionLimiter::new(3, 2);
    assert!(take(&mut places, "192.0.2.1"));
    assert!(take(&mut places, "192.0.2.1"));
    assert!(!take(&mut places, "192.0.2.1"));
    assert!(take(&mut places, "192.0.2.2"));
    assert!(!take(&mut places, "192.0.2.3"), "three are all");
    assert_eq!(places.taken(), 3);
    for peer in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        leave(&mut places, peer);
    }
    assert_eq!(places.taken(), 0);
    assert!(places.by_peer.is_empty());
}

#[test]
fn no_trace_is_left_of_a_peer_that_was_refused() {
    let mut places = ConnectionLimiter::new(3, 0);
    assert!(!take(&mut places, "192.0.2.1"));
    assert!(places.by_peer.is_empty());
}

#[test]
fn what_was_not_taken_cannot_be_left() {
    let mut places = ConnectionLimiter::new(1, 1);
    assert!(take(&mut places, "192.0.2.1"));
    leave(&mut places, "192.0.2.2");
    assert!(!take(&mut places, "192.0.2.2"));
}

#[test]
fn an_ipv6_network_is_one_peer_and_mapped_ipv4_addresses_are_not() {
    let mut places = ConnectionLimiter::new(9, 1);
    assert!(take(&mut places, "2001:db8::1"));
    assert!(!take(&mut places, "2001:db8::ffff:ffff:ffff:ffff"));
    assert!(take(&mut places, "2001:db8:0:1::1"));
    assert!(take(&mut places, "::ffff:192.0.2.1"));
    assert!(!take(&mut places, "192.0.2.1"));
    assert!(take(&mut places, "::ffff:192.0.2.2"));
}
