//! `mailrs-smtp-proto`.

use mailrs_smtp_proto::{
    AuthMechanism, Command, ForwardPath, Param, ReversePath, parse_command, unstuff_line,
};

use crate::{
    escape::escaped,
    outcome::{Outcome, parameters},
};

/// Accepts text only: it never receives octets that are not text.
pub(crate) fn command(line: &[u8]) -> Outcome {
    let Ok(command) = str::from_utf8(line)
        .map_err(drop)
        .and_then(|line| parse_command(line).map_err(drop))
    else {
        return Outcome::Refused;
    };
    let verb = |verb| Outcome::accepted([("verb", verb)]);
    match command {
        Command::Ehlo(name) => verb("EHLO").with("name", name),
        Command::Helo(name) => verb("HELO").with("name", name),
        Command::MailFrom { path, params } => {
            let path = match path {
                ReversePath::Null => "",
                ReversePath::Path(path) => path,
            };
            verb("MAIL").with("path", path).with("parameters", list(&params))
        }
        Command::RcptTo { path, params } => match path {
            ForwardPath::Postmaster => verb("RCPT"),
            ForwardPath::Path(path) => verb("RCPT").with("path", path),
        }
        .with("parameters", list(&params)),
        Command::Data => verb("DATA"),
        Command::Rset => verb("RSET"),
        Command::Quit => verb("QUIT"),
        Command::Noop(text) => verb("NOOP").with("text", text.unwrap_or_default()),
        Command::Vrfy(text) => verb("VRFY").with("text", text),
        Command::Help(text) => verb("HELP").with("text", text.unwrap_or_default()),
        Command::StartTls => verb("STARTTLS"),
        Command::Auth {
            mechanism,
            initial_response,
        } => verb("AUTH")
            .with(
                "mechanism",
                if mechanism == AuthMechanism::Plain {
                    "PLAIN"
                } else {
                    "LOGIN"
                },
            )
            .with("initial", initial_response.unwrap_or_default()),
        _ => Outcome::Refused,
    }
}

fn list(all: &[Param<'_>]) -> String {
    parameters(all.iter().map(|one| (one.key, Some(one.value))))
}

/// Passes lines, split after each LF as in its `unstuff_data`, which does not report the end of the message.
pub(crate) fn body(octets: &[u8]) -> Outcome {
    let mut message = Vec::new();
    let mut used = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        used += line.len();
        match unstuff_line(line) {
            Some(line) => message.extend_from_slice(line),
            None => {
                return Outcome::accepted([])
                    .with("message", escaped(&message))
                    .with("end", escaped(&octets[used..]));
            }
        }
    }
    Outcome::Waits
}
