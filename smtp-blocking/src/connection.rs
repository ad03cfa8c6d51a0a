//! A machine on a stream.

mod gathering;

use std::{io, os::fd::AsFd, time};

use smtp_proto::{
    Instant, Machine, Step, Wait,
    driver::{Buffered, LINGER, LINGER_OCTETS, NextIo},
};
use tracing::debug;

use crate::{
    Socket, Waker,
    alarm::{Bell, Calls},
    socket::{Blocked, due, is_over, uninterrupted, would_block},
};

/// How much is read at once, in octets. It stands on the stack while reading, so a connection that waits holds no
/// buffer.
const READ: usize = 16 * 1024;

/// A machine, the stream that it talks through, and what was read and not yet used.
///
/// The loop is the same for both roles: poll until there is something to wait for, handling events; then wait.
/// An event borrows the input buffer, and the machine can be answered while it is in hand.
///
/// ```no_run
/// use smtp_blocking::Connection;
/// use smtp_proto::{Step, server::{Closed, Config, Event, Server}, types::{Host, Rejection}};
///
/// fn run(stream: std::net::TcpStream) -> Result<Closed, Box<dyn std::error::Error>> {
///     let config = Config::new(Host::parse("mx.example.org")?);
///     let mut conn = Connection::new(stream, Server::new(config.into()));
///     loop {
///         let (step, server) = conn.poll();
///         match step {
///             Step::Wait(wait) => conn.wait(wait),
///             Step::Event(Event::Closed(why)) => return Ok(why),
///             Step::Event(Event::Body(octets)) => println!("{} octets", octets.len()),
///             Step::Event(Event::EndOfData { ticket, .. }) => {
///                 server.reject(ticket, Rejection::NO_STORAGE)?; // or store the message, and accept
///             }
///             Step::Event(other) => server.proceed(other)?,
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Connection<S, M> {
    stream: S,
    buffered: Buffered<M>,
    /// The origin of the machine's clock.
    origin: time::Instant,
    /// Made for the first [`Waker`].
    calls: Option<Calls>,
    error: Option<io::Error>,
}

impl<S: Socket, M: Machine> Connection<S, M> {
    /// Puts a machine on a stream, which is made non-blocking. For TCP, set `TCP_NODELAY` first: the machine writes
    /// whole groups.
    pub fn new(stream: S, machine: M) -> Self {
        let nonblocking = stream.set_nonblocking(true);
        let mut connection = Self {
            stream,
            buffered: Buffered::new(machine),
            origin: time::Instant::now(),
            calls: None,
            error: None,
        };
        if let Err(error) = nonblocking {
            connection.cannot_read(error);
        }
        connection
    }

    /// Lets the machine take a step, and hands it out beside the machine itself.
    pub fn poll(&mut self) -> (Step<M::Event<'_>>, &mut M) {
        self.buffered.poll(Instant::after_origin(self.origin.elapsed()))
    }

    /// Waits for one of the things that the machine waits for: reads, writes, or lets the time pass.
    ///
    /// A [`Waker`] ends it early, for answers that come from other threads.
    /// A broken stream is reported to the machine, whose next event says what it means;
    /// [`take_error`](Self::take_error) has the cause.
    pub fn wait(&mut self, wait: Wait) {
        self.wait_beside(wait, None);
    }

    /// As [`wait`](Self::wait), and ends early when this bell has rung.
    pub(crate) fn wait_beside(&mut self, wait: Wait, bell: Option<&Bell>) {
        let due = self.due(wait);
        loop {
            let called = self.calls.as_ref().is_some_and(Calls::answer);
            if called || bell.is_some_and(Bell::is_rung) {
                return;
            }
            let Some(blocked) = self.attempt(wait) else {
                return;
            };
            if is_over(due) {
                return;
            }
            let bell = bell.map(AsFd::as_fd);
            let others = self.calls.as_ref().map(AsFd::as_fd).into_iter().chain(bell);
            if let Err(error) = blocked.wait(&self.stream, others, due) {
                self.cannot_read(error);
                return;
            }
        }
    }

    /// Does what can be done at once of what the machine waits for, and says whether the machine is to be polled.
    pub(crate) fn glance(&mut self, wait: Wait) -> bool {
        self.attempt(wait).is_none() || is_over(self.due(wait))
    }

    /// What ends a [`wait`](Self::wait) of this connection from another thread.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors. It takes two for a connection, and none without a waker.
    pub fn waker(&mut self) -> io::Result<Waker> {
        let calls = match self.calls.take() {
            Some(calls) => calls,
            None => Calls::new()?,
        };
        Ok(self.calls.insert(calls).waker())
    }

