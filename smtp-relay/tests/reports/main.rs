//! Reports, read back by other programs: the crate `mail-parser`, and the package `email` of Python, where there is one.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a panic here is the report of a failed test"
)]

use std::{
    io::{ErrorKind, Write as _},
    process::{Command, Stdio},
};

use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use smtp_proto::types::{ForwardPath, Host, MailParameters, OriginalRecipient, ReversePath};
use smtp_relay::dsn::{Action, Form, Notice, Report, Returned, Status};

const NOW: u64 = 1_800_000_600;

/// The facts that a report is made of.
struct Sample {
    name: &'static str,
    recipients: &'static [(&'static str, Action, &'static str, &'static [u8])],
    original: Option<Returned<'static>>,
    form: Form,
    /// The output of Python's `email`.
    expected: &'static str,
}

const REFUSED: &[u8] = b"550-5.1.1 no such user\r\n550 5.1.1 here\r\n";

const SAMPLES: [Sample; 5] = [
    Sample {
        name: "a failure with the whole message",
        recipients: &[("bob@example.net", Action::Failed, "5.1.1", REFUSED)],
        original: Some(Returned::Full(b"Subject: t\r\nX: y\r\n\r\nhello\r\n")),
        form: Form::SevenBit,
        expected: "from: Mail Delivery System <MAILER-DAEMON@mx.example.org>
to: ann@example.org
subject: Your message was not delivered
auto-submitted: auto-replied
report-type: delivery-status
parts: text/plain message/delivery-status message/rfc822
text:     <bob@example.net>|    (you sent to Old+x@example.com)|    The server mx1.example.net replied:|        550-5.1.1 no such user 550 5.1.1 here
group
 Original-Envelope-Id: QQ+314
 Reporting-MTA: dns; mx.example.org
 Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: rfc822; bob@example.net
 Action: failed
 Status: 5.1.1
 Remote-MTA: dns; mx1.example.net
 Diagnostic-Code: smtp; 550-5.1.1 no such user 550 5.1.1 here
body: hello
original: Subject: t X: y
",
    },
    Sample {
        name: "a failure and a delay with the header",
        recipients: &[
            ("\"a  b\"@example.net", Action::Failed, "5.0.0", b"550 no\r\n\r\n--=_0000000000005eed--\r\n"),
            ("Carl@example.net", Action::Delayed, "4.4.1", b""),
        ],
        original: Some(Returned::Headers(b"Subject: t\r\n\r\nhello\r\n")),
        form: Form::EightBit,
        expected: "from: Mail Delivery System <MAILER-DAEMON@mx.example.org>
to: ann@example.org
subject: Your message was not delivered
auto-submitted: auto-replied
report-type: delivery-status
parts: text/plain message/delivery-status text/rfc822-headers
text:     <\"a b\"@example.net>|    (you sent to Old+x@example.com)|    The server mx1.example.net replied:|        550 no --=_0000000000005eed--
group
 Original-Envelope-Id: QQ+314
 Reporting-MTA: dns; mx.example.org
 Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: rfc822; \"a b\"@example.net
 Action: failed
 Status: 5.0.0
 Remote-MTA: dns; mx1.example.net
 Diagnostic-Code: smtp; 550 no --=_0000000000005eed--
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: rfc822; Carl@example.net
 Action: delayed
 Status: 4.4.1
 Remote-MTA: dns; mx1.example.net
original: Subject: t
",
    },
    Sample {
        name: "an address beyond ASCII in seven bits",
        recipients: &[("ü@example.net", Action::Failed, "5.1.1", "550 grüße".as_bytes())],
        original: Some(Returned::Full("Subject: ü\r\n\r\nhello\r\n".as_bytes())),
        form: Form::SevenBit,
        expected: "from: Mail Delivery System <MAILER-DAEMON@mx.example.org>
to: ann@example.org
subject: Your message was not delivered
auto-submitted: auto-replied
report-type: delivery-status
parts: text/plain message/delivery-status message/global-headers
text:     <ü@example.net>|    (you sent to Old+x@example.com)|    The server mx1.example.net replied:|        550 grüße
group
 Original-Envelope-Id: QQ+314
 Reporting-MTA: dns; mx.example.org
 Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: utf-8; \\x{FC}@example.net
 Action: failed
 Status: 5.1.1
 Remote-MTA: dns; mx1.example.net
 Diagnostic-Code: smtp; 550 gr\\x{FC}\\x{DF}e
original: Subject: ü
",
    },
    Sample {
        name: "an international report",
        recipients: &[("ü@example.net", Action::Failed, "5.1.1", "550 grüße".as_bytes())],
        original: Some(Returned::Headers("Subject: ü\r\n\r\nhello\r\n".as_bytes())),
        form: Form::International,
        expected: "from: Mail Delivery System <MAILER-DAEMON@mx.example.org>
to: ann@example.org
subject: Your message was not delivered
auto-submitted: auto-replied
report-type: global-delivery-status
parts: text/plain message/global-delivery-status message/global-headers
text:     <ü@example.net>|    (you sent to Old+x@example.com)|    The server mx1.example.net replied:|        550 grüße
group
 Original-Envelope-Id: QQ+314
 Reporting-MTA: dns; mx.example.org
 Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: utf-8; ü@example.net
 Action: failed
 Status: 5.1.1
 Remote-MTA: dns; mx1.example.net
 Diagnostic-Code: smtp; 550 grüße
body:
original: Subject: ü
",
    },
    Sample {
        name: "success without the original",
        recipients: &[("bob@example.net", Action::Relayed, "2.0.0", b"250 2.0.0 ok")],
        original: None,
        form: Form::SevenBit,
        expected: "from: Mail Delivery System <MAILER-DAEMON@mx.example.org>
to: ann@example.org
subject: Your message was passed on
auto-submitted: auto-replied
report-type: delivery-status
parts: text/plain message/delivery-status
text:     <bob@example.net>|    (you sent to Old+x@example.com)|    The server mx1.example.net replied:|        250 2.0.0 ok
group
 Original-Envelope-Id: QQ+314
 Reporting-MTA: dns; mx.example.org
 Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000
group
 Original-Recipient: rfc822; Old+x@example.com
 Final-Recipient: rfc822; bob@example.net
 Action: relayed
 Status: 2.0.0
 Remote-MTA: dns; mx1.example.net
 Diagnostic-Code: smtp; 250 2.0.0 ok
",
    },
];

