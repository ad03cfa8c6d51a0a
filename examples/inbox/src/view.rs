//! Messages and sessions as JSON.

use serde::Serialize;
use smtp_driver::Side;

use crate::{
    explain::{Explanation, explain},
    follow::state_name,
    message::{
        Envelope, Message, Summary,
        html::{Link, html, links},
        parts::{Part, is_text_of_html, text, tree},
    },
    session::Session,
    time::rfc3339,
    warnings::{Level, Warning, of_session},
};

/// The facts of a message.
#[derive(Debug, Serialize)]
struct MessageFacts<'m> {
    id: u64,
    session: Option<u64>,
    received: String,
    envelope: &'m Envelope,
    #[serde(flatten)]
    summary: &'m Summary,
}

impl<'m> MessageFacts<'m> {
    fn new(message: &'m Message) -> Self {
        Self {
            id: message.id,
            session: message.session,
            received: rfc3339(message.received),
            envelope: &message.envelope,
            summary: &message.summary,
        }
    }
}

/// A message in a list.
#[derive(Debug, Serialize)]
pub(crate) struct MessageItem<'m> {
    #[serde(flatten)]
    facts: MessageFacts<'m>,
    /// Warnings that are more than hints.
    warnings: usize,
}

impl<'m> MessageItem<'m> {
    pub(crate) fn new(message: &'m Message) -> Self {
        let is_fault = |warning: &&Warning| warning.level < Level::Hint;
        Self {
            facts: MessageFacts::new(message),
            warnings: message.warnings.iter().filter(is_fault).count(),
        }
    }
}

/// A whole message.
#[derive(Debug, Serialize)]
pub(crate) struct MessageView<'m> {
    #[serde(flatten)]
    facts: MessageFacts<'m>,
    headers: Vec<Field>,
    text: String,
    /// The message has no text part: the text is made of its HTML.
    text_is_of_html: bool,
    html: Option<String>,
    parts: Option<Part>,
    links: Vec<Link>,
    warnings: &'m [Warning],
}

/// A field of a header.
#[derive(Debug, Serialize)]
struct Field {
    name: String,
    value: String,
}

impl<'m> MessageView<'m> {
    pub(crate) fn new(message: &'m Message) -> Self {
        let parsed = message.parsed();
        let field = |(name, value): (&str, &str)| Field {
            name: name.to_owned(),
            value: value.trim().to_owned(),
        };
        Self {
            facts: MessageFacts::new(message),
            headers: parsed.headers_raw().map(field).collect(),
            text: text(&parsed),
            text_is_of_html: is_text_of_html(&parsed),
            html: html(&parsed),
            parts: tree(&parsed),
            links: links(&parsed),
            warnings: &message.warnings,
        }
    }
}

/// A session in a list.
#[derive(Debug, Serialize)]
pub(crate) struct SessionItem {
    id: u64,
    began: String,
    peer: String,
    client: Option<String>,
    is_tls: bool,
    is_open: bool,
    state: &'static str,
    /// The numbers of its messages.
    messages: Vec<u64>,
    /// Replies that refuse.
    refusals: usize,
    /// The result in one line.
    outcome: String,
}

impl SessionItem {
    pub(crate) fn new(session: &Session) -> Self {
        Self {
            id: session.id,
            began: rfc3339(session.began),
            peer: session.peer.clone(),
            client: session.client.clone(),
            is_tls: session.is_tls,
            is_open: session.closed.is_none(),
            state: state_name(session.state()),
            messages: session.brought.iter().map(|brought| brought.message).collect(),
            refusals: session.refusals,
            outcome: session.outcome(),
        }
    }
}

/// A whole session.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    #[serde(flatten)]
    item: SessionItem,
    /// The reason for the end.
    closed: Option<String>,
    lines: Vec<LineView>,
    /// Lines that were not kept.
    lines_lost: u64,
    /// The lines of the transaction of each message.
    transactions: Vec<TransactionView>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
struct TransactionView {
    message: u64,
    from: u64,
    to: u64,
}

#[derive(Debug, Serialize)]
struct LineView {
    number: u64,
    /// Milliseconds since the session began.
    ms: f64,
    /// `C`, `S`, or `-` for a note of the server.
    side: &'static str,
    text: String,
    /// The state of the server after the line.
    state: &'static str,
    #[serde(flatten)]
    explanation: Explanation,
}

impl SessionView {
    pub(crate) fn new(session: &Session) -> Self {
        let line = |line: &crate::session::Line| LineView {
            number: line.number,
            ms: (line.at.as_secs_f64() * 1e6).round() / 1e3,
            side: match line.side {
                Side::Client => "C",
                Side::Server => "S",
                Side::Driver => "-",
            },
            text: line.text.clone(),
            state: state_name(line.meaning.state),
            explanation: explain(line),
        };
        let transaction = |brought: &crate::session::Brought| TransactionView {
            message: brought.message,
            from: brought.from_line,
            to: brought.to_line,
        };
        Self {
            item: SessionItem::new(session),
            closed: session.closed.clone(),
            lines: session.lines().map(line).collect(),
            lines_lost: session.lines_lost(),
            transactions: session.brought.iter().map(transaction).collect(),
            warnings: of_session(session),
        }
    }
}
