//! A look at what went over the wire, by somebody who has seen neither machine: which reply answers which command.

use std::collections::VecDeque;

/// A reply: its code and its text, lines joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    text: String,
}

impl Reply {
    pub(crate) const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }
}

/// A transaction as it went over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) from: String,
    /// The code of the refusal of MAIL.
    pub(crate) refused: Option<u16>,
    /// The reply to RCPT, by forward-path.
    pub(crate) recipients: Vec<(String, Reply)>,
    /// The end of the message was said.
    pub(crate) complete: bool,
    /// The replies to the end of the message.
    pub(crate) last: Vec<Reply>,
    /// All refusals that speak of no single recipient.
    pub(crate) refusals: Vec<u16>,
}

impl Transaction {
    fn accepted(&self) -> impl Iterator<Item = &str> {
        let accepted = self.recipients.iter().filter(|(_, reply)| reply.is_positive());
        accepted.map(|(path, _)| path.as_str())
    }

    /// The reply to the end of the message that speaks of this recipient.
    pub(crate) fn last_of(&self, path: &str, lmtp: bool) -> Option<&Reply> {
        let index = self.accepted().position(|accepted| accepted == path)?;
        self.last.get(if lmtp { index } else { 0 })
    }
}

/// The octets that went over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) transactions: Vec<Transaction>,
    /// Commands without a reply.
    pub(crate) unanswered: usize,
    /// The code of the last reply.
    pub(crate) last_code: u16,
}

/// Matches replies and commands, in their order (RFC 5321 section 2.1, RFC 2920 section 3.2).
pub(crate) fn read(commands: &[u8], replies: &[u8], lmtp: bool) -> Result<Wire, String> {
    let mut reader = Reader {
        commands,
        replies: split(replies)?,
        lmtp,
        broken: false,
        wire: Wire::default(),
    };
    reader.wire.last_code = reader.replies.back().map_or(0, |reply| reply.code);
    reader.replies.pop_front();
    while let Some(line) = reader.line() {
        reader.command(&line)?;
    }
    // The server may say by itself that it closes.
    match reader.replies.make_contiguous() {
        [] => {}
        [one] if one.code == 421 => {
            if let Some(transaction) = reader.wire.transactions.last_mut() {
                transaction.refusals.push(421);
            }
        }
        more => return Err(format!("replies to nothing: {more:?}")),
    }
    Ok(reader.wire)
}

struct Reader<'w> {
    commands: &'w [u8],
    replies: VecDeque<Reply>,
    lmtp: bool,
    /// A chunk of the transaction was refused.
    broken: bool,
    wire: Wire,
}

