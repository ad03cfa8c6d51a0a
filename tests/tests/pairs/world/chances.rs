//! The possible next events of a world.

use std::time::Duration;

use smtp_proto::State;
use smtp_tests::{Action, Pair, Question, Role};

use super::{END, LONGEST, World, answers::words};
use crate::link::{Link, pause};

impl World<'_> {
    /// Plans the actions that follow from past events.
    pub(super) fn react(&mut self) {
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
            // Break the stream while the verdict is open, because the reports of both sides could differ most then.
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
                // A sender to a closed peer may learn that the peer reads no more.
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
        // Discard content that the client no longer needs.
        let wanted = client.seat.wants_content();
        self.next.take_if(|(_, act)| is_content(act) && !wanted);
        if self.next.is_none() && !client.is_closed() && !client.seat.has_plans() {
            self.next = self.plan_next();
        }
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
        // The application may announce the next message during the current one, usually before its content.
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
    pub(super) fn possible(&mut self) -> Vec<Action> {
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

    /// No action is possible now: advances the clock to the next event.
    pub(super) fn wait(&mut self) -> Result<Action, String> {
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
            // The clock stands still, and nothing arrives any more.
            Some(_) if now >= END && !self.pair.client.is_closed() => Ok(Action::Client("abort".to_owned())),
            Some(at) if at > LONGEST && !self.plan.is_extreme() => {
                Err("it does not end within a day".to_owned())
            }
            Some(at) => Ok(Action::Time(Duration::from_millis(at - now))),
            // Only the application can continue the session.
            None if self.pair.client.seat.client.is_ready() => Ok(Action::Client("abort".to_owned())),
            None => Err(format!("nothing will ever happen again: {waits:?}")),
        }
    }
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
