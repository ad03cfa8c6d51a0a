use alloc::{string::ToString, vec::Vec};

use super::*;
use crate::types::{Mailbox, ParameterFault, SolicitationKeywords, Timestamp};

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
fn a_parameter_with_its_own_method_is_not_an_other_parameter() {
    let mail = MailParameters::default();
    for keyword in [
        "SIZE",
        "body",
        "SmtpUtf8",
        "auth",
        "RET",
        "ENVID",
        "REQUIRETLS",
        "holdfor",
        "HOLDUNTIL",
        "by",
        "MT-PRIORITY",
        "solicit",
        "PRDR",
    ] {
        assert_eq!(
            mail.clone()
                .with_other(keyword, Some("1"))
                .map_err(|error| error.fault()),
            Err(ParameterFault::Known)
        );
    }
    let rcpt = RcptParameters::default();
    for keyword in ["notify", "ORCPT", "rrvs"] {
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
    assert_eq!(AuthIdentity::parse("<>"), Ok(AuthIdentity::UNKNOWN));
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
        "HOLDFOR=999999999 BY=-999999999;NT MT-PRIORITY=-9 SOLICIT=net.example:ADV,a",
        "AUTH=<> HOLDUNTIL=2026-01-01T00:00:00Z BY=1;R MT-PRIORITY=0",
        "SIZE=18446744073709551615 BODY=7BIT RET=FULL ENVID=a+2Bb AUTH=a@b REQUIRETLS PRDR SMTPUTF8 X-A X-B=é",
        "X",
    ] {
        assert_eq!(MailParameters::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "",
        "NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c RRVS=2026-01-01T00:00:00Z;C X-A=1 X-A=2",
    ] {
        assert_eq!(RcptParameters::parse(text).unwrap().to_string(), text);
    }
    let mixed = MailParameters::parse("  x=1 size=01  Y smtputf8 ").unwrap();
    assert_eq!(mixed.to_string(), "SIZE=1 SMTPUTF8 x=1 Y");
    assert_eq!(MailParameters::parse(&mixed.to_string()), Ok(mixed));
}

#[test]
fn rare_parameters_are_set_and_owned() {
    let by = DeliverBy::new(60, ByMode::Return).unwrap().with_trace();
    let parameters = MailParameters::default()
        .with_hold(Hold::For(HoldInterval::parse("60").unwrap()))
        .with_hold(Hold::Until(Timestamp::MIN))
        .with_deliver_by(by)
        .with_priority(Priority::MAX)
        .with_solicitation(SolicitationKeywords::parse("a").unwrap());
    assert_eq!(
        parameters.to_string(),
        "HOLDUNTIL=0000-01-01T00:00:00Z BY=60;RT MT-PRIORITY=9 SOLICIT=a"
    );
    assert_eq!(parameters.clone().into_owned(), parameters);
    assert_ne!(parameters, MailParameters::default());
    let rcpt = RcptParameters::default().with_rrvs(Rrvs::new(Timestamp::MAX));
    assert_eq!(rcpt.to_string(), "RRVS=9999-12-31T23:59:59Z");
    assert_eq!(rcpt.clone().into_owned(), rcpt);
}

#[test]
fn rare_parameters_do_not_enlarge_a_command() {
    assert!(
        size_of::<MailParameters<'_>>() <= 80,
        "{}",
        size_of::<MailParameters<'_>>()
    );
    assert!(
        size_of::<RcptParameters<'_>>() <= 64,
        "{}",
        size_of::<RcptParameters<'_>>()
    );
}

#[test]
fn the_values_of_rare_parameters_have_bounds() {
    for value in ["1", "60", "999999999"] {
        assert!(HoldInterval::parse(value).is_ok(), "{value}");
    }
    for value in ["", "0", "060", "-5", "+5", "1h", "1.5", "6 0", "1000000000"] {
        assert_eq!(
            HoldInterval::parse(value).map_err(|error| error.fault()),
            Err(ParameterFault::Value),
            "{value}"
        );
    }
    assert_eq!(HoldInterval::new(core::num::NonZeroU32::MAX), None);

    for (value, shown) in [
        ("120;R", "120;R"),
        ("1;r", "1;R"),
        ("+000120;RT", "120;RT"),
        ("0;N", "0;N"),
        ("-60;nt", "-60;NT"),
        ("-999999999;N", "-999999999;N"),
        ("999999999;R", "999999999;R"),
    ] {
        assert_eq!(DeliverBy::parse(value).unwrap().to_string(), shown);
    }
    for value in [
        "",
        "60",
        ";R",
        "0;R",
        "+0;R",
        "-1;R",
        "60;X",
        "60;T",
        "60;RTT",
        "60;NR",
        "+;R",
        "+-60;N",
        "1000000000;N",
        "0x60;R",
        "soon;R",
        "60,R",
        "60;;R",
        "60; R",
        "60;R ",
        "1.5;N",
    ] {
        assert!(DeliverBy::parse(value).is_err(), "{value}");
    }
    for (seconds, mode) in [
        (0, ByMode::Return),
        (-1, ByMode::Return),
        (1_000_000_000, ByMode::Return),
        (i32::MAX, ByMode::Notify),
        (i32::MIN, ByMode::Notify),
    ] {
        assert_eq!(DeliverBy::new(seconds, mode), None);
    }

    for number in -9..=9 {
        let priority = Priority::new(number).unwrap();
        assert_eq!(Priority::parse(&priority.to_string()), Ok(priority));
    }
    for value in [
        "", "-", "10", "-10", "+3", "-0", "03", "00", "0x1", "3;X", "1,2", "256", "4 ",
    ] {
        assert!(Priority::parse(value).is_err(), "{value}");
    }
    assert_eq!((Priority::new(10), Priority::new(i8::MIN)), (None, None));
    assert_eq!(
        Priority::MIN.changed().as_str(),
        "2.3.6 -9 is the priority of this message"
    );
}

#[test]
fn a_deadline_shrinks_from_hop_to_hop() {
    let by = |value: &str| DeliverBy::parse(value).unwrap();
    assert_eq!(by("120;RT").after(22), Some(by("98;RT")));
    assert_eq!(by("120;R").after(120), None);
    assert_eq!(by("120;N").after(180), Some(by("-60;N")));
    assert_eq!(by("-999999999;N").after(u32::MAX), Some(by("-999999999;N")));
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(by("-60;N").deadline(now).to_string(), "2025-12-31T23:59:00Z");
    assert_eq!(by("1;R").deadline(Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn a_message_is_released_in_the_future_and_before_its_deadline() {
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let release = |text: &str| {
        MailParameters::parse(text)
            .unwrap()
            .release_time(now)
            .map(|time| time.map(|time| time.to_string()))
            .map_err(|refused| refused.to_string())
    };
    assert_eq!(release("SIZE=1 BY=1;R"), Ok(None));
    assert_eq!(
        release("HOLDFOR=60 BY=60;R"),
        Ok(Some("2026-01-01T00:01:00Z".into()))
    );
    assert_eq!(
        release("HOLDUNTIL=2026-01-01T00:00:00Z"),
        Ok(Some("2026-01-01T00:00:00Z".into()))
    );
    for text in ["HOLDFOR=61 BY=60;R", "HOLDUNTIL=2026-01-01T00:01:01Z BY=60;N"] {
        assert_eq!(
            release(text),
            Err("501 5.5.4 the time of release is after that of BY".into())
        );
    }
    assert_eq!(
        release("HOLDUNTIL=2025-12-31T23:59:59Z"),
        Err("501 5.5.4 the time of release is past".into())
    );
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
