//! Pools of sessions with one server.

mod again;
mod turns;

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use smtp_proto::{
    Instant, Machine, Step,
    client::{Event, Receipt, ReplyTo},
    types::Envelope,
};
use tracing::debug;

use self::{
    again::{is_stale, rest},
    turns::Turns,
};
use crate::{Address, Client, ClientBuilder, Connect, Error, SendError, Transport};

/// A pool of sessions with one server, for sending messages from many tasks or threads.
///
/// - The number of sessions is [limited](PoolOptions::max_sessions). Calls that wait for a session get one in the order of
///   the calls.
/// - The pool keeps a session after a message. If the session has been idle for 5 seconds, NOOP checks it before the next
///   message. A session ends after a [number of messages](PoolOptions::max_messages), or at a
///   [maximum age](PoolOptions::max_age).
/// - A server may close an idle session just when a message is sent. If the server accepted nothing, the pool sends the
///   message once more, in a new session. If the outcome is unknown, the pool does not, because that could duplicate the
///   message.
/// - A server may limit the transactions or recipient domains of a session (RFC 9422). The pool sends the message to
///   recipients beyond these limits in further sessions, one after the other.
///
/// The pool needs no task and no timer. Idle sessions that are too old end at the next message, or with
/// [`end_expired`](Self::end_expired). The pool sends QUIT to end such a session, and does not wait for the reply.
///
/// Dropping the pool closes the connections without QUIT; [`close`](Self::close) sends QUIT first.
pub struct Pool<T: Transport> {
    builder: ClientBuilder<T>,
    address: Address,
    options: PoolOptions,
    // Never locked across an `.await`.
    state: Mutex<State<T>>,
}

/// The limits of a [`Pool`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// Maximum simultaneous sessions; at least one. Default: 10.
    pub max_sessions: usize,
    /// Maximum messages in a session. Default: 100.
    pub max_messages: usize,
    /// Maximum age of a session that sends a message. Default: 5 minutes, so that a change of the server's address takes
    /// effect.
    pub max_age: Duration,
    /// Maximum idle time of a session. Default: 1 minute, shorter than the timeout of most servers (RFC 5321 section
    /// 4.5.3.2.7 requires 5 minutes).
    pub max_idle: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_sessions: 10,
            max_messages: 100,
            max_age: Duration::from_secs(5 * 60),
            max_idle: Duration::from_secs(60),
        }
    }
}

impl<T: Transport> Pool<T> {
    /// Creates a pool for the server at this address. It connects when it sends the first message.
    pub fn new(builder: ClientBuilder<T>, address: impl Into<Address>, options: PoolOptions) -> Self {
        let turns = Turns::new(options.max_sessions.max(1));
        Self {
            builder,
            address: address.into(),
            options,
            state: Mutex::new(State {
                turns,
                idle: Vec::new(),
                closed: false,
                closers: Vec::new(),
            }),
        }
    }

    /// The settings of the sessions.
    pub const fn builder(&self) -> &ClientBuilder<T> {
        &self.builder
    }

    /// Sends a message as [`Client::send`] does, in an idle session or in a new one. Waits if all sessions are in use.
    ///
    /// Cancellation: while the future waits for a session, dropping it has no effect on other calls. Later, dropping it
    /// closes its session, and the outcome is unknown if the whole message had been sent.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`] and [`Client::send`]; [`Error::PoolClosed`] after [`close`](Self::close).
    pub async fn send(
        &self,
        envelope: Envelope,
        message: impl AsRef<[u8]>,
    ) -> Result<Receipt, SendError<T::Error>>
    where
        T: Connect,
    {
        let message = message.as_ref();
        let Some(mut place) = self.place().await else {
            return Err(SendError::new(Error::PoolClosed, Receipt::new(&envelope)));
        };
        let (mut envelope, mut known) = (envelope, Receipt::default());
        let mut idle = self.idle_session().await;
        loop {
            let was_idle = idle.is_some();
            let mut session = match idle.take() {
                Some(session) => session,
                // On the heap, because this future is large and rare.
                None => match Box::pin(self.builder.connect(self.address.clone())).await {
                    Ok(client) => Session::new(client),
                    Err(error) => {
                        known.continue_with(Receipt::new(&envelope));
                        return Err(SendError::new(error, known));
                    }
                },
            };
            let sent = session.client.send(envelope.clone(), message).await;
            if was_idle && is_stale(&sent) {
                debug!("server had ended an idle session, message is sent in a new one");
                session.end();
                continue;
            }
            let (receipt, error) = match sent {
                Ok(receipt) => (receipt, None),
                Err(SendError { error, receipt }) => (receipt, Some(error)),
            };
            let limits = session.client.extensions().limits();
            let rest = error
                .as_ref()
                .and_then(|error| rest(&envelope, limits, &receipt, error));
            known.continue_with(receipt);
            if let Some(rest) = rest {
                debug!("server accepts no more in this session, the rest is sent in a new one");
                session.end();
                envelope = rest;
                continue;
            }
            self.keep(session, &mut place);
            return match error {
                None => Ok(known),
                Some(error) => Err(SendError::new(error, known)),
            };
        }
    }

