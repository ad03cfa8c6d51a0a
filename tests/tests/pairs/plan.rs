//! The parts of a world: configurations, messages, and the actions of the client.

use std::collections::VecDeque;

use smtp_tests::{Dice, Role, escape_all, extreme};

use crate::entry::Entry;

/// All that is decided before anything happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Nothing breaks or stalls for long, both sides answer, and the session is not refused: its end is predictable.
    pub(crate) calm: bool,
    pub(crate) entry: Entry,
    pub(crate) lmtp: bool,
    /// The settings as they stand at the head of a story.
    pub(crate) settings: String,
    pub(crate) messages: Vec<Message>,
    /// The actions of the client application, in order.
    pub(crate) script: VecDeque<String>,
}

/// A message to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The reverse-path, which no other message of the world has.
    pub(crate) from: String,
    /// The forward-paths, which no other message has.
    pub(crate) to: Vec<String>,
    /// The message as the application passes it to the client.
    pub(crate) content: Vec<u8>,
    /// The message that the server must store: each bare CR or LF made a CRLF and the last line completed, but BINARYMIME as it is.
    pub(crate) expected: Vec<u8>,
    binary: bool,
}

impl Message {
    fn new(dice: &mut Dice, index: usize, binary: bool, seven_bit: bool) -> Self {
        let content = content(dice, seven_bit);
        let expected = if binary {
            content.clone()
        } else {
            normalised(&content)
        };
        let recipients = if dice.one_in(10) { 40 } else { 4 };
        Self {
            from: format!("m{index}@client.example"),
            to: (0..=dice.below(recipients))
                .map(|recipient| format!("m{index}r{recipient}@example.org"))
                .collect(),
            content,
            expected,
            binary,
        }
    }

    fn action(&self) -> String {
        let body = if self.binary { " BODY=BINARYMIME" } else { "" };
        let recipients: String = self.to.iter().map(|to| format!("; RCPT TO:<{to}>")).collect();
        format!("deliver MAIL FROM:<{}>{body}{recipients}", self.from)
    }

    /// The content in parts, as actions of the client application.
    pub(crate) fn parts(&self, dice: &mut Dice) -> VecDeque<String> {
        let mut parts = VecDeque::new();
        let mut rest = self.content.as_slice();
        while !rest.is_empty() && dice.one_in(2) {
            let (part, behind) = rest.split_at(dice.below(rest.len()) + 1);
            parts.push_back(format!("part {}", escape_all(part)));
            rest = behind;
        }
        parts.push_back(format!("body {}", escape_all(rest)).trim_end().to_owned());
        parts
    }
}

/// Each bare CR or LF made a CRLF, and the last line completed.
fn normalised(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut octets = content.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if(|next| **next == b'\n');
                text.extend_from_slice(b"\r\n");
            }
            b'\n' => text.extend_from_slice(b"\r\n"),
            octet => text.push(*octet),
        }
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}

