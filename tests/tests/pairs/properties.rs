//! Properties of every world.

use std::collections::HashMap;

use smtp_proto::{Machine, State, client::ExtensionUse, data::LineEndings};
use smtp_tests::{Question, Seat, escape};

use crate::{
    plan::Message,
    wire::{self, Reply, Transaction, Wire},
    world::World,
};

/// No reply and no command of a world is longer, in octets.
const LONGEST_LINE: usize = 600;

/// The number of octets of output above which a machine accepts no further work.
const OUTPUT_HIGH: usize = 4096;

/// Memory stays within the limits at every moment.
pub(crate) fn bounded(world: &World<'_>) -> Result<(), String> {
    let server = &world.pair.server.seat.server;
    let limits = &server.config().limits;
    let open = world.pair.server.seat.open_questions();
    let recipients = open
        .filter(|(_, question, _)| *question == Question::Recipient)
        .count();
    // A question whose answer is overdue is closed, but the application still holds its ticket.
    if world.plan.calm && recipients > limits.max_open_rcpts.max(1) {
        return Err(format!("{recipients} RCPT questions are open"));
    }
    if server.recipients() > limits.max_recipients {
        return Err(format!("{} recipients", server.recipients()));
    }
    // The server may hold back a reply for each parsed command: a window of RCPT and other commands, or in LMTP the replies
    // for all recipients.
    let recipients = usize::try_from(limits.max_recipients.min(50)).expect("it is small");
    let held = limits.max_open_rcpts.min(50) + recipients + 60;
    let most = OUTPUT_HIGH + held * LONGEST_LINE;
    for (name, output, most) in [
        ("server", world.pair.server.seat.output(), most),
        (
            "client",
            world.pair.client.seat.client.output(),
            OUTPUT_HIGH + LONGEST_LINE,
        ),
    ] {
        if output.len() > most {
            return Err(format!(
                "{} octets wait to be written by the {name}",
                output.len()
            ));
        }
    }
    Ok(())
}

/// Exactly the accepted messages arrived, and all reports are true. Returns how many messages were accepted and
/// refused for some recipients each (PRDR).
pub(crate) fn hold(world: &World<'_>) -> Result<usize, String> {
    let (client, server) = (&world.pair.client, &world.pair.server);
    let lmtp = world.plan.lmtp;
    // Replies answer commands, as each of the two sees it.
    let by_server = wire::read(&client.said[..client.arrived], &server.said, lmtp)?;
    // The client machine treats its output as sent.
    let sent = [&client.said, client.seat.output()].concat();
    let by_client = wire::read(&sent, &server.said[..server.arrived], lmtp)?;
    // If nothing stalls, the server sends all replies before the end.
    let quit = server.seat.log().last().is_some_and(|last| last == "closed Quit");
    if by_server.last_code == 221 && by_server.unanswered > 0
        || quit && world.plan.calm && by_server.last_code != 221
    {
        return Err(format!("{} commands were not answered", by_server.unanswered));
    }

    let told = Told::read(client.seat.log());
    for message in &world.plan.messages {
        delivered(world, message, &told)?;
    }
    let known = |from: &str| world.plan.messages.iter().any(|message| message.from == from);
    if let Some(delivery) = server.seat.stored.iter().find(|delivery| !known(&delivery.from)) {
        return Err(format!("nobody sent {delivery:?}"));
    }
    for transaction in &by_client.transactions {
        named(world, transaction, &told)?;
    }
    ends(world, &told, &by_client)?;
    let_in(world)?;
    let transactions = by_client.transactions.iter();
    Ok(transactions
        .filter(|transaction| transaction.is_divided())
        .count())
}

/// The reports of the client to its application.
struct Told {
    /// The outcome for each recipient.
    fates: HashMap<String, String>,
    outcomes: Vec<String>,
}