    /// Ends the idle sessions that are too old. The pool does this at each message; an application that sends seldom can call
    /// it from a timer.
    pub fn end_expired(&self) {
        let expired: Vec<_> = {
            let mut state = self.state();
            let options = &self.options;
            state
                .idle
                .extract_if(.., |session| session.is_expired(options))
                .collect()
        };
        // Outside the lock, because ending a session writes to it.
        expired.into_iter().for_each(Session::end);
    }

    /// Closes the pool: ends the idle sessions with QUIT, waits for the sessions in use, and ends them with QUIT, too.
    /// Messages that wait for a session are not sent.
    ///
    /// Cancel-safe: the pool stays closed. Call it again to wait.
    pub async fn close(&self) {
        let dismissed = {
            let mut state = self.state();
            state.closed = true;
            state.turns.dismiss()
        };
        dismissed.for_each(Waker::wake);
        let mut ending = Vec::new();
        poll_fn(|cx| {
            let (idle, in_use) = self.state().take_all(cx);
            ending.extend(idle.into_iter().map(|session| Box::pin(session.client.quit())));
            // QUIT has its own timeout, and its failure has no effect on messages.
            ending.retain_mut(|quit| Pin::new(quit).poll(cx).is_pending());
            if in_use == 0 && ending.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Number of idle sessions.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.state().idle.len()
    }

    /// Number of sessions in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.state().turns.taken()
    }

    /// Number of messages that wait for a session.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().turns.waiting()
    }

    /// The address of the server.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the right to use a session. Returns `None` if the pool is closed.
    async fn place(&self) -> Option<Place<'_, T>> {
        let mut turn = Turn {
            pool: self,
            ticket: None,
        };
        poll_fn(|cx| turn.poll(cx)).await
    }

    /// Takes the session that was used last, if it is alive. If it is dead, the others probably are, too, so they are not
    /// tried.
    async fn idle_session(&self) -> Option<Session<T>> {
        self.end_expired();
        let mut session = self.state().idle.pop()?;
        if session.idle_time() < CHECK_AFTER || session.is_alive().await {
            return Some(session);
        }
        debug!("server had ended an idle session");
        None
    }

    /// Stores a session for the next message.
    fn keep(&self, mut session: Session<T>, place: &mut Place<'_, T>) {
        session.messages += 1;
        if !session.client.is_usable() {
            return;
        }
        session.idle_since = session.now();
        if session.messages >= self.options.max_messages || session.is_expired(&self.options) {
            session.end();
        } else {
            place.session = Some(session);
        }
    }
}

/// Shows the address, the options and the numbers of sessions.
impl<T: Transport> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Pool")
            .field("address", &self.address)
            .field("options", &self.options)
            .field("idle", &state.idle.len())
            .field("in_use", &state.turns.taken())
            .field("waiting", &state.turns.waiting())
            .field("closed", &state.closed)
            .finish_non_exhaustive()
    }
}

struct State<T: Transport> {
    turns: Turns,
    /// In the order of their last use, the latest last.
    idle: Vec<Session<T>>,
    closed: bool,
    /// The tasks that wait for the sessions in use to end.
    closers: Vec<Waker>,
}

