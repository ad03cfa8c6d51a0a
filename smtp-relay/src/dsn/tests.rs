//! Tests of whole reports.

mod hostile;

use std::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use smtp_proto::types::{Body, ForwardPath, Host, MailParameters, Mailbox, OriginalRecipient, ReversePath};

use super::{Action, Form, Notice, Report, Returned, Status};

const NOW: u64 = 1_800_000_600;

const ALL: [Action; 5] = [
    Action::Failed,
    Action::Delayed,
    Action::Relayed,
    Action::Delivered,
    Action::Expanded,
];

fn path(text: &str) -> ForwardPath<'_> {
    ForwardPath::parse(text).unwrap()
}

fn host(text: &str) -> Host<'_> {
    Host::parse(text).unwrap()
}

fn ann() -> ReversePath<'static> {
    ReversePath::parse("ann@example.org").unwrap()
}

fn octets(report: &Report<'_>) -> Vec<u8> {
    report.pieces().flat_map(|piece| piece.into_owned()).collect()
}

fn text(report: &Report<'_>) -> String {
    String::from_utf8(octets(report)).unwrap()
}

/// The contents of the parts, and the rules of every report.
fn parts(report: &Report<'_>) -> Vec<(String, Vec<u8>)> {
    let whole = octets(report);
    let envelope = report.envelope();
    let parameters = envelope.parameters();
    assert!(
        envelope.reverse_path().mailbox().is_none(),
        "RFC 3461 section 6.1"
    );
    assert!(parameters.ret().is_none() && parameters.envelope_id().is_none());
    assert!(envelope.recipients()[0].parameters().notify().is_none());
    assert!(whole.is_ascii() || parameters.body() == Some(Body::EightBitMime));
    let (head, body) = split(&whole);
    let head = String::from_utf8(head.to_vec()).unwrap();
    assert!(head.is_ascii() || parameters.smtputf8());
    for name in ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version"] {
        assert_eq!(head.matches(&format!("{name}: ")).count(), 1, "{name}");
    }
    // RFC 3834 section 5.
    assert!(head.contains("\r\nAuto-Submitted: auto-replied\r\n"));
    assert!(head.contains("\r\nContent-Type: multipart/report; report-type="));
    for line in whole.split_inclusive(|octet| *octet == b'\n') {
        assert!(
            line.len() <= 1000 && line.ends_with(b"\r\n"),
            "{}",
            String::from_utf8_lossy(line)
        );
        assert!(
            !line[..line.len() - 2]
                .iter()
                .any(|octet| matches!(octet, b'\r' | 0))
        );
    }
    let (_, boundary) = head.split_once("boundary=\"").unwrap();
    let boundary = boundary.split('"').next().unwrap();
    let body = format!("\r\n{}", String::from_utf8_lossy(body));
    let delimiter = format!("\r\n--{boundary}");
    let mut pieces = body
        .split(&delimiter)
        .skip(1)
        .map(ToOwned::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(pieces.pop().unwrap(), "--\r\n");
    pieces
        .into_iter()
        .map(|piece| {
            let (head, content) = piece.split_once("\r\n\r\n").unwrap();
            (head.trim().to_owned(), content.as_bytes().to_vec())
        })
        .collect()
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message
        .windows(4)
        .position(|octets| octets == b"\r\n\r\n")
        .unwrap();
    (&message[..end + 2], &message[end + 4..])
}

fn failed<'a>(bob: &'a ForwardPath<'a>, there: &'a Host<'a>) -> Notice<'a> {
    Notice::new(bob, Action::Failed, "5.1.1".parse().unwrap())
        .with_reply(there, b"550 5.1.1 no such user here\r\n")
        .with_last_attempt(NOW - 60)
}

