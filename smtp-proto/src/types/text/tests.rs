use std::{string::ToString, vec::Vec};

use proptest::prelude::*;

use super::{InvalidText, Text};

const GREETING: Text<'static> = Text::from_static("ready\twhen you are");

#[test]
fn an_error_names_the_character_that_is_not_allowed() {
    for (text, character, message) in [
        ("one\r\ntwo", '\r', "U+000D"),
        ("a\0b", '\0', "U+0000"),
        ("a\u{85}\u{9b}2J", '\u{85}', "U+0085"),
        ("user\u{202e}gnp.exe", '\u{202e}', "U+202E"),
        ("zwei\u{2028}", '\u{2028}', "U+2028"),
    ] {
        let error = InvalidText::Character(character);
        assert_eq!(Text::new(text), Err(error), "{text:?}");
        assert_eq!(
            error.to_string(),
            std::format!("character {message} is not allowed in a reply text")
        );
    }
    assert!(Text::new("tab\tand\nline").is_ok());
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
fn from_static_refuses_an_injection() {
    let _ = Text::from_static("ok\r\n250 injected");
}

#[test]
fn the_length_of_a_line_is_in_octets() {
    let longest = "é".repeat(Text::MAX_LINE / 2);
    assert!(Text::new(std::format!("{longest}\n{longest}")).is_ok());
    assert_eq!(
        Text::new(std::format!("{longest}x")),
        Err(InvalidText::LineTooLong)
    );
}

#[test]
fn lossy_keeps_lines_and_replaces_controls() {
    for (text, expected) in [
        ("plain", "plain"),
        ("disk full\n", "disk full"),
        ("a\r\nb\rc\0d", "a\nb?c?d"),
        ("\u{1b}[2Jgone", "?[2Jgone"),
        ("\u{9b}2J\u{202e}a\u{2066}b\u{2028}c", "?2J?a?b?c"),
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
        Text::from_str_lossy("a\n".repeat(1000)).lines().count(),
        Text::MAX_LINES
    );
}

#[test]
fn lossy_cuts_a_long_line_of_ascii() {
    let long = "x".repeat(Text::MAX_LINE + 1);
    assert_eq!(Text::from_str_lossy(long).as_str().len(), Text::MAX_LINE);
}

#[test]
fn lossy_does_not_copy_a_plain_line() {
    let line = std::format!("stored as {}", 7);
    let address = line.as_ptr();
    assert_eq!(Text::from_str_lossy(line).as_str().as_ptr(), address);
}

#[test]
fn each_character_beyond_ascii_becomes_a_question_mark() {
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
    fn lossy_keeps_a_valid_text(text in "[ -~\té]{0,120}") {
        let text = Text::new(text).unwrap();
        prop_assert_eq!(Text::from_str_lossy(text.as_str()), text.as_borrowed());
    }
}
