//! A world: two machines, a link, and two applications with random behaviour.

mod answers;
mod chances;

use std::{collections::HashMap, collections::VecDeque, fmt::Write as _, time::Duration};

use smtp_proto::server::Shutdown;
use smtp_tests::{Action, Answers, Dice, Pair, Question, Role, Seat, Story, is_always_told, unescape};

use crate::{
    link::{Link, Mishap, pause},
    plan::Plan,
    tell::{line, readable},
};

/// The maximum number of actions of a session.
const STEPS: usize = 1_000_000;

/// No session lasts longer, in milliseconds: a day.
const LONGEST: u64 = 24 * 60 * 60 * 1000;

/// The end of time, in milliseconds: an instant has no more nanoseconds.
const END: u64 = u64::MAX / 1_000_000;

/// A running world.
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

    /// Runs actions until both sessions are over. After each action, `look` may return a fault.
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

    /// Runs one action, and records it.
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

    /// Records the events that the applications have received.
    fn tell(&mut self) {
        let logs = [self.pair.client.seat.log(), self.pair.server.seat.log()];
        for ((log, told), letter) in logs.into_iter().zip(&mut self.told).zip(["R", "A"]) {
            for sight in &log[*told..] {
                if is_always_told(sight) || sight.starts_with("outcome ") {
                    let sight = unescape(sight).expect("the log is escaped");
                    let _ = writeln!(self.story, "{letter}: {}", readable(&sight));
                }
            }
            *told = log.len();
        }
    }

    /// Breaks the stream, or ends one direction, after this number of octets.
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

    /// The number of requests that the client machine did not carry out.
    fn refused(&self) -> usize {
        let log = self.pair.client.seat.log.iter();
        log.filter(|line| line.starts_with("not-sent ")).count()
    }
}

fn begins(act: &str) -> bool {
    act.starts_with("deliver ") || act.starts_with("next ")
}
