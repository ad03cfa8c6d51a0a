//! The fields of the machine-readable part (RFC 3464 section 2).

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use smtp_proto::{
    trace::Date,
    types::{Hold, Host},
};

use super::{
    Action, Notice,
    clean::{Charset, clean, field, original_address, typed_address, utf8_address, whole_field},
    report::Report,
};

/// Writes the fields of the message (section 2.2), with an empty line at the end.
pub(super) fn message(report: &Report<'_>, charset: Charset) -> Vec<u8> {
    let mut out = Vec::new();
    let parameters = report.message.map(|(_, parameters)| parameters);
    if let Some(id) = parameters.and_then(|parameters| parameters.envelope_id()) {
        whole_field(&mut out, "Original-Envelope-Id", &id.decode());
    }
    field(&mut out, "Reporting-MTA", &mta(report.reporting, charset));
    if let Some((arrival, parameters)) = report.message {
        field(&mut out, "Arrival-Date", &Date(arrival).to_string());
        if let Some(by) = parameters.deliver_by() {
            let deadline = arrival.saturating_add_signed(by.seconds().into());
            field(&mut out, "Deliver-By-Date", &Date(deadline).to_string());
        }
        match parameters.hold() {
            Some(Hold::For(interval)) => {
                field(&mut out, "Future-Release-Request", &format!("for;{interval}"));
            }
            Some(Hold::Until(time)) => field(&mut out, "Future-Release-Request", &format!("until;{time}")),
            None => {}
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Writes the fields of a recipient (section 2.3), with an empty line at the end.
pub(super) fn recipient(notice: &Notice<'_>, charset: Charset) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(original) = notice.original {
        let value = match original_address(original) {
            (true, address) => utf8_address(&address, charset),
            (false, address) => format!("{}; {address}", original.address_type()),
        };
        whole_field(&mut out, "Original-Recipient", &value);
    }
    let address = typed_address(notice.address(), charset);
    whole_field(&mut out, "Final-Recipient", &address);
    field(&mut out, "Action", notice.action.as_str());
    field(&mut out, "Status", &notice.status.to_string());
    if let Some(host) = notice.remote {
        field(&mut out, "Remote-MTA", &mta(host, charset));
    }
    let reply = notice.reply.map(|reply| clean(reply, charset));
    if let Some(reply) = reply.filter(|reply| !reply.is_empty()) {
        field(&mut out, "Diagnostic-Code", &format!("smtp; {reply}"));
    }
    if let Some(time) = notice.last_attempt {
        field(&mut out, "Last-Attempt-Date", &Date(time).to_string());
    }
    if let Some(time) = notice.retried_until
        && notice.action == Action::Delayed
    {
        field(&mut out, "Will-Retry-Until", &Date(time).to_string());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Returns the name of a host with its type.
fn mta(host: &Host<'_>, charset: Charset) -> String {
    format!("dns; {}", name(host, charset))
}

/// Returns the name of a host. In ASCII, a domain has A-labels.
pub(super) fn name(host: &Host<'_>, charset: Charset) -> String {
    match (host, charset) {
        (Host::Domain(domain), Charset::Ascii) if !domain.is_ascii() => match domain.to_ascii() {
            Ok(ascii) => ascii.to_string(),
            Err(_) => clean(domain.as_str().as_bytes(), charset),
        },
        _ => host.to_string(),
    }
}
