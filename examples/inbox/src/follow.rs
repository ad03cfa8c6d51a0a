//! The state of a session, followed through the lines of its transcript.

use std::collections::VecDeque;

use smtp_driver::Side;
use smtp_proto::{Move, State};

/// A command, or another thing that a reply can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The client connected.
    Connect,
    Ehlo,
    Helo,
    StartTls,
    Auth,
    /// A response in an AUTH exchange.
    AuthResponse,
    Mail,
    Rcpt,
    Data,
    /// Message data. It has no reply; the end of it has.
    Content,
    /// The final dot of message data.
    EndOfData,
    Bdat,
    LastBdat,
    Rset,
    Noop,
    Help,
    Vrfy,
    Expn,
    Quit,
    /// A command that the server does not know or offer.
    Unknown,
    /// Nothing: the server speaks by itself, before it closes the connection.
    Nothing,
}

/// The meaning of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The command in the line of a client; the question that the line of a server answers.
    pub(crate) asked: Asked,
    /// The state of the server after the line.
    pub(crate) state: State,
    /// The lines of the transaction, if this reply ends the message of one: from the number of its MAIL command.
    pub(crate) ended: Option<u64>,
}

/// Follows one session.
#[derive(Debug)]
pub(crate) struct Follower {
    state: State,
    /// Commands without a reply, with the numbers of their lines.
    pending: VecDeque<(Asked, u64)>,
    expected: Expected,
    /// The MAIL command of the open transaction.
    mail: u64,
}

/// The meaning of the client's next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Command,
    AuthResponse,
    Content,
}

impl Follower {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Connected,
            pending: VecDeque::from([(Asked::Connect, 0)]),
            expected: Expected::Command,
            mail: 0,
        }
    }

    /// Follows the line with this number.
    pub(crate) fn line(&mut self, number: u64, side: Side, text: &str) -> Meaning {
        let (asked, ended) = match side {
            Side::Client => (self.client(number, text), None),
            Side::Server => self.server(text),
            Side::Driver => (self.driver(text), None),
        };
        Meaning {
            asked,
            state: self.state,
            ended,
        }
    }

    fn client(&mut self, number: u64, text: &str) -> Asked {
        let is_note = text.starts_with('<') && !text.starts_with("<unknown");
        let asked = match self.expected {
            Expected::AuthResponse => Asked::AuthResponse,
            Expected::Content if text == "." => Asked::EndOfData,
            _ if is_note => return Asked::Content,
            Expected::Content | Expected::Command => command(text),
        };
        self.expected = Expected::Command;
        self.pending.push_back((asked, number));
        asked
    }

    fn server(&mut self, text: &str) -> (Asked, Option<u64>) {
        let code = reply_code(text);
        let is_last = text.as_bytes().get(3) != Some(&b'-');
        let Some(&(asked, number)) = self.pending.front() else {
            self.finish(code);
            return (Asked::Nothing, None);
        };
        if !is_last {
            return (asked, None);
        }
        self.pending.pop_front();
        let positive = matches!(code, 200..=399);
        let step = match asked {
            Asked::Connect if positive => Some(Move::Greeting),
            Asked::Connect => Some(Move::NoService),
            Asked::EndOfData | Asked::LastBdat => Some(Move::EndOfData),
            Asked::Bdat if !positive => Some(Move::RefusedChunk),
            Asked::Auth | Asked::AuthResponse if code == 334 => {
                self.expected = Expected::AuthResponse;
                None
            }
            Asked::Data if code == 354 => {
                self.expected = Expected::Content;
                Some(Move::Data)
            }
            // The state changes after the handshake.
            Asked::StartTls | Asked::Data => None,
            _ if !positive => None,
            Asked::Ehlo | Asked::Helo => Some(Move::Hello),
            Asked::Auth | Asked::AuthResponse => Some(Move::Auth),
            Asked::Mail => {
                self.mail = number;
                Some(Move::Mail)
            }
            Asked::Rcpt => Some(Move::Rcpt),
            Asked::Bdat => Some(Move::Bdat),
            Asked::Rset => Some(Move::Rset),
            Asked::Quit => Some(Move::Quit),
            _ => None,
        };
        let next = step.and_then(|step| self.state.after(step));
        self.state = next.unwrap_or(self.state);
        self.finish(code);
        let ended = matches!(asked, Asked::EndOfData | Asked::LastBdat).then_some(self.mail);
        (asked, ended)
    }

    /// The server closes the connection after 421.
    fn finish(&mut self, code: u16) {
        if code == 421 {
            self.state = State::Closed;
        }
    }

    fn driver(&mut self, text: &str) -> Asked {
        if text.starts_with("TLS ") && !text.contains("failed") {
            self.state = self.state.after(Move::StartTls).unwrap_or(self.state);
            self.pending.clear();
        } else {
            self.state = State::Closed;
        }
        Asked::Nothing
    }
}

/// The code of a reply line; 0 if it has none.
pub(crate) fn reply_code(text: &str) -> u16 {
    text.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// The name of a state in the page.
pub(crate) const fn state_name(state: State) -> &'static str {
    match state {
        State::Connected => "connected",
        State::Greeted => "greeted",
        State::Ready => "ready",
        State::Mail => "mail",
        State::Recipients => "recipients",
        State::Data => "data",
        State::Chunks => "chunks",
        State::Broken => "broken",
        State::Refused => "refused",
        State::Closed => "closed",
        _ => "",
    }
}

fn command(text: &str) -> Asked {
    let (verb, arguments) = text.split_once(' ').unwrap_or((text, ""));
    match &*verb.to_ascii_uppercase() {
        "EHLO" => Asked::Ehlo,
        "HELO" => Asked::Helo,
        "STARTTLS" => Asked::StartTls,
        "AUTH" => Asked::Auth,
        "MAIL" => Asked::Mail,
        "RCPT" => Asked::Rcpt,
        "DATA" => Asked::Data,
        "BDAT" if arguments.to_ascii_uppercase().ends_with("LAST") => Asked::LastBdat,
        "BDAT" => Asked::Bdat,
        "RSET" => Asked::Rset,
        "NOOP" => Asked::Noop,
        "HELP" => Asked::Help,
        "VRFY" => Asked::Vrfy,
        "EXPN" => Asked::Expn,
        "QUIT" => Asked::Quit,
        _ => Asked::Unknown,
    }
}

#[cfg(test)]
mod tests;
