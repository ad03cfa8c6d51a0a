//! A server machine whose application answers the questions that the model predicts.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use smtp_proto::{
    Instant, Machine, State, Step, TlsInfo, Wait,
    limits::Threshold,
    sasl::{AuthOutcome, Mechanism, PlaintextAuth},
    server::{self, Auth, Config, Event, Server, Ticket, Tls, ticket},
    types::{ClientAttributes, EtrnAnswer, Extension, Host, Keyword, Protocol, Rejection},
};
use smtp_tests::model::{
    Answer,
    server::{Outcome, Question, Reset, Rules},
};

/// The result of an input.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    pub(crate) replies: Vec<Reply>,
    /// The number of questions.
    pub(crate) asked: usize,
    pub(crate) stored: Vec<(String, Vec<usize>)>,
    pub(crate) resets: Vec<Reset>,
    pub(crate) closed: bool,
}

#[derive(Debug)]
pub(crate) struct Reply {
    code: u16,
    lines: Vec<String>,
}

/// The time of an answer. Only RCPT allows a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    Now,
    /// Once nothing else can be done, the last question first.
    Late,
}

/// The machine and its application.
pub(crate) struct Served {
    server: Server,
    /// The input that was read and not used.
    buffer: Vec<u8>,
    /// The answers to future questions.
    answers: VecDeque<(Question, Answer)>,
    when: Answers,
    held: Vec<(u32, Ticket<ticket::Recipient>, Answer)>,
    recipients: Vec<u32>,
    content: String,
    over: bool,
}

/// The configuration for these rules, with as many questions about recipients at once as there may be, and without deadlines.
pub(crate) fn endless_config(rules: Rules, window: usize) -> Arc<Config> {
    let mut config = Arc::unwrap_or_clone(config(rules));
    config.limits.max_open_rcpts = window;
    let timeouts = &mut config.timeouts;
    for timeout in [
        &mut timeouts.handshake,
        &mut timeouts.command,
        &mut timeouts.data,
        &mut timeouts.application,
        &mut timeouts.message_acceptance,
        &mut timeouts.write,
        &mut timeouts.penalty,
    ] {
        *timeout = Duration::MAX;
    }
    config.into()
}

/// The configuration for these rules.
pub(crate) fn config(rules: Rules) -> Arc<Config> {
    let mut config = Config::new(Host::parse("mx.example.org").unwrap());
    if rules.lmtp {
        config.protocol = Protocol::Lmtp;
    }
    if !rules.chunking {
        config.extensions.remove(Keyword::Chunking);
        config.extensions.remove(Keyword::BinaryMime);
    }
    if rules.xclient {
        config
            .extensions
            .add(Extension::Xclient(ClientAttributes::XCLIENT));
        config
            .extensions
            .add(Extension::Xforward(ClientAttributes::XFORWARD));
    }
    if rules.etrn {
        config.extensions.add(Extension::Etrn);
    }
    if rules.prdr {
        config.extensions.add(Extension::Prdr);
    }
    if rules.starttls {
        config.extensions.add(Extension::StartTls);
    }
    if rules.auth {
        config.offer_auth([Mechanism::PLAIN]);
        config.plaintext_auth = PlaintextAuth::Insecure;
    }
    if rules.tls_required {
        config.tls = Tls::Required;
    }
    if rules.auth_required {
        config.auth = Auth::Required;
    }
    config.set_max_message_size(rules.size as u64);
    config.limits.max_recipients = rules.recipients as u32;
    config.limits.max_line_octets = 512;
    config.limits.max_auth_octets = 512;
    // Other tests check the error limits.
    let endless = Threshold::new(u32::MAX, u32::MAX);
    config.limits.errors = endless;
    config.limits.unknown_commands = endless;
    config.limits.failed_logins = endless;
    config.limits.max_idle_commands = u32::MAX;
    config.into()
}

impl Served {
    pub(crate) fn new(config: &Arc<Config>, when: Answers) -> Self {
        Self {
            server: Server::new(config.clone()),
            buffer: Vec::new(),
            answers: VecDeque::new(),
            when,
            held: Vec::new(),
            recipients: Vec::new(),
            content: String::new(),
            over: false,
        }
    }

    pub(crate) fn state(&self) -> State {
        self.server.state()
    }

    pub(crate) fn lose(&mut self) {
        self.server.connection_lost();
    }

