//! Connections that a server behind a proxy closes or rejects.

use super::*;

#[test]
fn other_beginnings_are_closed_without_a_reply() {
    for octets in [
        &b"EHLO client.example\r\n"[..],
        b"PROXY TCP4 203.0.113.7 198.51.100.25 1\r\n",
        b"PROXY UNKNOWN ................................................................................................",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        b"\x16\x03\x01",
    ] {
        let mut running = Running::new(|_| ());
        let raw = running.connect(octets);
        assert!(running.is_closed(raw), "{octets:?}");
        assert!(running.ends.lock().unwrap().is_empty());
    }
}

#[test]
fn connections_that_are_closed_are_reported() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&reports);
    let expected = move |from: &str, reported: Arc<Mutex<Vec<String>>>| {
        ExpectProxy::new([from.parse().unwrap()]).on_refused(move |peer, error| {
            reported.lock().unwrap().push(format!("{peer} {error}"));
        })
    };
    for (from, octets, cut) in [
        ("198.51.100.1", "", false),
        ("192.0.2.1", "EHLO a\r\n", false),
        ("192.0.2.1", "PROXY ", false),
        ("192.0.2.1", "PROXY ", true),
        ("192.0.2.1", "", true),
        ("192.0.2.1", "PROXY UNKNOWN\r\n", true),
    ] {
        let options = expected(from, Arc::clone(&reported));
        let mut running = Running::new(|changed| changed.expect_proxy = Some(options));
        let raw = running.connect(octets);
        if cut {
            raw.control.cut();
        }
        running.pass(5);
    }
    assert_eq!(
        *reports.lock().unwrap(),
        [
            "192.0.2.1:1 peer is not an expected proxy",
            "192.0.2.1:1 connection does not begin with a PROXY header",
            "192.0.2.1:1 PROXY header is incomplete after its time",
            "192.0.2.1:1 peer closed the connection before the end of its PROXY header",
            "192.0.2.1:1 peer closed the connection without a PROXY header",
        ]
    );
}

#[test]
fn a_panic_in_a_report_does_not_end_the_server() {
    for (from, octets) in [("198.51.100.1", ""), ("192.0.2.1", "EHLO a\r\n")] {
        let expected = ExpectProxy::new([from.parse().unwrap()]).on_refused(|_, _| panic!("on purpose"));
        let mut running = Running::new(|options| options.expect_proxy = Some(expected));
        for _ in 0..2 {
            let raw = running.connect(octets);
            assert!(!running.settle(), "it serves on");
            assert!(running.is_closed(raw));
        }
    }
}

#[test]
fn a_stranger_is_closed_without_a_reply() {
    let mut running = Running::new(|options| {
        options.expect_proxy = Some(ExpectProxy::new(["198.51.100.0/24".parse().unwrap()]));
    });
    let raw = running.connect(header(ProxyVersion::V1, "203.0.113.7:4000"));
    assert!(running.is_closed(raw));
    let mut nobody = Running::new(|options| options.expect_proxy = Some(ExpectProxy::new([])));
    let raw = nobody.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(nobody.is_closed(raw));
}

#[test]
fn a_header_has_five_seconds_and_delays_no_other_connection() {
    let mut running = Running::new(|options| options.max_connections = 2);
    let slow = running.connect("PROXY ");
    let raw = running.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(running.ask(&raw, "").starts_with("220 "));
    // It counts among all connections.
    let third = running.connect("");
    assert!(running.ask(&third, "").starts_with("421 "));
    // Octets do not prolong the time.
    running.pass(2);
    slow.control.push("UNKNOWN");
    running.pass(1);
    assert!(running.is_closed(slow));
    let again = running.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(running.ask(&again, "").starts_with("220 "));
}

#[test]
fn a_peer_that_closes_early_frees_its_place() {
    let mut running = Running::new(|options| options.max_connections = 1);
    let raw = running.connect("PROXY ");
    raw.control.cut();
    running.settle();
    let again = running.connect(header(ProxyVersion::V1, "203.0.113.7:4000"));
    assert!(running.ask(&again, "").starts_with("220 "));
}

#[test]
fn the_limit_of_a_peer_is_that_of_the_client() {
    let mut running = Running::new(|options| options.max_connections_per_peer = 1);
    let first = running.connect(header(ProxyVersion::V2, "203.0.113.7:1"));
    assert!(running.ask(&first, "").starts_with("220 "));
    let other = running.connect(header(ProxyVersion::V2, "203.0.113.8:1"));
    assert!(running.ask(&other, "").starts_with("220 "));
    let second = running.connect(header(ProxyVersion::V2, "203.0.113.7:2"));
    assert!(running.ask(&second, "").starts_with("421 "));
    drop(first);
    running.settle();
    let third = running.connect(header(ProxyVersion::V2, "203.0.113.7:3"));
    assert!(running.ask(&third, "").starts_with("220 "));
}

#[test]
fn a_shutdown_does_not_wait_for_headers() {
    let mut running = Running::new(|_| ());
    let raw = running.connect("PROXY ");
    running.stop.store(true, Ordering::Relaxed);
    assert!(running.settle(), "all have ended");
    assert!(raw.sees_close(&running.network));
}

#[test]
fn dropping_a_server_ends_the_headers() {
    let mut running = Running::new(|_| ());
    let raw = running.connect("PROXY ");
    let Running { network, serving, .. } = running;
    drop(serving);
    network.settle_tasks();
    assert!(raw.sees_close(&network));
}

#[test]
fn where_no_proxy_is_expected_its_header_is_refused() {
    let mut running = Running::new(|options| options.expect_proxy = None);
    let raw = running.connect("");
    running.ask(&raw, "");
    let reply = running.ask(&raw, "PROXY TCP4 203.0.113.7 198.51.100.25 1 25\r\n");
    assert!(reply.starts_with("421 "), "{reply}");
    drop(raw);
    running.settle();
    assert_eq!(running.ends.lock().unwrap()[0].3, Closed::WrongProtocol);
}
