use super::*;
use crate::types::ArgumentFault;

#[test]
fn a_client_name_is_ascii() {
    assert_eq!(
        ClientName::parse("client.example").unwrap().kind(),
        ClientNameKind::Domain
    );
    let literal = ClientName::parse("[IPv6:::1]").unwrap();
    assert_eq!(
        literal.kind(),
        ClientNameKind::Literal(Some("::1".parse().unwrap()))
    );
    assert!(matches!(literal.host(), Some(Host::Literal(_))));
    for name in ["", "bücher.example", "my_host", "a b", "a\r\nMAIL", "[1.2.3.4"] {
        assert!(ClientName::parse(name).is_err(), "{name:?}");
    }
}

#[test]
fn an_argument_has_no_line_ending_or_outer_blanks() {
    for (text, fault) in [
        ("", ArgumentFault::Empty),
        ("  ", ArgumentFault::Empty),
        (" a", ArgumentFault::Blanks),
        ("a ", ArgumentFault::Blanks),
        ("a\r\nb", ArgumentFault::Character),
        ("a\tb", ArgumentFault::Character),
        ("a\0", ArgumentFault::Character),
        ("\u{85}", ArgumentFault::Character),
    ] {
        assert_eq!(Argument::new(text).unwrap_err().fault(), fault, "{text:?}");
    }
    assert!(Argument::new("x".repeat(Argument::MAX)).is_ok());
    assert_eq!(
        Argument::new("x".repeat(Argument::MAX + 1)).unwrap_err().fault(),
        ArgumentFault::Long
    );
}

#[test]
fn a_query_cannot_end_with_the_word_smtputf8() {
    assert_eq!(
        Query::new("a smtputf8").unwrap_err().fault(),
        ArgumentFault::SmtpUtf8
    );
    assert!(!Query::new("SMTPUTF8").unwrap().smtputf8());
    assert!(Query::new("Jürgen").unwrap().smtputf8());
    assert!(Query::new("list").unwrap().with_smtputf8().smtputf8());
}

#[test]
fn an_initial_response_is_not_shown() {
    let auth = Auth::new("PLAIN", Some("AGEAYg==")).unwrap();
    let shown = std::format!("{auth:?}");
    assert!(shown.contains("PLAIN") && !shown.contains("AGEAYg"), "{shown}");
    assert_eq!(auth.initial_response(), Some("AGEAYg=="));
    for (mechanism, initial) in [
        ("", None),
        ("A B", None),
        ("PLAIN\r\n", None),
        ("X", Some("")),
        ("X", Some("a b")),
        ("X", Some("é")),
    ] {
        assert!(
            Auth::new(mechanism, initial).is_err(),
            "{mechanism:?} {initial:?}"
        );
    }
    assert!(Auth::new("ABCDEFGHIJ0123456789", None::<&str>).is_ok());
    assert_eq!(
        Auth::new("ABCDEFGHIJ0123456789A", None::<&str>)
            .unwrap_err()
            .fault(),
        ArgumentFault::Long
    );
}

#[test]
fn an_unknown_command_cannot_have_a_known_verb() {
    for verb in ["mail", "StartTls"] {
        let error = UnknownCommand::new(verb, None).unwrap_err();
        assert_eq!(error.fault(), ArgumentFault::KnownVerb);
    }
    for verb in ["", "MAIL FROM", "a\r\n", "MAILFROM:", "é"] {
        assert!(UnknownCommand::new(verb, None).is_err(), "{verb:?}");
    }
    let atrn = UnknownCommand::new("ATRN", Some(Argument::new("@example.org").unwrap())).unwrap();
    assert_eq!(
        (atrn.verb(), atrn.argument().map(Argument::as_str)),
        ("ATRN", Some("@example.org"))
    );
}

#[test]
fn an_address_is_a_client_name() {
    for (address, name) in [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
    ] {
        let made = ClientName::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(made.as_str(), name);
        assert_eq!(made, ClientName::parse(name).unwrap());
    }
}
