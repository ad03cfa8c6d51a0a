use alloc::{string::ToString, vec::Vec};

use super::*;
use crate::types::{Mailbox, ParameterFault};

#[test]
fn notify_never_is_the_empty_set() {
    let set = Notify::SUCCESS | Notify::DELAY;
    assert!(set.contains(Notify::SUCCESS) && !set.contains(Notify::FAILURE));
    assert_eq!(set.as_str(), "SUCCESS,DELAY");
    assert_eq!(Notify::NEVER | Notify::FAILURE, Notify::FAILURE);
    assert_eq!(Notify::NEVER.as_str(), "NEVER");
}

#[test]
fn an_envelope_id_stands_for_at_most_100_printable_octets() {
    let set = |encoded: &str| {
        Xtext::parse(encoded)
            .and_then(|id| MailParameters::default().with_envelope_id(id.into_owned()))
            .map_err(|error| error.fault())
    };
    assert_eq!(
        set(&"+41".repeat(100)).unwrap().envelope_id().unwrap().decode(),
        "A".repeat(100)
    );
    assert_eq!(set(&"a".repeat(101)), Err(ParameterFault::Long));
    assert_eq!(set(""), Err(ParameterFault::MissingValue));
    assert_eq!(
        set("+C3+A9"),
        Err(ParameterFault::Value),
        "RFC 3461 has ASCII only"
    );
}

#[test]
fn what_has_a_method_of_its_own_is_no_other_parameter() {
    let mail = MailParameters::default();
    for keyword in ["SIZE", "body", "SmtpUtf8", "auth", "RET", "ENVID", "REQUIRETLS"] {
        assert_eq!(
            mail.clone()
                .with_other(keyword, Some("1"))
                .map_err(|error| error.fault()),
            Err(ParameterFault::Known)
        );
    }
    let rcpt = RcptParameters::default();
    for keyword in ["notify", "ORCPT"] {
        assert_eq!(
            rcpt.clone()
                .with_other(keyword, None)
                .map_err(|error| error.fault()),
            Err(ParameterFault::Known)
        );
    }
    assert!(mail.with_other("NOTIFY", None).is_ok() && rcpt.with_other("SIZE", None).is_ok());
}

#[test]
fn other_parameters_follow_the_grammar() {
    for (keyword, value, fault) in [
        ("", None, ParameterFault::Keyword),
        ("-a", None, ParameterFault::Keyword),
        ("a b", None, ParameterFault::Keyword),
        ("a=b", None, ParameterFault::Keyword),
        ("é", None, ParameterFault::Keyword),
        ("a", Some(""), ParameterFault::MissingValue),
        ("a", Some("b=c"), ParameterFault::Value),
        ("a", Some("b c"), ParameterFault::Value),
        ("a", Some("b\r\nRSET"), ParameterFault::Value),
        ("a", Some("\0"), ParameterFault::Value),
        ("a", Some("\u{9b}"), ParameterFault::Value),
    ] {
        assert_eq!(
            RcptParameters::default()
                .with_other(keyword, value)
                .map_err(|error| error.fault()),
            Err(fault),
            "{keyword:?} {value:?}"
        );
    }
    let parameters = MailParameters::default()
        .with_other("X-A", None)
        .unwrap()
        .with_other("b", Some("é"))
        .unwrap();
    let others: Vec<_> = parameters
        .others()
        .map(|other| (other.keyword(), other.value()))
        .collect();
    assert_eq!(others, [("X-A", None), ("b", Some("é"))]);
    assert!(!parameters.is_ascii());
}

