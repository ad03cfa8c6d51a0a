use std::{format, string::ToString, vec::Vec};

use super::{Printable, split_char};
use crate::types::{Argument, Domain, Mailbox, OriginalRecipient, RcptParameters, Text, Xtext};

/// All characters that a text must not contain.
fn forbidden() -> impl Iterator<Item = char> {
    ('\0'..='\u{10ffff}').filter(|character| !Printable::allows(*character))
}

#[test]
fn forbidden_are_controls_bidi_controls_and_separators() {
    let beyond_controls: Vec<char> = forbidden().filter(|character| !character.is_control()).collect();
    assert_eq!(
        beyond_controls,
        [
            '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}',
            '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
        ]
    );
    assert!(('\0'..='\u{10ffff}').all(|character| !character.is_control() || !Printable::allows(character)));
    // Scripts that join letters need these two.
    assert!(Printable::allows('\u{200c}') && Printable::allows('\u{200d}'));
}

#[test]
fn no_value_holds_a_forbidden_character() {
    for character in forbidden() {
        let text = format!("a{character}b");
        let allowed_in_text = matches!(character, '\t' | '\n');
        assert_eq!(Text::new(text.as_str()).is_ok(), allowed_in_text, "{character:?}");
        assert!(Argument::new(text.as_str()).is_err(), "{character:?}");
        assert!(Domain::parse(&text).is_err(), "{character:?}");
        assert!(
            Mailbox::parse(&format!("{text}@example.org")).is_err(),
            "{character:?}"
        );
        assert!(
            Mailbox::parse(&format!("\"{text}\"@example.org")).is_err(),
            "{character:?}"
        );
        assert!(Xtext::encode(&text).is_err(), "{character:?}");
        for address_type in ["rfc822", "utf-8"] {
            assert!(
                OriginalRecipient::new(address_type, &text).is_err(),
                "{character:?}"
            );
        }
        assert!(
            RcptParameters::default().with_other("X", Some(&text)).is_err(),
            "{character:?}"
        );
    }
}

#[test]
fn octets_of_a_peer_are_shown_without_forbidden_characters() {
    for character in forbidden() {
        let shown = Printable::new(&format!("a{character}b")).to_string();
        let expected = if character == '\t' { "a b" } else { "a\u{fffd}b" };
        assert_eq!(shown, expected, "{character:?}");
    }
    assert_eq!(
        Printable::new(b"a\xff\xfeb\xe2\x80").to_string(),
        "a\u{fffd}\u{fffd}b\u{fffd}"
    );
    assert_eq!(format!("{:?}", Printable::new("a\nb")), "Printable(a\u{fffd}b)");
}

#[test]
fn characters_are_split_off_as_the_standard_library_does() {
    for character in '\0'..='\u{10ffff}' {
        let text = [character, 'x'].iter().collect::<std::string::String>();
        assert_eq!(split_char(text.as_bytes()), Some((character, &b"x"[..])));
    }
    assert_eq!(split_char(b""), None);
}
