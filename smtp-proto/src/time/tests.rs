use super::*;

fn at(seconds: u64) -> Instant {
    Instant::after_origin(Duration::from_secs(seconds))
}

#[test]
fn adding_saturates_instead_of_panicking() {
    assert_eq!(at(1) + Duration::MAX, Instant::after_origin(Duration::MAX));
}

#[test]
fn a_timer_keeps_its_first_start_until_it_is_stopped() {
    let mut timer = Timer::default();
    let first = timer.run(Phase::Command, Duration::from_secs(10), at(5));
    assert_eq!(first.at, at(15));
    assert_eq!(timer.run(Phase::Command, Duration::from_secs(10), at(14)), first);
    timer.stop();
    assert_eq!(
        timer.run(Phase::Command, Duration::from_secs(10), at(14)).at,
        at(24)
    );
}

#[test]
fn another_phase_starts_the_timer_anew() {
    let mut timer = Timer::default();
    let _ = timer.run(Phase::Command, Duration::from_secs(10), at(0));
    assert_eq!(timer.run(Phase::Write, Duration::from_secs(3), at(9)).at, at(12));
}

#[test]
fn the_earlier_deadline_wins() {
    let late = Some(Deadline::new(at(9), Phase::Command));
    let soon = Some(Deadline::new(at(3), Phase::Write));
    assert_eq!(Deadline::earlier(late, soon), soon);
    assert_eq!(Deadline::earlier(soon, late), soon);
    assert_eq!(Deadline::earlier(None, late), late);
    assert_eq!(Deadline::earlier(None, None), None);
}
