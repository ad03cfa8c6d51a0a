use std::{
    fmt::Debug,
    format,
    string::{String, ToString},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::types::{
    AddressLiteral, AuthIdentity, Body, Code, Domain, EnhancedCode, Envelope, ForwardPath, Host,
    MailParameters, Mailbox, Notify, OriginalRecipient, Path, RcptParameters, Reply, Ret, ReversePath, Text,
    Xtext,
};

/// Stores a value, checks the text, and loads it again.
fn stores_as<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T, expected: &str) {
    let stored = serde_json::to_string(value).unwrap();
    assert_eq!(stored, expected);
    assert_eq!(serde_json::from_str::<T>(&stored).unwrap(), *value);
}

/// Checks that no stored text loads, and that each error names its fault.
fn refuses<T: DeserializeOwned + Debug>(texts: &[&str]) {
    for text in texts {
        let error = serde_json::from_str::<T>(text).unwrap_err().to_string();
        assert!(!error.is_empty() && !error.contains(char::is_control), "{error}");
    }
}

fn parameters() -> MailParameters<'static> {
    MailParameters::default()
        .with_size(u64::MAX)
        .with_body(Body::BinaryMime)
        .with_ret(Ret::Headers)
        .with_envelope_id(Xtext::encode("a+b").unwrap().into_owned())
        .unwrap()
        .with_auth(AuthIdentity::UNKNOWN)
        .with_require_tls()
        .with_smtputf8()
        .with_other("X-A", None)
        .unwrap()
        .with_other("X-B", Some("é"))
        .unwrap()
}

