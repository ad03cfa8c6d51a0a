//! The list of hosts: RFC 5321 section 5.1, RFC 7505.

use super::*;

#[test]
fn hosts_of_lower_preference_are_tried_first() {
    // RFC 5321 section 5.1
    let way = world(
        "
        d.example MX 20 c.example
        d.example MX 9 a.example
        d.example MX 10 b.example
        a.example A 192.0.2.1
        b.example A 192.0.2.2
        c.example A 192.0.2.3
    ",
    )
    .run(down);
    assert_eq!(way.hosts(), ["a.example", "b.example", "c.example"]);
    assert_eq!(way.status(), "deferred 4.4.1");
}

#[test]
fn equal_preferences_are_spread() {
    // RFC 5321 section 5.1
    let mut first = [0; 3];
    for seed in 0..300 {
        let world = World {
            seed,
            ..world(
                "
            d.example MX 10 a.example
            d.example MX 10 b.example
            d.example MX 10 c.example
            a.example A 192.0.2.1
            b.example A 192.0.2.2
            c.example A 192.0.2.3
        ",
            )
        };
        let way = world.run(down);
        assert_eq!(way.tried.len(), 3);
        let host = &way.hosts()[0];
        first[usize::from(host.as_bytes()[0] - b'a')] += 1;
    }
    assert!(first.iter().all(|count| (60..140).contains(count)), "{first:?}");
}

#[test]
fn a_seed_determines_the_order() {
    let way = || {
        world(
            "
        d.example MX 10 a.example
        d.example MX 10 b.example
        a.example A 192.0.2.1
        b.example A 192.0.2.2
    ",
        )
        .run(down)
        .hosts()
    };
    assert_eq!(way(), way());
}

#[test]
fn a_null_mx_fails_without_another_question() {
    // RFC 7505 sections 3 and 4.1
    let way = world("d.example MX 0 .\nd.example A 192.0.2.1").run(up);
    assert_eq!((way.status(), way.asked.len()), ("failed 5.1.10".into(), 1));
    let rejection = way.end[0].rejection().unwrap();
    assert_eq!(rejection.to_string(), "556 5.1.10 the domain accepts no mail");
}

#[test]
fn a_null_mx_may_have_any_preference() {
    assert_eq!(world("d.example MX 10 .").run(up).status(), "failed 5.1.10");
}

#[test]
fn a_dot_beside_other_records_is_no_host() {
    // RFC 7505 section 3
    let way = world("d.example MX 0 .\nd.example MX 5 a.example\na.example A 192.0.2.1").delivered();
    assert_eq!(way.hosts(), ["a.example"]);
}

#[test]
fn two_dots_are_no_null_mx() {
    // RFC 7505 section 3: a null MX is one record.
    assert_eq!(
        world("d.example MX 0 .\nd.example MX 1 .").run(up).status(),
        "failed 5.4.4"
    );
}

#[test]
fn without_mx_the_domain_is_its_host() {
    // RFC 5321 section 5.1
    let way = world("d.example A 192.0.2.1").delivered();
    assert_eq!(way.hosts(), ["d.example"]);
    let way = world("d.example AAAA 2001:db8::1").delivered();
    assert_eq!(way.addresses(), [ip("2001:db8::1")]);
}

#[test]
fn an_empty_list_of_mx_means_no_mx_records() {
    let config = Arc::new(Config::default());
    let mut route = Route::new(
        config,
        Destination::Domain(name("d.example")),
        1,
        Need::Optional,
        1,
    );
    let Step::Ask { ticket, .. } = route.poll() else {
        panic!()
    };
    let empty = Answer::Mx {
        name: name("d.example"),
        records: vec![],
        security: Security::Insecure,
    };
    route.answer(ticket, empty).unwrap();
    let Step::Ask { question, .. } = route.poll() else {
        panic!()
    };
    assert_eq!(question.to_string(), "d.example AAAA");
}

#[test]
fn with_mx_the_address_of_the_domain_is_not_used() {
    // RFC 5321 section 5.1
    let way = world("d.example MX 10 gone.example\nd.example A 192.0.2.1").run(up);
    assert_eq!((way.status(), way.tried.len()), ("failed 5.4.4".into(), 0));
    assert!(!way.asked("d.example A"));
}

