use std::collections::HashSet;
use std::{string::ToString, vec::Vec};

use super::*;
use crate::types::AddressFault;

fn fault(text: &str) -> AddressFault {
    Domain::parse(text).unwrap_err().fault()
}

#[test]
fn letters_digits_hyphens_and_dots_make_a_domain() {
    for text in [
        "a",
        "localhost",
        "client.example.org",
        "a-b--c.x1",
        "1.2.3.4",
        "xn--bcher-kva.example",
    ] {
        assert_eq!(Domain::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn malformed_domains_are_refused() {
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a",
        "a-",
        "a.-b",
        "a.b-.c",
        "a_b",
        "a b",
        "a@b",
        "a\r\n",
        "a\0",
        "[1.2.3.4]",
        "a\u{7f}",
    ] {
        assert!(Domain::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(fault("a..b"), AddressFault::EmptyLabel);
    assert_eq!(fault("a b"), AddressFault::Trailing);
}

#[test]
fn a_label_has_at_most_63_octets_and_a_domain_255() {
    let label = "a".repeat(63);
    assert!(Domain::parse(&label).is_ok());
    assert_eq!(fault(&"a".repeat(64)), AddressFault::LongLabel);
    assert_eq!(fault(&["x.", &"a".repeat(64)].concat()), AddressFault::LongLabel);
    let longest = [&*label, &label, &label, &label].join(".");
    assert_eq!(longest.len(), Domain::MAX);
    assert!(Domain::parse(&longest).is_ok());
    let longer = [&*label, &label, &label, &"a".repeat(62), "b"].join(".");
    assert_eq!(longer.len(), Domain::MAX + 1);
    assert_eq!(fault(&longer), AddressFault::LongDomain);
}

#[test]
fn u_labels_are_kept_and_bounded_in_characters() {
    let domain = Domain::parse("bücher.例え.example").unwrap();
    assert!(!domain.is_ascii());
    assert_eq!(domain.labels().collect::<Vec<_>>(), ["bücher", "例え", "example"]);
    assert!(
        Domain::parse(&"é".repeat(59)).is_ok(),
        "118 octets, whose A-label may fit"
    );
    assert_eq!(fault(&"é".repeat(60)), AddressFault::LongLabel);
    for text in [
        "a\u{85}b",
        "é\u{9b}",
        "a\u{a0}b",
        "a。b",
        "a．b",
        "é｡b",
        "-é",
        "é-",
        "a\u{3000}b",
    ] {
        assert!(Domain::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_case_of_letters_is_kept_and_ignored() {
    let (upper, lower) = (
        Domain::parse("MAIL.Example").unwrap(),
        Domain::parse("mail.example").unwrap(),
    );
    assert_eq!(upper, lower);
    assert_eq!(upper.to_string(), "MAIL.Example");
    assert_ne!(upper, Domain::parse("mail.examples").unwrap());
    assert_eq!(HashSet::from([upper, lower]).len(), 1);
    assert_ne!(
        Domain::parse("BÜCHER.example").unwrap(),
        Domain::parse("bücher.example").unwrap()
    );
}

#[test]
#[cfg(feature = "idna")]
fn labels_are_converted_both_ways() {
    let unicode: Domain<'_> = "bücher.example".parse().unwrap();
    let ascii: Domain<'_> = "xn--bcher-kva.example".parse().unwrap();
    assert_eq!(unicode.to_ascii().unwrap(), ascii);
    assert_eq!(ascii.to_unicode().unwrap(), unicode);
    assert_eq!(
        "a--b.example"
            .parse::<Domain<'_>>()
            .unwrap()
            .to_ascii()
            .unwrap()
            .as_str(),
        "a--b.example"
    );
    assert!(Domain::parse("xn--a.example").unwrap().to_unicode().is_err());
    assert!(
        Domain::parse("a\u{200d}b.example").unwrap().to_ascii().is_err(),
        "a joiner where none may be"
    );
    assert!(Domain::parse(&"ü".repeat(56)).unwrap().to_ascii().is_ok());
}
