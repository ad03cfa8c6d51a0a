use std::vec;

use super::*;

/// An input whose octets were used in steps of these sizes.
fn used_in(steps: &[usize]) -> Input {
    let mut input = Input::default();
    input.extend(&vec![b'x'; steps.iter().sum()]);
    for step in steps {
        input.used = *step;
        input.drop_used();
    }
    input.release();
    input
}

#[test]
fn a_command_reuses_the_memory_of_the_last() {
    let mut input = used_in(&[KEPT]);
    let memory = input.addresses().start;
    assert_eq!(input.octets.capacity(), KEPT);
    input.extend(b"NOOP\r\n");
    assert_eq!(input.addresses(), memory..memory + 6);
    assert_eq!(input.unused(), 6);
}

#[test]
fn large_memory_is_freed() {
    assert_eq!(used_in(&[KEPT + 1]).octets.capacity(), 0);
    // The octets after the cut are few, but their memory is large.
    assert_eq!(used_in(&[4000, KEPT]).octets.capacity(), 0);
    let mut input = Input::default();
    input.extend(&[b'x'; 4000]);
    input.used = 3998;
    input.drop_used();
    let large = input.addresses();
    input.release();
    assert_eq!(input.octets(), b"xx");
    assert!(
        !large.contains(&input.addresses().start),
        "copied to small memory"
    );
}

#[test]
fn the_memory_of_a_kept_body_is_not_reused() {
    let mut input = Input::default();
    input.extend(b"one\r\n.\r\n");
    input.used = 5;
    let body = input.take(input.addresses().start, 5);
    input.used = 3;
    input.drop_used();
    input.release();
    assert_eq!(input.capacity(), 0, "the body keeps the memory");
    input.extend(b"MAIL\r\n");
    assert_eq!((&*body, input.octets()), (&b"one\r\n"[..], &b"MAIL\r\n"[..]));
    assert_eq!(input.take(0, 1), Bytes::new(), "the address is not in the input");
}
