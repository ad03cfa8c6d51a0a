//! Tests of the signs of a loop.

use smtp_proto::types::ForwardPath;

use super::Trace;

fn trace(octets: &[u8]) -> Trace {
    let mut trace = Trace::new();
    trace.feed(octets);
    trace
}

fn bob() -> ForwardPath<'static> {
    ForwardPath::parse("bob@example.net").unwrap()
}

/// RFC 5321 section 6.3.
#[test]
fn more_than_100_received_fields_are_a_loop() {
    let field = b"Received: from a.example\r\n\tby b.example; Sat, 28 Nov 2026 10:00:00 +0000\r\n";
    for (fields, is_loop) in [(0, false), (100, false), (101, true), (10_000, true)] {
        let trace = trace(&[&field.repeat(fields)[..], b"\r\nbody\r\n"].concat());
        assert_eq!((trace.received(), trace.is_loop()), (fields, is_loop));
    }
}

#[test]
fn the_result_does_not_depend_on_the_cuts_of_the_input() {
    let message = b"received : a\r\nReceived-SPF: pass\r\nRECEIVED:b\n Received: folded\r\nX: y\r\nDelivered-To: <Bob@example.net>\r\n\r\nReceived: body\r\n";
    for cut in 0..message.len() {
        let (first, second) = message.split_at(cut);
        let mut trace = Trace::new();
        trace.feed(first);
        trace.feed(second);
        assert_eq!(trace.received(), 2, "{cut}");
        assert!(trace.was_delivered_to(&bob()), "{cut}");
    }
}

#[test]
fn delivered_to_another_address_is_no_loop() {
    let other = trace(b"Delivered-To: rob@example.net\r\nX-Delivered-To: bob@example.net\r\n\r\n");
    assert!(!other.was_delivered_to(&bob()));
    let many = trace(&b"Delivered-To: rob@example.net\r\n".repeat(100_000));
    assert!(!many.was_delivered_to(&bob()));
    assert!(many.delivered_to.len() <= Trace::MAX_RECEIVED);
    let postmaster = ForwardPath::parse("postmaster").unwrap();
    assert!(!trace(b"Delivered-To: postmaster\r\n\r\n").was_delivered_to(&postmaster));
}

#[test]
fn memory_is_bounded() {
    let mut trace = Trace::new();
    for _ in 0..1000 {
        trace.feed(&[b'x'; 10_000]);
    }
    assert!(trace.line.capacity() < 20_000);
    trace.feed(b"\r\nReceived: a\r\n");
    assert_eq!(trace.received(), 1);
}

/// RFC 3834 section 2.
#[test]
fn programs_and_lists_are_not_answered() {
    for (field, automatic) in [
        ("Auto-Submitted: auto-generated", true),
        ("auto-submitted: Auto-Replied; x=y", true),
        ("Auto-Submitted: no", false),
        ("Auto-Submitted: NO (really)", false),
        ("List-Id: <x.example>", true),
        ("list-unsubscribe: <mailto:x@example>", true),
        ("List-: x", false),
        ("Listen: x", false),
        ("Subject: List-Id: x", false),
    ] {
        let trace = trace(std::format!("{field}\r\n\r\n").as_bytes());
        assert_eq!(trace.is_automatic(), automatic, "{field}");
    }
}