    /// Passes these pieces to the machine in turn, then the end of the input if the input is complete. Runs the machine until
    /// it waits.
    pub(crate) fn give(
        &mut self,
        pieces: impl IntoIterator<Item = Vec<u8>>,
        mut ends: bool,
        answers: &[(Question, Answer)],
    ) -> Result<Sight, String> {
        self.answers = answers.iter().copied().collect();
        let mut pieces = pieces.into_iter();
        let (mut sight, mut said) = (Sight::default(), Vec::new());
        if self.state() == State::Connected && self.answers.is_empty() {
            // Input before the greeting is available at the first poll.
            self.buffer.extend(pieces.next().unwrap_or_default());
            if self.buffer.is_empty() && std::mem::take(&mut ends) {
                self.server.end_of_input();
            }
        }
        for _ in 0..100_000 {
            let buffer = std::mem::take(&mut self.buffer);
            let mut input = buffer.as_slice();
            let step = self.server.poll(&mut input, Instant::ORIGIN);
            self.buffer = input.to_vec();
            let wait = match step {
                Step::Event(Event::Closed(_)) => {
                    sight.closed = !std::mem::replace(&mut self.over, true);
                    break;
                }
                Step::Event(event) => {
                    self.see(event, &mut sight)?;
                    continue;
                }
                Step::Wait(wait) => wait,
            };
            let output = self.server.output();
            if !output.is_empty() {
                said.extend_from_slice(output);
                let all = output.len();
                self.server.advance_output(all);
            } else if let Some(piece) = wait.want_read.then(|| pieces.next()).flatten() {
                self.buffer.extend_from_slice(&piece);
            } else if wait.want_read && std::mem::take(&mut ends) {
                self.server.end_of_input();
            } else if let Some((index, ticket, answer)) = self.held.pop() {
                self.answer_recipient(index, ticket, answer);
            } else {
                self.quiescent(wait)?;
                break;
            }
        }
        sight.replies = replies(&said)?;
        match self.answers.front() {
            Some((question, _)) => Err(format!("{question:?} was not asked: {sight:?}")),
            None => Ok(sight),
        }
    }

    /// Checks that the machine waits for input, and that the rest of its input is incomplete.
    fn quiescent(&self, wait: Wait) -> Result<(), String> {
        if wait.application_pending || !wait.want_read {
            return Err(format!(
                "nothing is left to be done, and the machine waits: {wait:?}"
            ));
        }
        // The end of a message may have begun: CRLF, a dot, and a CR.
        if self.buffer.len() > 4 && self.buffer.windows(2).any(|two| two == b"\r\n") {
            return Err(format!("a whole line waits to be read: {:?}", self.buffer));
        }
        Ok(())
    }

    fn see(&mut self, event: Event<'_>, sight: &mut Sight) -> Result<(), String> {
        let question = match &event {
            Event::Connect { .. } => Question::Connect,
            Event::Hello { .. } => Question::Hello,
            Event::StartTls(_) => Question::Tls,
            Event::Auth { .. } => Question::Auth,
            Event::Mail { .. } => Question::Mail,
            Event::Recipient { .. } => Question::Recipient,
            Event::Data { .. } => Question::Message,
            Event::EndOfData { .. } => Question::Verdict,
            Event::Verify { .. } => Question::Verify,
            Event::Expand { .. } => Question::Expand,
            Event::Help { .. } => Question::Help,
            Event::Etrn { .. } => Question::Etrn,
            Event::Xclient { .. } => Question::Xclient,
            Event::Xforward { .. } => Question::Xforward,
            Event::Body(octets) => {
                self.content += &String::from_utf8_lossy(octets);
                return Ok(());
            }
            Event::Reset(why) => {
                sight.resets.push(match why {
                    server::Reset::Rset => Reset::Rset,
                    server::Reset::Hello => Reset::Hello,
                    server::Reset::Quit => Reset::Quit,
                    server::Reset::Refused => Reset::Refused,
                    server::Reset::TooBig => Reset::TooBig,
                    server::Reset::Closed => Reset::Closed,
                    other => return Err(format!("why {other:?}?")),
                });
                return Ok(());
            }
            Event::AuthFailed(_) => return Ok(()),
            other => return Err(format!("what is this? {other:?}")),
        };
        sight.asked += 1;
        let Some((expected, answer)) = self.answers.pop_front() else {
            return Err(format!("{question:?} is asked, and should not be"));
        };
        if question != expected {
            return Err(format!("{question:?} is asked in place of {expected:?}"));
        }
        match event {
            Event::StartTls(upgrade) if answer == Answer::Accept => {
                self.server.tls_established(upgrade, TlsInfo::default());
            }
            Event::StartTls(upgrade) => self.server.tls_failed(upgrade),
            Event::Auth { ticket, .. } => match answer {
                Answer::Accept => self
                    .server
                    .answer_auth(ticket, AuthOutcome::Accept("ann".to_owned())),
                _ => self.server.reject(ticket, refusal(question, answer)),
            }
            .unwrap(),
            Event::Etrn { ticket, .. } => match answer {
                Answer::Accept => self.server.answer_etrn(ticket, EtrnAnswer::Started),
                _ => self.server.reject(ticket, refusal(question, answer)),
            }
            .unwrap(),
            Event::Recipient { index, ticket, .. } if self.when == Answers::Late => {
                self.held.push((index, ticket, answer));
            }
            Event::Recipient { index, ticket, .. } => self.answer_recipient(index, ticket, answer),
            event => {
                match &event {
                    Event::Mail { .. } => self.recipients.clear(),
                    Event::Data { .. } => self.content.clear(),
                    Event::EndOfData { recipient, .. } if answer == Answer::Accept => {
                        let to = match recipient {
                            None => (0..self.recipients.len()).collect(),
                            Some(recipient) => vec![self.recipients.binary_search(recipient).unwrap()],
                        };
                        sight.stored.push((self.content.clone(), to));
                    }
                    _ => {}
                }
                let ticket = event.into_ticket().unwrap();
                match answer {
                    Answer::Accept => self.server.accept(ticket),
                    _ => self.server.reject(ticket, refusal(question, answer)),
                }
                .unwrap();
            }
        }
        Ok(())
    }

