//! The content of messages. Nothing of it may run, or load anything.

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Shared, api::problem};
use crate::message::{html as mail_html, parts};

/// For HTML of messages: no script, no frame, no form, and nothing from the network, not even from this server. `sandbox`
/// makes it a document of no origin, also if it is opened without the frame of the page.
const HTML_POLICY: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// For everything else of messages.
const OCTETS_POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// The HTML of a message.
pub(super) async fn html(State(site): Shared, Path(id): Path<u64>) -> Response {
    let message = site.store.message(id);
    match message.and_then(|message| mail_html::html(&message.parsed())) {
        Some(html) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, HTML_POLICY),
            ];
            (headers, html).into_response()
        }
        None => problem(StatusCode::NOT_FOUND, "no such message, or it has no HTML").into_response(),
    }
}

/// The parameters of the source.
#[derive(Debug, Deserialize)]
pub(super) struct SourceQuery {
    /// Any value: a file to keep.
    download: Option<String>,
}

/// The source of a message: its octets.
pub(super) async fn source(
    State(site): Shared,
    Path(id): Path<u64>,
    Query(query): Query<SourceQuery>,
) -> Response {
    let Some(message) = site.store.message(id) else {
        return problem(StatusCode::NOT_FOUND, "no such message").into_response();
    };
    let (kind, disposition) = match query.download {
        Some(_) => (
            "message/rfc822",
            format!("attachment; filename=\"message-{id}.eml\""),
        ),
        None => ("text/plain; charset=utf-8", "inline".to_owned()),
    };
    octets(kind.to_owned(), disposition, message.content.clone())
}

/// A part of a message, decoded, as a file to keep.
pub(super) async fn part(State(site): Shared, Path((id, part)): Path<(u64, String)>) -> Response {
    let message = site.store.message(id);
    let Some(content) = message.and_then(|message| parts::content(&message.parsed(), &part)) else {
        return problem(StatusCode::NOT_FOUND, "no such part").into_response();
    };
    let name = content
        .name
        .unwrap_or_else(|| format!("message-{id}-part-{part}"));
    let disposition = format!("attachment; filename*=UTF-8''{}", encoded(&name));
    let is_type = |character: char| character.is_ascii_alphanumeric() || "/.+-_".contains(character);
    let kind = content.media_type;
    let kind = if kind.chars().all(is_type) && kind.contains('/') {
        kind
    } else {
        "application/octet-stream".to_owned()
    };
    octets(kind, disposition, content.octets)
}

fn octets(kind: String, disposition: String, octets: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, OCTETS_POLICY.to_owned()),
    ];
    (headers, octets).into_response()
}

/// The name of a file as in RFC 8187, without directories.
fn encoded(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut encoded = String::new();
    for octet in name.bytes() {
        match octet {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => encoded.push(char::from(octet)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_of_files_are_harmless() {
        let cases = [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("a\"b\r\nX: y", "a%22b%0D%0AX%3A%20y"),
            ("<script>", "%3Cscript%3E"),
            ("ü.txt", "%C3%BC.txt"),
        ];
        for (name, expected) in cases {
            assert_eq!(super::encoded(name), expected);
        }
    }
}
