//! A server that stores messages, and messages for it, shared by the tests of all adapters.

use std::{iter, mem};

use smtp_proto::{
    client,
    server::{self, Event, Server},
    types::{Envelope, ForwardPath, Host, Rejection, ReversePath},
};

/// The application of a server that stores messages. It rejects recipients whose address contains "no".
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Mailbox {
    open: Mail,
    /// The accepted messages.
    pub mails: Vec<Mail>,
}

/// A message that the server accepted.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The reverse-path, in brackets.
    pub from: String,
    /// The accepted recipients, in brackets.
    pub to: Vec<String>,
    /// The message.
    pub body: Vec<u8>,
}

impl Mailbox {
    /// Handles an event of the server: answers each question, and stores accepted messages.
    pub fn see(&mut self, event: Event<'_>, server: &mut Server) {
        match event {
            Event::Mail { mail, ticket } => {
                self.open = Mail {
                    from: mail.reverse_path().to_string(),
                    ..Mail::default()
                };
                server.accept(ticket).expect("the question is open");
            }
            Event::Recipient { rcpt, ticket, .. } if rcpt.forward_path().as_str().contains("no") => {
                let rejected = server.reject(ticket, Rejection::NO_SUCH_USER);
                rejected.expect("the question is open");
            }
            Event::Recipient { rcpt, ticket, .. } => {
                self.open.to.push(rcpt.forward_path().to_string());
                server.accept(ticket).expect("the question is open");
            }
            Event::Body(octets) => self.open.body.extend_from_slice(octets),
            Event::EndOfData { ticket, .. } => {
                self.mails.push(mem::take(&mut self.open));
                server.accept(ticket).expect("the question is open");
            }
            other => {
                if let Some(ticket) = other.into_ticket() {
                    server.accept(ticket).expect("the question is open");
                }
            }
        }
    }
}

/// Returns the configuration of a server that accepts messages of 64 MiB.
#[must_use]
pub fn server_config() -> server::Config {
    let mut config = server::Config::new(Host::parse("mx.example").expect("a name").into_owned());
    config.set_max_message_size(64 << 20);
    config
}

/// Returns the configuration of a client without TLS.
#[must_use]
pub fn client_config() -> client::Config {
    client::Config::new("client.example".parse().expect("a name"))
}

/// Returns an envelope from alice to these recipients.
#[must_use]
pub fn envelope(to: &[&str]) -> Envelope {
    let from = Envelope::new(ReversePath::parse("alice@client.example").expect("an address"));
    to.iter().fold(from, |envelope, to| {
        envelope.recipient(ForwardPath::parse(to).expect("an address").into_owned())
    })
}

/// Returns an envelope from alice to bob.
#[must_use]
pub fn bob() -> Envelope {
    envelope(&["bob@mx.example"])
}

/// Returns a message of at least this number of octets: lines of many lengths, some with dots at the start, with octets
/// beyond ASCII.
#[must_use]
pub fn text(octets: usize) -> Vec<u8> {
    let mut text = b"Subject: x\r\n\r\n.\r\n..\r\n".to_vec();
    for number in 0_usize.. {
        if text.len() >= octets {
            break;
        }
        let dots = &b"..."[..[0, 0, 0, 1, 0, 2, 0, 0, 3][number % 9]];
        text.extend_from_slice(dots);
        text.extend(iter::repeat_n(b"abc\xe9"[number % 4], number % 97));
        text.extend_from_slice(b"\r\n");
    }
    text
}