impl Told {
    fn read(log: &[String]) -> Self {
        let fates = log
            .iter()
            .filter_map(|line| line.strip_prefix("outcome "))
            .map(|fate| {
                let (path, fate) = fate.split_once(' ').unwrap_or_default();
                (path.trim_matches(['<', '>']).to_owned(), fate.to_owned())
            });
        let ends = log
            .iter()
            .filter(|line| line.starts_with("finished ") || line.starts_with("closed "));
        Self {
            fates: fates.collect(),
            outcomes: ends.cloned().collect(),
        }
    }
}

/// Checks that each recipient receives what the client reports, octet for octet and once.
fn delivered(world: &World<'_>, message: &Message, told: &Told) -> Result<(), String> {
    let stored = world.pair.server.seat.stored.iter();
    let deliveries: Vec<_> = stored.filter(|delivery| delivery.from == message.from).collect();
    if deliveries.len() > 1 {
        return Err(format!("{} was stored {} times", message.from, deliveries.len()));
    }
    // If bare line endings are refused, chunks carry the content unchanged (RFC 3030).
    let client = world.pair.client.seat.client.config();
    let as_given = client.line_endings == LineEndings::Refuse && client.chunking == ExtensionUse::IfOffered;
    for delivery in &deliveries {
        if delivery.content != message.expected && !(as_given && delivery.content == message.content) {
            return Err(format!(
                "not sent like this: {}\n              but this: {}",
                escape(&delivery.content),
                escape(&message.expected)
            ));
        }
        if let Some(stranger) = delivery.to.iter().find(|to| !message.to.contains(to)) {
            return Err(format!("{stranger} is no recipient of {}", message.from));
        }
    }
    let tried = message.to.iter().any(|path| told.fates.contains_key(path));
    for path in &message.to {
        let to = deliveries.iter().flat_map(|delivery| &delivery.to);
        let arrived = to.filter(|to| *to == path).count();
        let fate = told.fates.get(path).map_or("", String::as_str);
        let right = match fate.split(' ').next().unwrap_or_default() {
            "accepted" => arrived == 1,
            "refused" | "not" => arrived == 0,
            "unknown" => arrived <= 1,
            _ => arrived == 0 && !tried,
        };
        if !right {
            return Err(format!(
                "{path} is told to be {fate:?} and got {arrived} messages"
            ));
        }
    }
    Ok(())
}

/// Checks that the client reports each refused and each accepted recipient with its reply.
fn named(world: &World<'_>, transaction: &Transaction, told: &Told) -> Result<(), String> {
    let mut messages = world.plan.messages.iter();
    let message = messages
        .find(|message| message.from == transaction.from)
        .ok_or("a message of nobody's")?;
    // A 421 that the server began before RCPT was written answers nothing, and concerns all recipients.
    let closes = transaction.recipients.iter().any(|(_, reply)| reply.code == 421);
    for path in &message.to {
        let fate = told
            .fates
            .get(path)
            .ok_or_else(|| format!("nothing is told of {path}"))?;
        let (kind, rest) = fate.split_once(' ').unwrap_or((fate, ""));
        let code = rest.split(' ').next().and_then(|code| code.parse().ok());
        let own = transaction.recipients.iter().find(|(named, _)| named == path);
        let own = own.map(|(_, reply)| reply);
        let last = transaction.last_of(path, world.plan.lmtp);
        let accepted = own.is_some_and(Reply::is_positive);
        let right = match kind {
            _ if transaction.refused.is_some() => kind == "refused" && code == transaction.refused,
            "accepted" => accepted && last.is_some_and(|last| last.is_positive() && Some(last.code) == code),
            "refused" if own.is_some() && !accepted => code == own.map(|own| own.code),
            "refused" => {
                code.is_some_and(|code| transaction.refusals.contains(&code) || (closes && code == 421))
                    && last.is_none_or(|last| Some(last.code) == code)
            }
            "unknown" => accepted && transaction.complete && last.is_none(),
            _ => (accepted || own.is_none()) && last.is_none() && transaction.refusals.is_empty(),
        };
        if !right {
            return Err(format!(
                "{path} is told to be {fate:?}, and the replies were {transaction:?}"
            ));
        }
    }
    Ok(())
}

