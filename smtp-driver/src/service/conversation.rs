//! A session with its service: the next question of the client, and the wait for an answer.

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use smtp_proto::{
    Instant, Step, Wait,
    sasl::ServerMechanism,
    server::{Event, Reset, Server, Ticket, ticket},
    types::{Mail, Rcpt, Rejection},
};
use tracing::debug;

use super::{
    About, Service, SessionHandle,
    asides::{self, Asked},
};
use crate::{Session, TlsSettings, Transport, connection::LastBody};

/// The next event of a session that concerns a transaction.
pub(super) enum Next {
    Mail(Mail<'static>, Ticket<ticket::Mail>),
    Recipient(u32, Rcpt<'static>, Ticket<ticket::Recipient>),
    Transaction(TransactionEvent),
    /// The open questions timed out, and the machine has answered them.
    Unanswered,
    /// The session is over.
    Closed,
}

/// An event of an open transaction, except RCPT.
pub(super) enum TransactionEvent {
    Data(Ticket<ticket::Data>),
    /// Octets of the message, and the current time.
    Body(Bytes, Instant),
    EndOfData(Option<u32>, Ticket<ticket::EndOfData>),
    Reset(Reset),
}

/// A session, and the service that answers its questions.
///
/// The machine asks about several recipients at once; while any other question is open, it asks nothing else. A further event
/// therefore means that the open question has timed out.
pub(super) struct Conversation<'s, T: Transport, S> {
    session: Session<T>,
    service: &'s S,
    tls: Option<Arc<dyn TlsSettings>>,
    pub(super) facts: Facts,
    /// The state of a mechanism of several steps.
    pub(super) exchange: Option<Box<dyn ServerMechanism>>,
    /// True if a request of the service ends the session at once.
    must_end: bool,
    /// True if the connection was closed.
    is_closed: bool,
    /// True if a question of the transaction is open.
    is_asking: bool,
    /// The open question that does not belong to the transaction.
    aside: Option<Asked<'s>>,
    /// The current wait of the machine, during which polling it has no effect.
    waiting: Option<Wait>,
    /// The time, if the clock was read since the last wait.
    clock: Option<Instant>,
    /// An event that arrived while a question was open.
    put_back: Option<Box<Next>>,
}

impl<'s, T: Transport, S: Service> Conversation<'s, T, S> {
    pub(super) fn new(session: Session<T>, service: &'s S, tls: Option<Arc<dyn TlsSettings>>) -> Self {
        Self {
            facts: Facts {
                about: About::new(session.share_ends(), SessionHandle::default(), session.machine()),
                is_outdated: true,
            },
            session,
            service,
            tls,
            exchange: None,
            must_end: false,
            is_closed: false,
            is_asking: false,
            aside: None,
            waiting: None,
            clock: None,
            put_back: None,
        }
    }

    pub(super) const fn service(&self) -> &'s S {
        self.service
    }

    /// The machine, for passing answers.
    pub(super) const fn server(&mut self) -> &mut Server {
        self.session.machine_mut()
    }

    /// Returns the facts of the session, updated if necessary.
    pub(super) fn about(&mut self) -> About {
        self.facts.now(self.session.machine())
    }

    /// Runs the session until the service has answered. Returns `None` if the question timed out.
    pub(super) async fn answer_to<F: Future>(&mut self, mut asked: Pin<&mut F>) -> Option<F::Output> {
        poll_fn(|cx| {
            if let Poll::Ready(given) = asked.as_mut().poll(cx) {
                self.answered();
                return Poll::Ready(Some(given));
            }
            self.is_asking = true;
            let next = ready!(self.poll_next(cx));
            self.put_back(next);
            Poll::Ready(None)
        })
        .await
    }