impl Sample {
    fn message(&self) -> Vec<u8> {
        let ann = ReversePath::parse("ann@example.org").unwrap();
        let (here, there) = (
            Host::parse("mx.example.org").unwrap(),
            Host::parse("mx1.example.net").unwrap(),
        );
        let (parameters, original) = (
            MailParameters::parse("ENVID=QQ+2B314").unwrap(),
            OriginalRecipient::parse("rfc822;Old+2Bx@example.com").unwrap(),
        );
        let paths: Vec<_> = self
            .recipients
            .iter()
            .map(|one| ForwardPath::parse(one.0).unwrap())
            .collect();
        let notices: Vec<_> = paths
            .iter()
            .zip(self.recipients)
            .map(|(path, (_, action, status, reply))| {
                Notice::new(path, *action, status.parse().unwrap())
                    .with_original(&original)
                    .with_reply(&there, reply)
            })
            .collect();
        let mut report = Report::new(&ann, &here, &notices, NOW, 0x5eed)
            .unwrap()
            .with_message(NOW - 600, &parameters)
            .with_form(self.form);
        if let Some(original) = self.original {
            report = report.with_original(original);
        }
        report.pieces().flat_map(|piece| piece.into_owned()).collect()
    }
}

#[test]
fn mail_parser_reads_reports() {
    for sample in &SAMPLES {
        let octets = sample.message();
        let message = MessageParser::default().parse(&octets).unwrap();
        let root = message.content_type().unwrap();
        assert_eq!(
            (root.ctype(), root.subtype()),
            ("multipart", Some("report")),
            "{}",
            sample.name
        );
        let PartType::Multipart(parts) = &message.parts[0].body else {
            panic!("{}: {:?}", sample.name, message.parts[0]);
        };
        let parts: Vec<_> = parts
            .iter()
            .map(|part| &message.parts[usize::try_from(*part).unwrap()])
            .collect();
        assert_eq!(parts.len(), if sample.original.is_some() { 3 } else { 2 });
        assert!(parts.iter().all(|part| !part.is_encoding_problem));
        for (address, ..) in sample.recipients {
            let text = message.body_text(0).unwrap();
            assert!(
                text.contains(&address.replace("  ", " ")),
                "{}: {text}",
                sample.name
            );
        }
        let status = Status::parse(parts[1].contents()).unwrap();
        assert_eq!(status.recipients.len(), sample.recipients.len());
        for (read, (address, action, code, _)) in status.recipients.iter().zip(sample.recipients) {
            assert_eq!(read.final_recipient.value, *address);
            assert_eq!((read.action, &*read.status.to_string()), (*action, *code));
        }
        if let Some(original) = parts.get(2) {
            let text = match &original.body {
                PartType::Message(inner) => inner.subject().unwrap_or_default().to_owned(),
                _ => String::from_utf8_lossy(original.contents()).into_owned(),
            };
            assert!(
                text.contains('t') || text.contains('ü'),
                "{}: {text}",
                sample.name
            );
        }
    }
}

#[test]
fn python_reads_reports() {
    for sample in &SAMPLES {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/read.py");
        let python = Command::new("python3")
            .arg(script)
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut python = match python {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("python3 is not installed: skipped");
                return;
            }
            python => python.unwrap(),
        };
        python.stdin.take().unwrap().write_all(&sample.message()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", sample.name);
        let read = String::from_utf8(output.stdout).unwrap();
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&read), lines(sample.expected), "{}", sample.name);
    }
}
