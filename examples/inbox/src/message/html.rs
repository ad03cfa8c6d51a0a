//! The HTML of a message, for a frame without scripts.

use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{Message, MimeHeaders, PartType};
use serde::Serialize;

use super::parts::{media_type, text};

/// Maximum links that are listed.
const MAX_LINKS: usize = 200;

/// Maximum octets of a link. A longer one is not listed.
const MAX_LINK: usize = 2048;

/// Maximum references to images that are filled in, and octets of these images: a small message could refer to a large image
/// a million times.
const MAX_REFERENCES: usize = 1000;
const MAX_IMAGES: usize = 32 << 20;

/// A link of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) url: String,
}

/// The HTML of a message. Images of the message itself (`cid:`) are in it as data, because nothing is loaded.
pub(crate) fn html(message: &Message<'_>) -> Option<String> {
    source(message).map(|html| with_images(message, &html))
}

/// The HTML as the message has it.
fn source(message: &Message<'_>) -> Option<String> {
    let all = message.html_bodies().filter_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    let html = all.collect::<Vec<_>>().join("\n");
    (!html.is_empty()).then_some(html)
}

fn with_images(message: &Message<'_>, html: &str) -> String {
    let mut filled = String::with_capacity(html.len());
    let (mut rest, mut left) = (html, MAX_IMAGES);
    for _ in 0..MAX_REFERENCES {
        let Some(at) = find_ignoring_case(rest, "cid:") else {
            break;
        };
        let (before, from) = rest.split_at(at);
        let id = from.get(4..).unwrap_or_default();
        let is_end =
            |character: char| matches!(character, '"' | '\'' | ')' | '>' | '<') || character.is_whitespace();
        let (id, after) = id.split_at(id.find(is_end).unwrap_or(id.len()));
        filled.push_str(before);
        match image(message, id, &mut left) {
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

/// The image with this Content-ID as a URL, if no more than these octets are left for it.
fn image(message: &Message<'_>, id: &str, left: &mut usize) -> Option<String> {
    let part = message.parts.iter().find(|part| part.content_id() == Some(id))?;
    let kind = media_type(part);
    let subtype = kind.strip_prefix("image/")?;
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    if !subtype.chars().all(is_plain) {
        return None;
    }
    *left = left.checked_sub(part.contents().len())?;
    Some(format!("data:{kind};base64,{}", STANDARD.encode(part.contents())))
}

/// The links in HTML and text, each once: those that a browser opens without danger, which are http and https.
pub(crate) fn links(message: &Message<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    let html = source(message).unwrap_or_default();
    let mut rest = &html[..];
    while let Some(at) = find_ignoring_case(rest, "href") {
        rest = rest.get(at + 4..).unwrap_or_default();
        let Some(value) = rest.trim_start().strip_prefix('=') else {
            continue;
        };
        let (url, after) = attribute(value.trim_start());
        note(&mut links, unescape(url));
        rest = after;
    }
    let text = text(message);
    let is_end = |character: char| character.is_whitespace() || "<>\"'`".contains(character);
    let mut rest = &text[..];
    while let Some(at) = rest.find("http") {
        let (url, after) = until(rest.get(at..).unwrap_or_default(), is_end);
        let url = url.trim_end_matches(['.', ',', ')', ';', ':', '!', '?', ']']);
        note(&mut links, url.to_owned());
        rest = after;
    }
    links
}

fn note(links: &mut Vec<Link>, url: String) {
    let lower = url.to_ascii_lowercase();
    let is_safe = lower.starts_with("https://") || lower.starts_with("http://");
    if is_safe && links.len() < MAX_LINKS && links.iter().all(|link| link.url != url) {
        links.push(Link { url });
    }
}

/// The value at the beginning of this text, in quotes or without, and the text after it.
fn attribute(text: &str) -> (&str, &str) {
    let (value, after) = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            until(text.get(1..).unwrap_or_default(), |character| character == quote)
        }
        _ => until(text, |character| character.is_whitespace() || character == '>'),
    };
    (value.trim(), after)
}

/// The text before the first of these characters, and the rest; empty if it is longer than a link may be. Each octet is
/// looked at once, however often a message begins a link that does not end.
fn until(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    let (beginning, beyond) = text.split_at(text.floor_char_boundary(MAX_LINK));
    match beginning.find(is_end) {
        Some(end) => text.split_at(end),
        None if beyond.is_empty() => (beginning, beyond),
        None => ("", beyond),
    }
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
