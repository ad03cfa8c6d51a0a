use super::*;

fn places(connections: usize, per_peer: usize) -> Arc<Places> {
    let limits = Options {
        connections,
        per_peer,
        ..Options::default()
    };
    Arc::new(Places {
        limits,
        taken: Mutex::default(),
    })
}

fn take(places: &Arc<Places>, peer: &str) -> Option<Place> {
    places.take(peer.parse().unwrap())
}

#[test]
fn places_are_counted_by_peer_and_in_all() {
    let places = places(3, 2);
    let held = [take(&places, "192.0.2.1"), take(&places, "192.0.2.1")];
    assert!(held.iter().all(Option::is_some));
    assert!(take(&places, "192.0.2.1").is_none());
    let other = take(&places, "192.0.2.2");
    assert!(other.is_some());
    assert!(take(&places, "192.0.2.3").is_none(), "three are all");
    drop(held);
    drop(other);
    assert!(places.taken.lock().unwrap().by_peer.is_empty());
    assert_eq!(places.taken.lock().unwrap().all, 0);
}

#[test]
fn no_trace_is_left_of_a_peer_that_was_refused() {
    let places = places(3, 0);
    assert!(take(&places, "192.0.2.1").is_none());
    assert!(places.taken.lock().unwrap().by_peer.is_empty());
}

#[test]
fn an_ipv6_network_is_one_peer_and_mapped_ipv4_addresses_are_not() {
    let places = places(9, 1);
    let _held = take(&places, "2001:db8::1").unwrap();
    assert!(take(&places, "2001:db8::ffff:ffff:ffff:ffff").is_none());
    assert!(take(&places, "2001:db8:0:1::1").is_some());
    let _mapped = take(&places, "::ffff:192.0.2.1").unwrap();
    assert!(take(&places, "192.0.2.1").is_none());
    assert!(take(&places, "::ffff:192.0.2.2").is_some());
}
