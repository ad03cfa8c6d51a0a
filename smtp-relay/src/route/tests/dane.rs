//! DANE: RFC 7672.

use super::*;

/// A signed domain with two hosts, of which the first has these TLSA records.
fn signed(tlsa: &str) -> World {
    let records: String = tlsa
        .split('|')
        .map(|record| std::format!("_25._tcp.a.example TLSA {record}\n"))
        .collect();
    world(&std::format!(
        "{}{records}",
        TWO.replace("A 192.0.2.1", "A 192.0.2.1 secure")
            .replace(".example\n", ".example secure\n")
    ))
}

fn names(target: &Target) -> Vec<String> {
    match &target.tls {
        TlsDemand::Dane { names, .. } => names.iter().map(Name::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn is_dane(demand: &TlsDemand) -> bool {
    matches!(demand, TlsDemand::Dane { .. })
}

#[test]
fn usable_records_demand_dane() {
    // RFC 7672 section 2.2
    for record in [
        "3 1 1 . secure",
        "2 0 1 . secure",
        "1 0 1 . secure|3 1 1 . secure",
    ] {
        let way = signed(record).delivered();
        assert_eq!(
            (way.hosts(), names(&way.tried[0].0)),
            (
                vec!["a.example".to_string()],
                vec!["a.example".to_string(), "d.example".into()]
            )
        );
    }
}

#[test]
fn unusable_records_demand_encryption() {
    // RFC 7672 section 2.2: "any connection ... MUST employ TLS"; 3.1.3: PKIX-TA(0) and PKIX-EE(1)
    for record in [
        "0 1 1 .",
        "1 1 1 .",
        "4 1 1 .",
        "255 1 1 .",
        "3 2 1 .",
        "3 1 3 .",
        "3 1 2 .",
        "3 1 1 ab",
        "3 0 0 ab",
        "2 1 1 abab",
    ] {
        let way = signed(&std::format!("{record} secure")).delivered();
        assert_eq!(way.demands(), [TlsDemand::Encrypted], "{record}");
        assert_eq!(way.findings(), ["tlsa tlsa-invalid", "tlsa ok"]);
    }
}

#[test]
fn insecure_records_do_not_count() {
    // RFC 7672 section 2.2
    assert_eq!(
        signed("3 1 1 .").delivered().demands(),
        [TlsDemand::Opportunistic]
    );
}

#[test]
fn no_records_leave_tls_opportunistic() {
    for denial in ["NXDOMAIN", "NODATA", "NODATA secure"] {
        assert_eq!(signed(denial).delivered().demands(), [TlsDemand::Opportunistic]);
    }
}

#[test]
fn a_failed_lookup_of_tlsa_excludes_the_host() {
    // RFC 7672 section 2.1.2: as if unreachable, never a downgrade
    for (fault, findings) in [("SERVFAIL", 0), ("BOGUS", 1)] {
        let way = signed(fault).delivered();
        assert_eq!(
            (way.hosts(), way.findings().len()),
            (vec!["b.example".to_string()], findings)
        );
        let way = signed(fault).run(down);
        assert_eq!(way.status(), "deferred 4.4.3");
    }
    assert_eq!(signed("BOGUS").delivered().findings(), ["tlsa dnssec-invalid"]);
}

#[test]
fn tlsa_is_not_asked_for_in_an_unsigned_zone() {
    // RFC 7672 section 2.2.2: name servers of some unsigned zones fail such questions
    let way = world(
        "
        d.example MX 10 a.example secure
        a.example A 192.0.2.1
        _25._tcp.a.example TLSA SERVFAIL
    ",
    )
    .delivered();
    assert!(!way.asked("_25._tcp.a.example TLSA"));
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
}

#[test]
fn tlsa_is_not_asked_for_if_the_mx_is_insecure() {
    // RFC 7672 section 2.2.1
    let way = world(
        "
        d.example MX 10 a.example
        a.example A 192.0.2.1 secure
        _25._tcp.a.example TLSA 3 1 1 . secure
    ",
    )
    .delivered();
    assert!(!way.asked("_25._tcp.a.example TLSA"));
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
}

#[test]
fn addresses_are_asked_for_before_tlsa() {
    // RFC 7672 section 2.2.2
    let way = signed("3 1 1 . secure").delivered();
    let place = |question: &str| way.asked.iter().position(|asked| asked == question).unwrap();
    assert!(place("a.example A") < place("_25._tcp.a.example TLSA"));
    assert!(place("a.example AAAA") < place("_25._tcp.a.example TLSA"));
}

#[test]
fn preference_precedes_security() {
    // RFC 7672 section 2.2.1
    let way = world(
        "
        d.example MX 10 a.example secure
        d.example MX 20 b.example secure
        a.example A 192.0.2.1 secure
        b.example A 192.0.2.2 secure
        _25._tcp.b.example TLSA 3 1 1 . secure
    ",
    )
    .run(down);
    assert_eq!(way.hosts(), ["a.example", "b.example"]);
    assert_eq!(
        (is_dane(&way.demands()[0]), is_dane(&way.demands()[1])),
        (false, true)
    );
}

/// The example zone of RFC 7672 section 3.2.2.
const RFC_7672: &str = "
    d.example CNAME example.com secure
    example.com MX 10 mx10.example.com secure
    example.com MX 15 mx15.example.com secure
    example.com MX 20 mx20.example.com secure
    mx10.example.com A 192.0.2.10 secure
    _25._tcp.mx10.example.com TLSA 2 0 1 . secure
    mx15.example.com CNAME mxbackup.example.com secure
    mxbackup.example.com A 192.0.2.15 secure
    _25._tcp.mxbackup.example.com TLSA NXDOMAIN
    _25._tcp.mx15.example.com TLSA 2 0 1 . secure
    mx20.example.com CNAME mxbackup.example.net secure
    mxbackup.example.net A 198.51.100.20 secure
    _25._tcp.mxbackup.example.net TLSA 2 0 1 . secure
";

#[test]
fn reference_names_are_those_of_rfc_7672_section_3_2_2() {
    let way = world(RFC_7672).run(down);
    assert_eq!(way.tried.len(), 3);
    assert_eq!(
        names(&way.tried[0].0),
        ["mx10.example.com", "d.example", "example.com"]
    );
    assert_eq!(
        names(&way.tried[1].0),
        ["mx15.example.com", "d.example", "example.com"]
    );
    assert_eq!(
        names(&way.tried[2].0),
        ["mxbackup.example.net", "d.example", "example.com"]
    );
}

#[test]
fn the_expanded_name_is_the_first_base_domain() {
    // RFC 7672 section 2.2.3
    let way = world(&std::format!(
        "{RFC_7672}_25._tcp.mx20.example.com TLSA 3 1 1 . secure"
    ))
    .run(down);
    assert_eq!(names(&way.tried[2].0)[0], "mxbackup.example.net");
    assert!(!way.asked("_25._tcp.mx20.example.com TLSA"));
    // Insecure records of the first name do not count, so the route asks for the second.
    let way = world(&RFC_7672.replace(
        "mxbackup.example.com TLSA NXDOMAIN",
        "mxbackup.example.com TLSA 3 1 1 .",
    ))
    .run(down);
    assert_eq!(names(&way.tried[1].0)[0], "mx15.example.com");
}

#[test]
fn a_failed_lookup_of_the_first_base_domain_excludes_the_host() {
    // RFC 7672 section 2.1.2
    let way = world(&RFC_7672.replace(
        "mxbackup.example.com TLSA NXDOMAIN",
        "mxbackup.example.com TLSA SERVFAIL",
    ))
    .run(down);
    assert_eq!(way.hosts(), ["mx10.example.com", "mx20.example.com"]);
}

#[test]
fn neither_base_domain_with_records_is_no_dane() {
    let table = RFC_7672.replace("mx15.example.com TLSA 2 0 1 .", "mx15.example.com TLSA NODATA");
    let way = world(&table).run(down);
    assert_eq!(way.demands()[1], TlsDemand::Opportunistic);
}

/// A signed alias that leads into an unsigned zone.
fn insecure_target(cname: &str) -> World {
    world(&std::format!(
        "
        d.example MX 10 a.example secure
        d.example MX 20 b.example secure
        a.example CNAME {cname}
        host.example.net A 192.0.2.1
        b.example A 192.0.2.2
        _25._tcp.a.example TLSA 3 1 1 . secure
        _25._tcp.host.example.net TLSA SERVFAIL
    "
    ))
}

#[test]
fn a_signed_alias_into_an_unsigned_zone_keeps_dane_at_its_own_name() {
    // RFC 7672 sections 2.1.3 and 2.2.2
    let way = insecure_target("host.example.net secure").delivered();
    assert_eq!(names(&way.tried[0].0), ["a.example", "d.example"]);
    assert!(way.asked("a.example CNAME") && !way.asked("_25._tcp.host.example.net TLSA"));
}

#[test]
fn an_unsigned_alias_has_no_dane() {
    let way = insecure_target("host.example.net").delivered();
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
    assert!(!way.asked("_25._tcp.a.example TLSA"));
}

/// Answers from a function, for answers that no table gives.
fn alias_answer(answer: Answer) -> Vec<Final> {
    let dns = insecure_target("host.example.net secure").dns;
    let mut route = Route::new(
        Arc::default(),
        Destination::Domain(name("d.example")),
        1,
        Need::Usual,
        1,
    );
    loop {
        match route.poll() {
            Step::Ask {
                question: Question::Cname(_),
                ticket,
            } => route.answer(ticket, answer.clone()).unwrap(),
            Step::Ask { question, ticket } => route.answer(ticket, dns.answer(&question)).unwrap(),
            Step::Connect {
                target,
                recipients,
                ticket,
            } => {
                let outcome = if target.host == Peer::Name(name("a.example")) {
                    accept(&recipients)
                } else {
                    Outcome::Unreachable.into()
                };
                route.attempted(ticket, outcome).unwrap();
            }
            Step::Finding(_) => {}
            Step::Wait => panic!(),
            Step::Done(end) => return end,
        }
    }
}

#[test]
fn a_failed_lookup_of_the_alias_excludes_the_host() {
    // RFC 7672 section 2.1.2
    for fault in [DnsFault::Unavailable, DnsFault::Bogus] {
        assert_eq!(show(&alias_answer(Answer::Failed(fault))[0]), "deferred 4.4.3");
    }
    // An answer of another kind teaches nothing either.
    let other = Answer::Tlsa {
        records: vec![],
        security: Security::Secure,
    };
    assert_eq!(show(&alias_answer(other)[0]), "deferred 4.4.3");
    let gone = Answer::None {
        denied: Denied::Type,
        security: Security::Secure,
    };
    assert_eq!(show(&alias_answer(gone)[0]), "delivered 2.0.0");
}

#[test]
fn an_alias_of_the_tlsa_record_keeps_the_base_domain() {
    // RFC 7672 section 3.2.1
    let way = world(
        "
        d.example MX 10 a.example secure
        a.example A 192.0.2.1 secure
        _25._tcp.a.example CNAME tlsa.example.net secure
        tlsa.example.net TLSA 3 1 1 . secure
    ",
    )
    .delivered();
    assert_eq!(names(&way.tried[0].0)[0], "a.example");
    let way = world(
        "
        d.example MX 10 a.example secure
        a.example A 192.0.2.1 secure
        _25._tcp.a.example CNAME tlsa.example.net
        tlsa.example.net TLSA 3 1 1 . secure
    ",
    )
    .delivered();
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
}

#[test]
fn each_family_has_dane_by_itself() {
    // RFC 7672 section 2.2.2; maddy #292: a broken denial of AAAA must not stop IPv4
    for broken in ["SERVFAIL", "BOGUS"] {
        let way = signed(&std::format!("3 1 1 . secure\na.example AAAA {broken}")).delivered();
        assert!(is_dane(&way.demands()[0]), "{broken}");
        assert_eq!(way.addresses(), [ip("192.0.2.1")]);
    }
}

#[test]
fn a_family_without_dnssec_has_no_dane_and_is_last() {
    let way = signed("3 1 1 . secure\na.example AAAA 2001:db8::1").run(down);
    assert!(is_dane(&way.demands()[0]));
    assert_eq!(way.demands()[1], TlsDemand::Opportunistic);
    assert_eq!(way.addresses()[..2], [ip("192.0.2.1"), ip("2001:db8::1")]);
}

#[test]
fn both_families_with_one_chain_share_a_lookup_and_a_target() {
    let way = signed("3 1 1 . secure\na.example AAAA 2001:db8::1 secure").delivered();
    let lookups = way.asked.iter().filter(|asked| asked.ends_with("TLSA")).count();
    assert_eq!((lookups, way.tried.len(), way.addresses().len()), (1, 1, 2));
}

#[test]
fn families_with_the_same_demand_share_a_target() {
    let way = signed("NODATA\na.example AAAA 2001:db8::1").delivered();
    assert_eq!((way.tried.len(), way.addresses().len()), (1, 2));
}

#[test]
fn a_signed_domain_without_mx_has_dane() {
    // RFC 7672 section 2.2.1
    let way = world("d.example A 192.0.2.1 secure\n_25._tcp.d.example TLSA 3 1 1 . secure").delivered();
    assert_eq!(names(&way.tried[0].0), ["d.example"]);
    // The denial of MX records must be secure, too.
    let way =
        world("d.example A 192.0.2.1 secure\nd.example MX NODATA\n_25._tcp.d.example TLSA 3 1 1 . secure")
            .delivered();
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
}

#[test]
fn a_failed_match_leads_to_the_next_host_and_never_to_plaintext() {
    // RFC 7672 section 2.2
    for fault in [TlsFault::NotOffered, TlsFault::Handshake, TlsFault::Mismatch] {
        let way = signed("3 1 1 . secure").run(|target| match &target.tls {
            TlsDemand::Dane { .. } => Outcome::TlsFailed(fault),
            _ => Outcome::Unreachable,
        });
        assert_eq!(way.hosts(), ["a.example", "b.example"]);
        assert_eq!(way.status(), "deferred 4.7.10");
    }
}

#[test]
fn a_failed_encryption_never_leads_to_plaintext() {
    let way = signed("0 0 0 00 secure").run(|_| Outcome::TlsFailed(TlsFault::NotOffered));
    assert_eq!(
        way.demands(),
        [
            TlsDemand::Encrypted,
            TlsDemand::Opportunistic,
            TlsDemand::Plaintext
        ]
    );
    assert_eq!(way.hosts(), ["a.example", "b.example", "b.example"]);
}

#[test]
fn a_resolver_that_does_not_validate_asks_for_no_tlsa() {
    let mut world = signed("3 1 1 . secure");
    world.config.dane = Dane::Ignore;
    let way = world.delivered();
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
    assert!(!way.asked("_25._tcp.a.example TLSA"));
}

#[test]
fn the_port_is_part_of_the_name() {
    let mut world = signed("3 1 1 . secure\n_2525._tcp.a.example TLSA 2 0 1 . secure");
    world.config.port = 2525;
    let way = world.delivered();
    assert!(way.asked("_2525._tcp.a.example TLSA") && is_dane(&way.demands()[0]));
}
