use std::string::{String, ToString};

use super::*;

#[test]
fn names_compare_without_case_and_without_the_dot_of_the_root() {
    assert_eq!(Name::parse("MX.Example.ORG."), Name::parse("mx.example.org"));
    assert_eq!(
        Name::parse("_x.a-b.example").unwrap().to_string(),
        "_x.a-b.example"
    );
    assert_eq!(Name::parse("a.b.c").unwrap().parent(), Some("b.c"));
    assert_eq!(Name::parse("localhost").unwrap().parent(), None);
}

#[test]
fn other_texts_are_no_names() {
    let label = |length| "a".repeat(length);
    for (text, fault) in [
        (String::new(), InvalidName::Label),
        (".".into(), InvalidName::Label),
        ("a..b".into(), InvalidName::Label),
        ("a.example..".into(), InvalidName::Label),
        (label(64), InvalidName::Label),
        ("a b.example".into(), InvalidName::Character),
        ("b\u{fc}cher.example".into(), InvalidName::Character),
        ("*.example".into(), InvalidName::Character),
        ("a.\r\n".into(), InvalidName::Character),
        ("[192.0.2.1]".into(), InvalidName::Character),
        (
            std::format!("{0}.{0}.{0}.{1}", label(63), label(62)),
            InvalidName::TooLong,
        ),
    ] {
        assert_eq!(Name::parse(&text), Err(fault), "{text}");
    }
    let longest = std::format!("{0}.{0}.{0}.{1}", label(63), label(61));
    assert_eq!((longest.len(), Name::parse(&longest).is_ok()), (Name::MAX, true));
}

#[test]
fn u_labels_become_a_labels() {
    // RFC 5891 section 4
    let domain = Domain::parse("MX.B\u{fc}cher.example").unwrap();
    assert_eq!(
        Name::try_from(&domain).unwrap().as_str(),
        "mx.xn--bcher-kva.example"
    );
    let domain = Domain::parse("\u{2764}\u{200d}.example").unwrap();
    assert_eq!(Name::try_from(&domain), Err(InvalidName::Idna));
}
