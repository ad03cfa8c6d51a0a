use std::{format, string::ToString, vec::Vec};

use proptest::prelude::*;

use super::{InvalidRejection, Rejection};
use crate::{
    syntax::parse_reply,
    types::{Code, EnhancedCode, ForwardPath, Mailbox, Reply, Text},
};

const CONSTANTS: [Rejection; 19] = [
    Rejection::NO_SUCH_USER,
    Rejection::RELAY_DENIED,
    Rejection::POLICY,
    Rejection::SENDER_REFUSED,
    Rejection::MAILBOX_BUSY,
    Rejection::MAILBOX_FULL,
    Rejection::LOCAL_ERROR,
    Rejection::NO_STORAGE,
    Rejection::TOO_MANY_RECIPIENTS,
    Rejection::TOO_BIG,
    Rejection::NO_SERVICE,
    Rejection::TRANSACTION_FAILED,
    Rejection::NULL_MX,
    Rejection::NO_MAIL_HERE,
    Rejection::UNKNOWN_PARAMETER,
    Rejection::TRY_LATER,
    Rejection::TOO_BUSY,
    Rejection::LOOP,
    Rejection::BARE_LINE_ENDING,
];

#[test]
fn only_4yz_and_5yz_with_the_same_class_make_a_rejection() {
    for code in (200..=599).filter_map(Code::new) {
        for class in [2, 4, 5] {
            let enhanced = EnhancedCode::new(class, 7, 1).unwrap();
            let built = Rejection::new(code, enhanced, Text::from_static("no"));
            let first = code.get() / 100;
            assert_eq!(
                built.is_ok(),
                first >= 4 && first == u16::from(class),
                "{code} {enhanced}"
            );
            if first < 4 {
                assert_eq!(built, Err(InvalidRejection::NotNegative(code)));
            }
        }
    }
}

#[test]
#[should_panic(expected = "4yz or 5yz")]
fn from_static_refuses_a_code_that_accepts() {
    let _ = Rejection::from_static(250, (2, 0, 0), "ok");
}

#[test]
fn constants_equal_the_values_that_new_builds() {
    for constant in CONSTANTS {
        let built = Rejection::new(constant.code(), constant.enhanced(), constant.text().clone());
        assert_eq!(built, Ok(constant.clone()));
        assert!(constant.text().is_ascii() && !constant.text().as_str().is_empty());
        assert_eq!(constant.is_transient(), constant.code().get() < 500);
        assert_eq!(constant.closes(), constant == Rejection::TOO_BUSY);
    }
    assert_eq!(
        Rejection::NULL_MX.to_string(),
        "556 5.1.10 the domain takes no mail"
    );
}

fn path(text: &str) -> ForwardPath<'static> {
    ForwardPath::parse(text).unwrap().into_owned()
}

#[test]
fn not_local_has_the_path_to_try() {
    let rejection = Rejection::not_local(path("<jones@example.net>"));
    assert_eq!(
        rejection.to_string(),
        "551 5.1.6 user not local; please try <jones@example.net>"
    );
    assert_eq!(rejection.forward(), Some(&path("<jones@example.net>")));

    let reply = Reply::new(rejection.code(), Some(rejection.enhanced()), rejection.text()).unwrap();
    assert_eq!(reply.forward_path(), Some(path("<jones@example.net>")));
}

#[test]
fn ambiguous_lists_the_candidates() {
    let mailbox = |text| Mailbox::parse(text).unwrap();
    let rejection = Rejection::ambiguous([
        ("Joe Smith", mailbox("jsmith@example.com")),
        ("", mailbox("hsmith@example.com")),
        ("Evil\r\n250 <x>", mailbox("e@example.com")),
    ]);
    assert_eq!(rejection.code(), Code::NAME_NOT_ALLOWED);
    assert_eq!(
        rejection.text().lines().collect::<Vec<_>>(),
        [
            "ambiguous; possibilities are",
            "Joe Smith <jsmith@example.com>",
            "<hsmith@example.com>",
            "Evil??250 ?x? <e@example.com>",
        ]
    );
}

#[test]
fn ambiguous_stays_within_the_bounds_of_a_text() {
    let name = "n".repeat(600);
    let rejection =
        Rejection::ambiguous((0..500).map(|_| (name.as_str(), Mailbox::parse("a@example.com").unwrap())));
    assert_eq!(rejection.text().lines().count(), Text::MAX_LINES);
    assert!(
        rejection
            .text()
            .lines()
            .skip(1)
            .all(|line| line.len() == Text::MAX_LINE && line.ends_with(" <a@example.com>"))
    );
}

