use super::*;
use crate::types::Xtext;

fn mail(input: &str) -> MailParameters<'_> {
    mail_parameters(input).unwrap_or_else(|bad| panic!("{input}: {bad:?}"))
}

fn mail_fault(input: &str) -> (&'static str, InvalidParameter) {
    let bad = mail_parameters(input).expect_err(input);
    (bad.keyword, bad.fault)
}

fn rcpt_fault(input: &str) -> (&'static str, InvalidParameter) {
    let bad = rcpt_parameters(input).expect_err(input);
    (bad.keyword, bad.fault)
}

#[test]
fn known_parameters_are_read_in_any_order_and_case() {
    let parameters = mail(" envid=a+2Bb  body=8bitmime SMTPUTF8 Size=10 RET=hdrs REQUIRETLS AUTH=<>");
    assert_eq!(parameters.size(), Some(10));
    assert_eq!(parameters.body(), Some(Body::EightBitMime));
    assert_eq!(parameters.ret(), Some(Ret::Headers));
    assert!(parameters.smtputf8() && parameters.require_tls());
    assert_eq!(parameters.envelope_id().map(Xtext::as_str), Some("a+2Bb"));
    assert!(parameters.auth().is_some_and(AuthIdentity::is_unknown));
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
            ("SIZE", InvalidParameter::Value),
            "{value}"
        );
    }
    assert_eq!(
        mail_fault(&["SIZE=", &"9".repeat(300)].concat()),
        ("SIZE", InvalidParameter::Value)
    );
}

#[test]
fn what_is_given_twice_is_refused() {
    for (input, keyword) in [
        ("SIZE=1 size=1", "SIZE"),
        ("RET=FULL RET=HDRS", "RET"),
        ("ENVID=a ENVID=b", "ENVID"),
        ("BODY=7BIT X BODY=7BIT", "BODY"),
        ("AUTH=<> AUTH=<>", "AUTH"),
        ("SMTPUTF8 SMTPUTF8", "SMTPUTF8"),
        ("REQUIRETLS REQUIRETLS", "REQUIRETLS"),
    ] {
        assert_eq!(mail_fault(input), (keyword, InvalidParameter::Repeated));
    }
    assert_eq!(
        rcpt_fault("NOTIFY=NEVER NOTIFY=NEVER"),
        ("NOTIFY", InvalidParameter::Repeated)
    );
    assert_eq!(
        rcpt_fault("ORCPT=a;b ORCPT=a;b"),
        ("ORCPT", InvalidParameter::Repeated)
    );
}

#[test]
fn values_are_there_exactly_where_they_belong() {
    for keyword in ["SIZE", "BODY", "RET", "ENVID", "AUTH"] {
        assert_eq!(mail_fault(keyword), (keyword, InvalidParameter::MissingValue));
        assert_eq!(
            mail_fault(&[keyword, "="].concat()),
            (keyword, InvalidParameter::MissingValue)
        );
    }
    assert_eq!(
        mail_fault("SMTPUTF8=yes"),
        ("SMTPUTF8", InvalidParameter::UnwantedValue)
    );
    assert_eq!(
        mail_fault("REQUIRETLS=1"),
        ("REQUIRETLS", InvalidParameter::UnwantedValue)
    );
    assert_eq!(mail_fault("X="), ("parameter", InvalidParameter::MissingValue));
    assert_eq!(rcpt_fault("NOTIFY"), ("NOTIFY", InvalidParameter::MissingValue));
}

#[test]
fn malformed_parameters_are_refused() {
    for (input, expected) in [
        ("SIZE==10", ("SIZE", InvalidParameter::MissingValue)),
        ("SIZE=1=0", ("SIZE", InvalidParameter::Value)),
        ("BODY=9BIT", ("BODY", InvalidParameter::Value)),
        ("RET=BODY", ("RET", InvalidParameter::Value)),
        ("ENVID=a+4", ("ENVID", InvalidParameter::Value)),
        ("ENVID=a+0D+0Ab", ("ENVID", InvalidParameter::Value)),
        ("AUTH=a+er", ("AUTH", InvalidParameter::Value)),
        ("=1", ("parameter", InvalidParameter::Keyword)),
        ("-X=1", ("parameter", InvalidParameter::Keyword)),
        ("X_Y=1", ("parameter", InvalidParameter::Value)),
        ("X,Y", ("parameter", InvalidParameter::Value)),
        (">", ("parameter", InvalidParameter::Keyword)),
    ] {
        assert_eq!(mail_fault(input), expected, "{input}");
    }
    assert_eq!(
        mail_fault(&["ENVID=", &"a".repeat(101)].concat()),
        ("ENVID", InvalidParameter::Long)
    );
    assert_eq!(
        mail_fault(&["AUTH=", &"a".repeat(501)].concat()),
        ("AUTH", InvalidParameter::Long)
    );
}

#[test]
fn unknown_parameters_are_kept_with_their_spelling() {
    let parameters = mail("X-foo=Bar SIZE=1 mt-priority=-3 BODY=7BIT Y");
    let others: std::vec::Vec<_> = parameters
        .others()
        .map(|other| (other.keyword(), other.value()))
        .collect();
    assert_eq!(
        others,
        [("X-foo", Some("Bar")), ("mt-priority", Some("-3")), ("Y", None)]
    );
    assert_eq!(parameters, parameters.clone().into_owned());
    let more = parameters.clone().with_size(2).with_other("Z", None).unwrap();
    assert_eq!((more.size(), more.others().count()), (Some(2), 4));
    assert_ne!(more, parameters);
}

#[test]
fn notify_is_never_or_a_list() {
    let notify = |input: &str| {
        rcpt_parameters(input)
            .map(|parameters| parameters.notify())
            .map_err(|bad| bad.fault)
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
        assert_eq!(notify(input), Err(InvalidParameter::Value), "{input}");
    }
}

#[test]
fn an_original_recipient_may_be_utf8_only_in_its_type() {
    let original = |input| rcpt_parameters(input).map(|parameters| parameters.original_recipient().is_some());
    assert_eq!(original("ORCPT=rfc822;user+2Btag@example.org"), Ok(true));
    assert_eq!(original("ORCPT=UTF-8;usér@example.org"), Ok(true));
    assert!(original("ORCPT=rfc822;usér@example.org").is_err());
    assert!(original("ORCPT=user@example.org").is_err());
}
