use std::{format, string::ToString, vec, vec::Vec};

use super::*;
use crate::Name;

const POLICY: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

fn record(text: &str) -> Result<Id, NoRecord> {
    parse_record([text.as_bytes()])
}

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn records_of_rfc_8461_section_3_1_are_parsed() {
    for text in [
        "v=STSv1; id=20160831085700Z;",
        "v=STSv1; id=20160831085700Z",
        "v=STSv1;id=20160831085700Z",
        "v=STSv1 ;\tid=20160831085700Z ; ",
        "v=STSv1; foo=bar; id=20160831085700Z; x_1.-=a:b;",
        "v=STSv1; id=20160831085700Z; id=other;",
        "v=STSv1; ids=1; id=20160831085700Z;",
    ] {
        assert_eq!(record(text), Ok(id("20160831085700Z")), "{text}");
    }
    assert_eq!(
        record(&format!("v=STSv1; id={};", "a".repeat(32))),
        Ok(id(&"a".repeat(32)))
    );
}

#[test]
fn malformed_records_are_no_records() {
    for text in [
        "v=STSv1;",
        "v=STSv1; ",
        "v=STSv1; foo=bar;",
        "v=STSv1; id=;",
        "v=STSv1; id=a-b;",
        "v=STSv1; id=a b;",
        "v=STSv1; ID=a;",
        "v=STSv1; id=a; foo;",
        "v=STSv1; id=a; foo=;",
        "v=STSv1; id=a; foo=b=c;",
        "v=STSv1; id=a;; foo=b",
        "v=STSv1; _x=a; id=a;",
    ] {
        assert_eq!(record(text), Err(NoRecord::Malformed), "{text}");
    }
    assert_eq!(
        record(&format!("v=STSv1; id={};", "a".repeat(33))),
        Err(NoRecord::Malformed)
    );
}

#[test]
fn exactly_one_record_begins_with_the_version() {
    // RFC 8461 section 3.1
    for text in [
        "",
        "v=spf1 -all",
        "v=STSv12; id=a;",
        "v=stsv1; id=a;",
        " v=STSv1; id=a;",
        "id=a; v=STSv1;",
        "v=STSv1",
    ] {
        assert_eq!(record(text), Err(NoRecord::Missing), "{text}");
    }
    assert_eq!(parse_record([]), Err(NoRecord::Missing));
    let other: &[u8] = b"v=spf1 -all";
    let one: &[u8] = b"v=STSv1; id=a;";
    assert_eq!(parse_record([other, one]), Ok(id("a")));
    assert_eq!(parse_record([one, one]), Err(NoRecord::Several));
    assert_eq!(parse_record([one, b"v=STSv1;"]), Err(NoRecord::Several));
}

#[test]
fn a_stored_id_is_parsed() {
    assert_eq!(id("20261128").to_string(), "20261128");
    for text in ["", "a b", "a;", &"a".repeat(33)] {
        assert_eq!(text.parse::<Id>(), Err(InvalidId));
    }
}

#[test]
fn a_policy_is_parsed() {
    let policy = parse_policy(POLICY.as_bytes()).unwrap();
    let patterns = vec![
        Pattern::Host(name("mail.example.com")),
        Pattern::Wildcard(name("example.net")),
    ];
    assert_eq!(policy, Policy::new(Mode::Enforce, patterns, 604_800));
    assert_eq!(parse_policy(policy.to_string().as_bytes()), Ok(policy));
}

fn parse(text: &str) -> Result<Policy, InvalidPolicy> {
    parse_policy(text.as_bytes())
}

#[test]
fn lines_may_end_with_lf_alone() {
    // RFC 8461 section 3.2
    let policy = parse(POLICY).unwrap();
    assert_eq!(parse(&POLICY.replace("\r\n", "\n")), Ok(policy.clone()));
    assert_eq!(parse(POLICY.trim_end()), Ok(policy.clone()));
    assert_eq!(parse(&POLICY.replace(": ", ":")), Ok(policy.clone()));
    assert_eq!(parse(&POLICY.replace("\r\n", " \t\r\n")), Ok(policy.clone()));
    assert_eq!(parse(&POLICY.replace("mode", "\r\n \nmode")), Ok(policy));
}

