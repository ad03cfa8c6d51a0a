//! The list of the example `greylisting`.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../greylisting.rs"]
mod example;

use std::time::{Duration, Instant};

use example::Greylist;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Attempts of one triple at these times. Returns those that pass.
fn passed(times: &[Duration]) -> Vec<Duration> {
    let (mut list, begin) = (Greylist::new(5 * MINUTE), Instant::now());
    let triple = (None, "<ann@example.org>".to_owned(), "<bob@mx.test>".to_owned());
    let passes = |time: &&Duration| list.check(triple.clone(), begin + **time);
    times.iter().filter(passes).copied().collect()
}

#[test]
fn a_triple_passes_after_the_delay_and_then_always() {
    let times = [0, 1, 4, 5, 6].map(|minutes| minutes * MINUTE);
    assert_eq!(passed(&times), [5 * MINUTE, 6 * MINUTE]);
    assert_eq!(
        passed(&[Duration::ZERO, DAY, 30 * DAY, 60 * DAY]),
        [DAY, 30 * DAY, 60 * DAY]
    );
}

#[test]
fn a_triple_that_returns_too_late_is_new() {
    assert!(passed(&[Duration::ZERO, 6 * DAY]).is_empty());
    assert_eq!(passed(&[Duration::ZERO, DAY, 40 * DAY]), [DAY]);
}

#[test]
fn another_triple_does_not_pass() {
    let (mut list, begin) = (Greylist::new(5 * MINUTE), Instant::now());
    let triple = |to: &str| (None, "<>".to_owned(), to.to_owned());
    assert!(!list.check(triple("<bob@mx.test>"), begin));
    assert!(!list.check(triple("<carl@mx.test>"), begin + 5 * MINUTE));
}
