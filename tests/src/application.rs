//! The server application of a story: it answers by rules, and logs its events.

mod events;
mod seat;

use smtp_proto::{
    TlsUpgrade,
    server::{Server, StaleTicket, Ticket, ticket},
    types::EtrnAnswer,
};

use crate::{
    answer::{Answer, Question, answer},
    held::{AnyTicket, Held},
    judge::{Judge, verdict},
    octets::escape,
    settings::Settings,
};

/// The time at which an application answers questions. The session must be the same for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the ways there are")]
pub enum Answers {
    /// At once.
    Now,
    /// After all input was read, in the order of the questions.
    Late,
    /// After all input was read, the last question first.
    Reversed,
    /// On [request](Application::answer_question).
    Told,
}

/// A message for which an application became responsible.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Delivery {
    /// The number of the message among the complete ones, counted from 1.
    pub message: usize,
    /// The reverse-path.
    pub from: String,
    /// The accepted forward-paths; in LMTP those with a positive verdict.
    pub to: Vec<String>,
    /// The content.
    pub content: Vec<u8>,
}

/// A server machine and its application.
#[derive(Debug)]
pub struct Application {
    /// The machine.
    pub server: Server,
    /// The events of the application; adjacent body slices are joined.
    pub log: Vec<String>,
    /// The messages for which the application became responsible.
    pub stored: Vec<Delivery>,
    /// The reverse-path of the open transaction.
    from: String,
    /// The accepted recipients of the open transaction, by index.
    recipients: Vec<(u32, String)>,
    /// The message to which the verdicts apply.
    complete: Option<Vec<u8>>,
    /// The number of verdicts of the open transaction: a transaction must end exactly once, with an event.
    open: Option<usize>,
    /// The index of the last RCPT question.
    index: Option<u32>,
    /// The number of questions so far.
    questions: usize,
    settings: Settings,
    answers: Answers,
    held: Vec<Held>,
    body: Vec<u8>,
    messages: usize,
    /// True if the machine asks for a verdict on each recipient (LMTP, PRDR).
    each: bool,
    judge: Judge,
    upgrade: Option<TlsUpgrade>,
    /// True if the application calls `reject_body` at the next octets of the message.
    fails: bool,
    /// True if a ticket was dropped without an answer.
    silent: bool,
}

impl Application {
    /// Creates a session that has just been connected.
    #[must_use]
    pub fn new(settings: &Settings, answers: Answers) -> Self {
        let mut server = Server::new(settings.server.clone().into());
        if settings.security.tls_first {
            server.set_implicit_tls(settings.security.info.clone());
        }
        Self {
            server,
            log: Vec::new(),
            stored: Vec::new(),
            from: String::new(),
            recipients: Vec::new(),
            complete: None,
            open: None,
            index: None,
            questions: 0,
            settings: settings.clone(),
            answers,
            held: Vec::new(),
            body: Vec::new(),
            messages: 0,
            each: false,
            judge: Judge::default(),
            upgrade: None,
            fails: false,
            silent: false,
        }
    }

    fn rule(&self, question: Question, subject: &str) -> Option<Answer> {
        self.settings
            .rules
            .iter()
            .find(|rule| rule.question == question && subject.starts_with(&rule.about))
            .map(|rule| rule.answer.clone())
    }

    fn asked(&mut self, question: Question, subject: &str, ticket: AnyTicket) {
        let answer = self.rule(question, subject).unwrap_or(Answer::Accept(None));
        self.will_answer(question, subject, answer, ticket);
    }

    fn will_answer(&mut self, question: Question, subject: &str, answer: Answer, ticket: AnyTicket) {
        self.questions += 1;
        let held = Held {
            index: self.index,
            number: self.questions,
            question,
            subject: subject.to_owned(),
            answer,
            ticket,
        };
        if self.answers == Answers::Now {
            self.answer(held);
        } else {
            self.held.push(held);
        }
    }

    /// Octets of a message that arrived and are not in the log yet.
    pub(crate) const fn unlogged_octets(&self) -> usize {
        self.body.len()
    }

    /// The open questions: the number of each, counted from 1 over all questions, and its subject.
    pub fn open_questions(&self) -> impl Iterator<Item = (usize, Question, &str)> {
        self.held
            .iter()
            .map(|held| (held.number, held.question, held.subject.as_str()))
    }

    /// Answers the question with this number by these words, such as `reject NO_SUCH_USER`. Without words, applies the rules.
    ///
    /// # Errors
    ///
    /// If no such question is open, or the words are not an answer.
    pub fn answer_question(&mut self, number: usize, words: &str) -> Result<(), String> {
        let place = self.held.iter().position(|held| held.number == number);
        let mut held = self.held.remove(place.ok_or("no such question is open")?);
        if !words.is_empty() {
            let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
            held.answer = answer(verb, rest)?;
        }
        self.answer(held);
        Ok(())
    }