#[test]
fn unknown_fields_are_ignored() {
    let policy = parse(POLICY).unwrap();
    for field in [
        "x: y\n",
        "x-1._: a b\tc\n",
        "x: gr\u{fc}n \n",
        "mx2: \u{2603}\n",
        "MODE: none\n",
    ] {
        assert_eq!(
            parse(&format!("{field}{POLICY}")).is_ok(),
            !field.contains('\t'),
            "{field}"
        );
        assert_eq!(
            parse(&format!("{POLICY}{}", field.replace('\t', ""))),
            Ok(policy.clone()),
            "{field}"
        );
    }
}

#[test]
fn the_first_of_repeated_fields_counts() {
    // RFC 8461 section 3.2
    let policy = parse(POLICY).unwrap();
    for field in [
        "mode: none\n",
        "mode: what\n",
        "max_age: 1\n",
        "max_age: no number\n",
        "version: STSv2\n",
    ] {
        assert_eq!(parse(&format!("{POLICY}{field}")), Ok(policy.clone()), "{field}");
    }
    let testing = parse(&POLICY.replace("mode", "mode: testing\nmode")).unwrap();
    assert_eq!(testing.mode, Mode::Testing);
}

#[test]
fn malformed_lines_are_found() {
    for (line, with) in [
        (1, POLICY.replace("STSv1", "stsv1")),
        (1, POLICY.replace("STSv1", "STSv12")),
        (1, POLICY.replace("version:", "version")),
        (1, POLICY.replace("version:", "version :")),
        (2, POLICY.replace("enforce", "Enforce")),
        (2, POLICY.replace("enforce", "enforced")),
        (2, POLICY.replace("enforce", "")),
        (3, POLICY.replace("mail.example.com", "")),
        (3, POLICY.replace("mail.example.com", "mail.example.com.")),
        (3, POLICY.replace("mail.example.com", "*mail.example.com")),
        (3, POLICY.replace("mail.example.com", "*.*.example.com")),
        (3, POLICY.replace("mail.example.com", "a.example b.example")),
        (3, POLICY.replace("mail.example.com", "b\u{fc}cher.example")),
        (4, POLICY.replace("*.example.net", "*.")),
        (5, POLICY.replace("604800", "")),
        (5, POLICY.replace("604800", "-1")),
        (5, POLICY.replace("604800", "12345678901")),
        (5, POLICY.replace("604800", "604800s")),
        (6, format!("{POLICY}no field\r\n")),
        (6, format!("{POLICY}x:\r\n")),
        (6, format!("{POLICY}x: \u{7}\r\n")),
        (6, format!("{POLICY}: x\r\n")),
        (6, format!("{POLICY}mx: *\r\n")),
    ] {
        assert_eq!(parse(&with), Err(InvalidPolicy::Line(line)), "{with}");
    }
    assert_eq!(
        parse_policy(b"version: STSv1\nx: \xff\n"),
        Err(InvalidPolicy::Line(2))
    );
}

#[test]
fn required_fields_are_required() {
    // RFC 8461 section 3.2
    let without =
        |start: &str| -> Vec<&str> { POLICY.lines().filter(|line| !line.starts_with(start)).collect() };
    for field in ["version", "mode", "max_age", "mx"] {
        assert_eq!(
            parse(&without(field).join("\n")),
            Err(InvalidPolicy::Missing(field))
        );
    }
    assert_eq!(parse(""), Err(InvalidPolicy::Missing("version")));
    let none = parse("version: STSv1\nmode: none\nmax_age: 86400\n").unwrap();
    assert_eq!(none, Policy::new(Mode::None, vec![], 86_400));
}

#[test]
fn long_times_are_cut_to_a_year() {
    // RFC 8461 section 3.2
    for (text, kept) in [
        ("0", 0),
        ("31557600", MAX_AGE),
        ("31557601", MAX_AGE),
        ("9999999999", MAX_AGE),
    ] {
        assert_eq!(parse(&POLICY.replace("604800", text)).unwrap().max_age, kept);
    }
}

#[test]
fn a_policy_has_64_kb_at_most() {
    let padded = |length: usize| format!("{POLICY}x: {}", "y".repeat(length - POLICY.len() - 3));
    assert!(parse(&padded(65_536)).is_ok());
    assert_eq!(parse(&padded(65_537)), Err(InvalidPolicy::TooLong));
}

