//! The message: written by `mail-builder`, and described by `mail-parser`.

use std::{fmt::Write, io};

use mail_builder::MessageBuilder;
use mail_parser::{HeaderName, MessageParser, MimeHeaders};

/// A picture of 8 by 8 pixels in PNG: a smile.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x01, 0x00, 0x00, 0x00, 0x00, 0xec, 0x74, 0x83, 0x26, 0x00,
    0x00, 0x00, 0x15, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xb0, 0x61, 0x70, 0x62, 0x58, 0xca, 0xd0,
    0x08, 0xc4, 0x33, 0x81, 0x2c, 0x1b, 0x00, 0x1b, 0x10, 0x03, 0x61, 0xc2, 0x73, 0x72, 0x8c, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A message with text, HTML, an inline picture, and an attachment whose file name is not ASCII.
pub(crate) fn message() -> io::Result<Vec<u8>> {
    MessageBuilder::new()
        .from(("Alice", "alice@client.example"))
        .to(("Bob", "bob@mx.example"))
        .subject("Round trip")
        .message_id("roundtrip@client.example")
        .text_body("Hello Bob,\n\n.this line begins with a dot.\n\nAlice\n")
        .html_body("<p>Hello <b>Bob</b>, <img src=\"cid:picture\" alt=\"\"></p>")
        .inline("image/png", "picture", PICTURE)
        .attachment("text/plain", "Grüße aus Köln.txt", "Viele Grüße!\n".as_bytes())
        .write_to_vec()
}

/// Describes a stored message: its trace, its texts and its attachments.
pub(crate) fn describe(stored: &[u8]) -> Result<String, &'static str> {
    let message = MessageParser::default()
        .parse(stored)
        .ok_or("the stored octets are not a message")?;
    let received = message.header_raw(HeaderName::Received).unwrap_or_default();
    let received: Vec<&str> = received.split_ascii_whitespace().collect();
    let mut text = format!("Received:   {}\n", received.join(" "));
    let _ = writeln!(text, "Subject:    {}", message.subject().unwrap_or_default());
    let _ = writeln!(text, "text:       {:?}", message.body_text(0).unwrap_or_default());
    let _ = writeln!(text, "html:       {:?}", message.body_html(0).unwrap_or_default());
    for part in message.attachments() {
        let name = part.attachment_name().or(part.content_id()).unwrap_or("unnamed");
        let _ = writeln!(text, "attachment: {name:?}, {} octets", part.len());
    }
    Ok(text)
}