#[test]
fn addresses_are_strings() {
    stores_as(&"MX.Example".parse::<Domain<'_>>().unwrap(), "\"MX.Example\"");
    stores_as(
        &"[192.0.2.1]".parse::<AddressLiteral<'_>>().unwrap(),
        "\"[192.0.2.1]\"",
    );
    stores_as(&"[192.0.2.1]".parse::<Host<'_>>().unwrap(), "\"[192.0.2.1]\"");
    stores_as(&"\"a b\"@é.x".parse::<Mailbox<'_>>().unwrap(), r#""\"a b\"@é.x""#);
    stores_as(&"@x:a@b".parse::<Path<'_>>().unwrap(), "\"<@x:a@b>\"");
    stores_as(&ReversePath::Null, "\"<>\"");
    stores_as(&"a@b".parse::<ReversePath<'_>>().unwrap(), "\"<a@b>\"");
    stores_as(
        &"POSTMASTER".parse::<ForwardPath<'_>>().unwrap(),
        "\"<POSTMASTER>\"",
    );
}

#[test]
fn codes_are_a_number_and_a_string() {
    stores_as(&Code::OK, "250");
    stores_as(&EnhancedCode::new(5, 1, 10).unwrap(), "\"5.1.10\"");
    refuses::<Code>(&["199", "600", "65536", "-1", "\"250\"", "null"]);
    refuses::<EnhancedCode>(&["\"3.1.1\"", "\"5.1\"", "\"5.1.1 \"", "\"5.1.1 x\"", "511"]);
}

#[test]
fn parameters_are_strings_as_they_are_sent() {
    stores_as(&MailParameters::default(), "\"\"");
    stores_as(
        &parameters(),
        "\"SIZE=18446744073709551615 BODY=BINARYMIME RET=HDRS ENVID=a+2Bb AUTH=<> REQUIRETLS SMTPUTF8 X-A X-B=é\"",
    );
    let rcpt = RcptParameters::default()
        .with_notify(Notify::NEVER)
        .with_original_recipient(OriginalRecipient::new("utf-8", "é=@x").unwrap())
        .with_other("Y", Some("1"))
        .unwrap();
    stores_as(&rcpt, r#""NOTIFY=NEVER ORCPT=utf-8;é\\x{3D}@x Y=1""#);
    stores_as(&RcptParameters::default(), "\"\"");
}

#[test]
fn an_envelope_is_restored() {
    let envelope = Envelope::new("ann@example.org".parse::<Mailbox<'_>>().unwrap())
        .with_parameters(parameters())
        .recipient("bob@example.net".parse::<Mailbox<'_>>().unwrap())
        .recipient_with(
            "<postmaster>".parse::<ForwardPath<'_>>().unwrap(),
            RcptParameters::default().with_notify(Notify::SUCCESS),
        );
    let stored = serde_json::to_string(&envelope).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&stored).unwrap(), envelope);
    stores_as(
        &Envelope::new(ReversePath::Null).recipient("b@c".parse::<Mailbox<'_>>().unwrap()),
        r#"{"reverse_path":"<>","parameters":"","recipients":[{"forward_path":"<b@c>","parameters":""}]}"#,
    );
}

#[test]
fn parameters_may_be_missing() {
    let stored = r#"{"reverse_path":"a@b","recipients":[{"forward_path":"c@d"}]}"#;
    assert_eq!(
        serde_json::from_str::<Envelope>(stored).unwrap(),
        Envelope::parse("a@b", ["c@d"]).unwrap()
    );
}

#[test]
fn a_reply_keeps_its_octets() {
    let reply = Reply::new(Code::UNAVAILABLE, None, &Text::from_static("one\nzwei ä")).unwrap();
    stores_as(&reply, r#""550-one\r\n550 zwei ä\r\n""#);
    let octets = crate::syntax::parse_reply(b"550 \xff\r\n").unwrap();
    stores_as(&octets.into_owned(), "[53,53,48,32,255,13,10]");
    // A session may have had larger limits than the default.
    let long = format!("550 {}\r\n", "x".repeat(100_000));
    let stored = serde_json::to_string(&long).unwrap();
    assert_eq!(
        serde_json::from_str::<Reply<'_>>(&stored).unwrap().raw(),
        long.as_bytes()
    );
}

#[test]
fn bad_texts_are_refused() {
    refuses::<Domain<'_>>(&["\"\"", "\"a b\"", "\"a\\r\\nb\"", "\"a\\u202eb\"", "1", "null"]);
    refuses::<AddressLiteral<'_>>(&["\"192.0.2.1\"", "\"[192.0.2]\""]);
    refuses::<Host<'_>>(&["\"[x\"", "\"\""]);
    refuses::<Mailbox<'_>>(&[
        "\"a\"",
        "\"<a@b>\"",
        "\"a@b\\r\\nRCPT TO:<c@d>\"",
        "\"\\u009b@b\"",
    ]);
    refuses::<Path<'_>>(&["\"<>\"", "\"<a@b\"", "\"a@b> SIZE=1\""]);
    refuses::<ReversePath<'_>>(&["\"a\"", "\"<a@b>\\r\\n\""]);
    refuses::<ForwardPath<'_>>(&["\"<>\"", "\"\"", "\"a\""]);
    refuses::<MailParameters<'_>>(&[
        "\"SIZE=x\"",
        "\"SIZE=1 SIZE=2\"",
        "\"=1\"",
        "\"X=a\\r\\nRSET\"",
        "\"X=\\u0000\"",
        "\"X=\\u2028\"",
        "\"ENVID=+0D+0A\"",
        "\"SMTPUTF8=1\"",
        "{}",
    ]);
    refuses::<RcptParameters<'_>>(&["\"NOTIFY=NEVER,DELAY\"", "\"ORCPT=x\"", "\"X=a\\nb\""]);
    refuses::<Envelope>(&[
        "{}",
        r#"{"reverse_path":"a@b"}"#,
        r#"{"reverse_path":"a@b","recipients":[{"forward_path":"<>"}]}"#,
        r#"{"reverse_path":"a b","recipients":[]}"#,
    ]);
    refuses::<Reply<'_>>(&[
        "\"\"",
        "\"250 ok\"",
        "\"250 ok\\r\\n250 ok\\r\\n\"",
        "\"250-ok\\r\\n550 no\\r\\n\"",
        "\"ok\\r\\n\"",
        "[50,53,48]",
        "[256]",
        "250",
    ]);
}

#[test]
fn borrowed_values_can_be_stored() {
    let text = String::from("a@b");
    let mailbox = Mailbox::parse(&text).unwrap();
    assert_eq!(serde_json::to_string(&mailbox).unwrap(), "\"a@b\"");
}