    fn answer(&mut self, held: Held) {
        let accepts = matches!(held.answer, Answer::Accept(_) | Answer::Forward(_));
        let silent = matches!(held.answer, Answer::Silence);
        self.silent |= silent;
        let (index, question, subject) = (held.index, held.question, held.subject);
        let server = &mut self.server;
        let result = match (held.answer, held.ticket) {
            (Answer::Silence, _) => Ok(()),
            (answer, AnyTicket::Auth(ticket)) => {
                return self.answer_auth(answer, ticket);
            }
            (Answer::Forward(path), AnyTicket::Recipient(ticket)) => server.accept_forwarding(ticket, &path),
            (Answer::Forward(path), AnyTicket::Verify(ticket)) => server.accept_forwarding(ticket, &path),
            (Answer::Verified(member), AnyTicket::Verify(ticket)) => server.answer_vrfy(ticket, &member),
            (Answer::Expanded(members), AnyTicket::Expand(ticket)) => server.answer_expn(ticket, &members),
            (Answer::Status(text), AnyTicket::Help(ticket)) => server.answer_help_status(ticket, text),
            // The text is the authenticated identity.
            (Answer::Accept(Some(text)), AnyTicket::Xclient(ticket)) => {
                let granted = server.accept_xclient(ticket, text.as_str().to_owned());
                self.log
                    .push(escape(format!("authenticated {}", text.as_str()).as_bytes()));
                granted
            }
            (Answer::Started(answer), AnyTicket::Etrn(ticket)) => server.answer_etrn(ticket, answer),
            (Answer::Accept(None), AnyTicket::Etrn(ticket)) => {
                server.answer_etrn(ticket, EtrnAnswer::Started)
            }
            (Answer::Reject(rejection), AnyTicket::Etrn(ticket)) => server.reject(ticket, rejection),
            (Answer::Accept(None), ticket) => server.accept(ticket.into_any()),
            (Answer::Accept(Some(text)), ticket) => server.accept_with(ticket.into_any(), text),
            (Answer::Reject(rejection), ticket) => server.reject(ticket.into_any(), rejection),
            (answer, ticket) => panic!("{answer:?} does not fit {ticket:?}"),
        };
        if result == Err(StaleTicket) {
            self.log.push("stale".to_owned());
            return;
        }
        if question == Question::Verdict && !silent {
            let due = if self.each { self.recipients.len() } else { 1 };
            let given = self.open.expect("a verdict is about an open transaction") + 1;
            self.open = (given < due).then_some(given);
        }
        if accepts && question == Question::Mail {
            self.open = Some(0);
        } else if accepts && question == Question::Recipient {
            // Keep the order of the commands, because answers may come in another order.
            let index = index.expect("a recipient has an index");
            let place = self.recipients.partition_point(|(before, _)| *before < index);
            self.recipients.insert(place, (index, subject));
        } else if accepts && question == Question::Verdict {
            self.store(&subject);
        }
    }

    /// Makes the application responsible for the message. In LMTP and with PRDR this is for one more recipient.
    fn store(&mut self, subject: &str) {
        let mut to: Vec<String> = self.recipients.iter().map(|(_, path)| path.clone()).collect();
        if self.each {
            let index: u32 = subject.parse().expect("the number of a recipient");
            let place = self.recipients.binary_search_by_key(&index, |(index, _)| *index);
            to = vec![to.swap_remove(place.expect("an accepted recipient"))];
            if let Some(delivery) = self.stored.last_mut()
                && delivery.message == self.messages
            {
                return delivery.to.extend(to);
            }
        }
        self.stored.push(Delivery {
            message: self.messages,
            from: self.from.clone(),
            to,
            content: self.complete.clone().expect("a complete message"),
        });
    }

    fn answer_auth(&mut self, answer: Answer, ticket: Ticket<ticket::Auth>) {
        let result = match verdict(answer) {
            None => Ok(()),
            Some(Err(rejection)) => self.server.reject(ticket, rejection),
            Some(Ok(progress)) => self.server.answer_auth(ticket, progress),
        };
        if result == Err(StaleTicket) {
            self.log.push("stale".to_owned());
        } else if let Some(identity) = self.server.identity() {
            self.log
                .push(escape(format!("authenticated {identity}").as_bytes()));
            if self.settings.security.trusts_originators {
                self.server.trust_originators();
            }
        }
    }

    fn flush_body(&mut self, complete: bool) {
        let body = std::mem::take(&mut self.body);
        if complete || !body.is_empty() {
            let kind = if complete { "body" } else { "part" };
            self.log.push(format!("{kind} {}", escape(&body)));
        }
        if complete {
            self.complete = Some(body);
        }
    }
}
