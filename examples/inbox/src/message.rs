//! Messages: the envelope, the octets, and the facts for the list and for searches.

pub(crate) mod html;
pub(crate) mod lines;
pub(crate) mod parts;
mod query;

use std::time::SystemTime;

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use serde::Serialize;
use smtp_proto::types::Body;

pub(crate) use self::{lines::LineFaults, query::Query};
use crate::warnings::{self, Warning};

/// Maximum characters of text that a search looks at.
const SEARCHED: usize = 256 * 1024;

/// A stored message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: u64,
    /// The session that brought it. `None` after a restart.
    pub(crate) session: Option<u64>,
    pub(crate) received: SystemTime,
    pub(crate) envelope: Envelope,
    /// The octets as the client sent them, but bare line ends are CRLF.
    pub(crate) content: Vec<u8>,
    pub(crate) summary: Summary,
    pub(crate) warnings: Vec<Warning>,
    /// Subject, addresses and text in lower case.
    searched: String,
    /// The name in the Maildir.
    pub(crate) file: Option<String>,
}

/// The envelope of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Envelope {
    /// The reverse-path; empty for a notification.
    pub(crate) from: String,
    /// The recipients that were accepted.
    pub(crate) to: Vec<String>,
    /// The parameters of MAIL.
    pub(crate) parameters: Vec<String>,
    #[serde(skip)]
    pub(crate) body: Option<Body>,
    #[serde(skip)]
    pub(crate) smtputf8: bool,
}

/// The facts of a header, for the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) subject: String,
    pub(crate) from: Vec<Person>,
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) reply_to: Vec<Person>,
    /// The field `Date`, in RFC 3339.
    pub(crate) date: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) size: usize,
    /// Attachments, without the pictures of the HTML.
    pub(crate) attachments: usize,
    pub(crate) has_html: bool,
}

/// An address of a header, with the name beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Message {
    pub(crate) fn new(
        id: u64,
        session: Option<u64>,
        received: SystemTime,
        envelope: Envelope,
        content: Vec<u8>,
        faults: LineFaults,
    ) -> Self {
        let parsed = parse(&content);
        let summary = Summary::new(&parsed, content.len());
        let warnings = warnings::of_message(&content, &parsed, &envelope, faults, received);
        let mut searched = String::new();
        let people = [&summary.from, &summary.to, &summary.cc, &summary.reply_to];
        for person in people.into_iter().flatten() {
            searched.push_str(&format!("{} {}\n", person.name, person.address));
        }
        searched.push_str(&format!("{}\n{}\n", envelope.from, envelope.to.join("\n")));
        searched.push_str(&format!("{}\n", summary.subject));
        searched.extend(parts::text(&parsed).chars().take(SEARCHED));
        Self {
            id,
            session,
            received,
            envelope,
            summary,
            warnings,
            searched: searched.to_lowercase(),
            content,
            file: None,
        }
    }

    pub(crate) fn with_file(self, file: String) -> Self {
        Self {
            file: Some(file),
            ..self
        }
    }

    /// The MIME structure.
    pub(crate) fn parsed(&self) -> mail_parser::Message<'_> {
        parse(&self.content)
    }
}

/// Always has a part: without one, most functions of the crate panic.
fn parse(content: &[u8]) -> mail_parser::Message<'_> {
    let parsed = MessageParser::default().parse(content);
    parsed
        .filter(|parsed| !parsed.parts.is_empty())
        .unwrap_or_else(|| mail_parser::Message {
            parts: vec![mail_parser::MessagePart::default()],
            ..mail_parser::Message::default()
        })
}

impl Summary {
    fn new(parsed: &mail_parser::Message<'_>, size: usize) -> Self {
        let is_html = |part: &mail_parser::MessagePart<'_>| matches!(part.body, PartType::Html(_));
        Self {
            subject: parsed.subject().unwrap_or_default().to_owned(),
            from: people(parsed.from()),
            to: parsed.all_to().flat_map(|all| people(Some(all))).collect(),
            cc: parsed.all_cc().flat_map(|all| people(Some(all))).collect(),
            reply_to: people(parsed.reply_to()),
            date: parsed.date().map(mail_parser::DateTime::to_rfc3339),
            message_id: parsed.message_id().map(str::to_owned),
            size,
            attachments: parsed
                .attachments()
                .filter(|part| part.content_id().is_none())
                .count(),
            has_html: parsed.html_bodies().any(is_html),
        }
    }
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let all = address.into_iter().flat_map(Address::iter);
    let person = |one: &mail_parser::Addr<'_>| Person {
        name: one.name().unwrap_or_default().to_owned(),
        address: one.address().unwrap_or_default().to_owned(),
    };
    all.map(person).collect()
}

#[cfg(test)]
mod tests;
