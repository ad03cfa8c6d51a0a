use alloc::string::ToString;

use super::*;
use crate::types::{ByMode, HoldInterval, NoSupportAction, Priority, Timestamp};

fn mail(input: &str) -> MailParameters<'_> {
    MailParameters::parse(input).unwrap_or_else(|error| panic!("{input}: {error}"))
}

/// The keyword and the kind of the fault that a parser finds in a list of parameters.
fn fault<'a, O: std::fmt::Debug>(
    input: &'a str,
    parser: impl FnOnce(&'a [u8]) -> IResult<&'a [u8], O, Fault>,
) -> (&'static str, ParameterFault) {
    match combinator::fault(parser(input.as_bytes()).expect_err(input)).rule {
        Rule::Parameter(name, fault) => (name.as_str(), fault),
        rule => panic!("{input}: {rule:?}"),
    }
}

fn mail_fault(input: &str) -> (&'static str, ParameterFault) {
    let found = fault(input, mail_parameters(Text(input), list_gap));
    let error = MailParameters::parse(input).unwrap_err();
    assert_eq!(error.fault(), found.1);
    assert!(error.position() <= input.len(), "{error}");
    found
}

fn rcpt_fault(input: &str) -> (&'static str, ParameterFault) {
    let found = fault(input, rcpt_parameters(Text(input), list_gap));
    assert_eq!(RcptParameters::parse(input).unwrap_err().fault(), found.1);
    found
}

#[test]
fn known_parameters_are_read_in_any_order_and_case() {
    let parameters = mail(" envid=a+2Bb  body=8bitmime SMTPUTF8 Size=10 RET=hdrs REQUIRETLS prdr AUTH=<>");
    assert_eq!(parameters.size(), Some(10));
    assert_eq!(parameters.body(), Some(Body::EightBitMime));
    assert_eq!(parameters.ret(), Some(Ret::Headers));
    assert!(parameters.smtputf8() && parameters.require_tls() && parameters.prdr());
    assert_eq!(parameters.envelope_id().map(Xtext::as_str), Some("a+2Bb"));
    assert_eq!(parameters.auth(), Some(&AuthIdentity::UNKNOWN));
    assert_eq!(parameters.others().count(), 0);
    assert_eq!(mail(""), MailParameters::default());
}

#[test]
fn a_size_has_up_to_20_digits_and_does_not_wrap() {
    assert_eq!(mail("SIZE=0").size(), Some(0));
    assert_eq!(mail("SIZE=00000000000000000010").size(), Some(10));
    assert_eq!(mail("SIZE=4294967297").size(), Some(4_294_967_297));
    assert_eq!(mail("SIZE=18446744073709551615").size(), Some(u64::MAX));
    // Beyond 64 bits it is a size still (RFC 1870 section 6: 1*20DIGIT), and too large for everybody.
    assert_eq!(mail("SIZE=18446744073709551616").size(), Some(u64::MAX));
    assert_eq!(mail("SIZE=99999999999999999999").size(), Some(u64::MAX));
    for value in [
        "100000000000000000000",
        "000000000000000000001",
        "1844674407370955161x",
        "0x10",
        "1.5",
        "-1",
        "+1",
        "1,0",
        "1:0",
        "1/0",
    ] {
        assert_eq!(
            mail_fault(&["SIZE=", value].concat()),
            ("SIZE", ParameterFault::Value),
            "{value}"
        );
    }
    assert_eq!(
        mail_fault(&["SIZE=", &"9".repeat(300)].concat()),
        ("SIZE", ParameterFault::Value)
    );
}

#[test]
fn repeated_parameters_are_refused() {
    for (input, keyword) in [
        ("SIZE=1 size=1", "SIZE"),
        ("RET=FULL RET=HDRS", "RET"),
        ("ENVID=a ENVID=b", "ENVID"),
        ("BODY=7BIT X BODY=7BIT", "BODY"),
        ("AUTH=<> AUTH=<>", "AUTH"),
        ("SMTPUTF8 SMTPUTF8", "SMTPUTF8"),
        ("REQUIRETLS REQUIRETLS", "REQUIRETLS"),
        ("HOLDFOR=1 HOLDFOR=1", "HOLDFOR"),
        ("HOLDFOR=1 HOLDUNTIL=2026-01-01T00:00:00Z", "HOLDUNTIL"),
        ("HOLDUNTIL=2026-01-01T00:00:00Z HOLDFOR=1", "HOLDFOR"),
        ("BY=1;R by=1;R", "BY"),
        ("MT-PRIORITY=1 MT-PRIORITY=1", "MT-PRIORITY"),
        ("SOLICIT=a SOLICIT=b", "SOLICIT"),
        ("PRDR PRDR", "PRDR"),
    ] {
        assert_eq!(mail_fault(input), (keyword, ParameterFault::Repeated));
    }
    assert_eq!(
        rcpt_fault("NOTIFY=NEVER NOTIFY=NEVER"),
        ("NOTIFY", ParameterFault::Repeated)
    );
    assert_eq!(
        rcpt_fault("ORCPT=a;b ORCPT=a;b"),
        ("ORCPT", ParameterFault::Repeated)
    );
    assert_eq!(
        rcpt_fault("RRVS=2026-01-01T00:00:00Z rrvs=2026-01-01T00:00:00Z"),
        ("RRVS", ParameterFault::Repeated)
    );
}

