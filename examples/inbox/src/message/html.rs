//! The HTML of a message, for a frame without scripts.

use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{Message, MimeHeaders, PartType};
use serde::Serialize;

use super::parts::{media_type, text};

/// Maximum links that are listed.
const MAX_LINKS: usize = 200;

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) url: String,
}

/// The HTML of a message. Images of the message itself (`cid:`) are in it as data, because nothing is loaded.
pub(crate) fn html(message: &Message<'_>) -> Option<String> {
    let all = message.html_bodies().filter_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    let html = all.collect::<Vec<_>>().join("\n");
    (!html.is_empty()).then(|| with_images(message, &html))
}

fn with_images(message: &Message<'_>, html: &str) -> String {
    let mut filled = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = find_ignoring_case(rest, "cid:") {
        let (before, from) = rest.split_at(at);
        let id = from.get(4..).unwrap_or_default();
        let is_end =
            |character: char| matches!(character, '"' | '\'' | ')' | '>' | '<') || character.is_whitespace();
        let (id, after) = id.split_at(id.find(is_end).unwrap_or(id.len()));
        filled.push_str(before);
        match image(message, id) {
            Some(data) => filled.push_str(&data),
            None => {
                filled.push_str("cid:");
                filled.push_str(id);
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The image with this Content-ID as a URL.
fn image(message: &Message<'_>, id: &str) -> Option<String> {
    let part = message.parts.iter().find(|part| part.content_id() == Some(id))?;
    let kind = media_type(part);
    let subtype = kind.strip_prefix("image/")?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    if !subtype.chars().all(is_plain) {
        return None;
    }
    Some(format!("data:{kind};base64,{}", STANDARD.encode(part.contents())))
}

/// The links in HTML and text, each once: those that a browser opens without danger, which are http and https.
pub(crate) fn links(message: &Message<'_>) -> Vec<Link> {
    let mut found = Vec::new();
    if let Some(html) = html(message) {
        let mut rest = &html[..];
        while let Some(at) = find_ignoring_case(rest, "href") {
            rest = rest.get(at + 4..).unwrap_or_default();
            if let Some(value) = rest.trim_start().strip_prefix('=') {
                found.push(unescape(attribute(value.trim_start())));
            }
        }
    }
    let text = text(message);
    for (at, _) in text.match_indices("http") {
        let from = text.get(at..).unwrap_or_default();
        let is_end = |character: char| character.is_whitespace() || "<>\"'`".contains(character);
        let url = from.split(is_end).next().unwrap_or_default();
        found.push(
            url.trim_end_matches(['.', ',', ')', ';', ':', '!', '?', ']'])
                .to_owned(),
        );
    }
    let mut links: Vec<Link> = Vec::new();
    for url in found {
        let lower = url.to_ascii_lowercase();
        let is_safe = lower.starts_with("https://") || lower.starts_with("http://");
        if is_safe && links.len() < MAX_LINKS && links.iter().all(|link| link.url != url) {
            links.push(Link { url });
        }
    }
    links
}

/// The value at the beginning of this text, in quotes or without.
fn attribute(text: &str) -> &str {
    let value = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text.get(1..).unwrap_or_default().split(quote).next(),
        _ => text
            .split(|character: char| character.is_whitespace() || character == '>')
            .next(),
    };
    value.unwrap_or_default().trim()
}

fn unescape(text: &str) -> String {
    let text = text
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<");
    text.replace("&gt;", ">").replace("&amp;", "&")
}

/// The position of a text in ASCII.
fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(wanted.len());
    windows.position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}
