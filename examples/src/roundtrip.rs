//! Settings, message and report of the `roundtrip` examples.

use std::{
    error::Error,
    fmt::{self, Write},
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use mail_builder::MessageBuilder;
use mail_parser::{Message, MessageParser, MimeHeaders};
use smtp_driver::{About, ServeOptions};
use smtp_proto::{
    TlsInfo,
    client::{self, Receipt},
    sasl::{Credentials, Secret},
    server,
    types::{Envelope, ForwardPath, Host, Printable, ReversePath},
};
use smtp_rustls::{ClientTls, Identity, ServerSettings};
use tempfile::TempDir;

use crate::{
    site::{Disk, Site},
    store::Store,
    users::{self, Users},
};

/// A picture of 8 by 8 pixels in PNG: a smile.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x01, 0x00, 0x00, 0x00, 0x00, 0xec, 0x74, 0x83, 0x26, 0x00,
    0x00, 0x00, 0x15, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xb0, 0x61, 0x70, 0x62, 0x58, 0xca, 0xd0,
    0x08, 0xc4, 0x33, 0x81, 0x2c, 0x1b, 0x00, 0x1b, 0x10, 0x03, 0x61, 0xc2, 0x73, 0x72, 0x8c, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Lines of the message that the transcript shows at its beginning, and at its end.
const SHOWN: usize = 6;

/// The first octet of a TLS record that belongs to a handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// A server and a client that fit. The server has a self-signed certificate, which is the only one that the client
/// trusts, and one user with a random password. It stores messages in a directory that lives as long as this.
#[derive(Debug)]
#[non_exhaustive]
pub struct Setting<D> {
    /// The configuration of the server's sessions.
    pub server: Arc<server::Config>,
    /// Their TLS settings.
    pub options: ServeOptions,
    /// Their service.
    pub site: Arc<Site<D>>,
    /// The configuration of the client's session.
    pub client: Arc<client::Config>,
    /// Its TLS settings.
    pub client_tls: ClientTls,
    /// The envelope.
    pub envelope: Envelope,
    /// The message.
    pub message: Vec<u8>,
    folder: TempDir,
    server_knows: Arc<Mutex<String>>,
}

impl<D: Disk> Setting<D> {
    /// Creates a certificate, a password and a directory.
    ///
    /// # Errors
    ///
    /// If one of them cannot be created.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let password = Secret::from(users::random_text()?);
        let users = Users::new([("alice".to_owned(), password.clone())], [])?;
        let hostname = Host::parse("mx.example")?;
        let server = server::Config::submission(hostname.clone(), users.mechanisms());
        let identity = Identity::self_signed(["mx.example"])?;
        let client_tls = ClientTls::trusting(&identity.to_roots()?, "mx.example")?;
        let mut options = ServeOptions::default();
        options.tls = Some(Arc::new(ServerSettings::new(identity).build()?));
        let folder = tempfile::tempdir()?;
        let server_knows = Arc::new(Mutex::new(String::new()));
        let knowledge = Arc::clone(&server_knows);
        let site = Site::new(hostname, Store::maildir(folder.path())?, users).on_stored(move |about| {
            *knowledge.lock().unwrap_or_else(PoisonError::into_inner) = self::server_knows(about);
        });
        let credentials = Credentials::password("alice", password);
        let from = ReversePath::parse("alice@client.example")?;
        Ok(Self {
            server: Arc::new(server),
            options,
            site: Arc::new(site),
            client: Arc::new(client::Config::submission("client.example".parse()?, credentials)),
            client_tls,
            envelope: Envelope::new(from).recipient(ForwardPath::parse("bob@mx.example")?),
            message: message()?,
            folder,
            server_knows,
        })
    }

    /// The stored message.
    fn stored(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut files = fs::read_dir(self.folder.path().join("new"))?;
        match (files.next(), files.next()) {
            (Some(file), None) => Ok(fs::read(file?.path())?),
            _ => Err("one message was sent, but the number of stored ones differs".into()),
        }
    }

    /// Writes the report, once the session is over.
    ///
    /// # Errors
    ///
    /// If the message was not stored as it was sent.
    pub fn report(
        &self,
        transcript: &Transcript,
        client_knows: Option<&TlsInfo>,
        receipt: &Receipt,
        report: &mut String,
    ) -> Result<(), Box<dyn Error>> {
        writeln!(report, "The session:\n\n{transcript}")?;
        if !receipt.all_accepted() {
            return Err("the message was not accepted".into());
        }
        let stored = self.stored()?;
        let received = received(&stored);
        writeln!(report, "What both sides know:\n")?;
        writeln!(report, "client:     {}", self::client_knows(client_knows))?;
        writeln!(
            report,
            "server:     {}",
            self.server_knows.lock().unwrap_or_else(PoisonError::into_inner)
        )?;
        writeln!(report, "{received}\n")?;
        let (sent, kept) = (self.message.len(), stored.len());
        writeln!(report, "What arrived ({sent} octets sent, {kept} stored):\n")?;
        writeln!(report, "{}", describe(&stored)?)?;
        if !received.contains(" with ESMTPSA") {
            return Err("the message was not taken from a user under TLS".into());
        }
        if !stored.ends_with(&self.message) {
            return Err("the stored message is not the one that was sent".into());
        }
        writeln!(
            report,
            "Behind its trace lines the stored message equals the one that was sent, octet by octet."
        )?;
        Ok(())
    }
}

