//! The client application of a story: it does the actions of the story, and logs its events.

mod seat;
mod words;

use std::collections::VecDeque;

use smtp_proto::{
    Machine, TlsInfo, TlsUpgrade,
    client::{BodyPermit, BodyStep, Client, Event, More, Receipt, RecipientStatus},
    types::{Argument, InvalidAddress, UnknownCommand},
};

use self::words::{envelope, info, query};
use crate::{octets::unescape, scripted::begin, settings::Settings};

/// A client machine and its application.
#[derive(Debug)]
pub struct Sender {
    /// The machine.
    pub client: Client,
    /// The events of the application.
    pub log: Vec<String>,
    permit: Option<BodyPermit>,
    /// True if the whole content of the open transaction was passed to the machine.
    given: bool,
    /// The number of the open transaction, and of the announced one.
    receipts: VecDeque<Receipt>,
    /// The remaining actions, in order.
    plans: VecDeque<String>,
    /// The content that was not sent yet, the number of its octets that were, and the content after it.
    content: Option<(Vec<u8>, usize, More)>,
    /// Maximum octets of a piece of content.
    piece: usize,
    /// The output for the wire.
    wire: Vec<u8>,
    /// All output so far.
    sent: Vec<u8>,
    /// All replies that the machine has received.
    received: Vec<u8>,
    most_kept: usize,
    info: TlsInfo,
    upgrade: Option<TlsUpgrade>,
}