fn content(dice: &mut Dice, seven_bit: bool) -> Vec<u8> {
    let special: [&[u8]; 6] = [
        b"\r\n.\r\n",
        b"a\n.\nb\n.\r\nc\r.\r",
        b".",
        b"x\r",
        b"",
        &[b'y'; 3000],
    ];
    if dice.one_in(4) {
        return dice.pick(&special).to_vec();
    }
    let highest = if seven_bit { 127 } else { 255 };
    (0..dice.below(60))
        .map(|_| {
            if dice.one_in(2) {
                dice.pick(b"\r\n..x ")
            } else {
                u8::try_from(dice.between(0, highest)).expect("an octet")
            }
        })
        .collect()
}

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let calm = dice.one_in(3);
        let entry = if dice.one_in(2) {
            Entry::open()
        } else {
            Entry::new(dice)
        };
        let lmtp = dice.one_in(3);
        let mut lines = vec!["run pair".to_owned(), "link told".to_owned()];
        if lmtp {
            lines.push("protocol lmtp".to_owned());
        }
        let mut offers = vec!["SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "HELP"];
        offers.retain(|_| !dice.one_in(4));
        let (chunking, binary) = (!dice.one_in(3), dice.one_in(2));
        let eight_bits = !dice.one_in(4);
        for (keyword, offered) in [
            ("PIPELINING", !dice.one_in(3)),
            ("CHUNKING", chunking),
            ("BINARYMIME", binary),
            ("8BITMIME", eight_bits),
            ("VRFY", dice.one_in(4)),
            ("PRDR", !dice.one_in(3)),
        ] {
            if offered {
                offers.push(keyword);
            }
        }
        lines.push(format!("server offers {}", offers.join(", ")));
        lines.extend(entry.settings());
        bounds(dice, calm, &mut lines);

        let messages: Vec<Message> = (0..=dice.below(4))
            .map(|index| {
                let binary = chunking && binary && dice.one_in(4);
                // Content that cannot be sent ends the session.
                let seven_bit = calm || !eight_bits && !dice.one_in(8);
                Message::new(dice, index, binary, seven_bit)
            })
            .collect();
        let mut script = VecDeque::new();
        for message in &messages {
            if dice.one_in(4) {
                script.push_back(
                    dice.pick(&["noop", "reset", "help", "verify somebody", "command XYZZY now"])
                        .to_owned(),
                );
            }
            script.push_back(message.action());
        }
        if calm || !dice.one_in(12) {
            script.push_back("quit".to_owned());
        }
        Self {
            calm,
            entry,
            lmtp,
            settings: lines.join("\n"),
            messages,
            script,
        }
    }
}

impl Plan {
    /// Returns `true` if a deadline or a penalty is longer than a day, so that a session may be.
    pub(crate) fn is_extreme(&self) -> bool {
        let mut timeouts = self.settings.lines().filter(|line| line.contains(" timeout "));
        timeouts.any(|line| {
            let seconds = line.rsplit(' ').next().and_then(|last| last.parse::<u64>().ok());
            seconds.is_some_and(|seconds| seconds > 24 * 60 * 60)
        })
    }
}

/// Windows, limits and deadlines.
fn bounds(dice: &mut Dice, calm: bool, lines: &mut Vec<String>) {
    let window = dice.pick(&[1, 2, 3, 16]);
    lines.push(format!("server limit window {window}"));
    let window = dice.pick(&[1, 2, 5, 100]);
    lines.push(format!("client limit window {window}"));
    if dice.one_in(2) {
        lines.push("client chunking when-offered".to_owned());
        lines.push(format!("client limit chunk {}", dice.between(1, 40)));
    }
    if dice.one_in(6) {
        lines.push("client pipelining never".to_owned());
    }
    if !dice.one_in(3) {
        lines.push("client prdr when-offered".to_owned());
    }
    lines.push(format!("pieces {}", dice.between(1, 50)));
    lines.push(format!(
        "server line-endings {}",
        dice.pick(&["reject", "normalize", "keep"])
    ));
    if dice.one_in(4) {
        lines.push(format!("server limit recipients {}", dice.between(1, 8)));
        lines.push(format!("server limit overshoot {}", dice.pick(&[0, 3, 1000])));
    }
    if calm {
        return;
    }
    if dice.one_in(3) {
        for role in [Role::Server, Role::Client] {
            for _ in 0..dice.below(4) {
                lines.extend(extreme(role, &mut |below| dice.below(below)));
            }
        }
    }
    if dice.one_in(8) {
        lines.push("client line-endings refuse".to_owned());
    }
    if dice.one_in(6) {
        lines.push(format!("server limit message {}", dice.between(0, 60)));
    }
    if dice.one_in(8) {
        lines.push(format!("server limit idle {}", dice.between(0, 6)));
    }
    if dice.one_in(8) {
        lines.push(format!("server limit unknown 0 {}", dice.between(0, 2)));
    }
    if dice.one_in(16) {
        lines.push(format!("server limit dropped {}", dice.between(0, 100)));
    }
    if dice.one_in(3) {
        lines.push(format!("client timeout all {}", dice.pick(&[1, 20, 100])));
    }
    for name in ["answer", "verdict", "command", "data", "write", "handshake"] {
        if dice.one_in(5) {
            lines.push(format!("server timeout {name} {}", dice.pick(&[1, 10, 200])));
        }
    }
    if dice.one_in(8) {
        lines.push("server timeout banner 2".to_owned());
    }
}
