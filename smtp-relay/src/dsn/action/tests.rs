//! Tests of the decision about a notification.

use std::string::ToString;

use smtp_proto::types::{DeliverBy, MailParameters, Notify, RcptParameters, ReversePath};

use super::{Action, Event, Wish};

const ALL: [Event; 9] = [
    Event::Failed,
    Event::Delayed,
    Event::DeadlinePassed,
    Event::Relayed {
        dsn: false,
        deliver_by: false,
    },
    Event::Relayed {
        dsn: false,
        deliver_by: true,
    },
    Event::Relayed {
        dsn: true,
        deliver_by: false,
    },
    Event::Relayed {
        dsn: true,
        deliver_by: true,
    },
    Event::Delivered,
    Event::Expanded,
];

const MODES: [&str; 5] = ["", "60;R", "60;N", "60;RT", "60;NT"];

fn ann() -> ReversePath<'static> {
    ReversePath::parse("ann@example.org").unwrap()
}

fn decide(notify: Option<Notify>, deliver_by: &str, event: Event) -> Option<Action> {
    let deliver_by = DeliverBy::parse(deliver_by).ok();
    Wish { notify, deliver_by }.action(&ann(), event)
}

/// RFC 5321 section 6.1, RFC 3461 section 6.1: a notification of a notification would loop.
#[test]
fn the_null_sender_receives_no_notification() {
    for event in ALL {
        for deliver_by in MODES {
            for notify in [None, Some(Notify::SUCCESS | Notify::FAILURE | Notify::DELAY)] {
                let deliver_by = DeliverBy::parse(deliver_by).ok();
                let wish = Wish { notify, deliver_by };
                assert_eq!(wish.action(&ReversePath::Null, event), None, "{event:?}");
            }
        }
    }
}

/// RFC 3461 section 4.1.
#[test]
fn never_means_never() {
    for event in ALL {
        for deliver_by in MODES {
            assert_eq!(decide(Some(Notify::NEVER), deliver_by, event), None, "{event:?}");
        }
    }
}

/// RFC 3461 sections 5.2.5 and 5.2.6.
#[test]
fn failures_and_delays_are_usual_and_can_be_left_out() {
    let (failed, delayed) = (Some(Action::Failed), Some(Action::Delayed));
    for (notify, failure, delay) in [
        (None, failed, delayed),
        (Some(Notify::FAILURE), failed, None),
        (Some(Notify::DELAY), None, delayed),
        (Some(Notify::SUCCESS), None, None),
        (Some(Notify::SUCCESS | Notify::FAILURE), failed, None),
        (Some(Notify::FAILURE | Notify::DELAY), failed, delayed),
        (Some(Notify::SUCCESS | Notify::DELAY), None, delayed),
    ] {
        assert_eq!(decide(notify, "", Event::Failed), failure, "{notify:?}");
        assert_eq!(decide(notify, "", Event::Delayed), delay, "{notify:?}");
    }
}

/// RFC 3461 sections 5.2.1 and 5.2.2: a host with DSN has the duty from then on.
#[test]
fn relayed_is_reported_if_success_was_asked_for_and_the_host_lacks_dsn() {
    let relayed = |notify, dsn| {
        decide(
            notify,
            "",
            Event::Relayed {
                dsn,
                deliver_by: false,
            },
        )
    };
    let success = Some(Notify::SUCCESS | Notify::FAILURE);
    assert_eq!(relayed(success, false), Some(Action::Relayed));
    assert_eq!(relayed(success, true), None);
    for notify in [None, Some(Notify::FAILURE), Some(Notify::DELAY)] {
        assert_eq!(relayed(notify, false), None, "{notify:?}");
    }
}

/// RFC 3461 sections 5.2.3 and 5.2.7.
#[test]
fn success_is_reported_if_it_was_asked_for() {
    for (event, action) in [
        (Event::Delivered, Action::Delivered),
        (Event::Expanded, Action::Expanded),
    ] {
        assert_eq!(decide(Some(Notify::SUCCESS), "", event), Some(action));
        assert_eq!(decide(Some(Notify::FAILURE | Notify::DELAY), "", event), None);
        assert_eq!(decide(None, "", event), None);
    }
}

/// RFC 2852.
#[test]
fn deliver_by_has_notifications_of_its_own() {
    let by = |mode, dsn, deliver_by| {
        let event = Event::Relayed { dsn, deliver_by };
        decide(Some(Notify::FAILURE), mode, event)
    };
    let relayed = Some(Action::Relayed);
    // The deadline is unknown from then on.
    assert_eq!(by("60;N", true, false), relayed);
    assert_eq!(by("60;N", true, true), None);
    assert_eq!(by("60;R", true, true), None);
    // Such a message does not go to a host without DELIVERBY.
    assert_eq!(by("60;R", true, false), None);
    for mode in ["60;NT", "60;RT"] {
        assert_eq!(by(mode, true, true), relayed);
    }
    for notify in [None, Some(Notify::FAILURE), Some(Notify::SUCCESS)] {
        let passed = decide(notify, "60;N", Event::DeadlinePassed);
        assert_eq!(passed, Some(Action::Delayed), "{notify:?}");
    }
}

#[test]
fn actions_are_read_back() {
    for action in [
        Action::Failed,
        Action::Delayed,
        Action::Relayed,
        Action::Delivered,
        Action::Expanded,
    ] {
        assert_eq!(Action::parse(action.as_str()), Some(action));
        assert_eq!(Action::parse(&action.to_string().to_uppercase()), Some(action));
    }
    assert_eq!(Action::parse("bounced"), None);
}

#[test]
fn a_wish_is_in_the_parameters() {
    let message = MailParameters::parse("BY=60;NT").unwrap();
    let recipient = RcptParameters::parse("NOTIFY=DELAY").unwrap();
    let wish = Wish::of(&message, &recipient);
    assert_eq!(wish.notify, Some(Notify::DELAY));
    assert!(wish.deliver_by.is_some_and(|by| by.traces()));
    assert_eq!(
        Wish::of(&MailParameters::default(), &RcptParameters::default()),
        Wish::default()
    );
}