/// The facts of a client about its TLS session.
fn client_knows(tls: Option<&TlsInfo>) -> String {
    let Some(info) = tls else {
        return "no TLS".to_owned();
    };
    let or_unknown = |fact: Option<&str>| fact.unwrap_or("unknown").to_owned();
    let (protocol, cipher) = (info.protocol.as_deref(), info.cipher.as_deref());
    format!("{}, {}", or_unknown(protocol), or_unknown(cipher))
}

/// The facts of a server about its TLS session and the client.
fn server_knows(about: &About) -> String {
    let tls = client_knows(about.tls());
    match (about.identity(), about.mechanism()) {
        (Some(identity), Some(mechanism)) => format!("{tls}, {identity:?} by {mechanism}"),
        _ => format!("{tls}, nobody in particular"),
    }
}

/// The `Received` field on top of what was stored; empty if there is none.
fn received(stored: &[u8]) -> String {
    let text = String::from_utf8_lossy(stored);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("Received:"));
    let first = lines.next().unwrap_or_default();
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    folded.fold(first.to_owned(), |field, line| field + " " + line.trim())
}

/// A message with text, HTML, an inline picture, and an attachment whose file name is not ASCII.
fn message() -> std::io::Result<Vec<u8>> {
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

/// Describes a message part by part.
fn describe(stored: &[u8]) -> Result<String, &'static str> {
    let message = MessageParser::default()
        .parse(stored)
        .ok_or("the stored octets are not a message")?;
    Ok(Parts(&message).to_string())
}

struct Parts<'m>(&'m Message<'m>);

impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0;
        let name = |address: Option<&mail_parser::Address<'_>>| {
            address
                .and_then(|address| address.first())
                .and_then(|first| first.address())
                .unwrap_or_default()
                .to_owned()
        };
        writeln!(f, "subject:    {}", message.subject().unwrap_or_default())?;
        writeln!(f, "from:       {}", name(message.from()))?;
        writeln!(f, "to:         {}", name(message.to()))?;
        writeln!(f, "text:       {:?}", message.body_text(0).unwrap_or_default())?;
        writeln!(f, "html:       {:?}", message.body_html(0).unwrap_or_default())?;
        for part in message.attachments() {
            let kind = part.content_type().map_or_else(String::new, |kind| {
                format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())
            });
            let what = part.attachment_name().or(part.content_id()).unwrap_or("unnamed");
            writeln!(f, "attachment: {what:?}, {kind}, {} octets", part.len())?;
        }
        Ok(())
    }
}

/// The lines of both sides until TLS begins; after it only the number of octets. Clones share the transcript.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Recording>>);

#[derive(Debug, Default)]
struct Recording {
    turns: Vec<Turn>,
    under_tls: Option<TlsOctets>,
}

/// Octets that one side sent without a pause.
#[derive(Debug)]
struct Turn {
    side: Side,
    octets: Vec<u8>,
}

/// Numbers of octets under TLS.
#[derive(Debug, Default)]
struct TlsOctets {
    client: usize,
    server: usize,
}

/// A side of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, missing_docs, reason = "there are two")]
pub enum Side {
    Client,
    Server,
}

impl Transcript {
    /// Records octets.
    pub fn note(&self, side: Side, octets: &[u8]) {
        let recording = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A client begins TLS with a handshake record. No command begins with this octet.
        if recording.under_tls.is_none() && side == Side::Client && octets.starts_with(&[HANDSHAKE]) {
            recording.under_tls = Some(TlsOctets::default());
        }
        match (&mut recording.under_tls, recording.turns.last_mut()) {
            (Some(under_tls), _) => match side {
                Side::Client => under_tls.client += octets.len(),
                Side::Server => under_tls.server += octets.len(),
            },
            (None, Some(last)) if last.side == side => last.octets.extend_from_slice(octets),
            (None, _) => recording.turns.push(Turn {
                side,
                octets: octets.to_vec(),
            }),
        }
    }
}

impl fmt::Display for Transcript {
    /// Writes each line with its side. Of long texts, only the beginning and the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for Turn { side, octets } in &recording.turns {
            let text = String::from_utf8_lossy(octets);
            let lines: Vec<&str> = text.lines().collect();
            let prefix = match side {
                Side::Client => "C: ",
                Side::Server => "S: ",
            };
            let long = *side == Side::Client && lines.len() > 2 * SHOWN + 1;
            for (index, line) in lines.iter().enumerate() {
                if !long || index < SHOWN || index + SHOWN >= lines.len() {
                    f.write_str(prefix)?;
                    line.chars().try_for_each(|char| {
                        f.write_char(if Printable::allows(char) { char } else { '?' })
                    })?;
                    f.write_char('\n')?;
                } else if index == SHOWN {
                    writeln!(f, "{prefix}[{} more lines]", lines.len() - 2 * SHOWN)?;
                }
            }
        }
        match &recording.under_tls {
            Some(TlsOctets { client, server }) => {
                writeln!(f, "C: [TLS from here on: {client} octets]")?;
                writeln!(f, "S: [TLS from here on: {server} octets]")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
