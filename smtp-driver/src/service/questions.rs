//! The open questions of a session to a service, and their answers.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use smtp_proto::{
    Instant,
    sasl::{AuthOutcome, AuthRequest, ServerMechanism},
    server::{
        Closed, Event, Member, Reset, Server, Ticket,
        ticket::{Auth, EndOfData, Etrn, Expand, Help, Mail, Recipient, Verify, Xclient},
    },
    types::{EtrnAnswer, Rcpt, Rejection},
};
use tracing::warn;

use super::{
    About, Accept, AuthAttempt, HelpAnswer, Service, SessionHandle, VrfyAnswer,
    answer::{answer, answer_auth, answer_help, answer_recipient, answer_vrfy, answer_xclient},
    asides,
    transaction::Home,
};
use crate::session::Ends;

/// The future of an open question.
pub(super) type Asked<'s, M> = Pin<Box<dyn Future<Output = Answer<M>> + Send + 's>>;

/// The kinds of questions, by the end of their futures.
#[derive(Clone, Copy)]
enum Kind {
    /// Runs concurrently with others.
    Recipient,
    /// Borrows the transaction, until this time.
    Body(Instant),
    /// Borrows the transaction, and runs to its end.
    Message,
    Other,
}

/// The answer to a question, with the ticket and data that it needs.
pub(super) enum Answer<M> {
    Any(Ticket, Result<Accept, Rejection>),
    Auth(
        Ticket<Auth>,
        Result<AuthOutcome, Rejection>,
        Option<Box<dyn ServerMechanism>>,
    ),
    Mail(Ticket<Mail>, Result<Home<M>, Rejection>),
    Recipient(Ticket<Recipient>, u32, Rcpt<'static>, Result<Accept, Rejection>),
    Body(Result<(), Rejection>),
    Message(Ticket<EndOfData>, Option<u32>, Result<Accept, Rejection>),
    Verify(Ticket<Verify>, Result<VrfyAnswer, Rejection>),
    Expand(Ticket<Expand>, Result<Vec<Member<'static>>, Rejection>),
    Help(Ticket<Help>, Result<HelpAnswer, Rejection>),
    Xclient(Ticket<Xclient>, Result<Option<String>, Rejection>),
    Etrn(Ticket<Etrn>, Result<EtrnAnswer, Rejection>),
}

/// A message whose transaction was reset while the service was storing it.
struct LateMessage<'s, M> {
    future: Asked<'s, M>,
    home: Home<M>,
    why: Reset,
}

/// A service in one session.
///
/// The machine asks about several recipients at once; while any other question is open, it asks nothing else. A further event
/// therefore means that the open question has timed out.
pub(super) struct Questions<'s, S: Service> {
    service: &'s S,
    about: About,
    /// True if the facts may have changed.
    is_outdated: bool,
    /// True if a request of the service ends the session at once.
    must_end: bool,
    exchange: Option<Box<dyn ServerMechanism>>,
    open: Option<Home<S::Mail>>,
    /// In the order of the commands.
    recipients: Vec<Asked<'s, S::Mail>>,
    question: Option<(Kind, Asked<'s, S::Mail>)>,
    late: Option<Box<LateMessage<'s, S::Mail>>>,
}

impl<'s, S: Service> Questions<'s, S> {
    pub(super) fn new(service: &'s S, ends: Arc<Ends>, server: &Server) -> Self {
        Self {
            service,
            about: About::new(ends, SessionHandle::default(), server),
            is_outdated: true,
            must_end: false,
            exchange: None,
            open: None,
            recipients: Vec::new(),
            question: None,
            late: None,
        }
    }

    /// Asks the service about a question, or handles a notification.
    pub(super) fn ask(&mut self, cx: &mut Context<'_>, event: Event<'_>, server: &mut Server) {
        if matches!(event, Event::Recipient { .. }) {
            self.drop_unanswered_recipients(server);
        } else if !matches!(event, Event::Reset(_)) {
            self.cancel(Reset::Unanswered);
        }
        let kind = match &event {
            Event::Recipient { .. } => Kind::Recipient,
            Event::EndOfData { .. } => Kind::Message,
            _ => Kind::Other,
        };
        if let Some(asked) = self.question_of(event, server) {
            self.start(cx, server, kind, asked);
        }
    }

