//! REQUIRETLS and `TLS-Required: No`: RFC 8689.

use super::*;
use smtp_proto::types::{Envelope, MailParameters};

fn require(table: &str) -> World {
    World {
        need: Need::RequireTls,
        ..world(table)
    }
}

const SIGNED: &str = "
    d.example MX 10 a.example secure
    d.example MX 20 b.example secure
    a.example A 192.0.2.1 secure
    b.example A 192.0.2.2 secure
";

#[test]
fn a_host_without_a_verified_name_receives_no_mail() {
    // RFC 8689 section 4.2.1, steps 2 and 5
    let way = require(TWO).run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "failed 5.7.10".into()));
}

#[test]
fn a_signed_list_of_hosts_verifies_names() {
    // RFC 8689 section 4.2.1
    let way = require(SIGNED).delivered();
    assert_eq!(way.demands(), [web_pki("a.example")]);
    assert_eq!(way.tried[0].0.require_tls, Keyword::Required);
}

#[test]
fn a_policy_verifies_names() {
    // RFC 8689 section 4.2.1
    for mode in ["enforce", "testing"] {
        let way = require(&std::format!("{TWO}d.example STS {mode} b.example")).delivered();
        assert_eq!(
            (way.hosts(), way.demands()),
            (vec!["b.example".to_string()], vec![web_pki("b.example")]),
            "{mode}"
        );
    }
}

#[test]
fn dane_verifies_the_certificate() {
    let way = require(&std::format!("{SIGNED}_25._tcp.a.example TLSA 3 1 1 . secure")).delivered();
    assert!(matches!(way.demands()[..], [TlsDemand::Dane { .. }]));
}

#[test]
fn unusable_records_do_not_weaken_the_demand() {
    let way = require(&std::format!("{SIGNED}_25._tcp.a.example TLSA 0 0 1 . secure")).delivered();
    assert_eq!(way.demands(), [web_pki("a.example")]);
}

#[test]
fn a_missing_keyword_leads_to_the_next_host_and_then_to_failure() {
    // RFC 8689 sections 4.2.1 and 5
    let way = require(SIGNED).run(|target| match target.host == Peer::Name(name("a.example")) {
        true => Outcome::KeywordMissing,
        false => up(target),
    });
    assert_eq!((way.hosts().len(), way.status()), (2, "delivered 2.0.0".into()));
    let way = require(SIGNED).run(|_| Outcome::KeywordMissing);
    assert_eq!((way.hosts().len(), way.status()), (2, "failed 5.7.30".into()));
}

#[test]
fn failed_tls_leads_to_the_next_host_and_then_to_failure() {
    // RFC 8689 section 4.2.1
    let way = require(SIGNED).run(|_| Outcome::TlsFailed(TlsFault::NotOffered));
    assert_eq!(
        (way.demands(), way.status()),
        (
            vec![web_pki("a.example"), web_pki("b.example")],
            "failed 5.7.10".into()
        )
    );
}

#[test]
fn a_host_that_may_return_defers() {
    let way = require(SIGNED).run(|target| match target.host == Peer::Name(name("a.example")) {
        true => Outcome::Unreachable,
        false => Outcome::KeywordMissing,
    });
    assert_eq!(way.status(), "deferred 4.4.1");
}

#[test]
fn a_policy_without_a_match_defers() {
    // RFC 8461 section 5: never permanent
    let way = require(&std::format!("{TWO}d.example STS enforce c.example")).run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.7.5".into()));
}

#[test]
fn an_address_literal_has_no_name_to_verify() {
    let way = World {
        to: Destination::Literal(ip("192.0.2.1")),
        ..require("")
    }
    .run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "failed 5.7.10".into()));
    let way = require("d.example MX 10 192.0.2.1 secure").run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "failed 5.7.10".into()));
}

#[test]
fn a_notification_uses_the_keyword_where_it_is_offered() {
    // RFC 8689 section 5
    let way = World {
        need: Need::RequireTlsIfOffered,
        ..world(TWO)
    }
    .run(|target| match target.tls {
        TlsDemand::Plaintext => up(target),
        _ => Outcome::TlsFailed(TlsFault::Handshake),
    });
    assert_eq!(way.tried[0].0.require_tls, Keyword::IfOffered);
    assert_eq!(
        (way.tried[1].0.require_tls, way.status()),
        (Keyword::Omit, "delivered 2.0.0".into())
    );
}

#[test]
fn tls_required_no_asks_for_no_policy() {
    // RFC 8689 section 4.1
    let table = std::format!("{SIGNED}_25._tcp.a.example TLSA SERVFAIL\nd.example STS enforce c.example");
    let way = World {
        need: Need::Optional,
        ..world(&table)
    }
    .delivered();
    assert_eq!(
        (way.demands(), way.asked.len()),
        (vec![TlsDemand::Opportunistic], 3)
    );
    let way = World {
        need: Need::Optional,
        ..world("d.example MX 10 192.0.2.1")
    }
    .delivered();
    assert_eq!(way.demands(), [TlsDemand::Opportunistic]);
}

#[test]
fn other_messages_do_not_use_the_keyword() {
    assert_eq!(world(TWO).delivered().tried[0].0.require_tls, Keyword::Omit);
}

#[test]
fn the_parameter_precedes_the_header_field() {
    // RFC 8689 sections 4.1 and 5
    let usual = Envelope::parse("ann@example.org", ["bob@d.example"]).unwrap();
    let strict = usual
        .clone()
        .with_parameters(MailParameters::default().with_require_tls());
    let null = Envelope::new(smtp_proto::types::ReversePath::Null)
        .with_parameters(MailParameters::default().with_require_tls());
    for (envelope, field, need) in [
        (&usual, TlsRequiredField::Absent, Need::Usual),
        (&usual, TlsRequiredField::No, Need::Optional),
        (&strict, TlsRequiredField::Absent, Need::RequireTls),
        (&strict, TlsRequiredField::No, Need::RequireTls),
        (&null, TlsRequiredField::Absent, Need::RequireTlsIfOffered),
    ] {
        assert_eq!(Need::of(envelope, field), need);
    }
}
