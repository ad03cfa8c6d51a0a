//! A client machine and a server machine that talk to each other in memory, under virtual time.

use std::collections::VecDeque;

use smtp_proto::{Deadline, Instant, Step, Wait};

use crate::{
    application::Application,
    seat::{Seat, Stuck},
    sender::Sender,
    story::Role,
};

/// What the stream between the two does with octets: how many it takes or gives at each turn.
pub trait Transport {
    /// How many of `offered` octets said by `from` get through now; zero makes them wait for time to pass.
    fn carry(&mut self, from: Role, offered: usize) -> usize;
    /// Whether a TLS handshake comes to its end.
    fn shakes_hands(&mut self) -> bool {
        true
    }
    /// Whether the stream breaks now.
    fn breaks(&mut self) -> bool {
        false
    }
}

/// A stream that carries all it gets at once.
impl Transport for () {
    fn carry(&mut self, _: Role, offered: usize) -> usize {
        offered
    }
}

/// A stream that carries one octet at a time.
impl Transport for u8 {
    fn carry(&mut self, _: Role, offered: usize) -> usize {
        offered.min(1)
    }
}

/// The two machines and the stream between them.
#[derive(Debug)]
pub struct Pair<T> {
    /// The client's side.
    pub client: End<Sender>,
    /// The server's side.
    pub server: End<Application>,
    /// The time.
    pub now: Instant,
    transport: T,
}

/// One end of the stream.
#[derive(Debug)]
pub struct End<S> {
    /// The machine and its application.
    pub seat: S,
    /// All that it said.
    pub said: Vec<u8>,
    /// Whether its session is over.
    pub closed: bool,
    /// On the way to it.
    inbox: VecDeque<u8>,
    end_seen: bool,
    buffer: Vec<u8>,
}

impl<S: Seat> End<S> {
    const fn new(seat: S) -> Self {
        Self {
            seat,
            said: Vec::new(),
            closed: false,
            inbox: VecDeque::new(),
            end_seen: false,
            buffer: Vec::new(),
        }
    }

    fn awaits_tls(&self) -> bool {
        !self.closed && self.seat.awaits_tls()
    }

    /// Polls until the machine waits; `None` when its session is over.
    fn poll(&mut self, now: Instant, budget: &mut usize) -> Result<Option<Wait>, Stuck> {
        while !self.closed {
            *budget = budget.checked_sub(1).ok_or(Stuck)?;
            let mut input = self.buffer.as_slice();
            let step = self.seat.step(&mut input, now);
            let used = self.buffer.len() - input.len();
            self.buffer.drain(..used);
            match step {
                Step::Event(closed) => self.closed = closed,
                Step::Wait(wait) => return Ok(Some(wait)),
            }
        }
        Ok(None)
    }

    /// Gives octets to the peer; `true` when any got through.
    fn write(&mut self, wait: Wait, inbox: &mut VecDeque<u8>, carry: impl FnOnce(usize) -> usize) -> bool {
        let output = self.seat.output();
        if !wait.write || output.is_empty() {
            return false;
        }
        let octets = carry(output.len()).min(output.len());
        self.said.extend_from_slice(&output[..octets]);
        inbox.extend(&output[..octets]);
        self.seat.wrote(octets);
        octets > 0
    }

    fn read(&mut self, wait: Wait, peer_closed: bool, carry: impl FnOnce(usize) -> usize) -> bool {
        if !wait.read {
            return false;
        }
        assert!(self.buffer.len() <= self.seat.most_kept(), "too much input left");
        if self.inbox.is_empty() {
            let ends = peer_closed && !self.end_seen;
            if ends {
                self.end_seen = true;
                self.seat.end_input();
            }
            return ends;
        }
        let octets = carry(self.inbox.len()).min(self.inbox.len());
        self.buffer.extend(self.inbox.drain(..octets));
        octets > 0
    }
}

impl<T: Transport> Pair<T> {
    /// A stream that has just been connected.
    #[must_use]
    pub const fn new(client: Sender, server: Application, transport: T) -> Self {
        Self {
            client: End::new(client),
            server: End::new(server),
            now: Instant::ORIGIN,
            transport,
        }
    }

    /// Lets the two talk until nothing happens any more without time passing.
    ///
    /// # Errors
    ///
    /// When that takes more than `budget` steps.
    pub fn talk(&mut self, budget: &mut usize) -> Result<Option<Deadline>, Stuck> {
        loop {
            if !(self.client.closed && self.server.closed) && self.transport.breaks() {
                self.client.seat.lost();
                self.server.seat.lost();
            }
            let client_wait = self.client.poll(self.now, budget)?;
            let server_wait = self.server.poll(self.now, budget)?;
            let mut moved = false;
            if let Some(wait) = client_wait {
                moved |= self.client.write(wait, &mut self.server.inbox, |offered| {
                    self.transport.carry(Role::Client, offered)
                });
                moved |= self.client.read(wait, self.server.closed, |offered| {
                    self.transport.carry(Role::Server, offered)
                });
            }
            if let Some(wait) = server_wait {
                moved |= self.server.write(wait, &mut self.client.inbox, |offered| {
                    self.transport.carry(Role::Server, offered)
                });
                moved |= self.server.read(wait, self.client.closed, |offered| {
                    self.transport.carry(Role::Client, offered)
                });
            }
            if !moved {
                moved = self.shake_hands();
            }
            if !moved {
                moved = (!self.client.closed && self.client.seat.answer_held())
                    || (!self.server.closed && self.server.seat.answer_held());
            }
            if !moved {
                let deadline = |wait: Option<Wait>| wait.and_then(|wait| wait.deadline);
                let both = [deadline(client_wait), deadline(server_wait)];
                return Ok(both.into_iter().flatten().min_by_key(|deadline| deadline.at));
            }
        }
    }

    /// Does the TLS handshake once both sides wait for it. One whose peer has gone fails.
    fn shake_hands(&mut self) -> bool {
        let awaited = (self.client.awaits_tls(), self.server.awaits_tls());
        let (client_gone, server_gone) = (self.client.closed, self.server.closed);
        if awaited == (true, true) {
            let done = self.transport.shakes_hands();
            self.client.seat.shake_hands(done);
            self.server.seat.shake_hands(done);
        } else if awaited.0 && server_gone {
            self.client.seat.shake_hands(false);
        } else if awaited.1 && client_gone {
            self.server.seat.shake_hands(false);
        } else {
            return false;
        }
        true
    }

    /// Whether both sessions are over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.client.closed && self.server.closed
    }
}
