//! The human-readable part.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write as _;

use smtp_proto::trace::Date;

use super::{
    Action, Notice,
    clean::{Charset, clean, original_address, wrap},
    original::Part,
    report::Report,
};

/// Returns the subject of a report, by its worst notice.
pub(super) fn subject(notices: &[Notice<'_>]) -> &'static str {
    let worst = notices.iter().map(|notice| notice.action).min();
    match worst {
        Some(Action::Failed) => "Your message was not delivered",
        Some(Action::Delayed) => "Your message is delayed",
        Some(Action::Relayed) => "Your message was passed on",
        Some(Action::Expanded) | Some(Action::Delivered) | None => "Your message was delivered",
    }
}

/// Returns the first paragraph.
pub(super) fn opening(report: &Report<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut text = format!("This is the mail server {}. ", report.reporting);
    match report.message {
        Some((arrival, _)) => {
            let _infallible = write!(
                text,
                "It reports about the message that you sent on {}.",
                Date(arrival)
            );
        }
        None => text.push_str("It reports about a message that you sent."),
    }
    paragraph(&mut out, &text);
    out
}

/// Returns the heading of the notices with this action.
pub(super) fn heading(action: Action) -> Vec<u8> {
    let mut out = Vec::new();
    paragraph(
        &mut out,
        match action {
            Action::Failed => {
                "The message was NOT delivered to the recipients below. It will not be tried again. If the cause can be mended, send the message again."
            }
            Action::Delayed => {
                "The message was not delivered to the recipients below YET. It is tried again, and you need not send it again."
            }
            Action::Relayed => {
                "The message was passed on for the recipients below, to a server that sends no notice of delivery. You may get no other notice about them."
            }
            Action::Delivered => "The message was delivered to the recipients below.",
            Action::Expanded => {
                "The message was passed on to the members of the recipients below, which are lists or aliases."
            }
        },
    );
    out
}

/// Returns the paragraph about a recipient.
pub(super) fn recipient(notice: &Notice<'_>, charset: Charset) -> Vec<u8> {
    let mut out = Vec::new();
    line(
        &mut out,
        &clean(format!("<{}>", notice.address()).as_bytes(), charset),
    );
    if let Some(original) = notice.original {
        let (_, address) = original_address(original);
        if address != notice.address() {
            line(
                &mut out,
                &clean(format!("(you sent to {address})").as_bytes(), charset),
            );
        }
    }
    let reply = notice.reply.map(|reply| clean(reply, charset));
    match (notice.remote, reply.filter(|reply| !reply.is_empty())) {
        (Some(host), Some(reply)) => {
            line(
                &mut out,
                &clean(format!("The server {host} replied:").as_bytes(), charset),
            );
            deeper(&mut out, &reply);
        }
        (Some(host), None) => {
            let verb = match notice.action {
                Action::Failed | Action::Delayed => "The last server was",
                _ => "The server that took it is",
            };
            line(&mut out, &clean(format!("{verb} {host}.").as_bytes(), charset));
        }
        (None, Some(reply)) => deeper(&mut out, &reply),
        (None, None) => {}
    }
    if let Some(explanation) = notice.explanation {
        line(&mut out, &clean(format!("{explanation}.").as_bytes(), charset));
    }
    if let Some(time) = notice.retried_until
        && notice.action == Action::Delayed
    {
        line(&mut out, &format!("It is tried until {}.", Date(time)));
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Returns the last paragraph, about the following parts.
pub(super) fn closing(part: Option<&Part<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    let rest = match part {
        Some(part) if part.full => " The last part is your message.",
        Some(_) => " The last part is the header of your message.",
        None => "",
    };
    paragraph(
        &mut out,
        &format!("The next part of this report is for programs.{rest}"),
    );
    out
}

/// Encodes whole lines as quoted-printable (RFC 2045 section 6.7).
pub(super) fn quoted_printable(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        let mut used = 0;
        for (index, octet) in text.iter().enumerate() {
            let plain =
                matches!(octet, b'!'..=b'<' | b'>'..=b'~') || *octet == b' ' && index + 1 < text.len();
            let columns = if plain { 1 } else { 3 };
            // The `=` of a soft line break takes one of the 76 columns.
            if used + columns > 75 {
                out.extend_from_slice(b"=\r\n");
                used = 0;
            }
            if plain {
                out.push(*octet);
            } else {
                let mut hex = String::new();
                let _infallible = write!(hex, "={octet:02X}");
                out.extend_from_slice(hex.as_bytes());
            }
            used += columns;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn paragraph(out: &mut Vec<u8>, text: &str) {
    let mut lines = Vec::new();
    wrap(&mut lines, text, 0, "");
    // Remove the space before the first word.
    out.extend_from_slice(lines.get(1..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"   ");
    wrap(out, text, 3, "    ");
}

fn deeper(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"       ");
    wrap(out, text, 7, "        ");
}

#[cfg(test)]
mod tests;
