use super::*;

fn take(limiter: &mut ConnectionLimiter, peer: &str) -> bool {
    limiter.take(Some(peer.parse().unwrap()))
}

fn leave(limiter: &mut ConnectionLimiter, peer: &str) {
    limiter.leave(Some(peer.parse().unwrap()));
}

#[test]
fn connections_are_counted_per_peer_and_in_total() {
    let mut limiter = ConnectionLimiter::new(3, 2);
    assert!(take(&mut limiter, "192.0.2.1"));
    assert!(take(&mut limiter, "192.0.2.1"));
    assert!(!take(&mut limiter, "192.0.2.1"));
    assert!(take(&mut limiter, "192.0.2.2"));
    assert!(!take(&mut limiter, "192.0.2.3"), "three are all");
    assert_eq!(limiter.taken(), 3);
    for peer in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        leave(&mut limiter, peer);
    }
    assert_eq!(limiter.taken(), 0);
    assert!(limiter.by_peer.is_empty());
}

#[test]
fn a_refused_peer_leaves_no_entry() {
    let mut limiter = ConnectionLimiter::new(3, 0);
    assert!(!take(&mut limiter, "192.0.2.1"));
    assert!(limiter.by_peer.is_empty());
}

#[test]
fn leaving_without_a_connection_does_nothing() {
    let mut limiter = ConnectionLimiter::new(1, 1);
    assert!(take(&mut limiter, "192.0.2.1"));
    leave(&mut limiter, "192.0.2.2");
    assert!(!take(&mut limiter, "192.0.2.2"));
}

#[test]
fn an_ipv6_network_is_one_peer_and_each_mapped_ipv4_address_is_a_peer() {
    let mut limiter = ConnectionLimiter::new(9, 1);
    assert!(take(&mut limiter, "2001:db8::1"));
    assert!(!take(&mut limiter, "2001:db8::ffff:ffff:ffff:ffff"));
    assert!(take(&mut limiter, "2001:db8:0:1::1"));
    assert!(take(&mut limiter, "::ffff:192.0.2.1"));
    assert!(!take(&mut limiter, "192.0.2.1"));
    assert!(take(&mut limiter, "::ffff:192.0.2.2"));
}
