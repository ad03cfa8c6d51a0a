//! The machine: tickets, waits, repeated polls.

use super::*;

fn route(recipients: usize) -> Route {
    Route::new(
        Arc::default(),
        Destination::Domain(name("d.example")),
        recipients,
        Need::Usual,
        1,
    )
}

fn ask(route: &mut Route) -> (Question, Ticket<Lookup>) {
    match route.poll() {
        Step::Ask { question, ticket } => (question, ticket),
        other => panic!("{other:?}"),
    }
}

fn mx(records: &[&str]) -> Answer {
    let records = records.iter().map(|host| Mx::new(10, host)).collect();
    Answer::Mx {
        name: name("d.example"),
        records,
        security: Security::Insecure,
    }
}

fn addresses(of: &str, addresses: &[&str]) -> Answer {
    let addresses = addresses.iter().map(|address| ip(address)).collect();
    Answer::Addresses {
        name: name(of),
        addresses,
        security: Security::Insecure,
    }
}

/// Answers until the addresses of these hosts are asked for.
fn at_addresses(hosts: &[&str]) -> (Route, Vec<(Question, Ticket<Lookup>)>) {
    let mut route = route(1);
    let (_, ticket) = ask(&mut route);
    route.answer(ticket, mx(hosts)).unwrap();
    let (question, ticket) = ask(&mut route);
    assert_eq!(question.owner(), "_mta-sts.d.example");
    route
        .answer(
            ticket,
            Answer::Sts {
                policy: None,
                fault: None,
            },
        )
        .unwrap();
    let mut asked = Vec::new();
    while let Step::Ask { question, ticket } = route.poll() {
        asked.push((question, ticket));
    }
    (route, asked)
}

#[test]
fn a_question_is_asked_once() {
    let mut route = route(1);
    let (question, ticket) = ask(&mut route);
    assert_eq!(
        (question.to_string(), std::format!("{ticket:?}")),
        ("d.example MX".to_string(), "Ticket(#1)".into())
    );
    assert!(matches!(route.poll(), Step::Wait));
    assert!(matches!(route.poll(), Step::Wait));
    route.answer(ticket, mx(&["."])).unwrap();
    assert!(matches!(route.poll(), Step::Done(_)));
}

#[test]
fn addresses_are_asked_for_side_by_side_and_answered_in_any_order() {
    let (mut route, mut asked) = at_addresses(&["a.example", "b.example"]);
    assert_eq!(asked.len(), 4);
    while let Some((question, ticket)) = asked.pop() {
        assert!(matches!(route.poll(), Step::Wait));
        route
            .answer(ticket, addresses(&question.owner(), &["192.0.2.1"]))
            .unwrap();
    }
    let Step::Connect {
        recipients, ticket, ..
    } = route.poll()
    else {
        panic!()
    };
    assert_eq!(recipients, [0]);
    assert!(matches!(route.poll(), Step::Wait));
    route.attempted(ticket, accept(&[0])).unwrap();
    assert!(matches!(route.poll(), Step::Done(_)));
}

#[test]
fn the_results_stay() {
    let mut route = route(2);
    let (_, ticket) = ask(&mut route);
    route
        .answer(ticket, Answer::Failed(DnsFault::Unavailable))
        .unwrap();
    for _ in 0..3 {
        let Step::Done(results) = route.poll() else {
            panic!()
        };
        assert_eq!(
            results.iter().map(show).collect::<Vec<_>>(),
            ["deferred 4.4.3"; 2]
        );
    }
}

#[test]
fn a_route_without_recipients_asks_nothing() {
    assert!(matches!(route(0).poll(), Step::Done(results) if results.is_empty()));
}

#[test]
fn a_ticket_of_another_route_is_stale() {
    let (mut one, mut other) = (route(1), route(1));
    let ((_, first), (_, second)) = (ask(&mut one), ask(&mut other));
    assert_eq!(one.answer(second, mx(&["."])), Err(StaleTicket));
    assert!(matches!(one.poll(), Step::Wait));
    one.answer(first, mx(&["a.example"])).unwrap();

    let (mut route, asked) = at_addresses(&["a.example"]);
    for (question, ticket) in asked {
        route
            .answer(ticket, addresses(&question.owner(), &["192.0.2.1"]))
            .unwrap();
    }
    let Step::Connect { ticket, .. } = route.poll() else {
        panic!()
    };
    assert_eq!(one.attempted(ticket, Outcome::Unreachable), Err(StaleTicket));
    let (mut route, mut asked) = at_addresses(&["a.example"]);
    let (mut other, _) = at_addresses(&["a.example"]);
    assert_eq!(other.answer(asked.remove(0).1, mx(&["."])), Err(StaleTicket));
    let (_, ticket) = asked.remove(0);
    route.answer(ticket, addresses("a.example", &[])).unwrap();
}