    /// Begins a question. Returns `None` if the event is a notification, or is already answered.
    fn question_of(&mut self, event: Event<'_>, server: &mut Server) -> Option<Asked<'s, S::Mail>> {
        let service = self.service;
        Some(match event {
            Event::Connect { ticket } => {
                let about = self.about(server);
                Box::pin(async move { Answer::Any(ticket.into_any(), service.connect(&about).await) })
            }
            Event::Hello { name, ticket, .. } => {
                let (about, name) = (self.about(server), name.into_owned());
                self.is_outdated = true;
                Box::pin(async move { Answer::Any(ticket.into_any(), service.hello(&about, &name).await) })
            }
            Event::Auth {
                mechanism,
                request,
                ticket,
            } => {
                let (about, exchange) = (self.about(server), self.exchange.take());
                let exchange = exchange.filter(|_| matches!(request, AuthRequest::Step { .. }));
                let mut attempt = AuthAttempt {
                    mechanism,
                    request,
                    exchange,
                };
                Box::pin(async move {
                    let outcome = service.auth(&about, &mut attempt).await;
                    Answer::Auth(ticket, outcome, attempt.exchange)
                })
            }
            Event::Mail { mail, ticket } if self.late.is_none() => {
                let (about, mail) = (self.about(server), mail.into_owned());
                Box::pin(async move { Answer::Mail(ticket, service.mail(&about, mail).await.map(Home::new)) })
            }
            Event::Mail { ticket, .. } => {
                let _ = server.reject(ticket, Rejection::LOCAL_ERROR);
                return None;
            }
            Event::Recipient { index, rcpt, ticket } => {
                let Some(mail) = self.open.as_ref().and_then(Home::share) else {
                    let _ = server.reject(ticket, Rejection::LOCAL_ERROR);
                    return None;
                };
                let rcpt = rcpt.into_owned();
                Box::pin(async move {
                    let answer = service.recipient(&mail, &rcpt).await;
                    Answer::Recipient(ticket, index, rcpt, answer)
                })
            }
            Event::Data { ticket } => {
                let Some(mut loan) = self.open.as_ref().and_then(Home::lend) else {
                    let _ = server.reject(ticket, Rejection::LOCAL_ERROR);
                    return None;
                };
                Box::pin(async move {
                    let answer = match loan.parts(None) {
                        Some((mail, to)) => service.begin(mail, to).await,
                        None => Err(Rejection::LOCAL_ERROR),
                    };
                    Answer::Any(ticket.into_any(), answer)
                })
            }
            Event::EndOfData { recipient, ticket } => {
                let Some(mut loan) = self.open.as_ref().and_then(Home::lend) else {
                    let _ = server.reject(ticket, Rejection::LOCAL_ERROR);
                    return None;
                };
                Box::pin(async move {
                    let answer = match loan.parts(recipient) {
                        Some((mail, to)) => service.message(mail, to).await,
                        None => Err(Rejection::LOCAL_ERROR),
                    };
                    Answer::Message(ticket, recipient, answer)
                })
            }
            Event::AuthFailed(why) => {
                self.exchange = None;
                service.auth_failed(&self.about(server), why);
                return None;
            }
            Event::Reset(why) => {
                self.reset(why);
                return None;
            }
            other => match asides::ask(service, self.about(server), other) {
                Ok(asked) => asked,
                Err(other) => {
                    let _ = server.proceed(other);
                    return None;
                }
            },
        })
    }

    /// Passes octets of the message to the service, which may use them until this time.
    pub(super) fn pass_body(
        &mut self,
        cx: &mut Context<'_>,
        octets: Bytes,
        until: Instant,
        server: &mut Server,
    ) {
        self.cancel(Reset::Unanswered);
        let Some(mut loan) = self.open.as_ref().and_then(Home::lend) else {
            let _ = server.reject_body(Rejection::LOCAL_ERROR);
            return;
        };
        let service = self.service;
        let asked: Asked<'s, S::Mail> = Box::pin(async move {
            let answer = match loan.parts(None) {
                Some((mail, _)) => service.body(mail, octets).await,
                None => Err(Rejection::LOCAL_ERROR),
            };
            Answer::Body(answer)
        });
        self.start(cx, server, Kind::Body(until), asked);
    }

    /// The time until which the service may use octets of the message. Returns `None` if it uses none.
    pub(super) fn body_deadline(&self) -> Option<Instant> {
        match &self.question {
            Some((Kind::Body(until), _)) => Some(*until),
            _ => None,
        }
    }

    /// Refuses the message because the service used its octets too slowly.
    pub(super) fn refuse_body(&mut self, server: &mut Server) {
        self.question = None;
        let _ = server.reject_body(Rejection::LOCAL_ERROR);
    }

    /// Drops the open questions, whose time is over. The future of a message continues.
    pub(super) fn cancel(&mut self, why: Reset) {
        self.recipients.clear();
        if let Some((Kind::Message, future)) = self.question.take()
            && let Some(home) = self.open.take()
        {
            self.late = Some(Box::new(LateMessage { future, home, why }));
        }
    }

    /// Notifies the service of the end of the session.
    pub(super) fn close(&mut self, why: Closed, server: &Server) {
        self.cancel(Reset::Closed);
        self.service.closed(&self.about(server), why);
    }

    /// Passes the requests of the service to the machine. Returns true if there were any.
    pub(super) fn apply_requests(&mut self, server: &mut Server) -> bool {
        self.about.handle().apply(server, &mut self.must_end)
    }

    /// Returns true if a request of the service ends the session at once.
    pub(super) const fn must_end(&self) -> bool {
        self.must_end
    }

    /// Wakes this task at the next request. Returns false if there is a request already.
    pub(super) fn watch_requests(&self, cx: &Context<'_>) -> bool {
        self.about.handle().watch(cx.waker())
    }