#[test]
fn a_text_is_ascii_for_a_client_without_smtputf8() {
    let moved = Rejection::not_local(path("<jürgen@example.net>")).into_ascii();
    assert_eq!(moved.to_string(), "550 5.6.8 user not local");
    assert_eq!(moved.forward(), None);

    let words = Rejection::NO_SUCH_USER
        .with_text(Text::from_static("kein Empfänger"))
        .into_ascii();
    assert_eq!(words.to_string(), "550 5.1.1 kein Empf?nger");

    let many = Rejection::ambiguous([("Jürgen", Mailbox::parse("j@example.net").unwrap())]).into_ascii();
    assert_eq!(
        many.to_string(),
        "553 5.6.8 ambiguous; possibilities are / J?rgen <j@example.net>"
    );

    let ascii = Rejection::not_local(path("<jones@example.net>"));
    assert_eq!(ascii.clone().into_ascii(), ascii);
}

fn relayed(octets: &[u8]) -> Result<Rejection, InvalidRejection> {
    Rejection::try_from(&parse_reply(octets).unwrap())
}

#[test]
fn a_reply_that_rejects_is_relayed() {
    for (octets, shown) in [
        (&b"550 5.1.1 no such user\r\n"[..], "550 5.1.1 no such user"),
        (
            b"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n",
            "550 5.1.1 no / such / user",
        ),
        // Without an enhanced code it is undefined.
        (b"450 busy\r\n", "450 4.0.0 busy"),
        (b"571 policy\r\n", "571 5.0.0 policy"),
        (b"421 4.3.2 closing\r\n", "421 4.3.2 closing"),
        (b"554\r\n", "554 5.0.0 "),
        // An enhanced code of another class is text.
        (b"550 4.1.1 odd\r\n", "550 5.0.0 4.1.1 odd"),
        (b"550-5.1.1 one\r\n550 5.7.1 two\r\n", "550 5.1.1 one / 5.7.1 two"),
        (b"550 5.1.1\r\n", "550 5.1.1 "),
        // Characters that could end a line or control a terminal are replaced.
        (
            b"550 5.1.1 a\x1b[2J\0\xff\xe2\x80\xae\r\n",
            "550 5.1.1 a?[2J?\u{fffd}?",
        ),
    ] {
        assert_eq!(relayed(octets).unwrap().to_string(), shown);
    }
    assert!(relayed(b"421 4.3.2 closing\r\n").unwrap().closes());
}

#[test]
fn a_reply_that_does_not_reject_is_not_relayed() {
    for code in (200..400).filter_map(Code::new) {
        let octets = format!("{code} text\r\n");
        assert_eq!(
            relayed(octets.as_bytes()),
            Err(InvalidRejection::NotNegative(code))
        );
    }
    assert_eq!(
        InvalidRejection::NotNegative(Code::OK).to_string(),
        "reply code 250 is not a rejection: it is not between 400 and 599"
    );
}

#[test]
fn a_relayed_551_keeps_its_path() {
    let rejection = Rejection::not_local(path("<jürgen@example.net>"));
    let reply = Reply::from(&rejection);
    assert_eq!(Rejection::try_from(&reply), Ok(rejection));
}

#[test]
fn a_relayed_text_stays_within_the_bounds_of_a_text() {
    let long = format!(
        "550 5.1.1 {}é{}\r\n",
        "x".repeat(Text::MAX_LINE - 1),
        "y".repeat(1000)
    );
    let rejection = relayed(long.as_bytes()).unwrap();
    let lines: Vec<usize> = rejection.text().lines().map(str::len).collect();
    assert_eq!(lines, [Text::MAX_LINE - 1, Text::MAX_LINE, Text::MAX_LINE, 10]);
    let many = "550-x\r\n".repeat(200) + "550 y\r\n";
    let rejection = relayed(many.as_bytes()).unwrap();
    assert_eq!(rejection.text().lines().count(), Text::MAX_LINES);
}

proptest! {
    #[test]
    fn a_rejection_survives_a_hop(
        code in 400u16..600,
        subject in 0u16..1000,
        detail in 0u16..1000,
        text in "([^\\p{C}\\p{Zl}\\p{Zp}]{0,80}\n){0,5}",
    ) {
        let code = Code::new(code).unwrap();
        let enhanced = EnhancedCode::new((code.get() / 100) as u8, subject, detail).unwrap();
        let rejection = Rejection::new(code, enhanced, Text::new(text).unwrap()).unwrap();
        let reply = Reply::from(&rejection);
        let received = parse_reply(reply.raw()).unwrap();
        let relayed = Rejection::try_from(&received).unwrap();
        prop_assert_eq!(Reply::from(&relayed), received);
        prop_assert_eq!(relayed.with_text(rejection.text().clone()), rejection);
    }

    #[test]
    fn a_relayed_text_is_a_text(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let line: Vec<u8> = [b"550 ", &*octets, b"\r\n"].concat();
        if let Ok(reply) = parse_reply(&line) {
            let rejection = Rejection::try_from(&reply).unwrap();
            prop_assert!(Text::new(rejection.text().as_str()).is_ok());
        }
    }
}
