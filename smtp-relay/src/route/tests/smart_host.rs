//! Smart hosts.

use super::*;

fn smart(tls: SmartHostTls, table: &str) -> World {
    let host = SmartHost::new(Peer::Name(name("smart.example")), 587).with_tls(tls);
    World {
        to: Destination::SmartHost(host),
        ..world(table)
    }
}

const SMART: &str =
    "smart.example A 192.0.2.5 secure\nsmart.example MX 10 a.example secure\na.example A 192.0.2.1";

#[test]
fn a_smart_host_is_asked_for_its_addresses_alone() {
    let way = smart(SmartHostTls::Plaintext, SMART).delivered();
    assert_eq!(
        (way.hosts(), way.tried[0].0.port),
        (vec!["smart.example".to_string()], 587)
    );
    assert_eq!((way.demands(), way.asked.len()), (vec![TlsDemand::Plaintext], 2));
    assert_eq!(way.tried[0].0.start, TlsStart::StartTls);
}

#[test]
fn settings_demand_a_certificate() {
    for (tls, start) in [
        (SmartHostTls::StartTls, TlsStart::StartTls),
        (SmartHostTls::Implicit, TlsStart::Implicit),
    ] {
        let way = smart(tls, SMART).run(|_| Outcome::TlsFailed(TlsFault::NotTrusted));
        assert_eq!(
            (way.demands(), way.tried[0].0.start),
            (vec![web_pki("smart.example")], start)
        );
        assert_eq!(way.status(), "deferred 4.7.10");
        assert!(!way.asked("_587._tcp.smart.example TLSA"));
    }
}

#[test]
fn the_port_of_a_smart_host_is_part_of_the_tlsa_name() {
    // RFC 7672 section 2.2.3
    let way = smart(
        SmartHostTls::Opportunistic,
        &std::format!("{SMART}\n_587._tcp.smart.example TLSA 3 1 1 . secure"),
    )
    .delivered();
    assert!(
        matches!(&way.demands()[..], [TlsDemand::Dane { names, .. }] if *names == [name("smart.example")])
    );
}

#[test]
fn a_smart_host_may_have_mx_records() {
    // RFC 8461 section 3.4: its own policy counts
    let host = SmartHost::new(Peer::Name(name("smart.example")), 25).with_lookup(HostLookup::Mx);
    let table =
        std::format!("{SMART}\nsmart.example STS enforce a.example\nd.example STS enforce none.example");
    let way = World {
        to: Destination::SmartHost(host),
        ..world(&table)
    }
    .delivered();
    assert_eq!(
        (way.hosts(), way.demands()),
        (vec!["a.example".to_string()], vec![web_pki("a.example")])
    );
    assert!(!way.asked("_mta-sts.d.example TXT"));
}

#[test]
fn an_address_can_be_a_smart_host() {
    let host = SmartHost::new(Peer::Address(ip("192.0.2.99")), 2525);
    let way = World {
        to: Destination::SmartHost(host.clone()),
        ..world("")
    }
    .delivered();
    assert_eq!((way.addresses(), way.asked.len()), (vec![ip("192.0.2.99")], 0));
    // It has no name that a certificate could have.
    let host = host.with_tls(SmartHostTls::StartTls);
    let way = World {
        to: Destination::SmartHost(host),
        ..world("")
    }
    .run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "deferred 4.7.10".into()));
}

#[test]
fn a_smart_host_on_this_machine_is_no_loop() {
    let way = smart(SmartHostTls::Plaintext, "smart.example A 192.0.2.99").delivered();
    assert_eq!(way.addresses(), [ip("192.0.2.99")]);
}

#[test]
fn errors_of_the_settings_fail_no_mail() {
    let host = SmartHost::new(Peer::Name(name("smart.example")), 25).with_lookup(HostLookup::Mx);
    for (table, status) in [
        ("smart.example MX 10 me.example", "deferred 4.4.6"),
        (
            "smart.example MX 10 a.example\na.example A 192.0.2.99",
            "deferred 4.4.6",
        ),
        ("smart.example MX 10 a.example", "deferred 4.4.4"),
        ("smart.example MX 0 .", "deferred 4.1.10"),
        ("", "deferred 4.1.2"),
    ] {
        let way = World {
            to: Destination::SmartHost(host.clone()),
            ..world(table)
        }
        .run(up);
        assert_eq!(way.status(), status);
    }
}

#[test]
fn a_smart_host_that_is_down_defers() {
    assert_eq!(
        smart(SmartHostTls::Opportunistic, SMART).run(down).status(),
        "deferred 4.4.1"
    );
    let missing = smart(SmartHostTls::Opportunistic, "").run(up);
    assert_eq!(missing.status(), "deferred 4.4.4");
}

#[test]
fn a_failed_login_defers() {
    for (answer, status) in [
        (None, "deferred 4.7.0"),
        (Some(reply("535 5.7.8 wrong")), "deferred 4.7.8"),
    ] {
        let way = smart(SmartHostTls::Implicit, SMART).run(|_| Outcome::LoginFailed(answer.clone()));
        assert_eq!((way.tried.len(), way.status()), (1, status.into()));
    }
}

#[test]
fn require_tls_demands_a_certificate_of_a_smart_host() {
    // RFC 8689 section 4.2.1: its name is verified by the settings
    let need = Need::RequireTls;
    let way = World {
        need,
        ..smart(SmartHostTls::Opportunistic, SMART)
    }
    .delivered();
    assert_eq!(
        (way.demands(), way.tried[0].0.require_tls),
        (vec![web_pki("smart.example")], Keyword::Required)
    );
    let way = World {
        need,
        ..smart(SmartHostTls::Plaintext, SMART)
    }
    .run(up);
    assert_eq!((way.tried.len(), way.status()), (0, "failed 5.7.10".into()));
}
