//! Tests of the reader of reports.

use std::{borrow::ToOwned, format, string::String, string::ToString};

use super::{InvalidStatus, Status};
use crate::dsn::Action;

/// RFC 3464 appendix D, a failure; fields in another order and case, with a comment and a folded line.
const REPORT: &str = "reporting-mta: dns; cs.utk.edu\r\nX-Queue: 1\r\nOriginal-Envelope-Id: QQ+314=x\r\nArrival-Date: Thu, 7 Jul 1994 17:15:39 -0400\r\n\r\n\
    Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r\nFinal-Recipient: rfc822; louisl@larry.slip.umd.edu\r\nAction: failed\r\n\
    Status: 4.0.0 (nothing known)\r\nDiagnostic-Code: smtp; 426 connection\r\n timed out\r\n\tat last\r\nLast-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n\r\n\
    Action: Delayed\r\nFinal-Recipient: utf-8; \\x{FC}@example.net\r\nStatus: 4.4.7\r\nRemote-MTA: dns; mx.example.net\r\nWill-Retry-Until: x\r\nAction: failed\r\n";

#[test]
fn fields_are_read_in_any_order_case_and_folding() {
    for content in [
        REPORT.to_owned(),
        REPORT.replace("\r\n", "\n"),
        format!(
            "\r\n \r\n{}\r\n\r\n \t\r\n  ",
            REPORT.replace("\r\n\r\n", "\r\n\r\n \r\n\r\n")
        ),
        REPORT.trim_end().to_owned(),
    ] {
        let status = Status::parse(content.as_bytes()).unwrap();
        let message = &status.message;
        assert_eq!(
            (&*message.reporting_mta.kind, &*message.reporting_mta.value),
            ("dns", "cs.utk.edu")
        );
        assert_eq!(message.original_envelope_id.as_deref(), Some("QQ+314=x"));
        assert_eq!(
            (message.others[0].name, &*message.others[0].value),
            ("X-Queue", "1")
        );
        let [first, second] = &status.recipients[..] else {
            panic!("{status:?}")
        };
        assert_eq!(
            first.original_recipient.as_ref().unwrap().value,
            "louisl@larry.slip.umd.edu"
        );
        assert_eq!(
            (first.action, first.status.to_string()),
            (Action::Failed, "4.0.0".to_owned())
        );
        let diagnostic = first.diagnostic_code.as_ref().unwrap();
        assert_eq!(
            diagnostic.value.replace('\t', " "),
            "426 connection timed out at last"
        );
        assert_eq!(&*second.final_recipient.value, "ü@example.net");
        assert_eq!(
            (second.action, second.remote_mta.is_some()),
            (Action::Delayed, true)
        );
        assert_eq!(second.others.len(), 1, "the second Action");
    }
}

#[test]
fn each_fault_has_its_own_error() {
    let parse = |content: &str| Status::parse(content.as_bytes()).unwrap_err();
    let missing = |group, field| InvalidStatus::Missing { group, field };
    let value = |group, field| InvalidStatus::Value { group, field };
    let good = "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@c\nAction: failed\nStatus: 5.0.0\n";
    Status::parse(good.as_bytes()).unwrap();
    for (content, fault) in [
        (String::new(), missing(0, "Reporting-MTA")),
        (
            "Reporting-MTA: dns; a\n".to_owned(),
            missing(1, "Final-Recipient"),
        ),
        (good.replace("Reporting-MTA", "X"), missing(0, "Reporting-MTA")),
        (good.replace("dns; a", "a"), value(0, "Reporting-MTA")),
        (
            good.replace("Final-Recipient", "X"),
            missing(1, "Final-Recipient"),
        ),
        (good.replace("rfc822;", ""), value(1, "Final-Recipient")),
        (good.replace("Action", "X"), missing(1, "Action")),
        (good.replace("failed", "bounced"), value(1, "Action")),
        (good.replace("failed", ""), value(1, "Action")),
        (good.replace("Status", "X"), missing(1, "Status")),
        (good.replace("5.0.0", "5.0"), value(1, "Status")),
        (good.replace("5.0.0", "6.0.0"), value(1, "Status")),
        (good.replace("Action:", "Action"), InvalidStatus::Syntax(52)),
        (format!("no field\n\n{good}"), InvalidStatus::Syntax(0)),
        (format!(" folded: x\n{good}"), InvalidStatus::Syntax(0)),
        ("<html>".to_owned(), InvalidStatus::Syntax(0)),
        (
            format!(
                "Reporting-MTA: dns; a\n{}",
                "\nX: y\n".repeat(Status::MAX_RECIPIENTS + 1)
            ),
            InvalidStatus::TooMany,
        ),
    ] {
        assert_eq!(parse(&content), fault, "{content:.100}");
    }
}

#[test]
fn no_octets_panic_or_loop() {
    let base = REPORT.as_bytes();
    for end in 0..base.len() {
        let _ = Status::parse(&base[..end]);
    }
    for index in 0..base.len() {
        for octet in [0, b'\n', b'\r', b' ', b':', b';', 0xff] {
            let mut broken = base.to_vec();
            broken[index] = octet;
            let _ = Status::parse(&broken);
        }
    }
    for content in [
        &b"\r"[..],
        b"\r\r\n",
        b":\n",
        b"a:",
        b"a:\r",
        b"\xff: x",
        b"a: \xff\n\n",
        b" ",
        b"\n",
    ] {
        let _ = Status::parse(content);
    }
}
