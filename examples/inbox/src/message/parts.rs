//! The MIME parts of a message.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use serde::Serialize;

/// Maximum depth of messages within messages that are shown.
const MAX_DEPTH: usize = 20;

/// A part of a message, with the parts in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    /// Its name in the API: the index of the part, and after a dot that of a part in an attached message.
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) media_type: String,
    pub(crate) name: Option<String>,
    pub(crate) charset: Option<String>,
    pub(crate) encoding: Option<String>,
    pub(crate) disposition: Option<String>,
    pub(crate) content_id: Option<String>,
    /// Octets after decoding.
    pub(crate) size: usize,
    pub(crate) is_attachment: bool,
    pub(crate) parts: Vec<Self>,
}

/// The decoded content of a part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) media_type: String,
    pub(crate) name: Option<String>,
    pub(crate) octets: Vec<u8>,
}

/// The MIME tree.
pub(crate) fn tree(message: &Message<'_>) -> Option<Part> {
    message.parts.first().map(|root| part(message, "", 0, root, 0))
}

fn part(message: &Message<'_>, prefix: &str, index: usize, one: &MessagePart<'_>, depth: usize) -> Part {
    let id = format!("{prefix}{index}");
    let parts = match &one.body {
        _ if depth > MAX_DEPTH => Vec::new(),
        PartType::Multipart(ids) => {
            let child = |at: &u32| {
                let at = *at as usize;
                // A part holds only later ones, so this ends.
                let child = message.parts.get(at).filter(|_| at > index)?;
                Some(part(message, prefix, at, child, depth + 1))
            };
            ids.iter().filter_map(child).collect()
        }
        PartType::Message(inner) => {
            let root = inner.parts.first();
            let prefix = format!("{id}.");
            root.map(|root| part(inner, &prefix, 0, root, depth + 1))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    };
    let content_type = one.content_type();
    Part {
        media_type: media_type(one),
        name: one.attachment_name().map(str::to_owned),
        charset: content_type.and_then(|content_type| content_type.attribute("charset").map(str::to_owned)),
        encoding: one.content_transfer_encoding().map(str::to_owned),
        disposition: one
            .content_disposition()
            .map(|disposition| disposition.ctype().to_owned()),
        content_id: one.content_id().map(str::to_owned),
        size: one.contents().len(),
        is_attachment: u32::try_from(index).is_ok_and(|index| message.attachments.contains(&index)),
        parts,
        id,
    }
}

/// The media type of a part, with the default of its kind.
pub(crate) fn media_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(declared) => match declared.subtype() {
            Some(subtype) => format!("{}/{subtype}", declared.ctype()).to_ascii_lowercase(),
            None => declared.ctype().to_ascii_lowercase(),
        },
        None => match &part.body {
            PartType::Text(_) => "text/plain".into(),
            PartType::Html(_) => "text/html".into(),
            PartType::Message(_) => "message/rfc822".into(),
            _ => "application/octet-stream".into(),
        },
    }
}

/// The content of the part with this name in the API.
pub(crate) fn content(message: &Message<'_>, id: &str) -> Option<Content> {
    let (index, rest) = match id.split_once('.') {
        Some((index, rest)) => (index, Some(rest)),
        None => (id, None),
    };
    let part = message.parts.get(index.parse::<usize>().ok()?)?;
    match (rest, &part.body) {
        (Some(rest), PartType::Message(inner)) => content(inner, rest),
        (Some(_), _) => None,
        (None, body) => Some(Content {
            media_type: media_type(part),
            name: part.attachment_name().map(str::to_owned),
            octets: match body {
                PartType::Message(inner) => inner.raw_message().to_vec(),
                _ => part.contents().to_vec(),
            },
        }),
    }
}

/// The text of a message: its text parts, or its HTML as text.
pub(crate) fn text(message: &Message<'_>) -> String {
    let texts = (0..message.text_body_count()).filter_map(|index| message.body_text(index));
    texts.collect::<Vec<_>>().join("\n")
}

/// Returns true if the text is made of HTML.
pub(crate) fn is_text_of_html(message: &Message<'_>) -> bool {
    let is_html = |part: &MessagePart<'_>| matches!(part.body, PartType::Html(_));
    message.text_body_count() > 0 && message.text_bodies().all(is_html)
}