/// RFC 3464 sections 2.1 to 2.3, RFC 6522 section 3.
#[test]
fn a_failure_is_reported_in_three_parts() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    let ann = ann();
    let notices = [failed(&bob, &there)];
    let parameters = MailParameters::default();
    let report = Report::new(&ann, &here, &notices, NOW, 0x5eed)
        .unwrap()
        .with_message(NOW - 600, &parameters)
        .with_original(Returned::Full(b"Subject: t\r\n\r\nhello\r\n"));
    let expected = "Date: Fri, 15 Jan 2027 08:10:00 +0000\r\n\
        From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n\
        To: <ann@example.org>\r\n\
        Subject: Your message was not delivered\r\n\
        Message-ID: <dsn.1800000600.0000000000005eed@mx.example.org>\r\n\
        Auto-Submitted: auto-replied\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"=_0000000000005eed\"\r\n\
        \r\n\
        This is a report in MIME format.\r\n\
        \r\n\
        --=_0000000000005eed\r\n\
        Content-Type: text/plain; charset=us-ascii\r\n\
        Content-Transfer-Encoding: 7bit\r\n\
        \r\n\
        This is the mail server mx.example.org. It reports about the message that\r\n\
        you sent on Fri, 15 Jan 2027 08:00:00 +0000.\r\n\
        \r\n\
        The message was NOT delivered to the recipients below. It will not be tried\r\n\
        again. If the cause can be mended, send the message again.\r\n\
        \r\n    <bob@example.net>\r\n\
        \x20   The server mx1.example.net replied:\r\n\
        \x20       550 5.1.1 no such user here\r\n\
        \r\n\
        The next part of this report is for programs. The last part is your\r\n\
        message.\r\n\
        \r\n\
        --=_0000000000005eed\r\n\
        Content-Type: message/delivery-status\r\n\
        Content-Transfer-Encoding: 7bit\r\n\
        \r\n\
        Reporting-MTA: dns; mx.example.org\r\n\
        Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n\
        \r\n\
        Final-Recipient: rfc822; bob@example.net\r\n\
        Action: failed\r\n\
        Status: 5.1.1\r\n\
        Remote-MTA: dns; mx1.example.net\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 no such user here\r\n\
        Last-Attempt-Date: Fri, 15 Jan 2027 08:09:00 +0000\r\n\
        \r\n\
        --=_0000000000005eed\r\n\
        Content-Type: message/rfc822\r\n\
        Content-Transfer-Encoding: 7bit\r\n\
        \r\n\
        Subject: t\r\n\
        \r\n\
        hello\r\n\
        \r\n\
        --=_0000000000005eed--\r\n";
    assert_eq!(text(&report), expected);
    assert_eq!(parts(&report).len(), 3);
    let without = Report::new(&ann, &here, &notices, NOW, 1).unwrap();
    assert_eq!(
        parts(&without).len(),
        2,
        "RFC 6522 section 3: the third part may be missing"
    );
}

/// RFC 5321 section 6.1.
#[test]
fn the_null_sender_has_no_report() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    assert!(Report::new(&ReversePath::Null, &here, &[failed(&bob, &there)], NOW, 1).is_none());
    assert!(Report::new(&ann(), &here, &[], NOW, 1).is_none());
}

