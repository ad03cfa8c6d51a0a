//! Earlier attempts: the other family, and refusals by policy.

use super::*;

const DUAL: &str = "d.example MX 10 a.example\na.example A 192.0.2.1\na.example AAAA 2001:db8::1";

fn refused(past: Past, table: &str, text: &str) -> String {
    World { past, ..world(table) }
        .run(|_| Outcome::Ran(vec![fate(text)]))
        .status()
}

#[test]
fn the_first_policy_refusal_of_a_host_with_both_families_is_temporary() {
    // The next attempt begins with the other family.
    assert_eq!(
        refused(Past::None, DUAL, "550 5.7.25 no reverse name"),
        "deferred 4.7.25"
    );
    assert_eq!(
        refused(Past::None, DUAL, "550 5.1.1 no such user"),
        "failed 5.1.1"
    );
    assert_eq!(refused(Past::None, DUAL, "550 no code"), "failed 5.0.0");
}

#[test]
fn later_policy_refusals_are_permanent() {
    for past in [Past::Over(Family::V4), Past::Over(Family::V6)] {
        assert_eq!(refused(past, DUAL, "550 5.7.25 no reverse name"), "failed 5.7.25");
    }
}

#[test]
fn policy_refusals_of_a_host_with_one_family_are_permanent() {
    let single = "d.example MX 10 a.example\na.example A 192.0.2.1";
    assert_eq!(
        refused(Past::None, single, "550 5.7.25 no reverse name"),
        "failed 5.7.25"
    );
    let mut world = World {
        past: Past::None,
        ..world(DUAL)
    };
    world.config.families = Families::Only(Family::V4);
    let way = world.run(|_| Outcome::Ran(vec![fate("550 5.7.25 no reverse name")]));
    assert_eq!(way.status(), "failed 5.7.25");
}

#[test]
fn a_temporary_policy_refusal_is_not_offered_to_another_host() {
    let table = std::format!("{DUAL}\nd.example MX 20 b.example\nb.example A 192.0.2.2");
    let way = World {
        past: Past::None,
        ..world(&table)
    }
    .run(|_| Outcome::Ran(vec![fate("550 5.7.1 no")]));
    assert_eq!(way.tried.len(), 1);
}

#[test]
fn the_other_family_is_first_after_an_attempt() {
    for (past, first) in [
        (Past::None, Family::V6),
        (Past::Over(Family::V6), Family::V4),
        (Past::Over(Family::V4), Family::V6),
    ] {
        let way = World { past, ..world(DUAL) }.delivered();
        assert_eq!(Family::of(way.addresses()[0]), first);
    }
}
