//! Tests of the encoding of the text.

use std::{format, string::String};

use super::quoted_printable;

/// RFC 2045 section 6.7.
#[test]
fn quoted_printable_lines_are_short_and_end_in_no_space() {
    for (lines, encoded) in [
        ("a=b\r\n", "a=3Db\r\n"),
        ("gr\u{fc}n \r\n", "gr=C3=BCn=20\r\n"),
        ("  a\r\n\r\nb\r\n", "  a\r\n\r\nb\r\n"),
        ("\t~!<>\r\n", "=09~!<>\r\n"),
        ("", ""),
    ] {
        assert_eq!(
            String::from_utf8(quoted_printable(lines.as_bytes())).unwrap(),
            encoded
        );
    }
    for (letter, length) in [("x", 75), ("x", 76), ("x", 300), ("\u{fc}", 100), ("= ", 100)] {
        let line = format!("{}\r\n", letter.repeat(length));
        let encoded = String::from_utf8(quoted_printable(line.as_bytes())).unwrap();
        assert!(encoded.lines().all(|line| line.len() <= 76), "{encoded}");
        let joined = encoded
            .replace("=\r\n", "")
            .replace("=C3=BC", "\u{fc}")
            .replace("=20", " ")
            .replace("=3D", "=");
        assert_eq!(joined, line);
    }
    let limit = quoted_printable("x".repeat(75).as_bytes());
    assert_eq!(limit.len(), 77, "75 letters need no soft line break");
}