impl Sender {
    /// Creates a session that has just been connected.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let (config, security) = (settings.client.clone().into(), &settings.security);
        let reply = &settings.client.limits.reply;
        Self {
            client: if security.tls_first {
                Client::new_over_tls(config, security.info.clone())
            } else {
                Client::new(config)
            },
            log: Vec::new(),
            permit: None,
            given: false,
            receipts: VecDeque::new(),
            plans: VecDeque::new(),
            content: None,
            piece: settings.piece,
            wire: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
            // A reply may have one line only, and a line only a code and CRLF.
            most_kept: reply.total.max(reply.line).max(6),
            info: security.info.clone(),
            upgrade: None,
        }
    }

    /// Adds an action, which is done as soon as the machine is ready for it.
    pub fn plan(&mut self, action: &str) {
        self.plans.push_back(action.to_owned());
    }

    /// Returns true if an action is left.
    #[must_use]
    pub fn has_plans(&self) -> bool {
        !self.plans.is_empty() || self.content.is_some()
    }

    /// Returns true if the machine waits for content, and no content is queued.
    #[must_use]
    pub const fn wants_content(&self) -> bool {
        self.permit.is_some() && self.content.is_none()
    }

    /// Returns true if a transaction is open, and no further transaction is announced.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.receipts.len() == 1
    }

    /// Announces this envelope at once, even without an open transaction.
    ///
    /// # Errors
    ///
    /// If the text is not an envelope.
    pub fn announce(&mut self, text: &str) -> Result<(), String> {
        let envelope = envelope(&unescape(text)?)?;
        let receipt = Receipt::new(&envelope);
        match self.client.deliver_next(envelope) {
            Ok(()) => self.receipts.push_back(receipt),
            Err(refused) => self.log.push(format!("not-sent {}", refused.error)),
        }
        Ok(())
    }

    /// Does the next action if the machine is ready for it.
    fn act(&mut self) -> Result<bool, String> {
        let Some(plan) = self.plans.front() else {
            return Ok(false);
        };
        let (verb, rest) = plan.split_once(' ').unwrap_or((plan, ""));
        let in_turn = match verb {
            "part" | "body" => self.wants_content(),
            "next" => self.is_alone() || self.client.is_ready(),
            "abort" => true,
            _ => self.client.is_ready(),
        };
        if !in_turn {
            return Ok(false);
        }
        let (verb, rest) = (verb.to_owned(), rest.to_owned());
        self.plans.pop_front();
        if verb == "next" && !self.client.is_ready() {
            self.announce(&rest)?;
            return Ok(true);
        }
        let client = &mut self.client;
        let refused = match verb.as_str() {
            "deliver" | "next" => {
                let envelope = envelope(&unescape(&rest)?)?;
                let receipt = Receipt::new(&envelope);
                let refused = client.deliver(envelope).err();
                if refused.is_none() {
                    self.receipts.push_back(receipt);
                }
                refused.map(|refused| refused.error)
            }
            "part" | "body" => {
                let coming = if verb == "part" { More::Yes } else { More::Last };
                self.given = coming == More::Last;
                self.content = Some((unescape(&rest)?, 0, coming));
                None
            }
            "verify" => client.verify(query(&rest)?).err().map(|refused| refused.error),
            "expand" => client.expand(query(&rest)?).err().map(|refused| refused.error),
            "help" if rest.is_empty() => client.help(None).err().map(|refused| refused.error),
            "help" => {
                let topic = Argument::new(rest).map_err(|error| error.to_string())?;
                client.help(Some(topic)).err().map(|refused| refused.error)
            }
            "etrn" => client
                .etrn(rest.parse().map_err(|error: InvalidAddress| error.to_string())?)
                .err()
                .map(|refused| refused.error),
            "authenticate" => client
                .authenticate(begin(&rest)?)
                .err()
                .map(|refused| refused.error),
            "xclient" => client.xclient(info(&rest)?).err().map(|refused| refused.error),
            "xforward" => client.xforward(info(&rest)?).err().map(|refused| refused.error),
            "noop" => client.noop().err(),
            "reset" => client.reset().err(),
            "command" => {
                let (verb, argument) = rest.split_once(' ').unwrap_or((&rest, ""));
                let argument = (!argument.is_empty())
                    .then(|| Argument::new(argument.to_owned()))
                    .transpose()
                    .map_err(|error| error.to_string())?;
                let command =
                    UnknownCommand::new(verb.to_owned(), argument).map_err(|error| error.to_string())?;
                client.command(command).err().map(|refused| refused.error)
            }
            "quit" => client.quit().err(),
            "abort" => {
                client.abort();
                None
            }
            _ => return Err(format!("the client cannot {verb}")),
        };
        if let Some(why) = refused {
            self.log.push(format!("not-sent {why}"));
        }
        Ok(true)
    }

    /// Passes content to the machine, and reports the end of the message directly after its last piece. Returns true if this
    /// had an effect.
    fn send_content(&mut self) -> bool {
        let mut moved = false;
        loop {
            let more = self.send_piece();
            moved |= more;
            let all_used = self
                .content
                .as_ref()
                .is_some_and(|(content, at, _)| *at == content.len());
            if !(more && all_used) {
                return moved;
            }
        }
    }

    fn send_piece(&mut self) -> bool {
        let (Some((content, at, behind)), Some(permit)) = (&mut self.content, &self.permit) else {
            return false;
        };
        let rest = &content[*at..];
        let piece = &rest[..rest.len().min(self.piece)];
        let coming = if piece.len() == rest.len() {
            *behind
        } else {
            More::Yes
        };
        let mut input = piece;
        // The output of the machine is written before the new piece.
        let result = self.client.body(permit, &mut input, coming);
        let used = piece.len() - input.len();
        match result {
            Ok(BodyStep::Write(octets)) => {
                self.wire.extend_from_slice(self.client.output());
                let all = self.client.output().len();
                self.client.advance_output(all);
                self.wire.extend_from_slice(octets);
                *at += used;
                true
            }
            Ok(BodyStep::NeedInput) => {
                assert_eq!(used, 0, "content was used up and nothing given out");
                assert_eq!(*at, content.len(), "the machine takes no content");
                let more = *behind == More::Yes;
                self.content = None;
                if more {
                    return true;
                }
                let permit = self.permit.take().expect("it was there");
                if let Err(why) = self.client.end_body(permit) {
                    self.log.push(format!("unsendable {why}"));
                }
                true
            }
            Ok(BodyStep::AwaitReply) => false,
            Ok(BodyStep::Abort) => {
                self.log.push("stopped".to_owned());
                (self.content, self.permit) = (None, None);
                true
            }
            Err(why) => {
                self.log.push(format!("unsendable {why}"));
                (self.content, self.permit) = (None, None);
                true
            }
        }
    }

    fn see(&mut self, event: Event<'_>) {
        if let Some(receipt) = self.receipts.front_mut() {
            receipt.record(&event);
        }
        match event {
            Event::StartTls(upgrade) => {
                self.log.push("tls".to_owned());
                self.upgrade = Some(upgrade);
            }
            Event::Ready => self.log.push("ready".to_owned()),
            Event::Reply { to, reply } => self.log.push(format!("reply {to:?} {reply}")),
            Event::Body(permit) => {
                self.permit = Some(permit);
                self.log.push("permit".to_owned());
            }
            Event::Finished(outcome) => {
                self.log.push(format!("finished {outcome:?}"));
                // Content that the machine did not request belongs to no later message.
                if !std::mem::take(&mut self.given) {
                    if self.content.is_none() {
                        self.permit = None;
                    }
                    let own = |plan: &String| !plan.starts_with("next ");
                    if let Some(index) = self.plans.iter().position(own) {
                        let rest = self.plans.iter().skip(index);
                        let parts = rest.take_while(|plan| is_part(plan)).count();
                        let body = self.plans.get(index + parts).is_some_and(|plan| is_body(plan));
                        self.plans.drain(index..index + parts + usize::from(body));
                    }
                }
                self.tell_fates();
            }
            Event::Closed { why, message } => {
                self.log.push(format!("closed {why:?} {message:?}"));
                while !self.receipts.is_empty() {
                    self.tell_fates();
                }
            }
            other => panic!("what is this? {other:?}"),
        }
    }

    fn tell_fates(&mut self) {
        let Some(receipt) = self.receipts.pop_front() else {
            return;
        };
        for (path, fate) in receipt.recipients() {
            let again = if fate.is_transient() { " transient" } else { "" };
            let fate = match fate {
                RecipientStatus::Accepted(reply) => format!("accepted {}", reply.code()),
                RecipientStatus::Refused { reply, .. } => format!("refused {}", reply.code()),
                RecipientStatus::NotAccepted => "not sent".to_owned(),
                RecipientStatus::Unknown => "unknown".to_owned(),
                other => panic!("what is this? {other:?}"),
            };
            self.log.push(format!("outcome {path} {fate}{again}"));
        }
    }
}

fn is_part(plan: &str) -> bool {
    plan.starts_with("part ")
}

fn is_body(plan: &str) -> bool {
    plan == "body" || plan.starts_with("body ")
}
