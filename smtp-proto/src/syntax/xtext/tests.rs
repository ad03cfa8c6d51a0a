use proptest::prelude::*;

use super::*;

fn is_xtext(text: &str) -> bool {
    whole(text, xtext).is_ok()
}

fn is_unitext(text: &str) -> bool {
    whole(text, unitext).is_ok()
}

#[test]
fn escapes_are_a_plus_and_two_capital_digits() {
    assert_eq!(decode("a+2Bb+3Dc"), "a+b=c");
    assert!(is_xtext("a+2Bb+3Dc") && is_xtext(""));
    for text in ["+", "a+4", "+4", "+G0", "+2b", "us+er", "a=b", "a b", "a\r", "é"] {
        assert!(!is_xtext(text), "{text:?}");
    }
}

#[test]
fn no_escape_encodes_a_control_character() {
    for text in ["a+0D+0AX:", "+00", "+09", "+1F", "+7F", "+C2+85"] {
        assert!(!is_xtext(text), "{text}");
    }
}

#[test]
fn utf8_may_be_spread_over_escapes_and_has_to_be_whole() {
    assert!(is_xtext("+C3+A9") && is_xtext("+F0+9F+98+80"));
    for text in [
        "+C3",
        "+C3a",
        "+A9",
        "+C0+AF",
        "+ED+A0+80",
        "+F0+9F+98",
        "+F5+80+80+80",
    ] {
        assert!(!is_xtext(text), "{text}");
    }
    assert!(is_unitext("é@b") && is_unitext("a+C3+A9é"));
    assert!(!is_unitext("\u{9b}") && !is_unitext("+C3é"));
}

#[test]
fn text_without_escapes_is_not_copied() {
    assert!(matches!(encode("user@example.org"), Cow::Borrowed(_)));
    assert!(matches!(decode("user@example.org"), Cow::Borrowed(_)));
    assert_eq!(encode("a+b=c é"), "a+2Bb+3Dc+20+C3+A9");
}

proptest! {
    #[test]
    fn encoded_text_is_decoded(text in "[^\\p{C}\\p{Zl}\\p{Zp}]*") {
        let encoded = encode(&text);
        prop_assert!(encoded.is_ascii() && is_xtext(&encoded));
        prop_assert_eq!(decode(&encoded), &*text);
    }

    #[test]
    fn accepted_text_decodes_without_control_characters(text in "[a+0-9A-F]{0,12}") {
        if is_xtext(&text) {
            prop_assert!(!decode(&text).contains(char::is_control));
            prop_assert!(!text.contains('+') || decode(&text).len() < text.len());
        }
    }
}