#[test]
fn an_original_recipient_has_a_type_and_an_address() {
    let user = OriginalRecipient::parse("rfc822;us+2Ber@example.org").unwrap();
    assert_eq!(
        (user.address_type(), &*user.address()),
        ("rfc822", "us+er@example.org")
    );
    assert_eq!(
        OriginalRecipient::new("rfc822", "us+er@example.org").unwrap(),
        user
    );
    assert_eq!(
        OriginalRecipient::parse("x400;/S+3DUser/").unwrap().address(),
        "/S=User/"
    );
    assert_eq!(
        OriginalRecipient::new("utf-8", "a+é\\@b").unwrap().as_str(),
        "utf-8;a\\x{2B}é\\x{5C}@b"
    );
    for value in [
        "user@example.org",
        ";a",
        "rfc822;us+er",
        "rfc822;a+4",
        "rfc822;+0D+0A",
        "rfc822;é",
        "a b;c",
        "a;b c",
        "a;b=c",
    ] {
        assert_eq!(
            OriginalRecipient::parse(value).map_err(|error| error.fault()),
            Err(ParameterFault::Value),
            "{value}"
        );
    }
    let postfix = OriginalRecipient::parse("rfc822;+D0+B6@b.example").unwrap();
    assert_eq!(postfix.as_str(), "rfc822;+D0+B6@b.example");
    assert_eq!(postfix.address(), "ж@b.example");
    assert!(postfix.needs_smtputf8());
    assert!(OriginalRecipient::new("rfc822", "ж@b.example").is_err());
    let utf8 = OriginalRecipient::parse("utf-8;+D0+B6@b.example").unwrap();
    assert!(!utf8.needs_smtputf8());
    assert!(OriginalRecipient::new("utf-8", "ж@b").unwrap().needs_smtputf8());
    assert!(
        OriginalRecipient::new("utf-8", "é\u{9b}").is_err()
            && OriginalRecipient::new("utf-8", "a\r").is_err()
    );
    let longest = ["rfc822;", &"a".repeat(493)].concat();
    assert!(OriginalRecipient::parse(&longest).is_ok());
    assert_eq!(
        OriginalRecipient::parse(&[&*longest, "a"].concat()).map_err(|error| error.fault()),
        Err(ParameterFault::Long)
    );
}

#[test]
fn the_submitter_may_be_unknown() {
    assert!(AuthIdentity::UNKNOWN.is_unknown() && AuthIdentity::parse("<>").unwrap().is_unknown());
    assert_eq!(AuthIdentity::UNKNOWN.mailbox(), None);
    let mailbox: Mailbox<'_> = "e+é=1@example.org".parse().unwrap();
    let identity = AuthIdentity::try_from(&mailbox).unwrap();
    assert_eq!(identity.as_str(), "e+2B+C3+A9+3D1@example.org");
    assert_eq!(identity.mailbox(), Some(mailbox));
    assert_eq!(AuthIdentity::parse("somebody").unwrap().mailbox(), None);
}

#[test]
fn parameters_are_parsed_as_they_are_shown() {
    for text in [
        "",
        "SIZE=18446744073709551615 BODY=7BIT RET=FULL ENVID=a+2Bb AUTH=a@b REQUIRETLS SMTPUTF8 X-A X-B=é",
        "X",
    ] {
        assert_eq!(MailParameters::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "",
        "NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c X-A=1 X-A=2",
    ] {
        assert_eq!(RcptParameters::parse(text).unwrap().to_string(), text);
    }
    let mixed = MailParameters::parse("  x=1 size=01  Y smtputf8 ").unwrap();
    assert_eq!(mixed.to_string(), "SIZE=1 SMTPUTF8 x=1 Y");
    assert_eq!(MailParameters::parse(&mixed.to_string()), Ok(mixed));
}

#[test]
fn parameters_that_are_malformed_are_refused() {
    for (text, fault) in [
        ("SIZE=1 size=2", ParameterFault::Repeated),
        ("SIZE", ParameterFault::MissingValue),
        ("SMTPUTF8=1", ParameterFault::UnwantedValue),
        ("X=a\r\nRSET", ParameterFault::Value),
        ("X=\u{85}", ParameterFault::Value),
        ("X=\u{202e}", ParameterFault::Value),
        ("-X", ParameterFault::Keyword),
    ] {
        assert_eq!(
            MailParameters::parse(text).unwrap_err().fault(),
            fault,
            "{text:?}"
        );
    }
    assert_eq!(
        RcptParameters::parse("NOTIFY=NEVER,DELAY").unwrap_err().fault(),
        ParameterFault::Value
    );
    assert_eq!(
        RcptParameters::parse("X=\u{2028}").unwrap_err().fault(),
        ParameterFault::Value
    );
}