    /// Waits until the service has used octets of the message, at most until this time. Returns `None` if the time is over.
    ///
    /// Until then it neither polls the machine nor reads from the client.
    pub(super) async fn use_of_body<F: Future>(
        &mut self,
        mut asked: Pin<&mut F>,
        until: Instant,
    ) -> Option<F::Output> {
        poll_fn(|cx| {
            if let Poll::Ready(given) = asked.as_mut().poll(cx) {
                self.answered();
                return Poll::Ready(Some(given));
            }
            self.clock = None;
            loop {
                self.apply_requests();
                if self.must_end || self.session.must_end() {
                    return Poll::Ready(None);
                }
                if self.session.now() >= until {
                    let _ = self.server().reject_body(Rejection::LOCAL_ERROR);
                    return Poll::Ready(None);
                }
                if self.session.poll_body_wait(cx, until).is_pending() && self.watch_requests(cx) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Closes the connection, unless it is closed. Cancel-safe: call it again to continue.
    pub(super) async fn close(&mut self) {
        if !self.is_closed {
            // On the heap, so that the future of the session reserves no space for it.
            Box::pin(self.session.close_connection()).await;
            self.is_closed = true;
        }
    }

    /// Runs the session until the next event of a transaction, and answers all other questions.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(next) = self.put_back.take() {
            return Poll::Ready(*next);
        }
        loop {
            self.poll_aside(cx);
            self.apply_requests();
            if let Some(wait) = self.waiting {
                self.clock = None;
                if self.session.poll_wait(cx, wait).is_pending() {
                    if self.watch_requests(cx) {
                        return Poll::Pending;
                    }
                    continue;
                }
                self.waiting = None;
            } else if !self.session.has_input() {
                // Read the clock again: a function of the service may have blocked the thread, and that time must not count
                // against the client.
                self.clock = None;
            }
            let now = *self.clock.get_or_insert_with(|| self.session.now());
            let before = self.session.connection().input_range();
            let (step, server) = self.session.connection().poll_at(now);
            if !matches!(&step, Step::Wait(wait) if wait.application_pending) {
                self.aside = None;
            }
            return Poll::Ready(match step {
                Step::Wait(wait) => {
                    self.waiting = Some(wait);
                    if wait.application_pending || !mem::take(&mut self.is_asking) {
                        continue;
                    }
                    Next::Unanswered
                }
                Step::Event(Event::Mail { mail, ticket }) => Next::Mail(mail.into_owned(), ticket),
                Step::Event(Event::Recipient { index, rcpt, ticket }) => {
                    Next::Recipient(index, rcpt.into_owned(), ticket)
                }
                Step::Event(Event::Data { ticket }) => Next::Transaction(TransactionEvent::Data(ticket)),
                Step::Event(Event::Body(octets)) => {
                    let body = LastBody::new(octets, before);
                    Next::Transaction(TransactionEvent::Body(self.session.connection().take(body), now))
                }
                Step::Event(Event::EndOfData { recipient, ticket }) => {
                    Next::Transaction(TransactionEvent::EndOfData(recipient, ticket))
                }
                Step::Event(Event::Reset(why)) => Next::Transaction(TransactionEvent::Reset(why)),
                Step::Event(Event::Closed(why)) => {
                    debug!(%why, "closed");
                    self.service.closed(&self.facts.now(server), why);
                    Next::Closed
                }
                Step::Event(Event::StartTls(upgrade)) => {
                    self.facts.is_outdated = true;
                    match &self.tls {
                        Some(tls) => self.session.start_tls(upgrade, tls),
                        None => server.tls_failed(upgrade),
                    }
                    continue;
                }
                Step::Event(event) => {
                    self.aside =
                        asides::ask(self.service, &mut self.facts, &mut self.exchange, event, server);
                    if !mem::take(&mut self.is_asking) {
                        continue;
                    }
                    Next::Unanswered
                }
            });
        }
    }

    /// Polls the question that does not belong to the transaction, and passes the answer to the machine.
    fn poll_aside(&mut self, cx: &mut Context<'_>) {
        if let Some(asked) = &mut self.aside
            && let Poll::Ready(given) = asked.as_mut().poll(cx)
        {
            self.aside = None;
            self.answered();
            asides::pass(self, given);
        }
    }

    /// Closes the open question, and returns the event that ended it at the next poll.
    pub(super) fn put_back(&mut self, next: Next) {
        self.is_asking = false;
        if !matches!(next, Next::Unanswered) {
            self.put_back = Some(Box::new(next));
        }
    }

    /// Rejects a question for which there is no transaction.
    pub(super) fn refuse(&mut self, next: Next) {
        let server = self.session.machine_mut();
        let _ = match next {
            Next::Mail(_, ticket) => server.reject(ticket, Rejection::LOCAL_ERROR),
            Next::Recipient(_, _, ticket) => server.reject(ticket, Rejection::LOCAL_ERROR),
            Next::Transaction(TransactionEvent::Data(ticket)) => {
                server.reject(ticket, Rejection::LOCAL_ERROR)
            }
            Next::Transaction(TransactionEvent::EndOfData(_, ticket)) => {
                server.reject(ticket, Rejection::LOCAL_ERROR)
            }
            Next::Transaction(TransactionEvent::Body(..)) => {
                let _ = server.reject_body(Rejection::LOCAL_ERROR);
                Ok(())
            }
            _ => Ok(()),
        };
    }

    /// The reason for the end of a transaction whose message is late.
    pub(super) fn why_reset(&self) -> Reset {
        match self.put_back.as_deref() {
            Some(Next::Transaction(TransactionEvent::Reset(why))) => *why,
            Some(Next::Closed) => Reset::Closed,
            _ => Reset::Unanswered,
        }
    }

    /// Sets if questions of the transaction are open.
    pub(super) const fn set_asking(&mut self, is_asking: bool) {
        self.is_asking = is_asking;
    }

    /// Closes the open question before its answer is passed to the machine. Requests of the service take effect first.
    pub(super) fn answered(&mut self) {
        self.is_asking = false;
        self.waiting = None;
        self.apply_requests();
    }

    /// Passes the requests of the service to the machine.
    fn apply_requests(&mut self) {
        let handle = self.facts.about.handle();
        if handle.apply(self.session.machine_mut(), &mut self.must_end) {
            self.waiting = None;
        }
    }

    /// Wakes this task at the next request. Returns false if there is a request already.
    fn watch_requests(&self, cx: &Context<'_>) -> bool {
        self.facts.about.handle().watch(cx.waker())
    }
}

/// The facts of a session that the service knows.
pub(super) struct Facts {
    about: About,
    /// True if the facts may have changed.
    pub(super) is_outdated: bool,
}

impl Facts {
    /// Returns the facts, updated if necessary.
    pub(super) fn now(&mut self, server: &Server) -> About {
        // The name of the protocol and the origin depend on the transaction.
        if self.is_outdated
            || self.about.protocol_name() != server.protocol_name()
            || self.about.xforward() != server.xforward()
        {
            self.about = self.about.renewed(server);
            self.is_outdated = false;
        }
        self.about.clone()
    }
}
