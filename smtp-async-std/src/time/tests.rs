use std::{future::poll_fn, task::Waker};

use async_io::block_on;

use super::*;

const SHORT: Duration = Duration::from_millis(50);

fn set(alarm: &Alarm) -> Instant {
    alarm.timer.as_ref().unwrap().1
}

#[test]
fn a_timer_serves_for_many_deadlines_and_none_is_missed() {
    let begin = Instant::now();
    let mut context = Context::from_waker(Waker::noop());
    let mut alarm = Alarm::default();
    // Later deadlines leave it where it was, and earlier ones do not.
    for (deadline, expected) in [(5, 5), (9, 5), (2, 2), (3, 2), (1, 1), (4, 1)] {
        let due = begin + SHORT * deadline;
        // The first may be over on a slow machine, and then it is right to say so.
        if alarm.poll_at(due, &mut context).is_ready() {
            assert!(Instant::now() >= due);
            return;
        }
        if Instant::now() < begin + SHORT {
            assert_eq!(set(&alarm), begin + SHORT * expected);
        }
    }
    for deadline in [6, 3, 7] {
        let due = begin + SHORT * deadline;
        block_on(poll_fn(|context| alarm.poll_at(due, context)));
        assert!(Instant::now() >= due);
        assert!(alarm.timer.is_none());
    }
}

#[test]
fn what_takes_too_long_is_given_up() {
    let begin = Instant::now();
    assert_eq!(block_on(timeout(SHORT, std::future::pending::<()>())), None);
    assert!(begin.elapsed() >= SHORT);
    assert_eq!(block_on(timeout(Duration::MAX, async { 1 })), Some(1));
    assert_eq!(block_on(timeout(Duration::ZERO, async { 2 })), Some(2));
}
