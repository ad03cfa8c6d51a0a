//! Addresses and limits: RFC 5321 section 5.1.

use super::*;

#[test]
fn the_addresses_of_a_host_are_one_target() {
    let way =
        world("d.example MX 10 a.example\na.example AAAA 2001:db8::1\na.example A 192.0.2.1").delivered();
    assert_eq!(way.tried.len(), 1);
    assert_eq!(way.addresses(), [ip("2001:db8::1"), ip("192.0.2.1")]);
}

#[test]
fn families_alternate_within_the_limit() {
    let way = world(
        "
        d.example MX 10 a.example
        a.example AAAA 2001:db8::1
        a.example AAAA 2001:db8::2
        a.example AAAA 2001:db8::3
        a.example AAAA 2001:db8::4
        a.example AAAA 2001:db8::5
        a.example A 192.0.2.1
        a.example A 192.0.2.2
    ",
    )
    .run(down);
    let v6: Vec<_> = way.addresses().iter().map(IpAddr::is_ipv6).collect();
    assert_eq!(v6, [true, false, true, false, true]);
}

#[test]
fn a_relay_with_one_family_asks_for_it_alone() {
    for (family, address) in [(Family::V4, "192.0.2.1"), (Family::V6, "2001:db8::1")] {
        let mut world = world("d.example MX 10 a.example\na.example AAAA 2001:db8::1\na.example A 192.0.2.1");
        world.config.families = Families::Only(family);
        let way = world.delivered();
        assert_eq!((way.addresses(), way.asked.len()), (vec![ip(address)], 3));
    }
}

#[test]
fn one_family_is_enough() {
    for broken in [
        "a.example AAAA SERVFAIL",
        "a.example AAAA BOGUS",
        "a.example AAAA NXDOMAIN",
    ] {
        let way = world(&std::format!(
            "d.example MX 10 a.example\na.example A 192.0.2.1\n{broken}"
        ))
        .delivered();
        assert_eq!(way.addresses(), [ip("192.0.2.1")]);
    }
}

#[test]
fn a_host_that_cannot_be_resolved_is_skipped() {
    let table = TWO.replace("a.example A 192.0.2.1", "a.example A SERVFAIL");
    assert_eq!(world(&table).delivered().hosts(), ["b.example"]);
    assert_eq!(world(&table).run(down).status(), "deferred 4.4.3");
    // The host is only unknown, so this is no failure.
    let table = table.replace("b.example A 192.0.2.2", "");
    assert_eq!(world(&table).run(up).status(), "deferred 4.4.3");
}

#[test]
fn the_last_host_without_address_does_not_fail_the_recipient() {
    let table = TWO.replace("b.example A 192.0.2.2", "");
    assert_eq!(world(&table).run(down).status(), "deferred 4.4.1");
}

#[test]
fn addresses_are_limited() {
    let mut table = String::new();
    for host in 0..8 {
        table += &std::format!("d.example MX {host} h{host}.example\nh{host}.example A 192.0.2.{host}\n");
    }
    assert_eq!(world(&table).run(down).addresses().len(), 5);
    let mut world = world(&table);
    world.config.max_addresses = 7;
    assert_eq!(world.run(down).addresses().len(), 7);
}

#[test]
fn a_host_with_many_addresses_leaves_some_for_the_next() {
    let mut table =
        String::from("d.example MX 10 a.example\nd.example MX 20 b.example\nb.example A 192.0.2.200\n");
    for address in 1..=9 {
        table += &std::format!("a.example A 192.0.2.{address}\n");
    }
    let way = world(&table).run(down);
    let sizes: Vec<_> = way
        .tried
        .iter()
        .map(|(target, _)| target.addresses.len())
        .collect();
    assert_eq!(
        (way.hosts(), sizes),
        (vec!["a.example".to_string(), "b.example".into()], vec![4, 1])
    );
}

#[test]
fn a_host_has_two_addresses_however_many_hosts_there_are() {
    // RFC 5321 section 5.1: "SHOULD try at least two addresses"
    let mut table = String::new();
    for host in 0..9 {
        table += &std::format!("d.example MX {host} h{host}.example\n");
        for address in 0..3 {
            table += &std::format!("h{host}.example A 192.0.2.{host}{address}\n");
        }
    }
    let way = world(&table.replace("2.0", "2.9")).run(down);
    let sizes: Vec<_> = way
        .tried
        .iter()
        .map(|(target, _)| target.addresses.len())
        .collect();
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn hosts_are_limited() {
    let table: String = (0..50)
        .map(|host| std::format!("d.example MX {host} h{host}.example\n"))
        .collect();
    let way = world(&table).run(up);
    assert_eq!(
        (way.status(), way.asked.len()),
        ("failed 5.4.4".into(), 2 + 2 * 20)
    );
}

#[test]
fn sessions_are_limited() {
    let table = std::format!("{TWO}d.example MX 30 c.example\nc.example A 192.0.2.3");
    let way = world(&table).run(|_| Outcome::HostRefused(reply("421 4.3.2 busy")));
    assert_eq!((way.hosts().len(), way.status()), (2, "deferred 4.3.2".into()));
    let mut world = world(&table);
    world.config.max_sessions = 3;
    assert_eq!(
        world
            .run(|_| Outcome::HostRefused(reply("421 4.3.2 busy")))
            .hosts()
            .len(),
        3
    );
}

#[test]
fn an_address_is_tried_once() {
    let table = TWO.replace(
        "b.example A 192.0.2.2",
        "b.example A 192.0.2.1\nb.example A ::ffff:192.0.2.1",
    );
    assert_eq!(world(&table).run(down).addresses(), [ip("192.0.2.1")]);
    let table = std::format!("{TWO}a.example A 192.0.2.1");
    assert_eq!(
        world(&table).run(down).addresses(),
        [ip("192.0.2.1"), ip("192.0.2.2")]
    );
}

#[test]
fn addresses_that_were_not_tried_follow_the_other_hosts() {
    // RFC 5321 section 5.1: each of the addresses, in order
    let table = std::format!("{TWO}a.example A 192.0.2.3");
    let later = |target: &Target, _: &[usize]| {
        Attempted::new(Outcome::HostRefused(reply("421 busy"))).with_addresses(usize::from(target.port == 0))
    };
    let mut world = world(&table);
    world.config.max_sessions = 9;
    let way = world.run_with(later);
    assert_eq!(way.hosts(), ["a.example", "b.example", "a.example"]);
    assert_eq!(way.tried[2].0.addresses, [ip("192.0.2.3")]);
}

#[test]
fn the_addresses_of_equal_hosts_are_looked_up_before_the_first_attempt() {
    let way = world(
        "
        d.example MX 10 a.example
        d.example MX 10 b.example
        d.example MX 20 c.example
        a.example A 192.0.2.1
        b.example A 192.0.2.2
        c.example A 192.0.2.3
    ",
    )
    .delivered();
    assert!(way.asked("a.example A") && way.asked("b.example AAAA") && !way.asked("c.example A"));
}

#[test]
fn another_port_is_that_of_all_targets() {
    let mut world = world(TWO);
    world.config.port = 2525;
    assert!(
        world
            .run(down)
            .tried
            .iter()
            .all(|(target, _)| target.port == 2525)
    );
}
