//! `smtp-codec`: the grammar of the RFC in nom.

use smtp_codec::{
    parse::{
        command::command as parse_command,
        response::{Reply_line, ehlo_ok_rsp},
    },
    types::{AtomOrQuoted, Capability, Command, DomainOrAddress, Response},
};

use crate::outcome::{Outcome, parameters};

pub(crate) fn command(line: &[u8]) -> Outcome {
    let line = [line, b"\r\n"].concat();
    let (rest, command) = match parse_command(&line) {
        Ok(parsed) => parsed,
        Err(nom::Err::Incomplete(_)) => return Outcome::Waits,
        Err(_) => return Outcome::Refused,
    };
    let verb = |verb| Outcome::accepted([("verb", verb)]);
    let outcome = match &command {
        Command::Ehlo { domain_or_address } => verb("EHLO").with("name", name(domain_or_address)),
        Command::Helo { domain_or_address } => verb("HELO").with("name", name(domain_or_address)),
        Command::Mail {
            reverse_path,
            parameters: all,
        } => verb("MAIL")
            .with("path", reverse_path.as_str())
            .with("parameters", list(all)),
        Command::Rcpt {
            forward_path,
            parameters: all,
        } => verb("RCPT")
            .with("path", forward_path.as_str())
            .with("parameters", list(all)),
        Command::Data => verb("DATA"),
        Command::Rset => verb("RSET"),
        Command::Vrfy { user_or_mailbox } => verb("VRFY").with("text", text(user_or_mailbox)),
        Command::Expn { mailing_list } => verb("EXPN").with("text", text(mailing_list)),
        Command::Help { argument } => {
            verb("HELP").with("text", argument.as_ref().map(text).unwrap_or_default())
        }
        Command::Noop { argument } => {
            verb("NOOP").with("text", argument.as_ref().map(text).unwrap_or_default())
        }
        Command::Quit => verb("QUIT"),
        Command::StartTLS => verb("STARTTLS"),
        Command::AuthLogin(initial) => auth("LOGIN", initial),
        Command::AuthPlain(initial) => auth("PLAIN", initial),
    };
    outcome.left(rest)
}

fn auth(mechanism: &str, initial: &Option<String>) -> Outcome {
    Outcome::accepted([("verb", "AUTH"), ("mechanism", mechanism)])
        .with("initial", initial.as_deref().unwrap_or_default())
}

fn name(name: &DomainOrAddress) -> String {
    written(|out| name.serialize(out))
}

fn text(text: &AtomOrQuoted) -> String {
    written(|out| text.serialize(out))
}

fn list(all: &[smtp_codec::types::Parameter]) -> String {
    let all: Vec<_> = all.iter().map(|one| written(|out| one.serialize(out))).collect();
    parameters(all.iter().map(|one| match one.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (one.as_str(), None),
    }))
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes everything");
    String::from_utf8_lossy(&out).into_owned()
}

pub(crate) fn reply(octets: &[u8]) -> Outcome {
    match Reply_line(octets) {
        // This parser reports only the length of the reply.
        Ok((rest, _)) => Outcome::accepted([]).left(rest),
        Err(nom::Err::Incomplete(_)) => Outcome::Waits,
        Err(_) => Outcome::Refused,
    }
}

pub(crate) fn ehlo(octets: &[u8]) -> Outcome {
    match ehlo_ok_rsp(octets) {
        Ok((
            rest,
            Response::Ehlo {
                domain, capabilities, ..
            },
        )) => {
            let mut offers: Vec<_> = capabilities
                .iter()
                .map(|capability| written(|out| capability.serialize(out)))
                .filter_map(|line| line.split(' ').next().map(str::to_owned))
                .filter(|keyword| crate::registry::OFFERS.iter().any(|(offer, _)| offer == keyword))
                .collect();
            offers.sort_unstable();
            let mechanisms = capabilities.iter().find_map(|capability| match capability {
                Capability::Auth(mechanisms) => Some(mechanisms),
                _ => None,
            });
            let mechanisms: Vec<_> = mechanisms
                .into_iter()
                .flatten()
                .map(|mechanism| written(|out| mechanism.serialize(out)).to_ascii_uppercase())
                .collect();
            Outcome::accepted([("name", domain.as_str())])
                .with("offers", offers.join(" "))
                .with("mechanisms", mechanisms.join(" "))
                .left(rest)
        }
        Ok(_) => Outcome::Refused,
        Err(nom::Err::Incomplete(_)) => Outcome::Waits,
        Err(_) => Outcome::Refused,
    }
}