#[test]
fn an_answer_of_another_kind_changes_nothing() {
    let mut route = route(1);
    let (_, ticket) = ask(&mut route);
    route
        .answer(ticket, addresses("d.example", &["192.0.2.1"]))
        .unwrap();
    assert!(matches!(route.poll(), Step::Done(results) if show(&results[0]) == "deferred 4.4.3"));
    let (mut route, asked) = at_addresses(&["a.example"]);
    for (_, ticket) in asked {
        route.answer(ticket, mx(&["b.example"])).unwrap();
    }
    assert!(matches!(route.poll(), Step::Done(results) if show(&results[0]) == "deferred 4.4.3"));
}

#[test]
fn questions_contain_the_name_and_type_of_the_query() {
    let host = name("a.example");
    for (question, text) in [
        (Question::Mx(host.clone()), "a.example MX"),
        (Question::Addresses(host.clone(), Family::V4), "a.example A"),
        (Question::Addresses(host.clone(), Family::V6), "a.example AAAA"),
        (Question::Cname(host.clone()), "a.example CNAME"),
        (
            Question::Tlsa {
                port: 25,
                host: host.clone(),
            },
            "_25._tcp.a.example TLSA",
        ),
        (Question::Sts(host), "_mta-sts.a.example TXT"),
    ] {
        assert_eq!(question.to_string(), text);
    }
}

#[test]
fn result_types_are_those_of_rfc_8460_section_4_3() {
    let words: Vec<_> = [
        TlsFault::NotOffered.into(),
        TlsFault::HostMismatch.into(),
        TlsFault::Expired.into(),
        TlsFault::NotTrusted.into(),
        TlsFault::Handshake.into(),
        TlsFault::Mismatch.into(),
        ResultType::TlsaInvalid,
        ResultType::DnssecInvalid,
        ResultType::DaneRequired,
        PolicyFault::Fetch.into(),
        PolicyFault::Invalid.into(),
        PolicyFault::WebPki.into(),
    ]
    .into_iter()
    .map(ResultType::as_str)
    .collect();
    assert_eq!(
        words,
        [
            "starttls-not-supported",
            "certificate-host-mismatch",
            "certificate-expired",
            "certificate-not-trusted",
            "validation-failure",
            "validation-failure",
            "tlsa-invalid",
            "dnssec-invalid",
            "dane-required",
            "sts-policy-fetch-error",
            "sts-policy-invalid",
            "sts-webpki-invalid",
        ]
    );
    assert_eq!(
        [PolicyType::Tlsa, PolicyType::Sts, PolicyType::NoPolicyFound].map(PolicyType::as_str),
        ["tlsa", "sts", "no-policy-found"]
    );
}

#[test]
fn transient_errors_are_no_news() {
    // RFC 8460 section 4.3.4
    assert!(world(TWO).run(down).findings.is_empty());
    let way = world(TWO).run(|_| Outcome::HostRefused(reply("421 busy")));
    assert!(way.findings.is_empty());
}

#[test]
fn findings_name_domain_and_host() {
    let way = world(&std::format!("{TWO}d.example STS enforce b.example")).delivered();
    let [mismatch, success] = &way.findings[..] else {
        panic!("{:?}", way.findings)
    };
    assert_eq!(
        (mismatch.domain.clone(), mismatch.host.clone()),
        (name("d.example"), Some(Peer::Name(name("a.example"))))
    );
    assert_eq!(
        (success.host.clone(), success.result),
        (Some(Peer::Name(name("b.example"))), Ok(()))
    );
}

#[test]
fn aliases_keep_the_least_security() {
    let mut aliases = Aliases::new(name("a.example"));
    aliases.follow(name("b.example"), Security::Secure).unwrap();
    assert_eq!(aliases.whole(Security::Secure), Security::Secure);
    assert_eq!(aliases.whole(Security::Insecure), Security::Insecure);
    aliases.follow(name("c.example"), Security::Insecure).unwrap();
    assert_eq!(aliases.whole(Security::Secure), Security::Insecure);
    for again in ["a.example", "b.example", "c.example"] {
        assert_eq!(aliases.follow(name(again), Security::Secure), Err(TooManyAliases));
    }
}

#[test]
fn addresses_beyond_any_limit_are_dropped() {
    let mut table = String::from("d.example MX 10 a.example\n");
    for address in 0..200 {
        table += &std::format!("a.example A 192.0.2.{address}\n");
    }
    let mut world = world(&table);
    world.config = Config {
        max_addresses: 1000,
        ..Config::default()
    };
    assert_eq!(world.run(down).addresses().len(), 32);
    // That of this relay is found beyond them.
    let mut world = super::world(&table);
    world.config.own_addresses = vec![ip("192.0.2.199")];
    assert_eq!(world.run(down).status(), "failed 5.4.6");
}
