//! Contents that try to leave their place.

use std::{borrow::ToOwned, format, string::ToString, vec};

use smtp_proto::types::{MailParameters, OriginalRecipient};

use super::{NOW, ann, failed, host, parts, path};
use crate::dsn::{Action, Form, Notice, Report, Returned, Status};

#[test]
fn no_line_of_the_original_is_parsed_as_a_boundary() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    let (ann, notices) = (ann(), [failed(&bob, &there)]);
    let mut original = b"Subject: t\r\n\r\n".to_vec();
    for number in 7..20 {
        original.extend_from_slice(format!("--=_{number:016x}--\r\n").as_bytes());
    }
    let report = Report::new(&ann, &here, &notices, NOW, 7)
        .unwrap()
        .with_original(Returned::Full(&original));
    let parts = parts(&report);
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[2].1, original);
}

/// Replies, addresses and originals that try to end a line, a part or the message.
#[test]
fn hostile_octets_stay_inside_their_field() {
    let long = "x".repeat(50_000);
    let words = "word ".repeat(20_000);
    let replies: [&[u8]; 12] = [
        b"550 a\r\n\r\n--=_0000000000000001--\r\nb",
        b"550 a\r\nFinal-Recipient: rfc822; eve@example.com\r\nAction: delivered\r\n",
        b"550 a\n\nStatus: 2.0.0",
        b"550 \r\n.\r\nQUIT\r\n",
        b"550 \0\x01\x1b[31m\x7f",
        b"550 \xff\xfe\x80",
        "550 ünïcödé \u{202e}\u{2028} =?utf-8?q?x?=".as_bytes(),
        long.as_bytes(),
        words.as_bytes(),
        b"",
        b"\r\n",
        b" ;;;(((\"\\",
    ];
    let recipients = [
        "\"a\\\"b (c) ; d\"@example.net",
        "\"--=_0000000000000001\"@example.net",
        "\"  two  spaces \"@example.net",
        "postmaster",
        "ü@example.net",
        "\"ü \\\\x{41}\"@example.net",
    ];
    let originals: [&[u8]; 7] = [
        b"Subject: t\r\n\r\n--=_0000000000000001--\r\n--=_0000000000000001\r\n",
        b"Subject: \xff\r\n\r\n\0",
        b"--=_0000000000000001\r\nSubject: t\r\n\r\nx",
        b"",
        b"\n\n\n",
        b"no header at all",
        long.as_bytes(),
    ];
    let (here, there, ann) = (host("mx.example.org"), host("mx1.example.net"), ann());
    let parameters = MailParameters::parse("ENVID=a+20+20b+3D").unwrap();
    for form in [Form::SevenBit, Form::EightBit, Form::International] {
        for (index, reply) in replies.iter().enumerate() {
            for address in recipients {
                let bob = path(address);
                let original = OriginalRecipient::new("utf-8", "eve+\u{fc}@example.com").unwrap();
                let notice = Notice::new(&bob, Action::Failed, "5.0.0".parse().unwrap())
                    .with_original(&original)
                    .with_reply(&there, reply)
                    .with_explanation("line\r\nbreak");
                let notices = vec![notice; 2];
                let returned = originals[index % originals.len()];
                for returned in [Returned::Full(returned), Returned::Headers(returned)] {
                    let report = Report::new(&ann, &here, &notices, NOW, 1)
                        .unwrap()
                        .with_form(form)
                        .with_message(NOW, &parameters)
                        .with_original(returned);
                    let parts = parts(&report);
                    assert_eq!(parts.len(), 3);
                    let status = Status::parse(&parts[1].1).unwrap();
                    assert_eq!(status.message.original_envelope_id.as_deref(), Some("a  b="));
                    assert_eq!(status.recipients.len(), 2);
                    for recipient in &status.recipients {
                        let expected = bob.mailbox().map_or("postmaster".to_owned(), |it| it.to_string());
                        assert_eq!(recipient.final_recipient.value, expected);
                        assert_eq!(recipient.action, Action::Failed);
                        assert_eq!(recipient.status.to_string(), "5.0.0");
                        assert_eq!(
                            recipient.original_recipient.as_ref().unwrap().value,
                            "eve+ü@example.com"
                        );
                        assert!(recipient.others.is_empty());
                    }
                }
            }
        }
    }
}

#[test]
fn a_report_of_many_recipients_is_returned_in_small_pieces() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    let (ann, notices) = (ann(), vec![failed(&bob, &there); 5000]);
    let report = Report::new(&ann, &here, &notices, NOW, 1).unwrap();
    assert!(report.pieces().all(|piece| piece.len() < 2000));
    assert_eq!(
        report
            .pieces()
            .filter(|piece| piece.starts_with(b"Final-Recipient:"))
            .count(),
        5000
    );
}

/// RFC 5322 section 2.1.1. An escape is six times as long as a space, and three times as long as a letter of two octets.
#[test]
fn the_longest_addresses_fit_into_a_line() {
    let (here, ann) = (host("mx.example.org"), ann());
    for filler in [" ", "+", "=", "\\\\", "\\x{41}", "\\x{41}      ", "ü", "😀", "x"] {
        let count = 230 / filler.len();
        let address = format!("\"ü{}\"@example.net", filler.repeat(count));
        let bob = path(&address);
        let original = format!("utf-8;{}@example.com", "ü".repeat(240));
        let original = OriginalRecipient::parse(&original).unwrap();
        let notices = [Notice::new(&bob, Action::Failed, "5.0.0".parse().unwrap()).with_original(&original)];
        for form in [Form::SevenBit, Form::International] {
            let report = Report::new(&ann, &here, &notices, NOW, 1)
                .unwrap()
                .with_form(form);
            let status = parts(&report)[1].1.clone();
            let status = Status::parse(&status).unwrap();
            assert_eq!(status.recipients[0].final_recipient.value, address);
            let kept = status.recipients[0].original_recipient.is_some();
            assert_eq!(kept, form == Form::International);
        }
    }
}
