//! `smtp-message`: the parser of Kannader.

use futures::{executor::block_on, io::AsyncReadExt};
use smtp_message::{
    Command, DataUnescaper, Email, EscapedDataReader, Hostname, MaybeUtf8, ParameterName, Parameters, Reply,
    nom,
};

use crate::{
    escape::escaped,
    outcome::{Outcome, parameters},
};

pub(crate) fn command(line: &[u8]) -> Outcome {
    let line = [line, b"\r\n"].concat();
    let (rest, command) = match Command::<&str>::parse(&line) {
        Ok(parsed) => parsed,
        Err(nom::Err::Incomplete(_)) => return Outcome::Waits,
        Err(_) => return Outcome::Refused,
    };
    let verb = |verb| Outcome::accepted([("verb", verb)]);
    let outcome = match &command {
        Command::Data => verb("DATA"),
        Command::Ehlo { hostname } => verb("EHLO").with("name", name(hostname)),
        Command::Helo { hostname } => verb("HELO").with("name", name(hostname)),
        Command::Lhlo { hostname } => verb("LHLO").with("name", name(hostname)),
        Command::Expn { name } => verb("EXPN").with("text", text(name)),
        Command::Vrfy { name } => verb("VRFY").with("text", text(name)),
        Command::Help { subject } => verb("HELP").with("text", text(subject)),
        Command::Noop { string } => verb("NOOP").with("text", text(string)),
        Command::Mail { email, params, .. } => verb("MAIL")
            .with("mailbox", email.as_ref().map(mailbox).unwrap_or_default())
            .with("parameters", list(params)),
        Command::Rcpt { email, params, .. } => verb("RCPT")
            .with("mailbox", mailbox(email))
            .with("parameters", list(params)),
        Command::Quit => verb("QUIT"),
        Command::Rset => verb("RSET"),
        Command::Starttls => verb("STARTTLS"),
    };
    outcome.left(rest)
}

fn name<'a>(name: &Hostname<&'a str>) -> &'a str {
    name.raw()
}

fn text<'a>(text: &MaybeUtf8<&'a str>) -> &'a str {
    match text {
        MaybeUtf8::Ascii(text) | MaybeUtf8::Utf8(text) => text,
    }
}

fn mailbox(email: &Email<&str>) -> String {
    let local: &str = email.localpart.raw();
    match &email.hostname {
        Some(host) => format!("{local}@{}", name(host)),
        None => local.to_owned(),
    }
}

fn list(all: &Parameters<&str>) -> String {
    parameters(
        all.0
            .iter()
            .map(|(ParameterName::Other(keyword), value)| (*keyword, value.as_ref().map(text))),
    )
}

pub(crate) fn reply(octets: &[u8]) -> Outcome {
    match Reply::<&str>::parse(octets) {
        Ok((rest, reply)) => {
            let enhanced = reply.ecode.as_ref().map(|code| {
                let octets: Vec<u8> = code.as_io_slices().flat_map(|slice| slice.to_vec()).collect();
                String::from_utf8_lossy(&octets).into_owned()
            });
            Outcome::accepted([])
                .with("code", reply.code.code().to_string())
                .with("enhanced", enhanced.unwrap_or_default())
                .with("lines", reply.text.len().to_string())
                .left(rest)
        }
        Err(nom::Err::Incomplete(_)) => Outcome::Waits,
        Err(_) => Outcome::Refused,
    }
}

/// Follows its documentation: a reader finds the end, and then a second step removes the dots.
pub(crate) fn body(octets: &[u8]) -> Outcome {
    let mut buffer = vec![0; octets.len() + 1];
    let mut reader = EscapedDataReader::new(&mut buffer, 0..0, octets);
    let mut stuffed = Vec::new();
    let mut piece = vec![0; octets.len() + 1];
    while !reader.is_finished() {
        match block_on(reader.read(&mut piece)) {
            Ok(len) => stuffed.extend_from_slice(&piece[..len]),
            Err(_) => return Outcome::Waits,
        }
    }
    reader.complete();
    let behind = reader.get_unhandled().expect("the reader is complete");
    let end = escaped(&buffer[behind]);
    let written = DataUnescaper::new(true).unescape(&mut stuffed).written;
    Outcome::accepted([])
        .with("message", escaped(&stuffed[..written]))
        .with("end", end)
}
