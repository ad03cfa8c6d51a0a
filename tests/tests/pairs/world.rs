//! A world: two machines, a link, and two applications, which do what chance will have.

use std::{collections::HashMap, collections::VecDeque, fmt::Write as _, time::Duration};

use smtp_proto::{State, server::Shutdown};
use smtp_tests::{Action, Answers, Dice, Pair, Question, Role, Seat, Story, is_always_told, unescape};

use crate::{
    link::{Link, Mishap, pause},
    plan::Plan,
    tell::{line, readable},
};

/// So many things may happen before a session has to be over.
const STEPS: usize = 1_000_000;

/// No session lasts longer, in milliseconds: a day.
const LONGEST: u64 = 24 * 60 * 60 * 1000;

/// A world that goes on.
pub(crate) struct World<'s> {
    pub(crate) plan: Plan,
    pub(crate) pair: Pair,
    /// The story of it so far.
    story: &'s mut String,
    told: [usize; 2],
    dice: Dice,
    links: [Link; 2],
    /// The time and the text of the answer to each question.
    answers: HashMap<usize, Option<(u64, String)>>,
    /// The next action of the client application, and its time.
    next: Option<(u64, String)>,
    /// The rest of each message whose transaction was begun or announced.
    parts: Vec<VecDeque<String>>,
    /// The number of messages that were tried.
    tried: usize,
    handshake: Option<Option<(u64, bool)>>,
    fail: Option<u64>,
    shutdown: Option<(u64, Shutdown)>,
    /// If the server shuts down, it does so gracefully.
    pub(crate) graceful: bool,
    abort: Option<u64>,
}

impl<'s> World<'s> {
    pub(crate) fn new(seed: u64, story: &'s mut String) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::new(&mut dice);
        story.clear();
        let _ = writeln!(story, "# RFC 5321: world {seed}.\n{}\n", plan.settings);
        let settings = Story::parse("world".as_ref(), story)
            .expect("settings that a story may have")
            .settings;
        let links = [Link::new(&mut dice, plan.calm), Link::new(&mut dice, plan.calm)];
        let mut sometimes = |times| (!plan.calm && dice.one_in(times)).then(|| dice.between(0, 20_000));
        let (shutdown, abort) = (sometimes(8), sometimes(25));
        let how = if dice.one_in(2) {
            Shutdown::Now
        } else {
            Shutdown::Gracefully
        };
        Self {
            pair: Pair::new(&settings, Answers::Told),
            plan,
            story,
            told: [0; 2],
            links,
            answers: HashMap::new(),
            next: None,
            parts: Vec::new(),
            tried: 0,
            handshake: None,
            fail: None,
            shutdown: shutdown.map(|at| (at, how)),
            graceful: how == Shutdown::Gracefully,
            abort,
            dice,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.pair.now.since_origin().as_millis()).expect("not so late")
    }

    /// Lets things happen until both sessions are over. After each, `look` may find fault.
    pub(crate) fn run(&mut self, look: impl Fn(&Self) -> Result<(), String>) -> Result<(), String> {
        // Both machines are polled once before anything happens.
        self.act(Action::Time(Duration::ZERO))?;
        for _ in 0..STEPS {
            look(self)?;
            if self.pair.is_over() {
                return Ok(());
            }
            self.react();
            let possible = self.possible();
            let action = if possible.is_empty() {
                self.wait()?
            } else {
                possible[self.dice.below(possible.len())].clone()
            };
            self.act(action)?;
        }
        Err(format!("it does not end within {STEPS} steps"))
    }