#[test]
fn a_domain_that_does_not_exist_fails() {
    // RFC 5321 section 5.1, RFC 3463 section 3.2
    let way = world("").run(up);
    assert_eq!(
        (way.status(), way.asked),
        ("failed 5.1.2".into(), vec!["d.example MX".to_string()])
    );
}

#[test]
fn a_domain_without_any_address_fails() {
    assert_eq!(world("d.example TXT x").run(up).status(), "failed 5.4.4");
}

#[test]
fn a_failed_lookup_of_mx_defers() {
    // RFC 5321 section 5.1
    for fault in ["SERVFAIL", "BOGUS"] {
        let way = world(&std::format!("d.example MX {fault}\nd.example A 192.0.2.1")).run(up);
        assert_eq!(
            (way.status(), way.tried.len()),
            ("deferred 4.4.3".into(), 0),
            "{fault}"
        );
    }
}

#[test]
fn an_alias_leads_to_the_list_of_its_target() {
    // RFC 5321 section 5.1: "as if it were the initial name"
    let way =
        world("d.example CNAME e.example\ne.example MX 10 a.example\na.example A 192.0.2.1").delivered();
    assert_eq!(way.hosts(), ["a.example"]);
}

#[test]
fn a_loop_of_aliases_defers() {
    // RFC 1034 section 3.6.2
    let way = world("d.example CNAME e.example\ne.example CNAME d.example").run(up);
    assert_eq!(way.status(), "deferred 4.4.3");
}

#[test]
fn a_chain_has_16_aliases_at_most() {
    let chain = |aliases: usize| {
        let mut table = String::from("d.example CNAME n0.example\n");
        for number in 1..aliases {
            table += &std::format!("n{}.example CNAME n{number}.example\n", number - 1);
        }
        table + &std::format!("n{}.example A 192.0.2.1", aliases - 1)
    };
    // An implicit MX: the alias is followed for the addresses, too.
    assert_eq!(world(&chain(Aliases::MAX)).run(up).status(), "delivered 2.0.0");
    assert_eq!(world(&chain(Aliases::MAX + 1)).run(up).status(), "deferred 4.4.3");
}

#[test]
fn our_name_excludes_hosts_that_are_not_preferred_to_it() {
    // RFC 5321 section 5.1
    let table = "
        d.example MX 10 a.example
        d.example MX 20 ME.example
        d.example MX 20 b.example
        d.example MX 30 c.example
        a.example A 192.0.2.1
        b.example A 192.0.2.2
        c.example A 192.0.2.3
    ";
    for seed in 0..10 {
        let way = World { seed, ..world(table) }.run(down);
        assert_eq!(
            (way.hosts(), way.status()),
            (vec!["a.example".to_string()], "deferred 4.4.1".into())
        );
    }
}

#[test]
fn our_name_at_the_best_preference_is_a_loop() {
    // RFC 5321 section 5.1, RFC 3463 section 3.5
    let way =
        world("d.example MX 10 me.example\nd.example MX 10 a.example\nd.example MX 20 b.example").run(up);
    assert_eq!((way.status(), way.asked.len()), ("failed 5.4.6".into(), 1));
}

#[test]
fn our_address_under_another_name_is_a_loop() {
    // RFC 5321 section 5.1
    for address in ["A 192.0.2.99", "AAAA 2001:db8::99", "AAAA ::ffff:192.0.2.99"] {
        let table = std::format!(
            "d.example MX 10 other.example\nd.example MX 20 b.example\nother.example {address}\nb.example A 192.0.2.2"
        );
        let way = world(&table).run(up);
        assert_eq!(
            (way.status(), way.tried.len()),
            ("failed 5.4.6".into(), 0),
            "{address}"
        );
    }
}

