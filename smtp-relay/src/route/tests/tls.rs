//! Opportunistic TLS: RFC 7435, RFC 3207.

use super::*;

const ONE: &str = "d.example MX 10 a.example\na.example A 192.0.2.1";

fn no_tls(target: &Target) -> Outcome {
    match target.tls {
        TlsDemand::Plaintext => up(target),
        _ => Outcome::TlsFailed(TlsFault::Handshake),
    }
}

#[test]
fn a_failed_handshake_is_followed_by_plaintext_on_a_new_connection() {
    // RFC 7435 section 3
    let way = world(ONE).run(no_tls);
    assert_eq!(way.demands(), [TlsDemand::Opportunistic, TlsDemand::Plaintext]);
    assert_eq!(
        (way.addresses(), way.status()),
        (vec![ip("192.0.2.1"), ip("192.0.2.1")], "delivered 2.0.0".into())
    );
    assert_eq!(way.findings(), ["no-policy-found validation-failure"]);
}

#[test]
fn plaintext_is_tried_before_the_next_host() {
    let way = world(TWO).run(|target| match target.tls {
        TlsDemand::Plaintext => Outcome::Unreachable,
        _ => Outcome::TlsFailed(TlsFault::Handshake),
    });
    assert_eq!(way.hosts(), ["a.example", "a.example", "b.example", "b.example"]);
    assert_eq!(way.status(), "deferred 4.4.1");
}

#[test]
fn settings_may_forbid_plaintext() {
    let mut world = world(TWO);
    world.config.fallback = Fallback::NextHost;
    let way = world.run(no_tls);
    assert_eq!(
        way.demands(),
        [TlsDemand::Opportunistic, TlsDemand::Opportunistic]
    );
    assert_eq!(way.status(), "deferred 4.7.10");
}

#[test]
fn plaintext_does_not_fail_twice() {
    let way = world(ONE).run(|_| Outcome::TlsFailed(TlsFault::Handshake));
    assert_eq!((way.tried.len(), way.status()), (2, "deferred 4.4.1".into()));
}

#[test]
fn plaintext_is_for_the_addresses_that_were_tried() {
    let table = std::format!("{ONE}\na.example A 192.0.2.2");
    let way = world(&table).run_with(|target, recipients| match target.tls {
        TlsDemand::Plaintext => Attempted::from(Outcome::Unreachable),
        _ if target.addresses[0] == ip("192.0.2.2") => accept(recipients),
        _ => Attempted::new(Outcome::TlsFailed(TlsFault::Handshake)).with_addresses(1),
    });
    assert_eq!(
        way.demands(),
        [
            TlsDemand::Opportunistic,
            TlsDemand::Plaintext,
            TlsDemand::Opportunistic
        ]
    );
    assert_eq!(way.tried[1].0.addresses, [ip("192.0.2.1")]);
    assert_eq!(way.tried[2].0.addresses, [ip("192.0.2.2")]);
}

#[test]
fn demands_that_permit_plaintext_are_few() {
    let name = name("a.example");
    for (demand, permits) in [
        (TlsDemand::Opportunistic, true),
        (TlsDemand::Plaintext, true),
        (TlsDemand::Report { name: name.clone() }, true),
        (TlsDemand::Encrypted, false),
        (
            TlsDemand::Dane {
                associations: vec![],
                names: vec![],
            },
            false,
        ),
        (TlsDemand::WebPki { name }, false),
    ] {
        assert_eq!(demand.permits_plaintext(), permits, "{demand:?}");
    }
}