impl<T: Transport> State<T> {
    /// Takes the idle sessions of a closed pool. Returns them and the number of sessions in use; the end of each of these
    /// wakes the task.
    fn take_all(&mut self, cx: &Context<'_>) -> (Vec<Session<T>>, usize) {
        let in_use = self.turns.taken();
        if in_use > 0 && !self.closers.iter().any(|closer| closer.will_wake(cx.waker())) {
            self.closers.push(cx.waker().clone());
        }
        (mem::take(&mut self.idle), in_use)
    }
}

/// A session that is idle or sends a message.
struct Session<T: Transport> {
    // On the heap, so that the future of a call holds only a pointer.
    client: Box<Client<T>>,
    messages: usize,
    /// On the clock of its transport.
    idle_since: Instant,
}

impl<T: Transport> Session<T> {
    fn new(client: Client<T>) -> Self {
        Self {
            client: Box::new(client),
            messages: 0,
            idle_since: Instant::ORIGIN,
        }
    }

    fn now(&self) -> Instant {
        self.client.connection.transport().now()
    }

    fn idle_time(&self) -> Duration {
        self.now().since(self.idle_since)
    }

    /// The origin of a transport's clock is its creation, so the time is the age.
    fn is_expired(&self, options: &PoolOptions) -> bool {
        self.idle_time() > options.max_idle || self.now().since_origin() > options.max_age
    }

    /// Sends NOOP. Returns true if the reply is in time, and the session continues.
    async fn is_alive(&mut self) -> bool {
        let until = self.now() + CHECK_TIMEOUT;
        let connection = &mut self.client.connection;
        if connection.machine_mut().noop().is_err() {
            return false;
        }
        loop {
            let wait = match connection.poll() {
                (
                    Step::Event(Event::Reply {
                        to: ReplyTo::Noop, ..
                    }),
                    machine,
                ) => return machine.is_usable(),
                (Step::Event(Event::Closed { .. }), _) => return false,
                (Step::Event(_), _) => continue,
                (Step::Wait(wait), _) => wait,
            };
            poll_fn(|cx| connection.poll_wait_until(cx, wait, Some(until))).await;
            if connection.transport().now() >= until {
                return false;
            }
        }
    }

    /// Ends the session without waiting: sends QUIT if the transport accepts it now, and closes. Postfix does not wait for
    /// the reply, either.
    fn end(mut self) {
        let connection = &mut self.client.connection;
        if connection.machine_mut().quit().is_err() {
            return;
        }
        let _ = connection.poll();
        let quit = connection.machine().output().to_vec();
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(_)) = connection.wire.poll_write(&mut cx, &[&*quit]) {
            let _ = connection.wire.poll_shutdown(&mut cx);
        }
    }
}

/// A wait for the right to use a session.
struct Turn<'p, T: Transport> {
    pool: &'p Pool<T>,
    ticket: Option<u64>,
}

impl<'p, T: Transport> Turn<'p, T> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Place<'p, T>>> {
        let mut state = self.pool.state();
        if state.closed {
            self.ticket = None;
            return Poll::Ready(None);
        }
        let taken = match self.ticket {
            None => state.turns.take(),
            Some(ticket) => state.turns.take_reserved(ticket, cx.waker()),
        };
        if taken {
            self.ticket = None;
            return Poll::Ready(Some(Place {
                pool: self.pool,
                session: None,
            }));
        }
        self.ticket.get_or_insert_with(|| state.turns.wait(cx.waker()));
        Poll::Pending
    }
}

/// Dropping a wait passes its turn to the next one.
impl<T: Transport> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let next = self.pool.state().turns.leave(ticket);
            next.into_iter().for_each(Waker::wake);
        }
    }
}

/// The right to use one session.
struct Place<'p, T: Transport> {
    pool: &'p Pool<T>,
    /// The session to keep.
    session: Option<Session<T>>,
}

/// Dropping the right returns it, and the session, to the pool.
impl<T: Transport> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.idle.extend(self.session.take());
        let next = state.turns.give_back();
        let closers = mem::take(&mut state.closers);
        drop(state);
        // Outside the lock: a waker may run its task at once.
        next.into_iter().chain(closers).for_each(Waker::wake);
    }
}

/// Idle time after which NOOP checks a session before the next message.
const CHECK_AFTER: Duration = Duration::from_secs(5);

/// Time for the reply to this NOOP. A session without it is replaced.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
pub(crate) mod double;
#[cfg(test)]
mod tests;
