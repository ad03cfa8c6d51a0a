use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{InvalidReply, Reply};
use crate::{
    syntax::parse_reply,
    types::{Code, EnhancedCode, ForwardPath, Text},
};

fn reply(octets: &[u8]) -> Reply<'_> {
    parse_reply(octets).unwrap()
}

#[test]
fn each_line_has_the_codes() {
    let text = Text::from_static("one\n\nthree");
    let bare = Reply::new(Code::HELP, None, &text).unwrap();
    assert_eq!(bare.raw(), b"214-one\r\n214-\r\n214 three\r\n");

    let enhanced = EnhancedCode::new(5, 1, 1);
    let reply = Reply::new(Code::UNAVAILABLE, enhanced, &text).unwrap();
    assert_eq!(reply.raw(), b"550-5.1.1 one\r\n550-5.1.1 \r\n550 5.1.1 three\r\n");
    assert_eq!(reply.enhanced(), enhanced);
}

#[test]
fn a_text_that_is_empty_leaves_the_space() {
    assert_eq!(
        Reply::new(Code::CHALLENGE, None, &Text::from_static(""))
            .unwrap()
            .raw(),
        b"334 \r\n"
    );
}

#[test]
fn enhanced_code_of_another_class_is_refused() {
    let enhanced = EnhancedCode::new(2, 0, 0).unwrap();
    let code = Code::START_MAIL;
    assert_eq!(
        Reply::new(code, Some(enhanced), &Text::from_static("go")),
        Err(InvalidReply::ClassMismatch { code, enhanced })
    );
}

#[test]
fn the_longest_reply_is_read_back() {
    let line = "x".repeat(Text::MAX_LINE);
    let text = Text::new(std::vec![line; Text::MAX_LINES].join("\n")).unwrap();
    let written = Reply::new(Code::UNAVAILABLE, EnhancedCode::new(5, 999, 999), &text).unwrap();
    assert!(
        written
            .raw()
            .split_inclusive(|octet| *octet == b'\n')
            .all(|line| line.len() == 512)
    );
    assert_eq!(parse_reply(written.raw()), Ok(written.clone()));
}

#[test]
fn lines_are_the_text_between_code_and_crlf() {
    let lines = |octets| reply(octets).lines().map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(lines(b"250\r\n"), [b""]);
    assert_eq!(lines(b"250 \r\n"), [b""]);
    assert_eq!(lines(b"250-\r\n250\r\n"), [b"", b""]);
    assert_eq!(lines(b"250-a\0b\r\r\n250  d\r\n"), [&b"a\0b\r"[..], b" d"]);
}

#[test]
fn enhanced_code_counts_only_in_its_class() {
    for (octets, expected) in [
        (&b"550 5.1.1 no\r\n"[..], EnhancedCode::new(5, 1, 1)),
        (b"250-2.1.0 a\r\n250 2.1.5 b\r\n", EnhancedCode::new(2, 1, 0)),
        (b"550 4.1.1 no\r\n", None),
        (b"354 2.0.0 go\r\n", None),
        (b"250 ok\r\n", None),
        (b"250\r\n", None),
    ] {
        assert_eq!(reply(octets).enhanced(), expected);
    }
}

#[test]
fn forward_path_is_read_from_251_and_551_only() {
    let path = ForwardPath::parse("<jones@example.net>").unwrap();
    for text in [
        "user not local; please try <jones@example.net>",
        "5.1.6 <jones@example.net> is better",
    ] {
        for code in ["251", "551"] {
            assert_eq!(
                reply(format!("{code} {text}\r\n").as_bytes()).forward_path(),
                Some(path.clone())
            );
        }
        assert_eq!(reply(format!("250 {text}\r\n").as_bytes()).forward_path(), None);
    }
    assert_eq!(
        reply(b"551-moved\r\n551 try <jones@example.net>\r\n").forward_path(),
        Some(path)
    );
    for octets in [
        &b"551 no path\r\n"[..],
        b"551 <not a path>\r\n",
        b"551 <a@example.net\r\n",
        b"551 <\xff@example.net>\r\n",
    ] {
        assert_eq!(reply(octets).forward_path(), None);
    }
}

#[test]
fn brackets_in_a_quoted_string_do_not_end_a_path() {
    for (text, expected) in [
        ("try <a@b> or <c@d>", Some("<a@b>")),
        (r#"try <"a>b"@c> now"#, Some(r#"<"a>b"@c>"#)),
        (r#"try <"a\">b"@c>"#, Some(r#"<"a\">b"@c>"#)),
        (r#"try <"a>"#, None),
        ("none", None),
    ] {
        let line = format!("551 {text}\r\n");
        let reply = reply(line.as_bytes());
        let path = reply.forward_path().map(|path| path.to_string());
        assert_eq!(path.as_deref(), expected, "{text}");
    }
}

#[test]
fn display_is_fit_for_a_log() {
    for (octets, expected) in [
        (&b"550 5.1.1 no such user\r\n"[..], "550 5.1.1 no such user"),
        (b"550-one\r\n550 two\r\n", "550 one / two"),
        (b"250\r\n", "250 "),
        (b"550 \x1b[2J\0\r\n", "550 \u{fffd}[2J\u{fffd}"),
        (b"550 a\tb\xff\xfec\r\n", "550 a b\u{fffd}\u{fffd}c"),
        ("550 grüße\u{85}\r\n".as_bytes(), "550 grüße\u{fffd}"),
    ] {
        assert_eq!(reply(octets).to_string(), expected);
    }
    let long = format!("550 {}\r\n", "x".repeat(3000));
    assert_eq!(
        reply(long.as_bytes()).to_string(),
        format!("550 {}...", "x".repeat(1000))
    );
    let all: String = std::vec!["250-y\r\n"; 100].concat() + "250 y\r\n";
    assert!(format!("{:?}", reply(all.as_bytes())).starts_with("Reply(250 y / y"));
}

#[test]
fn each_severity_has_a_method() {
    for (octets, answers) in [
        (b"250 a\r\n", [true, false, false, false]),
        (b"354 a\r\n", [false, true, false, false]),
        (b"421 a\r\n", [false, false, true, false]),
        (b"571 a\r\n", [false, false, false, true]),
    ] {
        let reply = reply(octets);
        let found = [
            reply.is_positive_completion(),
            reply.is_intermediate(),
            reply.is_transient(),
            reply.is_permanent(),
        ];
        assert_eq!(found, answers);
        assert_eq!(reply.as_borrowed().into_owned(), reply);
    }
}