    /// Whether something is to be written before what the machine says.
    pub(crate) const fn is_writing(&self) -> bool {
        self.buffered.is_writing()
    }

    /// Whether the stream takes nothing more. What the peer said before can still be read.
    pub(crate) const fn is_write_closed(&self) -> bool {
        self.buffered.is_write_closed()
    }

    /// Says that nothing more will come, once all that was written has left. Whether that worked is said.
    pub(crate) fn shut_down(&mut self) -> bool {
        if self.buffered.is_unflushed() {
            // For the machine it was not written, and has been given up: it must not arrive after all.
            return false;
        }
        let due = due(LINGER);
        loop {
            match uninterrupted(|| self.stream.shut_down()) {
                Ok(()) => return true,
                Err(error) if would_block(&error) && !is_over(due) => {
                    if Blocked::WRITE.wait(&self.stream, None, due).is_err() {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// The machine.
    pub const fn machine(&self) -> &M {
        self.buffered.machine()
    }

    /// The machine, to give it commands or answers.
    pub const fn machine_mut(&mut self) -> &mut M {
        self.buffered.machine_mut()
    }

    /// The stream.
    pub const fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Gives the stream up.
    pub(crate) fn lose(&mut self, error: io::Error) {
        self.cannot_read(error);
    }

    /// Keeps the cause of what the machine will report.
    #[cfg(feature = "rustls")]
    pub(crate) fn note(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
    }

    /// The error that broke the stream or its TLS handshake, if that is what happened.
    pub const fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Closes the stream so that the peer gets all that was written: says that nothing more will come, then waits
    /// shortly for the peer to close its side. Closing with unread input would throw away what the peer has not
    /// read yet.
    pub fn close(mut self) {
        if self.shut_down() {
            let (due, mut dropped) = (due(LINGER), 0);
            while dropped < LINGER_OCTETS && !is_over(due) {
                match self.stream.read(&mut [0; 1024]) {
                    Ok(0) => break,
                    Ok(octets) => dropped += octets,
                    Err(error) if would_block(&error) => {
                        if Blocked::READ.wait(&self.stream, None, due).is_err() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
    }

    /// Does what can be done at once. `None` when something has come of it, or else what has to be waited for.
    fn attempt(&mut self, wait: Wait) -> Option<Blocked> {
        let mut attempt = self.buffered.attempt(wait);
        loop {
            let stream = &mut self.stream;
            match self.buffered.next_io(&mut attempt) {
                NextIo::Flush => match uninterrupted(|| stream.flush()) {
                    Ok(()) => self.buffered.flushed(),
                    Err(error) if would_block(&error) => attempt.write_blocked(),
                    Err(error) => self.cannot_write(error),
                },
                NextIo::Write(octets) => match uninterrupted(|| stream.write(octets)) {
                    Ok(0) => self.cannot_write(io::ErrorKind::WriteZero.into()),
                    Ok(taken) => self.buffered.took(taken),
                    Err(error) if would_block(&error) => attempt.write_blocked(),
                    Err(error) => self.cannot_write(error),
                },
                NextIo::Read => {
                    if self.read() {
                        attempt.read_done();
                    } else {
                        attempt.read_blocked();
                    }
                }
                NextIo::PollMachine => return None,
                NextIo::AwaitReadiness => {
                    return Some(Blocked {
                        read: attempt.wants_read(),
                        write: attempt.wants_write(),
                    });
                }
            }
        }
    }

    /// Reads what there is, and says whether that was anything.
    fn read(&mut self) -> bool {
        let mut scratch = [0; READ];
        match self.stream.read(&mut scratch) {
            Ok(0) => self.machine_mut().end_of_input(),
            Ok(octets) => self.buffered.received(scratch.get(..octets).unwrap_or(&scratch)),
            Err(error) if would_block(&error) => {
                self.buffered.release();
                return false;
            }
            // The machine looks at the clock first.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.cannot_read(error),
        }
        true
    }

    fn due(&self, wait: Wait) -> Option<time::Instant> {
        let deadline = wait.deadline?;
        self.origin.checked_add(deadline.at.since_origin())
    }

    /// The peer takes nothing more. What it said before may still be read.
    fn cannot_write(&mut self, error: io::Error) {
        debug!(%error, "cannot write");
        self.buffered.write_failed();
        self.error.get_or_insert(error);
    }

    fn cannot_read(&mut self, error: io::Error) {
        debug!(%error, "cannot read");
        self.error.get_or_insert(error);
        self.machine_mut().connection_lost();
    }
}
