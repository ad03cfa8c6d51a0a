use std::{string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::{InvalidText, Text};

const GREETING: Text<'static> = Text::from_static("ready\twhen you are");

#[test]
fn controls_are_refused_but_the_tab() {
    for octet in (0..0x20).chain([0x7F]) {
        let text = String::from_utf8(vec![b'a', octet, b'b']).unwrap();
        let expected = match octet {
            b'\t' | b'\n' => Ok(()),
            _ => Err(InvalidText::Control(octet)),
        };
        assert_eq!(Text::new(text).map(|_| ()), expected, "0x{octet:02x}");
    }
    assert_eq!(Text::new("one\r\ntwo"), Err(InvalidText::Control(b'\r')));
}

#[test]
fn lines_are_bounded_in_length_and_number() {
    assert_eq!(Text::MAX_LINE, 496);
    let longest = "x".repeat(Text::MAX_LINE);
    assert!(Text::new(std::format!("{longest}\n{longest}")).is_ok());
    assert_eq!(
        Text::new(std::format!("a\n{longest}x\nb")),
        Err(InvalidText::LineTooLong)
    );
    assert!(Text::new("\n".repeat(Text::MAX_LINES - 1)).is_ok());
    assert_eq!(
        Text::new("\n".repeat(Text::MAX_LINES)),
        Err(InvalidText::TooManyLines)
    );
}

#[test]
fn there_is_always_a_line() {
    assert_eq!(Text::new("").unwrap().lines().collect::<Vec<_>>(), [""]);
    assert_eq!(
        Text::new("a\n\nb").unwrap().lines().collect::<Vec<_>>(),
        ["a", "", "b"]
    );
    assert_eq!(GREETING.as_str(), "ready\twhen you are");
}

#[test]
#[should_panic(expected = "control characters")]
fn fixed_refuses_an_injection() {
    let _ = Text::from_static("ok\r\n250 injected");
}

#[test]
fn lossy_keeps_lines_and_replaces_controls() {
    for (text, expected) in [
        ("plain", "plain"),
        ("disk full\n", "disk full"),
        ("a\r\nb\rc\0d", "a\nb?c?d"),
        ("\u{1b}[2Jgone", "?[2Jgone"),
        ("grüße", "grüße"),
        ("", ""),
    ] {
        assert_eq!(Text::from_str_lossy(text).as_str(), expected);
    }
}

#[test]
fn lossy_cuts_at_a_character() {
    let text = std::format!("{}é", "x".repeat(Text::MAX_LINE - 1));
    assert_eq!(
        Text::from_str_lossy(&text).as_str(),
        "x".repeat(Text::MAX_LINE - 1)
    );
    assert_eq!(
        Text::from_str_lossy(&"a\n".repeat(1000)).lines().count(),
        Text::MAX_LINES
    );
}

#[test]
fn ascii_has_one_mark_for_each_character() {
    assert_eq!(Text::from_str_lossy("grüße").into_ascii().as_str(), "gr??e");
    assert_eq!(Text::from_str_lossy("ok").into_ascii().as_str(), "ok");
}

proptest! {
    #[test]
    fn lossy_is_always_a_text(text in "(?s).{0,2000}") {
        let lossy = Text::from_str_lossy(&text);
        prop_assert_eq!(Text::new(lossy.as_str()), Ok(lossy.clone()));
        prop_assert!(lossy.into_ascii().is_ascii());
    }

    #[test]
    fn a_text_is_left_alone_by_lossy(text in "[ -~\té]{0,120}") {
        let text = Text::new(text).unwrap();
        prop_assert_eq!(Text::from_str_lossy(text.as_str()), text);
    }
}
