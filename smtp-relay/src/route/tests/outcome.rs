//! Outcomes: RFC 5321 sections 3.1, 3.8, 4.2.1 and 5.1, RFC 1047, RFC 7504.

use super::*;

/// Hosts that do one after the other of these, for as many recipients as there are fates.
fn hosts(recipients: usize, outcomes: Vec<Outcome>) -> Way {
    let table = std::format!("{TWO}d.example MX 30 c.example\nc.example A 192.0.2.3");
    let mut world = World {
        recipients,
        ..world(&table)
    };
    world.config.max_sessions = 9;
    let mut outcomes = outcomes.into_iter();
    world.run(|_| outcomes.next().expect("no more hosts"))
}

fn ran(fates: &[&str]) -> Outcome {
    Outcome::Ran(
        fates
            .iter()
            .map(|text| match *text {
                "not sent" => Fate::NotSent,
                "unknown" => Fate::Unknown,
                reply => fate(reply),
            })
            .collect(),
    )
}

#[test]
fn recipients_may_be_delivered_by_different_hosts() {
    // RFC 5321 sections 3.3 and 5.1
    let way = hosts(
        4,
        vec![
            ran(&["250 ok", "550 5.1.1 no", "450 4.2.1 later", "not sent"]),
            ran(&["250 2.1.5 ok", "451 4.3.0 later"]),
            ran(&["452 4.2.2 full"]),
        ],
    );
    let offered: Vec<_> = way
        .tried
        .iter()
        .map(|(_, recipients)| recipients.clone())
        .collect();
    assert_eq!(offered, [vec![0, 1, 2, 3], vec![2, 3], vec![3]]);
    let results: Vec<_> = way.end.iter().map(show).collect();
    assert_eq!(
        results,
        [
            "delivered 2.0.0",
            "failed 5.1.1",
            "delivered 2.1.5",
            "deferred 4.2.2"
        ]
    );
    assert!(matches!(&way.end[2], Final::Delivered { by: Peer::Name(by), .. } if by.as_str() == "b.example"));
    assert_eq!(way.end[3].refusal().unwrap().host, Peer::Name(name("c.example")));
}

#[test]
fn a_permanent_refusal_ends_the_route() {
    // RFC 5321 section 4.2.1
    for reply in ["550 5.1.1 no such user", "556 5.1.10 no mail", "554 5.7.0 never"] {
        let way = hosts(1, vec![ran(&[reply])]);
        assert_eq!(
            (way.tried.len(), way.status()),
            (1, std::format!("failed {}", &reply[4..10].trim_end()))
        );
    }
}

#[test]
fn an_unknown_fate_is_not_offered_to_another_host() {
    // RFC 1047, RFC 5321 section 4.5.3.2.6
    let way = hosts(2, vec![ran(&["unknown", "not sent"]), ran(&["250 ok"])]);
    assert_eq!(way.tried[1].1, [1]);
    assert_eq!(
        way.end.iter().map(show).collect::<Vec<_>>(),
        ["deferred 4.4.2", "delivered 2.0.0"]
    );
    let way = hosts(1, vec![ran(&["unknown"])]);
    assert_eq!((way.tried.len(), way.status()), (1, "deferred 4.4.2".into()));
}

#[test]
fn missing_fates_are_not_sent() {
    let way = hosts(
        2,
        vec![ran(&["250 ok"]), ran(&["250 ok", "250 too many", "250 fates"])],
    );
    assert_eq!((way.tried[1].1.clone(), way.end.len()), (vec![1], 2));
}

#[test]
fn a_session_that_broke_is_continued_at_the_next_host() {
    // RFC 5321 section 3.8
    let way = hosts(
        1,
        vec![ran(&["not sent"]), ran(&["not sent"]), Outcome::Unreachable],
    );
    assert_eq!(way.status(), "deferred 4.4.2");
}

#[test]
fn a_refused_session_leads_to_the_next_host() {
    // RFC 5321 sections 3.1 and 5.1, RFC 7504 section 2
    for greeting in [
        "421 4.3.2 busy",
        "451 4.3.2 busy",
        "521 5.3.2 no mail",
        "554 5.3.2 no service",
    ] {
        let way = hosts(1, vec![Outcome::HostRefused(reply(greeting)), ran(&["250 ok"])]);
        assert_eq!(way.hosts(), ["a.example", "b.example"]);
    }
}

#[test]
fn permanent_refusals_by_all_hosts_fail_the_recipient() {
    // RFC 7504 section 2
    let never = || Outcome::HostRefused(reply("521 5.3.2 no mail"));
    assert_eq!(hosts(1, vec![never(), never(), never()]).status(), "failed 5.3.2");
    // One that may return defers it.
    assert_eq!(
        hosts(1, vec![never(), Outcome::Unreachable, never()]).status(),
        "deferred 4.4.1"
    );
}

#[test]
fn a_521_is_about_all_addresses_of_the_host() {
    // RFC 7504 section 2: other hosts may be tried, this one not
    let table = std::format!("{TWO}a.example A 192.0.2.3");
    let refuse = |text: &'static str| {
        move |_: &Target, _: &[usize]| Attempted::new(Outcome::HostRefused(reply(text))).with_addresses(1)
    };
    let run = |text| {
        let mut world = world(&table);
        world.config.max_sessions = 9;
        world.run_with(refuse(text)).hosts()
    };
    assert_eq!(run("521 no mail"), ["a.example", "b.example"]);
    assert_eq!(run("421 later"), ["a.example", "b.example", "a.example"]);
}