    /// Lets one thing happen, and tells it.
    fn act(&mut self, action: Action) -> Result<(), String> {
        let now = self.now();
        match &action {
            Action::Say(role, octets) => {
                let (link, dice) = (&mut self.links[*role as usize], &mut self.dice);
                link.carry(dice, now, octets.len());
            }
            Action::Arrive(role, octets) => self.links[*role as usize].arrived(*octets),
            Action::EndOfInput(role) => self.links[*role as usize].end_seen = true,
            Action::Lost(role) => self.links[*role as usize].lost_seen = true,
            Action::Handshake(_) => self.handshake = None,
            Action::Shutdown(_) => self.shutdown = None,
            Action::Client(act) if act == "abort" => self.abort = None,
            Action::Client(_) => self.next = None,
            Action::Answer(number, _) => {
                let message = |(open, question, _)| open == *number && question == Question::Message;
                let begins = self.pair.server.seat.open_questions().any(message);
                if begins && !self.plan.calm && self.dice.one_in(6) {
                    self.fail = Some(now + pause(&mut self.dice, false));
                }
            }
            Action::Fail(_) => self.fail = None,
            Action::Time(_) => {}
        }
        if action != Action::Time(Duration::ZERO) {
            let _ = writeln!(self.story, "{}", line(&action));
        }
        let refused = self.refused();
        let result = self.pair.happen(&action);
        if matches!(&action, Action::Client(act) if begins(act)) && self.refused() > refused {
            self.parts.pop();
        }
        self.tell();
        result?;
        if let Action::Say(role, _) = action {
            self.strike(role);
        }
        Ok(())
    }

    /// Tells what the applications have seen.
    fn tell(&mut self) {
        let logs = [self.pair.client.seat.log(), self.pair.server.seat.log()];
        for ((log, told), letter) in logs.into_iter().zip(&mut self.told).zip(["R", "A"]) {
            for sight in &log[*told..] {
                if is_always_told(sight) || sight.starts_with("fate ") {
                    let sight = unescape(sight).expect("the log is escaped");
                    let _ = writeln!(self.story, "{letter}: {}", readable(&sight));
                }
            }
            *told = log.len();
        }
    }

    /// The stream breaks, or ends in one direction, behind these octets.
    fn strike(&mut self, by: Role) {
        let now = self.now();
        let said = [self.pair.client.said.len(), self.pair.server.said.len()][by as usize];
        match self.links[by as usize].mishap {
            Some((at, mishap)) if at <= said => {
                self.links[by as usize].mishap = None;
                match mishap {
                    Mishap::HalfClose => self.links[by as usize].close(now),
                    Mishap::Break => self.break_off(),
                }
            }
            // The end of a message is short, and rarely struck by chance.
            _ => {
                let left = self.pair.client.offers();
                let ending = by == Role::Client && left.len() < 6 && left.ends_with(b".\r\n");
                if ending && !self.plan.calm && self.dice.one_in(8) {
                    self.break_off();
                }
            }
        }
    }

    /// The stream breaks.
    fn break_off(&mut self) {
        let now = self.now();
        for link in &mut self.links {
            link.break_off(&mut self.dice, now);
        }
    }

    /// Plans what follows from what has happened.
    fn react(&mut self) {
        let now = self.now();
        let calm = self.plan.calm;
        let (client, server) = (&self.pair.client, &self.pair.server);
        let asked: Vec<(usize, Question, String)> = server
            .seat
            .open_questions()
            .filter(|(number, ..)| !self.answers.contains_key(number))
            .map(|(number, question, subject)| (number, question, subject.to_owned()))
            .collect();
        for (number, question, subject) in asked {
            let silent = !calm && self.dice.one_in(40);
            let at = now + pause(&mut self.dice, calm);
            let words = words(&mut self.dice, question, &subject, calm);
            self.answers.insert(number, (!silent).then_some((at, words)));
            // When it matters most who has said what.
            if question == Question::Verdict && !calm && self.dice.one_in(8) {
                for link in &mut self.links {
                    link.break_off(&mut self.dice, now);
                }
            }
        }
        for (role, closed, peer_closed) in [
            (Role::Client, client.is_closed(), server.is_closed()),
            (Role::Server, server.is_closed(), client.is_closed()),
        ] {
            let link = &mut self.links[role as usize];
            if closed {
                link.close(now);
            } else if peer_closed && !link.cut {
                // Whoever goes on talking to one that has closed may learn that nobody listens.
                link.cut = true;
                if !calm && self.dice.one_in(3) {
                    link.lost = Some(now + pause(&mut self.dice, calm));
                }
            }
        }
        if self.handshake.is_none() && (client.awaits_tls() || server.awaits_tls()) {
            let both = client.awaits_tls() && server.awaits_tls();
            let alone = client.is_closed() || server.is_closed();
            if both || alone {
                let never = !calm && self.dice.one_in(15);
                let at = now + pause(&mut self.dice, calm);
                self.handshake = Some((!never).then_some((at, both && self.plan.entry.handshake)));
            }
        }
        // Content that nobody wants any more is forgotten.
        let wanted = client.seat.wants_content();
        self.next.take_if(|(_, act)| is_content(act) && !wanted);
        if self.next.is_none() && !client.is_closed() && !client.seat.has_plans() {
            self.next = self.plan_next();
        }
    }