    fn answer_recipient(&mut self, index: u32, ticket: Ticket<ticket::Recipient>, answer: Answer) {
        match answer {
            Answer::Accept => {
                let at = self.recipients.partition_point(|earlier| *earlier < index);
                self.recipients.insert(at, index);
                self.server.accept(ticket)
            }
            _ => self.server.reject(ticket, refusal(Question::Recipient, answer)),
        }
        .unwrap();
    }
}

impl Sight {
    /// Returns true if the first reply is a greeting, positive or not (RFC 5321 section 3.1).
    pub(crate) fn begins_with_greeting(&self) -> bool {
        let first = self.replies.first();
        first.is_some_and(|reply| matches!(reply.code, 220 | 421 | 521 | 554))
    }

    /// Compares this with the model.
    pub(crate) fn judge(&self, outcome: &Outcome) -> Result<(), String> {
        let codes: Vec<u16> = self.replies.iter().map(|reply| reply.code).collect();
        let fits = codes.len() == outcome.replies.len()
            && codes
                .iter()
                .zip(&outcome.replies)
                .all(|(code, permitted)| permitted.contains(code));
        if !fits {
            return Err(format!("replies {codes:?} in place of {:?}", outcome.replies));
        }
        if self.stored != outcome.stored {
            return Err(format!(
                "stored {:?} in place of {:?}",
                self.stored, outcome.stored
            ));
        }
        if self.resets != outcome.resets {
            return Err(format!(
                "resets {:?} in place of {:?}",
                self.resets, outcome.resets
            ));
        }
        if self.closed != outcome.closed {
            return Err(format!("closed: {}", self.closed));
        }
        if let Some(offers) = outcome.offers {
            // EHLO in a group that ends there, or alone.
            let said = self.replies.iter().rev().find(|reply| reply.code == 250).unwrap();
            let has = |keyword| {
                said.lines
                    .iter()
                    .skip(1)
                    .any(|line| line.split(' ').next() == Some(keyword))
            };
            let offered = ["STARTTLS", "AUTH", "CHUNKING"].map(has);
            if offered != offers {
                return Err(format!("offers {:?}", said.lines));
            }
        }
        Ok(())
    }
}

fn refusal(question: Question, answer: Answer) -> Rejection {
    match (question, answer) {
        (_, Answer::Close) => Rejection::TOO_BUSY,
        (Question::Auth, _) => Rejection::CREDENTIALS,
        (Question::Connect, _) => Rejection::NO_SERVICE,
        _ => Rejection::POLICY,
    }
}

/// Parses replies (RFC 5321 section 4.2). RFC 2034 section 4: an enhanced code has the class of the code, and 3yz has no
/// enhanced code.
fn replies(said: &[u8]) -> Result<Vec<Reply>, String> {
    let text = str::from_utf8(said).map_err(|error| error.to_string())?;
    let (mut replies, mut lines) = (Vec::new(), Vec::new());
    for line in text.split_inclusive("\r\n") {
        let fault = || format!("{line:?} is no line of a reply");
        let line = line.strip_suffix("\r\n").ok_or_else(fault)?;
        let (code, rest) = line.split_at_checked(3).ok_or_else(fault)?;
        let words = rest.get(1..).unwrap_or_default();
        let digits = words.as_bytes();
        let enhanced = digits.get(1) == Some(&b'.') && digits.first().is_some_and(u8::is_ascii_digit);
        if enhanced && (code.starts_with('3') || digits.first() != code.as_bytes().first()) {
            return Err(format!("{line:?} has the enhanced code of another class"));
        }
        lines.push((code, words.to_owned()));
        if !rest.starts_with('-') {
            if lines.iter().any(|(other, _)| *other != code) {
                return Err(format!("one reply with several codes: {lines:?}"));
            }
            replies.push(Reply {
                code: code.parse().map_err(|_| fault())?,
                lines: lines.drain(..).map(|(_, words)| words).collect(),
            });
        }
    }
    if lines.is_empty() {
        Ok(replies)
    } else {
        Err(format!("half a reply: {lines:?}"))
    }
}
