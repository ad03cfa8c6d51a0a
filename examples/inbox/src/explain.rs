//! Explanations of the lines of a session: the meaning of a command or reply, and the section of the standard.

mod extensions;

use serde::Serialize;
use smtp_driver::Side;

use crate::{
    follow::{Asked, reply_code},
    rfc::{Rfc, rfc},
    session::Line,
};

/// The meaning of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Explanation {
    /// Empty if the line explains itself.
    pub(crate) meaning: &'static str,
    pub(crate) rfc: Option<Rfc>,
    /// The meaning of the enhanced status code.
    pub(crate) status: Option<Status>,
}

/// The meaning of an enhanced status code (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    pub(crate) code: &'static str,
    pub(crate) text: &'static str,
    pub(crate) rfc: Rfc,
}

/// Explains a line.
pub(crate) fn explain(line: &Line) -> Explanation {
    let (meaning, rfc) = match line.side {
        Side::Client => command(line.meaning.asked),
        Side::Server if line.meaning.asked == Asked::Ehlo && reply_code(&line.text) == 250 => {
            extensions::explain(line.text.get(4..).unwrap_or_default())
        }
        Side::Server => reply(line.meaning.asked, reply_code(&line.text)),
        Side::Driver => note(&line.text),
    };
    let status = (line.side == Side::Server).then(|| status(&line.text)).flatten();
    Explanation { meaning, rfc, status }
}

/// The section that defines a command.
fn command(asked: Asked) -> (&'static str, Option<Rfc>) {
    let section = match asked {
        Asked::Ehlo | Asked::Helo => rfc(5321, "4.1.1.1"),
        Asked::StartTls => rfc(3207, "4"),
        Asked::Auth | Asked::AuthResponse => rfc(4954, "4"),
        Asked::Mail => rfc(5321, "4.1.1.2"),
        Asked::Rcpt => rfc(5321, "4.1.1.3"),
        Asked::Data | Asked::EndOfData => rfc(5321, "4.1.1.4"),
        Asked::Bdat | Asked::LastBdat => rfc(3030, "2"),
        Asked::Rset => rfc(5321, "4.1.1.5"),
        Asked::Vrfy => rfc(5321, "4.1.1.6"),
        Asked::Expn => rfc(5321, "4.1.1.7"),
        Asked::Help => rfc(5321, "4.1.1.8"),
        Asked::Noop => rfc(5321, "4.1.1.9"),
        Asked::Quit => rfc(5321, "4.1.1.10"),
        Asked::Unknown => rfc(5321, "4.2.4"),
        Asked::Content | Asked::Connect | Asked::Nothing => return ("", None),
    };
    ("", Some(section))
}

/// The meaning of a reply.
fn reply(asked: Asked, code: u16) -> (&'static str, Option<Rfc>) {
    let (text, section) = match (asked, code) {
        (_, 421) => (
            "The server closes the connection. Connect again later.",
            rfc(5321, "3.8"),
        ),
        (Asked::Connect, 220) => ("The greeting: the client may begin with EHLO.", rfc(5321, "3.1")),
        (Asked::Connect, 554 | 521) => (
            "No service for this client. It may only send QUIT.",
            rfc(5321, "3.1"),
        ),
        (Asked::Helo, 250) => ("Accepted, without extensions.", rfc(5321, "4.1.1.1")),
        (Asked::StartTls, 220) => (
            "The TLS handshake follows. Then the client sends EHLO again.",
            rfc(3207, "4"),
        ),
        (Asked::StartTls, 454) => ("TLS is not available now.", rfc(3207, "4")),
        (Asked::Auth | Asked::AuthResponse, 334) => (
            "The server asks for the next response, in base64.",
            rfc(4954, "4"),
        ),
        (Asked::Auth | Asked::AuthResponse, 235) => ("The client is authenticated.", rfc(4954, "6")),
        (Asked::Auth | Asked::AuthResponse, 535) => ("Name or password are wrong.", rfc(4954, "6")),
        (Asked::Auth | Asked::AuthResponse, 504) => (
            "The mechanism is not offered; the reply to EHLO lists those that are.",
            rfc(4954, "4"),
        ),
        (Asked::Auth | Asked::AuthResponse, 501) => {
            ("The response is malformed or was cancelled.", rfc(4954, "4"))
        }
        (Asked::Auth | Asked::AuthResponse, 538 | 534) => (
            "This mechanism needs TLS, or a stronger one is required.",
            rfc(4954, "6"),
        ),
        (Asked::Auth | Asked::AuthResponse, 454) => {
            ("The server cannot check the login now.", rfc(4954, "6"))
        }
        (Asked::Mail, 250) => (
            "The sender is accepted, and a transaction begins.",
            rfc(5321, "3.3"),
        ),
        (Asked::Rcpt, 250) => ("The recipient is accepted.", rfc(5321, "3.3")),
        (Asked::Rcpt, 251) => (
            "The recipient is accepted, and the message will be forwarded.",
            rfc(5321, "3.4"),
        ),
        (Asked::Data, 354) => (
            "The server waits for the message, which ends with a dot on a line of its own.",
            rfc(5321, "4.1.1.4"),
        ),
        (Asked::EndOfData | Asked::LastBdat, 250) => (
            "The message is stored. From here on the server is responsible for it.",
            rfc(5321, "6.1"),
        ),
        (Asked::Bdat, 250) => ("The chunk is accepted; the message goes on.", rfc(3030, "2")),
        (Asked::Rset, 250) => ("The transaction is dropped.", rfc(5321, "4.1.1.5")),
        (Asked::Noop, 250) => ("Nothing changes.", rfc(5321, "4.1.1.9")),
        (Asked::Vrfy | Asked::Expn, 252) => ("Not verified, but mail will be tried.", rfc(5321, "3.5.3")),
        (Asked::Help, 211 | 214) => ("Help for people.", rfc(5321, "4.1.1.8")),
        (Asked::Quit, 221) => ("The server closes the connection.", rfc(5321, "4.1.1.10")),
        (Asked::Mail, 550 | 553) => (
            "The sender is refused for good. Do not send the message again unchanged.",
            rfc(5321, "4.2.5"),
        ),
        (Asked::Rcpt, 550..=554 | 556) => (
            "The recipient is refused for good. Others of the message may still be accepted.",
            rfc(5321, "3.3"),
        ),
        (Asked::Rcpt, 450..=459) => (
            "The recipient is refused for now. Send the message to it again later.",
            rfc(5321, "4.5.4.1"),
        ),
        (Asked::Mail, 450..=459) => (
            "The sender is refused for now. Send the message again later.",
            rfc(5321, "4.5.4.1"),
        ),
        (Asked::EndOfData | Asked::LastBdat | Asked::Bdat, 400..=499) => (
            "The message was not stored. Send it again later.",
            rfc(5321, "4.2.5"),
        ),
        (Asked::EndOfData | Asked::LastBdat | Asked::Bdat, 552) => {
            ("The message is too big.", rfc(1870, "6"))
        }
        (Asked::EndOfData | Asked::LastBdat | Asked::Bdat, 500..=599) => {
            ("The message was refused for good.", rfc(5321, "4.2.5"))
        }
        (_, 500) => (
            "The server cannot read this line: it is unknown, too long, or has characters that are not allowed.",
            rfc(5321, "4.2.4"),
        ),
        (_, 501) => ("The argument is malformed.", rfc(5321, "4.2.4")),
        (_, 502) => (
            "The server knows the command, and does not carry it out.",
            rfc(5321, "4.2.4"),
        ),
        (_, 503) => ("The command is out of order in this state.", rfc(5321, "4.1.4")),
        (_, 504) => (
            "The server does not carry out this parameter.",
            rfc(5321, "4.2.4"),
        ),
        (_, 530) => (
            "The server wants STARTTLS or a login before this.",
            rfc(4954, "6"),
        ),
        (_, 552) => ("More than the server stores for this.", rfc(5321, "4.5.3.1.9")),
        (_, 555) => (
            "A parameter is unknown, or its extension was not offered, as after HELO.",
            rfc(5321, "4.1.1.11"),
        ),
        (_, 400..=499) => ("Refused for now: try again later.", rfc(5321, "4.2.1")),
        (_, 500..=599) => (
            "Refused for good: do not repeat it unchanged.",
            rfc(5321, "4.2.1"),
        ),
        (_, 200..=399) => ("Accepted.", rfc(5321, "4.2.1")),
        _ => return ("", None),
    };
    (text, Some(section))
}