/// The ends of transactions and of the session.
fn ends(world: &World<'_>, told: &Told, wire: &Wire) -> Result<(), String> {
    let has = |kind: &str| told.fates.values().any(|fate| fate.starts_with(kind));
    let last = told.outcomes.last().ok_or("nothing is told of the end")?;
    if has("unknown") && !last.ends_with(" Unknown") {
        return Err(format!("{last:?}, and fates are unknown"));
    }
    let accepted = told
        .outcomes
        .iter()
        .filter(|outcome| *outcome == "finished Accepted")
        .count();
    let taken = wire
        .transactions
        .iter()
        .filter(|transaction| transaction.last.iter().any(Reply::is_positive));
    let taken = taken.count();
    // LMTP may break off between the replies.
    if accepted > taken
        || accepted < taken && !(world.plan.lmtp && last.starts_with("closed ") && accepted + 1 == taken)
    {
        return Err(format!(
            "{taken} messages were accepted, and {accepted} told to be"
        ));
    }
    if last.ends_with(" Unknown")
        && !wire
            .transactions
            .last()
            .is_some_and(|transaction| transaction.complete)
    {
        return Err(format!("{last:?}, and the message was not sent"));
    }
    if world.plan.calm {
        let end = world.plan.entry.end();
        let number = if end.is_some() {
            0
        } else {
            world.plan.messages.len()
        };
        if told.outcomes.len() != number + 1 {
            return Err(format!(
                "{number} messages were to be finished: {:?}",
                told.outcomes
            ));
        }
        let why = end.unwrap_or("Quit");
        if *last != format!("closed {why} None") {
            return Err(format!("the session was to end with {why}: {last}"));
        }
    }
    let log = world.pair.server.seat.log();
    if world.graceful && log.ends_with(&["reset Closed".to_owned(), "closed Shutdown".to_owned()]) {
        return Err("the server has not waited for the transaction in hand".to_owned());
    }
    if world.pair.server.seat.server.state() != State::Closed {
        return Err("the server machine has not closed".to_owned());
    }
    Ok(())
}

/// Checks that only valid logins succeed, and that mail without a required login is refused.
fn let_in(world: &World<'_>) -> Result<(), String> {
    let (entry, log) = (&world.plan.entry, world.pair.server.seat.log());
    let let_in: Vec<&str> = log
        .iter()
        .filter_map(|line| line.strip_prefix("authenticated "))
        .collect();
    let right = match &entry.login {
        Some(who) if entry.end().is_none() => {
            let name = escape(who.user.as_bytes());
            let mut claims = log.iter().filter(|line| line.starts_with("auth "));
            let_in.iter().all(|user| *user == name)
                && claims
                    .all(|claim| claim.starts_with("auth CRAM-MD5 ") || claim.ends_with(&format!(" {name}")))
                && (!world.plan.calm || let_in.len() == 1)
        }
        _ => let_in.is_empty(),
    };
    if !right {
        return Err(format!("let in: {let_in:?}"));
    }
    // A client whose EHLO was refused sends HELO and learns of no STARTTLS.
    let fell_back = world.pair.client.said.windows(5).any(|word| word == b"HELO ");
    let ends = entry.end().is_some_and(|why| why != "TlsFailed" || !fell_back);
    let takes_mail = entry.takes_mail() && !ends;
    // Nor does a client that keeps only the beginning of a reply.
    let cut = world.plan.settings.contains("client limit reply");
    if !takes_mail && !cut && !world.pair.server.seat.stored.is_empty() {
        return Err("mail was taken all the same".to_owned());
    }
    Ok(())
}
