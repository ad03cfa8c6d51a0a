use std::string::ToString;

use super::{Code, Severity};

#[test]
fn only_200_to_599_are_codes() {
    for code in [0, 1, 99, 100, 199, 600, 999, 1250, u16::MAX] {
        assert_eq!(Code::new(code), None, "{code}");
    }
    for code in 200..=599 {
        assert_eq!(Code::new(code).unwrap().get(), code);
    }
}

#[test]
fn first_digit_is_the_severity() {
    for (code, severity) in [
        (200, Severity::Completion),
        (299, Severity::Completion),
        (300, Severity::Intermediate),
        (399, Severity::Intermediate),
        (400, Severity::Transient),
        (499, Severity::Transient),
        (500, Severity::Permanent),
        (599, Severity::Permanent),
    ] {
        assert_eq!(Code::new(code).unwrap().severity(), severity, "{code}");
    }
}

#[test]
fn digits_and_display_agree_for_every_code() {
    for code in (200..=599).filter_map(Code::new) {
        assert_eq!(code.to_string().as_bytes(), code.digits());
        assert_eq!(std::format!("{code:?}"), code.to_string());
    }
}

#[test]
fn a_code_is_a_number_or_three_digits() {
    for number in 0..=u16::MAX {
        let made = Code::try_from(number);
        assert_eq!(made.ok(), Code::new(number));
        assert_eq!(number.to_string().parse::<Code>(), made, "{number}");
        if let Ok(code) = made {
            assert_eq!(u16::from(code), number);
        }
    }
    for text in ["", "25", "2500", "+250", "0250", " 250", "250 ", "25x", "٢٥٠"] {
        assert!(text.parse::<Code>().is_err(), "{text}");
    }
}