    /// The number of requests that the client machine did not carry out.
    fn refused(&self) -> usize {
        let log = self.pair.client.seat.log.iter();
        log.filter(|line| line.starts_with("not-sent ")).count()
    }

    /// The next message, whose content will be asked for.
    fn begin(&mut self) -> Option<String> {
        let message = self.plan.messages.get(self.tried)?;
        self.tried += 1;
        self.parts.push(message.parts(&mut self.dice));
        self.plan.script.pop_front()
    }

    fn plan_next(&mut self) -> Option<(u64, String)> {
        let sender = &self.pair.client.seat;
        let finished = sender
            .log
            .iter()
            .filter(|line| line.starts_with("finished "))
            .count();
        let begins = self
            .plan
            .script
            .front()
            .is_some_and(|act| act.starts_with("deliver"));
        // The next message may be announced while this one is under way: mostly before its content goes.
        let announces = begins
            && sender.is_alone()
            && !sender.client.is_ready()
            && self.dice.one_in(if sender.wants_content() { 3 } else { 30 });
        let act = if announces {
            self.begin()?.replacen("deliver", "next", 1)
        } else if sender.wants_content() {
            self.parts.get_mut(finished)?.pop_front()?
        } else if !sender.client.is_ready() {
            return None;
        } else if begins {
            self.begin()?
        } else {
            self.plan.script.pop_front()?
        };
        let wait = if self.dice.one_in(4) {
            pause(&mut self.dice, self.plan.calm)
        } else {
            0
        };
        Some((self.now() + wait, act))
    }

    /// All that can happen now.
    fn possible(&mut self) -> Vec<Action> {
        let now = self.now();
        let mut possible = Vec::new();
        let (client, server) = (&self.pair.client, &self.pair.server);
        for (role, offered, said, closed, reads) in [
            (
                Role::Client,
                client.offers(),
                client.said.len(),
                client.is_closed(),
                server.reads(),
            ),
            (
                Role::Server,
                server.offers(),
                server.said.len(),
                server.is_closed(),
                client.reads(),
            ),
        ] {
            let link = &self.links[role as usize];
            if !offered.is_empty() && link.stalled_until <= now {
                let mut octets = link.some(&mut self.dice, offered.len());
                if let Some((at, _)) = link.mishap {
                    octets = octets.min(at.saturating_sub(said).max(1));
                }
                possible.push(Action::Say(role, offered[..octets].to_vec()));
            }
            let due = link.due(now);
            if due > 0 && reads {
                possible.push(Action::Arrive(role, link.some(&mut self.dice, due)));
            } else if link.in_flight.is_empty()
                && !link.end_seen
                && link.end.is_some_and(|at| at <= now)
                && reads
            {
                possible.push(Action::EndOfInput(role));
            }
            if !closed && !link.lost_seen && link.lost.is_some_and(|at| at <= now) {
                possible.push(Action::Lost(role));
            }
        }
        for (number, ..) in server.seat.open_questions() {
            if let Some(Some((at, words))) = self.answers.get(&number)
                && *at <= now
            {
                possible.push(Action::Answer(number, words.clone()));
            }
        }
        if let Some((at, act)) = &self.next
            && *at <= now
            && !client.is_closed()
        {
            possible.push(Action::Client(act.clone()));
        }
        if self.abort.is_some_and(|at| at <= now) && !client.is_closed() {
            possible.push(Action::Client("abort".to_owned()));
        }
        if let Some(Some((at, done))) = self.handshake
            && at <= now
            && (client.awaits_tls() || server.awaits_tls())
        {
            let both = client.awaits_tls() && server.awaits_tls();
            possible.push(Action::Handshake(done && both));
        }
        if self.fail.is_some_and(|at| at <= now) && takes_content(&self.pair) {
            possible.push(Action::Fail(
                self.dice
                    .pick(&["554 5.6.0 no such content", "452 4.3.1 full", "421 4.3.0 broken"])
                    .to_owned(),
            ));
        }
        if let Some((at, how)) = self.shutdown
            && at <= now
            && !server.is_closed()
        {
            possible.push(Action::Shutdown(how));
        }
        possible
    }

