use super::*;
use proptest::prelude::*;

#[test]
fn a_name_has_no_controls_and_a_length() {
    for text in ["a", "ann@example.org", "Jürgen", "a b", "李"] {
        assert_eq!(name(text.as_bytes()).as_deref(), Some(text));
    }
    for text in ["", "a\0", "a\r\n", "\u{7F}", "\u{85}", "\t"] {
        assert_eq!(name(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(name(b"\xFF"), None);
    assert!(is_name(&"x".repeat(255)) && !is_name(&"x".repeat(256)));
    assert_eq!(optional_name(b""), Some(None));
    assert_eq!(optional_name(b"\0"), None);
}

#[test]
fn commas_and_equals_signs_are_escaped() {
    assert_eq!(escape("a,b=c,,"), "a=2Cb=3Dc=2C=2C");
    assert_eq!(unescape(b"a=2Cb=3Dc=2C=2C").as_deref(), Some("a,b=c,,"));
    assert_eq!(unescape(b"=3D2C").as_deref(), Some("=2C"));
    for text in ["", "=", "a=", "a=2", "a=2c", "a=3d", "a=20", "a,b", "==3D", "a\0"] {
        assert_eq!(unescape(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(unescape(b"\xFF"), None);
}

proptest! {
    #[test]
    fn unescape_reverses_escape(text in "[^\\p{C}\\p{Zl}\\p{Zp}]{1,40}|[=,23CD]{1,20}") {
        prop_assert_eq!(unescape(escape(&text).as_bytes()), Some(text));
    }
}
