//! Warnings about the octets of a message.

use std::time::SystemTime;

use mail_parser::{Message, PartType};
use smtp_proto::types::Body;

use super::{
    Level::{Hint, Refused, Warning as Bad},
    Warning,
};
use crate::{
    message::{Envelope, LineFaults},
    rfc::rfc,
    time::unix_time,
};

/// Longest line without CRLF (RFC 5322 section 2.1.1).
const MAX_LINE: usize = 998;

/// Fields that a header has once at most (RFC 5322 section 3.6).
const SINGLE: [&str; 10] = [
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
];

/// Seconds by which the clock of a client may differ.
const DAY: i64 = 24 * 60 * 60;

/// The warnings about a message.
pub(crate) fn of_message(
    content: &[u8],
    parsed: &Message<'_>,
    envelope: &Envelope,
    faults: LineFaults,
    received: SystemTime,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let names = field_names(content);
    line_ends(&mut warnings, faults);
    octets(&mut warnings, content, envelope);
    fields(&mut warnings, &names, parsed, received);
    structure(&mut warnings, &names, parsed);
    envelopes(&mut warnings, &names, parsed, envelope);
    warnings.sort_by_key(|warning| warning.level);
    warnings
}

fn line_ends(warnings: &mut Vec<Warning>, faults: LineFaults) {
    let kinds = [
        ("LF without CR", faults.bare_lf),
        ("CR without LF", faults.bare_cr),
    ];
    for (kind, number) in kinds.into_iter().filter(|(_, number)| *number > 0) {
        warnings.push(Warning::new(
            Refused,
            format!("{number} × {kind}, first in line {}", faults.first),
            "Lines end with CRLF. Bare line ends allow mail to be smuggled, so servers refuse them since 2024. Here they were made CRLF.",
            rfc(5321, "2.3.8"),
        ));
    }
}

fn octets(warnings: &mut Vec<Warning>, content: &[u8], envelope: &Envelope) {
    let header = header(content);
    let longest = content
        .split(|octet| *octet == b'\n')
        .map(|line| line.trim_ascii_end().len());
    let longest = longest.max().unwrap_or(0);
    if longest > MAX_LINE && envelope.body != Some(Body::BinaryMime) {
        warnings.push(Warning::new(
            Refused,
            format!("a line of {longest} octets"),
            "A line has at most 998 octets. Servers refuse longer ones, or break them, which makes signatures invalid. Encode the body as quoted-printable or base64, and fold header fields.",
            rfc(5322, "2.1.1"),
        ));
    }
    if content.contains(&0) && envelope.body != Some(Body::BinaryMime) {
        warnings.push(Warning::new(
            Refused,
            "a NUL octet",
            "NUL is not allowed in a message. Encode binary data as base64.",
            rfc(5322, "2.2"),
        ));
    }
    if !header.is_ascii() && !envelope.smtputf8 {
        warnings.push(Warning::new(
            Refused,
            "a header beyond ASCII without SMTPUTF8",
            "Encode the text as in RFC 2047 (=?utf-8?q?...?=), or send MAIL with SMTPUTF8 to servers that offer it.",
            rfc(6531, "3.1"),
        ));
    }
    let is_eight_bit = matches!(envelope.body, Some(Body::EightBitMime | Body::BinaryMime));
    if !content.is_ascii() && !is_eight_bit {
        warnings.push(Warning::new(
            Bad,
            "octets beyond ASCII without BODY=8BITMIME",
            "The client promised 7-bit content by not saying otherwise. A relay to a 7-bit server cannot know that it must convert it.",
            rfc(6152, "3"),
        ));
    }
}

