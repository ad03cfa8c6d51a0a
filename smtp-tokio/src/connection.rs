//! A machine on a stream.

mod gathering;

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use smtp_proto::{
    Deadline, Instant, Machine, Step, Wait,
    driver::{Buffered, LINGER, LINGER_OCTETS, NextIo},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{self, Sleep},
};
use tracing::debug;

/// How much is read at once, in octets. It stands on the stack while reading, so a connection that waits holds no
/// buffer.
const READ: usize = 16 * 1024;

/// A machine, the stream that it talks through, and what was read and not yet used.
///
/// The loop is the same for both roles: poll until there is something to wait for, handling events; then wait.
/// An event borrows the input buffer, and the machine can be answered while it is in hand.
///
/// ```no_run
/// use smtp_proto::{Step, server::{Closed, Config, Event, Server}, types::{Host, Rejection}};
/// use smtp_tokio::Connection;
///
/// # async fn run(stream: tokio::net::TcpStream) -> Result<Closed, Box<dyn std::error::Error>> {
/// let config = Config::new(Host::parse("mx.example.org")?);
/// let mut conn = Connection::new(stream, Server::new(config.into()));
/// loop {
///     let (step, server) = conn.poll();
///     match step {
///         Step::Wait(wait) => conn.wait(wait).await,
///         Step::Event(Event::Closed(why)) => return Ok(why),
///         Step::Event(Event::Body(octets)) => println!("{} octets", octets.len()),
///         Step::Event(Event::EndOfData { ticket, .. }) => {
///             server.reject(ticket, Rejection::NO_STORAGE)?; // or store the message, and accept
///         }
///         Step::Event(other) => server.proceed(other)?,
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Connection<S, M> {
    stream: S,
    buffered: Buffered<M>,
    /// The origin of the machine's clock.
    origin: time::Instant,
    /// Runs out at the deadline or earlier; it is only set anew when it has run out or is too late, for most
    /// deadlines are moved on long before.
    sleep: Option<Pin<Box<Sleep>>>,
    error: Option<io::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, M: Machine> Connection<S, M> {
    /// Puts a machine on a stream. For TCP, set `TCP_NODELAY` first: the machine writes whole groups.
    pub fn new(stream: S, machine: M) -> Self {
        Self {
            stream,
            buffered: Buffered::new(machine),
            origin: time::Instant::now(),
            sleep: None,
            error: None,
        }
    }

    /// Lets the machine take a step, and hands it out beside the machine itself.
    pub fn poll(&mut self) -> (Step<M::Event<'_>>, &mut M) {
        self.buffered.poll(Instant::after_origin(self.origin.elapsed()))
    }

    /// Waits for one of the things that the machine waits for: reads, writes, or lets the time pass.
    ///
    /// It may be dropped at any time without losing anything, as in `select!` beside the answers of other tasks.
    /// A broken stream is reported to the machine, whose next event says what it means;
    /// [`take_error`](Self::take_error) has the cause.
    pub async fn wait(&mut self, wait: Wait) {
        poll_fn(|context| self.poll_wait(wait, context)).await;
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
    pub(crate) async fn shut_down(&mut self) -> bool {
        if self.buffered.is_unflushed() {
            // For the machine it was not written, and has been given up: it must not arrive after all.
            return false;
        }
        let shutdown = poll_fn(|context| Pin::new(&mut self.stream).poll_shutdown(context));
        matches!(time::timeout(LINGER, shutdown).await, Ok(Ok(())))
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

    #[cfg(feature = "rustls")]
    pub(crate) const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Gives the stream up.
    #[cfg(feature = "rustls")]
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
    pub async fn close(mut self) {
        self.end().await;
    }

    /// As [`close`](Self::close), by a reference: a future that owns a connection is as large as two.
    pub(crate) async fn end(&mut self) {
        if self.shut_down().await {
            let mut dropped = 0;
            let drain = poll_fn(|context| {
                while dropped < LINGER_OCTETS {
                    let mut scratch = [const { MaybeUninit::uninit() }; 1024];
                    let mut buffer = ReadBuf::uninit(&mut scratch);
                    let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
                    if read.is_err() || buffer.filled().is_empty() {
                        break;
                    }
                    dropped += buffer.filled().len();
                }
                Poll::Ready(())
            });
            let _ = time::timeout(LINGER, drain).await;
        }
    }

    fn poll_wait(&mut self, wait: Wait, context: &mut Context<'_>) -> Poll<()> {
        let mut attempt = self.buffered.attempt(wait);
        loop {
            let stream = Pin::new(&mut self.stream);
            match self.buffered.next_io(&mut attempt) {
                NextIo::Flush => match stream.poll_flush(context) {
                    Poll::Ready(Ok(())) => self.buffered.flushed(),
                    Poll::Ready(Err(error)) => self.cannot_write(error),
                    Poll::Pending => attempt.write_blocked(),
                },
                NextIo::Write(octets) => match stream.poll_write(context, octets) {
                    Poll::Ready(Ok(0)) => self.cannot_write(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(Ok(taken)) => self.buffered.took(taken),
                    Poll::Ready(Err(error)) => self.cannot_write(error),
                    Poll::Pending => attempt.write_blocked(),
                },
                NextIo::Read => match self.poll_read(context) {
                    Poll::Ready(()) => attempt.read_done(),
                    Poll::Pending => attempt.read_blocked(),
                },
                NextIo::PollMachine => return Poll::Ready(()),
                NextIo::AwaitReadiness => return self.poll_deadline(wait.deadline, context),
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [const { MaybeUninit::uninit() }; READ];
        let mut buffer = ReadBuf::uninit(&mut scratch);
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => self.machine_mut().end_of_input(),
            Poll::Ready(Ok(())) => self.buffered.received(buffer.filled()),
            Poll::Ready(Err(error)) => self.cannot_read(error),
            Poll::Pending => {
                self.buffered.release();
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    fn poll_deadline(&mut self, deadline: Option<Deadline>, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        let due = self.origin
            + deadline
                .at
                .since_origin()
                .min(Duration::from_secs(u64::from(u32::MAX)));
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(time::sleep_until(due)));
        if sleep.deadline() > due {
            sleep.as_mut().reset(due);
        }
        ready!(sleep.as_mut().poll(context));
        if sleep.deadline() < due && time::Instant::now() < due {
            sleep.as_mut().reset(due);
            return sleep.as_mut().poll(context);
        }
        Poll::Ready(())
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

#[cfg(test)]
mod tests;