    /// Nothing can happen now: time passes up to what comes next.
    fn wait(&mut self) -> Result<Action, String> {
        self.pair.quiescent()?;
        let now = self.now();
        let waits = [self.pair.client.wait, self.pair.server.wait];
        let deadlines = waits
            .iter()
            .flatten()
            .filter_map(|wait| wait.deadline)
            .map(|deadline| {
                // The end of time is no whole millisecond.
                let time = deadline.at.since_origin().as_nanos().div_ceil(1_000_000);
                u64::try_from(time).expect("not so late")
            });
        let answers = self.answers.values().flatten().map(|(at, _)| *at);
        let plans = [
            self.next.as_ref().map(|(at, _)| *at),
            self.abort,
            self.fail,
            self.shutdown.map(|(at, _)| at),
        ];
        let handshake = self.handshake.flatten().map(|(at, _)| at);
        let next = deadlines
            .chain(self.links.iter().flat_map(Link::times))
            .chain(answers)
            .chain(plans.into_iter().flatten())
            .chain(handshake)
            .filter(|at| *at > now)
            .min();
        match next {
            Some(at) if at > LONGEST && !self.plan.is_extreme() => {
                Err("it does not end within a day".to_owned())
            }
            Some(at) => Ok(Action::Time(Duration::from_millis(at - now))),
            // Nobody is to be waited for but the application.
            None if self.pair.client.seat.client.is_ready() => Ok(Action::Client("abort".to_owned())),
            None => Err(format!("nothing will ever happen again: {waits:?}")),
        }
    }
}

fn begins(act: &str) -> bool {
    act.starts_with("deliver ") || act.starts_with("next ")
}

fn is_content(act: &str) -> bool {
    act.starts_with("part") || act.starts_with("body")
}

/// Returns true if the content of a message is on its way, so that it can be refused.
fn takes_content(pair: &Pair) -> bool {
    let asked = |(_, question, _)| question == Question::Verdict;
    matches!(pair.server.seat.server.state(), State::Data | State::Chunks)
        && !pair.server.seat.open_questions().any(asked)
}

/// The answer of the server application to a question. The reply to MAIL and RCPT names the path, in LMTP that to the message
/// the recipient.
fn words(dice: &mut Dice, question: Question, subject: &str, calm: bool) -> String {
    let refusal = dice.pick(&["550 5.7.1", "451 4.3.0", "554 5.7.0"]);
    let severe = !calm && dice.one_in(40);
    match question {
        Question::Connect if severe => "reject 554 5.7.0 not you".to_owned(),
        Question::Auth if severe => "reject AUTH_FAILURE".to_owned(),
        Question::Hello if severe => format!("reject {refusal} not by this name"),
        Question::Connect | Question::Hello | Question::Auth => String::new(),
        _ if severe => "reject 421 4.3.0 enough".to_owned(),
        Question::Mail if dice.one_in(12) => format!("reject {refusal} not from {subject}"),
        Question::Mail => format!("accept from {subject}"),
        Question::Recipient if dice.one_in(4) => format!("reject {refusal} not to {subject}"),
        Question::Recipient => format!("accept to {subject}"),
        Question::Verdict if dice.one_in(5) => format!("reject {refusal} number {subject} refused"),
        Question::Verdict => format!("accept number {subject} stored"),
        _ if dice.one_in(12) => format!("reject {refusal} not now"),
        _ => String::new(),
    }
}