#[test]
fn our_address_cuts_hosts_of_the_same_preference_in_any_order() {
    let table = "
        d.example MX 5 best.example
        d.example MX 10 other.example
        d.example MX 10 b.example
        d.example MX 20 c.example
        best.example A 192.0.2.3
        other.example A 192.0.2.99
        b.example A 192.0.2.2
        c.example A 192.0.2.4
    ";
    for seed in 0..10 {
        let way = World { seed, ..world(table) }.run(down);
        assert_eq!(way.hosts(), ["best.example"]);
        assert_eq!(way.status(), "deferred 4.4.1");
    }
}

#[test]
fn a_backup_waits_for_a_primary_that_is_unknown() {
    // RFC 5321 section 5.1; Postfix has 4.4.4, too
    for (primary, status) in [
        ("a.example TXT x", "deferred 4.4.4"),
        ("a.example A SERVFAIL", "deferred 4.4.3"),
    ] {
        for backup in ["me.example", "other.example"] {
            let table = std::format!(
                "d.example MX 10 a.example\nd.example MX 20 {backup}\nother.example A 192.0.2.99\n{primary}"
            );
            let way = world(&table).run(up);
            assert_eq!((way.status(), way.tried.len()), (status.into(), 0), "{table}");
        }
    }
}

#[test]
fn an_implicit_mx_that_is_this_relay_is_a_loop() {
    assert_eq!(world("d.example A 192.0.2.99").run(up).status(), "failed 5.4.6");
}

#[test]
fn an_address_in_place_of_a_name_is_used_without_a_policy() {
    let way = world("d.example MX 10 192.0.2.1. secure").delivered();
    assert_eq!(
        (way.hosts(), way.demands()),
        (vec!["192.0.2.1".to_string()], vec![TlsDemand::Opportunistic])
    );
    assert_eq!(way.asked.len(), 1 + 1); // MX, and the policy
    assert_eq!(
        world("d.example MX 10 192.0.2.99").run(up).status(),
        "failed 5.4.6"
    );
    let way = world("d.example MX 10 192.0.2.1\nd.example STS enforce *.example").run(up);
    assert_eq!((way.status(), way.tried.len()), ("deferred 4.7.5".into(), 0));
}

#[test]
fn malformed_names_are_no_hosts() {
    assert_eq!(world("d.example MX 10 a..b").run(up).status(), "failed 5.4.4");
    let way = world("d.example MX 5 a@b\nd.example MX 10 _m.example\n_m.example A 192.0.2.1").delivered();
    assert_eq!(way.hosts(), ["_m.example"]);
}

#[test]
fn an_address_literal_asks_nothing() {
    // RFC 5321 section 5.1
    let host = smtp_proto::types::Host::parse("[192.0.2.1]").unwrap();
    let to = Destination::of(&host).unwrap();
    let way = World { to, ..world("") }.delivered();
    assert_eq!(
        (way.asked.len(), way.addresses(), way.hosts()),
        (0, vec![ip("192.0.2.1")], vec!["192.0.2.1".to_string()])
    );
    assert_eq!(
        (way.tried[0].0.port, &way.tried[0].0.tls),
        (25, &TlsDemand::Opportunistic)
    );
}

#[test]
fn a_literal_of_this_relay_is_a_loop() {
    let to = Destination::Literal(ip("2001:db8::99"));
    assert_eq!(World { to, ..world("") }.run(up).status(), "failed 5.4.6");
}

#[test]
fn the_domain_of_a_recipient_is_looked_up_in_a_labels() {
    // RFC 5891 section 4
    let host = smtp_proto::types::Host::parse("B\u{fc}cher.example").unwrap();
    assert_eq!(
        Destination::of(&host),
        Ok(Destination::Domain(name("xn--bcher-kva.example")))
    );
    let host = smtp_proto::types::Host::parse("[x400:c=de]").unwrap();
    assert!(Destination::of(&host).is_err());
}

#[test]
fn a_host_that_is_listed_twice_is_tried_once() {
    let table = "
        d.example MX 10 a.example
        d.example MX 5 b.example
        d.example MX 10 A.example
        d.example MX 20 a.example
        a.example A 192.0.2.1
        b.example A 192.0.2.2
    ";
    let way = world(table).run(down);
    assert_eq!(way.hosts(), ["b.example", "a.example"]);
    assert_eq!(
        way.asked.iter().filter(|asked| *asked == "a.example A").count(),
        1
    );
}
