//! The octets of a session as lines.

use alloc::{collections::VecDeque, format, string::String, sync::Arc, vec::Vec};
use core::{fmt, mem};

use smtp_proto::{Instant, TlsInfo};

use super::{Side, Transcript, TranscriptLine};
use crate::Peer;

/// Maximum octets of a line that are shown.
const MAX_LINE: usize = 1000;

/// Maximum octets held back until a reply determines their meaning.
const MAX_HELD: usize = 16 * 1024;

/// The verbs of the commands that are shown.
const KNOWN: [&str; 17] = [
    "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP",
    "STARTTLS", "ETRN", "XCLIENT", "XFORWARD",
];

/// The state of a transcript of one session.
pub(crate) struct Recorder {
    output: Output,
    local: Side,
    greeted: bool,
    lmtp: bool,
    /// Recipients accepted in this transaction: LMTP sends a reply for each.
    accepted: usize,
    /// Recipients of the last message: after 353 there is a reply for each.
    delivered: usize,
    /// The commands whose replies have not arrived.
    pending: VecDeque<Command>,
    mode: Mode,
    client: Line,
    server: Line,
    /// Octets of the client that may be content or a secret; the reply to the command before them determines which.
    held: Vec<u8>,
    /// Octets that were not held back for lack of room.
    dropped: usize,
}

/// The meaning of the client's next octets.
#[derive(Clone, Copy)]
enum Mode {
    Command,
    AuthResponse,
    Content { octets: usize, position: Position },
    Chunk { octets: usize, left: usize },
}

/// The position in message content, for finding its end.
#[derive(Clone, Copy)]
enum Position {
    Text,
    Cr,
    LineStart,
    Dot,
    DotCr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Auth,
    Data,
    Recipient,
    Other,
}

impl Recorder {
    pub(crate) fn new(to: Arc<dyn Transcript>, local: Side, peer: Option<Peer>) -> Self {
        Self {
            output: Output {
                to,
                peer,
                at: Instant::ORIGIN,
            },
            local,
            greeted: false,
            lmtp: false,
            accepted: 0,
            delivered: 0,
            pending: VecDeque::new(),
            mode: Mode::Command,
            client: Line::default(),
            server: Line::default(),
            held: Vec::new(),
            dropped: 0,
        }
    }

    /// Records octets that were read.
    #[cold]
    pub(crate) fn received(&mut self, now: Instant, octets: &[u8]) {
        self.output.at = now;
        match self.local {
            Side::Client => self.server_octets(octets),
            _ => self.client_octets(octets),
        }
    }

    /// Records octets that were written: the first `written` of these slices.
    #[cold]
    pub(crate) fn sent(&mut self, now: Instant, slices: &[&[u8]], mut written: usize) {
        self.output.at = now;
        for octets in slices {
            let part = octets.get(..written).unwrap_or(octets);
            written -= part.len();
            match self.local {
                Side::Client => self.client_octets(part),
                _ => self.server_octets(part),
            }
        }
    }

    /// Records the beginning of TLS.
    #[cold]
    pub(crate) fn tls(&mut self, now: Instant, info: &TlsInfo) {
        let mut text = String::from("TLS");
        for part in [&info.protocol, &info.cipher].into_iter().flatten() {
            text.push(' ');
            text.push_str(part);
        }
        self.note(now, format_args!("{text}"));
        self.pending.clear();
    }

    /// Records an event of the driver.
    #[cold]
    pub(crate) fn note(&mut self, now: Instant, text: fmt::Arguments<'_>) {
        self.output.at = now;
        if let Mode::Content { octets, .. } = self.mode {
            self.output
                .line(Side::Client, &format!("<{octets} octets so far>"));
        }
        self.output.line(Side::Driver, &format!("{text}"));
    }

    /// Records that the peer closed the connection.
    #[cold]
    pub(crate) fn end_of_input(&mut self, now: Instant) {
        let peer = if matches!(self.local, Side::Client) {
            "server"
        } else {
            "client"
        };
        self.note(now, format_args!("{peer} closed the connection"));
    }

