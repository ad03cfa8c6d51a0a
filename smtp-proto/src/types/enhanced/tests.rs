use std::string::ToString;

use super::EnhancedCode;
use crate::types::Code;

fn code(class: u8, subject: u16, detail: u16) -> EnhancedCode {
    EnhancedCode::new(class, subject, detail).unwrap()
}

#[test]
fn bounds_are_checked() {
    for (class, subject, detail) in [
        (0, 0, 0),
        (1, 0, 0),
        (3, 0, 0),
        (6, 0, 0),
        (5, 1000, 0),
        (5, 0, 1000),
    ] {
        assert_eq!(EnhancedCode::new(class, subject, detail), None);
    }
    assert_eq!(code(5, 999, 999).to_string(), "5.999.999");
}

#[test]
fn parse_returns_the_text_after_the_code() {
    for (text, expected, rest) in [
        ("5.1.1 no such user", code(5, 1, 1), "no such user"),
        ("2.0.0", code(2, 0, 0), ""),
        ("4.7.12 ", code(4, 7, 12), ""),
        ("4.999.999  x", code(4, 999, 999), " x"),
        ("5.07.001 zeros", code(5, 7, 1), "zeros"),
    ] {
        assert_eq!(
            EnhancedCode::parse(text.as_bytes()),
            Some((expected, rest.as_bytes())),
            "{text}"
        );
    }
}

#[test]
fn parse_refuses_other_texts() {
    for text in [
        "",
        "5",
        "5.",
        "5.1",
        "5.1.",
        "5..1",
        "3.0.0 x",
        "1.1.1",
        "51.1.1",
        "5.1234.1 x",
        "5.1.1234 x",
        "5.1.1x",
        "5.1.1.1",
        "5.1.1\t",
        " 5.1.1",
        "5,1,1",
        "5.-1.1",
        "2.0.0Ok",
        "192.0.2.1",
    ] {
        assert_eq!(EnhancedCode::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn class_must_be_the_first_digit() {
    assert!(code(5, 1, 1).fits(Code::UNAVAILABLE));
    assert!(!code(5, 1, 1).fits(Code::BUSY));
    assert!(!code(2, 0, 0).fits(Code::START_MAIL));
}

#[test]
fn encode_is_the_inverse_of_parse() {
    for class in [2, 4, 5] {
        for part in 0..=999 {
            for code in [
                code(class, part, 0),
                code(class, 7, part),
                code(class, part, part),
            ] {
                let mut buffer = [0; EnhancedCode::MAX_LEN];
                let octets = code.encode(&mut buffer);
                assert_eq!(EnhancedCode::parse(octets), Some((code, &[][..])));
                assert_eq!(octets, code.to_string().as_bytes());
            }
        }
    }
}

#[test]
fn a_code_is_parsed_as_it_is_shown() {
    for (class, subject, detail) in [(2, 0, 0), (4, 7, 25), (5, 999, 999)] {
        let code = EnhancedCode::new(class, subject, detail).unwrap();
        assert_eq!(code.to_string().parse(), Ok(code));
    }
    for text in [
        "", "5.1", "5.1.1 ", "5.1.1 no", " 5.1.1", "3.1.1", "5.1000.1", "5.1.1.1",
    ] {
        assert!(text.parse::<EnhancedCode>().is_err(), "{text:?}");
    }
}
