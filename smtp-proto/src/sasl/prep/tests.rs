use super::*;

/// RFC 4013 section 3.
#[test]
fn the_examples() {
    for (text, prepared) in [
        ("I\u{AD}X", Ok("IX")),
        ("user", Ok("user")),
        ("USER", Ok("USER")),
        ("\u{AA}", Ok("a")),
        ("\u{2168}", Ok("IX")),
        ("\u{7}", Err(InvalidString)),
        ("\u{627}\u{31}", Err(InvalidString)),
    ] {
        assert_eq!(prepare(text).as_deref(), prepared.as_deref(), "{text:?}");
    }
}

#[test]
fn prohibited_characters() {
    for text in [
        "\0",
        "a\u{7F}",
        "\u{E000}",
        "\u{FFFE}",
        "\u{FFFD}",
        "\u{2FF0}",
        "\u{200E}",
        "\u{E0001}",
        "\u{221}",
    ] {
        assert_eq!(prepare(text), Err(InvalidString), "{text:?}");
    }
    assert_eq!(prepare("a\u{A0}b").as_deref(), Ok("a b"));
    assert_eq!(prepare("\u{627}\u{628}").as_deref(), Ok("\u{627}\u{628}"));
    assert_eq!(prepare("\u{AD}").as_deref(), Ok(""));
}