#[test]
fn values_are_required_or_forbidden() {
    for keyword in [
        "SIZE",
        "BODY",
        "RET",
        "ENVID",
        "AUTH",
        "HOLDFOR",
        "HOLDUNTIL",
        "BY",
        "MT-PRIORITY",
        "SOLICIT",
    ] {
        assert_eq!(mail_fault(keyword), (keyword, ParameterFault::MissingValue));
        assert_eq!(
            mail_fault(&[keyword, "="].concat()),
            (keyword, ParameterFault::MissingValue)
        );
    }
    assert_eq!(
        mail_fault("SMTPUTF8=yes"),
        ("SMTPUTF8", ParameterFault::UnwantedValue)
    );
    assert_eq!(
        mail_fault("REQUIRETLS=1"),
        ("REQUIRETLS", ParameterFault::UnwantedValue)
    );
    assert_eq!(mail_fault("PRDR=1"), ("PRDR", ParameterFault::UnwantedValue));
    assert_eq!(mail_fault("X="), ("parameter", ParameterFault::MissingValue));
    assert_eq!(rcpt_fault("NOTIFY"), ("NOTIFY", ParameterFault::MissingValue));
    assert_eq!(rcpt_fault("RRVS="), ("RRVS", ParameterFault::MissingValue));
}

#[test]
fn malformed_parameters_are_refused() {
    for (input, expected) in [
        ("SIZE==10", ("SIZE", ParameterFault::MissingValue)),
        ("SIZE=1=0", ("SIZE", ParameterFault::Value)),
        ("BODY=9BIT", ("BODY", ParameterFault::Value)),
        ("RET=BODY", ("RET", ParameterFault::Value)),
        ("ENVID=a+4", ("ENVID", ParameterFault::Value)),
        ("ENVID=a+0D+0Ab", ("ENVID", ParameterFault::Value)),
        ("AUTH=a+er", ("AUTH", ParameterFault::Value)),
        ("=1", ("parameter", ParameterFault::Keyword)),
        ("-X=1", ("parameter", ParameterFault::Keyword)),
        ("X_Y=1", ("parameter", ParameterFault::Keyword)),
        ("X,Y", ("parameter", ParameterFault::Keyword)),
        (">", ("parameter", ParameterFault::Keyword)),
        ("HOLDFOR=060", ("HOLDFOR", ParameterFault::Value)),
        ("HOLDUNTIL=60", ("HOLDUNTIL", ParameterFault::Value)),
        ("BY=60", ("BY", ParameterFault::Value)),
        ("MT-PRIORITY=10", ("MT-PRIORITY", ParameterFault::Value)),
        ("SOLICIT=a,", ("SOLICIT", ParameterFault::Value)),
    ] {
        assert_eq!(mail_fault(input), expected, "{input}");
    }
    assert_eq!(
        mail_fault(&["ENVID=", &"a".repeat(101)].concat()),
        ("ENVID", ParameterFault::Long)
    );
    assert_eq!(
        mail_fault(&["AUTH=", &"a".repeat(501)].concat()),
        ("AUTH", ParameterFault::Long)
    );
    assert_eq!(
        mail_fault(&["SOLICIT=", &"a".repeat(1001)].concat()),
        ("SOLICIT", ParameterFault::Long)
    );
}

#[test]
fn unknown_parameters_are_kept_with_their_spelling() {
    let parameters = mail("X-foo=Bar SIZE=1 mtrk=YQ BODY=7BIT Y");
    let others: std::vec::Vec<_> = parameters
        .others()
        .map(|other| (other.keyword(), other.value()))
        .collect();
    assert_eq!(
        others,
        [("X-foo", Some("Bar")), ("mtrk", Some("YQ")), ("Y", None)]
    );
    assert_eq!(parameters, parameters.clone().into_owned());
    let more = parameters.clone().with_size(2).with_other("Z", None).unwrap();
    assert_eq!((more.size(), more.others().count()), (Some(2), 4));
    assert_ne!(more, parameters);
}

