//! MTA-STS: RFC 8461.

use super::*;

fn with(policy: &str) -> World {
    world(&std::format!("{TWO}d.example STS {policy}"))
}

#[test]
fn enforce_demands_a_certificate_for_the_host() {
    // RFC 8461 sections 4.1 and 4.2
    let way = with("enforce *.example").delivered();
    assert_eq!(
        (way.hosts(), way.demands()),
        (vec!["a.example".to_string()], vec![web_pki("a.example")])
    );
    assert_eq!(way.findings(), ["sts ok"]);
}

#[test]
fn enforce_skips_hosts_that_do_not_match() {
    // RFC 8461 sections 4.1 and 5
    let way = with("enforce b.example").delivered();
    assert_eq!(
        (way.hosts(), way.demands()),
        (vec!["b.example".to_string()], vec![web_pki("b.example")])
    );
    assert_eq!(way.findings(), ["sts validation-failure", "sts ok"]);
}

#[test]
fn enforce_without_a_match_is_never_permanent() {
    // RFC 8461 sections 5 and 5.1
    let way = with("enforce c.example").run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.7.5".into()));
}

#[test]
fn enforce_never_leads_to_plaintext() {
    // RFC 8461 section 5
    for fault in [
        TlsFault::NotOffered,
        TlsFault::Handshake,
        TlsFault::HostMismatch,
        TlsFault::Expired,
        TlsFault::NotTrusted,
    ] {
        let way = with("enforce *.example").run(|_| Outcome::TlsFailed(fault));
        assert_eq!(way.demands(), [web_pki("a.example"), web_pki("b.example")]);
        assert_eq!(way.status(), "deferred 4.7.10");
        assert!(way.findings().iter().all(|finding| finding.starts_with("sts ")));
    }
}

#[test]
fn testing_reports_and_delivers() {
    // RFC 8461 section 5
    let way = with("testing *.example")
        .run_with(|_, recipients| accept(recipients).with_tls_fault(TlsFault::Expired));
    assert_eq!(
        way.demands(),
        [TlsDemand::Report {
            name: name("a.example")
        }]
    );
    assert_eq!(
        (way.status(), way.findings()),
        (
            "delivered 2.0.0".into(),
            vec!["sts certificate-expired".to_string()]
        )
    );
}

#[test]
fn testing_excludes_no_host() {
    // RFC 8461 section 5
    let way = with("testing c.example").delivered();
    assert_eq!(
        way.demands(),
        [TlsDemand::Report {
            name: name("a.example")
        }]
    );
    assert_eq!(way.findings(), ["sts validation-failure", "sts ok"]);
}

#[test]
fn testing_without_tls_falls_back_to_plaintext() {
    // RFC 8461 section 5
    let way = with("testing *.example").run(|target| match target.tls {
        TlsDemand::Report { .. } => Outcome::TlsFailed(TlsFault::Handshake),
        _ => up(target),
    });
    assert_eq!(way.demands()[1], TlsDemand::Plaintext);
    assert_eq!(way.hosts(), ["a.example", "a.example"]);
    assert_eq!(way.findings()[0], "sts validation-failure");
}

#[test]
fn the_policy_domain_is_that_of_the_recipient() {
    // RFC 8461 section 3.4: aliases are not followed
    let way = world(
        "
        d.example CNAME e.example
        e.example MX 10 a.example
        a.example A 192.0.2.1
        e.example STS enforce none.example
    ",
    )
    .delivered();
    assert!(way.asked("_mta-sts.d.example TXT") && !way.asked("_mta-sts.e.example TXT"));
}

#[test]
fn the_name_of_the_record_counts_and_not_that_of_its_alias() {
    // RFC 8461 section 4.1
    let table = "
        d.example MX 10 m.example
        m.example CNAME a.example
        a.example A 192.0.2.1
        d.example STS enforce ";
    let way = world(&std::format!("{table} m.example").replace("  m", " m")).delivered();
    assert_eq!(way.demands(), [web_pki("m.example")]);
    let way = world(&std::format!("{table} a.example").replace("  a", " a")).run(up);
    assert_eq!(way.status(), "deferred 4.7.5");
}

#[test]
fn an_implicit_mx_has_the_name_of_the_domain() {
    // RFC 5321 section 5.1: "treated as if ... associated with an implicit MX RR ... pointing to that host"
    let way = world("d.example A 192.0.2.1\nd.example STS enforce d.example").delivered();
    assert_eq!(way.demands(), [web_pki("d.example")]);
    let way = world("d.example A 192.0.2.1\nd.example STS enforce mx.d.example").run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.7.5".into()));
}

#[test]
fn a_null_mx_needs_no_policy() {
    let way = world("d.example MX 0 .\nd.example STS enforce *.example").run(up);
    assert_eq!((way.status(), way.asked.len()), ("failed 5.1.10".into(), 1));
}

#[test]
fn mode_none_means_no_policy() {
    // RFC 8461 section 5
    assert_eq!(
        with("none a.example").delivered().demands(),
        [TlsDemand::Opportunistic]
    );
}

#[test]
fn faults_of_a_policy_are_news_and_no_policy() {
    // RFC 8461 section 3.3, RFC 8460 section 4.3.2.2
    for (fault, word) in [
        ("fetch-error", "sts-policy-fetch-error"),
        ("invalid", "sts-policy-invalid"),
        ("webpki", "sts-webpki-invalid"),
    ] {
        let way = with(fault).delivered();
        assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
        assert_eq!(way.findings(), [std::format!("sts {word}")]);
    }
}

#[test]
fn a_cached_policy_counts_although_the_fetch_failed() {
    // RFC 8461 section 3.3
    let way = world(&std::format!(
        "{TWO}d.example STS fetch-error\nd.example STS enforce b.example"
    ))
    .delivered();
    assert_eq!(way.demands(), [web_pki("b.example")]);
}

/// A signed domain with a policy.
fn signed(policy: &str, tlsa: &str) -> World {
    world(&std::format!(
        "
        d.example MX 10 a.example secure
        a.example A 192.0.2.1 secure
        _25._tcp.a.example TLSA {tlsa}
        d.example STS {policy}
    "
    ))
}

#[test]
fn dane_precedes_sts() {
    // RFC 8461 section 2
    for policy in ["enforce a.example", "testing a.example", "testing b.example"] {
        let way = signed(policy, "3 1 1 . secure").delivered();
        assert!(matches!(way.demands()[..], [TlsDemand::Dane { .. }]), "{policy}");
    }
}

#[test]
fn sts_never_overrides_a_failing_dane() {
    // RFC 8461 section 2
    let way = signed("enforce a.example", "3 1 1 . secure").run(|_| Outcome::TlsFailed(TlsFault::Mismatch));
    assert_eq!((way.tried.len(), way.status()), (1, "deferred 4.7.10".into()));
    let way = signed("enforce a.example", "SERVFAIL").run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.4.3".into()));
}

#[test]
fn dane_does_not_permit_a_host_that_enforce_excludes() {
    let way = signed("enforce b.example", "3 1 1 . secure").run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.7.5".into()));
}

#[test]
fn unusable_records_do_not_weaken_enforce() {
    let way = signed("enforce a.example", "0 0 1 . secure").delivered();
    assert_eq!(way.demands(), [web_pki("a.example")]);
    let way = signed("testing a.example", "0 0 1 . secure").delivered();
    assert_eq!(way.demands(), [TlsDemand::Encrypted]);
}
