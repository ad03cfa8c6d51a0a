//! An independent parser of both streams, which knows neither machine: it matches replies with commands.

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
    /// The client sent the end of the message.
    pub(crate) complete: bool,
    /// MAIL asked for a reply for each recipient (PRDR).
    prdr: bool,
    /// The replies for each accepted recipient, between 353 and the last one (PRDR).
    each: Vec<Reply>,
    /// The replies to the end of the message, after those.
    pub(crate) last: Vec<Reply>,
    /// All refusals that speak of no single recipient.
    pub(crate) refusals: Vec<u16>,
}

impl Transaction {
    fn accepted(&self) -> impl Iterator<Item = &str> {
        let accepted = self.recipients.iter().filter(|(_, reply)| reply.is_positive());
        accepted.map(|(path, _)| path.as_str())
    }

    /// Some recipients accepted the message, and some refused it, each for itself (PRDR).
    pub(crate) fn is_divided(&self) -> bool {
        let refused = |reply: &Reply| !reply.is_positive();
        self.last.iter().any(Reply::is_positive) && self.each.iter().any(refused)
    }

    /// The reply to the end of the message that decides about this recipient. draft-hall-prdr: a refusal for a recipient is
    /// final; an acceptance also needs acceptance for all.
    pub(crate) fn last_of(&self, path: &str, lmtp: bool) -> Option<&Reply> {
        let index = self.accepted().position(|accepted| accepted == path)?;
        match self.each.get(index) {
            Some(own) if !own.is_positive() => Some(own),
            _ => self.last.get(if lmtp { index } else { 0 }),
        }
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
    // The server may send 421 without a command.
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

    /// Returns the reply to this command. A mailbox in the reply must occur in the command.
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
        // Before a transaction begins, refusals concern no transaction.
        let mut nothing = Transaction::default();
        let transaction = self.wire.transactions.last_mut().unwrap_or(&mut nothing);
        match verb {
            "MAIL" => {
                self.broken = false;
                self.wire.transactions.push(Transaction {
                    from: path(line),
                    refused: refusal(&reply),
                    refusals: refusal(&reply).into_iter().collect(),
                    prdr: line.ends_with(" PRDR"),
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
            // A reply to an incomplete chunk answers no command.
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

    /// The replies to the end of the message: one, or in LMTP one for each accepted recipient (RFC 2033 section 4.2). If the
    /// client asked for it, and there are several: 353, one for each, and one for all (draft-hall-prdr section 4).
    fn last_replies(&mut self) -> Result<(), String> {
        let transaction = self.transaction()?;
        transaction.complete = true;
        // The number of a recipient counts the RCPT questions before it: at least the accepted ones, at most all commands.
        let commands = transaction.recipients.iter().enumerate();
        let accepted = commands.filter(|(_, (_, reply))| reply.is_positive());
        let bounds: Vec<_> = accepted.map(|(place, _)| place).enumerate().collect();
        let may_have_each = transaction.prdr && bounds.len() > 1;
        if self.lmtp {
            for number in 0..bounds.len().max(1) {
                let Some(reply) = self.last_reply(bounds.get(number))? else {
                    return Ok(());
                };
                self.transaction()?.last.push(reply);
            }
            return Ok(());
        }
        let Some(first) = self.last_reply(None)? else {
            return Ok(());
        };
        if first.code != 353 {
            if may_have_each && first.is_positive() {
                return Err(format!("{first:?} in place of a reply for each recipient"));
            }
            self.transaction()?.last.push(first);
            return Ok(());
        }
        if !may_have_each {
            return Err("353 that nobody asked for".to_owned());
        }
        for bound in &bounds {
            let Some(reply) = self.last_reply(Some(bound))? else {
                return Ok(());
            };
            self.transaction()?.each.push(reply);
        }
        if let Some(all) = self.last_reply(None)? {
            let transaction = self.transaction()?;
            if all.code != 421 && all.is_positive() != transaction.each.iter().any(Reply::is_positive) {
                return Err(format!("{all:?} after {:?}", transaction.each));
            }
            transaction.last.push(all);
        }
        Ok(())
    }

    /// The next reply to the end of the message; if it is about one recipient, about the one within these bounds.
    fn last_reply(&mut self, bound: Option<&(usize, usize)>) -> Result<Option<Reply>, String> {
        let Some(reply) = self.reply("")? else {
            return Ok(None);
        };
        let about = reply.text.split_once("number ").map(|(_, rest)| rest);
        let index = about.and_then(|about| about.split(' ').next()?.parse::<usize>().ok());
        if let Some((least, most)) = bound
            && index.is_some_and(|index| !(*least..=*most).contains(&index))
        {
            return Err(format!("{reply:?} is about another recipient than {least}"));
        }
        self.transaction()?.refusals.extend(refusal(&reply));
        Ok(Some(reply))
    }

    fn transaction(&mut self) -> Result<&mut Transaction, String> {
        let last = self.wire.transactions.last_mut();
        last.ok_or_else(|| "a message without MAIL".to_owned())
    }
}

fn refusal(reply: &Reply) -> Option<u16> {
    (reply.code >= 400).then_some(reply.code)
}

fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(String::new(), |(path, _)| path.to_owned())
}

/// Parses whole replies (RFC 5321 section 4.2). Omits an unfinished reply at the end.
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