    fn client_octets(&mut self, mut octets: &[u8]) {
        while let [first, after_first @ ..] = octets {
            if self.is_held() {
                let room = MAX_HELD.saturating_sub(self.held.len()).min(octets.len());
                let (held, dropped) = octets.split_at(room);
                self.held.extend_from_slice(held);
                self.dropped += dropped.len();
                return;
            }
            match self.mode {
                Mode::Command | Mode::AuthResponse => {
                    octets = self.client.push(octets);
                    if let Some(line) = self.client.take() {
                        self.client_line(&line);
                    }
                }
                Mode::Chunk { octets: size, left } => {
                    let part = left.min(octets.len());
                    octets = octets.get(part..).unwrap_or_default();
                    self.mode = Mode::Chunk {
                        octets: size,
                        left: left - part,
                    };
                    self.end_chunk();
                }
                Mode::Content {
                    octets: size,
                    position,
                } => {
                    octets = after_first;
                    self.mode = match (position, first) {
                        (Position::DotCr, b'\n') => {
                            self.end_content(size);
                            Mode::Command
                        }
                        (position, octet) => Mode::Content {
                            octets: size + 1,
                            position: position.after(*octet),
                        },
                    };
                }
            }
        }
    }

    /// Returns true if the meaning of the client's next octets depends on a reply.
    fn is_held(&self) -> bool {
        self.pending
            .iter()
            .any(|command| matches!(command, Command::Data | Command::Auth))
    }

    fn client_line(&mut self, line: &Text) {
        if matches!(self.mode, Mode::AuthResponse) {
            self.mode = Mode::Command;
            self.pending.push_back(Command::Auth);
            let cancelled = *line.shown == *b"*";
            let text = if cancelled { "*" } else { "<redacted>" };
            return self.output.line(Side::Client, text);
        }
        let text = line.text();
        let (verb, arguments) = text.split_once(' ').unwrap_or((&text, ""));
        let verb = verb.to_ascii_uppercase();
        if verb == "AUTH" {
            self.pending.push_back(Command::Auth);
            return self.auth(arguments);
        }
        self.pending.push_back(match &*verb {
            "DATA" => Command::Data,
            "RCPT" => Command::Recipient,
            _ => Command::Other,
        });
        if !KNOWN.contains(&&*verb) {
            let octets = line.octets;
            return self
                .output
                .line(Side::Client, &format!("<unknown command, {octets} octets>"));
        }
        self.output.line(Side::Client, &text);
        match &*verb {
            "LHLO" => self.lmtp = true,
            "RSET" | "MAIL" => self.accepted = 0,
            "BDAT" => self.begin_chunk(arguments),
            _ => {}
        }
    }

