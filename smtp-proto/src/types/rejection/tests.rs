use std::{string::ToString, vec::Vec};

use super::{InvalidRejection, Rejection};
use crate::types::{Code, EnhancedCode, ForwardPath, Mailbox, Reply, Text};

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
fn nothing_but_4yz_and_5yz_with_its_own_class_rejects() {
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
fn fixed_refuses_a_code_that_accepts() {
    let _ = Rejection::from_static(250, (2, 0, 0), "ok");
}

#[test]
fn constants_are_what_new_would_build() {
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
fn not_local_says_where_to_try() {
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
fn utf8_is_hidden_from_a_client_that_did_not_ask_for_it() {
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