impl Reader<'_> {
    fn line(&mut self) -> Option<String> {
        let end = self.commands.windows(2).position(|two| two == b"\r\n")?;
        let line = String::from_utf8_lossy(&self.commands[..end]).into_owned();
        self.commands = &self.commands[end + 2..];
        Some(line)
    }

    /// The next reply, which answers this command; what it names has to be named there.
    fn reply(&mut self, line: &str) -> Result<Option<Reply>, String> {
        let Some(reply) = self.replies.pop_front() else {
            self.wire.unanswered += 1;
            return Ok(None);
        };
        let mut names = reply.text.split_whitespace().filter(|word| word.contains('@'));
        if reply.code != 221 && names.any(|name| !line.contains(&format!("<{name}>"))) {
            return Err(format!("{reply:?} answers {line}"));
        }
        if reply.code == 421 && !self.replies.is_empty() {
            return Err(format!("421 is not the last reply: {:?}", self.replies));
        }
        Ok(Some(reply))
    }

    fn command(&mut self, line: &str) -> Result<(), String> {
        let verb = line.split(' ').next().unwrap_or_default();
        if verb == "BDAT" {
            return self.chunk(line);
        }
        let Some(mut reply) = self.reply(line)? else {
            return Ok(());
        };
        // Until a transaction is begun, refusals speak of nothing.
        let mut nothing = Transaction::default();
        let transaction = self.wire.transactions.last_mut().unwrap_or(&mut nothing);
        match verb {
            "MAIL" => {
                self.broken = false;
                self.wire.transactions.push(Transaction {
                    from: path(line),
                    refused: refusal(&reply),
                    refusals: refusal(&reply).into_iter().collect(),
                    ..Transaction::default()
                });
            }
            "RCPT" => {
                transaction.recipients.push((path(line), reply));
            }
            "DATA" if reply.code == 354 => return self.content(),
            "DATA" | "RSET" => transaction.refusals.extend(refusal(&reply)),
            "AUTH" => {
                while reply.code == 334 {
                    let Some(response) = self.line() else { break };
                    match self.reply(&response)? {
                        Some(next) => reply = next,
                        None => break,
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Text up to the final dot.
    fn content(&mut self) -> Result<(), String> {
        loop {
            match self.line() {
                None => return Ok(()),
                Some(line) if line == "." => return self.last_replies(),
                Some(_) => {}
            }
        }
    }

    fn chunk(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split(' ').skip(1);
        let octets: usize = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or("a chunk without a length")?;
        let Some((_, rest)) = self.commands.split_at_checked(octets) else {
            self.commands = b"";
            // A reply that came all the same is one to nothing.
            return Ok(());
        };
        self.commands = rest;
        if words.next() == Some("LAST") && !self.broken {
            return self.last_replies();
        }
        if let Some(reply) = self.reply(line)?
            && let Some(code) = refusal(&reply)
        {
            self.broken = true;
            if let Some(transaction) = self.wire.transactions.last_mut() {
                transaction.refusals.push(code);
            }
        }
        Ok(())
    }

    /// The replies to the end of the message: one, or in LMTP one for each accepted recipient (RFC 2033 section 4.2).
    fn last_replies(&mut self) -> Result<(), String> {
        let transaction = self
            .wire
            .transactions
            .last_mut()
            .ok_or("a message without MAIL")?;
        transaction.complete = true;
        // The number of a recipient counts the RCPT questions before it: at least the accepted ones, at most all commands.
        let commands = transaction.recipients.iter().enumerate();
        let accepted = commands.filter(|(_, (_, reply))| reply.is_positive());
        let bounds: Vec<_> = accepted.map(|(place, _)| place).enumerate().collect();
        let due = if self.lmtp { bounds.len().max(1) } else { 1 };
        for number in 0..due {
            let Some(reply) = self.reply("")? else {
                return Ok(());
            };
            let about = reply.text.split_once("number ").map(|(_, rest)| rest);
            let index = about.and_then(|about| about.split(' ').next()?.parse().ok());
            let fits = |index| {
                bounds
                    .get(number)
                    .is_some_and(|(least, most)| (*least..=*most).contains(&index))
            };
            if self.lmtp && index.is_some_and(|index: usize| !fits(index)) {
                return Err(format!("{reply:?} is about recipient {number}"));
            }
            let closes = reply.code == 421;
            if let Some(transaction) = self.wire.transactions.last_mut() {
                transaction.refusals.extend(refusal(&reply));
                transaction.last.push(reply);
            }
            if closes {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn refusal(reply: &Reply) -> Option<u16> {
    (reply.code >= 400).then_some(reply.code)
}

fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(String::new(), |(path, _)| path.to_owned())
}

/// Whole replies (RFC 5321 section 4.2); an unfinished one at the end is left out.
fn split(octets: &[u8]) -> Result<VecDeque<Reply>, String> {
    let text = String::from_utf8(octets.to_vec()).map_err(|error| error.to_string())?;
    let mut replies = VecDeque::new();
    let mut open: Option<Reply> = None;
    for line in text.split_inclusive("\r\n") {
        let Some(line) = line.strip_suffix("\r\n") else {
            break;
        };
        let fault = || format!("no reply line: {line:?}");
        let (code, rest) = line.split_at_checked(3).ok_or_else(fault)?;
        let code: u16 = code.parse().map_err(|_| fault())?;
        let reply = open.get_or_insert(Reply {
            code,
            text: String::new(),
        });
        if reply.code != code || line.contains(['\r', '\n']) {
            return Err(fault());
        }
        reply.text.push_str(rest.get(1..).unwrap_or_default());
        reply.text.push(' ');
        if !rest.starts_with('-') {
            replies.extend(open.take());
        }
    }
    Ok(replies)
}
