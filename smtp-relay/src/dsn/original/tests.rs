//! Tests of the part with the original message.

use std::{borrow::ToOwned, format, vec::Vec};

use smtp_proto::types::{MailParameters, Ret};

use super::{Encoding, Returned};
use crate::dsn::{Action, Form};

const FORMS: [Form; 3] = [Form::SevenBit, Form::EightBit, Form::International];

fn part(returned: Returned<'_>, form: Form) -> (&'static str, &'static str, Vec<u8>) {
    let part = returned.part(form);
    let octets: Vec<u8> = part.pieces().flat_map(|piece| piece.into_owned()).collect();
    (part.kind, part.encoding.as_str(), octets)
}

/// RFC 3461 sections 4.3 and 6.2, RFC 8689 section 5.
#[test]
fn the_whole_message_is_returned_only_if_it_may_be() {
    let full = || MailParameters::default().with_ret(Ret::Full);
    let failed = [Action::Delayed, Action::Failed];
    assert_eq!(Returned::choose(&full(), failed, 100, 100), Ret::Full);
    assert_eq!(Returned::choose(&full(), failed, 101, 100), Ret::Headers);
    assert_eq!(
        Returned::choose(&full(), [Action::Delayed, Action::Relayed], 1, 100),
        Ret::Headers
    );
    assert_eq!(
        Returned::choose(&full().with_require_tls(), failed, 1, 100),
        Ret::Headers
    );
    assert_eq!(
        Returned::choose(&MailParameters::default(), failed, 1, 100),
        Ret::Headers
    );
    let headers = MailParameters::default().with_ret(Ret::Headers);
    assert_eq!(Returned::choose(&headers, failed, 1, 100), Ret::Headers);
}

#[test]
fn headers_end_before_the_body() {
    for form in FORMS {
        for (message, header) in [
            (&b"Subject: t\r\n\r\nhello\r\n"[..], &b"Subject: t\r\n"[..]),
            (b"Subject: t\r\n", b"Subject: t\r\n"),
            (b"Subject: t", b"Subject: t"),
            (b"\r\nhello\r\n", b""),
            (b"", b""),
        ] {
            let returned = part(Returned::Headers(message), form);
            assert_eq!(returned, ("text/rfc822-headers", "7bit", header.to_vec()));
        }
    }
}

#[test]
fn a_message_in_ascii_is_returned_whole_in_every_form_and_is_not_copied() {
    let message = b"Subject: t\r\n\r\nhello\r\n".repeat(10_000);
    for form in FORMS {
        let returned = Returned::Full(&message);
        let part = returned.part(form);
        assert!(part.full && part.kind == "message/rfc822" && part.encoding == Encoding::SevenBit);
        let mut pieces = part.pieces();
        assert!(pieces.all(|piece| matches!(piece, std::borrow::Cow::Borrowed(_))));
    }
}

/// RFC 6152, RFC 2046 section 5.2.1: `message/rfc822` has no encoding, so a body beyond ASCII needs 8BITMIME.
#[test]
fn a_body_beyond_ascii_needs_another_form() {
    for body in [&b"gr\xc3\xbc\xc3\x9fe"[..], b"\xff"] {
        let message = [b"Subject: t\r\n\r\n", body, b"\r\n"].concat();
        let full = Returned::Full(&message);
        assert_eq!(
            part(full, Form::SevenBit),
            ("text/rfc822-headers", "7bit", b"Subject: t\r\n".to_vec())
        );
        assert_eq!(
            part(full, Form::EightBit),
            ("message/rfc822", "8bit", message.clone())
        );
        assert_eq!(
            part(full, Form::International),
            ("message/rfc822", "8bit", message.clone())
        );
    }
}

/// RFC 6533 section 6: headers in UTF-8.
#[test]
fn a_header_beyond_ascii_is_encoded_where_it_must_be() {
    let header = "Subject: ü\r\n";
    let message = format!("{header}\r\nhello\r\n").into_bytes();
    let base64 = b"U3ViamVjdDogw7wNCg==\r\n".to_vec();
    for form in [Form::SevenBit, Form::EightBit] {
        for returned in [Returned::Full(&message), Returned::Headers(&message)] {
            assert_eq!(
                part(returned, form),
                ("message/global-headers", "base64", base64.clone())
            );
        }
    }
    let headers = part(Returned::Headers(&message), Form::International);
    assert_eq!(headers, ("message/global-headers", "8bit", header.into()));
    let full = part(Returned::Full(&message), Form::International);
    assert_eq!(full, ("message/global", "8bit", message.clone()));
}

#[test]
fn a_header_in_another_charset_is_base64() {
    let message = b"Subject: \xfc\r\n\r\nhello\r\n";
    for form in FORMS {
        for returned in [Returned::Full(message), Returned::Headers(message)] {
            let expected = b"U3ViamVjdDog/A0K\r\n".to_vec();
            assert_eq!(part(returned, form), ("text/rfc822-headers", "base64", expected));
        }
    }
}

/// RFC 2045 sections 2.7 and 2.8.
#[test]
fn lines_that_mime_forbids_are_base64_or_left_out() {
    for bad in [
        "x".repeat(999),
        "a\rb".to_owned(),
        "a\nb".to_owned(),
        "a\0b".to_owned(),
    ] {
        let message = format!("Subject: t\r\n\r\n{bad}\r\n").into_bytes();
        let header = format!("Subject: t\r\nX: {bad}\r\n\r\n").into_bytes();
        for form in FORMS {
            let body = part(Returned::Full(&message), form);
            assert_eq!(body, ("text/rfc822-headers", "7bit", b"Subject: t\r\n".to_vec()));
            let (kind, encoding, octets) = part(Returned::Full(&header), form);
            assert_eq!((kind, encoding), ("text/rfc822-headers", "base64"));
            assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() <= 77));
        }
    }
    let longest = format!("Subject: t\r\n\r\n{}\r\n", "x".repeat(998)).into_bytes();
    assert_eq!(part(Returned::Full(&longest), Form::SevenBit).0, "message/rfc822");
}

#[test]
fn a_long_header_is_cut_after_a_line() {
    let line = b"X-Long: 0123456789\r\n";
    let message = [&line.repeat(100_000)[..], b"\r\nhello\r\n"].concat();
    for returned in [Returned::Headers(&message), Returned::Full(&message)] {
        let (kind, _, octets) = part(returned, Form::SevenBit);
        assert_eq!(kind, "text/rfc822-headers");
        assert!(octets.len() <= Returned::MAX_HEADERS && octets.len() > Returned::MAX_HEADERS - 100);
        assert_eq!(octets.len() % line.len(), 0);
    }
    // One line without an end.
    assert_eq!(
        part(Returned::Headers(&b"x".repeat(1 << 20)), Form::SevenBit).2,
        b""
    );
}
