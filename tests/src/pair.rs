//! A client machine and a server machine, connected in memory, in virtual time.

use smtp_proto::{Instant, Phase, Step, Wait};

use crate::{
    answer::rejection,
    application::{Answers, Application},
    seat::{Seat, Stuck, check_wait},
    sender::Sender,
    settings::Settings,
    story::{Action, Role},
};

/// The two machines, their applications, and the stream between them.
///
/// A test runs [one action](Self::happen), or [all actions](Self::talk) that are possible now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Pair {
    /// The client's side.
    pub client: End<Sender>,
    /// The server's side.
    pub server: End<Application>,
    /// The time.
    pub now: Instant,
}

/// One end of the stream.
#[derive(Debug)]
#[non_exhaustive]
pub struct End<S> {
    /// The machine and its application.
    pub seat: S,
    /// All output of the machine.
    pub said: Vec<u8>,
    /// The number of these octets that have arrived at the peer.
    pub arrived: usize,
    /// The current wait. `None`: the session is over.
    pub wait: Option<Wait>,
    buffer: Vec<u8>,
    end_seen: bool,
}

impl<S: Seat> End<S> {
    fn new(seat: S) -> Self {
        Self {
            seat,
            said: Vec::new(),
            arrived: 0,
            wait: Some(Wait::default()),
            buffer: Vec::new(),
            end_seen: false,
        }
    }

    /// Returns true if the session of this end is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.wait.is_none()
    }

    /// Returns true if the machine waits for a TLS handshake.
    #[must_use]
    pub fn awaits_tls(&self) -> bool {
        !self.is_closed() && self.seat.awaits_tls()
    }

    /// Returns true if the machine wants to read.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.wait.is_some_and(|wait| wait.want_read)
    }

    /// Returns the output that the machine would send now.
    #[must_use]
    pub fn offers(&self) -> &[u8] {
        match self.wait {
            Some(wait) if wait.want_write => self.seat.output(),
            _ => b"",
        }
    }

    /// Polls until the machine waits.
    fn poll(&mut self, now: Instant) -> Result<(), Stuck> {
        for _ in 0..100_000 + 10 * self.buffer.len() {
            if self.is_closed() {
                return Ok(());
            }
            let mut input = self.buffer.as_slice();
            let step = self.seat.step(&mut input, now);
            let used = self.buffer.len() - input.len();
            self.buffer.drain(..used);
            match step {
                Step::Event(true) => self.wait = None,
                Step::Event(false) => {}
                Step::Wait(wait) => {
                    check_wait(&self.seat, wait, &self.buffer, now);
                    self.wait = Some(wait);
                    return Ok(());
                }
            }
        }
        Err(Stuck)
    }

    /// Passes octets to the stream.
    fn say(&mut self, octets: usize) {
        self.said.extend_from_slice(&self.seat.output()[..octets]);
        self.seat.advance_output(octets);
    }

    /// Receives octets of the peer.
    fn hear(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Receives the end of the peer's stream.
    fn hear_end(&mut self) {
        self.end_seen = true;
        self.seat.end_of_input();
    }
}

impl Pair {
    /// Creates a stream that has just been connected.
    #[must_use]
    pub fn new(settings: &Settings, answers: Answers) -> Self {
        Self {
            client: End::new(Sender::new(settings)),
            server: End::new(Application::new(settings, answers)),
            now: Instant::ORIGIN,
        }
    }

