use super::*;

const NOW: u64 = 1_800_000_000;
const HOUR: u64 = 3600;

fn schedule(waits: &[u64], expire: u64) -> Schedule {
    Schedule::new(waits.into(), expire)
}

#[test]
fn waits_follow_the_list_and_the_last_wait_repeats() {
    let schedule = schedule(&[10, 20, 40], 1_000_000);
    let waits: Vec<u64> = (1..=6)
        .map(
            |attempts| match schedule.next(NOW, &Times::new(NOW), attempts, 1) {
                Next::At(time) => time - NOW,
                Next::Expired => panic!("expired"),
            },
        )
        .collect();
    assert_eq!(waits, [10, 20, 40, 40, 40, 40]);
    assert_eq!(schedule.next(NOW, &Times::new(NOW), 0, 1), Next::At(NOW + 10));
    assert_eq!(
        schedule.next(NOW, &Times::new(NOW), u32::MAX, 1),
        Next::At(NOW + 40)
    );
}

#[test]
fn the_default_is_that_of_rfc_5321_section_4_5_4_1() {
    let schedule = Schedule {
        jitter: 0,
        ..Schedule::default()
    };
    let (mut now, mut attempts, mut in_the_first_hour) = (NOW, 1, 1);
    while let Next::At(next) = schedule.next(now, &Times::new(NOW), attempts, 1) {
        assert!(next - now <= 4 * HOUR);
        (now, attempts) = (next, attempts + 1);
        in_the_first_hour += u32::from(now < NOW + HOUR);
    }
    assert_eq!((now, in_the_first_hour), (NOW + 5 * 24 * HOUR, 4));
    assert!((30..40).contains(&attempts), "{attempts}");
}

#[test]
fn the_last_attempt_is_at_the_expiry() {
    let schedule = schedule(&[100], 250);
    let message = Times::new(NOW);
    assert_eq!(schedule.next(NOW + 149, &message, 2, 1), Next::At(NOW + 249));
    assert_eq!(schedule.next(NOW + 200, &message, 3, 1), Next::At(NOW + 250));
    assert_eq!(schedule.next(NOW + 249, &message, 4, 1), Next::At(NOW + 250));
    assert_eq!(schedule.next(NOW + 250, &message, 4, 1), Next::Expired);
}

#[test]
fn an_attempt_never_follows_at_once() {
    for waits in [&[][..], &[0], &[0, 0]] {
        assert_eq!(
            schedule(waits, 100).next(NOW, &Times::new(NOW), 1, 1),
            Next::At(NOW + 1)
        );
    }
}

#[test]
fn waits_deviate_by_ten_percent() {
    let schedule = Schedule {
        jitter: 10,
        ..schedule(&[1000], 100_000)
    };
    let mut seen: Vec<u64> = (0..2000)
        .map(|seed| match schedule.next(NOW, &Times::new(NOW), 1, seed) {
            Next::At(time) => time - NOW,
            Next::Expired => panic!("expired"),
        })
        .collect();
    seen.sort_unstable();
    assert_eq!((seen.first(), seen.last()), (Some(&900), Some(&1100)));
    seen.dedup();
    assert_eq!(seen.len(), 21);
    assert_eq!(
        schedule.next(NOW, &Times::new(NOW), 1, 5),
        schedule.next(NOW, &Times::new(NOW), 1, 5)
    );
}

#[test]
fn extreme_numbers_do_not_overflow() {
    let schedule = Schedule {
        jitter: 255,
        ..schedule(&[u64::MAX], u64::MAX)
    };
    for seed in 0..100 {
        assert!(matches!(schedule.next(NOW, &Times::new(NOW), 1, seed), Next::At(time) if time > NOW));
        assert_eq!(
            schedule.next(u64::MAX, &Times::new(u64::MAX), 1, seed),
            Next::Expired
        );
    }
    assert_eq!(deviate(199, 0, 1), 199);
}

#[test]
fn held_messages_begin_at_their_release() {
    // RFC 4865 section 3
    let schedule = schedule(&[10], 100);
    let message = Times {
        hold_until: Some(NOW + 500),
        ..Times::new(NOW)
    };
    assert_eq!(schedule.first(&message), NOW + 500);
    assert_eq!(schedule.expiry(&message), NOW + 600);
    assert!(!message.may_attempt(NOW + 499) && message.may_attempt(NOW + 500));
    let message = Times {
        hold_until: Some(NOW - 500),
        ..Times::new(NOW)
    };
    assert_eq!(schedule.first(&message), NOW);
}

#[test]
fn by_mode_return_expires_at_the_deadline() {
    // RFC 2852 section 4.1.4.2
    let schedule = schedule(&[100], 1000);
    let message = Times {
        deliver_by: Some(DeliverBy::Return(NOW + 150)),
        ..Times::new(NOW)
    };
    assert_eq!(schedule.next(NOW + 100, &message, 1, 1), Next::At(NOW + 150));
    assert!(message.may_attempt(NOW + 149) && !message.may_attempt(NOW + 150));
    assert_eq!(schedule.next(NOW + 150, &message, 1, 1), Next::Expired);
    let message = Times {
        deliver_by: Some(DeliverBy::Return(NOW + 5000)),
        ..Times::new(NOW)
    };
    assert_eq!(schedule.expiry(&message), NOW + 1000);
}

#[test]
fn by_mode_notify_makes_a_delay_notice() {
    // RFC 2852 section 4.1.4.1
    let mut schedule = schedule(&[100], 1000);
    let notify = |deadline| Times {
        deliver_by: Some(DeliverBy::Notify(deadline)),
        ..Times::new(NOW)
    };
    assert_eq!(schedule.delay_notice(&notify(NOW + 150)), Some(NOW + 150));
    assert_eq!(schedule.expiry(&notify(NOW + 150)), NOW + 1000);
    assert!(notify(NOW + 150).may_attempt(NOW + 151));
    schedule.delay_notice = Some(120);
    assert_eq!(schedule.delay_notice(&notify(NOW + 150)), Some(NOW + 120));
    assert_eq!(schedule.delay_notice(&notify(NOW + 110)), Some(NOW + 110));
}

#[test]
fn a_delay_notice_is_due_before_the_expiry_only() {
    let message = Times::new(NOW);
    let with = |delay_notice| Schedule {
        delay_notice,
        ..schedule(&[100], 1000)
    };
    assert_eq!(with(None).delay_notice(&message), None);
    assert_eq!(with(Some(999)).delay_notice(&message), Some(NOW + 999));
    assert_eq!(with(Some(1000)).delay_notice(&message), None);
    assert_eq!(Schedule::default().delay_notice(&message), Some(NOW + 4 * HOUR));
}