fn fields(warnings: &mut Vec<Warning>, names: &[String], parsed: &Message<'_>, received: SystemTime) {
    let has = |name: &str| names.iter().any(|other| other == name);
    let required = [
        (
            "from",
            "no From",
            "From is required. Many servers refuse a message without it.",
        ),
        (
            "date",
            "no Date",
            "Date is required. Submission servers add it; others refuse the message or rate it as spam.",
        ),
    ];
    for (_, title, detail) in required.into_iter().filter(|(name, ..)| !has(name)) {
        warnings.push(Warning::new(Refused, title, detail, rfc(5322, "3.6")));
    }
    if !has("message-id") {
        let detail = "A message should have a unique Message-ID. Large providers refuse or downgrade mail without one, and replies lose their thread.";
        warnings.push(Warning::new(Refused, "no Message-ID", detail, rfc(5322, "3.6.4")));
    }
    for name in SINGLE {
        let number = names.iter().filter(|other| *other == name).count();
        if number > 1 {
            let detail = "This field may be in a header once. Large providers refuse a message with two of them, because readers differ in which one they show.";
            let title = format!("{number} fields {name}");
            warnings.push(Warning::new(Refused, title, detail, rfc(5322, "3.6")));
        }
    }
    if has("from")
        && parsed
            .from()
            .and_then(mail_parser::Address::first)
            .is_none_or(|from| from.address().is_none())
    {
        let detail = "From must have an address such as Ann <ann@example.org>.";
        warnings.push(Warning::new(
            Refused,
            "From without an address",
            detail,
            rfc(5322, "3.6.2"),
        ));
    }
    let date = parsed
        .date()
        .filter(|date| date.is_valid())
        .map(mail_parser::DateTime::to_timestamp);
    match date {
        None if has("date") => {
            let detail = "Write it as in Sat, 28 Nov 2026 22:17:00 +0000, with English names.";
            warnings.push(Warning::new(
                Bad,
                "a Date that cannot be read",
                detail,
                rfc(5322, "3.3"),
            ));
        }
        Some(date) if (date - unix_time(received)).abs() > DAY => {
            let detail = "The Date is more than a day away from now. Filters take that for a sign of spam; is the clock right?";
            warnings.push(Warning::new(
                Hint,
                "a Date that is far from now",
                detail,
                rfc(5322, "3.6.1"),
            ));
        }
        _ => {}
    }
    let is_id = |id: &str| {
        id.split_once('@')
            .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
    };
    if has("message-id") && !parsed.message_id().is_some_and(is_id) {
        let detail = "It has the form <unique@domain>, with the angle brackets.";
        warnings.push(Warning::new(
            Bad,
            "a malformed Message-ID",
            detail,
            rfc(5322, "3.6.4"),
        ));
    }
    if has("bcc") {
        let detail = "Remove the field before sending: every recipient can read it. The envelope alone says who gets the message.";
        warnings.push(Warning::new(
            Bad,
            "Bcc is in the message",
            detail,
            rfc(5322, "3.6.3"),
        ));
    }
    if has("return-path") {
        let detail = "The server that delivers adds this field, from MAIL FROM. A sender must not.";
        warnings.push(Warning::new(
            Bad,
            "Return-Path is in the message",
            detail,
            rfc(5321, "4.4"),
        ));
    }
    if !has("subject") {
        let detail = "Allowed, but filters take an empty subject for a sign of spam.";
        warnings.push(Warning::new(Hint, "no Subject", detail, rfc(5322, "3.6.5")));
    }
}

fn structure(warnings: &mut Vec<Warning>, names: &[String], parsed: &Message<'_>) {
    let has = |name: &str| names.iter().any(|other| other == name);
    if has("content-type") && !has("mime-version") {
        let detail = "Without MIME-Version: 1.0 a reader may ignore Content-Type, and show the source.";
        warnings.push(Warning::new(Bad, "no MIME-Version", detail, rfc(2045, "4")));
    }
    let is_html = |part: &mail_parser::MessagePart<'_>| matches!(part.body, PartType::Html(_));
    if parsed.html_bodies().any(is_html) && parsed.text_bodies().all(is_html) {
        let detail = "Readers that show only text, and filters, want a text/plain part beside the HTML: multipart/alternative, the text first.";
        warnings.push(Warning::new(
            Hint,
            "HTML without a text part",
            detail,
            rfc(2046, "5.1.4"),
        ));
    }
    if parsed.parts.iter().any(|part| part.is_encoding_problem) {
        let detail = "A part is not what its Content-Transfer-Encoding or its boundary says. Readers show it in part or not at all.";
        warnings.push(Warning::new(
            Bad,
            "a part that cannot be decoded",
            detail,
            rfc(2045, "6"),
        ));
    }
}

fn envelopes(warnings: &mut Vec<Warning>, names: &[String], parsed: &Message<'_>, envelope: &Envelope) {
    let has = |name: &str| names.iter().any(|other| other == name);
    if !has("to") && !has("cc") && !has("bcc") {
        let detail = "Allowed, but filters take a message that names no recipient for a sign of spam.";
        warnings.push(Warning::new(
            Hint,
            "neither To nor Cc",
            detail,
            rfc(5322, "3.6.3"),
        ));
    }
    let domain = |address: &str| {
        address
            .rsplit_once('@')
            .map(|(_, domain)| domain.to_ascii_lowercase())
    };
    let from = parsed.from().and_then(mail_parser::Address::first);
    let from = from.and_then(|from| from.address()).and_then(domain);
    let is_aligned = |sender: &str, from: &str| {
        let is_below = |one: &str, other: &str| {
            one.strip_suffix(other)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        is_below(sender, from) || is_below(from, sender)
    };
    if let (Some(from), Some(sender)) = (from, domain(&envelope.from))
        && !is_aligned(&sender, &from)
    {
        warnings.push(Warning::new(
            Hint,
            format!("From is at {from}, the envelope's sender at {sender}"),
            "SPF then does not count for DMARC, so the message needs a DKIM signature of the domain in From.",
            rfc(7489, "3.1"),
        ));
    }
}

/// The names of the fields in the header, in lower case.
fn field_names(content: &[u8]) -> Vec<String> {
    let header = header(content);
    let lines = header.split(|octet| *octet == b'\n');
    let name = |line: &[u8]| {
        let end = line.iter().position(|octet| *octet == b':')?;
        let name = line.get(..end)?.trim_ascii_end();
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        is_name.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
    };
    lines.filter_map(name).collect()
}

/// The header, with its line ends.
fn header(content: &[u8]) -> &[u8] {
    let end = content.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| content.get(..end + 2)).unwrap_or(content)
}
