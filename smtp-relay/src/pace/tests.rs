use super::*;
use crate::random::Random;

fn full(limits: Limits) -> Window {
    let mut window = Window::new(limits);
    while window.may_start(0) {
        window.start();
    }
    window
}

#[test]
fn a_window_begins_small_and_grows_with_success_to_its_limit() {
    let mut window = full(Limits::default());
    assert_eq!((window.open(), window.size()), (5, 5));
    for end in 0..100 {
        window.end(Verdict::Good, 0);
        assert_eq!(window.size(), (6 + end).min(20));
        while window.may_start(0) {
            window.start();
        }
    }
    assert_eq!(window.open(), 20);
}

#[test]
fn a_window_does_not_grow_far_beyond_its_use() {
    // One delivery at a time: the window stays at one more than `initial`.
    let mut window = Window::new(Limits::default());
    for _ in 0..50 {
        window.start();
        window.end(Verdict::Good, 0);
    }
    assert_eq!(window.size(), 6);
}

#[test]
fn failures_shrink_the_window_and_a_cohort_of_them_ends_it() {
    let mut window = full(Limits::default());
    for size in [4, 3, 2] {
        // 1/5 + 1/4 + 1/3 < 1
        window.end(Verdict::Bad, 1000);
        assert_eq!((window.size(), window.dead_until()), (size, None));
    }
    window.end(Verdict::Bad, 1000); // 1/2 more
    assert_eq!(window.dead_until(), Some(1300));
}

#[test]
fn a_success_forgets_the_failures() {
    let mut window = full(Limits::default());
    for _ in 0..3 {
        window.end(Verdict::Bad, 0);
    }
    window.end(Verdict::Good, 0);
    assert_eq!(window.size(), 3);
    window.end(Verdict::Bad, 0); // 1/3
    window.start();
    window.end(Verdict::Bad, 0); // 1/2
    assert_eq!((window.size(), window.dead_until()), (1, None));
    window.start();
    window.end(Verdict::Bad, 0);
    assert_eq!(window.dead_until(), Some(300));
}

#[test]
fn a_window_of_one_is_dead_after_one_failure() {
    let mut window = full(Limits {
        initial: 1,
        ..Limits::default()
    });
    window.end(Verdict::Bad, 7);
    assert_eq!(window.dead_until(), Some(307));
}

#[test]
fn more_cohorts_are_more_patience() {
    let mut window = full(Limits {
        initial: 1,
        cohorts: 3,
        ..Limits::default()
    });
    for dead in [None, None, Some(300)] {
        window.end(Verdict::Bad, 0);
        assert_eq!(window.dead_until(), dead);
        window.start();
    }
}

#[test]
fn a_dead_destination_is_tried_with_one_delivery_after_its_pause() {
    let mut window = full(Limits {
        initial: 1,
        ..Limits::default()
    });
    window.end(Verdict::Bad, 1000);
    assert!(!window.may_start(1299));
    assert!(window.may_start(1300));
    window.start();
    assert!(!window.may_start(1300));
    window.end(Verdict::Bad, 1301);
    assert_eq!(window.dead_until(), Some(1601));
    window.start();
    window.end(Verdict::Neutral, 1601);
    assert_eq!(window.dead_until(), Some(1601));
    window.start();
    window.end(Verdict::Good, 1602);
    assert_eq!((window.dead_until(), window.size()), (None, 1));
}

#[test]
fn a_neutral_end_changes_nothing_but_the_count() {
    let mut window = full(Limits::default());
    window.end(Verdict::Neutral, 0);
    assert_eq!((window.open(), window.size(), window.may_start(0)), (4, 5, true));
}

#[test]
fn a_window_stays_within_its_limits() {
    let mut random = Random::new(1);
    for initial in [0, 1, 5, u32::MAX] {
        for most in [0, 1, 20, u32::MAX] {
            let mut window = Window::new(Limits {
                initial,
                most,
                cohorts: 0,
                pause: 10,
            });
            for now in 0..500 {
                if random.below(2) == 0 && window.may_start(now) {
                    window.start();
                }
                let verdicts = [Verdict::Good, Verdict::Bad, Verdict::Neutral];
                window.end(verdicts[random.below(3) as usize], now);
                assert!(window.size() >= 1 && window.size() <= most.max(1));
            }
        }
    }
}