    /// Marks the facts as outdated.
    pub(super) const fn outdate(&mut self) {
        self.is_outdated = true;
    }

    /// Polls all questions once, and passes the answers of the ready ones to the machine. Returns true if there were any.
    pub(super) fn poll_answers(&mut self, cx: &mut Context<'_>, server: &mut Server) -> bool {
        let mut recipients = mem::take(&mut self.recipients);
        let before = recipients.len();
        recipients.retain_mut(|asked| !self.poll_answer(cx, server, asked));
        let mut any = recipients.len() < before;
        self.recipients = recipients;
        if let Some((kind, mut asked)) = self.question.take() {
            if self.poll_answer(cx, server, &mut asked) {
                any = true;
            } else {
                self.question = Some((kind, asked));
            }
        }
        let _ = self.poll_late(cx);
        any
    }

    /// Waits for the future of a message whose transaction was reset.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(late) = &mut self.late else {
            return Poll::Ready(());
        };
        let answer = ready!(late.future.as_mut().poll(cx));
        if let Some(late) = self.late.take() {
            let LateMessage { future, home, why } = *late;
            // The future borrows the mail.
            drop(future);
            if let Answer::Message(_, _, Ok(_)) = answer {
                warn!("a message was stored too late: the client may send it again");
            }
            if let Some(mail) = home.into_mail() {
                self.service.reset(mail, why);
            }
        }
        Poll::Ready(())
    }

    /// Returns the facts of the session, updated if necessary.
    fn about(&mut self, server: &Server) -> About {
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

    /// Polls a question for the first time, which answers most questions.
    fn start(
        &mut self,
        cx: &mut Context<'_>,
        server: &mut Server,
        kind: Kind,
        mut asked: Asked<'s, S::Mail>,
    ) {
        match kind {
            _ if self.poll_answer(cx, server, &mut asked) => {}
            Kind::Recipient => self.recipients.push(asked),
            kind => self.question = Some((kind, asked)),
        }
    }

    /// Polls a question, and passes its answer to the machine. A late answer has no effect. Returns true if there was an
    /// answer.
    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        server: &mut Server,
        asked: &mut Asked<'s, S::Mail>,
    ) -> bool {
        let Poll::Ready(given) = asked.as_mut().poll(cx) else {
            return false;
        };
        self.apply_requests(server);
        let _ = match given {
            Answer::Any(ticket, given) => answer(server, ticket, given),
            Answer::Auth(ticket, outcome, exchange) => {
                self.exchange = exchange.filter(|_| matches!(outcome, Ok(AuthOutcome::Challenge(_))));
                self.is_outdated = true;
                answer_auth(server, ticket, outcome)
            }
            Answer::Mail(ticket, Ok(home)) => {
                let accepted = server.accept(ticket);
                if accepted.is_ok() {
                    self.open = Some(home);
                }
                accepted
            }
            Answer::Mail(ticket, Err(rejection)) => server.reject(ticket, rejection),
            Answer::Recipient(ticket, index, rcpt, given) => {
                if answer_recipient(server, ticket, given)
                    && let Some(open) = &self.open
                {
                    open.add(index, rcpt);
                }
                Ok(())
            }
            Answer::Body(Ok(())) => Ok(()),
            Answer::Body(Err(rejection)) => {
                let _ = server.reject_body(rejection);
                Ok(())
            }
            Answer::Message(ticket, recipient, given) => {
                if recipient.is_none() || self.open.as_ref().is_some_and(Home::decide) {
                    self.open = None;
                }
                answer(server, ticket, given)
            }
            Answer::Verify(ticket, answer) => answer_vrfy(server, ticket, answer),
            Answer::Expand(ticket, Ok(members)) => server.answer_expn(ticket, &members),
            Answer::Expand(ticket, Err(rejection)) => server.reject(ticket, rejection),
            Answer::Help(ticket, answer) => answer_help(server, ticket, answer),
            Answer::Xclient(ticket, answer) => {
                self.is_outdated = true;
                answer_xclient(server, ticket, answer)
            }
            Answer::Etrn(ticket, Ok(answer)) => server.answer_etrn(ticket, answer),
            Answer::Etrn(ticket, Err(rejection)) => server.reject(ticket, rejection),
        };
        true
    }

    /// Ends the current transaction.
    fn reset(&mut self, why: Reset) {
        self.cancel(why);
        if let Some(mail) = self.open.take().and_then(Home::into_mail) {
            self.service.reset(mail, why);
        }
    }

    /// Makes room for one more question about a recipient, by dropping the oldest questions: they timed out, and the machine
    /// has answered them.
    fn drop_unanswered_recipients(&mut self, server: &Server) {
        self.question = None;
        let most = server.config().limits.max_open_rcpts.max(1);
        let excess = (self.recipients.len() + 1).saturating_sub(most);
        self.recipients.drain(..excess);
    }
}

/// Does not show the mail.
impl<S: Service> std::fmt::Debug for Questions<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Questions").finish_non_exhaustive()
    }
}
