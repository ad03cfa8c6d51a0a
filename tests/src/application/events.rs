//! The events of a server: their log lines, and the questions among them.

use smtp_proto::{server::Event, types::Command};

use super::Application;
use crate::{
    answer::{Answer, Question},
    held::AnyTicket,
    octets::escape,
};

impl Application {
    /// Logs an event of [`server`](Self::server), and answers it if it is a question.
    pub fn see(&mut self, event: Event<'_>) {
        match event {
            Event::Body(octets) => {
                assert!(!octets.is_empty(), "empty body slice");
                self.body.extend_from_slice(octets);
                if !self.fails
                    && let Some(Answer::Reject(rejection)) = self.rule(Question::Body, "")
                {
                    self.fails = true;
                    self.body.clear();
                    self.server.reject_body(rejection).expect("content is on its way");
                }
            }
            Event::Connect { ticket } => {
                let client = self.server.xclient().to_string();
                self.log
                    .push(escape(format!("connect {client}").trim_end().as_bytes()));
                for offered in &self.settings.session_offers {
                    self.server.extensions_mut().add(offered.clone());
                }
                for withheld in &self.settings.session_withholds {
                    self.server.extensions_mut().remove(*withheld);
                }
                self.asked(Question::Connect, &client, AnyTicket::Other(ticket.into_any()));
            }
            Event::Hello { verb, name, ticket } => {
                self.log.push(format!("hello {verb} {name}"));
                self.asked(
                    Question::Hello,
                    name.as_str(),
                    AnyTicket::Other(ticket.into_any()),
                );
            }
            Event::StartTls(upgrade) => {
                self.log.push("tls".to_owned());
                self.upgrade = Some(upgrade);
            }
            Event::Auth {
                mechanism,
                request,
                ticket,
            } => {
                let (sight, answer) = self.judge.judge(&self.settings, mechanism, &request);
                self.log.push(escape(sight.as_bytes()));
                self.will_answer(Question::Auth, "", answer, AnyTicket::Auth(ticket));
            }
            Event::AuthFailed(fault) => {
                self.judge.forget();
                self.log.push(format!("auth-failed {fault:?}"));
            }
            Event::Mail { mail, ticket } => {
                let subject = mail.reverse_path().as_str().to_owned();
                self.from.clone_from(&subject);
                self.recipients.clear();
                self.log.push(command("mail", &Command::Mail(mail)));
                let origin = self.server.xforward();
                if !origin.is_empty() {
                    self.log.push(escape(format!("origin {origin}").as_bytes()));
                }
                self.asked(Question::Mail, &subject, AnyTicket::Other(ticket.into_any()));
            }
            Event::Recipient { index, rcpt, ticket } => {
                self.index = Some(index);
                let subject = rcpt.forward_path().as_str().to_owned();
                self.log.push(command("rcpt", &Command::Rcpt(rcpt)));
                self.asked(Question::Recipient, &subject, AnyTicket::Recipient(ticket));
            }
            Event::Data { ticket } => {
                self.fails = false;
                self.log.push("message".to_owned());
                self.asked(Question::Message, "", AnyTicket::Other(ticket.into_any()));
            }
            Event::EndOfData { recipient, ticket } => {
                self.each = recipient.is_some();
                let is_first =
                    recipient.is_none() || recipient == self.recipients.first().map(|(index, _)| *index);
                if is_first {
                    self.messages += 1;
                    self.flush_body(true);
                }
                let subject = recipient.map_or(self.messages.to_string(), |recipient| recipient.to_string());
                self.log
                    .push(format!("verdict {subject} {}", self.server.protocol_name()));
                let ticket = AnyTicket::Other(ticket.into_any());
                self.asked(Question::Verdict, &subject, ticket);
            }
            Event::Verify { query, ticket } => {
                self.log
                    .push(escape(format!("vrfy {}", query.as_str()).as_bytes()));
                self.asked(Question::Verify, query.as_str(), AnyTicket::Verify(ticket));
            }
            Event::Expand { query, ticket } => {
                self.log
                    .push(escape(format!("expn {}", query.as_str()).as_bytes()));
                self.asked(Question::Expand, query.as_str(), AnyTicket::Expand(ticket));
            }
            Event::Help { topic, ticket } => {
                let topic = topic.as_ref().map_or("", |topic| topic.as_str());
                self.log.push(format!("help {topic}").trim_end().to_owned());
                self.asked(Question::Help, topic, AnyTicket::Help(ticket));
            }
            Event::Xclient { info, ticket } => {
                self.log.push(escape(format!("xclient {info}").as_bytes()));
                let subject = info.as_str().to_owned();
                self.asked(Question::Xclient, &subject, AnyTicket::Xclient(ticket));
            }
            Event::Xforward { info, ticket } => {
                self.log.push(escape(format!("xforward {info}").as_bytes()));
                let (subject, ticket) = (info.as_str().to_owned(), AnyTicket::Other(ticket.into_any()));
                self.asked(Question::Xforward, &subject, ticket);
            }
            Event::Etrn { etrn, ticket } => {
                self.log.push(format!("etrn {etrn}"));
                self.asked(Question::Etrn, etrn.as_str(), AnyTicket::Etrn(ticket));
            }
            Event::Command { command, ticket } => {
                let argument = command.argument().map_or("", |argument| argument.as_str());
                self.log.push(
                    format!("command {} {argument}", command.verb())
                        .trim_end()
                        .to_owned(),
                );
                self.asked(
                    Question::Command,
                    command.verb(),
                    AnyTicket::Other(ticket.into_any()),
                );
            }
            Event::Reset(why) => {
                self.flush_body(false);
                assert!(self.open.take().is_some(), "no transaction is open: {why:?}");
                self.log.push(format!("reset {why:?}"));
            }
            Event::Closed(why) => {
                self.flush_body(false);
                assert!(self.open.is_none(), "the open transaction did not end: {why:?}");
                self.log.push(format!("closed {why:?}"));
            }
            other => panic!("what is this? {other:?}"),
        }
    }
}

/// Returns the log line of a command: a word, then the command as written on the wire.
fn command(word: &str, command: &Command<'_>) -> String {
    let line = command.to_line();
    format!("{word} {}", escape(line.strip_suffix(b"\r\n").unwrap_or(&line)))
}