    /// Runs one action, then the machines until they wait. The client application acts at once.
    ///
    /// # Errors
    ///
    /// The reason why the action is not possible now.
    pub fn happen(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Say(Role::Client, octets) => say(&mut self.client, octets)?,
            Action::Say(Role::Server, octets) => say(&mut self.server, octets)?,
            Action::Arrive(Role::Client, octets) => arrive(&mut self.client, &mut self.server, *octets)?,
            Action::Arrive(Role::Server, octets) => arrive(&mut self.server, &mut self.client, *octets)?,
            Action::EndOfInput(Role::Client) if self.server.reads() => self.server.hear_end(),
            Action::EndOfInput(Role::Server) if self.client.reads() => self.client.hear_end(),
            Action::EndOfInput(_) => return Err("nobody reads".to_owned()),
            Action::Lost(Role::Client) => self.client.seat.connection_lost(),
            Action::Lost(Role::Server) => self.server.seat.connection_lost(),
            Action::Time(span) => self.now = self.now + *span,
            Action::Handshake(done) => {
                if !self.shake_hands(*done) {
                    return Err("no handshake is waited for".to_owned());
                }
            }
            Action::Shutdown(how) => self.server.seat.server.shutdown(*how),
            Action::Client(action) => self.client.seat.plan(action),
            Action::Answer(number, words) => self.server.seat.answer_question(*number, words)?,
            Action::Fail(words) => self
                .server
                .seat
                .server
                .reject_body(rejection(words)?)
                .map_err(|_| "no content is on its way".to_owned())?,
        }
        self.settle()
            .map_err(|Stuck| "the machines go on and on".to_owned())
    }

    fn settle(&mut self) -> Result<(), Stuck> {
        for _ in 0..10_000 {
            self.client.poll(self.now)?;
            if self.client.is_closed() || !self.client.seat.answer_held() {
                return self.server.poll(self.now);
            }
        }
        Err(Stuck)
    }

    /// Runs both machines until only time can change anything. The link passes at most this number of octets at once.
    ///
    /// # Errors
    ///
    /// If the machines do not stop.
    pub fn talk(&mut self, most: usize) -> Result<(), Stuck> {
        for _ in 0..1_000_000 {
            if !self.turn(most)? {
                return Ok(());
            }
        }
        Err(Stuck)
    }

    /// Lets each side write and read, at most this number of octets. Returns true if anything happened.
    ///
    /// # Errors
    ///
    /// If a machine does not stop.
    pub fn turn(&mut self, most: usize) -> Result<bool, Stuck> {
        self.client.poll(self.now)?;
        self.server.poll(self.now)?;
        Ok(exchange(&mut self.client, &mut self.server, most)
            | exchange(&mut self.server, &mut self.client, most)
            || self.shake_hands(true)
            || (!self.client.is_closed() && self.client.seat.answer_held())
            || (!self.server.is_closed() && self.server.seat.answer_held()))
    }

    /// Does the TLS handshake, or lets it fail, if a machine waits for it. Success needs both sides.
    fn shake_hands(&mut self, done: bool) -> bool {
        let awaited = [self.client.awaits_tls(), self.server.awaits_tls()];
        if done && awaited != [true; 2] {
            return false;
        }
        if awaited[0] {
            self.client.seat.shake_hands(done);
        }
        if awaited[1] {
            self.server.seat.shake_hands(done);
        }
        awaited != [false; 2]
    }

    /// Checks quiescence: when only time can change anything, each machine must wait for an event that can still come.
    ///
    /// # Errors
    ///
    /// The reason why the event cannot come.
    pub fn quiescent(&self) -> Result<(), String> {
        if let Some(wait) = self.client.wait {
            self.client.seat.quiescent(wait, &self.client.buffer)?;
        }
        if let Some(wait) = self.server.wait {
            self.server.seat.quiescent(wait, &self.server.buffer)?;
        }
        let (Some(client), Some(server)) = (self.client.wait, self.server.wait) else {
            return Ok(());
        };
        let arrived =
            self.client.arrived == self.client.said.len() && self.server.arrived == self.server.said.len();
        let can_write = !self.client.offers().is_empty() || !self.server.offers().is_empty();
        let client_turn = self.client.seat.client.is_ready() || client.application_pending;
        let server_acts = server.application_pending
            || server
                .deadline
                .is_some_and(|deadline| matches!(deadline.phase, Phase::Penalty | Phase::GreetingDelay));
        if arrived && !can_write && !client_turn && !server_acts && client.want_read && server.want_read {
            return Err(format!(
                "all has arrived, and both machines wait for the other: {client:?} {server:?}"
            ));
        }
        Ok(())
    }

    /// Returns true if both sessions are over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.client.is_closed() && self.server.is_closed()
    }
}

fn say<S: Seat>(end: &mut End<S>, octets: &[u8]) -> Result<(), String> {
    let offered = end.offers();
    if !offered.starts_with(octets) {
        let offered = crate::escape(&offered[..offered.len().min(octets.len() + 80)]);
        return Err(format!("what is to be said is {offered:?}"));
    }
    end.say(octets.len());
    Ok(())
}

fn arrive<S: Seat, P: Seat>(from: &mut End<S>, to: &mut End<P>, octets: usize) -> Result<(), String> {
    let end = from.arrived + octets;
    if !to.reads() {
        return Err("nobody reads".to_owned());
    }
    if end > from.said.len() {
        return Err(format!(
            "{} octets are on their way",
            from.said.len() - from.arrived
        ));
    }
    to.hear(&from.said[from.arrived..end]);
    from.arrived = end;
    Ok(())
}

/// Carries output of one side to the other. Returns true if octets moved.
fn exchange<S: Seat, P: Seat>(from: &mut End<S>, to: &mut End<P>, most: usize) -> bool {
    let said = from.offers().len().min(most);
    from.say(said);
    let heard = (from.said.len() - from.arrived).min(most);
    if !to.reads() {
        return said > 0;
    }
    if heard > 0 {
        to.hear(&from.said[from.arrived..from.arrived + heard]);
        from.arrived += heard;
    } else if from.is_closed() && from.arrived == from.said.len() && !to.end_seen {
        to.hear_end();
        return true;
    }
    said > 0 || heard > 0
}