/// The meaning of a note of the driver.
fn note(text: &str) -> (&'static str, Option<Rfc>) {
    if text.contains("handshake failed") {
        return (
            "Nothing goes on in plaintext. Does the client trust the certificate?",
            Some(rfc(3207, "4.1")),
        );
    }
    if text.starts_with("TLS ") {
        return (
            "The session begins anew: the client must forget what it learned in plaintext.",
            Some(rfc(3207, "4.2")),
        );
    }
    ("", None)
}

/// The meaning of the enhanced status code of a refusal.
fn status(text: &str) -> Option<Status> {
    let code = text.get(4..)?.split(' ').next()?;
    let detail = code.strip_prefix("4.").or_else(|| code.strip_prefix("5."))?;
    let known = STATUS.iter().find(|(known, ..)| *known == detail)?;
    let (code, text, rfc) = *known;
    Some(Status { code, text, rfc })
}

/// The details of the status codes of refusals, without the class.
const STATUS: &[(&str, &str, Rfc)] = &[
    ("1.1", "no mailbox of this name", rfc(3463, "3.2")),
    ("1.3", "the address is malformed", rfc(3463, "3.2")),
    ("1.7", "the sender's address is malformed", rfc(3463, "3.2")),
    ("1.10", "the domain takes no mail", rfc(7505, "4.1")),
    ("2.1", "the mailbox is disabled or busy", rfc(3463, "3.3")),
    ("2.2", "the mailbox is full", rfc(3463, "3.3")),
    ("3.0", "the mail system: other", rfc(3463, "3.4")),
    ("3.1", "the disk is full", rfc(3463, "3.4")),
    ("3.2", "the system takes no mail", rfc(3463, "3.4")),
    ("3.4", "the message is too big", rfc(3463, "3.4")),
    ("4.2", "the connection timed out", rfc(3463, "3.5")),
    ("5.0", "protocol: other", rfc(3463, "3.6")),
    ("5.1", "the command is not valid, or not now", rfc(3463, "3.6")),
    ("5.2", "the syntax is wrong", rfc(3463, "3.6")),
    ("5.3", "too many recipients", rfc(3463, "3.6")),
    ("5.4", "the argument or parameter is not valid", rfc(3463, "3.6")),
    ("5.6", "the line is too long", rfc(4954, "6")),
    ("6.0", "the content: other", rfc(3463, "3.7")),
    ("6.7", "an address beyond ASCII needs SMTPUTF8", rfc(6531, "3.5")),
    ("7.0", "security or policy: other", rfc(3463, "3.8")),
    ("7.1", "not authorized", rfc(3463, "3.8")),
    ("7.8", "the credentials are not valid", rfc(4954, "6")),
    ("7.9", "the mechanism is too weak", rfc(4954, "6")),
    ("7.11", "the mechanism needs TLS", rfc(4954, "6")),
];

#[cfg(test)]
mod tests;
