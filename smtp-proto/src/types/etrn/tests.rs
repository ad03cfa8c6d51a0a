use std::string::ToString;

use super::*;
use crate::types::AddressFault;

#[test]
fn the_first_character_selects_the_scope() {
    for (text, scope, name) in [
        ("example.org", EtrnScope::Domain, "example.org"),
        ("EXAMPLE", EtrnScope::Domain, "EXAMPLE"),
        ("@example.org", EtrnScope::Subdomains, "example.org"),
        ("#uucp_queue", EtrnScope::Queue, "uucp_queue"),
        ("#@#", EtrnScope::Queue, "@#"),
    ] {
        let etrn = Etrn::parse(text).unwrap();
        assert_eq!((etrn.scope(), etrn.as_str()), (scope, text));
        assert_eq!(
            etrn.name().trim_start_matches(['@', '#']),
            name.trim_start_matches(['@', '#'])
        );
        assert_eq!(etrn.to_string(), text);
        assert_eq!(etrn.clone().into_owned(), etrn);
    }
}

#[test]
fn a_name_is_bounded_and_ascii() {
    let label = "a".repeat(63);
    let most = std::format!("{label}.{label}.{label}.{}", "a".repeat(63));
    for text in [
        most.clone(),
        std::format!("@{most}"),
        std::format!("#{}", "!".repeat(255)),
    ] {
        assert!(Etrn::parse(&text).is_ok(), "{text}");
    }
    let fault = |text: &str| Etrn::parse(text).unwrap_err().fault();
    for (text, expected) in [
        ("", AddressFault::EmptyDomain),
        ("@", AddressFault::EmptyDomain),
        ("#", AddressFault::EmptyDomain),
        ("a..b", AddressFault::EmptyLabel),
        ("a_b", AddressFault::LabelCharacter),
        ("@@a", AddressFault::LabelCharacter),
        ("[127.0.0.1]", AddressFault::LabelCharacter),
        ("köln.example", AddressFault::NonAsciiDomain),
        ("#ü", AddressFault::EmptyDomain),
        ("#a b", AddressFault::Trailing),
        ("a.b c", AddressFault::Trailing),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
    assert_eq!(
        fault(&std::format!("#{}", "!".repeat(256))),
        AddressFault::LongDomain
    );
    assert!(Etrn::parse(&std::format!("{most}.a")).is_err());
}

#[test]
fn answers_are_read_by_their_code() {
    let answer = |line: &str| {
        let line = std::format!("{line}\r\n");
        EtrnAnswer::try_from(&crate::syntax::parse_reply(line.as_bytes()).unwrap()).ok()
    };
    for (line, expected) in [
        ("250 2.0.0 queuing started", Some(EtrnAnswer::Started)),
        ("251", Some(EtrnAnswer::NoMessages)),
        (
            "252 OK, pending messages for node x started",
            Some(EtrnAnswer::MessagesStarted),
        ),
        (
            "253 OK, 14 pending messages for node 7.example started",
            Some(EtrnAnswer::CountStarted(14)),
        ),
        ("253 2.0.0 3 messages", Some(EtrnAnswer::CountStarted(3))),
        ("253 many", Some(EtrnAnswer::MessagesStarted)),
        ("253 4294967296 messages", Some(EtrnAnswer::MessagesStarted)),
        ("299 sure", Some(EtrnAnswer::Started)),
        ("459 4.7.1 not for you", None),
        ("500 what", None),
    ] {
        assert_eq!(answer(line), expected, "{line}");
    }
}