#[test]
fn notify_is_never_or_a_list() {
    let notify = |input: &str| {
        RcptParameters::parse(input)
            .map(|parameters| parameters.notify())
            .map_err(|error| error.fault())
    };
    assert_eq!(notify("NOTIFY=NEVER"), Ok(Some(Notify::NEVER)));
    assert_eq!(
        notify("notify=success,Delay"),
        Ok(Some(Notify::SUCCESS | Notify::DELAY))
    );
    assert_eq!(notify("NOTIFY=FAILURE,FAILURE"), Ok(Some(Notify::FAILURE)));
    for input in [
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=SUCCESS,NEVER",
        "NOTIFY=MAYBE",
        "NOTIFY=,",
        "NOTIFY=SUCCESS,",
    ] {
        assert_eq!(notify(input), Err(ParameterFault::Value), "{input}");
    }
}

#[test]
fn an_original_recipient_may_be_utf8_only_in_its_type() {
    let ascii = |input| RcptParameters::parse(input).map(|parameters| parameters.is_ascii());
    assert_eq!(ascii("ORCPT=rfc822;user+2Btag@example.org"), Ok(true));
    assert_eq!(ascii("ORCPT=UTF-8;usér@example.org"), Ok(false));
    assert_eq!(
        ascii("ORCPT=utf-8;+D0+B6@example.org"),
        Ok(true),
        "RFC 6533 section 3"
    );
    assert_eq!(
        ascii("ORCPT=rfc822;+D0+B6@example.org"),
        Ok(false),
        "as Postfix sends it"
    );
    assert!(ascii("ORCPT=rfc822;usér@example.org").is_err());
    assert!(ascii("ORCPT=user@example.org").is_err());
}

#[test]
fn a_list_may_have_spaces_around_it() {
    assert_eq!(mail("  SIZE=1  X ").others().count(), 1);
    assert_eq!(mail("  "), MailParameters::default());
    assert!(MailParameters::parse("SIZE=1\t").is_err());
    assert!(RcptParameters::parse("X=\u{9b}").is_err());
}

#[test]
fn the_times_of_a_delivery_are_read() {
    let parameters = mail("holdfor=3600 by=+7200;rt mt-priority=-4 solicit=net.example:ADV,a SIZE=1");
    assert_eq!(
        parameters.hold(),
        Some(Hold::For(HoldInterval::parse("3600").unwrap()))
    );
    let by = parameters.deliver_by().unwrap();
    assert_eq!(
        (by.seconds(), by.mode(), by.traces()),
        (7200, ByMode::Return, true)
    );
    assert_eq!(parameters.priority(), Priority::new(-4));
    assert_eq!(parameters.solicitation().unwrap().as_str(), "net.example:ADV,a");
    assert_eq!((parameters.size(), parameters.others().count()), (Some(1), 0));
    for (value, expected) in [
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01-01t02:00:00+02:00", 1_767_225_600),
        ("2026-01-01T00:00:00.000Z", 1_767_225_600),
        ("2026-01-01T00:00:00.001Z", 1_767_225_601),
    ] {
        let expected = Timestamp::from_unix_time(expected).map(Hold::Until);
        assert_eq!(mail(&["HOLDUNTIL=", value].concat()).hold(), expected, "{value}");
    }
    assert_eq!(
        mail_fault("HOLDUNTIL=9999-12-31T23:59:59.1Z"),
        ("HOLDUNTIL", ParameterFault::Value)
    );
}

#[test]
fn rrvs_has_a_time_and_an_action() {
    for (value, shown, action) in [
        (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            NoSupportAction::Reject,
        ),
        (
            "2026-01-01T00:00:00z;r",
            "2026-01-01T00:00:00Z;R",
            NoSupportAction::Reject,
        ),
        (
            "2025-12-31T16:00:00-08:00;c",
            "2026-01-01T00:00:00Z;C",
            NoSupportAction::Continue,
        ),
    ] {
        let text = ["RRVS=", value].concat();
        let rrvs = RcptParameters::parse(&text).unwrap().rrvs().unwrap();
        assert_eq!(
            (rrvs.to_string().as_str(), rrvs.action()),
            (shown, action),
            "{value}"
        );
    }
    for value in [
        "1767225600",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00Z;",
        "2026-01-01T00:00:00Z;X",
        "2026-01-01T00:00:00Z;CR",
        "2026-01-01T00:00:00Z,C",
        ";C",
    ] {
        assert_eq!(
            rcpt_fault(&["RRVS=", value].concat()),
            ("RRVS", ParameterFault::Value),
            "{value}"
        );
    }
}