    /// Shows AUTH without its argument. A faulty client may send a secret in place of the mechanism.
    fn auth(&mut self, arguments: &str) {
        let (mechanism, response) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let is_name = mechanism.len() <= 20
            && mechanism
                .bytes()
                .all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'-');
        let mechanism = if is_name { mechanism } else { "<redacted>" };
        let response = if response.is_empty() { "" } else { " <redacted>" };
        self.output
            .line(Side::Client, &format!("AUTH {mechanism}{response}"));
    }

    fn begin_chunk(&mut self, arguments: &str) {
        let (size, last) = arguments.split_once(' ').unwrap_or((arguments, ""));
        if let Ok(octets) = size.parse() {
            if last.trim().eq_ignore_ascii_case("LAST") {
                self.expect_further_verdicts();
            }
            self.mode = Mode::Chunk { octets, left: octets };
            self.end_chunk();
        }
    }

    fn end_chunk(&mut self) {
        if let Mode::Chunk { octets, left: 0 } = self.mode {
            self.mode = Mode::Command;
            self.output.line(Side::Client, &format!("<{octets} octets>"));
        }
    }

    /// Shows the number of octets of complete content. The final dot and its CR were counted before.
    fn end_content(&mut self, octets: usize) {
        let octets = octets.saturating_sub(2);
        self.output.line(Side::Client, &format!("<{octets} octets>"));
        self.output.line(Side::Client, ".");
        self.pending.push_back(Command::Other);
        self.expect_further_verdicts();
    }

    /// LMTP has a reply for each recipient; the first one is counted already.
    fn expect_further_verdicts(&mut self) {
        self.delivered = mem::take(&mut self.accepted);
        if self.lmtp {
            self.pending.extend((1..self.delivered).map(|_| Command::Other));
        }
    }

    fn server_octets(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            octets = self.server.push(octets);
            if let Some(line) = self.server.take() {
                let text = line.text();
                let challenge = text.starts_with("334") && text.len() > 4;
                let shown = if challenge { "334 <redacted>" } else { &*text };
                self.output.line(Side::Server, shown);
                let code = text.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
                if text.as_bytes().get(3) != Some(&b'-') {
                    self.reply(code);
                }
            }
        }
    }

    /// Processes a complete reply.
    fn reply(&mut self, code: u16) {
        if !mem::replace(&mut self.greeted, true) {
            return;
        }
        let answered = match code {
            354 => Some(Command::Data),
            334 => Some(Command::Auth),
            _ => None,
        };
        // 354 and 334 answer exactly one kind of command, so they correct the list of pending commands.
        let command = loop {
            match (self.pending.pop_front(), answered) {
                (Some(command), Some(answered)) if command != answered => {}
                (command, _) => break command,
            }
        };
        match (command, code) {
            (_, 354) => {
                self.mode = Mode::Content {
                    octets: 0,
                    position: Position::LineStart,
                }
            }
            (_, 334) => self.mode = Mode::AuthResponse,
            // 353 announces a reply for each recipient and one for the message (draft-hall-prdr).
            (_, 353) => {
                (0..=mem::take(&mut self.delivered)).for_each(|_| self.pending.push_front(Command::Other));
            }
            (Some(Command::Recipient), 250..=259) => self.accepted += 1,
            _ => {}
        }
        if !self.is_held() {
            let held = mem::take(&mut self.held);
            self.client_octets(&held);
            let dropped = mem::take(&mut self.dropped);
            if dropped > 0 {
                self.client = Line::default();
                self.output
                    .line(Side::Client, &format!("<{dropped} octets not recorded>"));
            }
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Position {
    const fn after(self, octet: u8) -> Self {
        match (self, octet) {
            (Self::Cr, b'\n') => Self::LineStart,
            (Self::LineStart, b'.') => Self::Dot,
            (Self::Dot, b'\r') => Self::DotCr,
            (_, b'\r') => Self::Cr,
            _ => Self::Text,
        }
    }
}

struct Output {
    to: Arc<dyn Transcript>,
    peer: Option<Peer>,
    at: Instant,
}

impl Output {
    fn line(&self, side: Side, text: &str) {
        self.to.line(&TranscriptLine {
            at: self.at,
            peer: self.peer,
            side,
            text,
        });
    }
}

/// A line that arrives in pieces.
#[derive(Default)]
struct Line {
    /// The beginning of the line.
    shown: Vec<u8>,
    octets: usize,
    /// The last octet was CR.
    cr: bool,
    ended: bool,
}

/// A whole line, without its end.
struct Text {
    shown: Vec<u8>,
    octets: usize,
}

impl Line {
    /// Adds octets up to the end of the line, and returns the rest.
    fn push<'o>(&mut self, octets: &'o [u8]) -> &'o [u8] {
        let end = octets.iter().position(|octet| *octet == b'\n');
        self.ended = end.is_some();
        let (part, rest) = match end {
            Some(end) => octets.split_at(end + 1),
            None => (octets, &[][..]),
        };
        let crlf = matches!(part, [.., b'\r', b'\n']) || self.cr && part.len() == 1;
        self.cr = part.last() == Some(&b'\r');
        self.octets += part.len();
        let room = (MAX_LINE + 2).saturating_sub(self.shown.len());
        self.shown.extend_from_slice(part.get(..room).unwrap_or(part));
        if self.ended {
            self.octets -= if crlf { 2 } else { 1 };
            self.shown.truncate(self.octets);
        }
        rest
    }

    /// Takes the line if it has ended.
    fn take(&mut self) -> Option<Text> {
        if !mem::take(&mut self.ended) {
            return None;
        }
        Some(Text {
            shown: mem::take(&mut self.shown),
            octets: mem::take(&mut self.octets),
        })
    }
}

impl Text {
    /// The line, with control characters escaped and its end cut off if it is long.
    fn text(&self) -> String {
        let shown = self.shown.get(..MAX_LINE).unwrap_or(&self.shown);
        let mut text = String::new();
        for character in String::from_utf8_lossy(shown).chars() {
            if character.is_control() {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        if self.octets > MAX_LINE {
            let more = self.octets - MAX_LINE;
            text.push_str(&format!(" <{more} more octets>"));
        }
        text
    }
}
