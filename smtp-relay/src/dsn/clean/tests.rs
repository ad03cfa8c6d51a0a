//! Tests of texts of peers.

use std::{borrow::ToOwned, format, string::String, vec::Vec};

use super::{Charset, MAX_TEXT, clean, field, typed_address, unescape};

#[test]
fn nothing_of_a_peer_ends_a_line() {
    for (octets, expected) in [
        (
            &b"550-5.1.1 one\r\n550 5.1.1 two\r\n"[..],
            "550-5.1.1 one 550 5.1.1 two",
        ),
        (b"a\r\n\r\n--boundary\r\nb", "a --boundary b"),
        (b"a\nSubject: x", "a Subject: x"),
        (b"a\rb\0c\x0b\x0cd\x1b[2J", "a b c d [2J"),
        (b"  a\t b  ", "a b"),
        (b"a\xffb", "a?b"),
        (b"", ""),
        (b" \r\n ", ""),
        ("a\u{2028}b\u{85}c\u{202e}d\u{7f}".as_bytes(), "a b c?d"),
    ] {
        assert_eq!(clean(octets, Charset::Ascii), expected);
        assert_eq!(clean(octets, Charset::Utf8), expected);
    }
    assert_eq!(clean("Grüße 😀".as_bytes(), Charset::Utf8), "Grüße 😀");
    assert_eq!(clean("ü😀".as_bytes(), Charset::Ascii), "\\x{FC}\\x{1F600}");
}

#[test]
fn long_texts_are_cut() {
    for text in ["x".repeat(100_000), "x ".repeat(100_000), "ü".repeat(100_000)] {
        for charset in [Charset::Ascii, Charset::Utf8] {
            let short = clean(text.as_bytes(), charset);
            assert!(short.len() < MAX_TEXT + 20, "{}", short.len());
            assert!(short.ends_with(" ..."));
        }
    }
    let whole = "x".repeat(MAX_TEXT);
    assert_eq!(clean(whole.as_bytes(), Charset::Ascii), whole);
}

#[test]
fn unfolding_restores_a_folded_field() {
    let long = "x".repeat(200);
    for value in [
        "short".to_owned(),
        "a ".repeat(100).trim().to_owned(),
        format!("smtp; {long} {long} end"),
    ] {
        let mut out = Vec::new();
        field(&mut out, "Diagnostic-Code", &value);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("\r\n"));
        for line in text.lines() {
            assert!(!line.trim().is_empty());
            assert!(line.len() <= 76 || line.contains(&long), "{line}");
        }
        assert_eq!(text.replace("\r\n", ""), format!("Diagnostic-Code: {value}"));
    }
}

/// RFC 6533 section 3.
#[test]
fn an_address_beyond_ascii_has_the_type_utf_8() {
    for (address, ascii, utf8) in [
        (
            "Bob@Example.net",
            "rfc822; Bob@Example.net",
            "rfc822; Bob@Example.net",
        ),
        (
            "ü@example.net",
            "utf-8; \\x{FC}@example.net",
            "utf-8; ü@example.net",
        ),
        ("a+b=ü@x", "utf-8; a\\x{2B}b\\x{3D}\\x{FC}@x", "utf-8; a+b=ü@x"),
        (
            "\"a\\\\ ü\"@x",
            "utf-8; \"a\\x{5C}\\x{5C}\\x{20}\\x{FC}\"@x",
            "utf-8; \"a\\x{5C}\\x{5C} ü\"@x",
        ),
        ("😀@x", "utf-8; \\x{1F600}@x", "utf-8; 😀@x"),
    ] {
        assert_eq!(typed_address(address, Charset::Ascii), ascii);
        assert_eq!(typed_address(address, Charset::Utf8), utf8);
        for typed in [ascii, utf8] {
            let (_, written) = typed.split_once("; ").unwrap();
            assert_eq!(unescape(written), address);
        }
    }
}

#[test]
fn broken_escapes_stay() {
    for text in [
        "\\x{",
        "\\x{}",
        "\\x{G}",
        "\\x{110000}",
        "\\x{D800}",
        "\\x{A}",
        "\\x{0000041}",
        "\\x41",
        "x{41}",
        "\\x{41",
    ] {
        assert_eq!(unescape(text), text);
    }
    assert_eq!(unescape("\\x{41}\\x{+1}\\x{42}c"), "A\\x{+1}Bc");
}
