//! The loop between a session and a service.

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

/// Runs a session: passes its questions to the service, and the answers to the machine. Returns when the connection is closed
/// and no [`message`](Service::message) is pending.
///
/// `tls` has the settings for STARTTLS; without them, the session does not offer STARTTLS. For implicit TLS, call
/// [`start_implicit_tls`](Session::start_implicit_tls) first.
///
/// The future needs only the transport, no task or further timer. On threads, run it with `block_on` of the adapter.
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
    // Not an async function, because its future would reserve space for the arguments twice.
    async move {
        let mut waiting = None;
        poll_fn(|cx| poll_until_closed(cx, &mut session, &mut questions, tls, &mut waiting)).await;
        // On the heap, so that the future of the session reserves no space for it.
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
        // Poll all, because nothing shows which question was woken. New questions are polled when they are asked.
        if questions.poll_answers(cx, session.machine_mut()) {
            *waiting = None;
        }
        let closed = poll_machine(cx, session, questions, tls, waiting);
        if closed.is_ready() || questions.watch_requests(cx) {
            return closed;
        }
    }
}

/// Runs the session until it must wait. `waiting` is the current wait of the machine, during which polling it has no effect.
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
                // The service still uses octets of the body: poll the machine and read from the client only afterwards.
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
            // Read the clock again: a function of the service may have blocked the thread, and that time must not count
            // against the client.
            clock = None;
        }
    }
}
