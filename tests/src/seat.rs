//! A machine with its application, and the loop that drives them under virtual time.

use std::{collections::VecDeque, time::Duration};

use smtp_proto::{Instant, Step, Wait};

/// A machine together with its application.
pub trait Seat {
    /// Takes one step, and handles an event. The result reports if it was the last event.
    fn step(&mut self, input: &mut &[u8], now: Instant) -> Step<bool>;
    /// The output of the machine.
    fn output(&self) -> &[u8];
    /// Reports that the first octets of the output were written.
    fn advance_output(&mut self, octets: usize);
    /// Reports the end of the peer's stream.
    fn end_of_input(&mut self);
    /// Reports a broken stream.
    fn connection_lost(&mut self);
    /// Returns true if the machine waits for a TLS handshake.
    fn awaits_tls(&self) -> bool;
    /// Reports the success or failure of the handshake for which the machine waits.
    fn shake_hands(&mut self, done: bool);
    /// Runs one deferred action of the application. Returns false if no action is deferred.
    fn answer_held(&mut self) -> bool;
    /// The events of the application.
    fn log(&self) -> &[String];
    /// The maximum number of unused octets when the machine wants to read more.
    fn most_kept(&self) -> usize;
    /// Checks that the event of `wait` can still occur, after the machine received all input and left `left` unused.
    ///
    /// # Errors
    ///
    /// The reason why the event cannot occur.
    fn quiescent(&self, wait: Wait, left: &[u8]) -> Result<(), String>;
}

/// The way in which a driver writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the ways there are")]
pub enum Writes {
    /// All output, before reading.
    First,
    /// All output, when nothing can be read.
    Last,
    /// Octet by octet, before reading.
    Octets,
}

/// A machine, its stream and its clock.
#[derive(Debug)]
pub struct Driver<S> {
    /// The machine and its application.
    pub seat: S,
    /// The output that the test has not read yet.
    pub said: Vec<u8>,
    /// Returns true if the session is over.
    pub closed: bool,
    /// The time.
    pub now: Instant,
    writes: Writes,
    /// The number of octets that the stream still accepts; without a number, any number.
    room: Option<usize>,
    buffer: Vec<u8>,
    kernel: VecDeque<Vec<u8>>,
    end_of_input: bool,
}

/// The error for a machine that runs without an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "says all there is")]
pub struct Stuck;

impl<S: Seat> Driver<S> {
    /// Creates a stream that has just been connected.
    #[must_use]
    pub fn new(seat: S, writes: Writes) -> Self {
        Self {
            seat,
            said: Vec::new(),
            closed: false,
            now: Instant::ORIGIN,
            writes,
            room: None,
            buffer: Vec::new(),
            kernel: VecDeque::new(),
            end_of_input: false,
        }
    }

    /// Adds octets that were read before the first poll.
    pub fn prime(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// Queues these pieces of input from the peer. The machine reads them when it wants to read.
    pub fn receive(&mut self, pieces: impl IntoIterator<Item = Vec<u8>>) {
        self.kernel.extend(pieces);
    }

    /// Ends the peer's stream.
    pub fn receive_end(&mut self) {
        self.end_of_input = true;
    }

    /// Limits the octets that the stream accepts from now on.
    pub const fn leave_room(&mut self, octets: usize) {
        self.room = Some(octets);
    }

    /// Runs everything that is possible without advancing the clock. Returns `None` if the session is over.
    ///
    /// # Errors
    ///
    /// If the machine does not stop.
    ///
    /// # Panics
    ///
    /// If the machine waits for an event that cannot occur.
    pub fn drive(&mut self) -> Result<Option<Wait>, Stuck> {
        let pending: usize = self.kernel.iter().map(Vec::len).sum();
        for _ in 0..10_000 + 100 * (pending + self.buffer.len()) {
            if self.closed {
                return Ok(None);
            }
            let mut input = self.buffer.as_slice();
            let step = self.seat.step(&mut input, self.now);
            let used = self.buffer.len() - input.len();
            self.buffer.drain(..used);
            match step {
                Step::Event(closed) => self.closed = closed,
                Step::Wait(wait) => {
                    check_wait(&self.seat, wait, &self.buffer, self.now);
                    if !self.go_on(wait) {
                        if let Err(fault) = self.seat.quiescent(wait, &self.buffer) {
                            panic!("{fault}: {wait:?}");
                        }
                        return Ok(Some(wait));
                    }
                }
            }
        }
        Err(Stuck)
    }

    /// Advances the time, and polls at each deadline.
    ///
    /// # Errors
    ///
    /// If the machine does not stop.
    pub fn pass(&mut self, span: Duration) -> Result<(), Stuck> {
        let end = self.now + span;
        for _ in 0..100_000 {
            let deadline = self
                .drive()?
                .and_then(|wait| wait.deadline)
                .filter(|deadline| deadline.at <= end);
            match deadline {
                Some(deadline) => self.now = self.now.max(deadline.at),
                None => {
                    self.now = end;
                    self.drive()?;
                    return Ok(());
                }
            }
        }
        Err(Stuck)
    }

    /// Does one of the actions for which the machine waits. Returns false if no action is possible now.
    fn go_on(&mut self, wait: Wait) -> bool {
        if self.writes == Writes::Last {
            self.read(wait) || self.seat.answer_held() || self.write(wait)
        } else {
            self.write(wait) || self.read(wait) || self.seat.answer_held()
        }
    }

    fn write(&mut self, wait: Wait) -> bool {
        let output = self.seat.output();
        if !wait.want_write || output.is_empty() {
            return false;
        }
        let octets = if self.writes == Writes::Octets {
            1
        } else {
            output.len()
        };
        let octets = self.room.map_or(octets, |room| room.min(octets));
        if octets == 0 {
            return false;
        }
        self.room = self.room.map(|room| room - octets);
        self.said.extend_from_slice(&output[..octets]);
        self.seat.advance_output(octets);
        true
    }

    fn read(&mut self, wait: Wait) -> bool {
        if !wait.want_read {
            return false;
        }
        if let Some(piece) = self.kernel.pop_front() {
            self.buffer.extend_from_slice(&piece);
            return true;
        }
        if std::mem::take(&mut self.end_of_input) {
            self.seat.end_of_input();
            return true;
        }
        false
    }
}

/// Checks the properties of each wait: unused input is bounded, and the deadline is in the future.
pub(crate) fn check_wait(seat: &impl Seat, wait: Wait, left: &[u8], now: Instant) {
    let most = seat.most_kept();
    assert!(
        !wait.want_read || left.len() <= most,
        "the machine left {} octets of input, of {most} at most, and asked for more",
        left.len()
    );
    if let Some(deadline) = wait.deadline {
        assert!(
            deadline.at > now || now == LAST,
            "the machine waits for a deadline that has passed: {deadline:?} at {now:?}"
        );
    }
}

/// The end of virtual time.
const LAST: Instant = Instant::after_origin(Duration::MAX);