#[test]
fn the_last_reply_is_kept() {
    // RFC 3464 section 2.3.6
    let way = hosts(
        1,
        vec![
            ran(&["450 4.2.1 first"]),
            Outcome::HostRefused(reply("421 4.3.2 second")),
            Outcome::Unreachable,
        ],
    );
    assert_eq!(way.status(), "deferred 4.3.2");
    let refusal = way.end[0].refusal().unwrap();
    assert_eq!(
        (refusal.reply.to_string(), refusal.to),
        ("421 4.3.2 second".to_string(), ReplyTo::Greeting)
    );
    let way = hosts(
        1,
        vec![
            ran(&["450 4.2.1 first"]),
            Outcome::HostRefused(reply("554 5.3.2 never")),
            Outcome::Unreachable,
        ],
    );
    assert_eq!(way.status(), "deferred 4.2.1");
}

#[test]
fn a_message_fails_if_every_host_lacks_an_extension() {
    // RFC 6531 section 3.2, RFC 6152 section 3, RFC 1870 section 6.1
    for (lack, status) in [
        (Lack::SmtpUtf8, "failed 5.6.7"),
        (Lack::EightBitMime, "failed 5.6.3"),
        (Lack::BinaryMime, "failed 5.6.1"),
        (Lack::Size, "failed 5.3.4"),
        (Lack::Extension, "failed 5.5.4"),
    ] {
        let way = hosts(1, vec![Outcome::Unsendable(lack); 3]);
        assert_eq!((way.tried.len(), way.status()), (3, status.into()));
        let rejection = way.end[0].rejection().unwrap();
        assert!(rejection.to_string().starts_with("550 "), "{rejection}");
    }
    let way = hosts(1, vec![Outcome::Unsendable(Lack::SmtpUtf8), ran(&["250 ok"])]);
    assert_eq!(way.status(), "delivered 2.0.0");
}

#[test]
fn a_missing_keyword_that_was_not_required_defers() {
    assert_eq!(
        hosts(1, vec![Outcome::KeywordMissing; 3]).status(),
        "deferred 4.7.30"
    );
}

#[test]
fn a_result_makes_the_reply_for_a_client_that_waits() {
    let rejection = |outcome| {
        hosts(1, outcome).end[0]
            .rejection()
            .map(|rejection| rejection.to_string())
    };
    assert_eq!(rejection(vec![ran(&["250 ok"])]), None);
    assert_eq!(
        rejection(vec![ran(&["553 5.1.3 bad"])]).as_deref(),
        Some("553 5.1.3 bad")
    );
    assert_eq!(
        rejection(vec![ran(&["550 no code"])]).as_deref(),
        Some("550 5.0.0 no code")
    );
    assert_eq!(
        rejection(vec![Outcome::Unreachable; 3]).as_deref(),
        Some("451 4.4.1 no host could be reached")
    );
    // A 552 that means "too many" is for later.
    let later = Fate::Refused {
        to: ReplyTo::Recipient(0),
        reply: reply("552 5.5.3 too many"),
        retry: Retry::Later,
    };
    let text = rejection(vec![Outcome::Ran(vec![later]); 3]);
    assert_eq!(
        text.as_deref(),
        Some("451 4.5.3 c.example replied 552 5.5.3 too many")
    );
}

#[test]
fn a_host_has_the_name_that_a_notification_needs() {
    // RFC 3464 section 2.3.5
    let host = |peer: Peer| peer.to_host().map(|host| host.to_string());
    assert_eq!(
        host(Peer::Name(name("mx.example"))).as_deref(),
        Some("mx.example")
    );
    assert_eq!(
        host(Peer::Address(ip("2001:db8::1"))).as_deref(),
        Some("[IPv6:2001:db8::1]")
    );
    assert_eq!(host(Peer::Name(name("_mx.example"))), None);
}

/// A host with two addresses, of which each attempt tries one, and a host after it: the hosts that are tried if all do this.
fn with_rest(need: Need, sessions: usize, outcome: &Outcome) -> String {
    let table = std::format!("{TWO}a.example A 192.0.2.3").replace(".example\n", ".example secure\n");
    let mut world = World {
        need,
        ..world(&table)
    };
    world.config.max_sessions = sessions;
    world.config.fallback = Fallback::NextHost;
    let way = world.run_with(|_, _| Attempted::new(outcome.clone()).with_addresses(1));
    let letters = way.hosts().into_iter().map(|host| host.chars().next().unwrap());
    letters.collect()
}

#[test]
fn other_addresses_are_tried_if_they_may_do_better() {
    // RFC 5321 section 5.1
    for (outcome, hosts, alone) in [
        (Outcome::Unreachable, "aba", "aba"),
        (Outcome::HostRefused(reply("421 busy")), "aba", "a"),
        (Outcome::HostRefused(reply("521 never")), "ab", "a"),
        (Outcome::TlsFailed(TlsFault::Handshake), "aba", "aba"),
        (Outcome::KeywordMissing, "ab", "ab"),
        (Outcome::LoginFailed(None), "ab", "a"),
        (Outcome::Unsendable(Lack::SmtpUtf8), "ab", "a"),
        (ran(&["450 later"]), "aba", "a"),
    ] {
        for need in [Need::Usual, Need::RequireTls] {
            assert_eq!(with_rest(need, 9, &outcome), hosts, "{outcome:?}");
            assert_eq!(with_rest(need, 1, &outcome), alone, "{outcome:?}");
        }
    }
}

#[test]
fn plaintext_that_fails_leaves_the_other_addresses_and_costs_no_session() {
    let table = std::format!("{TWO}a.example A 192.0.2.3");
    let mut world = world(&table);
    world.config.max_sessions = 1;
    let way =
        world.run_with(|_, _| Attempted::new(Outcome::TlsFailed(TlsFault::Handshake)).with_addresses(1));
    assert_eq!(
        way.hosts(),
        [
            "a.example",
            "a.example",
            "b.example",
            "b.example",
            "a.example",
            "a.example"
        ]
    );
}
