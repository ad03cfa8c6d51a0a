use std::time::SystemTime;

use super::{Envelope, Message, Query, html, parts};

pub(super) fn message(content: &str) -> Message {
    let envelope = Envelope {
        from: "bounces@client.example".into(),
        to: vec!["carl@example.org".into()],
        ..Envelope::default()
    };
    let content = content.trim_start().replace('\n', "\r\n").into_bytes();
    Message::new(
        1,
        None,
        SystemTime::now(),
        envelope,
        content,
        super::LineFaults::default(),
    )
}

const MIXED: &str = r#"
From: "Ann A." <ann@client.example>
To: bob@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/related; boundary=inner

--inner
Content-Type: text/html

<p>Hello <img src="CID:logo@x"> <a href='https://example.org/a?b=1&amp;c=2'>go</a>
<a href="javascript:alert(1)">no</a></p>
--inner
Content-Type: image/png
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--inner--
--outer
Content-Type: application/pdf; name="report.pdf"
Content-Disposition: attachment; filename="report.pdf"
Content-Transfer-Encoding: base64

SGVsbG8=
--outer
Content-Type: message/rfc822

Subject: inner

The text, see http://inner.example/x.
--outer--
"#;

#[test]
fn the_list_has_the_decoded_header() {
    let message = message(MIXED);
    assert_eq!(message.summary.subject, "Grüße");
    assert_eq!(message.summary.from[0].name, "Ann A.");
    assert!(message.summary.has_html);
}

#[test]
fn the_tree_has_all_parts() {
    let message = message(MIXED);
    let tree = parts::tree(&message.parsed()).unwrap();
    assert_eq!(tree.media_type, "multipart/mixed");
    let kinds: Vec<_> = tree.parts.iter().map(|part| &part.media_type[..]).collect();
    assert_eq!(kinds, ["multipart/related", "application/pdf", "message/rfc822"]);
    let inner = &tree.parts[2].parts[0];
    let content = parts::content(&message.parsed(), &inner.id).unwrap();
    assert!(content.octets.starts_with(b"The text"));
    let report = &tree.parts[1];
    assert!(report.is_attachment);
    assert_eq!(report.name.as_deref(), Some("report.pdf"));
    assert_eq!(
        parts::content(&message.parsed(), &report.id).unwrap().octets,
        b"Hello"
    );
    assert_eq!(parts::content(&message.parsed(), "99"), None);
    assert_eq!(parts::content(&message.parsed(), "1.1"), None);
}

#[test]
fn images_of_the_message_are_in_its_html() {
    let message = message(MIXED);
    let html = html::html(&message.parsed()).unwrap();
    assert!(
        html.contains(r#"src="data:image/png;base64,iVBORw0KGgo=""#),
        "{html}"
    );
}

#[test]
fn only_links_of_the_web_are_listed() {
    let message = message(MIXED);
    let links = html::links(&message.parsed());
    let urls: Vec<_> = links.iter().map(|link| &link.url[..]).collect();
    assert_eq!(urls, ["https://example.org/a?b=1&c=2"]);
}

#[test]
fn a_search_looks_at_fields_and_text() {
    let message = message(MIXED);
    for words in [
        "grüSSe",
        "GRÜßE",
        "hello",
        "from:ann",
        "from:bounces",
        "to:carl to:bob",
        "subject:grü ann",
        "\"ann a\"",
        "",
    ] {
        let found = Query::words(words).fits(&message);
        assert_eq!(found, words != "grüSSe", "{words}");
    }
    for words in ["to:ann", "from:bob", "subject:hello", "hello there"] {
        assert!(!Query::words(words).fits(&message), "{words}");
    }
}

#[test]
fn octets_without_a_header_are_a_message() {
    for content in ["", "\n", "no header at all", "\u{0}\u{1}"] {
        let message = message(content);
        assert_eq!(message.summary.subject, "");
        let _ = (
            parts::tree(&message.parsed()),
            html::links(&message.parsed()),
            parts::text(&message.parsed()),
        );
    }
}

#[test]
fn a_large_image_is_not_filled_in_a_million_times() {
    let image = "A".repeat(1 << 20);
    let references = "<img src=cid:logo@x>\n".repeat(100_000);
    let content = MIXED
        .replace("iVBORw0KGgo=", &image)
        .replace("<p>Hello", &format!("{references}<p>Hello"));
    let message = message(&content);
    let html = html::html(&message.parsed()).unwrap();
    assert!(html.contains("data:image/png;base64,"));
    assert!(html.len() < 64 << 20, "{}", html.len());
}

#[test]
fn links_that_do_not_end_cost_no_more_than_others() {
    for begun in ["http", "<a href=\"", "<a href='http://", "http://x"] {
        let content = MIXED.replace("<p>Hello", &format!("{}\n<p>Hello", begun.repeat(300_000)));
        let links = html::links(&message(&content).parsed());
        assert!(links.iter().all(|link| link.url.len() <= 2048), "{begun}");
    }
}
