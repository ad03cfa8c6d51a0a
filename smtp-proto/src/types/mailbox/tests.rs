use std::collections::HashSet;
use std::string::ToString;

use super::*;
use crate::types::AddressFault;

fn mailbox(text: &str) -> Mailbox<'_> {
    Mailbox::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_parts_of_a_mailbox_are_as_they_were_sent() {
    let user = mailbox("User.Name+tag@Example.ORG");
    assert_eq!(
        (user.local_part(), user.domain()),
        ("User.Name+tag", "Example.ORG")
    );
    assert_eq!(user.to_string(), "User.Name+tag@Example.ORG");
    let literal = mailbox("u@[x-net:a@b]");
    assert_eq!((literal.local_part(), literal.domain()), ("u", "[x-net:a@b]"));
    assert!(matches!(literal.host(), Host::Literal(_)));
    assert!(matches!(
        mailbox("a!#$%&'*+-/=?^_`{|}~b@c").host(),
        Host::Domain(_)
    ));
}

#[test]
fn quotes_hold_anything_that_is_printable() {
    let quoted = mailbox(r#""a@b"@c.example"#);
    assert_eq!((quoted.local_part(), quoted.domain()), (r#""a@b""#, "c.example"));
    assert_eq!(quoted.unquoted_local_part(), "a@b");
    assert_eq!(mailbox(r#""a\"\\ \b"@c"#).unquoted_local_part(), r#"a"\ b"#);
    assert_eq!(mailbox(r#"""@c"#).unquoted_local_part(), "");
    assert_eq!(mailbox(r#""john doe"@c"#).unquoted_local_part(), "john doe");
}

fn fault(text: &str) -> AddressFault {
    Mailbox::parse(text).unwrap_err().fault()
}

#[test]
fn malformed_mailboxes_are_refused() {
    for (text, fault) in [
        ("", AddressFault::EmptyLocalPart),
        ("@", AddressFault::EmptyLocalPart),
        ("@b", AddressFault::EmptyLocalPart),
        (".a@b", AddressFault::LocalPartDot),
        ("a.@b", AddressFault::LocalPartDot),
        ("a..b@c", AddressFault::LocalPartDot),
        ("a", AddressFault::MissingAt),
        ("a b@c", AddressFault::LocalPartCharacter),
        ("a(b)@c", AddressFault::LocalPartCharacter),
        ("a@", AddressFault::EmptyDomain),
        ("a@b@c", AddressFault::LabelCharacter),
        ("a@b>", AddressFault::Trailing),
        ("a@b c", AddressFault::Trailing),
        ("\"a@b", AddressFault::UnclosedQuotes),
        ("\"a\\\"@b", AddressFault::UnclosedQuotes),
        ("\"a\\é\"@b", AddressFault::QuotedPair),
        ("\"a\r\n\"@b", AddressFault::Control),
        ("\"a\0\"@b", AddressFault::Control),
        ("\"a\\\r\"@b", AddressFault::QuotedPair),
        ("\"a\"b@c", AddressFault::MissingAt),
        ("a\r@b", AddressFault::Control),
        ("é\u{9b}@b", AddressFault::Control),
        ("a@[999.1.1.1]", AddressFault::Literal),
    ] {
        let error = Mailbox::parse(text).unwrap_err();
        assert_eq!(error.fault(), fault, "{text:?}");
        assert!(error.position() <= text.len(), "{text:?}");
    }
}

#[test]
fn a_local_part_has_at_most_255_octets() {
    for octets in [64, 65, 255] {
        assert!(
            Mailbox::parse(&["a".repeat(octets), "@b".into()].concat()).is_ok(),
            "{octets}"
        );
    }
    assert_eq!(
        fault(&["a".repeat(256), "@b".into()].concat()),
        AddressFault::LongLocalPart
    );
    assert_eq!(
        fault(&std::format!("\"{}\"@b", "a".repeat(254))),
        AddressFault::LongLocalPart
    );
}

#[test]
fn quotes_are_added_only_where_they_are_needed() {
    let host = Host::parse("b.example").unwrap();
    for (local_part, expected) in [
        ("a.b", "a.b@b.example"),
        ("é", "é@b.example"),
        ("", "\"\"@b.example"),
        ("a b", "\"a b\"@b.example"),
        ("a..b", "\"a..b\"@b.example"),
        ("a@b", "\"a@b\"@b.example"),
        ("a\"\\", "\"a\\\"\\\\\"@b.example"),
    ] {
        let made = Mailbox::new(local_part, &host).unwrap();
        assert_eq!(made.as_str(), expected);
        assert_eq!(made.unquoted_local_part(), local_part);
    }
    for local_part in ["a\r\nb", "a\0", "\u{7f}", "\t", "\u{85}"] {
        assert!(Mailbox::new(local_part, &host).is_err(), "{local_part:?}");
    }
}

#[test]
fn equality_ignores_quotes_and_the_case_of_the_domain() {
    let same = ["ab@c.example", "\"ab\"@C.example", "\"a\\b\"@c.EXAMPLE"];
    let set: HashSet<_> = same.into_iter().map(mailbox).collect();
    assert_eq!(set.len(), 1);
    assert_ne!(mailbox("Ab@c.example"), mailbox("ab@c.example"));
    assert_ne!(mailbox("ab@c.example"), mailbox("ab@d.example"));
    assert_ne!(mailbox("\"a\\\\b\"@c"), mailbox("\"ab\"@c"));
}

#[test]
fn owned_and_borrowed_mailboxes_are_the_same() {
    let owned = mailbox("a@b").into_owned();
    assert_eq!(owned.as_borrowed(), mailbox("a@b"));
    assert_eq!(owned, "a@b".parse().unwrap());
    assert!(owned.is_ascii() && !mailbox("a@é").is_ascii());
}