#[test]
fn patterns_match_by_rfc_8461_section_4_1() {
    let matches = |pattern: &str, mx: &str| {
        let policy = parse(
            &POLICY
                .replace("mail.example.com", pattern)
                .replace("*.example.net", "x.invalid"),
        );
        policy.unwrap().matches(&name(mx))
    };
    for (pattern, mx, expected) in [
        ("mail.example.com", "mail.example.com", true),
        ("mail.example.com", "MAIL.example.com", true),
        ("mail.example.com", "mail2.example.com", false),
        ("mail.example.com", "a.mail.example.com", false),
        ("*.example.com", "mail.example.com", true),
        ("*.EXAMPLE.com", "mail.Example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "foo.bar.example.com", false),
        ("*.example.com", "mailexample.com", false),
        ("*.com", "mail.example.com", false),
    ] {
        assert_eq!(matches(pattern, mx), expected, "{pattern} {mx}");
    }
}

fn cached(now: u64) -> Cached {
    Cached::new(parse(POLICY).unwrap(), id("a"), now)
}

const NOW: u64 = 1_800_000_000;

#[test]
fn a_policy_is_fetched_for_a_new_id() {
    // RFC 8461 section 3.1
    assert_eq!(
        decide(None, Ok(Some(&id("a"))), None, NOW),
        Decision::Fetch(id("a"))
    );
    assert_eq!(
        decide(Some(&cached(NOW)), Ok(Some(&id("a"))), None, NOW),
        Decision::UseCached
    );
    assert_eq!(
        decide(Some(&cached(NOW)), Ok(Some(&id("b"))), None, NOW),
        Decision::Fetch(id("b"))
    );
}

#[test]
fn a_policy_stays_in_force_without_its_record() {
    // RFC 8461 sections 3.3 and 5.1
    for record in [Ok(None), Err(LookupFailed)] {
        assert_eq!(decide(None, record, None, NOW), Decision::NoPolicy);
        assert_eq!(
            decide(Some(&cached(NOW)), record, None, NOW + 604_799),
            Decision::UseCached
        );
        assert_eq!(
            decide(Some(&cached(NOW)), record, None, NOW + 604_800),
            Decision::NoPolicy
        );
    }
}

#[test]
fn a_policy_is_refreshed_daily_and_after_it_expired() {
    // RFC 8461 section 3.3
    let asked = |later| decide(Some(&cached(NOW)), Ok(Some(&id("a"))), None, NOW + later);
    assert_eq!(asked(REFRESH_AFTER - 1), Decision::UseCached);
    assert_eq!(asked(REFRESH_AFTER), Decision::Fetch(id("a")));
    assert_eq!(asked(604_800), Decision::Fetch(id("a")));
}

#[test]
fn a_fetch_that_failed_is_not_repeated_for_five_minutes() {
    // RFC 8461 section 3.3
    let failed = FailedFetch::new(id("b"), NOW);
    let asked = |cached: Option<&Cached>, record: &str, later| {
        decide(cached, Ok(Some(&id(record))), Some(&failed), NOW + later)
    };
    assert_eq!(asked(None, "b", 299), Decision::NoPolicy);
    assert_eq!(asked(Some(&cached(NOW)), "b", 299), Decision::UseCached);
    assert_eq!(asked(None, "b", 300), Decision::Fetch(id("b")));
    assert_eq!(asked(None, "c", 0), Decision::Fetch(id("c")));
    // The cached policy has expired, so after a failed fetch no policy is in force.
    assert_eq!(
        decide(
            Some(&cached(NOW - 604_800)),
            Ok(Some(&id("b"))),
            Some(&failed),
            NOW
        ),
        Decision::NoPolicy
    );
}

#[test]
fn a_policy_in_force_is_fresh_and_has_a_mode() {
    assert!(in_force(Some(&cached(NOW)), NOW).is_some());
    assert!(in_force(Some(&cached(NOW)), NOW + 604_800).is_none());
    assert!(in_force(None, NOW).is_none());
    let none = Cached::new(Policy::new(Mode::None, vec![], 86_400), id("a"), NOW);
    assert!(in_force(Some(&none), NOW).is_none());
    // A clock that was set back does not end a policy.
    assert!(in_force(Some(&cached(NOW)), NOW - 1_000_000).is_some());
}
