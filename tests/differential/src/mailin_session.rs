//! `mailin`: a session that receives lines.

use std::net::{IpAddr, Ipv4Addr};

use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder, response};

use crate::{escape::escaped, outcome::Outcome};

/// The calls of the session to its handler.
#[derive(Default)]
struct Told {
    name: Option<String>,
    mailbox: Option<String>,
    message: Vec<u8>,
}

impl Handler for &mut Told {
    fn helo(&mut self, _ip: IpAddr, domain: &str) -> Response {
        self.name = Some(domain.into());
        response::OK
    }

    fn mail(&mut self, _ip: IpAddr, _domain: &str, from: &str) -> Response {
        self.mailbox = Some(from.into());
        response::OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        self.mailbox = Some(to.into());
        response::OK
    }

    fn data(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.message.extend_from_slice(octets);
        Ok(())
    }

    fn auth_plain(&mut self, _authorization_id: &str, _authentication_id: &str, _password: &str) -> Response {
        response::AUTH_OK
    }

    fn auth_login(&mut self, _username: &str, _password: &str) -> Response {
        response::AUTH_OK
    }
}

/// In a session in which the command is in order.
pub(crate) fn command(line: &[u8]) -> Outcome {
    let verb: String = line
        .iter()
        .take_while(|octet| octet.is_ascii_alphabetic())
        .map(|octet| char::from(octet.to_ascii_uppercase()))
        .collect();
    let before = match verb.as_str() {
        "EHLO" | "HELO" => 0,
        "RCPT" => 2,
        "DATA" => 3,
        _ => 1,
    };
    let mut told = Told::default();
    let mut builder = SessionBuilder::new("mx.example.org");
    builder.enable_start_tls().insecure_enable_plaintext_auth();
    if verb == "AUTH" {
        builder
            .enable_auth(AuthMechanism::Plain)
            .enable_auth(AuthMechanism::Login);
    }
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), &mut told);
    for line in OPENING.iter().take(before) {
        session.process(line);
    }
    let reply = session.process(&[line, b"\r\n"].concat());
    let (refused, action) = (reply.is_error, reply.action);
    drop(session);
    if refused || action == Action::NoReply {
        return Outcome::Refused;
    }
    let outcome = Outcome::accepted([("verb", &verb)]);
    match verb.as_str() {
        "EHLO" | "HELO" => outcome.with("name", told.name.unwrap_or_default()),
        "MAIL" | "RCPT" => outcome.with("mailbox", told.mailbox.unwrap_or_default()),
        _ => outcome,
    }
}

/// Passes lines, split after each LF, as `mailin-embedded` does.
pub(crate) fn body(octets: &[u8]) -> Outcome {
    let mut told = Told::default();
    let mut session = SessionBuilder::new("mx.example.org").build(IpAddr::V4(Ipv4Addr::LOCALHOST), &mut told);
    for line in OPENING {
        session.process(line);
    }
    let mut used = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        used += line.len();
        if session.process(line).action != Action::NoReply {
            drop(session);
            return Outcome::accepted([])
                .with("message", escaped(&told.message))
                .with("end", escaped(&octets[used..]));
        }
    }
    Outcome::Waits
}

const OPENING: [&[u8]; 4] = [
    b"EHLO client.example\r\n",
    b"MAIL FROM:<a@client.example>\r\n",
    b"RCPT TO:<b@example.org>\r\n",
    b"DATA\r\n",
];
