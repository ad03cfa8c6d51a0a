use std::vec;

use super::*;

#[test]
fn partial_writes_leave_the_rest() {
    let mut output = Output::default();
    output.put(b"250 ok\r\n");
    output.advance(3);
    assert_eq!(output.pending(), b" ok\r\n");
    output.put(b"221 bye\r\n");
    assert_eq!(output.pending(), b" ok\r\n221 bye\r\n");
    output.advance(usize::MAX);
    assert!(output.is_empty());
}

#[test]
fn release_frees_heap_memory() {
    let mut output = Output::default();
    output.put(&vec![b'x'; INLINE + 1]);
    assert!(output.spilled.capacity() > 0);
    output.release();
    assert!(output.spilled.capacity() > 0, "unwritten octets must stay");
    output.advance(INLINE + 1);
    output.release();
    assert_eq!(output.spilled.capacity(), 0);
}

#[test]
fn a_very_large_buffer_is_not_kept() {
    let mut output = Output::default();
    output.put(&vec![b'x'; 4 * MAX_KEPT]);
    output.advance(4 * MAX_KEPT);
    assert_eq!(output.spilled.capacity(), 0);
}

#[test]
fn a_slow_reader_does_not_make_the_written_part_grow() {
    let mut output = Output::default();
    output.put(&[b'x'; 1000]);
    for _ in 0..10_000 {
        output.put(&[b'x'; 100]);
        output.advance(100);
        assert_eq!(output.len(), 1000);
    }
    assert!(
        output.spilled.capacity() <= MAX_KEPT,
        "{} octets",
        output.spilled.capacity()
    );
}

#[test]
fn numbers_are_written_in_decimal() {
    let mut bytes = Vec::new();
    for number in [0, 7, 10, 4_294_967_296, u64::MAX] {
        bytes.put_decimal(number);
        bytes.put(b" ");
    }
    assert_eq!(bytes, b"0 7 10 4294967296 18446744073709551615 ");
}

#[test]
fn a_secret_is_zeroized_once_it_is_written() {
    for octets in [10, INLINE, INLINE + 1, 20_000] {
        let mut output = Output::default();
        output.put(b"before");
        output.reserve_secret(octets);
        let room = output.spilled.as_ptr();
        for _ in 0..octets {
            output.put(b"s");
        }
        let spilled = !output.spilled.is_empty();
        assert_eq!(spilled, octets + 6 > INLINE, "{octets}");
        assert!(
            !spilled || output.spilled.as_ptr() == room,
            "a copy was left behind"
        );
        output.advance(octets);
        output.put(b"behind");
        output.advance(12);
        assert!(output.is_empty());
        assert!(!output.inline.contains(&b's') && !output.secret, "{octets}");
        // An ordinary reply does not pay for it.
        output.put(b"s");
        output.advance(1);
        assert!(output.inline.contains(&b's'));
    }
}

#[test]
fn debug_output_shows_only_the_length() {
    let mut output = Output::default();
    output.put(b"secret");
    assert_eq!(std::format!("{output:?}"), "Output(6 octets)");
}