/// RFC 3464 sections 2.2 and 2.3, RFC 2852 section 5, RFC 4865 section 5.1.2.
#[test]
fn optional_fields_are_there_if_their_cause_is() {
    let (bob, here, there) = (
        path("@relay.example:Bob.X@example.net"),
        host("mx.example.org"),
        host("[192.0.2.1]"),
    );
    let ann = ann();
    let optional = [
        "Original-Envelope-Id",
        "Arrival-Date",
        "Deliver-By-Date",
        "Future-Release-Request",
        "Original-Recipient",
        "Remote-MTA",
        "Diagnostic-Code",
        "Last-Attempt-Date",
        "Will-Retry-Until",
    ];
    let bare = [Notice::new(&bob, Action::Delayed, "4.4.1".parse().unwrap())];
    let message = text(&Report::new(&ann, &here, &bare, NOW, 1).unwrap());
    for name in optional {
        assert!(!message.contains(name), "{name}");
    }
    let original = OriginalRecipient::parse("rfc822;Old+2Bx@example.com").unwrap();
    let parameters = MailParameters::parse("ENVID=QQ+2B314+3Dx BY=120;N HOLDFOR=60").unwrap();
    let notices = [bare[0]
        .clone()
        .with_original(&original)
        .with_reply(&there, b"451 later")
        .with_last_attempt(NOW)
        .with_retry_until(NOW + 60)];
    let report = Report::new(&ann, &here, &notices, NOW, 1)
        .unwrap()
        .with_message(NOW, &parameters);
    let message = text(&report);
    for name in optional {
        assert_eq!(message.matches(&format!("\r\n{name}: ")).count(), 1, "{name}");
    }
    for field in [
        "Original-Envelope-Id: QQ+314=x",
        "Original-Recipient: rfc822; Old+x@example.com",
        "Final-Recipient: rfc822; Bob.X@example.net",
        "Remote-MTA: dns; [192.0.2.1]",
        "Arrival-Date: Fri, 15 Jan 2027 08:10:00 +0000",
        "Deliver-By-Date: Fri, 15 Jan 2027 08:12:00 +0000",
        "Future-Release-Request: for;60",
        "Will-Retry-Until: Fri, 15 Jan 2027 08:11:00 +0000",
    ] {
        assert!(message.contains(&format!("\r\n{field}\r\n")), "{field}");
    }
    assert!(message.contains("It is tried until Fri, 15 Jan 2027 08:11:00 +0000."));
    assert!(message.contains("(you sent to Old+x@example.com)"));
    let parameters = MailParameters::parse("HOLDUNTIL=2027-01-15T09:00:00Z").unwrap();
    let until = report.clone().with_message(NOW, &parameters);
    assert!(text(&until).contains("\r\nFuture-Release-Request: until;2027-01-15T09:00:00Z\r\n"));
    // Only for delays (RFC 3464 section 2.3.9).
    for action in ALL {
        let notices = [Notice::new(&bob, action, "4.4.1".parse().unwrap()).with_retry_until(NOW)];
        let message = text(&Report::new(&ann, &here, &notices, NOW, 1).unwrap());
        assert_eq!(message.contains("Will-Retry-Until"), action == Action::Delayed);
    }
}

#[test]
fn each_action_has_its_text_and_the_worst_is_the_subject() {
    let (bob, here) = (path("bob@example.net"), host("mx.example.org"));
    let ann = ann();
    let notices: Vec<_> = ALL
        .iter()
        .rev()
        .map(|action| Notice::new(&bob, *action, "2.0.0".parse().unwrap()).with_explanation("so it is"))
        .collect();
    let report = Report::new(&ann, &here, &notices, NOW, 1).unwrap();
    let parts = parts(&report);
    let people = String::from_utf8(parts[0].1.clone())
        .unwrap()
        .replace("\r\n", " ");
    let places = [
        "NOT delivered",
        "YET",
        "sends no notice",
        "was delivered to",
        "lists or",
    ]
    .map(|words| people.find(words).unwrap_or_else(|| panic!("{words}: {people}")));
    assert!(places.is_sorted(), "{people}");
    assert_eq!(people.matches("    so it is. ").count(), 5);
    let status = Status::parse(&parts[1].1).unwrap();
    let actions: Vec<_> = status
        .recipients
        .iter()
        .map(|recipient| recipient.action)
        .rev()
        .collect();
    assert_eq!(actions, ALL);
    assert!(text(&report).contains("\r\nSubject: Your message was not delivered\r\n"));
}

