//! A session between a client and a service.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::{Context, Poll, ready},
};

use smtp_proto::{
    Step, Wait,
    server::{Event, Reset},
    types::Keyword,
};

use super::{Service, questions::Questions};
use crate::{Session, TlsSettings, Transport};

/// Runs a session: asks the service, and passes its answers to the client. Returns when the connection is closed and no
/// [`message`](Service::message) is pending.
///
/// `tls` are the settings for STARTTLS. Without them it is not offered. For implicit TLS call
/// [`start_implicit_tls`](Session::start_implicit_tls) before.
///
/// It needs no task or timer beside the transport: on a runtime of threads, let `block_on` of the adapter poll it.
pub fn converse<T: Transport, S: Service>(
    mut session: Session<T>,
    service: &S,
    tls: Option<&Arc<dyn TlsSettings>>,
) -> impl Future<Output = ()> {
    let server = session.machine_mut();
    if tls.is_none() && server.extensions().has(Keyword::StartTls) {
        server.extensions_mut().remove(Keyword::StartTls);
    }
    let mut questions = Questions::new(service, session.share_ends(), session.machine());
    // Not an async function, whose future would have room for its arguments twice.
    async move {
        let mut waiting = None;
        poll_fn(|cx| poll_until_closed(cx, &mut session, &mut questions, tls, &mut waiting)).await;
        // On the heap, so that the session has no room for it while it lasts.
        let (mut close, mut is_closed) = (Box::pin(session.close_connection()), false);
        poll_fn(|cx| {
            is_closed = is_closed || close.as_mut().poll(cx).is_ready();
            ready!(questions.poll_late(cx));
            if is_closed { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Runs the session until its last event.
fn poll_until_closed<T: Transport, S: Service>(
    cx: &mut Context<'_>,
    session: &mut Session<T>,
    questions: &mut Questions<'_, S>,
    tls: Option<&Arc<dyn TlsSettings>>,
    waiting: &mut Option<Wait>,
) -> Poll<()> {
    loop {
        // Nothing shows which of them was woken. Further ones are polled when they are asked.
        if questions.poll_answers(cx, session.machine_mut()) {
            *waiting = None;
        }
        let closed = poll_machine(cx, session, questions, tls, waiting);
        if closed.is_ready() || questions.watch_requests(cx) {
            return closed;
        }
    }
}

/// Runs the session until nothing can be done. `waiting` is the wait of the machine, which need not be polled during it.
fn poll_machine<T: Transport, S: Service>(
    cx: &mut Context<'_>,
    session: &mut Session<T>,
    questions: &mut Questions<'_, S>,
    tls: Option<&Arc<dyn TlsSettings>>,
    waiting: &mut Option<Wait>,
) -> Poll<()> {
    let mut clock = None;
    loop {
        if questions.apply_requests(session.machine_mut()) {
            *waiting = None;
        }
        if let Some(wait) = *waiting {
            ready!(session.poll_wait(cx, wait));
            (*waiting, clock) = (None, None);
        }
        let now = *clock.get_or_insert_with(|| session.now());
        if let Some(until) = questions.body_deadline() {
            if questions.must_end() || session.must_end() {
                questions.cancel(Reset::Closed);
            } else if now >= until {
                questions.refuse_body(session.machine_mut());
            } else {
                // The machine has more octets: it is not polled, and the client is not read, before these are used.
                ready!(session.poll_body_wait(cx, until));
                clock = None;
                continue;
            }
        }
        let (step, server) = session.poll_at(now);
        match step {
            Step::Wait(wait) => {
                if !wait.application_pending {
                    questions.cancel(Reset::Unanswered);
                }
                *waiting = Some(wait);
                continue;
            }
            Step::Event(Event::Body(_)) => {
                let octets = session.take_body();
                let server = session.machine_mut();
                let until = now + server.config().timeouts.application;
                questions.pass_body(cx, octets, until, server);
            }
            Step::Event(Event::StartTls(upgrade)) => {
                questions.outdate();
                match tls {
                    Some(tls) => session.start_tls(upgrade, tls),
                    None => server.tls_failed(upgrade),
                }
            }
            Step::Event(Event::Closed(why)) => {
                questions.close(why, server);
                return Poll::Ready(());
            }
            Step::Event(event) => questions.ask(cx, event, server),
        }
        if !session.has_input() {
            // The machine will wait. A function of the service may have blocked its thread, at no cost of the client.
            clock = None;
        }
    }
}