/// RFC 6533 sections 3 and 6.
#[test]
fn only_an_international_report_needs_smtputf8() {
    let (bob, here, there) = (
        path("ü@example.net"),
        host("mx.example.org"),
        host("grüße.example"),
    );
    let ann = ann();
    let original = OriginalRecipient::parse("utf-8;\\x{E9}@example.com").unwrap();
    let notices = [failed(&bob, &there).with_original(&original)];
    let header = "Subject: ü\r\n";
    let report = |form| {
        Report::new(&ann, &here, &notices, NOW, 1)
            .unwrap()
            .with_original(Returned::Headers(header.as_bytes()))
            .with_form(form)
    };
    for form in [Form::SevenBit, Form::EightBit] {
        let report = report(form);
        let parts = parts(&report);
        assert!(octets(&report).is_ascii());
        assert!(parts[0].0.contains("quoted-printable"));
        assert_eq!(
            parts[1].0,
            "Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: 7bit"
        );
        let status = String::from_utf8(parts[1].1.clone()).unwrap();
        assert!(
            status.contains("\r\nFinal-Recipient: utf-8; \\x{FC}@example.net\r\n"),
            "{status}"
        );
        assert!(
            status.contains("Original-Recipient: utf-8; \\x{E9}@example.com\r\n"),
            "{status}"
        );
        assert!(
            status.contains("\r\nRemote-MTA: dns; xn--gre-6ka8l.example\r\n"),
            "{status}"
        );
        assert_eq!(
            parts[2].0,
            "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: base64"
        );
        assert!(!report.envelope().parameters().smtputf8());
        assert_eq!(report.envelope().parameters().body(), None);
    }
    let report = report(Form::International);
    let parts = parts(&report);
    assert!(report.envelope().parameters().smtputf8());
    assert!(text(&report).contains("report-type=global-delivery-status"));
    assert_eq!(
        parts[0].0,
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"
    );
    assert_eq!(
        parts[1].0,
        "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit"
    );
    let status = String::from_utf8(parts[1].1.clone()).unwrap();
    assert!(
        status.contains("\r\nFinal-Recipient: utf-8; ü@example.net\r\n"),
        "{status}"
    );
    assert_eq!(
        parts[2].0,
        "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit"
    );
    assert_eq!(parts[2].1, header.as_bytes());
}

#[test]
fn the_form_is_no_higher_than_needed_and_high_enough_for_the_sender() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    let ann = ann();
    let notices = [failed(&bob, &there)];
    let plain = Report::new(&ann, &here, &notices, NOW, 1)
        .unwrap()
        .with_form(Form::International);
    assert!(!plain.envelope().needs_smtputf8() && plain.envelope().parameters().body().is_none());
    assert!(text(&plain).contains("report-type=delivery-status"));
    let body = plain.with_original(Returned::Full(b"Subject: t\r\n\r\n\xff\r\n"));
    assert_eq!(body.envelope().parameters().body(), Some(Body::EightBitMime));
    assert!(!body.envelope().parameters().smtputf8());
    assert_eq!(parts(&body).len(), 3);
    let sender = ReversePath::parse("änn@example.org").unwrap();
    let report = Report::new(&sender, &here, &notices, NOW, 1).unwrap();
    assert!(report.envelope().parameters().smtputf8());
    assert!(text(&report).contains("\r\nTo: <änn@example.org>\r\n"));
    let from = Mailbox::parse("böb@mx.example.org").unwrap();
    let report = Report::new(&ann, &here, &notices, NOW, 1)
        .unwrap()
        .with_from(&from);
    assert!(report.envelope().parameters().smtputf8());
    assert!(text(&report).contains("\r\nFrom: Mail Delivery System <böb@mx.example.org>\r\n"));
    // The name of this host has an ASCII form.
    let here = host("grüße.example");
    let report = Report::new(&ann, &here, &notices, NOW, 1).unwrap();
    assert!(octets(&report).is_ascii());
    assert_eq!(parts(&report).len(), 2);
}

/// RFC 8689 section 5, RFC 6710 section 4.6.
#[test]
fn the_parameters_of_the_message_bind_the_report() {
    let (bob, here, there) = (
        path("bob@example.net"),
        host("mx.example.org"),
        host("mx1.example.net"),
    );
    let (ann, notices) = (ann(), [failed(&bob, &there)]);
    let report = |parameters| {
        Report::new(&ann, &here, &notices, NOW, 1)
            .unwrap()
            .with_message(NOW, parameters)
            .with_original(Returned::Full(b"Subject: t\r\n\r\nhello\r\n"))
    };
    let parameters = MailParameters::parse("REQUIRETLS RET=FULL MT-PRIORITY=3").unwrap();
    let secret = report(&parameters);
    assert!(!text(&secret).contains("hello"));
    assert!(parts(&secret)[2].0.contains("text/rfc822-headers"));
    let priority = secret.envelope().parameters().priority();
    assert_eq!(
        priority.map(|priority| priority.to_string()).as_deref(),
        Some("3")
    );
    let parameters = MailParameters::parse("RET=FULL").unwrap();
    assert!(text(&report(&parameters)).contains("hello"));
    assert_eq!(report(&parameters).envelope().parameters().priority(), None);
}
